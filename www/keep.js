// What the chat's frame keeps on this page where the browser denies it storage of its own; fetched only there. Texts come
// sealed (`frame/sealed.js`): nothing here can read them.

// A fifth of what browsers allow a page at least: the rest is the page's own.
const MOST_CHARACTERS = 1e6;

/** `port` asks `[number, what, …]` and is answered `[number, result]`, without a result where it failed. */
export const keep = (port, prefix) => {
  const kept = () => Object.entries(localStorage).filter(([name]) => name.startsWith(prefix));
  const does = {
    load: () => kept().map(([name, text]) => [name.slice(prefix.length), text]),
    save(entries) {
      const others = kept().filter(([name]) => !entries.some(([id]) => name === prefix + id));
      const texts = [...others, ...entries].map(([, text]) => text);
      if (texts.join("").length > MOST_CHARACTERS) throw Error("full");
      for (const [id, text] of entries) localStorage.setItem(prefix + id, text);
      return 1;
    },
    erase(id) {
      localStorage.removeItem(prefix + id);
      return 1;
    },
    /** What is being written in this tab: nothing asks for it, an empty text is none. */
    draft(text) {
      const name = prefix + "draft";
      if (text) sessionStorage.setItem(name, text);
      else if (text === "") sessionStorage.removeItem(name);
      return sessionStorage.getItem(name) ?? "";
    },
    clear() {
      for (const [name] of kept()) localStorage.removeItem(name);
      return 1;
    },
  };
  port.onmessage = ({ data: [number, what, rest] }) => {
    let result;
    try {
      result = does[what](rest);
    } catch {
      // Full, or denied to this page as well: the chat says so.
    }
    port.postMessage([number, result]);
  };
};
