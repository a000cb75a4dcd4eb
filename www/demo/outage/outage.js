// The page that compares: one control, two chats, and the record of what becomes of each message.

import * as naive from "./naive.js";
import { callers, capacity, fault as askFault, mode, port, setFault } from "./origin.js";
import { counted, noted, now, record, startOver, written } from "./record.js";
import * as seawall from "./seawall.js";
import { run } from "./guide.js";
import "./timeline.js";

const byId = (id) => document.getElementById(id);
const WATCH_MS = 1_000;

const SAYS = {
  none: () => "The origin is well.",
  down: () => "The origin closes every connection without an answer.",
  hang: () => "The origin takes every request and never answers.",
  slow: ({ ms }) => `The origin answers ${ms} ms late.`,
  errors: ({ percent }) => `The origin fails ${percent} of 100 requests.`,
  "over-save": () => "The origin saves accounts far too often.",
};

// ---- the origin, and what is known of it ----

const buttons = [...document.querySelectorAll(".faults button")];
let current = { kind: "none" };

const show = (fault) => {
  current = fault;
  noted(record.faults, fault.kind);
  for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.kind === fault.kind);
  byId("origin-says").textContent = (SAYS[fault.kind] ?? (() => `The origin has the fault ${fault.kind}.`))(fault);
  for (const amount of document.querySelectorAll(".amounts label")) amount.hidden = amount.dataset.of !== fault.kind;
};

const wanted = (kind) => {
  const amount = (id) => Math.round(Math.min(Math.max(byId(id).valueAsNumber || 0, byId(id).min), byId(id).max));
  if (kind === "slow") return { kind, ms: amount("ms") };
  if (kind === "errors") return { kind, percent: amount("percent") };
  return { kind };
};

const lost = () => {
  byId("origin-says").textContent =
    `No origin of the demonstration answers on port ${port}. If it has another one, put ?origin=PORT behind this address.`;
};

let changes = 0;
const breakIt = async (fault) => {
  const set = await setFault(fault);
  changes += 1;
  show(set);
};
const change = (kind) => breakIt(wanted(kind)).catch(lost);
for (const button of buttons) button.onclick = () => change(button.dataset.kind);
for (const [id, kind] of [["ms", "slow"], ["percent", "errors"]]) {
  byId(id).onchange = () => current.kind === kind && change(kind);
}

const watch = async () => {
  try {
    const before = changes;
    const [fault, counts] = await Promise.all([askFault(), callers()]);
    // An answer that was under way when this page changed it is no news.
    if (before === changes) show(fault);
    counted({ at: now(), ...counts });
  } catch {
    lost();
  }
  setTimeout(watch, WATCH_MS);
};

const watchEdge = async () => {
  try {
    const says = await mode();
    noted(record.modes, says);
    byId("edge-says").textContent = `The edge says: ${says}.`;
  } catch {
    byId("edge-says").textContent = "The edge does not answer.";
  }
  setTimeout(watchEdge, WATCH_MS);
};

// ---- writing ----

const send = (text) => {
  const message = written(text, ["naive", "seawall"]);
  naive.say(text, message.naive);
  seawall.say(text, message.seawall);
  return message;
};

const guide = byId("guide");

const whenThere = (act) => {
  if (seawall.isThere()) act();
  else byId("told").textContent = "Seawall's chat is still loading. Try again in a moment.";
};

byId("both").onsubmit = (event) => {
  event.preventDefault();
  const text = byId("text").value.trim();
  if (text) whenThere(() => send(text));
};

let guided = false;
guide.onclick = () =>
  whenThere(async () => {
    if (guided) return;
    guided = true;
    guide.setAttribute("aria-disabled", "true");
    const tell = (sentence) => (byId("told").textContent = sentence);
    try {
      await run({ breakIt, send, tell });
    } catch {
      tell(`The origin on port ${port} could not be told.`);
    }
    guide.removeAttribute("aria-disabled");
    guided = false;
  });

// Whoever leaves in the middle of it leaves no broken origin behind.
addEventListener("pagehide", () => guided && setFault({ kind: "none" }, true));

byId("clear").onclick = startOver;

// ---- the beginning ----

for (const link of document.querySelectorAll("a.console")) {
  link.href = `${location.protocol}//console.localhost${location.port ? ":" + location.port : ""}/?site=demo`;
}
capacity().then((cost) => {
  byId("capacity").textContent = cost
    ? `This origin bears ${cost} messages a second. Over-saving makes everything of accounts cost ten times as much of that.`
    : "This origin has no limit to what it bears, so over-saving only makes accounts slow. Start it with cargo xtask run --origin-capacity 20 to give it one.";
}, lost);
seawall.open();
watch();
watchEdge();
