// An outage from beginning to end, and what happened in it, told in measured numbers.

import { inLedger } from "./origin.js";
import { now, onChange, startOver } from "./record.js";
import { seconds } from "./timeline.js";

const TEXTS = [
  "Is the storm lantern in stock?",
  "Does the rope come in blue?",
  "Do you ship to Norway?",
  "How long does it take?",
  "Then I take two lanterns.",
];

/** So often a person writes who is in a hurry. */
const EVERY_MS = 800;
const FAILS_WITHIN_MS = 40_000;
const COMES_WITHIN_MS = 60_000;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Waits until it is so, or no longer than this; says which. */
const until = (isSo, limit_ms) =>
  new Promise((done) => {
    const end = (result) => {
      hearNoMore();
      clearTimeout(limit);
      done(result);
    };
    const hearNoMore = onChange(() => isSo() && end(true));
    const limit = setTimeout(end, limit_ms, false);
    if (isSo()) end(true);
  });

const is = (fate, ...states) => states.includes(fate.state);
const THERE = ["delivered", "seen"];

/** `breakIt(fault)` changes the origin, `send(text)` writes to both sides, `tell(sentence)` says how far it is. */
export const run = async ({ breakIt, send, tell }) => {
  startOver();
  tell("The origin goes down: it closes every connection without an answer.");
  await breakIt({ kind: "down" });
  const began = now();
  const messages = [];
  for (const [index, text] of TEXTS.entries()) {
    tell(`The origin is down. Message ${index + 1} of ${TEXTS.length} is written on both sides.`);
    messages.push(send(text));
    await pause(EVERY_MS);
  }
  tell("The origin is down. The naive chat uses up its tries.");
  await until(
    () => messages.every(({ naive, seawall }) => !is(naive, "waiting") && !is(seawall, "waiting")),
    FAILS_WITHIN_MS,
  );
  const shownMeanwhile = messages.filter(({ seawall }) => is(seawall, ...THERE)).length;
  tell("The origin comes back.");
  await breakIt({ kind: "none" });
  const mended = now();
  const all = await until(() => messages.every(({ seawall }) => is(seawall, ...THERE)), COMES_WITHIN_MS);
  const recovered = now();
  tell(story(messages, { down: mended - began, recovery: all && recovered - mended, shownMeanwhile }) + (await proof(messages)));
};

const story = (messages, { down, recovery, shownMeanwhile }) => {
  const of = messages.length;
  const count = (side, ...states) => messages.filter((message) => is(message[side], ...states)).length;
  const safe = messages.map(({ seawall }) => seawall.after("sent", ...THERE)).filter((ms) => ms !== undefined);
  const slowest = safe.length ? `, the slowest after ${seconds(Math.max(...safe))}` : "";
  const sentences = [
    `The origin was down for ${seconds(down)}.`,
    `Of ${of} messages the naive chat gave up ${count("naive", "failed")} and delivered ${count("naive", "delivered")}.`,
    `Seawall had ${safe.length} of ${of} safe at the edge${slowest}.`,
  ];
  if (shownMeanwhile) sentences.push(`An agent's console showed ${shownMeanwhile} of them while the origin was down.`);
  else if (recovery) sentences.push(`All ${of} were delivered ${seconds(recovery)} after the origin was back.`);
  else sentences.push(`${count("seawall", ...THERE)} of ${of} have been delivered since.`);
  return sentences.join(" ");
};

/** What the origin itself says that it has. */
const proof = async (messages) => {
  const ids = messages.flatMap(({ seawall }) => seawall.id ?? []);
  try {
    const times = [...(await inLedger(ids)).values()];
    const once = times.filter((n) => n === 1).length;
    return ` ${once} of ${messages.length} stand in the origin's ledger, each once.`;
  } catch {
    return "";
  }
};
