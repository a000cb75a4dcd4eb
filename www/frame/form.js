// Where the app cannot be had: the plain page with a field for an e-mail address, in place of the chat. It sends what is
// written as ordinary messages, by the rules of the protocol (OUTBOX-1, KEEP-1, KEEP-2, ADOPT-2) and over the long poll, and
// fetches no answers: those come by e-mail.

import { poll } from "../poll.js";
import { EMAIL, field, place } from "./fields.js";

// Trying again brings nothing else.
const STOPPED = ["{{word:stopped}}", "{{english:stopped}}"];
const STOPS = {
  4403: ["{{word:foreign-page}}", "{{english:foreign-page}}"],
  4404: ["{{word:unknown-site}}", "{{english:unknown-site}}"],
  4401: ["{{word:token-refused}}", "{{english:token-refused}}"],
  4400: STOPPED,
  4411: STOPPED,
  4413: STOPPED,
};
const NOT_KEPT = ["{{word:not-kept}}", "{{english:not-kept}}"];
const NOT_AGREED = ["{{word:not-agreed}}", "{{english:not-agreed}}"];
const MOST_WAITING = 500;
const MOST_WRITERS = 16;
// Of the 4,000 that a message may have; the address comes with the first one.
const MOST_CHARACTERS = 3700;
const NACK_PAUSE_MS = 5e3;

const STATES = {
  sent: ["{{word:sent}}", "{{english:sent}}"],
  delivered: ["{{word:delivered}}", "{{english:delivered}}"],
  "not-sent": ["{{word:not-sent}}", "{{english:not-sent}}"],
};

