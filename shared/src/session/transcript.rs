//! The part of the log that this client has, without holes, and the marks that give each message its state.

use std::collections::VecDeque;

use crate::frame::{Marks, Resume};
use crate::id::Epoch;
use crate::inbox::{Inbox, Verdict};
use crate::message::{Message, Side};

/// Messages kept in memory; older ones are fetched again when somebody scrolls up.
const MAX_MESSAGES: usize = 5_000;

#[derive(Clone, Debug, Default)]
pub(super) struct Transcript {
    pub(super) epoch: Option<Epoch>,
    /// Contiguous: `messages[0].seq ..= inbox.upto()`.
    messages: VecDeque<Message>,
    inbox: Inbox,
    pub(super) receipted_upto: u64,
    pub(super) delivered: Marks,
    pub(super) seen: Marks,
}

impl Transcript {
    pub(super) fn resume(&self) -> Option<Resume> {
        self.epoch.map(|epoch| Resume { epoch, last_seq: self.inbox.upto() })
    }

    pub(super) fn start_over(&mut self, epoch: Epoch, messages: Vec<Message>, last_seq: u64) {
        *self = Transcript {
            epoch: Some(epoch),
            messages: messages.into(),
            inbox: Inbox::after(last_seq),
            ..Transcript::default()
        };
    }

    pub(super) fn accept(&mut self, message: Message) -> Verdict {
        let verdict = self.inbox.accept(message.seq);
        if verdict == Verdict::New {
            self.messages.push_back(message);
            if self.messages.len() > MAX_MESSAGES {
                self.messages.pop_front();
            }
        }
        verdict
    }

    /// Older messages, asked for by `history`. Only those that continue what is here without a hole.
    pub(super) fn prepend(&mut self, messages: Vec<Message>) -> bool {
        let mut moved = false;
        for message in messages.into_iter().rev() {
            if self.first_seq().checked_sub(1) == Some(message.seq) && self.messages.len() < MAX_MESSAGES {
                self.messages.push_front(message);
                moved = true;
            }
        }
        moved
    }

    /// The seq of the oldest message here; one after the end where there is none.
    pub(super) fn first_seq(&self) -> u64 {
        self.messages.front().map_or(self.inbox.upto().saturating_add(1), |message| message.seq)
    }

    pub(super) fn last_seq(&self) -> u64 {
        self.inbox.upto()
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// The place of the last message that `side` wrote.
    pub(super) fn last_of(&self, side: Side) -> u64 {
        self.messages.iter().rev().find(|message| message.author.side() == side).map_or(0, |m| m.seq)
    }

    pub(super) fn unread(&self, reader: Side) -> u64 {
        let (seen, mut unread) = (self.seen.of(reader), 0);
        for message in self.messages.iter().rev() {
            if message.seq <= seen {
                break;
            }
            unread += u64::from(message.author.side() != reader);
        }
        unread
    }
}
