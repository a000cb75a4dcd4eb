// The second file on the customer's page, fetched with the chat's frame or at the first call that needs it: speaks with that
// frame, and is the API behind `Seawall(method, …)`; of its calls, those that few pages make are in `visit.js`. The two talk
// through a MessageChannel whose other end is handed to the edge's origin alone, which before that is told only whether it is shown:
// nothing here listens to the page's own messages, and nothing is posted to `*`.

const EVENTS = ["ready", "open", "close", "unread", "message", "sent", "delivered", "health", "error"];
// What the launcher needs only once the chat is there.
const STYLE = `b{position:absolute;top:0;right:0;min-width:20px;border-radius:20px;background:#c62828;color:#fff;font:13px/20px system-ui}
@media(prefers-reduced-motion:no-preference){div{transition:.2s}}`;
// A browser's own error page never answers.
const SILENT_MS = 2e3;
const AGAIN_MS = 3e4;
const MOST_AGAIN = 4;
// So often a chat that is coming is told whether it is shown.
const HURRY_MS = 50;
const MOST_CHARACTERS = 4000;
// Said while there is no frame that could take it.
const MOST_WAITING = 100;

// What the frame tells by its code alone.
const MESSAGES = {
  "outbox-full": "500 messages wait already; they must be sent first",
  "not-forgotten": "the edge could not be reached or would not; try again",
  restarted: "something in the chat broke; it has begun anew with what was written",
};

