// What outlives the page: texts by their ids, in IndexedDB or, where the frame is denied that, sealed on the page outside
// (`sealed.js`). Both may be full, blocked or emptied under us: nothing here throws. What is not kept is told, stays in
// memory, and is tried again when something can be kept. Console and chat are drawn by an app that comes later: what is
// written before it is kept already.

const MOMENT_MS = 1000;
// A browser keeps some 10,000 characters of a frame's cookies, and whose conversation it is is one of them.
const MOST_IN_COOKIES = 4000;
const LIFE_S = 180 * 86400;

const database = (name, lost) =>
  new Promise((done, failed) => {
    const asked = indexedDB.open(name, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("outbox");
    asked.onerror = failed;
    asked.onsuccess = () => {
      const database = asked.result;
      // Whoever deletes or changes it would wait for us for ever.
      database.onversionchange = database.onclose = () => {
        database.close();
        lost();
      };
      const act = (ask) =>
        new Promise((kept, failed) => {
          const change = database.transaction("outbox", "readwrite", { durability: "strict" });
          const answers = ask(change.objectStore("outbox"));
          // Without waiting for the answers: this document may be gone by then, and with it what it has not asked for.
          change.commit();
          change.oncomplete = () => kept(answers);
          change.onabort = failed;
        });
      done({
        load: async () => {
          const [ids, texts] = await act((outbox) => [outbox.getAllKeys(), outbox.getAll()]);
          return ids.result.map((id, at) => [id, texts.result[at]]);
        },
        save: (entries) => act((outbox) => entries.map(([id, text]) => outbox.put(text, id))),
        erase: (id) => act((outbox) => outbox.delete(id)),
      });
    };
  });

/** Nothing is stored before `allow` has given it a name. */
export const store = () => {
  // All that is to be kept. Should the chat break, the frame's script hands it to the next one.
  const texts = new Map();
  // Not in its place; what a cookie holds is not at risk.
  const unkept = new Set();
  let opened;
  let keeps = () => {};
  let heard = keeps;

  // ---- a frame's cookies ----

  // Before a place for texts is open, and its key and the page outside are there, the page may be gone: a cookie is there at
  // once. (A page of its own waits for nothing but the opening.)
  let proven = parent === window;
  const isJarred = (id) => document.cookie.includes(`${kept.name}:${id}=`);
  /** Without a text it is taken out again. */
  const jar = (id, text = "") => {
    const pair = `${kept.name}:${id}=${encodeURIComponent(text)}`;
    if (text ? document.cookie.length + pair.length > MOST_IN_COOKIES : !isJarred(id)) return;
    document.cookie = `${pair}; Path=${location.pathname}; Max-Age=${text ? LIFE_S : 0}; Secure; SameSite=None; Partitioned`;
  };

  // ---- the place ----

  const lost = () => {
    opened = 0;
    keep([...texts]);
  };

  /** Does something in the place where texts are kept, which is opened once, and again after it was lost. */
  const act = async (verb, what) => {
    const { name } = kept;
    if (!name) throw 0;
    const { dataset } = document.body;
    // Under a new name: a browser remembers a module that came broken, and older ones also one that did not come.
    const sealed = () => import(dataset.sealed).catch(() => (dataset.sealed += "?"));
    opened ||= database(name, lost).then(
      (place) => {
        // From when the frame was denied it.
        if (document.cookie.includes("seawall_key=")) sealed().then(({ move }) => move(name, place, bring), () => {});
        return place;
      },
      async () => (await sealed()).seal(name),
    );
    let place;
    try {
      place = await opened;
    } finally {
      place || (opened = 0);
    }
    return place[verb](what);
  };

  const tell = (ids, mark) => {
    for (const [id] of ids) {
      if (mark && texts.has(id)) unkept.add(id);
      else {
        unkept.delete(id);
        jar(id);
      }
    }
    keeps([...unkept].every(isJarred), !!kept.name);
  };

  const keep = async (entries) => {
    if (!entries[0]) return;
    if (!proven && kept.name) for (const [id, text] of entries) jar(id, text);
    // What hangs is not kept either, and what waits for a first answer is not yet.
    const late = setTimeout(tell, proven ? MOMENT_MS : 0, entries, 1);
    try {
      await act("save", entries);
      proven = true;
      tell(entries);
      keep([...unkept].map((id) => [id, texts.get(id)]));
    } catch {
      tell(entries, 1);
    }
    clearTimeout(late);
  };

  const bring = (entries) => {
    for (const [id, text] of entries) texts.set(id, text);
    heard(entries.map(([, text]) => text));
  };
  const read = () => act("load").then(bring, () => {});

  const kept = {
    texts,
    act,

    /** Texts are kept under this name from now on, also those of before; resolves when what earlier pages left is read. */
    allow(name) {
      if (kept.name !== name) opened = 0;
      kept.name = name;
      try {
        const found = document.cookie.matchAll(RegExp(name + ":([^=]+)=([^;]+)", "g"));
        bring([...found].map(([, id, text]) => [id, decodeURIComponent(text)]));
      } catch {
        // Not ours.
      }
      keep([...texts]);
      // Another tab has gone, and nobody else may be there to send what it kept.
      addEventListener("left", read);
      return read();
    },

    /** From now on nothing is stored. */
    deny() {
      kept.name = opened = 0;
      tell([...texts], 1);
    },

    /** Tells whether everything is kept and may be, and every text, soon or late: what is there, and what is found. */
    load(keeping, loaded) {
      keeps = keeping;
      heard = loaded;
      tell([]);
      // Not before this call has returned, and before anything else is written.
      queueMicrotask(() => heard([...texts.values()]));
    },

    save(id, text) {
      texts.set(id, text);
      keep([[id, text]]);
    },

    erase(id) {
      texts.delete(id);
      tell([[id]]);
      // Where it fails, the next page sends it again, and it is recognised.
      return act("erase", id).catch(() => {});
    },

    /** Whoever listened is gone. */
    forget() {
      heard = keeps = () => {};
    },
  };
  return kept;
};
