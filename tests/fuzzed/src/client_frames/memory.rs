//! A conversation's log, in memory.

use edge::conversation::Log;
use shared::message::{Author, Message};

#[derive(Default)]
pub(super) struct Memory(pub(super) Vec<Message>);

impl Log for Memory {
    fn after(&self, seq: u64, limit: u64) -> Vec<Message> {
        self.0.iter().filter(|message| message.seq > seq).take(limit as usize).cloned().collect()
    }

    fn before(&self, seq: u64, limit: u64) -> Vec<Message> {
        let end = self.0.iter().filter(|message| message.seq < seq).count();
        self.0[end.saturating_sub(limit as usize)..end].to_vec()
    }

    fn unread(&self, seq: u64) -> u64 {
        let unread = |message: &&Message| message.author == Author::Visitor && message.seq > seq;
        self.0.iter().filter(unread).count() as u64
    }
}
