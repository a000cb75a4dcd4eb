//! What travels on a link between a browser and the edge: JSON text, one frame or an array of frames
//! in one WebSocket message (FRAME-1). Field order here is the order on the wire.

use crate::id::{ConversationId, Epoch, MessageId, WriterId};
use crate::message::{Author, Message, Side};
use crate::mode::Notice;

/// The version that this code speaks. A peer one version older or newer still works (FRAME-3).
pub const PROTOCOL: u64 = 1;

/// The WebSocket subprotocol that the client offers and the edge selects.
pub const SUBPROTOCOL: &str = "seawall.v1";

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "kebab-case")
)]
pub enum ClientFrame {
    Hello(Hello),
    Send(Send),
    /// The message is on this client's screen (agent) or in its transcript (visitor).
    Delivered {
        upto_seq: u64,
    },
    /// A person looked at it.
    Seen {
        upto_seq: u64,
    },
    Typing {
        on: bool,
    },
    /// Asks for the messages before a place in the log.
    History {
        before_seq: u64,
    },
    /// Answered by the platform without waking the conversation.
    Ping,
    /// A frame of a later version: ignored (FRAME-2).
    #[cfg_attr(feature = "serde", serde(other))]
    Unknown,
}

/// The first frame of a link, and again whenever the client noticed that it has missed something (RESUME-3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Hello {
    pub protocol: u64,
    /// Where to continue; nothing asks for a snapshot.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub resume: Option<Resume>,
    /// Writers with messages that this client has not seen acknowledged. The welcome says how far each one got.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub unacked: Vec<WriterId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Resume {
    pub epoch: Epoch,
    pub last_seq: u64,
}

/// A message on its way to the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Send {
    pub id: MessageId,
    pub writer: WriterId,
    /// The writer's own numbering, from 1 and without gaps.
    pub n: u64,
    pub text: String,
}

/// What the edge says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "kebab-case")
)]
pub enum EdgeFrame {
    Welcome(Box<Welcome>),
    Ack(Ack),
    Nack(Nack),
    /// A message that somebody else (or another tab) wrote.
    Event(Message),
    /// The origin has everything up to here.
    Receipted {
        upto_seq: u64,
    },
    Delivered {
        side: Side,
        upto_seq: u64,
    },
    Seen {
        side: Side,
        upto_seq: u64,
    },
    Typing {
        side: Side,
        on: bool,
    },
    Mode(Notice),
    /// The crowd has outgrown what the welcome told (SPREAD-2).
    Spread(Spread),
    History {
        messages: Vec<Message>,
    },
    /// A conversation of the site has changed (inbox links only).
    Summary(Summary),
    /// The edge is about to close the link.
    Bye {
        code: u64,
        #[cfg_attr(feature = "serde", serde(default))]
        retry_after_ms: u64,
    },
    Pong,
    /// A frame of a later version: ignored (FRAME-2).
    #[cfg_attr(feature = "serde", serde(other))]
    Unknown,
}

/// The answer to `hello`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Welcome {
    pub protocol: u64,
    /// Empty on an inbox link.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub conversation: Option<ConversationId>,
    pub epoch: Epoch,
    pub notice: Notice,
    pub spread: Spread,
    /// A renewed visitor token, for clients that sent theirs as a subprotocol; browsers carry a cookie.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub token: Option<String>,
    /// True: `messages` continue after the `last_seq` of the hello. False: they are a snapshot, start over.
    pub replay: bool,
    #[cfg_attr(feature = "serde", serde(default))]
    pub messages: Vec<Message>,
    /// The end of the log when this frame was made.
    pub last_seq: u64,
    /// How far the writers named in the hello have been stored.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub acks: Vec<Ack>,
    pub receipted_upto: u64,
    /// What is on the other side's screens, and what was looked at there.
    pub delivered: Marks,
    pub seen: Marks,
    /// The site's conversations, newest first (inbox links only).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub inbox: Vec<Summary>,
}

/// How to spread reconnects after this link: chatting clients over `chatting_ms`, all others after them over `others_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Spread {
    pub chatting_ms: u64,
    pub others_ms: u64,
}

impl Default for Spread {
    /// For a client that has never been told: 2 s, the least that the edge ever asks for.
    fn default() -> Self {
        Spread { chatting_ms: 2_000, others_ms: 2_000 }
    }
}

/// Stored: everything of `writer` up to `upto_n`. `seq` is the place of `upto_n` itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ack {
    pub writer: WriterId,
    pub upto_n: u64,
    pub seq: u64,
}

/// Not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Nack {
    pub id: MessageId,
    pub writer: WriterId,
    pub n: u64,
    /// How far this writer has been stored; with `gap` the client continues after it.
    pub upto_n: u64,
    pub reason: String,
    /// Whether sending the same message again can help.
    pub retry: bool,
}

/// A mark per side: the highest seq that it stands at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Marks {
    pub visitor: u64,
    pub agent: u64,
}

impl Marks {
    pub fn of(&self, side: Side) -> u64 {
        match side {
            Side::Visitor => self.visitor,
            Side::Agent => self.agent,
        }
    }

    /// Moves a side's mark forward; false where it stands there already.
    pub fn raise(&mut self, side: Side, upto_seq: u64) -> bool {
        let mark = match side {
            Side::Visitor => &mut self.visitor,
            Side::Agent => &mut self.agent,
        };
        let moved = upto_seq > *mark;
        *mark = upto_seq.max(*mark);
        moved
    }
}

/// One line in the agents' list of conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Summary {
    pub conversation: ConversationId,
    /// The visitor's name, where the site's server has vouched for it; otherwise empty.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "String::is_empty"))]
    pub name: String,
    pub last_seq: u64,
    pub author: Author,
    /// The beginning of the last message, at most 120 characters.
    pub text: String,
    pub at_ms: u64,
    /// Messages of the visitor that no agent has looked at.
    pub unread: u64,
    /// Whether the visitor's chat is connected.
    pub present: bool,
}
