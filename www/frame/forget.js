// A conversation is forgotten, at its visitor's wish: at the edge, which tells the origin, and then in this browser.

const forgetInBrowser = (name) =>
  new Promise((done) => {
    const asked = indexedDB.open(name);
    // There is none yet, and it is not for us to make it.
    asked.onupgradeneeded = () => asked.transaction.abort();
    asked.onsuccess = () => {
      const change = asked.result.transaction("outbox", "readwrite");
      change.objectStore("outbox").clear();
      change.oncomplete = change.onabort = done;
    };
    asked.onerror = done;
  });

/** `name`: of what the browser keeps; `who`: the visitor, where the page says who that is. Throws where the edge does not do it. */
export const forget = async (site, name, who) => {
  const token = window.visitor?.token;
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`/v1/sites/${site}/conversation`, { method: "DELETE", headers });
  if (!answer.ok) throw answer;
  await who?.free().catch(() => {});
  // Where nothing can be kept there is nothing to clear.
  await forgetInBrowser(name).catch(() => {});
  // What the page outside keeps is sealed with it, also what others have who are known.
  for (const name of token ? [] : ["key", "contact", "quiet", "notify"]) {
    document.cookie = `seawall_${name}=; Path=${location.pathname}; Max-Age=0; Secure; SameSite=None; Partitioned`;
  }
};
