// The chat's menu: what a visitor chooses for this browser.

import { choose, chosen } from "./choices.js";
import { make } from "./fields.js";

export const STYLE = `
.options { padding: 8px }
.options label { display: flex; align-items: center; gap: 12px; min-height: 44px; padding: 0 8px; cursor: pointer }
.options input { flex: none; width: 20px; height: 20px; margin: 0; accent-color: var(--sea) }
.options p { max-width: 280px; padding: 0 8px 8px; font-size: 0.8125rem; color: var(--ink-soft) }
.options p:empty { display: none }`;

// A page that has no answer has no notifications either: it may be an older one.
const PATIENCE_MS = 2e3;

/** What the page outside says: a frame of another site can neither ask a person nor show anything (`notify.js`). */
const ask = (tell, notify, hear) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => hear(data);
  tell({ notify }, [port2]);
};

/** Fills a popup. */
export const menu = (popup, close, word, tell) => {
  popup.classList.add("options");
  const option = (words, checked, change) => {
    const label = make(popup, "label", {});
    const input = make(label, "input", { type: "checkbox", checked });
    label.append(words);
    input.onchange = () => change(input);
    return input;
  };
  const sound = option(word("{{word:page-sound}}", "{{english:page-sound}}"), !chosen("quiet"), ({ checked }) => {
    choose("quiet", !checked);
    // So that one hears what one has chosen.
    if (checked) import("{{asset:frame/bell.js}}").then(({ play }) => play(), () => {});
  });

  /** `granted`, `denied`, `default` (never asked, or not answered), `outside`: the browser wants a click on the page. */
  const offer = (permission) => {
    const may = word("{{word:page-notify}}", "{{english:page-notify}}");
    const input = option(may, chosen("notify") && permission === "granted", ({ checked }) => {
      choose("notify", false);
      note.textContent = "";
      // An offer on the page is withdrawn.
      if (!checked) return ask(tell, {}, () => {});
      const allow = word("{{word:page-notify-allow}}", "{{english:page-notify-allow}}");
      ask(tell, { ask: allow }, (answer) => {
        choose("notify", answer === "granted");
        input.checked = answer !== "denied" && answer !== "default";
        say(answer);
      });
    });
    const note = make(popup, "p", { role: "status" });
    const say = (answer) => {
      input.disabled = answer === "denied";
      if (answer === "denied") note.textContent = word("{{word:page-notify-denied}}", "{{english:page-notify-denied}}");
      else note.textContent = answer === "outside" ? word("{{word:page-notify-outside}}", "{{english:page-notify-outside}}") : "";
    };
    say(permission);
  };
  let answered;
  ask(tell, {}, (permission) => {
    if (answered || !popup.isConnected || permission === "none") return;
    answered = true;
    offer(permission);
  });
  setTimeout(() => (answered = true), PATIENCE_MS);
  return sound;
};
