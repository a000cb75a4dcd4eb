// What few pages ask of the API: to begin and end a visit, and to change its settings. Fetched by `host.js` at the first
// such call, with `person.js`. The settings live in the tag's `data-*` attributes: the loader reads them there, the frame in
// its address.

import { person } from "./person.js";

const THEMES = ["auto", "light", "dark"];
const POSITIONS = ["left", "right"];
const FONTS = ["system", "humanist", "geometric", "rounded", "serif", "mono"];
const MOST_ROUND = 18;
const MOST_LABEL = 60;

/** Gives the calls; `host` is what `host.js` shares. */
export const visit = (host) => {
  const { data, shell, panel, button, begin, emit, fail, methods, tell, hello, dress, looks, name } = host;
  // Comes after the loader's and wins over it.
  const sheet = new CSSStyleSheet();
  panel.getRootNode().adoptedStyleSheets.push(sheet);
  // Of the visit that was, for a "boot" that names none.
  let site = data.site;

  const { destroy } = methods;
  // The document there is to go, and is not told what is said for the next one.
  let leaving = false;
  let held = false;

  const frame = () => panel.querySelector("iframe");

  const hold = (now = held) => host.hold((held = now) || leaving);

  const drop = () => {
    panel.textContent = "";
    host.drop();
    leaving = false;
    hold();
  };

  /** Another frame takes its place; nothing goes with it. */
  const afresh = () => {
    if (!frame()) return;
    drop();
    begin();
    host.draw(0);
  };

  /**
   * A fresh document, by the settings that hold now, with what is written; `alone`: with nothing that was sent. The one that is
   * there goes on until the other can be had, and says when it leaves.
   */
  const move = (alone) => {
    const leave = "?" + new URLSearchParams(data);
    if (!tell({ leave, alone })) return afresh();
    frame().known = "identified" in data;
    leaving = true;
    hold();
  };

  const who = person({ ...host, hold }, { frame, afresh, move });

  // ---- settings ----

  const oneOf = (values, code) => (value) =>
    values.includes(value) || fail(code, `"${value}" is none of ${values.join(", ")}`);

  const label = (label) =>
    (typeof label === "string" && label.trim() && label.length <= MOST_LABEL) ||
    fail("bad-label", `a label is a text of at most ${MOST_LABEL} characters`);

  const look = (look) => {
    hello.look = { ...hello.look, ...look };
    tell({ look });
  };

  // For each setting: whether a value will do (where not, that is told), and what else happens.
  const SETTINGS = {
    theme: {
      fits: oneOf(THEMES, "unknown-theme"),
      put: (theme = "auto") => tell({ theme }),
    },
    lang: {
      fits(tag) {
        try {
          return !!Intl.getCanonicalLocales(tag)[0];
        } catch {
          fail("unknown-language", `"${tag}" is no language tag such as "de" or "pt-BR"`);
        }
      },
      // A fresh document speaks it, with what is written.
      put: () => move(),
    },
    color: {
      fits: (color) => CSS.supports("color", color) || fail("unknown-color", `"${color}" is no color of CSS`),
      put(color = "") {
        button.style.color = color;
        tell(looks());
      },
    },
    round: {
      fits: (round) => (round !== "" && round >= 0 && round <= MOST_ROUND) || fail("bad-round", `round is a number of px from 0 to ${MOST_ROUND}`),
      put(round = "") {
        look({ round });
        dress();
      },
    },
    font: {
      fits: oneOf(FONTS, "unknown-font"),
      put: (font = "") => look({ font }),
    },
    position: {
      fits: oneOf(POSITIONS, "unknown-position"),
      put(position) {
        const inset = position ? `auto;${position}:20px` : "auto 20px";
        sheet.replaceSync(`button,div{left:auto;right:auto;inset-inline:${inset}}@media(max-width:480px){div{inset:0}}`);
      },
    },
    label: {
      fits: label,
      put(label = "Open chat") {
        if (panel.className !== "true") button.ariaLabel = label;
        name();
        dress();
      },
    },
    closeLabel: {
      fits: label,
      put(label = "Close chat") {
        if (panel.className === "true") button.ariaLabel = label;
        name();
      },
    },
  };

  const set = (name, value) => {
    const setting = SETTINGS[name];
    if (!setting) return fail("unknown-setting", `there is no setting "${name}", only ${Object.keys(SETTINGS).join(", ")}`);
    // Nothing is the default.
    if (value == null) value = undefined;
    else if (!setting.fits(value)) return;
    if (data[name] === value) return;
    if (value === undefined) delete data[name];
    else data[name] = value;
    setting.put(value);
  };

  const update = (settings) => {
    if (Object(settings) !== settings) return fail("no-settings", 'write them as { theme: "dark", lang: "de" }');
    for (const [name, value] of Object.entries(settings)) set(name, value);
  };

  // ---- consent ----

  /** The frame erases what may be stored: it is fetched for that. */
  const erase = () => {
    let stored = true;
    try {
      stored = localStorage[host.mark()] || localStorage[host.flag()];
    } catch {}
    if (stored && hello.consent === false && data.site) begin();
  };

  const setConsent = (given) => {
    if (given !== !!given) return fail("unknown-consent", '"setConsent" wants true or false');
    data.consent = given ? "given" : "refused";
    hello.consent = given;
    if (given && frame()) host.setMark();
    tell({ consent: given }) || erase();
  };

  const heard = (message) => {
    who.heard(message);
    if (message.call === "leave") {
      leaving = false;
      hold();
    }
    if (message.agreed) {
      data.consent = "given";
      hello.consent = true;
    }
    if (message.withdrawn === undefined) return;
    // Perhaps in another tab.
    data.consent = "refused";
    hello.consent = false;
    if (!message.withdrawn) return;
    const ours = RegExp(`^seawall[-:]${data.site}(-i[0-9a-f]{32})?(:|$)`);
    try {
      for (const place of [localStorage, sessionStorage]) for (const name in place) if (ours.test(name)) delete place[name];
    } catch {}
  };

  // ---- the visit ----

  const end = () => {
    if (!data.site) return;
    methods.close();
    site = data.site;
    // Without it neither this script nor the loader begins anything.
    delete data.site;
    drop();
    who.forget();
    // Nobody else says it.
    host.waiting.length = 0;
    hold(false);
    shell.remove();
    host.draw(0);
  };

  /** These are of a visit; where there is none, that is told. */
  const ofVisit = Object.fromEntries(
    ["open", "toggle", "prefill", "send", "forget", "identify"].map((name) => {
      const method = methods[name] ?? who[name];
      const told = () => fail("not-booted", `call "boot" before "${name}"`);
      return [name, (...rest) => (data.site ? method(...rest) : told())];
    }),
  );

  if (!site) setTimeout(() => data.site || console.warn('Seawall: add data-site to the script, or call "boot"'), 1e4);

  const calls = {
    ...ofVisit,
    boot(settings = {}) {
      const { site: wanted = site, ...rest } = Object(settings);
      if (typeof wanted !== "string" || !/^[\w-]{1,64}$/.test(wanted)) return fail("no-site", 'the first "boot" names the site: { site: "your-site" }');
      if (wanted !== data.site) end();
      update(rest);
      if (data.site) return;
      data.site = site = wanted;
      button.hidden = false;
      // Where the loader has put a frame while there was no visit, it is nobody's.
      drop();
      document.documentElement.append(shell);
      try {
        // Whoever has talked to us hears of answers.
        if (localStorage[host.flag()]) begin();
      } catch {}
      // What was said before there was a site.
      erase();
    },
    shutdown: end,
    destroy() {
      who.forget();
      destroy();
    },
    update,
    setConsent,
    setTheme: (theme) => set("theme", theme ?? "auto"),
    setLocale: (lang) => set("lang", lang),
  };
  return { calls, heard };
};
