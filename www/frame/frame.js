// The frame around the chat: works from the first moment, brings the app, and speaks with the page outside.

const chat = document.getElementById("chat");
const site = location.pathname.split("/")[2];
// Opened in a tab of its own there is nobody to open or close it.
const alone = parent === window;
const find = (selector) => chat.querySelector(selector);

let app;
let outside;
let shown = alone;
let news = {};
/** Sent before the app was there; it takes them over. */
const sent = [];

// ---- the language ----

const asked = new URLSearchParams(location.search).get("lang");
/** Sentences by their places; none in English, which is built in. */
let words = [];
const word = (place, english) => words[place] ?? english;

// What other languages need is fetched where English is not the first choice.
const bringWords = async (again) => {
  if (words[0] || /^en\b/i.test(asked || navigator.language)) return;
  const { speak } = await import("{{asset:frame/language.js}}" + again);
  // An app that has begun in English goes on in English.
  await speak(asked ? [asked] : navigator.languages, (lines) => !app && (words = lines));
};

// ---- the page outside ----

const tell = (call) => outside?.postMessage({ ...news, call });

const close = () => {
  if (alone || !shown) return;
  tell("close");
};

const show = (now) => {
  shown = now;
  app?.show(now);
  // On a touch screen the keyboard would cover what there is to read.
  if (now && !matchMedia("(pointer:coarse)").matches) find("textarea")?.focus();
};

addEventListener("message", ({ source, origin, data, ports }) => {
  // The first page to speak is the page that we are in; another one in its place is not listened to.
  if (source !== parent || alone || (host ??= origin) !== origin || !ports[0]) return;
  outside = ports[0];
  outside.onmessage = (event) => show(event.data);
  tell();
  show(data);
});
let host;

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) close();
});
addEventListener("click", (event) => {
  if (event.target.closest(".close")) close();
});
if (alone) document.body.classList.add("alone");

// ---- before the app is there ----

const early = () => {
  const area = find("textarea");
  const text = area.value.trim();
  if (!text) return;
  sent.push(text);
  area.value = "";
  const row = document.createElement("div");
  row.className = "row";
  row.dataset.by = "own";
  row.dataset.place = "first last";
  row.innerHTML = '<div class="bubble" data-state="queued"><p class="text" dir="auto"></p><p class="meta"><span class="state"></span></p></div>';
  row.querySelector(".text").textContent = text;
  row.querySelector(".state").textContent = word("{{word:queued}}", "{{english:queued}}");
  find(".rows").append(row);
  find(".greeting")?.remove();
};
const onEnter = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
    event.preventDefault();
    early();
  }
};
const onSubmit = (event) => {
  event.preventDefault();
  early();
};
let composing = false;
const onComposition = (event) => (composing = event.type === "compositionstart");

const listen = (how) => {
  chat[how]("keydown", onEnter);
  chat[how]("submit", onSubmit);
  chat[how]("compositionstart", onComposition);
  chat[how]("compositionend", onComposition);
};
listen("addEventListener");

// ---- the app ----

const say = (tone, sentence, label, act) => {
  const line = document.createElement("p");
  line.className = "line";
  line.dataset.tone = tone;
  line.textContent = sentence + " ";
  if (label) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.onclick = act;
    line.append(button);
  }
  find(".banner")?.replaceChildren(line);
};

const takeOver = (ready) => {
  // Nobody is interrupted in the middle of a character.
  if (composing) return chat.addEventListener("compositionend", () => setTimeout(takeOver, 0, ready), { once: true });
  app = ready;
  listen("removeEventListener");
  const area = find("textarea");
  const caret = document.activeElement === area ? [area.selectionStart, area.selectionEnd] : [];
  app.start(chat, site, area.value, new Uint32Array(caret), sent, (unread, chatting) => {
    news = { unread, chatting };
    tell();
  }, words.join("\n"));
  app.show(shown);
};

const bring = async (attempt) => {
  let ready;
  // A browser remembers that an import has failed; a new name makes it try again.
  const again = attempt ? "?" + attempt : "";
  const spoken = bringWords(again).catch(() => {});
  try {
    ready = await import("{{asset:widget/widget.js}}" + again);
    await ready.default("{{asset:widget/widget_bg.wasm}}");
  } catch {
    say("waiting", word("{{word:page-loading}}", "{{english:page-loading}}"));
    setTimeout(bring, Math.min(2e3 * 2 ** attempt, 6e4) * (0.5 + Math.random()), attempt + 1);
    return;
  }
  // Words come a moment after the app, if that. Meanwhile the plain page takes typing; it is not worth more than 10 s.
  await Promise.race([spoken, new Promise((done) => setTimeout(done, 1e4))]);
  takeOver(ready);
};

// A trap in the app leaves it standing there, deaf. What was sent is kept and goes on after a new start.
const onTrap = (error) => {
  if (error instanceof WebAssembly.RuntimeError) {
    const broken = word("{{word:page-broken}}", "{{english:page-broken}}");
    say("stopped", broken, word("{{word:page-start-again}}", "{{english:page-start-again}}"), () => location.reload());
  }
};
addEventListener("error", (event) => onTrap(event.error));
addEventListener("unhandledrejection", (event) => onTrap(event.reason));

bring(0);
