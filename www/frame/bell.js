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

let audio, waits, tabs;

/** Browsers let nobody be heard before a person has done something in the frame. */
export const play = () => {
  if (!navigator.userActivation?.hasBeenActive) return;
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

/** `unread` tells how many there are now; `scope` is the same in all tabs of the conversation. */
export const ring = (unread, word, tell, scope) => {
  // Of several tabs the first one rings.
  tabs ??= new BroadcastChannel(scope + "-bell");
  tabs.onmessage = () => (waits = clearTimeout(waits));
  clearTimeout(waits);
  waits = setTimeout(() => {
    if (!unread()) return;
    tabs.postMessage(1);
    if (!chosen("quiet")) play();
    if (chosen("notify")) tell({ notify: { show: count(word("{{word:fresh-count}}", "{{english:fresh-count}}"), unread()) } });
  }, LATER_MS * (1 + Math.random()));
};
