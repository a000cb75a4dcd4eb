export type Theme = "auto" | "light" | "dark";

/** Nothing (`null`) is the default again. */
export interface Look {
  /** `auto`, the default, is as the visitor's device. */
  theme?: Theme | null;
  /** A language tag, such as `pt-BR`; by default what the visitor's browser asks for. */
  lang?: string | null;
  /** Of launcher and chat, in any form of CSS; what is read on it has a contrast of 4.5 or more. */
  color?: string | null;
  /** How round the chat's corners are, in px from 0 to 18. */
  round?: number | null;
  /** One of those that visitors have. */
  font?: "system" | "humanist" | "geometric" | "rounded" | "serif" | "mono" | null;
  /** Where the launcher stands; by default at the end of a line: right, or left on a page that reads from the right. */
  position?: "left" | "right" | null;
  /** What the launcher says beside its sign, and is called; at most 60 characters. */
  label?: string | null;
  /** What it is called where it closes the chat; by default that is said in the chat's language. */
  closeLabel?: string | null;
}

export interface Settings extends Look {
  /** The edge's address, such as `https://chat.example`. */
  edge: string;
  /** The site's id. Without it the chat waits for `boot`. */
  site?: string;
  /** `required`: nothing is stored in the visitor's browser before `setConsent(true)`. */
  consent?: "required" | "given" | "refused" | null;
  /** For pages whose policy asks for one. */
  nonce?: string;
  /**
   * The one script that never changes, in place of today's; both values are in the edge's `/integrity.json`. The browser runs it only if it
   * is the very one.
   */
  pinned?: { script: string; integrity: string } | null;
}

export interface Health {
  /** What the visitor reads, in one word. */
  truth: "well" | "away" | "degraded" | "connecting" | "offline" | "stopped" | "unreachable";
  link: "live" | "connecting" | "offline" | "stopped";
  /** Missing while the edge has not been reached. */
  mode?: "normal" | "degraded" | "chatting-only" | "holding";
  /** How many are connected. */
  agents?: number;
}

/** What went wrong with a call; the message says what would be right. */
export interface ChatError {
  code:
    | "unknown-method"
    | "unknown-event"
    | "unknown-theme"
    | "unknown-language"
    | "unknown-color"
    | "unknown-position"
    | "unknown-setting"
    | "unknown-font"
    | "bad-round"
    | "unknown-consent"
    | "bad-label"
    | "no-settings"
    | "no-site"
    | "not-booted"
    | "no-token"
    | "identity-refused"
    | "identity-expired"
    | "identity-off"
    | "no-text"
    | "text-too-long"
    | "outbox-full"
    | "no-function"
    | "too-many-waiting"
    | "not-forgotten"
    | "restarted";
  message: string;
}

export interface Events {
  /** A handler that comes later is called at once. */
  ready: Record<string, never>;
  open: Record<string, never>;
  close: Record<string, never>;
  unread: { count: number };
  /** The other side has written; `seq` is the message's place in the conversation, from 1. */
  message: { seq: number };
  /** Everything of the visitor's up to there is safe at the edge. */
  sent: { seq: number };
  /** Everything of the visitor's up to there is on an agent's screen or with the chat company. */
  delivered: { seq: number };
  /** A handler that comes later gets the last one. */
  health: Health;
  error: ChatError;
}

export interface Chat {
  /** Begins the visit, with these settings; where it has begun it is the same as `update`. */
  boot(settings?: Look & { site?: string }): void;
  /** Ends the visit on this page: launcher, chat and link are gone until the next `boot`. */
  shutdown(): void;
  update(settings: Look): void;
  /** Who the visitor is: a token that your server has signed, or a function that brings one, also when the first has expired. */
  identify(token: { token: string } | (() => string | Promise<string>)): void;
  open(): void;
  close(): void;
  toggle(): void;
  /** The launcher. */
  show(): void;
  /** The launcher; closes the chat as well. */
  hide(): void;
  /** Puts a text into the composer, where the visitor has none there. */
  prefill(text: string): void;
  /** Sends it as the visitor. */
  send(text: string): void;
  setTheme(theme: Theme): void;
  /** Nothing: what the visitor's browser asks for. */
  setLocale(tag: string | null): void;
  /** Whether anything may be stored in the visitor's browser. `false` erases what is, and the chat goes on for as long as the page. */
  setConsent(given: boolean): void;
  /** Erases the conversation in this browser, at the edge and, as soon as it can be told, at the origin. */
  forget(): void;
  /** Returns what ends it. */
  on<Name extends keyof Events>(event: Name, handler: (detail: Events[Name]) => void): () => void;
  /** Without a handler: all of that event's. */
  off<Name extends keyof Events>(event: Name, handler?: (detail: Events[Name]) => void): void;
  /** Takes everything off the page; `load` may be called again. */
  destroy(): void;
}

/** Puts the chat on the page; again, it is the same chat. On a server every call is nothing. */
export function load(settings: Settings): Chat;
