export type Theme = "auto" | "light" | "dark";

export interface Settings {
  /** The edge's address, such as `https://chat.example`. */
  edge: string;
  /** The site's id. */
  site: string;
  /** `auto`, the default, is as the visitor's device. */
  theme?: Theme;
  /** For pages whose policy asks for one. */
  nonce?: string;
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
