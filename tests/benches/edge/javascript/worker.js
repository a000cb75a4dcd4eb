// The edge's work in plain JavaScript, written to be fast: what the benchmark measures Rust against.
//
// The same: frames, hello and welcome with a snapshot, each (writer, n) once and in order, a log and a meta row in SQLite,
// one transaction for what came during the last sync, cumulative acks, events to the other links, hibernating sockets with
// attachments, pings answered by the platform, an alarm as the safety net, a row for the site's list of conversations
// (one call at a time, the latest line), and an announcement to the gate, which remembers it.
//
// Left out, and so for free here: tokens and settings (once per link), marks, typing, history, resume, epochs after a loss,
// refusals beyond `gap`, limits, modes, delivery to an origin. Objects call each other by RPC instead of fetch.

import { DurableObject } from "cloudflare:workers";

const SNAPSHOT = 50;
const MAX_COLLECTED = 256;
const MAX_FRAMES_PER_MESSAGE = 64;
const MOST_TURNS = 64;
const SAFETY_NET_MS = 10_000;

export class Conversation extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'));
    this.links = new Map();
    for (const socket of ctx.getWebSockets()) this.links.set(socket, socket.deserializeAttachment());
    const { value: known } = this.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'named'").next();
    this.meta = known ? JSON.parse(this.sql.exec("SELECT value FROM named WHERE name = 'meta'").one().value) : null;
    this.batch = [];
    this.answers = [];
    this.storing = false;
    this.heard = 0;
    this.announced = false;
    this.line = null;
    this.notifying = false;
  }

  async fetch(request) {
    const { conversation, agent } = JSON.parse(request.headers.get("x-link"));
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const info = { conversation, agent, greeted: false, epoch: this.meta?.epoch ?? Date.now() };
    server.serializeAttachment(info);
    this.links.set(server, info);
    const headers = { "Sec-WebSocket-Protocol": "seawall.v1" };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  webSocketMessage(socket, text) {
    this.heard++;
    const info = this.links.get(socket);
    const said = JSON.parse(text);
    for (const frame of Array.isArray(said) ? said : [said]) {
      if (frame.type === "send") this.accept(socket, info, frame);
      else if (frame.type === "hello") this.hello(socket, info, frame);
    }
    if (!this.storing || Math.max(this.batch.length, this.answers.length) >= MAX_COLLECTED) this.commit();
  }

  webSocketClose(socket) {
    this.links.delete(socket);
    socket.close(1000, "bye");
  }

  webSocketError(socket) {
    this.links.delete(socket);
  }

  // Its gate has always taken the announcement.
  async alarm() {}

  hello(socket, info, frame) {
    this.commit();
    const messages = this.meta
      ? this.sql.exec("SELECT seq, id, author, name, text, at_ms FROM messages ORDER BY seq DESC LIMIT ?", SNAPSHOT)
          .toArray().reverse()
      : [];
    info.greeted = true;
    socket.serializeAttachment(info);
    const acks = (frame.unacked ?? []).flatMap((writer) => {
      const written = this.meta?.writers[writer];
      return written ? [{ writer, upto_n: written.n, seq: written.seq }] : [];
    });
    const none = { visitor: 0, agent: 0 };
    socket.send(JSON.stringify({
      type: "welcome", protocol: 1, conversation: info.conversation, epoch: this.meta?.epoch ?? info.epoch,
      notice: { mode: "normal", reason: "", agents: 0, version: 0 }, spread: { chatting_ms: 2000, others_ms: 2000 },
      replay: false, messages, last_seq: this.meta?.last_seq ?? 0, acks, receipted_upto: 0, delivered: none, seen: none,
    }));
  }

  accept(socket, info, { id, writer, n, text }) {
    const meta = (this.meta ??= { conversation: info.conversation, epoch: info.epoch, last_seq: 0, unread: 0, writers: {} });
    const written = meta.writers[writer] ?? { n: 0, seq: 0 };
    if (n > written.n + 1) {
      this.answers.push([socket, { type: "nack", id, writer, n, upto_n: written.n, reason: "gap", retry: true }]);
      return;
    }
    if (n === written.n + 1) {
      const seq = ++meta.last_seq;
      meta.writers[writer] = { n, seq };
      const author = info.agent ? `agent:${info.agent}` : "visitor";
      if (!info.agent) meta.unread++;
      this.batch.push([socket, { seq, id, author, name: info.agent ?? "", text, at_ms: Date.now() }]);
    }
    const { n: upto_n, seq } = meta.writers[writer];
    const last = this.answers.at(-1);
    if (last?.[0] === socket && last[1].type === "ack" && last[1].writer === writer) this.answers.pop();
    this.answers.push([socket, { type: "ack", writer, upto_n, seq }]);
  }

  commit() {
    const { batch, answers } = this;
    if (batch.length) {
      this.batch = [];
      this.store(batch);
    }
    if (answers.length) this.answers = [];
    const says = new Map();
    const say = (socket, frame) => {
      const frames = says.get(socket);
      if (frames) frames.push(frame);
      else says.set(socket, [frame]);
    };
    for (const [socket, frame] of answers) if (this.links.has(socket)) say(socket, frame);
    for (const [writer, message] of batch) {
      for (const [socket, { greeted }] of this.links) {
        if (greeted && socket !== writer) say(socket, { type: "event", ...message });
      }
    }
    // The platform holds them back until the transaction is on disk.
    for (const [socket, frames] of says) {
      for (let from = 0; from < frames.length; from += MAX_FRAMES_PER_MESSAGE) {
        const some = frames.slice(from, from + MAX_FRAMES_PER_MESSAGE);
        try {
          socket.send(JSON.stringify(some.length === 1 ? some[0] : some));
        } catch {
          // It is closing; its close event comes by itself.
        }
      }
    }
    if (!batch.length) return;
    if (!this.announced) this.announce();
    this.notify(batch.at(-1)[1]);
  }

  store(batch) {
    this.ctx.storage.transactionSync(() => {
      if (batch[0][1].seq === 1) {
        this.sql.exec(`CREATE TABLE messages (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, author TEXT NOT NULL,
          name TEXT NOT NULL, text TEXT NOT NULL, at_ms INTEGER NOT NULL)`);
        this.sql.exec("CREATE TABLE named (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
      }
      for (const [, { seq, id, author, name, text, at_ms }] of batch) {
        this.sql.exec("INSERT INTO messages (seq, id, author, name, text, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
          seq, id, author, name, text, at_ms);
      }
      this.sql.exec("INSERT INTO named (name, value) VALUES ('meta', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        JSON.stringify(this.meta));
    });
    this.storing = true;
    this.ctx.waitUntil(this.stored(this.heard));
  }

  // workerd syncs on the thread that reads the sockets: once something came meanwhile, the rest is let in first.
  async stored(heard) {
    await this.ctx.storage.sync();
    for (let turn = 0; turn < MOST_TURNS && heard !== this.heard; turn++) {
      heard = this.heard;
      await scheduler.wait(0);
    }
    this.storing = false;
    this.commit();
  }

  announce() {
    this.announced = true;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(Date.now() + SAFETY_NET_MS));
    const told = this.env.ORIGIN_GATE.getByName("origin").announce("demo", this.meta.conversation);
    this.ctx.waitUntil(told.catch(() => { this.announced = false; }));
  }

  notify({ seq, author, text, at_ms }) {
    const { conversation, unread } = this.meta;
    const present = [...this.links.values()].some((info) => info.greeted && !info.agent);
    this.line = { conversation, last_seq: seq, author, text: text.slice(0, 120), at_ms, unread, present };
    if (!this.notifying) this.ctx.waitUntil(this.tellSite());
  }

  async tellSite() {
    this.notifying = true;
    while (this.line) {
      const line = this.line;
      this.line = null;
      try {
        await this.env.SITE.getByName("demo").notify(line);
      } catch (error) {
        console.error(error);
      }
      await scheduler.wait(200);
    }
    this.notifying = false;
  }
}

export class Site extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS summaries (conversation TEXT PRIMARY KEY, summary TEXT NOT NULL) WITHOUT ROWID");
    this.lines = new Map();
    this.unstored = new Set();
  }

  // A new line is stored at once, a later one every 2 s (COST-5).
  notify(line) {
    const known = this.lines.has(line.conversation);
    this.lines.set(line.conversation, line);
    if (!known) {
      this.store(line);
    } else {
      if (this.unstored.size === 0) setTimeout(() => this.storeLines(), 2000);
      this.unstored.add(line.conversation);
    }
    return this.notice();
  }

  storeLines() {
    for (const conversation of this.unstored) this.store(this.lines.get(conversation));
    this.unstored.clear();
  }

  store(line) {
    this.sql.exec("INSERT INTO summaries (conversation, summary) VALUES (?, ?) ON CONFLICT (conversation) DO UPDATE SET summary = excluded.summary",
      line.conversation, JSON.stringify(line));
  }

  notice() {
    return { mode: "normal", reason: "", agents: 0, version: 0 };
  }
}

export class OriginGate extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(`CREATE TABLE IF NOT EXISTS backlog (site TEXT, conversation TEXT, PRIMARY KEY (site, conversation))
      WITHOUT ROWID`);
  }

  announce(site, conversation) {
    this.sql.exec("INSERT OR IGNORE INTO backlog (site, conversation) VALUES (?, ?)", site, conversation);
  }
}

export default {
  fetch(request, env) {
    if (request.headers.get("upgrade") !== "websocket") return new Response("ok");
    const url = new URL(request.url);
    const agent = url.pathname.includes("/agents/") ? "ada" : null;
    const conversation = url.searchParams.get("conversation") ?? crypto.randomUUID().replaceAll("-", "");
    const headers = { upgrade: "websocket", "x-link": JSON.stringify({ conversation, agent }) };
    return env.CONVERSATION.getByName(`demo/${conversation}`).fetch("https://object/link", { headers });
  },
};
