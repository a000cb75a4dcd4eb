//! The log as it will be once the outputs that still wait are performed.

use std::collections::VecDeque;

use shared::message::{Author, Message};

use super::{Log, Output};

pub(super) struct Ahead<'a> {
    log: &'a dyn Log,
    /// Not yet stored, oldest first.
    waiting: Vec<Message>,
}

impl<'a> Ahead<'a> {
    pub(super) fn of(log: &'a dyn Log, outputs: &VecDeque<Output>) -> Ahead<'a> {
        let waiting = outputs.iter().filter_map(|output| match output {
            Output::Store { messages, .. } => Some(messages.iter().cloned()),
            _ => None,
        });
        Ahead { log, waiting: waiting.flatten().collect() }
    }
}

impl Log for Ahead<'_> {
    fn after(&self, seq: u64, limit: u64) -> Vec<Message> {
        let mut messages = self.log.after(seq, limit);
        messages.extend(self.waiting.iter().filter(|message| message.seq > seq).cloned());
        messages.truncate(limit as usize);
        messages
    }

    fn before(&self, seq: u64, limit: u64) -> Vec<Message> {
        let mut messages = self.log.before(seq, limit);
        messages.extend(self.waiting.iter().filter(|message| message.seq < seq).cloned());
        messages.split_off(messages.len().saturating_sub(limit as usize))
    }

    fn unread(&self, seq: u64) -> u64 {
        let unread = |message: &&Message| message.author == Author::Visitor && message.seq > seq;
        self.log.unread(seq) + self.waiting.iter().filter(unread).count() as u64
    }
}
