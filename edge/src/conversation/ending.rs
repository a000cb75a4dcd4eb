//! How a conversation ends: its visitor wants it forgotten (FORGET-1), or nobody has written for as long as the site
//! keeps conversations (RETENTION-1). What was said is erased at once; a row stays until all have heard who must.

use serde::{Deserialize, Serialize};
use shared::Millis;
use shared::close::CloseCode;
use shared::event::{Event, Forgotten, Outcome, Receipt};
use shared::outbox::Outbox;

use super::accept::Batch;
use super::{Conversation, Output};

const DAY_MS: Millis = 86_400_000;
/// The site's list is told again when it could not be reached.
const TELL_AGAIN_MS: Millis = 10_000;

/// Who has not heard of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ending {
    /// The origin is to erase it, too: the visitor's wish. A site's retention is about the edge alone.
    pub(super) forgotten: bool,
    pub(super) origin: bool,
    pub(super) site: bool,
}

impl Ending {
    /// For whoever comes while the end is not over.
    pub(super) fn close_code(self) -> CloseCode {
        if self.forgotten { CloseCode::FORGOTTEN } else { CloseCode::UNKNOWN_CONVERSATION }
    }
}

impl Conversation {
    /// FORGET-1: also while the origin is away; then its erasure waits here as its messages would have.
    pub(super) fn forget(&mut self, now: Millis) {
        let links = std::mem::take(&mut self.links);
        links.keys().for_each(|link| self.silence.ends(*link));
        // Also what has been collected and was not stored yet.
        self.batch = Batch::default();
        if !self.meta.ending.is_some_and(|ending| ending.forgotten) {
            if !self.stored {
                // RETENTION-1, or a lost storage: the origin may keep what we no longer know of, under any earlier epoch.
                self.meta.epoch.0 = self.meta.epoch.0.max(now);
            }
            self.end(now, Ending { forgotten: true, origin: true, site: true });
        }
        // Only now: nobody hears of it before it is stored.
        for link in links.into_keys() {
            self.outputs.push_back(Output::Close(link, CloseCode::FORGOTTEN));
        }
    }

    /// What it would delete by itself.
    pub(super) fn expires_at(&self) -> Option<Millis> {
        let idle = self.stored && self.outbox.waiting() == 0 && self.meta.ending.is_none();
        let last = self.last.as_ref().filter(|_| idle && self.meta.retention_days > 0)?;
        let expires_at = last.at_ms.saturating_add(self.meta.retention_days.saturating_mul(DAY_MS));
        Some(expires_at.max(self.here_until))
    }

    pub(super) fn timeout_ending(&mut self, now: Millis) {
        if self.tell_gone_at.is_some_and(|at| now >= at) {
            self.tell_gone_at = Some(now + TELL_AGAIN_MS);
            self.outputs.push_back(Output::TellGone);
        }
        if self.expires_at().is_some_and(|at| now >= at) {
            if self.links.is_empty() {
                self.end(now, Ending { forgotten: false, origin: false, site: true });
            } else {
                // RETENTION-1: not before the eyes of somebody who has it open.
                self.here_until = now + DAY_MS;
            }
        }
    }

    fn end(&mut self, now: Millis, ending: Ending) {
        let last_seq = self.meta.last_seq;
        self.meta.forget();
        self.meta.ending = Some(ending);
        self.stored = true;
        self.last = None;
        // What the origin must hear takes the log's next place, and nothing before it is left to be sent.
        self.meta.last_seq = last_seq + u64::from(ending.origin);
        self.meta.delivered_upto = last_seq;
        self.outbox = Outbox::resume(last_seq, self.meta.last_seq);
        self.outputs.push_back(Output::Forget { meta: Box::new(self.meta.clone()) });
        self.announced = false;
        self.announce(now);
        self.tell_gone_at = Some(now + TELL_AGAIN_MS);
        self.outputs.push_back(Output::TellGone);
    }

    /// The event that stands in the place of everything that was not yet delivered.
    pub(super) fn forgotten(&self) -> Event {
        Event::forgotten(Forgotten {
            site: self.meta.site.clone(),
            conversation: self.meta.conversation.clone(),
            epoch: self.meta.epoch,
        })
    }

    pub(super) fn ending_receipts(&mut self, receipts: &[Receipt]) {
        let id = self.forgotten().id;
        // Refused for good: an origin that knows no such event. Asking for ever would not make it erase anything.
        let heard = |receipt: &&Receipt| receipt.id == id && receipt.result != Outcome::Later;
        if let Some(ending) = &mut self.meta.ending
            && ending.origin
            && receipts.iter().any(|receipt| heard(&receipt))
        {
            ending.origin = false;
            self.outbox.acked(self.meta.last_seq);
            self.reannounce_at = None;
            self.ended();
        }
    }

    pub(super) fn gone(&mut self, now: Millis, told: bool) {
        let Some(ending) = &mut self.meta.ending else { return };
        if told {
            ending.site = false;
            self.tell_gone_at = None;
            self.ended();
        } else {
            self.tell_gone_at = Some(now + TELL_AGAIN_MS);
        }
    }

    fn ended(&mut self) {
        if let Some(Ending { origin: false, site: false, .. }) = self.meta.ending {
            self.outputs.push_back(Output::Delete);
        }
    }
}
