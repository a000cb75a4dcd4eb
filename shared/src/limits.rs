//! Limits that both sides of a link know. Each has a code, which the visitor's or agent's side turns into a sentence.

/// The longest text of one message, in Unicode scalar values. Refused as `text-too-long`.
pub const MAX_TEXT_CHARS: usize = 4_000;

/// The largest WebSocket message in bytes: a text of 4,000 four-byte characters, each written as an escape
/// pair of 12 bytes, is 48,000 bytes; the rest is room for the other fields. Refused as `frame-too-large`.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;

/// Frames that may share one WebSocket message. Refused as `too-many-frames`.
pub const MAX_FRAMES_PER_MESSAGE: usize = 64;

/// Events in a `welcome` that continues after `last_seq`; behind by more, a client starts over from a snapshot.
pub const MAX_REPLAY: u64 = 200;

/// Events in a snapshot and in one page of history: what a screen shows, twice over.
pub const SNAPSHOT: u64 = 50;

/// Messages that one writer may have unacknowledged in the browser. The composer then says so and waits.
pub const MAX_OUTBOX: usize = 500;

/// Writers named in one `hello`.
pub const MAX_WRITERS_PER_HELLO: usize = 16;

/// Characters of a person's name; the rest of a longer one is not shown.
pub const MAX_NAME_CHARS: usize = 100;

/// Sockets that one conversation keeps open. Refused as `too-many-links`.
pub const MAX_LINKS_PER_CONVERSATION: usize = 20;
