// What comes before the long script (`frame.js`), which takes longer to read and to run than the page takes to be painted: the page
// outside says whether we are shown as soon as this document has loaded, and the field has the cursor as soon as there is something
// to see.

// A page outside that is slow does not hold the chat up.
const WORD_MS = 100;

/** On a touch screen the keyboard would cover what there is to read. */
window.focusField = () => matchMedia("(pointer:coarse)").matches || document.querySelector("textarea")?.focus();

let ran;
/** What stands there is no script to the browser until now. */
const run = (event) => {
  // Half of it is none: what is done before the rest has come is done then.
  if (document.readyState === "loading") {
    // A key's letter, or new line, is written.
    event.key || event.preventDefault();
    return addEventListener("DOMContentLoaded", () => event.target.dispatchEvent(new event.constructor(event.type, event)));
  }
  const late = document.querySelector("script[type=late]");
  if (!late) return;
  ran = true;
  const script = document.createElement("script");
  script.nonce = late.nonce;
  script.text = late.text;
  late.replaceWith(script);
};

// The focus before the first painting would have everything laid out for it, and nobody's keys come before.
const painted = new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

const hear = (event) => {
  if (event.source !== parent || !event.ports[0]) return;
  removeEventListener("message", hear);
  // For the long script, which hears all that comes later.
  if (!ran) window.firstWord = event;
  if (!event.data.shown) return run();
  painted.then(() => {
    focusField();
    setTimeout(run);
  });
};
addEventListener("message", hear);
// What somebody does at once, but to write a letter, waits for the script and is heard by it: it listens further on.
addEventListener("keydown", (event) => event.key.length > 1 && run(event), true);
addEventListener("click", run, true);
addEventListener("submit", run, true);
addEventListener("DOMContentLoaded", () => (parent === window ? run() : setTimeout(run, WORD_MS)));
