// Which language the chat speaks, and how the plain page gets to speak it. Fetched where it may be another than English.

// The build puts in the names of the files in `www/words/` ("ar-1a2b3c4d de-…") and places of sentences in them.
const files = "{{locales}}".split(" ");
const named = (file) => file.slice(0, -9);

/** The same for two tags whose readers read each other: "pt" and "pt-BR" are, Chinese in two scripts is not. */
const readers = (tag) => {
  try {
    const { language, script } = new Intl.Locale(tag).maximize();
    return language + script;
  } catch {}
};

/** Of the wanted languages the first that is offered, itself or by its readers; English where none is. */
export const choose = (wanted, offered) => {
  for (const tag of wanted) {
    const found =
      offered.find((name) => name.toLowerCase() === tag.toLowerCase()) ??
      offered.find((name) => readers(name) === readers(tag));
    if (found) return found;
  }
  return "en";
};

const PAGE = [
  ["title", "textContent", "{{word:page-chat}}"],
  ["h1", "textContent", "{{word:page-title}}"],
  [".presence", "textContent", "{{word:page-any-time}}"],
  ["h2", "textContent", "{{word:greeting}}"],
  ["h2+p", "textContent", "{{word:greeting-more}}"],
  [".state", "textContent", "{{word:queued}}"],
  [".menu", "ariaLabel", "{{word:page-menu}}"],
  [".close", "ariaLabel", "{{word:page-close}}"],
  [".emoji", "ariaLabel", "{{word:page-emoji}}"],
  [".log", "ariaLabel", "{{word:conversation}}"],
  [".send", "ariaLabel", "{{word:send}}"],
  ["textarea", "ariaLabel", "{{word:message}}"],
  ["textarea", "placeholder", "{{word:write}}"],
];

/** Puts the language that is chosen into the plain page, unless its words come too late to be taken. English is there. */
export const speak = async (wanted, take) => {
  const language = choose(wanted, ["en", ...files.map(named)]);
  const file = files.find((file) => named(file) === language);
  if (!file) return;
  const answer = await fetch(`/words/${file}.txt`);
  const words = answer.ok && (await answer.text()).split("\n");
  if (!words || !take(words)) return;
  document.documentElement.lang = language;
  if (/^(ar|fa|he|ur)/.test(language)) document.documentElement.dir = "rtl";
  for (const [selector, property, place] of PAGE) {
    for (const element of document.querySelectorAll(selector)) element[property] = words[place];
  }
};
