// Several tabs on one link: the leader has it and gives each of the others what the edge would have told it on a link of its
// own. They say what they would have said there, and know no difference.

// A leader that says nothing is gone, or asleep: better a second socket than none.
const ANSWER_MS = 1e3;
// Beyond so many tabs each has a socket of its own.
const MOST_TABS = 50;
// So often a tab that nobody sees tries at once for another one that waits.
const WAKE_MS = 6e5;
// What a closing tab saves last is in the storage by then.
const SAVED_MS = 1e3;
// After these a session opens no link any more (`shared/src/close.rs`).
const STOPS = [4400, 4401, 4403, 4404, 4411, 4413, 4440];
// Says nothing about sockets (POLL-2).
const ENDED = { type: "close", code: 1000 };
// After this one only a newer token opens a link …
const EXPIRED = 4441;
// … and whoever says that theirs lasts may be wrong about the time: the place to lead goes round no faster than this.
const RESIGN_MS = 5e3;

let links = 0;
let woken = 0;
let resigned = 0;

const isOver = ({ code }) => STOPS.includes(code);

/** Whatever another tab says. */
export const hear = (tab, data) => {
  const { here, ask, led, left, from, acts } = data;
  // Whose lock it is leads; what another one said before that came late.
  if (here && tab.leads && !tab.asks) return;
  if (here) {
    tab.races = false;
    // Of two that lead, the lesser name goes on.
    if (tab.leads && tab.me < here) return tab.post({ here: tab.me });
    tab.settle(false);
    // What was asked of another one, or of nobody, is asked anew.
    if (tab.held.by !== here) tab.end();
    tab.say("ready");
  }
  if (led && !tab.leads) {
    tab.end();
    // Where there is a lock, it comes by itself.
    if (tab.asks) tab.ask();
    tab.races = tab.asks;
  }
  // Who was asleep when this tab asked has not heard it, and a browser takes its time with a tab that nobody sees.
  if (tab.races && !tab.leads && ask > tab.me) tab.post({ ask: tab.me });
  if (left) setTimeout(tab.say, SAVED_MS, "left");
  // RECONNECT-3: what a person does there counts here.
  if (acts && tab.leads) tab.say("nudge");
  if (from && tab.leads) (tab.hub ??= hub(tab)).told(data);
};

/** Makes of `own` a link through the leader, or one of its own (`open`) where none answers. */
export const follow = (tab, own, open) => {
  const { me, channel } = tab;
  // It has fallen asleep while this file was on its way.
  if (!channel) return own.onclose?.(ENDED);
  const held = (tab.held = { own });
  // Where nobody leads, nobody hears it.
  if (!links) for (const act of ["send", "visibilitychange"]) addEventListener(act, () => document.hidden || tab.post({ acts: 1 }), true);
  const name = me + "." + ++links;
  const say = (message) => tab.post({ from: name, ...message });
  const give = (event) => {
    own["on" + event.type]?.(event);
    if (event.code) tab.say(event.code);
    if (isOver(event)) tab.quit();
  };
  const stop = () => {
    clearTimeout(silent);
    channel.removeEventListener("message", hear);
  };
  const hear = ({ data }) => {
    if (!data.to?.includes(name)) return;
    clearTimeout(silent);
    // It was only late.
    if (held.alone) {
      tab.end();
      return tab.say("ready");
    }
    held.by = data.by;
    if (data.type === "close") stop();
    give(data);
  };
  const silent = setTimeout(() => {
    held.alone = true;
    const link = open();
    link.onopen = link.onmessage = link.onclose = give;
    own.send = (text) => link.send(text);
    own.close = () => {
      stop();
      link.close();
      // To whom was only late.
      say({ close: true });
    };
  }, ANSWER_MS);
  channel.addEventListener("message", hear);
  own.send = (text) => say({ text });
  own.close = () => {
    stop();
    say({ close: true });
  };
  held.link = { close: () => own.close() };
  say({ open: true, lasts: window.visitor?.until > Date.now() });
};

/** LINK-6: whoever asks has a newer token. As if it slept for a moment; where names decide who leads it comes last from now on. */
const resign = (tab) => {
  resigned = Date.now();
  tab.me = "~" + tab.me;
  for (const what of ["freeze", "resume"]) document.dispatchEvent(new Event(what));
};

