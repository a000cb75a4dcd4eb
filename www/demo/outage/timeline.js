// Draws the record: what each message was, and when, under the origin's fault and the edge's word for it.

import { now, onChange, record } from "./record.js";

const byId = (id) => document.getElementById(id);

/** At least so much is shown; less would move too fast to read. */
const LEAST_MS = 20_000;
/** After the last thing that happened nothing moves. */
const MARGIN_MS = 2_000;

const WORD = { none: "well", down: "down", hang: "hanging", slow: "slow", errors: "failing", "over-save": "over-saving" };

export const seconds = (ms) => {
  const s = ms / 1_000;
  if (s < 0.1) return `${s.toFixed(2)}\u00a0s`;
  return s < 60 ? `${s.toFixed(1)}\u00a0s` : `${Math.floor(s / 60)}\u00a0min ${Math.floor(s % 60)}\u00a0s`;
};

const plural = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;

// ---- words ----

const naiveWords = (fate) => {
  const { state, tries, at } = fate.steps.at(-1);
  const of = tries > 1 ? `, ${tries} tries` : "";
  const after = seconds(at - fate.steps[0].at);
  if (state === "delivered") return `Delivered after ${after}${of}`;
  if (state === "failed") return `Not sent: gave up after ${after}${of}`;
  return `Waiting, try ${tries ?? 1}`;
};

const seawallWords = (fate) => {
  const safe = fate.after("sent", "delivered", "seen");
  const there = fate.after("delivered", "seen");
  if (fate.state === "failed") return "Not sent";
  if (safe === undefined) return "Waiting in the browser";
  if (there === undefined) return `Sent: safe at the edge after ${seconds(safe)}`;
  if (there === safe) return `Delivered after ${seconds(there)}`;
  return `Safe after ${seconds(safe)}, delivered after ${seconds(there)}`;
};

// ---- how much time is shown ----

const isOpen = (fate) => fate && !["delivered", "seen", "failed"].includes(fate.state);

export const isMoving = () =>
  record.messages.some(({ naive, seawall }) => isOpen(naive) || isOpen(seawall)) ||
  (record.faults.at(-1)?.value ?? "none") !== "none";

const span = () => {
  const steps = record.messages.flatMap(({ naive, seawall }) => [naive, seawall].flatMap((fate) => fate?.steps ?? []));
  const began = record.messages[0]?.at ?? now();
  // The fault under which the first message was written belongs to its story, as far as it is not old.
  const fault = record.faults.findLast(({ at, value }) => at <= began && value !== "none");
  const from = Math.max(fault?.at ?? began, began - LEAST_MS / 4);
  const latest = Math.max(from, ...steps.map(({ at }) => at), ...record.faults.map(({ at }) => at));
  const until = isMoving() ? now() : Math.min(now(), latest + MARGIN_MS);
  return { from, length: Math.max(until - from, LEAST_MS), until };
};

// ---- bars ----

const NAMES = { waiting: "waiting", sent: "safe", delivered: "there", seen: "there", failed: "failed" };

const put = (track, parts) => {
  const bars = parts.map(([name, left, width]) => {
    const bar = document.createElement("i");
    bar.className = name;
    bar.style.left = `${left}%`;
    bar.style.width = `${width}%`;
    return bar;
  });
  track.replaceChildren(...bars);
};

/** Each entry lasts until the next one. */
const bars = (entries, nameOf, { from, length, until }) =>
  entries.flatMap((entry, index) => {
    const name = nameOf(entry);
    const end = Math.min(entries[index + 1]?.at ?? until, until);
    const start = Math.max(entry.at, from);
    const share = (ms) => (100 * ms) / length;
    return name && end >= start ? [[name, share(start - from), share(end - start)]] : [];
  });

/** A count per second, as a path of bars; both sides share one scale. */
const plot = (side, most, { from, length }) => {
  const at = (ms) => Math.max(0, (100 * (ms - from)) / length);
  let path = "";
  record.callers.forEach((entry, index) => {
    const before = record.callers[index - 1];
    if (!before || entry.at < from || entry[side] === before[side]) return;
    const rate = (1_000 * (entry[side] - before[side])) / (entry.at - before.at);
    const [left, right] = [at(before.at), at(entry.at)];
    path += `M${left} 24V${24 - (23 * rate) / most}H${right}V24Z`;
  });
  return path;
};

