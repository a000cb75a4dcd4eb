// The visitor agrees that something is stored, or does so no longer (CONSENT-2, CONSENT-3). Fetched when the page outside
// says so. `window.agreed` is the last word.

const AGAIN_MS = 5e3;

/** Makes the document's token a cookie, or the cookie the document's; tried until the edge answers or another word comes. */
const ask = async (site, method, token) => {
  const given = window.agreed;
  while (window.agreed === given) {
    try {
      const answer = await fetch(`/v1/sites/${site}/visitor`, { method, headers: { authorization: "Bearer " + token } });
      if (answer.status < 500) return await answer.json();
    } catch {}
    await new Promise((done) => setTimeout(done, AGAIN_MS * (0.5 + Math.random())));
  }
  return {};
};

/** A document that takes this one's place asks for no cookie without leave. */
const say = (consent) => {
  const query = new URLSearchParams(location.search);
  query.set("consent", consent);
  history.replaceState(null, "", "?" + query);
};

/** `host` is the frame's script. */
export const consent = (given, host) => (given ? give(host) : withdraw(host));

const give = async (host) => {
  const { dataset } = document.body;
  const { token } = dataset;
  window.keeps = undefined;
  if (token) await ask(host.site, "PUT", token);
  // Nobody's texts and a known person's have places of their own.
  await host.settled;
  // They have taken it back meanwhile: the two answers may have overtaken each other.
  if (!window.agreed) return withdraw(host);
  dataset.token = "";
  // From the next link on the cookie says it.
  if (window.visitor?.token === token) delete window.visitor;
  say("given");
  host.keepAll(true);
};

const withdraw = async ({ site, keepAll, tell }) => {
  // Whoever is there: anonymous visitors hear it on their tabs' own channel (`tabs.js`), persons who are known on this one
  // as well (`visitor.js`).
  const tabs = new BroadcastChannel("seawall-" + site);
  if (window.keeps) tabs.postMessage({ withdrawn: true });
  tabs.close();
  keepAll(false);
  say("refused");
  // This visitor's, and those of persons who were known here.
  const ours = RegExp(`^seawall-${site}(-i[0-9a-f]{32})?(:|$)|^seawall_(key|contact|quiet|notify)$`);
  for (const cookie of document.cookie.split("; ")) {
    const [name] = cookie.split("=");
    if (ours.test(name)) document.cookie = `${name}=; Path=${location.pathname}; Max-Age=0; Secure; SameSite=None; Partitioned`;
  }
  try {
    for (const name in sessionStorage) if (ours.test(name)) delete sessionStorage[name];
    for (const { name } of await indexedDB.databases()) if (ours.test(name)) indexedDB.deleteDatabase(name);
  } catch {
    // Where nothing can be kept there is nothing to erase.
  }
  // From now on; done once the cookie has ended.
  tell({ forgotten: "seawall-" + site, withdrawn: false });
  const { token } = await ask(site, "DELETE");
  if (window.agreed) return;
  // The conversation goes on in this document alone.
  if (token) {
    document.body.dataset.token = token;
    window.visitor ??= { token, scope: "-" + window.writer };
  }
  tell({ withdrawn: true });
};
