// Asks visitors who they are, where the site wants to know (CONTACT-1); fetched only there. What they give is a message of
// theirs, which they can read and which takes the way of all messages.

import { EMAIL, dress, field, make, place } from "./fields.js";

const STYLE = `
.frame { display: flex; flex-direction: column; height: 100dvh }
.frame .chat { height: auto; flex: 1; min-height: 0 }
.frame footer.chat { flex: none; max-height: 75%; overflow: auto }
.asking .composer { display: none }
@media (max-height: 700px) { .asking .greeting { display: none } }
.contact h2 { font-size: 1em; margin-block-end: 4px }
.answers { display: flex; flex-wrap: wrap; gap: 8px; justify-content: flex-end; margin-block-start: 4px }
.answers button { min-height: 44px; padding: 0 16px; border: 1px solid var(--ink-soft); border-radius: 22px; background: none }
.answers .go { border-color: var(--sea); background: var(--sea); color: var(--on-sea) }`;

const GIVEN_S = 180 * 86400;
const SKIPPED_S = 86400;

const answered = () => document.cookie.includes("seawall_contact=");
const remember = (seconds) => {
  // CONSENT-1
  if (!window.keeps) return;
  const about = `Path=${location.pathname}; Max-Age=${seconds}; Secure; SameSite=None; Partitioned`;
  document.cookie = `seawall_contact=1; ${about}`;
};

let panel;

/**
 * At the beginning (`first`) for name and address, otherwise for an address; once, whatever the answer is. `asks` is the
 * site's setting, `app` takes the message.
 */
export const ask = (chat, word, app, asks, first) => {
  const required = asks === "required";
  const area = () => chat.querySelector("textarea");
  // Who is known is not asked, and nobody is interrupted for what they may leave out.
  if (panel || window.visitor?.conversation || answered() || (first && !required && area().value)) return;
  dress(STYLE);
  panel = document.createElement("footer");
  // It looks like the chat's.
  panel.className = "chat";
  const form = panel.appendChild(place("form"));
  form.noValidate = true;
  const byEmail = word("{{word:page-by-email}}", "{{english:page-by-email}}");
  panel.ariaLabel = first ? word("{{word:page-contact}}", "{{english:page-contact}}") : byEmail;
  if (first) make(form, "h2", { textContent: panel.ariaLabel });
  const name =
    first &&
    field(form, "name", word("{{word:page-name}}", "{{english:page-name}}"), { autocomplete: "name", maxLength: 100, dir: "auto", required });
  const email = field(form, "email", first ? word("{{word:page-email}}", "{{english:page-email}}") : byEmail, { ...EMAIL, required: required || !first });
  const buttons = make(form, "div", { className: "answers" });
  const go = first ? word("{{word:page-continue}}", "{{english:page-continue}}") : word("{{word:send}}", "{{english:send}}");
  const skip = !(first && required) && make(buttons, "button", { type: "button", textContent: word("{{word:page-skip}}", "{{english:page-skip}}") });
  make(buttons, "button", { className: "go", textContent: go });

  const done = (seconds) => {
    remember(seconds);
    panel.remove();
    document.body.classList.remove("asking");
    area().focus();
  };
  if (skip) skip.onclick = () => done(SKIPPED_S);

  form.onsubmit = (event) => {
    event.preventDefault();
    const [called, address] = [name, email].map((field) => field && field.input.value.trim());
    const nameFits = !name || name.complain(called || !required ? "" : word("{{word:page-name-wrong}}", "{{english:page-name-wrong}}"));
    const emailFits = email.complain(email.input.checkValidity() ? "" : word("{{word:page-email-wrong}}", "{{english:page-email-wrong}}"));
    if (!nameFits) return name.input.focus();
    if (!emailFits) return email.input.focus();
    const lines = [called, address && `✉ ${address}`].filter(Boolean);
    if (lines.length) app.write(lines.join("\n"));
    done(lines.length ? GIVEN_S : SKIPPED_S);
  };

  document.body.append(panel);
  if (!first) return;
  const hadFocus = document.activeElement === area();
  document.body.classList.add("asking");
  if (hadFocus) name.input.focus();
};
