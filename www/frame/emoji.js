// Emoji to choose from: the system's own signs, which people who listen hear by name.

import { make } from "./fields.js";

export const STYLE = `
.signs { inset-inline: 8px auto; padding: 4px 8px 8px; width: 344px }
.signs h2 { margin: 8px 4px 0; font-size: 0.75rem; font-weight: 600; color: var(--ink-soft) }
.signs div { display: grid; grid-template-columns: repeat(auto-fill, minmax(38px, 1fr)) }
.chat .signs button { width: auto; min-height: 44px; padding: 0; border: 0; border-radius: 8px; background: none; font: 1.5rem/1 Apple Color Emoji, Segoe UI Emoji, Noto Color Emoji, sans-serif }
.signs button:is(:hover, :focus) { background: var(--ground-low) }
.chat .signs button:focus-visible { outline-offset: -2px }`;

const GROUPS = [
  ["{{word:page-emoji-faces}}", "{{english:page-emoji-faces}}", "🙂 😀 😄 😂 🤣 😊 😉 😍 🥰 😘 😎 🤩 🤔 😐 😅 😬 🙄 😴 😕 😢 😭 😱 😡 🤯 🤗"],
  ["{{word:page-emoji-hands}}", "{{english:page-emoji-hands}}", "👍 👎 👌 👋 🙏 🤝 👏 🙌 🤞 💪 👉 👀 🤷"],
  ["{{word:page-emoji-signs}}", "{{english:page-emoji-signs}}", "❤️ 🧡 💛 💚 💙 💜 🖤 💔 ✨ ⭐ 🔥 🎉 ✅ ❌ ❗ ❓"],
  ["{{word:page-emoji-things}}", "{{english:page-emoji-things}}", "📦 🚚 🛒 💳 🎁 📅 ⏰ 📷 📎 📞 📧 💻 🔑 🔒 🏠 🚗 ✈️ ☕ 🍕 🎂 🌞 🌧️ 🌱 🐶"],
];

/** Into the field, in place of what is marked there. */
const insert = (sign) => {
  const area = document.querySelector("textarea");
  area.setRangeText(sign, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
  return area;
};

/** The sign in a line above or below that is nearest; at the ends the same. */
const beside = (all, now, down) => {
  const [top, left] = [all[now].offsetTop, all[now].offsetLeft];
  const lines = all.map((one) => one.offsetTop).filter((other) => (down ? other - top : top - other) > 0);
  const line = down ? Math.min(...lines) : Math.max(...lines);
  const far = (at) => Math.abs(all[at].offsetLeft - left);
  return all.reduce((best, one, at) => (one.offsetTop !== line || (best >= 0 && far(best) <= far(at)) ? best : at), -1);
};

/** Fills a popup. */
export const emoji = (popup, close, word) => {
  popup.classList.add("signs");
  const all = [];
  for (const [place, english, signs] of GROUPS) {
    const group = document.createElement("div");
    const heading = make(popup, "h2", { textContent: word(place, english) });
    group.role = "group";
    group.ariaLabel = heading.textContent;
    popup.append(group);
    for (const textContent of signs.split(" ")) all.push(make(group, "button", { type: "button", textContent, tabIndex: -1 }));
  }
  let now = 0;
  const go = (to) => {
    if (!all[to]) return;
    all[now].tabIndex = -1;
    now = to;
    all[now].tabIndex = 0;
    all[now].focus();
  };
  all[0].tabIndex = 0;
  const onward = getComputedStyle(popup).direction === "rtl" ? -1 : 1;
  const keys = {
    ArrowRight: () => now + onward,
    ArrowLeft: () => now - onward,
    ArrowDown: () => beside(all, now, true),
    ArrowUp: () => beside(all, now, false),
    Home: () => 0,
    End: () => all.length - 1,
  };
  popup.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    go(keys[event.key]());
  });
  popup.addEventListener("click", ({ target }) => all.includes(target) && close(insert(target.textContent)));
  return all[0];
};
