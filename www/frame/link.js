// This tab's links to the edge. Of all tabs that a browser has open on a customer's site one leads and holds the socket; the
// others talk through it. The leader is who holds a lock or, where the browser denies locks to the frame, whom nobody
// answers. What only a second tab needs is in `tabs.js`, fetched then.

// What a session says first on a fresh page (HELLO-1). It is said before the app is there, and the welcome waits for it.
const HELLO = '{"type":"hello","protocol":1}';
// Ended on purpose: says nothing about sockets (POLL-2).
const ENDED = { type: "close", code: 1000 };
// A leader answers at once. A busy one may be late: two lead for a moment, which costs a socket and no message.
const ANSWER_MS = 60;
// What has been said while this page slept is heard by then, and a link may depend on it: by other tabs (CONSENT-3), and by the page
// outside, where somebody else may sit there now (IDENTITY-4).
const HEARD_MS = 50;

// Under a new name: a browser remembers a module that came broken, and older ones also one that did not come.
let file = "{{asset:frame/tabs.js}}";
const tabs = () => import(file).catch(() => (file += "?"));

/**
 * Gives out links that look like a WebSocket: each call makes one, of what `open` opens where this tab leads (a socket at
 * first, whatever the session has learnt of links through others). `name` is the same in all tabs that share a conversation.
 * The window hears "ready" when there is a link to be had, "nudge" when it is worth a try for another tab, "left" when another tab
 * has gone, which may have left something in the storage, and the code with which the app's link has ended.
 */
export const links = (name, url, protocol) => {
  /** `held.link` is what `held.own`, the app's link, is made of; what comes before the app waits in `held.heard`. */
  const tab = { me: Math.random().toString(36).slice(2), held: {} };
  let fresh = true;
  let asking, over, settle, settled, waking;

  tab.post = (message) => tab.channel?.postMessage(message);
  tab.say = (what) => dispatchEvent(new Event(what));
  tab.give = (event) => {
    const { own, heard } = tab.held;
    own ? own["on" + event.type]?.(event) : heard?.push(event);
    if (event.code) tab.say(event.code);
  };
  tab.end = () => {
    const { link, own } = tab.held;
    tab.hub?.ended();
    tab.held = {};
    link?.close();
    own?.onclose?.(ENDED);
  };

  const say = (text) => {
    const { held, hub } = tab;
    if (hub) return hub.said("", text);
    if (text.includes('"type":"hello"')) held.asked++;
    held.link?.send(text);
  };
  const lead = (link) => {
    const held = (tab.held = { link, heard: [], asked: 0 });
    link.onopen = link.onmessage = link.onclose = (event) => {
      if (tab.held !== held) return;
      held.up = event.type !== "close";
      held.code = event.code;
      if (event.data?.includes('"type":"welcome"')) held.asked--;
      (tab.hub?.heard ?? tab.give)(event);
      if (event.type !== "open") return;
      tab.post({ here: tab.me });
      if (!held.own) say((held.greeted = HELLO));
    };
  };
  const own = (own) => {
    const { held } = tab;
    held.own = own;
    own.send = (text) => {
      if (text !== held.greeted) say(text);
      held.greeted = 0;
    };
    own.close = () => tab.held === held && tab.end();
    held.heard.splice(0).forEach(tab.give);
  };

  // ---- who leads ----

  tab.settle = (leads) => {
    asking = clearTimeout(asking);
    if (tab.leads === leads || tab.out) return;
    // What went through another tab goes on here, or the other way round.
    tab.end();
    tab.leads = tab.anew = leads;
    if (leads) tab.post({ here: tab.me });
    if (leads && fresh) lead(new WebSocket(url, protocol));
    fresh = false;
    settle();
    tab.say("ready");
  };
  tab.ask = () => {
    tab.asks = true;
    tab.post({ ask: tab.me });
    asking = setTimeout(tab.settle, ANSWER_MS, true);
  };
  const request = async (options, { signal } = over) =>
    navigator.locks.request(name, options, (lock) => {
      // It has gone in the meantime, and may be back with another request.
      if (signal.aborted) return;
      tab.settle(!!lock);
      // Held until this tab goes; whoever has not got it stands in line.
      if (lock) return tab.out || new Promise((done) => (signal.onabort = done));
      request({ signal }).catch(() => {});
    });
  const hear = ({ data }) => {
    if (tab.leads && data.ask) tab.post({ here: tab.me });
    // Of two that ask, the lesser name goes first.
    else if (asking && (data.here || data.ask < tab.me)) tab.settle(false);
    tabs().then(({ hear }) => hear(tab, data));
  };

  const unsettle = () => (settled = new Promise((done) => (settle = done)));
  const arrive = () => {
    if (tab.channel) return;
    tab.channel = new BroadcastChannel(name);
    tab.channel.onmessage = hear;
    over = new AbortController();
    if (!tab.out) request({ ifAvailable: true }).catch(tab.ask);
  };
  const wake = () => {
    clearTimeout(waking);
    waking = setTimeout(arrive, HEARD_MS);
  };
  const release = () => {
    tab.post({ left: tab.me, led: tab.leads });
    over.abort();
    tab.leads = tab.asks = undefined;
    tab.end();
  };
  /** Nobody here has a use for a link any more: another tab leads. */
  tab.quit = () => {
    tab.out = true;
    release();
  };
  /** Away, to sleep, or into the back/forward cache, which takes no page with a socket or a lock. */
  const leave = () => {
    clearTimeout(waking);
    // One follows upon the other.
    if (!tab.channel) return;
    unsettle();
    asking = clearTimeout(asking);
    release();
    tab.channel = tab.channel.close();
  };
  unsettle();
  arrive();
  addEventListener("quit", tab.quit);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", wake);
  document.addEventListener("freeze", leave);
  document.addEventListener("resume", wake);

  return (open) => {
    const link = { send() {}, close: () => (link.over = true) };
    const make = async () => {
      await settled;
      await window.turn;
      // It may have slept meanwhile.
      await settled;
      const { follow } = tab.leads || (await tabs());
      if (link.over) return;
      if (!tab.leads) return follow(tab, link, open);
      if (!tab.held.link || tab.held.own) lead(open(tab.anew));
      tab.anew = false;
      own(link);
    };
    make().catch(() => link.onclose?.({ type: "close", code: 1006 }));
    return link;
  };
};
