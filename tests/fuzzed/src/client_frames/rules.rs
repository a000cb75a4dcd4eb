//! What must be true of everything that a conversation stores and says.

use shared::frame::{Ack, EdgeFrame, Welcome};
use shared::id::MessageId;
use shared::limits::{MAX_REPLAY, MAX_TEXT_CHARS, SNAPSHOT};
use shared::message::Message;

use super::Desk;
use crate::pick;

impl Desk {
    pub(super) fn told(&mut self, frame: &EdgeFrame) {
        let end = self.log.0.len() as u64;
        match frame {
            EdgeFrame::Welcome(welcome) => self.welcomed(welcome),
            EdgeFrame::Ack(ack) => self.acknowledged(ack),
            EdgeFrame::Nack(nack) if nack.reason == "foreign-writer" => {}
            EdgeFrame::Nack(nack) if !nack.retry => {
                let at = self.log.0.iter().find(|message| message.id == nack.id);
                assert_eq!(at, None, "NACK-2: refused and stored");
            }
            EdgeFrame::Event(message) => assert_eq!(self.at(message.seq), Some(message), "STORE-1"),
            EdgeFrame::Receipted { upto_seq } => {
                assert!(*upto_seq >= self.told_receipted);
                self.told_receipted = *upto_seq;
                self.require_receipts(*upto_seq);
            }
            EdgeFrame::Delivered { upto_seq, .. } | EdgeFrame::Seen { upto_seq, .. } => {
                assert!(*upto_seq <= end, "MARK-1: a mark at {upto_seq} in a log of {end}");
            }
            EdgeFrame::History { messages } => {
                assert!(messages.len() as u64 <= SNAPSHOT);
                self.require_part(messages);
            }
            _ => {}
        }
    }

    fn welcomed(&self, welcome: &Welcome) {
        assert_eq!(welcome.last_seq, self.log.0.len() as u64, "RESUME-4");
        let limit = if welcome.replay { MAX_REPLAY } else { SNAPSHOT };
        assert!(welcome.messages.len() as u64 <= limit);
        self.require_part(&welcome.messages);
        let last = welcome.messages.last().map(|message| message.seq);
        assert!(
            last.is_none_or(|last| last == welcome.last_seq)
                && (welcome.replay || last.unwrap_or(0) == welcome.last_seq),
            "RESUME-4: the welcome brings what it speaks of"
        );
        welcome.acks.iter().for_each(|ack| self.acknowledged(ack));
        self.require_receipts(welcome.receipted_upto);
    }

    fn acknowledged(&self, ack: &Ack) {
        let stored = self.at(ack.seq).map(|message| &message.id);
        assert_eq!(stored, Some(&pick::message_id(&ack.writer, ack.upto_n)), "ACK-1: {ack:?}");
    }

    pub(super) fn at(&self, seq: u64) -> Option<&Message> {
        self.log.0.get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    pub(super) fn require_next(&self, message: &Message) {
        assert_eq!(message.seq, self.log.0.len() as u64 + 1, "ORDER-3");
        let chars = message.text.chars().count();
        assert!(chars <= MAX_TEXT_CHARS && !message.text.trim().is_empty(), "NACK-2");
        let (writer, n) = written(&message.id);
        let other =
            |other: &&Message| written(&other.id).0 == writer && other.author.side() != message.author.side();
        assert_eq!(self.log.0.iter().find(other), None, "WRITER-1: {writer}");
        let earlier = self.log.0.iter().map(|message| written(&message.id)).filter(|(by, _)| *by == writer);
        assert!(earlier.map(|(_, n)| n).max().is_none_or(|last| last < n), "ORDER-1: {writer} {n}");
    }

    /// A stretch of the log without holes.
    fn require_part(&self, messages: &[Message]) {
        for (place, message) in messages.iter().enumerate() {
            assert_eq!(self.at(message.seq), Some(message));
            assert_eq!(message.seq, messages[0].seq + place as u64);
        }
    }

    pub(super) fn require_receipts(&self, upto_seq: u64) {
        let hole = (1..=upto_seq).find(|seq| !self.receipted.contains(seq));
        assert_eq!(hole, None, "RECEIPT-2: the cursor stands at {upto_seq}");
    }

    pub(super) fn require_marks(&self) {
        let (meta, end) = (self.machine.meta(), self.log.0.len() as u64);
        for marks in [meta.delivered, meta.seen] {
            assert!(marks.visitor.max(marks.agent) <= end, "MARK-1: {marks:?} in a log of {end}");
        }
    }
}

fn written(id: &MessageId) -> (String, u64) {
    let (writer, n) = id.as_str().rsplit_once('.').expect("ids are made here");
    (writer.to_owned(), n.parse().expect("ids are made here"))
}
