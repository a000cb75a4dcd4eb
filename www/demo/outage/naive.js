// A chat as most build it. It talks to the origin itself: a timeout, three retries, and a fixed pause between polls. The
// figures are those of the arm `without` in `cargo xtask replay`.

import { ADMIN, address } from "./origin.js";
import { Fate, written } from "./record.js";

const TIMEOUT_MS = 5_000;
const RETRIES = 3;
const PAUSE_MS = 1_000;
const POLL_MS = 5_000;

const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");

// A reload is the same visitor; what was not sent is gone.
const chat = sessionStorage.naive || (sessionStorage.naive = "n" + fresh());

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const ask = async (path, options) => {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(`${address}/naive/${chat}/${path}`, { cache: "no-store", signal, ...options });
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
};

/** Tries until it works or its tries are used up. `tell` hears of each try. */
const insist = async (path, body, headers, tell) => {
  for (let tries = 1; ; tries++) {
    tell(tries);
    try {
      return await ask(path, { method: "POST", body: JSON.stringify(body), headers });
    } catch (error) {
      if (tries > RETRIES) throw error;
      await pause(PAUSE_MS);
    }
  }
};

const panel = document.querySelector(".naive");
const talk = panel.querySelector(".talk");
const notice = panel.querySelector(".notice");
/** Ids that stand on the screen already. */
const shown = new Set();

const bubble = (id, by, text) => {
  shown.add(id);
  const row = document.createElement("li");
  row.className = by;
  const said = document.createElement("p");
  said.dir = "auto";
  said.textContent = text;
  row.append(said, document.createElement("small"));
  talk.append(row);
  talk.scrollTop = talk.scrollHeight;
  return row;
};

const deliver = async (row, id, text, fate) => {
  const state = row.querySelector("small");
  let tries = fate.steps.findLast((step) => step.tries)?.tries ?? 0;
  try {
    await insist("messages", { id, text }, {}, (attempt) => {
      tries += 1;
      fate.is("waiting", { tries });
      state.textContent = attempt > 1 ? `Sending, try ${attempt} of ${RETRIES + 1}` : "Sending";
    });
    fate.is("delivered", { tries });
    state.textContent = "Delivered";
  } catch {
    fate.is("failed", { tries });
    state.textContent = "Not sent. ";
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Try again";
    again.onclick = () => deliver(row, id, text, fate);
    state.append(again);
  }
};

/** Sends a text; `fate` is told what becomes of it. */
export const say = (text, fate = new Fate(performance.now())) => {
  const id = fresh();
  return deliver(bubble(id, "own", text), id, text, fate);
};

panel.querySelector("form").onsubmit = (event) => {
  event.preventDefault();
  const field = event.target.querySelector("input");
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  say(text, written(text, ["naive"]).naive);
};

// ---- Ada ----

const desk = document.querySelector("form.ada");
desk.onsubmit = async (event) => {
  event.preventDefault();
  const [field, told] = [desk.querySelector("input"), desk.querySelector("[role=status]")];
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  const answer = { id: fresh(), agent: "ada", text };
  try {
    await insist("replies", answer, ADMIN, (n) => (told.textContent = n > 1 ? `Sending, try ${n} of ${RETRIES + 1}` : "Sending"));
    told.textContent = "Sent. The visitor's page sees it with its next poll.";
  } catch {
    told.textContent = "Not sent: the origin takes no answer.";
    field.value ||= text;
  }
};

// ---- what others have said ----

let last = 0;
const poll = async () => {
  try {
    for (const { id, author, name, text, position } of await ask(`messages?after=${last}`)) {
      last = position;
      if (shown.has(id)) continue;
      const row = bubble(id, author === "visitor" ? "own" : "theirs", text);
      row.querySelector("small").textContent = author === "visitor" ? "Delivered" : name;
    }
    notice.textContent = "";
  } catch {
    notice.textContent = "Connection lost. Trying again every 5 seconds.";
  }
  setTimeout(poll, POLL_MS);
};
poll();
