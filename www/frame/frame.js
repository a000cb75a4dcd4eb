// The frame around the chat: works from the first moment, brings the app, and speaks with the page outside.

import begin, { show as showChat, start, write } from "widget";
import { links } from "./link.js";
import { store } from "./storage.js";

let chat = document.getElementById("chat");
const site = location.pathname.split("/")[2];
// Opened in a tab of its own there is nobody to open or close it.
const alone = parent === window;
const find = (selector) => chat.querySelector(selector);

const query = new URLSearchParams(location.search);
// The cookie's conversation is somebody else's, where the page says who the visitor is.
let waits = query.has("identified") && !alone;
const { asks, contact, token } = document.body.dataset;
// All that this page writes goes by this name, before the app is there and after (OUTBOX-1). Digits, because `randomUUID` is
// missing where a page comes by plain http.
const writer = (window.writer = crypto.getRandomValues(new BigUint64Array(2)).join("-"));
// CONSENT-1: nothing may be stored yet, and only this document knows whose conversation it is.
if (token) window.visitor = { token, scope: "-" + writer };
const kept = (window.kept = store());

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** What is kept of this visitor, and shared among tabs, goes by this name. */
const scope = () => "seawall-" + site + (window.visitor?.scope ?? "");

/** The app gets its links by this name. */
const share = () => {
  const { token } = window.visitor ?? {};
  const url = new URL(`/v1/sites/${site}/link?`, location.href.replace(/^http/, "ws"));
  window.takeLink = links(scope(), url, token ? ["seawall.v1", "token." + token] : "seawall.v1");
};

let app;
let outside;
let shown = alone;
let news = {};
/** Sent while the app was about to take the plain page's place. */
let sent;

// ---- the language ----

const asked = query.get("lang");
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

// On the page outside, too, nothing is stored without leave.
const tell = (message, ports) => outside?.postMessage({ ...news, ...(window.keeps ? 0 : { chatting: 0 }), ...message }, ports);

/** A fresh document takes this one's place. */
const leave = (why, search = location.search) => {
  tell({ call: "leave", ...why });
  outside = window.draft = undefined;
  location.replace(search || location.href);
};

let closing;
/** The page outside knows whether we are open; before it has spoken that waits. */
const close = () => {
  closing = !outside;
  tell({ call: "close" });
};

const show = (now) => {
  if (now > shown) focusField();
  shown = now;
  app?.show(now);
};
if (alone) focusField();

/** What else a site may choose, and what a telephone's edges hide. */
const setLook = async (look) => (await import("{{asset:frame/look.js}}")).put(look);
if (/\b(round|font)=/.test(location.search)) setLook(Object.fromEntries(query));

/** A draft is the visitor's own and stays. */
const prefill = (text) => {
  const area = find("textarea");
  if (area.value || !text) return;
  area.value = text;
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
};

/** Until it is there. Each time under a new name: a browser remembers a module that came broken, and older ones also one that did not come. */
const fetched = async (file, attempt = 0) => {
  try {
    return await import(file + attempt);
  } catch {
    sayLoading();
    await pause(Math.random() * 3e4);
    return fetched(file, attempt + 1);
  }
};

// Who the visitor is, where the page says so (`visitor.js`): the app waits for it.
let who;
const bringWho = async () => (await fetched("{{asset:frame/visitor.js}}?")).visitor(site, tell, sayLoading, resumed);

/** In the browser, at the edge and, once it can be told, at the origin. What it takes is fetched, because few do it. */
const forget = async () => {
  try {
    // Under a new name, as in `fetched`.
    const { forget } = await import("{{asset:frame/forget.js}}?" + Date.now());
    await forget(site, await who);
  } catch {
    return tell({ event: "error", detail: { code: "not-forgotten" } });
  }
  leave({ forgotten: scope() });
};

/** What few chats need, done with this one. */
let fresh;
const anew = async (what, ...rest) => (await (fresh ??= fetched("{{asset:frame/anew.js}}?")))[what](...rest);
const here = () => ({ find, app, sent, leave, word, say });

