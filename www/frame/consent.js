// The visitor agrees that something is stored, or does so no longer (CONSENT-2, CONSENT-3). Fetched when the page outside
// says so. `window.agreed` is the last word.

const AGAIN_MS = 5e3;
// A tab's whole turn takes less; a word that is older comes to one that was asleep.
const SLEPT_MS = 6e4;
// So soon the tab that is given the token has told it.
const TOLD_MS = 3e3;

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

/** `host` is the frame's script; `heard` is what another tab has said, where the word comes from there. */
export const consent = (host, given, heard) => {
  // Another word has come since.
  if (given !== window.agreed) return;
  // All is as this one wants it; what the page outside has noted goes by it.
  if (given === window.keeps) return host.tell(given ? { agreed: true } : { withdrawn: true });
  return given ? give(host) : withdraw(host, heard);
};

const give = async (host) => {
  const { dataset } = document.body;
  window.keeps = undefined;
  let token;
  // Another tab may be telling just now what takes the cookie's place.
  do {
    ({ token } = dataset);
    if (token) await ask(host.site, "PUT", token);
    // Nobody's texts and a known person's have places of their own.
    await host.settled;
  } while (dataset.token !== token);
  // They have taken it back meanwhile, and that is told: the two answers may have overtaken each other.
  if (!window.agreed) return withdraw(host, {});
  dataset.token = "";
  // From the next link on the cookie says it.
  if (window.visitor?.token === token) delete window.visitor;
  say("given");
  host.keepAll(true);
  // The page outside may have heard of an earlier word since.
  host.tell({ agreed: true });
};

const withdraw = async (host, heard) => {
  const { site, keepAll, tell, taken } = host;
  const { dataset } = document.body;
  /** The conversation goes on in the documents that are open alone. */
  const take = ({ token } = {}) => {
    if (!token || dataset.token) return;
    dataset.token = token;
    window.visitor ??= { token, scope: "-" + window.writer };
    // They have agreed again before this was known, and the cookie has ended.
    if (window.agreed && window.keeps) give(host);
  };
  taken.addEventListener("message", ({ data }) => take(data));
  // Whoever is there, also where this document has kept nothing.
  if (!heard) taken.postMessage({ token: dataset.token, at: Date.now() });
  const { name } = window.kept;
  keepAll(false);
  say("refused");
  // It has slept, and the others have erased what they could: what there is now may be of a later word. A database waits for
  // whoever sleeps with it, and who uses it now writes what it has into another one.
  const slept = heard?.at < Date.now() - SLEPT_MS;
  // This visitor's, and those of persons who were known here.
  const ours = RegExp(`^seawall-${site}(-i[0-9a-f]{32})?(:|$)|^seawall_(key|contact|quiet|notify)$`);
  for (const cookie of slept ? [] : document.cookie.split("; ")) {
    const [name] = cookie.split("=");
    if (ours.test(name)) document.cookie = `${name}=; Path=${location.pathname}; Max-Age=0; Secure; SameSite=None; Partitioned`;
  }
  try {
    for (const name in sessionStorage) if (ours.test(name)) delete sessionStorage[name];
    // What is just being opened is not listed yet.
    for (const own of ["seawall-" + site, name]) if (own) indexedDB.deleteDatabase(own);
    for (const { name } of await indexedDB.databases()) if (ours.test(name)) indexedDB.deleteDatabase(name);
  } catch {
    // Where nothing can be kept there is nothing to erase.
  }
  if (window.agreed) return;
  if (slept) {
    take(heard);
    return tell({ withdrawn: false });
  }
  // From now on; done once the cookie has ended.
  tell({ forgotten: "seawall-" + site, withdrawn: false });
  const answer = await ask(site, "DELETE");
  take(heard);
  take(answer);
  // One tab alone is given it, and tells the others.
  if (answer.token) taken.postMessage(answer);
  else if (!dataset.token) {
    await new Promise((told) => {
      taken.addEventListener("message", told);
      setTimeout(told, TOLD_MS);
    });
  }
  // They may have agreed again meanwhile.
  if (!window.agreed) tell({ withdrawn: true });
};
