// Small things that are shorter here than in Rust.

/** The page's own name, where it has written already; else 128 bits in digits. (`randomUUID` is missing where a page comes by plain http.) */
export const writerName = () => window.writer ?? crypto.getRandomValues(new BigUint64Array(2)).join("-");

/** Where what outlives the page is kept (`www/frame/storage.js`). */
export const store = (name) => window.kept ?? window.store(name);

/** A path at the page's own host, as a WebSocket address. */
export const linkUrl = (path) => new URL(path, location.href).href.replace(/^http/, "ws");

/** Without a cookie the next link would begin another conversation. */
export const holdToken = (token) => (window.visitor ??= { token });

const open = (url, protocol, polls) => {
  const { token } = window.visitor ?? {};
  if (!polls) return new WebSocket(url, token ? [protocol, "token." + token] : protocol);
  const link = { close() {} };
  const { dataset } = document.body;
  import(dataset.poll).then(
    ({ poll }) => poll(link, url),
    () => {
      // Under a new name: a browser remembers a module that came broken, and older ones also one that did not come.
      dataset.poll += "?";
      link.onclose?.({ type: "close", code: 1006 });
    },
  );
  return link;
};

/**
 * A WebSocket, or what looks like one: it polls (the script for that is fetched where it is needed), or the page gives it,
 * which has opened it already or shares one among tabs.
 */
export const openLink = (url, protocol, polls) => {
  const make = (anew) => open(url, protocol, polls && !anew);
  return window.takeLink?.(make) ?? make();
};

const language = () => document.documentElement.lang || [];

// Made when they are first needed: the frame's script says the page's language after this file has come.
let clock, date, near;

/** In the page's language, with 12 or 24 hours as the person is used to read them. */
export const time = (ms) => {
  clock ??= new Intl.DateTimeFormat(language(), {
    hour: "numeric",
    minute: "2-digit",
    hourCycle: new Intl.DateTimeFormat([], { hour: "numeric" }).resolvedOptions().hourCycle,
  });
  return clock.format(ms);
};

/** `one={n} day|{n} days`, in the form that the language has for this number. */
export const count = (forms, n) => {
  const kind = new Intl.PluralRules(language()).select(n) + "=";
  const all = forms.split("|");
  const form = all.find((form) => form.startsWith(kind)) ?? kind + all.at(-1);
  return form.slice(kind.length).replace("{n}", n.toLocaleString(language()));
};

/** "today", "yesterday", "Monday, 3 March". */
export const day = (ms) => {
  const start = (at) => new Date(at).setHours(0, 0, 0, 0);
  // Rounded, because a day of a changing clock has 23 or 25 hours.
  const ago = Math.round((start(Date.now()) - start(ms)) / 864e5);
  near ??= new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
  date ??= new Intl.DateTimeFormat(language(), { weekday: "long", day: "numeric", month: "long" });
  return ago === 0 || ago === 1 ? near.format(-ago, "day") : date.format(ms);
};

// Often enough for "typing", which the other side is told every 3 s.
const SAID_AGAIN_MS = 1e3;
const growsItself = CSS.supports("field-sizing", "content");

/** Makes a textarea as high as its text; the style sheet sets the limit. */
export const grow = (area) => {
  if (growsItself) return;
  area.style.height = "auto";
  area.style.height = area.scrollHeight + "px";
};

/**
 * Hears the keys of a composer, few of which the app has to know of: says `send`, and `written` where that matters: at a text's begin
 * and end, now and then, and when it is longer than `near`.
 */
export const compose = (form, near) => {
  const area = form.querySelector("textarea");
  const say = (what) => form.dispatchEvent(new Event(what));
  let before = 0;
  let said = 0;
  form.addEventListener("input", () => {
    grow(area);
    const { length } = area.value;
    const now = Date.now();
    if (Math.max(length, before) > near || !length !== !before || now - said > SAID_AGAIN_MS) {
      said = now;
      say("written");
    }
    before = length;
  });
  const send = (event) => {
    event.preventDefault();
    before = 0;
    say("send");
  };
  form.addEventListener("submit", send);
  form.addEventListener("keydown", (event) => {
    // An Enter that ends the composition of a character belongs to the keyboard; 229 is Safari's word for it.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) send(event);
  });
};

/** Puts a text back where it was written; what stands there is the visitor's own and stays. */
export const putBack = (text) => {
  const area = document.querySelector("textarea");
  area.value = text + (area.value && "\n" + area.value);
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
  area.focus();
};

const find = (id) => document.querySelector(`[data-id="${id}"]`);

/** How far down a row stands, and back there after others have come above or below it. */
export const height = (id) => find(id)?.getBoundingClientRect().top ?? 0;

export const restore = (id, top) => {
  const row = find(id);
  if (row) row.closest("[role=log]").scrollTop += row.getBoundingClientRect().top - top;
};

// What may have marks, or be a few emoji: anything else is drawn as it is.
const MARKS = /[*_`]|\]\(|^(?:>|- |\d+\. )|http|[\u2300-\u2bff\u{1f000}-\u{1faff}]/mu;
const AGAIN_MS = 1e4;
let tries = 0;
let coming;

/** Draws what the texts in a log mean, once what knows that is there (`www/frame/marks.js`): most chats have nothing for it. */
export const mark = (log) => {
  // Each is looked at once.
  const texts = [...log.querySelectorAll(".text")].filter((text) => (text.waits ??= MARKS.test(text.textContent)));
  if (window.marks) texts.forEach(window.marks.draw);
  // Meanwhile they stand there as they were written. Each try has a new name, as in `open`.
  else if (texts[0] && !coming) {
    coming = import(document.body.dataset.marks + "?" + tries++).then(
      (marks) => {
        window.marks = marks;
        mark(log);
      },
      () =>
        setTimeout(() => {
          coming = 0;
          mark(log);
        }, Math.random() * AGAIN_MS),
    );
  }
};

/** A text in one line, without its marks; those that come in pairs most often, where nothing knows better yet. */
export const plain = (text) => window.marks?.plain(text) ?? text.replace(/\*\*|`/g, "");
