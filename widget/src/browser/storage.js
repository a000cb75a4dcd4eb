// What outlives the page: one IndexedDB store of texts. A frame in a foreign page may be denied all storage, and a
// disk may be full: nothing here throws, `denied` is told instead.

export class Store {
  constructor(name, denied) {
    this.denied = denied;
    this.opened = new Promise((done, failed) => {
      const asked = indexedDB.open(name, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("outbox");
      asked.onsuccess = () => done(asked.result);
      asked.onerror = asked.onblocked = failed;
    });
    this.opened.catch(() => this.denied());
  }

  /** Every text, or none after a second: a chat does not wait for a disk. */
  load(loaded) {
    this.loaded = loaded;
    let waiting = true;
    const answer = (texts) => {
      if (waiting || texts.length) this.loaded(texts);
      waiting = false;
    };
    setTimeout(answer, 1000, []);
    this.act("readonly", (outbox) => outbox.getAll(), answer, () => answer([]));
  }

  save(id, text) {
    this.act("readwrite", (outbox) => outbox.put(text, id));
  }

  erase(id) {
    this.act("readwrite", (outbox) => outbox.delete(id));
  }

  /** Whoever listened is gone. */
  forget() {
    this.loaded = this.denied = () => {};
  }

  async act(mode, ask, done, failed) {
    try {
      const change = (await this.opened).transaction("outbox", mode, { durability: "strict" });
      const asked = ask(change.objectStore("outbox"));
      await new Promise((kept, lost) => {
        change.oncomplete = kept;
        change.onabort = lost;
      });
      done?.(asked.result);
    } catch {
      this.denied();
      failed?.();
    }
  }
}
