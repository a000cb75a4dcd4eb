// Fields of a form in the chat: each with its label, and with its own complaint, which those who hear the page are told.

const STYLE = `
.contact { padding: 8px 16px; border-top: 1px solid var(--line); display: grid; gap: 4px }
.contact * + label { margin-block-start: 4px }
.contact input { font: 1rem/1.4 system-ui, sans-serif; padding: 8px 12px; border: 1px solid var(--ink-soft); border-radius: 8px; background: var(--ground); color: inherit; min-height: 44px; min-width: 0 }
.contact input[aria-invalid] { border-color: var(--on-stopped) }
.contact [role=alert] { color: var(--on-stopped); font-size: var(--small) }
.contact [role=alert]:empty { display: none }
@media (max-height: 300px) { .presence { display: none } .head { padding-block: 0 } }`;

/** A constructed sheet: the frame's policy refuses markup. */
export const dress = (style) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets.push(sheet);
};

export const make = (parent, name, properties) => parent.appendChild(Object.assign(document.createElement(name), properties));

/** A place for fields. */
export const place = (name = "div") => {
  dress(STYLE);
  return Object.assign(document.createElement(name), { className: "contact" });
};

/** Adds a field; `complain` says what is wrong with it, or nothing, and whether it was nothing. */
export const field = (parent, id, label, properties) => {
  make(parent, "label", { htmlFor: id, textContent: label });
  const input = make(parent, "input", { id, ...properties });
  const wrong = make(parent, "p", { id: id + "-wrong", role: "alert" });
  input.setAttribute("aria-describedby", wrong.id);
  const complain = (sentence) => {
    wrong.textContent = sentence;
    sentence ? input.setAttribute("aria-invalid", true) : input.removeAttribute("aria-invalid");
    return !sentence;
  };
  return { input, complain };
};

export const EMAIL = { type: "email", autocomplete: "email", maxLength: 254, dir: "ltr" };
