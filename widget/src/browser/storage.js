// What outlives the page: texts by their ids, in IndexedDB or, where the frame is denied that, sealed on the page outside
// (`www/frame/sealed.js`). Both may be full, blocked or emptied under us: nothing here throws. What is not kept is told,
// stays in memory, and is tried again when something can be kept.

const MOMENT_MS = 1000;

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

/** `keeps` hears whether everything is kept. */
export const store = (name, keeps) => {
  // All that is to be kept. Should the chat break, the frame's script hands it to the next one.
  const texts = (window.outbox ??= new Map());
  const unkept = new Set();
  let opened, heard;

  const lost = () => {
    opened = 0;
    keep([...texts]);
  };

  /** Does something in the place where texts are kept, which is opened once, and again after it was lost. */
  const act = async (verb, what) => {
    opened ||= database(name, lost).catch(async () => (await import(document.body.dataset.sealed)).seal(name));
    let place;
    try {
      place = await opened;
    } finally {
      place || (opened = 0);
    }
    return place[verb](what);
  };

  const tell = (ids, mark) => {
    for (const [id] of ids) mark && texts.has(id) ? unkept.add(id) : unkept.delete(id);
    keeps(!unkept.size);
  };

  const keep = async (entries) => {
    // What hangs is not kept either.
    const late = setTimeout(tell, MOMENT_MS, entries, 1);
    try {
      await act("save", entries);
      tell(entries);
      if (unkept.size) keep([...unkept].map((id) => [id, texts.get(id)]));
    } catch {
      tell(entries, 1);
    }
    clearTimeout(late);
  };

  return {
    /** Every text, soon or late: what the chat before this one has handed over, and what earlier pages have left. */
    load(loaded) {
      heard = loaded;
      const bring = (entries) => {
        for (const [id, text] of entries) texts.set(id, text);
        heard(entries.map(([, text]) => text));
      };
      const carried = [...texts];
      if (carried[0]) keep(carried);
      // Not before this call has returned.
      setTimeout(bring, 0, carried);
      const read = () => act("load").then(bring, () => {});
      // Another tab has gone, and nobody else may be there to send what it kept.
      addEventListener("left", read);
      read();
    },

    save(id, text) {
      texts.set(id, text);
      keep([[id, text]]);
    },

    erase(id) {
      texts.delete(id);
      tell([[id]]);
      // Where it fails, the next page sends it again, and it is recognised.
      act("erase", id).catch(() => {});
    },

    /** Whoever listened is gone. */
    forget() {
      heard = keeps = () => {};
    },
  };
};