/** `host` is the frame's script. Returns what it calls the app for. */
export const form = ({ chat, site, record, draw: drawRow, word, say, hear }) => {
  const { kept } = window;
  const composer = chat.querySelector(".composer");
  const area = composer.querySelector("textarea");

  // ---- the outbox ----

  let said = false;
  /** Written here or by an earlier page, and not yet with the origin; `seq` once it is stored at the edge. */
  let waiting = [];
  /** Why not everything is kept, where it is not. */
  let risk;
  const upto = { sent: 0, delivered: 0 };

  const draw = ({ row }, state) => {
    row.querySelector(".bubble").dataset.state = state;
    row.querySelector(".state").textContent = word(...STATES[state]);
  };

  const save = ({ id, writer, n, text, at_ms }) => kept.save(id, JSON.stringify({ id, writer, n, text, at_ms }));

  const write = (text) => {
    if (waiting.length === MOST_WAITING) return hear.refused();
    const message = record(text);
    message.row = drawRow(text, message.id);
    said = true;
    waiting.push(message);
    save(message);
    if (greeted) send(message);
    connect();
    tell();
  };

  const settled = (message) => {
    waiting = waiting.filter((other) => other !== message);
    kept.erase(message.id);
  };

  // ---- the link ----

  let link;
  let greeted = false;
  let stopped;
  let asleep;
  let attempt = 0;
  let later;
  let retryAfterMs = 0;
  let epoch;

  const send = ({ id, writer, n, text }) => link.send(JSON.stringify({ type: "send", id, writer, n, text }));

  const heard = {
    welcome(welcome) {
      // EPOCH-2: whatever the origin may not have goes to the new log.
      if (epoch !== welcome.epoch) for (const message of waiting) delete message.seq;
      epoch = welcome.epoch;
      attempt = 0;
      welcome.acks?.forEach(heard.ack);
      heard.receipted({ upto_seq: welcome.receipted_upto });
      greeted = true;
      waiting.filter(({ seq }) => !seq).forEach(send);
    },
    ack({ writer, upto_n, seq }) {
      for (const message of waiting) {
        if (message.writer !== writer || message.n > upto_n || message.seq) continue;
        message.seq = seq;
        draw(message, "sent");
      }
      upto.sent = Math.max(upto.sent, seq);
    },
    nack({ id, writer, upto_n, reason, retry }) {
      if (retry) {
        const lane = waiting.filter((message) => message.writer === writer && !message.seq);
        const before = (lane[0]?.n ?? 0) - 1;
        // ADOPT-2: what the edge misses nobody has any more.
        if (reason === "gap" && before > upto_n) {
          for (const message of lane) {
            Object.assign(message, { writer: lane[0].id, n: message.n - before });
            save(message);
          }
        }
        retryAfterMs = NACK_PAUSE_MS;
        return end();
      }
      const message = waiting.find((message) => message.id === id);
      if (!message) return;
      draw(message, "not-sent");
      settled(message);
    },
    receipted({ upto_seq }) {
      for (const message of waiting.filter(({ seq }) => seq <= upto_seq)) {
        draw(message, "delivered");
        settled(message);
        upto.delivered = Math.max(upto.delivered, message.seq);
      }
    },
    bye({ retry_after_ms }) {
      retryAfterMs = retry_after_ms;
    },
  };

  const connect = () => {
    if (link || stopped || asleep || !waiting.length) return;
    clearTimeout(later);
    const unacked = [...new Set(waiting.map(({ writer }) => writer))].slice(0, MOST_WRITERS);
    const mine = {
      onopen: () => mine.send(JSON.stringify({ type: "hello", protocol: 1, unacked })),
      onmessage({ data }) {
        for (const frame of JSON.parse(data)) if (mine === link && Object.hasOwn(heard, frame.type)) heard[frame.type](frame);
        // Nobody is kept waiting for answers here.
        if (mine === link && !waiting.length) close();
        tell();
      },
      onclose({ code }) {
        if (mine !== link) return;
        stopped = STOPS[code];
        end();
        tell();
      },
    };
    link = mine;
    poll(mine, new URL(`/v1/sites/${site}/link?chatting`, location.href).href);
  };

  const close = () => {
    link.close();
    link = undefined;
    greeted = false;
  };

  const end = () => {
    close();
    clearTimeout(later);
    const pause = Math.max(1e3, retryAfterMs) + Math.random() * Math.min(6e4, 2e3 * 2 ** attempt);
    attempt += 1;
    retryAfterMs = 0;
    later = setTimeout(connect, pause);
  };
  addEventListener("online", connect);
  addEventListener("ready", connect);
  // Also while it is not clear whether somebody else is there now (IDENTITY-4).
  document.addEventListener("freeze", () => {
    asleep = true;
    if (link) close();
  });
  document.addEventListener("resume", () => {
    asleep = false;
    connect();
  });

  // ---- what is said ----

  const LINES = {
    begin: ["calm", "{{word:page-form}}", "{{english:page-form}}"],
    left: ["calm", "{{word:page-left}}", "{{english:page-left}}"],
    offline: ["waiting", "{{word:offline}}", "{{english:offline}}"],
    connecting: ["waiting", "{{word:connecting-again}}", "{{english:connecting-again}}"],
  };
  let line;
  /** The one that agents have been told. */
  let address;

  const tell = () => {
    const unsent = waiting.some(({ seq }) => !seq);
    const wait = unsent && !greeted && attempt > 0;
    const place = !unsent && address ? "left" : !wait ? "begin" : navigator.onLine ? "connecting" : "offline";
    let [tone, ...words] = LINES[place];
    if (stopped) [tone, words] = ["stopped", stopped];
    const sentence = word(...words) + (wait && risk && !stopped ? " " + word(...risk) : "");
    // Said again it would be heard again.
    if (line !== sentence) say(tone, (line = sentence));
    const standing = stopped ? "stopped" : !wait ? "live" : navigator.onLine ? "connecting" : "offline";
    hear(0, said || waiting.length > 0, standing, "normal", 0, "", 0, upto.sent, upto.delivered);
  };

  const keeps = (all, agreed) => {
    const now = all ? undefined : agreed ? NOT_KEPT : NOT_AGREED;
    if (now === risk) return;
    risk = now;
    tell();
  };
  kept.load(keeps, (texts) => {
    for (const text of texts) {
      try {
        const message = JSON.parse(text);
        if (waiting.some(({ id }) => id === message.id)) continue;
        said ||= message.writer === window.writer;
        // What was sent while the app was awaited has its row.
        waiting.push({ ...message, row: document.querySelector(`[data-id="${message.id}"]`) ?? drawRow(message.text, message.id) });
      } catch {
        // Damaged: left alone.
      }
    }
    // ORDER-1: within a writer nothing goes before what was written earlier.
    waiting.sort((a, b) => a.n - b.n);
    connect();
    tell();
  });

  // ---- the fields ----

  const contact = place();
  const label = word("{{word:page-email}}", "{{english:page-email}}");
  const { input: email, complain } = field(contact, "email", label, { ...EMAIL, required: true });
  composer.id = "form";
  composer.noValidate = true;
  email.setAttribute("form", "form");
  composer.before(contact);
  area.maxLength = MOST_CHARACTERS;

  const submit = (event) => {
    event.preventDefault();
    const text = area.value.trim();
    const given = email.value.trim();
    const wrong = !given || !email.checkValidity();
    if (!complain(wrong ? word("{{word:page-email-wrong}}", "{{english:page-email-wrong}}") : "")) return email.focus();
    const news = given !== address;
    // The address alone will do where something was said before it.
    if (!text && !(news && (said || waiting.length))) return area.focus();
    // A sign, which agents of any language read.
    address = given;
    write([text, news && `✉ ${given}`].filter(Boolean).join("\n\n"));
    area.value = "";
    area.focus();
  };
  composer.addEventListener("submit", submit);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) submit(event);
  });

  tell();
  // A link for answers is of no use here.
  dispatchEvent(new Event("quit"));
  return { show() {}, write: (text) => write(text) };
};
