// Seawall as on any page: the script tag, and a chat that is opened. Script and frame come from this page's own host here,
// so the page can do with the chat what a person does: type, press Send, and read the words under each message.

import { now, written } from "./record.js";

const stage = document.getElementById("stage");
/** Texts that were sent in the chat and have no row yet, in their order. */
const pressed = [];
/** From a row's id, which is the message's, to its fate; null for what was there before. */
const rows = new Map();
/** Who presses Send now: the page, for a message that it has written down itself. */
let ours = null;
/** The chat's document, and the chat in it: the app puts one in the plain page's place. */
let page;
const chat = () => page?.getElementById("chat");

// The chat speaks the reader's language; beside its words stand these.
const STATES = { queued: "waiting", sent: "sent", delivered: "delivered", seen: "seen", refused: "failed" };

const plain = (text) => text.replace(/\s+/g, " ").trim();

const look = () => {
  if (quiet_until === Infinity && isThere()) quiet_until = now() + A_MOMENT_MS;
  for (const row of chat().querySelectorAll(".row[data-by=own][data-id]")) {
    const { id } = row.dataset;
    if (!rows.has(id)) {
      const text = plain(row.querySelector(".text").textContent);
      const place = pressed.findIndex((press) => plain(press.text) === text);
      const [press] = place < 0 ? [] : pressed.splice(place, 1);
      if (press) press.fate.id = id;
      rows.set(id, press?.fate ?? null);
    }
    const state = STATES[row.querySelector(".bubble").dataset.state];
    if (state) rows.get(id)?.is(state);
  }
};

/** Somebody sends what stands in the composer. */
const onSend = (event) => {
  const enters = event.key === "Enter" && !event.shiftKey && !event.isComposing;
  if (event.type === "keydown" && !(enters && event.target.matches("textarea"))) return;
  const text = chat().querySelector("textarea").value.trim();
  if (text) pressed.push({ text, fate: ours ?? written(text, ["seawall"]).seawall });
};

const attach = (frame) => {
  page = frame.contentDocument;
  // A browser's own error page; the loader tries again.
  if (!chat()) return;
  // Before the chat itself hears of it, and empties the composer.
  page.addEventListener("keydown", onSend, true);
  page.addEventListener("submit", onSend, true);
  new MutationObserver(look).observe(page.body, { subtree: true, childList: true, characterData: true });
  stayOutside(page.defaultView.HTMLElement.prototype);
};

/** A chat that is opened, or has sent, puts the caret into its composer. That is for whoever did it there. Where this page
 * did, the focus stays with whoever reads it. */
const stayOutside = (element) => {
  const focus = element.focus;
  element.focus = function (...how) {
    if (now() > quiet_until || document.activeElement === stage.firstElementChild) focus.apply(this, how);
  };
};
/** Until the app is there, which takes the focus as well; then for a moment after the page has sent something. */
let quiet_until = Infinity;
const A_MOMENT_MS = 300;

export const open = () => {
  const script = document.createElement("script");
  script.src = "/seawall.js";
  script.dataset.site = "demo";
  script.onload = () => {
    const host = document.querySelector("seawall-chat");
    // Inside a box that plays the browser's window.
    stage.append(host);
    new MutationObserver((changes) => {
      for (const node of changes.flatMap((change) => [...change.addedNodes])) {
        if (node.nodeName === "IFRAME") node.addEventListener("load", () => attach(node));
      }
    }).observe(host.shadowRoot, { subtree: true, childList: true });
    stage.inert = true;
    window.Seawall("open");
    stage.inert = false;
  };
  document.head.append(script);
};

/** The app has taken the place of the frame's plain page: it names a hint, and the plain page does not. */
export const isThere = () => Boolean(chat()?.querySelector("textarea[aria-describedby]"));

/** Types a text into the chat and presses Send; `fate` is told what the chat says of it. */
export const say = (text, fate) => {
  const area = chat().querySelector("textarea");
  const draft = area.value;
  const type = (value) => {
    area.value = value;
    area.dispatchEvent(new area.ownerDocument.defaultView.InputEvent("input", { bubbles: true }));
  };
  type(text);
  quiet_until = now() + A_MOMENT_MS;
  ours = fate;
  area.form.requestSubmit();
  ours = null;
  // What the visitor was about to say.
  if (draft) setTimeout(type, 100, draft);
};