// ---- what outlives the page ----

const drafts = () => {
  try {
    return sessionStorage;
  } catch {
    return {};
  }
};

/** From now on, or no longer. */
const keepAll = (now) => {
  window.keeps = now;
  // From now on under this name (`first.js`).
  const draft = (window.draft = now && scope());
  now ? kept.allow(draft) : kept.deny();
  tell();
  // What is being written is this tab's alone, and stands in one place only.
  prefill(drafts()[draft]);
  delete drafts()[draft];
};

// Better a new conversation than none.
const TURN_MS = 1e4;
const heed = (...given) =>
  import("{{asset:frame/consent.js}}?" + Date.now()).then(
    ({ consent }) => consent({ site, settled, keepAll, tell, taken }, ...given),
    () => pause(5e3).then(() => heed(...given)),
  );
/** What the page says of its visitor's consent (CONSENT-2), or has said in another tab: that is `heard`. The last word counts. */
const agree = (given, heard) => {
  if (given === (window.agreed ?? window.keeps)) return;
  const done = heed((window.agreed = given), heard);
  // No link is opened meanwhile: the cookie ends, and this document may not have yet what takes its place.
  if (!given) window.turn = Promise.race([done, pause(TURN_MS)]);
};
// What is taken back in any tab of this browser is taken back here, whoever is there (CONSENT-3): of a page in the back/forward
// cache the browser is rid with the first word, and one that sleeps hears it when it wakes.
const taken = new BroadcastChannel("seawall:" + site);
const heard = {};
// What takes the cookie's place is no new word to whom has agreed again since.
const isWord = ({ at }) => !document.body.dataset.token && (at || !window.agreed);
taken.onmessage = ({ data }) => isWord(data) && agree(false, Object.assign(heard, data));

const told = (message) => {
  if ("theme" in message) setTheme(message.theme ?? "auto");
  if ("color" in message) setColor(message.color);
  if (message.look) setLook(message.look);
  if ("shown" in message) show(message.shown);
  if (message.send) app ? app.write(message.send) : early(message.send);
  if (message.prefill) prefill(message.prefill);
  if (message.forget) forget();
  if (message.leave) anew("carryOn", here, message.leave, message.alone);
  who?.then(({ told }) => told(message, app));
  if ("consent" in message) agree(message.consent);
};

const hearPage = ({ source, origin, data, ports }) => {
  // The first page to speak is the page that we are in; another one in its place is not listened to.
  if (source !== parent || alone || (host ??= origin) !== origin || !ports[0]) return;
  outside = ports[0];
  outside.onmessage = (event) => told(event.data);
  // The app may have been quicker than the page outside.
  tell(healthBefore && { event: "health", detail: JSON.parse(healthBefore) });
  if (keepers) keep(keepers);
  // By then the caret has been in the field (`first.js`), and may have left it.
  shown = data.shown;
  told(data);
  if (closing) close();
};
let host;
addEventListener("message", hearPage);

// Where the frame is denied storage, its outbox asks for a place on the page outside (`sealed.js`).
let keepers;
const keep = (ports) => (outside ? outside.postMessage({ keep: scope() }, ports) : (keepers = ports));
addEventListener("keep", ({ ports }) => keep(ports));

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) close();
});
addEventListener("click", ({ target }) => {
  if (target.closest(".close")) close();
  // What opens is fetched then, and under a new name where that has failed.
  const opener = target.closest("[aria-haspopup]");
  if (opener) import(opener.value).then(({ press }) => press(opener, word, tell), () => (opener.value += "?"));
});
if (alone) document.body.classList.add("alone");

// ---- before the app is there ----

const MOST_WAITING = 500;
const MOST_CHARACTERS = 4000;
let n = 0;
/** A message of this page's, as the app saves it. */
const record = (text) => ({ id: `${writer}.${++n}`, writer, n, text, at_ms: Date.now() });

