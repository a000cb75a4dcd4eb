//! The origin's answers move the cursor: in order, and never over a hole.

use shared::Millis;
use shared::event::{Outcome, Receipt};
use shared::frame::EdgeFrame;
use shared::message::Message;

use super::{Conversation, Log, Output};

/// A message that the origin refused for good, kept with the reason for the operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Parked {
    pub seq: u64,
    pub reason: String,
}

impl Conversation {
    pub(super) fn receipts(&mut self, now: Millis, receipts: Vec<Receipt>, log: &dyn Log) {
        if self.meta.ending.is_some() {
            return self.ending_receipts(&receipts);
        }
        self.commit(now);
        let before = self.outbox.acked_upto();
        let limit = receipts.len() as u64;
        for Message { seq, id, .. } in log.after(before, limit) {
            let receipt = receipts.iter().find(|receipt| receipt.id == id.as_str());
            match receipt.map(|receipt| receipt.result) {
                Some(Outcome::Accepted | Outcome::Duplicate) => {}
                Some(Outcome::Refused) => {
                    let reason = receipt.map(|receipt| receipt.reason.clone()).unwrap_or_default();
                    self.outputs.push_back(Output::Park(Parked { seq, reason }));
                }
                // RECEIPT-2: whatever lacks a receipt is sent again, and everything after it waits.
                Some(Outcome::Later) | None => break,
            }
            self.outbox.acked(seq);
        }
        let upto_seq = self.outbox.acked_upto();
        if upto_seq == before {
            return;
        }
        self.meta.delivered_upto = upto_seq;
        self.broadcast(None, &EdgeFrame::Receipted { upto_seq });
        if self.outbox.waiting() == 0 {
            self.announced = false;
            self.reannounce_at = None;
            self.keep_cursor();
        }
    }

    /// A lost cursor costs a duplicate for every message since the last insert, so it is kept: with a link where
    /// there is one (free), otherwise in the meta row.
    fn keep_cursor(&mut self) {
        match self.links.keys().next() {
            Some(&link) => self.attach(link),
            None => self.store(Vec::new()),
        }
    }

    /// The link that kept the cursor may be gone: another one keeps it, free as well.
    pub(super) fn hand_cursor_on(&mut self) {
        let upto_seq = self.outbox.acked_upto();
        let kept = self.links.values().any(|info| info.delivered_upto == upto_seq);
        if self.outbox.waiting() == 0 && !self.links.is_empty() && !kept {
            self.keep_cursor();
        }
    }
}
