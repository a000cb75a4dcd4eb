// Brings the app, and stays to say so when it cannot be brought or has broken.

import { store } from "../frame/storage.js";

// A storage that hangs is not waited for for ever.
const PATIENCE_MS = 5e3;

/** Whose outbox has been read. */
window.read = new Set();

/** Each conversation's outbox is one of its own. */
window.store = (name) => {
  const kept = store();
  read.delete(name);
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS));
  const found = Promise.race([kept.allow(name), late]);
  let over = false;
  return {
    ...kept,
    load(keeps, loaded) {
      found.then(() => {
        read.add(name);
        if (!over) kept.load(keeps, loaded);
      });
    },
    forget() {
      over = true;
      kept.forget();
    },
  };
};

const root = document.getElementById("console");

const say = (sentence, label, act) => {
  const line = document.createElement("p");
  line.className = "sentence";
  line.textContent = sentence + " ";
  if (label) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.onclick = act;
    line.append(button);
  }
  const told = document.createElement("div");
  told.className = "trouble";
  told.setAttribute("role", "alert");
  told.append(line);
  document.querySelector(".trouble")?.remove();
  document.body.prepend(told);
};

const bring = async (attempt) => {
  try {
    // Under a new name: a browser remembers a module that came broken, and older ones also one that did not come.
    const app = await import("{{asset:console/console.js}}" + (attempt ? "?" + attempt : ""));
    await app.default("{{asset:console/console_bg.wasm}}");
    // Agents read many texts. Without it they read them as they were written.
    window.marks = await import("{{asset:frame/marks.js}}").catch(() => {});
    document.querySelector(".trouble")?.remove();
    app.console(root);
  } catch {
    say("The console is still loading. It goes on trying by itself.");
    setTimeout(bring, Math.min(2e3 * 2 ** attempt, 6e4) * (0.5 + Math.random()), attempt + 1);
  }
};

// A trap in the app leaves it standing there, deaf. What was written is kept and goes on after a new start.
const onTrap = (error) => {
  if (error instanceof WebAssembly.RuntimeError) {
    say("Something went wrong in the console. What you wrote is kept.", "Start it again", () => location.reload());
  }
};
addEventListener("error", (event) => onTrap(event.error));
addEventListener("unhandledrejection", (event) => onTrap(event.reason));

bring(0);
