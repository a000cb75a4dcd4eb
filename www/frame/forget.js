// A conversation is forgotten, at its visitor's wish: at the edge, which tells the origin, and then in this browser.

/** `who`: the visitor, where the page says who that is. Throws where the edge does not do it. */
export const forget = async (site, who) => {
  const token = window.visitor?.token;
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`/v1/sites/${site}/conversation`, { method: "DELETE", headers });
  if (!answer.ok) throw answer;
  await who?.free().catch(() => {});
  const { texts, erase } = window.kept;
  // What hangs is not waited for.
  const moment = new Promise((done) => setTimeout(done, 2e3));
  await Promise.race([moment, Promise.all([...texts.keys()].map(erase))]);
  // What the page outside keeps is sealed with it, also what others have who are known.
  for (const name of token ? [] : ["key", "contact", "quiet", "notify"]) {
    document.cookie = `seawall_${name}=; Path=${location.pathname}; Max-Age=0; Secure; SameSite=None; Partitioned`;
  }
};
