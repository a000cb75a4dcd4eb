// Small things that are shorter here than in Rust.

// An edge that does not answer within this is as good as away.
const PATIENCE_MS = 20_000;

/** `done(status, body, seconds to wait)`; status 0 where there was no answer. Called once, whatever happens. */
export const call = async (method, path, body, done) => {
  let answer = [0, "", 0];
  try {
    const response = await fetch(path, {
      method,
      body,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    answer = [response.status, await response.text(), Number(response.headers.get("retry-after")) || 0];
  } catch {
    // Offline, or out of patience.
  }
  done(...answer);
};

// ---- the address: `?site=demo#conversation` ----

export const site = () => new URLSearchParams(location.search).get("site") || "demo";

export const selected = () => location.hash.slice(1);

/** On a phone, list and conversation are two steps, and the browser's own Back leads from one to the other. */
export const select = (id) => {
  if (id === selected()) return;
  const address = location.pathname + location.search;
  if (!id && history.state?.fromList) history.back();
  else if (!id) history.replaceState(null, "", address);
  else if (selected()) history.replaceState(history.state, "", address + "#" + id);
  else history.pushState({ fromList: true }, "", address + "#" + id);
};

export const onAddress = (call) => addEventListener("popstate", () => call());

// ---- the page ----

export const title = (text) => {
  if (document.title !== text) document.title = text;
};

export const visible = () => document.visibilityState === "visible";

/** Whether all that this outbox held is known (`www/console/start.js`). */
export const outboxIsRead = (name) => window.read.has(name);

/** With a finger, the focus in a text brings up a keyboard that covers half of what there is to read. */
export const finePointer = () => !matchMedia("(pointer: coarse)").matches;

export const focus = (id) => document.getElementById(id)?.focus();

const clock = new Intl.DateTimeFormat([], { hour: "numeric", minute: "2-digit" });
const near = new Intl.RelativeTimeFormat(document.documentElement.lang || [], { numeric: "auto" });
const weekday = new Intl.DateTimeFormat(document.documentElement.lang || [], { weekday: "short" });
const date = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });

/** Short, for a list: "14:05", "yesterday", "Mon", "3 Mar". */
export const when = (ms) => {
  const start = (at) => new Date(at).setHours(0, 0, 0, 0);
  // Rounded, because a day of a changing clock has 23 or 25 hours.
  const ago = Math.round((start(Date.now()) - start(ms)) / 864e5);
  if (ago <= 0) return clock.format(ms);
  if (ago === 1) return near.format(-1, "day");
  return (ago < 7 ? weekday : date).format(ms);
};

// ---- what is kept; a browser may refuse it, and then it lives as long as the page ----

export const keep = (name, text) => {
  try {
    if (text) localStorage.setItem(name, text);
    else localStorage.removeItem(name);
  } catch {
    // As said above.
  }
};

/** Everything under names that begin with `prefix`: name, text, name, text … */
export const kept = (prefix) => {
  try {
    return Object.entries(localStorage).flatMap(([name, text]) =>
      name.startsWith(prefix) ? [name.slice(prefix.length), text] : [],
    );
  } catch {
    return [];
  }
};
