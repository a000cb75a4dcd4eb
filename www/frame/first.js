// What comes before the long script (`frame.js`), which takes longer to read and to run than the page takes to be painted. The chat
// takes typing from here on; the app draws the same elements later and takes their place. Here are the site's theme and colour, so that
// no other is seen first; what is being written, which outlives a reload; and the cursor, which is in the field as soon as there is one
// and the page outside has said that it is shown: it says so before this document is there whole.

// A page outside that is slow does not hold the chat up, and neither does a browser that paints nothing for now.
const WORD_MS = 100;
const PAINTED_MS = 500;

/** On a touch screen the keyboard would cover what there is to read. */
window.focusField = () => matchMedia("(pointer:coarse)").matches || document.querySelector("textarea")?.focus();

let theme = "auto";
/** Dark where the person likes it so, unless the page outside knows better. */
window.setTheme = (wanted) => {
  // A sheet that changes makes the browser style everything anew.
  if (wanted === theme) return;
  theme = wanted;
  document.documentElement.style.colorScheme = theme === "auto" ? "" : theme;
  for (const { media } of [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])) {
    if (!media || !/dark|all$/.test(media.mediaText)) continue;
    media.mediaText = { dark: "all", light: "not all" }[theme] ?? "(prefers-color-scheme: dark)";
  }
};

/** The site's colour: the style makes of it what can be read (`site.css`). */
window.setColor = (color) => {
  // A variable is the page's and unknown here.
  const fits = CSS.supports("color", `oklch(from ${color} l c h)`) && !/var/.test(color);
  document.documentElement.style.setProperty("--site", fits ? color : "");
};

/** As the page outside has it now, or had it when it asked for this document. */
const dress = ({ theme, color }) => {
  if (theme) setTheme(theme);
  if (color) setColor(color);
};
dress(Object.fromEntries(new URLSearchParams(location.search)));

// What is being written is kept from the first letter on, where anything may be and it is known whose it is.
const { token } = document.body.dataset;
window.draft = !token && !/\bidentified/.test(location.search) && "seawall-" + location.pathname.split("/")[2];
const written = () => document.querySelector("textarea")?.value ?? "";
addEventListener("pagehide", () => {
  try {
    // An older one may be there that this document has not taken yet.
    if (draft && (written() || window.keeps)) sessionStorage[draft] = written();
  } catch {}
});

/** Enter may have added a line. */
const words = () => written().replace(/\s+/g, "");

let wait;
/** What stands there is no script to the browser until now. */
const run = (event) => {
  // Half of it is none: what is done before the rest has come is done then, unless something else has been written since.
  if (document.readyState === "loading") {
    const then = words();
    // A key's letter, or new line, is written.
    event.key || event.preventDefault();
    return addEventListener("DOMContentLoaded", () => {
      if (then === words()) event.target.dispatchEvent(new event.constructor(event.type, event));
    });
  }
  const late = document.querySelector("script[type=late]");
  if (!late) return;
  const script = document.createElement("script");
  script.nonce = late.nonce;
  script.text = late.text;
  late.replaceWith(script);
};

// The long script would hold up the first painting, and it the first letter.
const painted = new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

let shown;
const hear = (event) => {
  if (event.source !== parent) return;
  // Said as soon as somebody may hear it, and more than once: who has turned to something else since stays there.
  if (event.data?.shown && !shown) focusField((shown = true));
  if (!event.ports[0]) return;
  removeEventListener("message", hear);
  // For the long script, which hears all that comes later.
  window.firstWord = event;
  if (!event.data.shown) return run();
  clearTimeout(wait);
  setTimeout(run, PAINTED_MS);
  dress(event.data);
  painted.then(() => setTimeout(run));
};
// It may have come while this was still on its way (`index.html`).
if (window.word) hear(word);
addEventListener("message", hear);
// What somebody does at once, but to write a letter, waits for the script and is heard by it: it listens further on.
addEventListener("keydown", (event) => event.key.length > 1 && run(event), true);
addEventListener("click", run, true);
addEventListener("submit", run, true);
addEventListener("DOMContentLoaded", () => (parent === window ? run() : (wait = setTimeout(run, WORD_MS))));