const draw = (text, id) => {
  const rows = find(".rows");
  rows.insertAdjacentHTML("beforeend", '<div class="row" data-by="own" data-place="first last"><div class="bubble" data-state="queued"><p class="text" dir="auto"></p><p class="meta"><span class="state"></span></p></div></div>');
  const row = rows.lastChild;
  row.dataset.id = id;
  row.querySelector(".text").textContent = text;
  row.querySelector(".state").textContent = word("{{word:queued}}", "{{english:queued}}");
  find(".greeting")?.remove();
  return row;
};

const early = (given) => {
  const area = find("textarea");
  const text = (given ?? area.value).trim();
  // The app says how much is too much.
  if (!text || [...text].length > MOST_CHARACTERS) return;
  if (n === MOST_WAITING) return hear.refused();
  if (given === undefined) area.value = "";
  const message = record(text);
  draw(text, message.id);
  // The app has begun, and will write it under the same number.
  if (sent) return sent.push(text);
  // KEEP-1. The app finds it there.
  kept.save(message.id, JSON.stringify(message));
};
const onSubmit = (event) => {
  event.preventDefault();
  early();
};
const onEnter = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) onSubmit(event);
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
// In the form, and not of it: there Enter sends.
find(".emoji").onkeydown = (event) => {
  if (event.key === "Enter") event.stopPropagation();
};

// ---- the app ----

const say = (tone, sentence) => {
  const line = document.createElement("p");
  line.className = "line";
  line.dataset.tone = tone;
  line.textContent = sentence;
  find(".banner")?.replaceChildren(line);
};

const sayLoading = () => {
  // KEEP-3: there is no name yet under which anything could be kept.
  const risk = waits ? " " + word("{{word:page-not-known}}", "{{english:page-not-known}}") : "";
  app || say("waiting", word("{{word:page-loading}}", "{{english:page-loading}}") + risk);
};

/** Three different truths, in this order (of the link, of the agents, of the edge); without any of them all is well. */
const truthOf = (link, mode, agents) => {
  if (link !== "live") return link;
  if (!agents) return "away";
  return mode === "degraded" ? "degraded" : "well";
};

// How far the conversation is: the other side's last seq, the last own one that is safe, and that was delivered.
let upto;
let healthBefore;

const sayHere = (here, name) => {
  const line = document.querySelector(".presence");
  const sentence = !here
    ? word("{{word:page-any-time}}", "{{english:page-any-time}}")
    : name
      ? word("{{word:page-here}}", "{{english:page-here}}").replace("{name}", () => name)
      : word("{{word:page-agents-here}}", "{{english:page-agents-here}}");
  line.toggleAttribute("data-here", here);
  if (line.textContent !== sentence) line.textContent = sentence;
};

/** What the app says of itself, whenever any of it has changed. */
const hear = (unread, chatting, link, mode, agents, name, ...now) => {
  const before = news;
  // What the launcher opens and closes is called as it is here.
  news = { unread, chatting, opens: words["{{word:page-open}}"], closes: words["{{word:page-close}}"] };
  // Every word to the page outside wakes another process, and each carries the news.
  let untold = unread !== before.unread || chatting !== before.chatting;
  const report = (event, detail) => {
    untold = false;
    tell({ event, detail });
  };
  sayHere(link === "live" && agents > 0, name);
  const health = { link, mode, agents, truth: truthOf(link, mode, agents) };
  if (JSON.stringify(health) !== healthBefore) report("health", health);
  healthBefore = JSON.stringify(health);
  if (app && asks !== "never" && chatting && health.truth === "away") askContact();
  // What was there when the page began is no news.
  if (link === "live" || upto) {
    ["message", "sent", "delivered"].forEach((event, at) => {
      if (upto && now[at] > upto[at]) report(event, { seq: now[at] });
    });
    if (unread && now[0] > upto?.[0]) ring();
    upto = now;
  }
  if (untold) tell();
};

