//! What the origin has not receipted: the gate is told once that there is something, and fetches it.

use shared::Millis;
use shared::event::{Event, MAX_BATCH};

use super::ahead::Ahead;
use super::{Conversation, Log, Output};

/// The safety net: a backlog that nobody has fetched by then is announced again. The gate's answer gives the
/// delay of the following ones.
const FIRST_REANNOUNCE_MS: Millis = 10_000;
/// After a restart of the edge every conversation finds a backlog, if only because its cursor is older than what it has
/// delivered. The gate has those that count in its stored index, so they announce themselves within this, one after the other.
const RESTORED_WITHIN_MS: Millis = 30_000;
/// An alarm may be so late.
const ON_TIME_MS: Millis = 2_000;
/// In place of a time: as soon as there is one.
pub(super) const RESTORED: Millis = 0;

impl Conversation {
    /// The next events for the origin, oldest first, always from the first one without a receipt (one batch in
    /// flight per conversation is the gate's promise). They count once the outputs are performed.
    pub fn pull(&mut self, now: Millis, max: usize, log: &dyn Log) -> Vec<Event> {
        self.commit(now);
        self.outbox.broken();
        let Some((first, last)) = self.outbox.to_send(max.min(MAX_BATCH) as u64) else {
            return Vec::new();
        };
        self.outbox.sent(last);
        if self.meta.ending.is_some() {
            return vec![self.forgotten()];
        }
        let log = Ahead::of(log, &self.outputs);
        log.after(first - 1, last + 1 - first).into_iter().map(|message| self.event(message)).collect()
    }

    pub fn backlog(&self) -> u64 {
        self.outbox.waiting()
    }

    /// After a restart: when to announce what is left.
    pub(super) fn take_turn(&mut self, now: Millis) {
        if self.reannounce_at == Some(RESTORED) {
            // The log's epoch is the time of its first message, and as good as chance. Its turn comes at the same moment of every
            // such span: an object that was put to sleep meanwhile, and is restored by its alarm, must not wait for another.
            let since = now.saturating_sub(self.meta.epoch.0) % RESTORED_WITHIN_MS;
            let wait = if since < ON_TIME_MS { 0 } else { RESTORED_WITHIN_MS - since };
            self.reannounce_at = Some(now + wait);
        }
    }

    /// Once, when the backlog becomes non-empty; the alarm is the safety net.
    pub(super) fn announce(&mut self, now: Millis) {
        if self.outbox.waiting() == 0 {
            self.announced = false;
            return;
        }
        self.reannounce_at.get_or_insert(now + FIRST_REANNOUNCE_MS);
        if !self.announced {
            self.announced = true;
            self.outputs.push_back(Output::Announce);
        }
    }

    pub(super) fn announcement_taken(&mut self, now: Millis, again_ms: Millis) {
        self.reannounce_at = (self.outbox.waiting() > 0).then_some(now + again_ms);
    }

    pub(super) fn announcement_failed(&mut self, now: Millis) {
        self.announced = false;
        self.reannounce_at = Some(now + FIRST_REANNOUNCE_MS);
    }

    pub(super) fn timeout_backlog(&mut self, now: Millis) {
        if self.reannounce_at.is_some_and(|at| now >= at) {
            self.reannounce_at = None;
            self.announced = false;
            self.announce(now);
        }
    }
}
