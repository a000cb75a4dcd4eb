//! What should be true: every message that a person wrote, and what the system has said about it since.

use std::collections::{BTreeMap, BTreeSet};

use shared::codec::Saved;
use shared::frame::{Ack, Send};
use shared::id::{MessageId, WriterId};
use shared::message::Side;

use super::clock::ConversationNo;
use super::sim_browser::TabId;

#[derive(Clone, Debug)]
pub struct Written {
    pub id: MessageId,
    pub tab: TabId,
    pub conversation: ConversationNo,
    pub side: Side,
    pub text: String,
    /// Is or was in the browser's storage: a promise, whatever becomes of the tab.
    pub saved: bool,
}

#[derive(Debug, Default)]
pub struct Reference {
    /// In the order of writing.
    pub written: Vec<Written>,
    by_id: BTreeMap<MessageId, usize>,
    /// Which message goes by which number, as frames have said.
    numbers: BTreeMap<(WriterId, u64), MessageId>,
    /// Acknowledged by a frame that has left the edge.
    pub acknowledged: BTreeSet<MessageId>,
}

impl Reference {
    /// A tab hands a message over for saving. The same id again is a new place for an old message.
    pub fn wrote(&mut self, tab: TabId, conversation: ConversationNo, side: Side, saved: &Saved) {
        if self.by_id.contains_key(&saved.id) {
            return;
        }
        self.by_id.insert(saved.id.clone(), self.written.len());
        self.written.push(Written {
            id: saved.id.clone(),
            tab,
            conversation,
            side,
            text: saved.text.clone(),
            saved: false,
        });
    }

    pub fn saved(&mut self, id: &MessageId) {
        if let Some(&index) = self.by_id.get(id) {
            self.written[index].saved = true;
        }
    }

    /// What this writer has written so far need not arrive any more.
    pub fn unpromised(&mut self, tab: TabId) {
        for written in self.written.iter_mut().filter(|written| written.tab == tab) {
            written.saved = false;
        }
    }

    /// A send has come to the edge. One number must not stand for two messages.
    pub fn sent(&mut self, send: &Send) -> Result<(), String> {
        let known = self.numbers.entry((send.writer.clone(), send.n)).or_insert_with(|| send.id.clone());
        if *known == send.id {
            Ok(())
        } else {
            Err(format!("({}, {}) stands for {known} and for {}", send.writer, send.n, send.id))
        }
    }

    pub fn acknowledged(&mut self, ack: &Ack) {
        let all = (ack.writer.clone(), 0)..=(ack.writer.clone(), ack.upto_n);
        self.acknowledged.extend(self.numbers.range(all).map(|(_, id)| id.clone()));
    }

    pub fn find(&self, id: &MessageId) -> Option<&Written> {
        self.by_id.get(id).map(|&index| &self.written[index])
    }
}
