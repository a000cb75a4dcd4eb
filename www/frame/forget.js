// A conversation is forgotten, at its visitor's wish: at the edge, which tells the origin, and then in this browser.

/** `who`: the visitor, where the page says who that is. Throws where the edge does not do it. */
export const forget = async (site, who) => {
  const token = window.visitor?.token;
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`/v1/sites/${site}/conversation`, { method: "DELETE", headers });
  if (!answer.ok) throw answer;
  await who?.free().catch(() => {});
  const { texts, act, erase, name } = window.kept;
  const all = async (ids) => Promise.all([...ids].map(erase));
  // Also what other tabs have written since this page began.
  const others = async () => all((await act("load")).map(([id]) => id));
  const cookies = [...document.cookie.matchAll(RegExp(name + ":([^=]+)=", "g"))].map(([, id]) => id);
  // What hangs is not waited for.
  const moment = new Promise((done) => setTimeout(done, 2e3));
  await Promise.race([moment, Promise.all([all(texts.keys()), all(cookies), others().catch(() => {})])]);
  // What the page outside keeps is sealed with it, also what others have who are known.
  for (const name of token ? [] : ["key", "contact", "quiet", "notify"]) {
    document.cookie = `seawall_${name}=; Path=${location.pathname}; Max-Age=0; Secure; SameSite=None; Partitioned`;
  }
};
