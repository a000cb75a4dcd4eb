// Sliders, charts and the sentence above them. What they say is decided in the worker, where the simulator runs.

const by = (id) => document.getElementById(id);
const form = by("settings");
const controls = [...form.querySelectorAll("[name]")];
const presets = [...form.querySelectorAll("[data-preset]")];

let worker;
let busy = false;
/// What the simulator has said of itself: presets, words for the slow-down, the charts' style.
let about;
/// What is to be run as soon as nothing is moved any more, and since when something runs.
let soon;

const element = (name, text, classes) => {
  const made = document.createElement(name);
  made.textContent = text;
  if (classes) made.className = classes;
  return made;
};

// The controls, as they stand in the address: `fault=over-save&load=85&…`.
const settings = () => controls.map((control) => `${control.name}=${control.value.trim()}`).join("&");

const withoutSeed = (text) => text.replace(/&seed=.*/, "");

const set = (text) => {
  for (const [name, value] of new URLSearchParams(text)) form.elements[name].value = value;
};

/// What the controls mean, beside them and for whoever listens.
const label = () => {
  for (const control of controls) {
    const value = control.parentElement.querySelector(".value");
    if (!value) continue;
    const words = about?.slow_downs[control.value - control.min];
    const text = control.name == "saves" ? words || "" : `${control.value} ${value.dataset.unit}`;
    value.textContent = text;
    control.setAttribute("aria-valuetext", text);
  }
  form.elements.saves.disabled = form.elements.fault.value != "over-save";
  const now = withoutSeed(settings());
  const chosen = about?.presets.find((preset) => withoutSeed(preset.settings) == now);
  for (const button of presets) button.setAttribute("aria-pressed", button.dataset.preset == chosen?.name);
  if (about) by("about").textContent = chosen ? chosen.about : "Settings of your own.";
};

const complain = (wrong) => {
  by("wrong").replaceChildren(...wrong.map(({ words }) => element("p", words)));
  for (const control of controls) {
    const bad = wrong.some(({ key }) => key == control.name);
    if (bad) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
};

const running = (yes) => {
  busy = yes;
  document.querySelector(".result").setAttribute("aria-busy", yes);
  const cancel = by("cancel");
  if (!yes && document.activeElement == cancel) by("run").focus();
  cancel.hidden = !yes;
  progress(0, yes ? "Replaying…" : "");
};

const progress = (share, words) => {
  by("progress").value = share;
  by("progress-words").textContent = words;
};

const show = (told) => {
  by("outcome").replaceChildren(
    ...told.sentences.map(({ arm, head, words }) => {
      const line = element("p", "", arm);
      line.append(element("strong", `${head}: `), words);
      return line;
    }),
  );
  const parser = new DOMParser();
  by("charts").replaceChildren(
    ...told.charts.map(({ svg, caption }) => {
      const figure = document.createElement("figure");
      figure.append(parser.parseFromString(svg, "image/svg+xml").documentElement, element("figcaption", caption));
      return figure;
    }),
  );
  const row = (cells, ofFirst) => {
    const line = document.createElement("tr");
    const [first, ...others] = cells;
    const head = element("th", first);
    head.scope = ofFirst;
    line.append(head, ...others);
    return line;
  };
  const column = (arm) => Object.assign(element("th", arm), { scope: "col" });
  by("heads").replaceChildren(row(["figure", ...told.arms.map(column)], "col"));
  by("figures").replaceChildren(
    ...told.figures.map(({ words, values }) => row([words, ...values.map((value) => element("td", value))], "row")),
  );
  by("name").textContent = told.command.match(/\S+\.toml/)[0];
  for (const name of ["file", "command", "summary"]) by(name).textContent = told[name];
  by("more").hidden = false;
};

// The simulator cannot be interrupted: to stop it is to leave it, and a new one stands ready.
const renew = () => {
  worker?.terminate();
  const mine = (worker = new Worker(document.body.dataset.worker, { type: "module" }));
  const broken = (words) => {
    if (mine != worker) return;
    running(false);
    complain([{ words }]);
    worker = undefined;
  };
  mine.onerror = () => broken("The simulator could not be loaded. Run tries again.");
  mine.onmessage = ({ data }) => {
    if (mine != worker) return;
    if (data.about) begin(data.about);
    if (data.read) heed(data.read);
    if (data.share) progress(data.share, `Replaying… ${Math.floor(100 * data.share)} %`);
    if (data.broken) broken(`The simulator has broken off (${data.broken}). Run tries again.`);
    if (data.told) {
      running(false);
      if (data.told.wrong) complain(data.told.wrong);
      else show(data.told);
    }
  };
};

const run = () => {
  clearTimeout(soon);
  if (!worker || busy) renew();
  const text = settings();
  history.replaceState(null, "", `#${text}`);
  complain([]);
  running(true);
  // Also tells what is smaller here, before the run.
  worker.postMessage({ read: text });
  worker.postMessage({ replay: text });
};

/// A while after the last movement, so that a slider that is drawn from end to end runs once.
const runSoon = () => {
  clearTimeout(soon);
  soon = setTimeout(run, 250);
};

/// Once: the charts' style, the presets, and what the address asks for.
const begin = (told) => {
  if (about) return;
  about = told;
  const style = new CSSStyleSheet();
  style.replaceSync(about.style);
  document.adoptedStyleSheets.push(style);
  for (const button of presets) button.disabled = false;
  label();
  worker.postMessage({ read: location.hash });
};

/// What the simulator makes of an address, or of what the controls say.
const heed = (read) => {
  by("notice").textContent = read.notice;
  if (busy) return;
  set(read.settings);
  label();
  run();
  // The defaults stand in for what is wrong, and run.
  complain(read.wrong.map(({ key, words }) => ({ key: "", words: `${words}. The page's own value is taken.` })));
};

form.addEventListener("input", () => {
  label();
  runSoon();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
by("cancel").addEventListener("click", () => {
  clearTimeout(soon);
  renew();
  running(false);
});
by("another").addEventListener("click", () => {
  form.elements.seed.value = 1 + Math.floor(Math.random() * form.elements.seed.max);
  label();
  run();
});
for (const button of presets) {
  button.addEventListener("click", () => {
    const seed = form.elements.seed.value;
    set(about.presets.find(({ name }) => name == button.dataset.preset).settings);
    form.elements.seed.value = seed;
    label();
    run();
  });
}
addEventListener("hashchange", () => {
  clearTimeout(soon);
  if (busy || !worker) renew();
  running(false);
  worker.postMessage({ read: location.hash });
});

label();
renew();