/** The leader's part. Its own name among those who talk is "". */
const hub = (tab) => {
  /** The other tabs' links by name, and whether they have been welcomed. */
  const others = new Map();
  /** Who waits for a welcome, and for history: the edge answers in the order of asking. */
  let greeting = Array(tab.held.asked ?? 0).fill("");
  let reading = [];
  /** Of each writer: who sends its messages, and those that the edge has not acknowledged. */
  const writers = new Map();

  const listed = (text) => [JSON.parse(text)].flat();
  const tell = (to, type, rest) => to.length && tab.post({ to, by: tab.me, type, ...rest });
  // This tab comes last: its app may be broken.
  const everybody = () => [...[...others].filter(([, greeted]) => greeted).map(([name]) => name), ""];

  /** To each their frames, in one message. */
  const deal = (shares) => {
    const frames = new Map();
    for (const [name, frame] of shares) frames.set(name, [...(frames.get(name) ?? []), frame]);
    for (const [name, list] of frames) {
      const data = JSON.stringify(list);
      if (name) tell([name], "message", { data });
      else tab.give({ type: "message", data });
    }
  };

  const writer = (name) => writers.get(name) ?? writers.set(name, { who: new Set(), waiting: [] }).get(name);
  // What was sent before there was a second tab is our own.
  const senders = (frame) => writers.get(frame.writer)?.who ?? new Set([""]);

  /** A tab's message as all others hear of it. */
  const eventOf = ({ id, text }, seq) => ({ type: "event", seq, id, author: "visitor", text, at_ms: Date.now() });

  /** Who gets a frame of the edge, and what they get. */
  const sharesOf = (frame) => {
    const all = (names, it = frame) => [...names].map((name) => [name, it]);
    if (frame.type === "welcome") {
      const who = greeting.shift() ?? "";
      if (others.has(who)) others.set(who, true);
      return all([who]);
    }
    if (frame.type === "history") return all([reading.shift() ?? ""]);
    if (frame.type === "nack") return all(senders(frame));
    if (frame.type !== "ack") return all(everybody());
    const who = senders(frame);
    const lane = writer(frame.writer);
    const done = lane.waiting.filter(({ n }) => n <= frame.upto_n);
    lane.waiting = lane.waiting.filter(({ n }) => n > frame.upto_n);
    const rest = everybody().filter((name) => !who.has(name));
    // Of several only the last one's place is told: a stranger's ack makes a session ask for what it has missed (RESUME-3).
    const news = done.length === 1 && done[0].n === frame.upto_n ? eventOf(done[0], frame.seq) : frame;
    return [...all(who), ...all(rest, news)];
  };

  const said = (who, text) => {
    for (const frame of listed(text)) {
      if (frame.type === "hello") greeting.push(who);
      if (frame.type === "history") reading.push(who);
      if (frame.type === "send") {
        const lane = writer(frame.writer);
        lane.who.add(who);
        if (!lane.waiting.some(({ n }) => n === frame.n)) lane.waiting.push(frame);
      }
      // What somebody has looked at here is looked at in every tab.
      if (frame.type === "seen" || frame.type === "delivered") {
        const besides = everybody().filter((name) => name !== who);
        deal(besides.map((name) => [name, { ...frame, side: "visitor" }]));
      }
    }
    tab.held.link?.send(text);
  };

  const fresh = () => {
    greeting = [];
    reading = [];
    writers.clear();
  };
  const ended = (how = ENDED) => {
    fresh();
    tell([...others.keys()], "close", how);
    others.clear();
  };

  return {
    /** What a tab says; `who` is "" for this one. */
    said,
    /** The link is gone. */
    ended,
    /** What the real link says. */
    heard(event) {
      if (event.type === "message") return deal(listed(event.data).flatMap(sharesOf));
      if (event.type === "close") ended({ code: event.code });
      else {
        fresh();
        tell([...others.keys()], "open");
      }
      tab.give(event);
      if (isOver(event)) tab.quit();
    },
    /** What another tab asks of us. */
    told({ from, open, lasts, text, close }) {
      if (close) others.delete(from);
      if (open && others.size < MOST_TABS) {
        const { link, up, code } = tab.held;
        if (isOver(tab.held)) return tab.quit();
        // Whoever is next may have no better one, and hands the place on in the same way. (An older chat's tab does not say.)
        const over = code === EXPIRED || window.visitor?.until < Date.now();
        if (over && lasts !== false && Date.now() > resigned + RESIGN_MS) {
          others.set(from);
          return resign(tab);
        }
        // Nobody waits for a link that another one's newer token may open sooner.
        if (code === EXPIRED) return tell([from], "close", ENDED);
        // No app has asked for a link yet, and none may ever do so: whoever asks is better off alone until there is one.
        if (tab.anew && (!link || up === false)) return;
        others.set(from, false);
        tell([from], "wait");
        if (tab.held.up) tell([from], "open");
        // RECONNECT-2: somebody waits, and the link comes in its time; but a tab that nobody sees may wait to be shown (RECONNECT-5).
        else if (document.hidden && Date.now() > woken + WAKE_MS) {
          woken = Date.now();
          tab.say("nudge");
        }
      }
      if (text && others.has(from)) said(from, text);
    },
  };
};
