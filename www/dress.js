// What the launcher says beside its sign, and how round the chat's corners are. Fetched where the page wants either.

const MOST_ROUND = 18;

// White or black as the sign is (`loader.js`). Beside an open chat it is a cross, as everywhere.
const STYLE = `.false+.says{width:auto;max-width:calc(100vw - 40px);border-radius:28px;padding-inline:52px 22px}
.false+.says:before{inset:14px auto 14px 14px;inset-inline:14px auto;width:28px}
.says span{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font:600 16px/56px system-ui;color:#fff;color:color(from currentColor xyz calc((.18 - y)*1e5)calc((.18 - y)*1e5)calc((.18 - y)*1e5))}
.true+.says span{display:none}`;

let dressed, sheet, words;

/** Again after each change; nothing is the default. */
export const dress = ({ label, round }, panel, button) => {
  // A script that comes again has another.
  if (dressed !== panel) {
    dressed = panel;
    sheet = new CSSStyleSheet();
    panel.getRootNode().adoptedStyleSheets.push(sheet);
    words = document.createElement("span");
  }
  button.classList.toggle("says", !!label);
  words.textContent = label ?? "";
  if (label) button.append(words);
  else words.remove();
  const corners = round >= 0 && round !== "" ? `@media(min-width:481px){div{border-radius:${Math.min(round, MOST_ROUND)}px}}` : "";
  sheet.replaceSync(STYLE + corners);
};
