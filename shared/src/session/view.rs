//! What a person sees of the session. Only reads.

use crate::Millis;
use crate::close::CloseCode;
use crate::frame::Summary;
use crate::id::{AgentId, ConversationId, MessageId};
use crate::limits::{MAX_OUTBOX, MAX_TEXT_CHARS};
use crate::message::{Author, Message, Side};
use crate::mode::Notice;

use super::lanes::Keep;
use super::{Role, Session, State, Transport};

/// Where the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The first attempts; nothing to worry about yet.
    Connecting,
    Live,
    /// The link is gone; the next attempt is at `until`.
    Retrying {
        until: Millis,
    },
    /// The browser says that there is no network.
    Offline,
    Stopped(CloseCode),
}

/// The state of one's own message, in the words of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageState {
    Queued,
    Sent,
    Delivered,
    Seen,
    NotSent { reason: String },
}

/// One line of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub id: MessageId,
    /// Nothing before the edge has stored it.
    pub seq: Option<u64>,
    pub side: Side,
    pub name: String,
    pub text: String,
    pub at_ms: Millis,
    /// Only for messages of this side.
    pub state: Option<MessageState>,
}

/// How far the conversation is, by seq; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upto {
    /// The other side's last message.
    pub theirs: u64,
    /// The last of this side's that the edge has stored.
    pub sent: u64,
    /// The last of this side's that is on the other's screen or in the origin.
    pub delivered: u64,
}

/// Why a text cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteRefusal {
    Empty,
    /// More than [`MAX_TEXT_CHARS`]; says by how many.
    TooLong {
        over: usize,
    },
    /// [`MAX_OUTBOX`] messages wait already.
    OutboxFull,
}

impl Session {
    pub fn standing(&self) -> Standing {
        match self.state {
            State::Live(_) => Standing::Live,
            State::Stopped(code) => Standing::Stopped(code),
            _ if !self.online => Standing::Offline,
            State::Waiting { until } => Standing::Retrying { until: self.clock.host(until) },
            _ => Standing::Connecting,
        }
    }

    /// What the link of the last [`Output::Open`](super::Output::Open) is to be made of.
    pub fn transport(&self) -> Transport {
        self.transports.of_link()
    }

    /// The conversation from its oldest loaded message to the newest, then what waits to be sent.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for message in self.transcript.messages() {
            rows.push(self.row(message));
        }
        let (first_seq, in_log) = (self.transcript.first_seq(), rows.len());
        for entry in self.lanes.entries() {
            let state = match &entry.keep {
                Keep::Unacked => MessageState::Queued,
                Keep::Refused { reason } => MessageState::NotSent { reason: reason.clone() },
                // Stored, but its place not told yet: shown until the log brings it.
                Keep::Stored { upto_seq } if *upto_seq >= first_seq => MessageState::Sent,
                Keep::Stored { .. } => continue,
            };
            if !rows[..in_log].iter().any(|row| row.id == entry.id) {
                rows.push(Row {
                    id: entry.id.clone(),
                    seq: None,
                    side: self.role.side(),
                    name: String::new(),
                    text: entry.text.clone(),
                    at_ms: entry.at_ms,
                    state: Some(state),
                });
            }
        }
        rows
    }

    fn row(&self, message: &Message) -> Row {
        let side = message.author.side();
        let state = (side == self.role.side()).then(|| self.state_of(message.seq));
        Row {
            id: message.id.clone(),
            seq: Some(message.seq),
            side,
            name: message.name.clone(),
            text: message.text.clone(),
            at_ms: message.at_ms,
            state,
        }
    }

    fn state_of(&self, seq: u64) -> MessageState {
        let other = self.role.side().other();
        if self.transcript.seen.of(other) >= seq {
            MessageState::Seen
        } else if self.transcript.delivered.of(other) >= seq || self.transcript.receipted_upto >= seq {
            MessageState::Delivered
        } else {
            MessageState::Sent
        }
    }

    pub fn may_write(&self, text: &str) -> Result<(), WriteRefusal> {
        let chars = text.chars().count();
        if text.trim().is_empty() {
            Err(WriteRefusal::Empty)
        } else if chars > MAX_TEXT_CHARS {
            Err(WriteRefusal::TooLong { over: chars - MAX_TEXT_CHARS })
        } else if self.lanes.own_waiting() >= MAX_OUTBOX {
            Err(WriteRefusal::OutboxFull)
        } else {
            Ok(())
        }
    }

    pub fn notice(&self) -> &Notice {
        &self.notice
    }

    pub fn conversation(&self) -> Option<&ConversationId> {
        self.conversation.as_ref()
    }

    /// Whether anything has been said yet: decides what is worth connecting for.
    pub fn is_chatting(&self) -> bool {
        self.transcript.last_seq() > 0 || self.lanes.entries().next().is_some()
    }

    /// Whose reconnect comes first: whoever chats, and every agent, for whom somebody may wait.
    pub fn goes_first(&self) -> bool {
        self.role != Role::Visitor || self.is_chatting()
    }

    pub fn other_is_typing(&self) -> bool {
        self.other_types_until.is_some()
    }

    /// Messages of the other side that nobody on this side has looked at.
    pub fn unread(&self) -> u64 {
        self.transcript.unread(self.role.side())
    }

    /// The last message that this side had seen when somebody began to look, where there were more. Stays until they
    /// look again.
    pub fn fresh_after(&self) -> Option<u64> {
        self.fresh_after
    }

    pub fn upto(&self) -> Upto {
        let (own, other) = (self.role.side(), self.role.side().other());
        let sent = self.transcript.last_of(own);
        let arrived = self.transcript.delivered.of(other).max(self.transcript.receipted_upto);
        Upto { theirs: self.transcript.last_of(other), sent, delivered: arrived.min(sent) }
    }

    /// Whether what is written now has to wait because the edge takes no more for the moment.
    pub fn limited(&self) -> bool {
        self.limited
    }

    pub fn has_earlier(&self) -> bool {
        self.transcript.first_seq() > 1
    }

    /// The site's conversations, newest first (inbox sessions).
    pub fn inbox(&self) -> &[Summary] {
        &self.inbox
    }

    /// The author that stands for this side; the edge puts the real agent in.
    pub(super) fn own_author(&self) -> Author {
        match self.role.side() {
            Side::Visitor => Author::Visitor,
            Side::Agent => Author::Agent(AgentId::default()),
        }
    }
}
