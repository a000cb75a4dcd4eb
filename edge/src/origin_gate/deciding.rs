//! When and how much may be sent, and which mode holds. This machine sees answers and the clock, never a
//! message.

use shared::Millis;
use shared::event::MAX_BATCH;
use shared::mode::Mode;
use shared::random::Random;

use super::Answer;

/// A Durable Object has 6 outgoing connections; two stay free for settings and keys.
const MAX_TURNS: usize = 4;
/// The plain cap, until limits are measured: events per second, and how many may come at once.
const EVENTS_PER_S: u64 = 200;
const BURST: u64 = 4 * MAX_BATCH as u64;
/// So many bad answers in a row mean holding.
const BAD_IN_A_ROW: u32 = 5;
/// The pause after the k-th bad answer is k times this: the way to holding takes 2.5 s, not 5 immediate failures.
const PAUSE_MS: Millis = 250;
/// While holding one batch is tried every 1 s ± 20 %.
const PROBE_EVERY_MS: Millis = 1_000;
const PROBE_JITTER_MS: Millis = 400;

/// What an origin asks for is obeyed, but a wrong number must not stop everything for good.
const MAX_RETRY_AFTER_MS: Millis = 600_000;

fn obeyed(retry_after_ms: Millis) -> Millis {
    retry_after_ms.min(MAX_RETRY_AFTER_MS)
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Permit {
    No,
    Events(u64),
    /// Like `Events`, and to be replaced by a synthetic probe where nothing waits.
    Probe(u64),
}

#[derive(Debug)]
enum Phase {
    Open { bad: u32, paused_until: Millis },
    Holding { probe_at: Millis },
}

#[derive(Debug)]
pub(super) struct Deciding {
    phase: Phase,
    reason: &'static str,
    changed: bool,
    /// Thousandths of an event that may be sent now.
    credit_milli: u64,
    credited_at: Millis,
    random: Random,
}

impl Deciding {
    pub(super) fn new(seed: u64) -> Deciding {
        Deciding {
            phase: Phase::Open { bad: 0, paused_until: 0 },
            reason: "",
            changed: false,
            credit_milli: BURST * 1_000,
            credited_at: 0,
            random: Random::new(seed),
        }
    }

    pub(super) fn mode(&self) -> (Mode, &'static str) {
        match self.phase {
            Phase::Open { .. } => (Mode::Normal, ""),
            Phase::Holding { .. } => (Mode::Holding, self.reason),
        }
    }

    pub(super) fn take_mode_change(&mut self) -> Option<(Mode, &'static str)> {
        std::mem::take(&mut self.changed).then(|| self.mode())
    }

    pub(super) fn permit(&mut self, now: Millis, turns: usize) -> Permit {
        self.refill(now);
        let events = (self.credit_milli / 1_000).min(MAX_BATCH as u64);
        match self.phase {
            _ if turns >= self.max_turns() => Permit::No,
            Phase::Open { paused_until, .. } if now >= paused_until && events > 0 => Permit::Events(events),
            Phase::Holding { probe_at } if now >= probe_at => Permit::Probe(events.max(1)),
            _ => Permit::No,
        }
    }

    /// When `permit` may say yes by the clock alone: not while it waits for a turn to end.
    pub(super) fn next_permit_at(&self, turns: usize, waiting: bool) -> Option<Millis> {
        match self.phase {
            _ if turns >= self.max_turns() => None,
            Phase::Holding { probe_at } => Some(probe_at),
            Phase::Open { paused_until, .. } if waiting => {
                let lacking = 1_000u64.saturating_sub(self.credit_milli);
                Some(paused_until.max(self.credited_at + lacking.div_ceil(EVENTS_PER_S)))
            }
            Phase::Open { .. } => None,
        }
    }

    /// After a bad answer one call at a time, until a good one.
    fn max_turns(&self) -> usize {
        match self.phase {
            Phase::Open { bad: 0, .. } => MAX_TURNS,
            Phase::Open { .. } | Phase::Holding { .. } => 1,
        }
    }

    pub(super) fn refund(&mut self, events: u64) {
        self.credit_milli = (self.credit_milli + events * 1_000).min(BURST * 1_000);
    }

    pub(super) fn spend(&mut self, events: u64) {
        self.credit_milli = self.credit_milli.saturating_sub(events * 1_000);
    }

    pub(super) fn probing(&mut self, now: Millis) {
        if let Phase::Holding { probe_at } = &mut self.phase {
            let jitter = self.random.below(PROBE_JITTER_MS + 1);
            *probe_at = now + PROBE_EVERY_MS - PROBE_JITTER_MS / 2 + jitter;
        }
    }

    pub(super) fn answered(&mut self, now: Millis, answer: &Answer) {
        match (answer, &mut self.phase) {
            // The first good answer starts the drain at once.
            (Answer::Good(_), phase) => {
                self.changed = matches!(phase, Phase::Holding { .. });
                *phase = Phase::Open { bad: 0, paused_until: 0 };
            }
            (Answer::Bad { reason, retry_after_ms }, Phase::Open { bad, paused_until }) => {
                *bad += 1;
                *paused_until = now + (PAUSE_MS * Millis::from(*bad)).max(obeyed(*retry_after_ms));
                if *bad >= BAD_IN_A_ROW {
                    self.changed = true;
                    self.hold(now, reason);
                }
            }
            (Answer::Bad { retry_after_ms, .. }, Phase::Holding { probe_at }) => {
                *probe_at = (*probe_at).max(now + obeyed(*retry_after_ms));
            }
        }
    }

    pub(super) fn hold(&mut self, now: Millis, reason: &'static str) {
        self.reason = reason;
        self.phase = Phase::Holding { probe_at: now };
        self.probing(now);
    }

    fn refill(&mut self, now: Millis) {
        let passed = now.saturating_sub(self.credited_at);
        self.credited_at = now;
        self.credit_milli = (self.credit_milli + passed.min(60_000) * EVENTS_PER_S).min(BURST * 1_000);
    }
}
