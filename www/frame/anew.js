// A fresh document in place of this one, with what is written: the chat is broken, or the page outside wants another one.
// The frame's name, which nobody else can read, outlives the document and carries what is written, with what is in the
// outbox: it may be kept nowhere else.

/** How the frame's name begins when it carries something. */
const CARRIED = "seawall ";
const MOST_RESTARTS = 3;
// What holds for so long may break anew.
const HOLDS_MS = 6e4;

// Between two looks whether a document can be had.
const AGAIN_MS = 3e4;
const PATIENCE_MS = 1e4;

let restarts = 0;
/** What the fresh document will be, while it cannot be had. */
let next;
// Whose texts were carried here, where that is somebody known.
let person;

/** What the document before this one has left: what was sent is drawn, or sent; what is written is in its field again. */
export const resume = ({ find, early, draw }) => {
  const name = window.name;
  window.name = "";
  if (!name.startsWith(CARRIED)) return;
  const carried = JSON.parse(name.slice(CARRIED.length));
  restarts = carried.restarts;
  setTimeout(() => (restarts = 0), HOLDS_MS);
  const area = find("textarea");
  if (carried.text && !area.value) {
    area.value = carried.text;
    area.setSelectionRange(...carried.caret);
  }
  for (const [id, text] of carried.outbox) window.kept.save(id, text);
  for (const [id, text] of carried.drawn) draw(text, id);
  carried.sent.forEach((text) => early(text));
  return (person = carried.person);
};

/** What is written would be lost with a document that the edge cannot give. */
const canBeHad = async () => {
  try {
    const asked = { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) };
    return (await fetch("/seawall.js", asked)).ok;
  } catch {}
};

/**
 * A fresh document, as soon as it can be had; `search` is its query. `alone`: with what is being written, and nothing that the
 * app has sent.
 */
export const carryOn = async (here, search = next?.search, alone = next?.alone) => {
  const waits = next;
  next = { search, alone };
  if (waits) return;
  while (!(await canBeHad())) await new Promise((done) => setTimeout(done, Math.random() * AGAIN_MS));
  ({ search, alone } = next);
  const { find, app, sent, leave } = here();
  const { texts, erase } = window.kept;
  const area = find("textarea");
  // Sent before there was an app to take it: each has its row. For somebody else's conversation they are new.
  const rows = app ? [] : [...document.querySelectorAll("[data-id]")];
  const drawn = rows.map((row) => [row.dataset.id, row.querySelector(".text").textContent]);
  if (alone) for (const [id] of drawn) erase(id);
  const kept = {
    restarts,
    text: area?.value,
    caret: [area?.selectionStart, area?.selectionEnd],
    drawn: alone ? [] : drawn.filter(([id]) => texts.has(id)),
    sent: alone ? drawn.map(([, text]) => text) : app ? [] : (sent ?? []),
    outbox: alone ? [] : [...texts],
    person: alone ? undefined : (window.visitor?.conversation ?? person),
  };
  window.name = CARRIED + JSON.stringify(kept);
  leave({}, search);
};

/** The app is broken: begins anew by itself, or asks where that has been of no use. */
export const restart = (here) => {
  const { find, word, say } = here();
  // Another tab has the link until then.
  dispatchEvent(new Event("quit"));
  const anew = () => {
    restarts += 1;
    say("waiting", word("{{word:page-loading}}", "{{english:page-loading}}"));
    carryOn(here);
  };
  if (restarts < MOST_RESTARTS) return anew();
  const broken = word("{{word:page-broken}}", "{{english:page-broken}}");
  say("stopped", broken + " ");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = word("{{word:page-start-again}}", "{{english:page-start-again}}");
  button.onclick = () => {
    restarts = 0;
    anew();
  };
  find(".banner .line")?.append(button);
};