const mostPerSecond = () => {
  let most = 1;
  record.callers.forEach((entry, index) => {
    const before = record.callers[index - 1];
    if (!before) return;
    for (const side of ["naive", "edge"]) {
      most = Math.max(most, (1_000 * (entry[side] - before[side])) / (entry.at - before.at));
    }
  });
  return most;
};

// ---- one message ----

const items = new Map();

const cell = (side) => {
  const made = document.createElement("div");
  made.className = "cell";
  made.innerHTML = '<b></b><span class="words"></span><div class="track" aria-hidden="true"></div>';
  made.querySelector("b").textContent = side;
  return made;
};

const item = (message) => {
  const made = document.createElement("li");
  const said = document.createElement("p");
  said.className = "what";
  said.dir = "auto";
  said.textContent = message.text;
  made.append(said, cell("Naive chat"), cell("Seawall"));
  byId("messages").append(made);
  items.set(message, made);
  return made;
};

const tell = (element, words) => {
  if (element.textContent !== words) element.textContent = words;
};

const drawMessage = (message, shown) => {
  const [, ...cells] = (items.get(message) ?? item(message)).children;
  for (const [index, [fate, words]] of [[message.naive, naiveWords], [message.seawall, seawallWords]].entries()) {
    const [, told, track] = cells[index].children;
    tell(told, fate ? words(fate) : "Not written here");
    cells[index].dataset.state = fate ? NAMES[fate.state] : "";
    if (fate) put(track, bars(fate.steps, ({ state }) => NAMES[state], shown));
  }
};

// ---- the whole ----

const score = (side, words) => {
  const fates = record.messages.flatMap((message) => message[side] ?? []);
  const count = (...states) => fates.filter(({ state }) => states.includes(state)).length;
  tell(byId(`${side}-score`), fates.length ? words(fates, count) : "Nothing written yet");
};

const requests = (side) => {
  const [first, last] = [record.callers[0], record.callers.at(-1)];
  return last ? plural(last[side] - first[side], "request") : "";
};

const draw = () => {
  const shown = span();
  const fault = record.faults.at(-1)?.value;
  byId("nothing").hidden = record.messages.length > 0;
  for (const [message, drawn] of items) {
    if (!record.messages.includes(message)) {
      drawn.remove();
      items.delete(message);
    }
  }
  record.messages.forEach((message) => drawMessage(message, shown));
  const broken = bars(record.faults, ({ value }) => value !== "none" && "fault", shown);
  for (const id of ["fault-1", "fault-2"]) put(byId(id), record.messages.length || fault !== "none" ? broken : []);
  score("naive", (all, count) => `${count("delivered")} of ${all.length} delivered, ${count("failed")} given up`);
  score("seawall", (all, count) => {
    const safe = count("sent", "delivered", "seen");
    return `${safe} of ${all.length} safe at the edge, ${count("delivered", "seen")} delivered`;
  });
  tell(byId("fault-words"), fault ? `The origin: ${WORD[fault] ?? fault}.` : "");
  const modes = record.modes.map(({ value }) => value).slice(-4);
  tell(byId("mode-words"), modes.length ? `The edge: ${modes.join(", then ")}.` : "");
  const most = mostPerSecond();
  for (const [side, name] of [["naive", "naive"], ["edge", "seawall"]]) {
    tell(byId(`${name}-requests`), requests(side));
    byId(`${name}-plot`).firstElementChild.setAttribute("d", plot(side, most, shown));
  }
};

let due = false;
const soon = () => {
  if (due) return;
  due = true;
  setTimeout(() => {
    due = false;
    draw();
  }, 50);
};
onChange(soon);
// What waits grows; half a second is fine enough to watch and calm enough to read.
setInterval(() => isMoving() && soon(), 500);
soon();
