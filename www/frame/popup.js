// What opens beside a button of the chat, and closes again: with Escape, with the button, by a click elsewhere, or when the
// focus goes on. Fetched when one of the buttons is first pressed.

import { STYLE as EMOJI_STYLE, emoji } from "./emoji.js";
import { dress, make } from "./fields.js";
import { STYLE as MENU_STYLE, menu } from "./menu.js";

const STYLE = `
.popup { position: fixed; z-index: 1; inset-inline: auto 8px; max-width: calc(100% - 16px); box-sizing: border-box; overflow: auto; border: 1px solid var(--line); border-radius: var(--round); background: var(--ground); color: var(--ink); box-shadow: 0 4px 24px #0004; animation: come var(--quick) }`;

// What is talked about stays in sight.
const MOST_PX = 300;

let dressed;

/** Opens a popup at the button, or closes the one that is open there. */
export const press = (opener, word, tell) => {
  if (opener.close) return opener.close();
  dressed ||= dress(STYLE + MENU_STYLE + EMOJI_STYLE) ?? 1;
  // In the chat, but not where the app draws.
  const popup = make(document.querySelector("main"), "div", { className: "popup", role: "dialog", ariaLabel: opener.ariaLabel });
  const place = () => {
    const { top, bottom } = opener.getBoundingClientRect();
    // On the side on which there is room.
    const below = top < innerHeight / 2;
    popup.style.top = below ? bottom + 4 + "px" : "";
    popup.style.bottom = below ? "" : innerHeight - top + 4 + "px";
    popup.style.maxHeight = Math.min(MOST_PX, (below ? innerHeight - bottom : top) - 12) + "px";
  };
  place();

  const ends = new AbortController();
  const close = (back = opener) => {
    ends.abort();
    popup.remove();
    opener.ariaExpanded = false;
    opener.close = undefined;
    back?.focus();
  };
  const listen = (target, event, hear) => target.addEventListener(event, hear, { signal: ends.signal });
  const within = (element) => popup.contains(element) || opener.contains(element);
  opener.close = close;
  opener.ariaExpanded = true;
  const onKey = (event) => {
    const { key, shiftKey, target } = event;
    // The chat stays open.
    if (key === "Escape") event.stopPropagation();
    else if (key !== "Tab") return;
    else {
      // As if it stood just after the button.
      const stops = [opener, ...popup.querySelectorAll("input:enabled, button")].filter(({ tabIndex }) => tabIndex >= 0);
      const at = stops.indexOf(target);
      if (!shiftKey && at === 0) {
        event.preventDefault();
        return stops[1].focus();
      }
      if (at > (shiftKey ? 1 : 0) && at < stops.length - 1) return;
      if (shiftKey && at === 1) event.preventDefault();
    }
    close();
  };
  for (const element of [popup, opener]) listen(element, "keydown", onKey);
  listen(document, "pointerdown", ({ target }) => within(target) || close(null));
  listen(popup, "focusout", ({ relatedTarget }) => relatedTarget && !within(relatedTarget) && close(null));
  // A telephone's keyboard goes, for one.
  listen(window, "resize", place);
  // It returns what gets the focus.
  const fill = opener.className === "menu" ? menu : emoji;
  fill(popup, close, word, tell).focus();
};
