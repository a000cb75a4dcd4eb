// The marks in a message's text: `**bold**`, `*italic*`, `_italic_`, `` `code` ``, fences, `> quotes`, lists and links. A
// mark without its other half is text. Every letter is looked at a bounded number of times, whatever the text is. What they
// become is made of elements and texts, never of markup. Fetched, by chat and console, when a text comes that may have some.

/** Blocks are named after their roles; what is nothing else has none. */
const QUOTE = "blockquote";
const CODE = "group";
const ITEM = "paragraph";

const MARKS = ["**", "*", "_"];
const SOMETHING = /\n|`+|\[|http|\*+|_+/g;
// As many backticks again, with something between and in the same line. Otherwise these are text.
const TICKED = /(`+)([^`\n]+)(`+)/y;
// Neither half reaches over another `[`, so that nothing is looked at twice.
const NAMED = /\[([^[\]\n]+)\]\((?:https?:\/\/|mailto:)/y;
const ADDRESS = /https?:\/\/[^\s\p{Cc}<>"]*/uy;
// A sentence's own signs after an address, and marks, are not part of it.
const SIGNS = ".,;:!?)'…*_`]";

const at = (pattern, text, from) => {
  pattern.lastIndex = from;
  return pattern.exec(text);
};

/** `[text](https://…)`: what is shown, where it leads, and where it ends. */
const named = (text, from) => {
  const found = at(NAMED, text, from);
  if (!found) return;
  const begin = from + found[1].length + 3;
  const name = from + found[0].length;
  let depth = 0;
  for (let end = name; end < text.length; end++) {
    const letter = text[end];
    if (letter <= " " || '<>"\\['.includes(letter)) return;
    if (letter === "(") depth++;
    if (letter === ")" && !depth--) return end > name && { to: end + 1, piece: { text: found[1], address: text.slice(begin, end) } };
  }
};

const link = (text, from) => {
  let address = at(ADDRESS, text, from)?.[0] ?? "";
  const scheme = address.indexOf("//") + 2;
  let length = address.length;
  while (length > scheme && SIGNS.includes(address[length - 1])) length--;
  address = address.slice(0, length);
  return length > scheme && { to: from + length, piece: { text: address, address } };
};

const code = (text, from) => {
  const found = at(TICKED, text, from);
  return found && found[1].length === found[3].length && { to: from + found[0].length, piece: { text: found[2], code: 1 } };
};

/** What is no plain text: pieces, and marks with their other halves (`mark` is a place in `MARKS`). */
const find = (text) => {
  const all = [];
  // Of each mark the last one that has begun.
  let open = [];
  for (let found; (found = SOMETHING.exec(text)); ) {
    const [run] = found;
    const from = found.index;
    let to = from + run.length;
    const mark = MARKS.indexOf(run);
    const piece = run === "[" ? named(text, from) : run === "http" ? link(text, from) : run[0] === "`" && code(text, from);
    if (piece) {
      all.push({ from, ...piece });
      ({ to } = piece);
    } else if (run === "\n") open = [];
    else if (mark >= 0) {
      const before = text[from - 1] ?? " ";
      const after = text[to] ?? " ";
      const begun = open[mark];
      const it = { from, to, mark };
      if (begun >= 0 && /\S/.test(before) && !/[a-z\d]/i.test(after)) {
        all[begun].counts = it.counts = 1;
        // What began in between and has not ended is text.
        open = open.map((other) => (other < begun ? other : -1));
        all.push(it);
      } else if (!/[a-z\d]/i.test(before) && /\S/.test(after)) open[mark] = all.push(it) - 1;
    }
    SOMETHING.lastIndex = to;
  }
  return all.filter(({ piece, counts }) => piece || counts);
};

/**
 * Text of one kind, in one block each: `text`, `address` (where it leads), `bold`, `italic`, `code`, `block`, and whether a
 * block `begins`.
 */
export const pieces = (text) => {
  const out = [];
  const put = (text, block, rest) => out.push({ text, block, ...rest });

  const inline = (block, text) => {
    const style = {};
    let told = 0;
    for (const { from, to, piece, mark } of [...find(text), { from: text.length }]) {
      if (from > told) put(text.slice(told, from), block, style);
      told = to;
      if (piece) put(piece.text, block, { ...style, ...piece });
      else style[mark ? "italic" : "bold"] ^= 1;
    }
  };

  const add = (block, sign, text) => {
    // Lines of one quotation stand together.
    const goesOn = block === QUOTE && out.at(-1)?.block === QUOTE;
    const first = out.length;
    if (block) put(goesOn ? "\n" : sign, block);
    block === CODE ? put(text, block, { code: 1 }) : inline(block, text);
    if (out[first]) out[first].begins = !goesOn;
  };

  const lines = text.split("\n");
  // Lines that are nothing else yet: from where.
  let plain = 0;
  let fences = true;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    const item = /^(?:-|\d{1,3}\.) /.exec(line)?.[0];
    let block, sign = "", shown, last = i;
    if (line[0] === ">") [block, shown] = [QUOTE, line.slice(line[1] === " " ? 2 : 1)];
    else if (item) [block, sign, shown] = [ITEM, item === "- " ? "• " : item, line.slice(item.length)];
    // Three backticks, and perhaps the name of a language, which belongs to the mark.
    else if (fences && /^```[a-z\d]{0,20}$/i.test(line)) {
      last = lines.indexOf("```", i + 1);
      // Looked for once.
      if (last < 0) fences = false;
      else [block, shown] = [CODE, lines.slice(i + 1, last).join("\n")];
    }
    if (!block) continue;
    add("", "", lines.slice(plain, i).join("\n"));
    add(block, sign, shown);
    i = last;
    plain = last + 1;
  }
  add("", "", lines.slice(plain).join("\n"));
  return out;
};

/** Where an address leads, for a person: the host or the mailbox, whatever is written before it. */
export const place = (address) => {
  const [, scheme, whole] = /^(https?:\/\/|mailto:)([^/?#]*)/.exec(address);
  return scheme === "mailto:" ? whole : whole.slice(whole.lastIndexOf("@") + 1);
};

// Spaces, joiners, the signs for colour and skin, and parts of flags.
const JOINED = /[ \u200d\ufe0f\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]/gu;
// More of them are a text. A family is four signs.
const EMOJI = /^[\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\u{1f000}-\u{1faff}]{1,6}$/u;

/** A few emoji and nothing else. */
export const isEmoji = (text) => EMOJI.test(text.replace(JOINED, ""));

/** What somebody hears or reads in one line: without the marks. */
export const plain = (text) =>
  pieces(text)
    .map(({ text, begins }, at) => (begins && at ? "\n" : "") + text)
    .join("");

const marked = (role, ...inner) => {
  const element = document.createElement("span");
  element.setAttribute("role", role);
  element.append(...inner);
  return element;
};

const drawn = ({ text, address, bold, italic, code }) => {
  let all = [text];
  if (address) {
    const link = document.createElement("a");
    Object.assign(link, { href: address, target: "_blank", rel: "noopener noreferrer", textContent: text });
    // A name says what its writer wants; this says where it leads.
    const leads = place(address);
    all = leads === text || address === text ? [link] : [link, marked("note", leads)];
  }
  if (code) all = [marked("code", ...all)];
  if (italic) all = [marked("emphasis", ...all)];
  if (bold) all = [marked("strong", ...all)];
  return all;
};

/** Draws what an element's text means in its place; once, whatever comes of it. */
export const draw = (element) => {
  const { textContent } = element;
  const all = document.createDocumentFragment();
  let block = all;
  // The app's list of what waits to be drawn.
  element.waits = false;
  for (const piece of pieces(textContent)) {
    if (piece.begins) block = piece.block ? all.appendChild(marked(piece.block)) : all;
    block.append(...drawn(piece));
  }
  element.replaceChildren(all);
  element.toggleAttribute("data-large", isEmoji(textContent));
};