/** Somebody has written, and nobody looks. */
const ring = async () => (await import("{{asset:frame/bell.js}}")).ring(() => news.unread, word, tell, scope());

/** A text of the page's that cannot wait as well. */
hear.refused = () => {
  tell({ event: "error", detail: { code: "outbox-full" } });
};

/** The app is drawn beside the plain page, which takes typing until it is drawn and no character is half composed. */
const takeOver = (ready) => {
  const drawn = chat.cloneNode();
  const swap = () => {
    if (composing) return chat.addEventListener("compositionend", () => setTimeout(swap), { once: true });
    const area = find("textarea");
    const { value, selectionStart, selectionEnd } = area;
    const focused = document.activeElement === area;
    drawn.querySelector("form").prepend(find(".emoji"));
    chat.replaceWith(drawn);
    chat = drawn;
    app = ready;
    for (const text of sent) app.write(text);
    prefill(value);
    if (focused) find("textarea").focus();
    find("textarea").setSelectionRange(selectionStart, selectionEnd);
    app.show(shown);
    // "optional" or "required".
    if (asks > "never") askContact(1);
  };
  hear.drawn = swap;
  sent = [];
  ready.start(drawn, site, hear, words.join("\n"));
};

// Whether the site wants to know who its visitors are (CONTACT-1).
const askContact = async (first) => {
  const { ask } = await import(contact);
  ask(chat, word, app, asks, first);
};

/** Not everybody's browser runs WebAssembly: companies forbid it, and some people do. */
const runs = () => {
  try {
    return new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  } catch {}
};
// So often the app may fail to come before a form takes its place, if that can be had.
const MOST_TRIES = 3;

const bring = async (attempt) => {
  // Under a new name, as in `fetched`.
  const again = attempt ? "?" + attempt : "";
  const spoken = bringWords(again).catch(() => {});
  // Words come a moment after the app, if that.
  const spokenWithin = (ms) => Promise.race([spoken, pause(ms)]);
  await resumed;
  try {
    if (!runs() || attempt > MOST_TRIES) {
      const { form } = await import("{{asset:frame/form.js}}" + again);
      await spoken;
      await settled;
      listen("removeEventListener");
      app = form({ chat, site, record, draw, word, say, hear });
      return;
    }
    await begin("{{asset:widget/widget_bg.wasm}}");
  } catch {
    spokenWithin(2e3).then(sayLoading);
    setTimeout(bring, Math.min(2e3 * 2 ** attempt, 6e4) * (0.5 + Math.random()), attempt + 1);
    return;
  }
  // Meanwhile the plain page takes typing; it is not worth more than 10 s.
  await spokenWithin(1e4);
  await settled;
  takeOver({ show: showChat, start, write });
};

// ---- when the app breaks ----

// It stands there, deaf, and looks alive. A fresh document takes its place, with what is written (`anew.js`).
let trapped = false;
const onTrap = (error) => {
  const ours = error instanceof WebAssembly.RuntimeError || /\.wasm/.test(error?.stack);
  if (!ours || trapped) return;
  trapped = true;
  tell({ event: "error", detail: { code: "restarted" } });
  anew("restart", here).catch(() => (trapped = false));
};
addEventListener("error", (event) => onTrap(event.error));
addEventListener("unhandledrejection", (event) => onTrap(event.reason));

// Whose conversation it is, is known.
const settle = async () => {
  // A key is not kept waiting for all that is to be begun.
  await pause();
  waits = false;
  share();
  await pause();
  // Taken back before it was known who is there.
  token || window.agreed === false || keepAll(true);
};
if (waits) who = bringWho();
const settled = waits ? who.then(({ known }) => known).then(settle) : settle();
// `first.js` has heard it for us.
if (window.firstWord) hearPage(firstWord);
// The document before this one may have left something.
const resumed = window.name ? anew("resume", { find, early, draw }).catch(() => {}) : 0;
pause().then(() => bring(0));
