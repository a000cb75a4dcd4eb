// Whom the page says its visitor is (`Seawall("identify", …)`). What is said stays in this page: the next one says it again.
// From the moment at which the page names somebody, nobody else's chat is shown, and nothing is sent, before it is clear who
// that is.

const PATIENCE_MS = 3e4;
const AGAIN_MS = 3e4;

const MESSAGES = {
  "no-token": "there is no token: give { token } or a function that brings one from your server",
  "identity-expired": "the token has expired: a function would be asked for a new one",
  "identity-refused": "the edge does not take the token: see docs/site-owner.md for what it must say, and who must sign it",
  "identity-off": "this site has no identity secret",
};

/** Who somebody is, in the token's own words: whether they are right is for the edge to say. */
const subject = (token) => {
  try {
    const [, claims] = token.split(".");
    const bytes = Uint8Array.from(atob(claims.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)).sub;
  } catch {}
};

const within = (promise) => Promise.race([promise, new Promise((_, late) => setTimeout(late, PATIENCE_MS))]);

export const person = (host, { frame, afresh, move }) => {
  const { data, panel, hello, hold, tell, fail, waiting } = host;
  // Who is known, how a token is asked for, and the last one.
  let known;
  // The page's function, which goes by who is logged in: it outlives the person, and the lack of one.
  let asks;
  // Of two that are asked for, the later one counts.
  let turn = 0;
  let renewedAt = 0;
  // Said for the person who is known, while another may be coming.
  let theirs = [];
  // What had the focus when it was covered.
  let focused;

  const cover = (covered) => {
    if (covered) focused ||= panel.querySelector(":focus");
    panel.inert = covered;
    // It opens softly, and would go as softly, with the former one's chat in it.
    panel.style.transition = covered ? "none" : "";
    panel.style.visibility = covered ? "hidden" : "";
    if (covered) return;
    // Who has turned to something else meanwhile stays there.
    if (document.activeElement === document.body) focused?.focus();
    focused = null;
  };

  const bring = async (ask) => {
    try {
      const token = await within(ask());
      if (typeof token === "string" && token) return token;
    } catch (error) {
      // Theirs, and told as theirs.
      if (error) reportError(error);
    }
  };

  /** Whether what stands there waits for a person, or is one's. */
  const isOfPerson = (frame) => frame.known ?? frame.src.includes("identified=");

  const forget = () => {
    turn++;
    known = asks = undefined;
    theirs = [];
    delete hello.identity;
    delete data.identified;
    cover(false);
  };

  /** An anonymous visitor again. Of what somebody wrote who was known nothing goes along. */
  const nobody = (code, wasKnown) => {
    const still = asks;
    forget();
    asks = still;
    fail(code, MESSAGES[code] ?? "the edge does not take the token");
    if (frame() && isOfPerson(frame())) wasKnown ? afresh() : move();
    hold(false);
  };

  const identify = async (given, kept) => {
    const fixed = given?.token;
    const ask = typeof given === "function" ? given : typeof fixed === "string" ? () => fixed : undefined;
    if (!ask) return fail("no-token", MESSAGES["no-token"]);
    asks = typeof given === "function" && given;
    const now = ++turn;
    const former = known;
    const isFormer = (sub) => former && sub !== undefined && former.sub === sub;
    hold(true);
    // What was for the former person must not reach another.
    if (former) theirs.push(...waiting.splice(0));
    if (former && !isFormer(subject(fixed))) {
      cover(true);
      // Behind it nothing counts as seen, and soon there is no link; at once on a page that the browser has kept.
      tell({ covered: true, soon: !kept });
    }
    data.identified = "";
    const token = await bring(ask);
    if (now !== turn) return;
    if (!token) return nobody("no-token", !!former);
    const sub = subject(token);
    const same = isFormer(sub);
    known = { sub, ask, token, fixed };
    hello.identity = token;
    if (same) waiting.unshift(...theirs);
    theirs = [];
    if (former && !same) afresh();
    // Who was nobody goes on writing what is begun.
    else if (frame() && !isOfPerson(frame())) move(true);
    else tell({ identity: token, covered: false });
    cover(false);
    hold(false);
  };

  /** The token's time is over, or nearly so. */
  const renew = async () => {
    const { ask, token, sub, fixed } = known;
    const now = turn;
    renewedAt = Date.now();
    const next = fixed ? token : await bring(ask);
    if (now !== turn) return;
    if (next && subject(next) !== sub) return identify(ask);
    if (next && next !== token) {
      known.token = hello.identity = next;
      return tell({ identity: next });
    }
    const code = next ? "identity-expired" : "no-token";
    fail(code, MESSAGES[code]);
    // Their server may be away for a while; meanwhile the chat goes on for as long as it may.
    if (!fixed) setTimeout(() => now === turn && renew(), AGAIN_MS);
  };

  const heard = ({ ask, refused, known: wasKnown }) => {
    if (!known) return;
    const again = refused === "identity-expired" && !known.fixed && Date.now() - renewedAt > AGAIN_MS;
    if (ask || again) renew();
    else if (refused) nobody(refused, wasKnown);
  };

  // Kept by the browser and shown again: who sits there now may be somebody else, or somebody at last.
  addEventListener("pagehide", () => known && asks && cover(true));
  addEventListener("pageshow", ({ persisted }) => persisted && asks && identify(asks, true));

  return { identify, forget, heard };
};