/** Called by the loader once; what it hands over is the same in every version. */
export const start = (script, calls, panel, button, toggle, begin) => {
  const data = script.dataset;
  const root = panel.getRootNode();
  const shell = root.host;
  const handlers = new Map(EVENTS.map((event) => [event, new Set()]));
  // What a handler that comes late still wants to know.
  const last = { ready: {} };
  const waiting = [];
  const wait = calls.push.bind(calls);
  // The last document's, once it has answered.
  let port;
  let current;
  // What is called meanwhile waits for `visit.js`.
  let bringing;
  let visiting;
  // Hears what concerns `visit.js`; until that is here, what has been taken back in another tab.
  let missed;
  let later = (message) => {
    if (message.withdrawn === undefined) return;
    missed = message;
    bring();
  };
  // Nobody knows yet for whom texts are.
  let held = false;
  // What every document of the frame is told first.
  const hello = {};
  let badge;
  // What opens and closes the chat, in its language.
  let opens, closes;
  let gone = false;

  const isOpen = () => panel.className === "true";
  const flag = () => "seawall-" + data.site;
  /** Says that something may be stored at the chat's host, which only the frame can erase. No site's flag has such a name. */
  const mark = () => "seawall:" + data.site;
  const setMark = () => {
    try {
      localStorage[mark()] = 1;
    } catch {}
  };

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets.push(sheet);

  // Some people click twice wherever they click.
  button.onclick = ({ detail }) => detail > 1 || toggle();

  // What few pages or few people need is fetched; without it all else works. Over a line that broke a file once came without its end; a
  // browser remembers a module that came broken, and older ones also one that did not come: it is asked for under a new name.
  const source = (file) => {
    let failed = 0;
    const load = (use, left = MOST_AGAIN) =>
      file(failed)
        .then(use)
        .catch(async (error) => {
          failed++;
          if (!left) return console.warn("Seawall:", error);
          await new Promise((done) => setTimeout(done, Math.random() * AGAIN_MS));
          return load(use, left - 1);
        });
    return load;
  };
  const withVisit = source((failed) => import("{{asset:visit.js}}?" + failed));
  const withKeep = source((failed) => import("{{asset:keep.js}}?" + failed));
  const withApart = source((failed) => import("{{asset:apart.js}}?" + failed));

  const apart = (what, ...rest) => withApart((apart) => apart[what](...rest));
  const dress = () => apart("dress", data, panel, button);
  if (data.label || data.round) dress();
  const fit = () => matchMedia("(max-width:480px)").matches && apart("phone", panel, tell, hello);

  /** What the frame has to know of the page: its color may be in the page's own style. */
  const looks = () => ({
    shown: isOpen(),
    color: data.color ? getComputedStyle(button).color : getComputedStyle(shell).getPropertyValue("--seawall-color"),
  });

  const name = () => {
    const name = isOpen() ? data.closeLabel || closes : !data.label && opens;
    if (name) button.ariaLabel = name;
  };

  // ---- events ----

  const call = (handler, detail) => {
    try {
      handler(detail);
    } catch (error) {
      // Theirs, and told as theirs; nothing of ours stops.
      reportError(error);
    }
  };

  const emit = (event, detail = {}) => {
    if (event in last || event === "health" || event === "unread") last[event] = detail;
    handlers.get(event)?.forEach((handler) => call(handler, detail));
  };

  const fail = (code, message) => {
    console.warn(`Seawall: ${message} (${code})`);
    emit("error", { code, message });
  };

  // ---- the frame ----

  const post = (message) => {
    if (port && !held) return port.postMessage(message);
    if (waiting.length === MOST_WAITING) return fail("too-many-waiting", "the chat is not there yet; call again after `ready`");
    waiting.push(message);
    begin();
  };

  /** Where there is no frame yet, it is told at its begin. What is said until it has answered is heard after that. */
  const tell = (message) => {
    current?.postMessage(message);
    return !!port;
  };

  const drop = () => (port = current = undefined);

  const hold = (now) => {
    held = now;
    if (port && !held) for (const message of waiting.splice(0)) port.postMessage(message);
  };

  // What we have put before the page's title, which is the page's: only where its owner wants it, and taken away again.
  let before = "";
  const entitle = (unread) => {
    const { title } = document;
    const own = title.startsWith(before) ? title.slice(before.length) : title;
    before = unread && "titleBadge" in data ? `(${unread}) ` : "";
    if (before + own !== title) document.title = before + own;
  };

  const draw = (unread) => {
    entitle(unread);
    if (unread) {
      badge ??= button.appendChild(document.createElement("b"));
      badge.textContent = unread > 99 ? "99+" : unread;
    } else badge = badge?.remove();
    if (unread !== (last.unread?.count ?? 0)) emit("unread", { count: unread });
  };

  const heard = (message) => {
    const { unread, chatting, call, event, detail, forgotten } = message;
    ({ opens, closes } = message);
    name();
    if (unread !== undefined) draw(unread);
    if (call === "close" && isOpen()) toggle();
    if (event === "error") fail(detail.code, MESSAGES[detail.code]);
    else if (event) emit(event, detail);
    // Its document ends; what is said until the next one is there waits.
    if (call === "leave") drop();
    later(message);
    // It says so where it stores nothing.
    if (chatting !== 0) setMark();
    try {
      // With what `keep.js` has kept.
      if (forgotten) {
        for (const place of [localStorage, sessionStorage]) for (const name in place) if (name === flag() || name.startsWith(forgotten + ":")) delete place[name];
      } else if (chatting) localStorage[flag()] = 1;
    } catch {
      // The chat works; on the next page it waits for a click.
    }
  };

  const connect = (frame) => {
    const channel = new MessageChannel();
    current = channel.port1;
    const silent = setTimeout(() => {
      if (!frame.isConnected) return;
      port = undefined;
      panel.textContent = "Chat cannot be reached yet...";
      emit("health", { link: "connecting", truth: "unreachable" });
      setTimeout(() => gone || !data.site || begin(), Math.random() * AGAIN_MS);
    }, SILENT_MS);
    channel.port1.onmessage = ({ data: message, ports }) => {
      // One whose time is over may still have something to say.
      if (current !== channel.port1) return;
      clearTimeout(silent);
      // A frame that is denied storage has its outbox here, sealed.
      // What is asked meanwhile waits at the port; who asks waits for a minute, and asks again with the next message.
      if (message.keep) return withKeep(({ keep }) => keep(ports[0], message.keep + ":"));
      if (port !== channel.port1) {
        port = channel.port1;
        hold(held);
      }
      heard(message);
      if (message.notify) apart("notify", message.notify, ports[0], root, data.site, methods.open);
    };
    frame.contentWindow.postMessage({ theme: data.theme, ...looks(), ...hello }, frame.src, [channel.port2]);
  };

  /** The cursor need not wait for all of the document, which cannot be seen from here any more once it is the edge's. */
  const hurry = (frame) => {
    if (frame.title || !frame.isConnected) return;
    try {
      frame.contentWindow.document;
    } catch {
      frame.contentWindow.postMessage({ shown: isOpen() }, frame.src);
    }
    setTimeout(() => hurry(frame), HURRY_MS);
  };

  const watch = () => {
    const frame = panel.querySelector("iframe");
    if (!frame || frame.watched) return;
    frame.watched = true;
    drop();
    // Its document comes with a cookie.
    if ((data.consent ?? "given") === "given") setMark();
    frame.addEventListener("load", () => connect(frame));
    // The loader gives it a title when it has loaded.
    if (frame.title) connect(frame);
    hurry(frame);
  };

  let wasOpen = false;
  const look = () => {
    watch();
    const now = isOpen();
    if (now === wasOpen) return;
    wasOpen = now;
    name();
    if (now) fit();
    tell(looks());
    emit(now ? "open" : "close");
  };
  const observer = new MutationObserver(look);
  observer.observe(panel, { childList: true, attributes: true, attributeFilter: ["class"] });

  // ---- the API ----

  const text = (method, value) => {
    if (typeof value === "string" && value.trim()) return value;
    fail("no-text", `"${method}" wants a text`);
  };

  const ofEvent = (event) => handlers.get(event) ?? fail("unknown-event", `there is no event "${event}", only ${EVENTS.join(", ")}`);

  const methods = {
    open() {
      if (!isOpen()) toggle();
    },
    close() {
      if (isOpen()) toggle();
    },
    toggle,
    show() {
      button.style.removeProperty("display");
    },
    hide() {
      methods.close();
      button.style.setProperty("display", "none");
    },
    send(value) {
      if (!(value = text("send", value))) return;
      const over = [...value.trim()].length - MOST_CHARACTERS;
      if (over > 0) return fail("text-too-long", `${over} characters too many, of ${MOST_CHARACTERS}`);
      post({ send: value });
    },
    prefill(value) {
      if ((value = text("prefill", value))) post({ prefill: value });
    },
    forget() {
      post({ forget: true });
    },
    on(event, handler) {
      const all = ofEvent(event);
      if (!all) return;
      if (typeof handler !== "function") return fail("no-function", `"on" wants a function`);
      all.add(handler);
      if (last[event]) call(handler, last[event]);
    },
    off(event, handler) {
      const all = ofEvent(event);
      handler ? all?.delete(handler) : all?.clear();
    },
    /** The page is as it was before; the script may be put in again. */
    destroy() {
      gone = true;
      entitle(0);
      observer.disconnect();
      shell.remove();
      delete window.Seawall;
    },
  };

  const perform = (call) => {
    if (gone) return;
    // In order: it waits where others wait. Who listens need not.
    if (bringing && !/^o(n|ff)$/.test(call[0])) return calls.length < MOST_WAITING ? wait(call) : fail("too-many-waiting", "call again after `ready`");
    const [method, ...rest] = call;
    if (Object.hasOwn(methods, method)) return methods[method](...rest);
    if (methods.boot) return fail("unknown-method", `there is no "${method}", only ${Object.keys(methods).join(", ")}`);
    wait(call);
    bringing = bring();
  };

  const bring = () =>
    (visiting ??= withVisit(({ visit }) => {
      const { calls: more, heard } = visit({ data, shell, panel, button, waiting, begin, emit, fail, methods, flag, mark, setMark, tell, draw, drop, hold, hello, dress, looks, name });
      Object.assign(methods, more);
      later = heard;
      missed && heard(missed);
    }, Infinity).then(() => {
      bringing = false;
      calls.splice(0).forEach(perform);
    }));

  calls.push = perform;
  if (!data.site) bringing = bring();
  calls.splice(0).forEach(perform);
  // It may be open already, and whoever listens hears of that.
  look();
};
