// The launcher on the customer's page: all that a page view costs before anybody clicks, drawn without any backend.
// The chat lives in a frame on the edge's own origin; `host.js`, fetched with it, speaks with that frame and holds what
// few pages need of the API. The two files come from caches of different age: what is handed over stays as it is.
(() => {
  const script = document.currentScript;
  // The settings: what the page says of them, and what the API makes of them. The frame's address carries them all.
  const data = script?.dataset;
  const early = window.Seawall;
  const calls = early?.q || [];
  let open = false;
  let tries = 0;
  let frame, host;

  if (!data || (early && !early.q)) return;

  // Elements and a constructed sheet: pages with a strict policy refuse markup and <style>.
  const root = document.documentElement.appendChild(document.createElement("seawall-chat")).attachShadow({ mode: "open" });
  const panel = root.appendChild(document.createElement("div"));
  const button = root.appendChild(document.createElement("button"));
  const sheet = new CSSStyleSheet();
  root.adoptedStyleSheets = [sheet];
  sheet.replaceSync(`:host{all:initial!important}
button,div{position:fixed;inset-inline-end:20px;${data.position}:20px;bottom:20px;z-index:9999999;box-shadow:0 4px 24px#0006}
button{width:56px;height:56px;border:0;border-radius:50%;color:var(--seawall-color,#0b5c86);background:currentColor;cursor:pointer;forced-color-adjust:none}
button:before{content:"";position:absolute;inset:14px;background:#fff;background:color(from currentColor xyz calc((.18 - y)*1e5)calc((.18 - y)*1e5)calc((.18 - y)*1e5));clip-path:path("M2 2h24v18H14l-8 6v-6H2z")}
.true+button:before{clip-path:path("M2 8h24L14 20z")}
div{bottom:92px;width:384px;height:min(640px,100dvh - 112px);border-radius:16px;overflow:clip;color-scheme:light dark;background:Canvas;color:CanvasText;font:15px/9 system-ui;text-align:center}
.false{visibility:hidden;opacity:0;translate:0 16px}
iframe{width:100%;height:100%;border:0}
@media(max-width:480px){div{width:100%;height:100%;inset:0;border-radius:0}.true:has([title])+button{visibility:hidden}}`);

  const url = (path) => new URL(path, script.src);

  const more = () => {
    // Under a new name: a browser remembers a module that came broken, and older ones also one that did not come.
    host ||= import(url("/host.js?" + tries++))
      .then((host) => host.start(script, calls, panel, button, toggle, begin))
      .catch(() => {
        panel.textContent = "Chat cannot be reached yet...";
        setTimeout(frame ? begin : more, Math.random() * 3e4);
        host = frame = 0;
      });
  };

  const begin = () => {
    if (frame?.parentNode) return;
    // Put in with its address: without one a browser makes an empty document first.
    frame = document.createElement("iframe");
    frame.src = url("/frame/" + data.site + "?" + new URLSearchParams(data));
    frame.ariaLabel = "Chat";
    panel.replaceChildren(frame);
    // Tells `host.js`, should it come later, that the frame has loaded; to who listens it says nothing.
    frame.onload = () => (frame.title = " ");
    more();
  };

  const draw = () => {
    panel.className = open;
    button.ariaExpanded = open;
    button.ariaLabel = open ? "Close chat" : data.label || "Open chat";
  };

  const toggle = () => {
    begin();
    open = !open;
    draw();
    (open ? frame : button).focus();
  };

  const api = (window.Seawall = (...call) => {
    // In order: it waits where others wait.
    if (!calls[0] && data.site && call[0] == (open ? "close" : "open")) return toggle();
    calls.push(call);
    more();
  });
  draw();
  button.hidden = !data.site;
  button.style.color = data.color;
  button.onclick = toggle;
  button.onpointerenter = button.onfocus = begin;
  calls.splice(0).map((call) => api(...call));

  // Somebody who has talked to us hears of answers, and what waited is sent, without a click.
  try {
    if (localStorage["seawall-" + data.site]) setTimeout(begin, 2e3);
  } catch {}
  // It waits for "boot", or says what is missing; or it writes the label.
  (data.site && !data.label) || more();
})();
