// Notifications of the desktop. Browsers let a frame of another site neither ask a person for them nor show any, so the page
// does both, where its visitor has chosen that in the chat's menu. It shows how many messages have come and never what they
// say: the page does not know. Fetched when the menu is opened, or when there is something to show.

const STYLE = `.allow{position:fixed;inset-inline-end:92px;bottom:26px;min-height:44px;width:auto;border-radius:22px;padding:0 18px;font:600 15px system-ui;background:#fff;color:#17242e}
.allow:before{display:none}`;

// A telephone's browser takes notifications from a service worker alone, which is the page's to have.
const MOBILE = navigator.userAgentData?.mobile ?? /Android|iPhone|iPad/.test(navigator.userAgent);

let button, shown;

const withdraw = () => button?.remove();

const ask = async (port) => {
  withdraw();
  port.postMessage(await Notification.requestPermission());
};

/** Where the browser wants a click on the page itself, in which the chat's frame is another one's. */
const offer = (label, port, root) => {
  port.postMessage("outside");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets.push(sheet);
  button = root.appendChild(document.createElement("button"));
  button.className = "allow";
  button.textContent = label;
  button.onclick = () => ask(port);
  // It goes with the chat in which it was asked for.
  const frame = root.querySelector("iframe");
  frame.addEventListener("load", withdraw);
  new MutationObserver(withdraw).observe(frame.parentNode, { childList: true });
};

/** `wanted` is empty (may we?), `{ ask: label }` or `{ show: words }`. */
export const notify = (wanted, port, root, site, open) => {
  // Of an older question.
  if (!wanted.show) withdraw();
  const there = "Notification" in window && isSecureContext && !MOBILE;
  if (wanted.show) {
    if (!there || Notification.permission !== "granted" || document.hasFocus()) return;
    // The next one takes its place.
    shown = new Notification(wanted.show, { tag: "seawall-" + site, icon: document.querySelector("link[rel~=icon]")?.href });
    shown.onclick = () => {
      focus();
      open();
      shown.close();
    };
  } else if (!there) port.postMessage("none");
  else if (!wanted.ask) port.postMessage(Notification.permission);
  // The click in the frame counts for the page around it, where the browser says so.
  else if (Notification.permission === "default" && navigator.userActivation?.isActive === false) offer(wanted.ask, port, root);
  else ask(port);
};
