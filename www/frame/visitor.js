// Who the visitor is, where the page outside says so with a token of its server's (IDENTITY-1). Fetched only then. What is
// learnt lives in this document alone: no cookie and no storage tells the next one, who may be somebody else.

const AGAIN_MS = 1e3;
const AT_MOST_MS = 3e4;
// A new token is asked for when a fifth of the old one's life is left.
const RENEW_AT = 0.8;
const SOONEST_MS = 5e3;
const LOOK_EVERY_MS = 500;
const MOST_LOOKS = 20;
const MOMENT_MS = 1e3;

/** `known` resolves when the edge has said whose conversation it is, `resumed` to the one whose texts were carried here. */
export const visitor = (site, tell, sayLoading, resumed) => {
  const state = (window.visitor = {});
  let shown, covered, asleep, sleeping, newest, timer, done;
  // There is a token that no link has been opened with.
  let fresh;
  const known = new Promise((resolve) => (done = resolve));
  const late = setTimeout(sayLoading, MOMENT_MS);

  const identify = async (token, attempt = 0) => {
    newest = token;
    clearTimeout(timer);
    let status, answer;
    try {
      const asked = { method: "POST", credentials: "omit", body: JSON.stringify({ token }) };
      const response = await fetch(`/v1/sites/${site}/identity`, asked);
      status = response.status;
      answer = await response.json();
    } catch {}
    // A person's texts are here also before the edge has said anything of them to this document.
    const was = state.conversation ?? (await resumed);
    if (newest !== token) return;
    if (answer?.token) return take(answer, was);
    if (answer && status < 500 && status !== 408 && status !== 429) return tell({ refused: answer.code, known: !!was });
    // The edge is away, or busy. Who waits is told so, and may write.
    sayLoading();
    timer = setTimeout(identify, Math.random() * Math.min(AGAIN_MS * 2 ** attempt, AT_MOST_MS), token, attempt + 1);
  };

  const settle = () => covered || !state.token || done();

  const sleep = (now) => {
    if (now !== asleep) document.dispatchEvent(new Event((asleep = now) ? "freeze" : "resume"));
  };

  /**
   * What the page says. Covered: it may be somebody else's turn; until that is clear this tab has no link, as if it slept
   * (IDENTITY-4). `soon`: only where it takes more than a moment, because mostly it is the same person.
   */
  const told = ({ identity, covered: now = covered, soon, ...message }, app) => {
    ({ shown = shown } = message);
    if (identity && identity !== newest) identify(identity);
    if (now === covered) return;
    covered = now;
    app?.show(shown && !covered);
    clearTimeout(sleeping);
    if (covered && soon) sleeping = setTimeout(sleep, MOMENT_MS, true);
    else sleep(covered);
    settle();
  };

  // IDENTITY-3: whoever has a new token needs no pause.
  addEventListener(4441, () => {
    // A timer may stand still while a computer sleeps.
    if (!fresh) return timer && Date.now() > state.until && ask();
    fresh = false;
    dispatchEvent(new Event("ready"));
  });

  /** Once for each token: the page goes on by itself where its server is away. */
  const ask = () => {
    timer = clearTimeout(timer);
    tell({ ask: "token" });
  };

  const take = ({ token, conversation, expires_in_s }, was) => {
    // The page gives another person another frame; should it not, nothing of theirs is shown here.
    if (was && was !== conversation) return tell({ refused: "identity-refused", known: true });
    state.conversation = conversation;
    fresh = state.token;
    state.token = token;
    state.until = Date.now() + expires_in_s * 1e3;
    state.scope = "-" + conversation;
    timer = setTimeout(ask, Math.max(SOONEST_MS, expires_in_s * 1e3 * RENEW_AT));
    clearTimeout(late);
    settle();
    // A link that was refused meanwhile tries again at once.
    dispatchEvent(new Event("ready"));
  };

  /** A forgotten conversation's name is free again once the chat company has been told. */
  const free = async () => {
    const link = `/v1/sites/${site}/link`;
    const asked = { credentials: "omit", headers: { authorization: "Bearer " + state.token } };
    for (let left = MOST_LOOKS; left; left--) {
      const response = await fetch(link, { ...asked, method: "POST", body: '{"type":"hello","protocol":1}' });
      const { link: number, close } = await response.json();
      if (number && !close) return fetch(`${link}?link=${number}`, { ...asked, method: "DELETE" });
      await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    }
  };

  return { told, known, free };
};
