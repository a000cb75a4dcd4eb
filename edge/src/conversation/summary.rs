//! How the conversation looks in the agents' list, which the site keeps.

use shared::frame::Summary;
use shared::message::Side;

use super::{Conversation, LinkInfo, Output};

/// Characters of a message that the agents' list shows.
const PREVIEW_CHARS: usize = 120;

impl Conversation {
    pub(super) fn notify_presence(&mut self) {
        // COST-1: a visitor who has written nothing is nobody's row.
        if self.meta.last_seq > 0 {
            self.notify();
        }
    }

    pub(super) fn notify(&mut self) {
        let Some(last) = &self.last else { return };
        let present = |info: &LinkInfo| info.greeted && info.peer.side() == Side::Visitor;
        let summary = Summary {
            conversation: self.meta.conversation.clone(),
            name: self.meta.visitor.clone(),
            last_seq: last.seq,
            author: last.author.clone(),
            text: last.text.chars().take(PREVIEW_CHARS).collect(),
            at_ms: last.at_ms,
            unread: self.meta.unread,
            present: self.links.values().any(present),
        };
        self.outputs.push_back(Output::Notify(summary));
    }
}
