// Asks the edge how it is and shows the answer. The words are the edge's own; what this page adds is whether it got one.

const EVERY_MS = 5e3;
const EVERY_HIDDEN_MS = 6e4;
const LONGEST_MS = 6e4;
// A slower answer is none.
const LIMIT_MS = 8e3;
// One failed try behind a fresh answer is nothing to speak of.
const TRUSTED_MS = 12e3;

const LABELS = {
  operational: "Works",
  degraded_performance: "Works with limits",
  partial_outage: "Partly works",
  major_outage: "Waiting",
};

const by = (id) => document.getElementById(id);
let good; // {at, headline} of the last good answer
let failures = 0;
let timer;
let asking = false;

const say = (element, text) => {
  // The same words again would be read out again.
  if (element.textContent !== text) element.textContent = text;
};

const count = (n, unit) => `${n} ${unit}${n === 1 ? "" : "s"}`;

const lasting = (ms) => {
  const s = Math.round(ms / 1e3);
  if (s < 1) return "less than a second";
  if (s < 100) return count(s, "second");
  if (s < 6e3) return count(Math.round(s / 60), "minute");
  return s < 17e4 ? count(Math.round(s / 3600), "hour") : count(Math.round(s / 86400), "day");
};

const clock = (at) => {
  const today = new Date(at).toDateString() === new Date().toDateString();
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  return new Intl.DateTimeFormat("en-GB", today ? time : { dateStyle: "medium", timeStyle: "short" }).format(at);
};

const row = (part) => {
  const item = document.createElement("li");
  item.dataset.standing = part.status;
  for (const [name, text] of [["part", part.name], ["standing", LABELS[part.status] ?? part.status], ["sentence", part.description]]) {
    const span = document.createElement("span");
    span.className = name;
    span.textContent = text;
    item.append(span);
  }
  return item;
};

const show = ({ status, components, seawall: { mode, since, told_at, visitors, agents, waiting } }) => {
  good = { at: Date.now(), headline: status.description };
  document.querySelector("main").dataset.tone = mode;
  document.title = `${status.description} · Chat status`;
  say(by("headline"), status.description);
  say(by("trust"), "");
  say(by("visitors"), visitors);
  say(by("agents"), agents);
  by("parts").replaceChildren(...components.map(row));
  const when = by("since");
  when.parentElement.parentElement.hidden = !since;
  if (since) {
    when.dateTime = since;
    // By the edge's clock: this one may be wrong.
    say(when, `${clock(Date.parse(since))} (for ${lasting(Date.parse(told_at) - Date.parse(since))})`);
  }
  const { messages, conversations, oldest_ms, to_go_ms } = waiting;
  // Conversations tell how much they hold when they are asked, so there may be more.
  say(by("waiting"), messages ? `at least ${messages}, in ${count(conversations, "conversation")}` : "none");
  say(by("oldest"), lasting(oldest_ms));
  say(by("to-go"), to_go_ms == null ? "not known before the chat company takes messages again" : `about ${lasting(to_go_ms)}`);
  by("oldest").parentElement.hidden = by("to-go").parentElement.hidden = !messages;
  by("known").hidden = false;
  say(by("asked"), `Last answer at ${clock(good.at)}. This page asks again by itself.`);
};

const doubt = (answered) => {
  if (good && Date.now() - good.at < TRUSTED_MS) return;
  document.querySelector("main").dataset.tone = "unknown";
  document.title = "Not known · Chat status";
  const why = answered
    ? "The chat answers, but cannot say how it is."
    : navigator.onLine ? "This page cannot reach the chat." : "You are offline: this page cannot reach the chat.";
  say(by("headline"), why);
  say(by("trust"), good
    ? `The last good answer came at ${clock(good.at)} and said: “${good.headline}” What follows may have changed since.`
    : "How the chat is now, nobody can say from here.");
  say(by("asked"), "This page goes on trying by itself.");
};

const pause = () => {
  const usual = document.hidden ? EVERY_HIDDEN_MS : EVERY_MS;
  const backoff = Math.min(EVERY_MS * 2 ** failures, LONGEST_MS);
  // Many pages that were opened at one moment shall not ask at one moment.
  return Math.max(usual, failures ? backoff : 0) * (0.8 + 0.4 * Math.random());
};

const ask = async () => {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  let answered = false;
  try {
    const answer = await fetch("/status/api/v2/summary.json", { signal: AbortSignal.timeout(LIMIT_MS) });
    answered = true;
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.json());
    failures = 0;
  } catch {
    failures += 1;
    doubt(answered);
  }
  asking = false;
  timer = setTimeout(ask, pause());
};

// Shown again, or online again: what is on the screen is old.
document.addEventListener("visibilitychange", () => document.hidden || ask());
addEventListener("online", ask);
ask();
