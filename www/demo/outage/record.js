// What has happened, by this page's clock. Nothing else on the page knows a number.

export const now = () => performance.now();

const empty = () => ({ messages: [], faults: [], modes: [], callers: [] });

export const record = empty();

/** Forgets what is over; what is true now stays the beginning. */
export const startOver = () => {
  const at = now();
  const last = (list) => list.slice(-1).map((entry) => ({ ...entry, at }));
  const { faults, modes, callers } = record;
  Object.assign(record, empty(), { faults: last(faults), modes: last(modes), callers: last(callers) });
  changed();
};

const listeners = new Set();
/** Returns how to hear no more. */
export const onChange = (call) => {
  listeners.add(call);
  return () => listeners.delete(call);
};
export const changed = () => listeners.forEach((call) => call());

/** One side of a message: what it was, and since when. */
export class Fate {
  constructor(at) {
    this.steps = [{ state: "waiting", at }];
  }

  is(state, about = {}) {
    const last = this.steps.at(-1);
    if (last.state === state) Object.assign(last, about);
    else this.steps.push({ state, at: now(), ...about });
    changed();
  }

  get state() {
    return this.steps.at(-1).state;
  }

  /** When it was first so, or later still; milliseconds after it was written. */
  after(...states) {
    const step = this.steps.find(({ state }) => states.includes(state));
    return step && step.at - this.steps[0].at;
  }
}

/** A message as it is written: on both sides, or on one. */
export const written = (text, sides) => {
  const at = now();
  const message = { text, at };
  for (const side of sides) message[side] = new Fate(at);
  record.messages.push(message);
  changed();
  return message;
};

/** An hour, one a second. */
const MOST_COUNTS = 3_600;

/** The origin's counts of requests. */
export const counted = (counts) => {
  const { callers } = record;
  const last = callers.at(-1);
  // An origin that was started again counts from nothing.
  if (last && (counts.edge < last.edge || counts.naive < last.naive)) callers.length = 0;
  // The first one stays: the sum is counted from there.
  if (callers.length === MOST_COUNTS) callers.splice(1, 1);
  callers.push(counts);
  changed();
};

/** Keeps a value when it is another one than before. */
export const noted = (list, value) => {
  if (list.at(-1)?.value === value) return;
  list.push({ value, at: now() });
  changed();
};
