// Somebody has written while nobody looks: a tone, and a notification of the page's where the visitor has chosen that.
// Fetched with the first such message.

import { count } from "../../widget/src/browser/dom.js";
import { chosen } from "./choices.js";

// Two soft notes, made and not fetched.
const NOTES_HZ = [660, 880];
const APART_S = 0.12;
const LASTS_S = 0.4;
const LOUD = 0.08;
// Whoever looks in another tab of this browser has been seen by then.
const LATER_MS = 400;
// What tabs say at the same time has been heard by then.
const HEARD_MS = 200;

let audio, waits, tabs, claims;

/** Browsers let nobody be heard before a person has done something in the frame. */
const mayPlay = () => navigator.userActivation?.hasBeenActive;

export const play = () => {
  if (!mayPlay()) return;
  audio ??= new AudioContext();
  audio.resume();
  NOTES_HZ.forEach((hertz, n) => {
    const from = audio.currentTime + n * APART_S;
    const note = audio.createOscillator();
    const gain = audio.createGain();
    note.frequency.value = hertz;
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(LOUD, from + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + LASTS_S);
    note.connect(gain).connect(audio.destination);
    note.start(from);
    note.stop(from + LASTS_S);
  });
};

const stop = () => {
  clearTimeout(waits);
  waits = claims = 0;
};

// A page in the back/forward cache holds nothing.
addEventListener("pagehide", () => {
  stop();
  tabs = tabs?.close();
});

/** `unread` tells how many there are now; `scope` is the same in all tabs of the conversation. */
export const ring = (unread, word, tell, scope) => {
  // Of several tabs the first one rings, and of those that say so at once the one with the least name.
  tabs ??= new BroadcastChannel(scope + "-bell");
  tabs.onmessage = ({ data }) => (claims && window.writer < data) || stop();
  stop();
  const claim = () => {
    if (!unread()) return;
    claims = 1;
    tabs.postMessage(window.writer);
    waits = setTimeout(sound, HEARD_MS);
  };
  const sound = () => {
    claims = 0;
    if (!unread()) return;
    if (!chosen("quiet")) play();
    if (chosen("notify")) tell({ notify: { show: count(word("{{word:fresh-count}}", "{{english:fresh-count}}"), unread()) } });
  };
  // Who cannot be heard goes last.
  waits = setTimeout(claim, LATER_MS * (1 + Math.random() + !mayPlay()));
};
