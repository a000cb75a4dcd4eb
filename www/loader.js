// The launcher on the customer's page: all that a page view costs before anybody clicks, drawn without any backend.
// The chat lives in a frame on the edge's own origin. The two talk through a MessageChannel whose other end is handed
// to that origin alone: nothing here listens to the page's own messages, and nothing is posted to `*`.
(() => {
  const script = document.currentScript;
  const site = script?.dataset.site;
  const early = window.Seawall;
  const flag = "seawall-" + site;
  let open = false;
  let store = {};
  let frame, port;

  if (!site) return console.warn('Seawall: add data-site to the script');
  if (early && !early.q) return;

  // Elements and a constructed sheet: pages with a strict policy refuse markup and <style>.
  const put = (name, parent) => parent.appendChild(document.createElement(name));
  const root = put("seawall-chat", document.documentElement).attachShadow({ mode: "open" });
  const panel = put("div", root);
  const button = put("button", root);
  const badge = put("b", button);
  const sheet = new CSSStyleSheet();
  root.adoptedStyleSheets = [sheet];
  sheet.replaceSync(`:host{all:initial!important}
button,div{position:fixed;inset-inline-end:20px;bottom:20px;z-index:99999999;box-shadow:0 4px 24px#0006}
button{width:56px;height:56px;border:0;border-radius:50%;background:#0b5c86;cursor:pointer;forced-color-adjust:none}
button:before{content:"";position:absolute;inset:14px;background:#fff;clip-path:path("M2 2h24v18H14l-8 6v-6H2z")}
.true+button:before{clip-path:path("M2 8h24L14 20z")}
b{position:absolute;top:0;right:0;min-width:20px;border-radius:20px;background:#c62828;color:#fff;font:13px/20px system-ui}
div{bottom:92px;width:384px;height:min(640px,100dvh - 112px);border-radius:16px;overflow:hidden;color-scheme:light dark;background:Canvas;color:CanvasText;font:15px/9 system-ui;text-align:center}
.false{visibility:hidden;opacity:0;translate:0 16px}
iframe{width:100%;height:100%;border:0}
@media(max-width:480px){div{width:100%;height:100%;inset:0;border-radius:0}.true+button{visibility:hidden}}
@media(prefers-reduced-motion:no-preference){div{transition:.2s}}`);

  const begin = () => {
    if (frame) return;
    panel.textContent = "";
    frame = put("iframe", panel);
    frame.title = "Chat";
    frame.src = new URL("/frame/" + site, script.src);
    frame.onload = () => {
      const channel = new MessageChannel();
      // A browser's own error page never answers.
      const silent = setTimeout(() => {
        panel.textContent = "Chat cannot be reached. Trying again...";
        setTimeout(begin, Math.random() * 3e4);
        frame = 0;
      }, 2e3);
      port = channel.port1;
      port.onmessage = ({ data }) => {
        clearTimeout(silent);
        badge.textContent = data.unread || "";
        api(data.call);
        if (data.chatting) store[flag] = 1;
      };
      frame.contentWindow.postMessage(open, frame.src, [channel.port2]);
    };
  };

  const draw = () => {
    panel.className = open;
    button.ariaExpanded = open;
    button.ariaLabel = open ? "Close chat" : "Open chat";
  };

  const toggle = () => {
    begin();
    open = !open;
    draw();
    port?.postMessage(open);
    (open ? frame : button).focus();
  };

  const api = (window.Seawall = (method) => {
    if (method == (open ? "close" : "open")) toggle();
  });
  draw();
  button.onclick = toggle;
  button.onpointerenter = button.onfocus = begin;
  early?.q.map((call) => api(...call));

  // Somebody who has talked to us hears of answers, and what waited is sent, without a click.
  try {
    store = localStorage;
  } catch {}
  if (store[flag]) setTimeout(begin, 2e3);
})();
