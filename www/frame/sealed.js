// The outbox of a frame that is denied storage, fetched only there: sealed, in the localStorage of the page outside
// (`www/keep.js`, KEEP-4). That page can delete what waits there. It can neither read nor forge it: the key is a cookie of
// the frame's own, which the page cannot see, and each text is bound to its site and id.

const LIFE_S = 180 * 86400;
// The page outside may still be fetching what it needs for it.
const SILENT_MS = 6e4;

const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const utf8 = (text) => new TextEncoder().encode(text);

// ---- the key ----

const keyThere = () => /(?:^|; )seawall_key=([\w-]+)/.exec(document.cookie)?.[1];

/** `Partitioned`: allowed where third-party cookies are denied. The path: no request but the frame's own carries it. */
const setKey = (key) => {
  const about = `Path=${location.pathname}; Max-Age=${LIFE_S}; Secure; SameSite=None; Partitioned`;
  document.cookie = `seawall_key=${key}; ${about}`;
  if (keyThere() !== key) throw Error("no cookie can be set");
};

const newKey = () => {
  const random = base64(crypto.getRandomValues(new Uint8Array(32)));
  return random.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const cipher = (key) =>
  crypto.subtle.importKey("jwk", { kty: "oct", k: key, alg: "A256GCM" }, "AES-GCM", false, ["encrypt", "decrypt"]);

// ---- what is being written ----

let drafting;

/** The page outside keeps it with its tab (KEEP-6). Sealing takes a moment: on `pagehide` it would be too late. */
const keepDraft = async (name, known, place) => {
  drafting?.abort();
  drafting = new AbortController();
  const { signal } = drafting;
  const area = () => document.querySelector("#chat textarea");
  let kept = "";
  const note = () => {
    const text = area()?.value ?? kept;
    if (text === kept || signal.aborted || window.kept.name !== name) return;
    kept = text;
    place.save(text).catch(() => {});
  };
  // Whoever sends empties the field after the event.
  for (const event of ["input", "keydown", "submit"]) addEventListener(event, () => setTimeout(note), { capture: true, signal });
  try {
    const text = known && (await place.load());
    if (!text || signal.aborted || area().value) return note();
    kept = area().value = text;
    area().dispatchEvent(new InputEvent("input", { bubbles: true }));
  } catch {
    // Damaged, or the page outside cannot keep it.
  }
};

/** A place with `load`, `save` and `erase`; all of them are refused where the page outside does not answer or is full. */
export const seal = async (name, renews = true) => {
  // Without a page outside there is nowhere to go.
  if (parent === window) throw Error("nothing can be kept here");
  const known = keyThere();
  // Every use makes it last longer.
  if (known && renews) setKey(known);

  // Another tab may have made one meanwhile; only one of them stays.
  let last;
  const key = () => {
    const there = keyThere();
    last = there ?? last ?? newKey();
    if (!there) setKey(last);
    return cipher(last);
  };
  const about = (iv, id) => ({ name: "AES-GCM", iv, additionalData: utf8(`${name}:${id}`) });
  const closed = async (id, text) => {
    // What was sealed with a key that is lost is lost as well.
    if (!last && !keyThere()) ask("clear").catch(() => {});
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const bytes = await crypto.subtle.encrypt(about(iv, id), await key(), utf8(text));
    return base64(iv) + base64(new Uint8Array(bytes));
  };
  const opened = async (id, text) => {
    // 12 bytes are 16 letters.
    const iv = bytesOf(text.slice(0, 16));
    const bytes = await crypto.subtle.decrypt(about(iv, id), await key(), bytesOf(text.slice(16)));
    return new TextDecoder().decode(bytes);
  };

  // ---- the page outside ----

  const { port1: port, port2 } = new MessageChannel();
  const answers = new Map();
  let asked = 0;
  const ask = (...what) =>
    new Promise((done, failed) => {
      asked += 1;
      answers.set(asked, { done, failed });
      setTimeout(failed, SILENT_MS, Error("the page outside does not answer"));
      port.postMessage([asked, ...what]);
    });
  port.onmessage = ({ data: [number, result] }) => {
    const { done, failed } = answers.get(number) ?? {};
    answers.delete(number);
    result === undefined ? failed?.(Error("the page outside cannot keep it")) : done?.(result);
  };
  // The frame's script hands it over.
  dispatchEvent(new MessageEvent("keep", { ports: [port2] }));

  // Asked in the order of the calls, however long sealing takes.
  let turn = Promise.resolve();
  const inTurn = (prepare) =>
    new Promise((done, failed) => {
      turn = turn
        .then(prepare)
        .then((what) => void ask(...what).then(done, failed))
        .catch(failed);
    });

  if (renews) keepDraft(name, known, {
    load: async () => {
      const text = await inTurn(() => ["draft"]);
      return text && opened("draft", text);
    },
    save: (text) => inTurn(async () => ["draft", text && (await closed("draft", text))]),
  });

  return {
    load: async () => {
      if (!known) return [];
      const entries = await inTurn(() => ["load"]);
      const texts = entries.map(async ([id, text]) => [id, await opened(id, text)]);
      // What is damaged, or was sealed for another place, is left alone.
      return (await Promise.allSettled(texts)).flatMap(({ value }) => (value ? [value] : []));
    },
    save: (entries) =>
      inTurn(async () => ["save", await Promise.all(entries.map(async ([id, text]) => [id, await closed(id, text)]))]),
    erase: (id) => inTurn(() => ["erase", id]),
  };
};

/** The frame is denied storage no longer: what it left on the page outside goes to `place`. */
export const move = async (name, place, bring) => {
  const from = await seal(name, false);
  const entries = await from.load();
  await place.save(entries);
  bring(entries);
  for (const [id] of entries) from.erase(id).catch(() => {});
};
