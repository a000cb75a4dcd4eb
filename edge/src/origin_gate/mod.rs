//! The one way to the origin. Two machines in one object: [`deciding`] says when and how much may be sent and which
//! mode holds; [`carrying`] pulls batches from conversations, posts them and returns the receipts. They only talk
//! through the calls below, so that they can be taken apart.
//!
//! Conversations never push: they announce a backlog once, and the gate pulls when the origin can bear it.

mod carrying;
mod deciding;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use shared::Millis;
use shared::event::{Event, Receipt};
use shared::id::{ConversationId, SiteId};
use shared::mode::Mode;
use shared::steady::Steady;

use carrying::Carrying;
use deciding::{Deciding, Permit};

/// A conversation, as the gate knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub site: SiteId,
    pub conversation: ConversationId,
}

/// One batch on its way: from the pull to the last settled receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Turn(pub u64);

/// What an HTTP call to the origin brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Well-formed and in time. Empty for calls without receipts.
    Good(Vec<Receipt>),
    /// Refused, 5xx, 429, malformed, or over the deadline.
    Bad { reason: &'static str, retry_after_ms: Millis },
}

#[derive(Clone, Debug)]
pub enum Input {
    Announced(Key),
    /// What one conversation gave; nothing where it could not be reached.
    Pulled {
        turn: Turn,
        key: Key,
        events: Option<Vec<Event>>,
    },
    Answered {
        turn: Turn,
        answer: Answer,
    },
    /// A conversation has taken its receipts and says how much it still has.
    Settled {
        turn: Turn,
        key: Key,
        backlog: Option<u64>,
    },
    Timeout,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Keep the key in the stored index.
    Remember(Key),
    Forget(Key),
    Pull {
        turn: Turn,
        key: Key,
        max: usize,
    },
    Post {
        turn: Turn,
        events: Vec<Event>,
    },
    /// A question without a message, where nothing waits.
    Probe {
        turn: Turn,
    },
    Settle {
        turn: Turn,
        key: Key,
        receipts: Vec<Receipt>,
    },
    /// Tell all sites.
    Mode {
        mode: Mode,
        reason: &'static str,
    },
}

pub struct OriginGate {
    clock: Steady,
    deciding: Deciding,
    carrying: Carrying,
    outputs: VecDeque<Output>,
}

impl OriginGate {
    /// `index` is what was stored of who has a backlog; `seed` feeds the jitter of probes.
    pub fn new(index: Vec<Key>, seed: u64) -> OriginGate {
        OriginGate {
            clock: Steady::default(),
            deciding: Deciding::new(seed),
            carrying: Carrying::new(index),
            outputs: VecDeque::new(),
        }
    }

    /// Continues in the mode in which a former instance ended: a restart is no evidence.
    pub fn resume_holding(&mut self, now: Millis) {
        self.deciding.hold(self.clock.time(now), "origin-unreachable");
    }

    pub fn handle(&mut self, now: Millis, input: Input) {
        let now = self.clock.time(now);
        match input {
            Input::Announced(key) => {
                if self.carrying.announced(key.clone()) {
                    self.outputs.push_back(Output::Remember(key));
                }
            }
            Input::Pulled { turn, key, events } => {
                if let Some((events, unused)) = self.carrying.pulled(turn, key, events, &mut self.outputs) {
                    self.deciding.refund(unused);
                    if !events.is_empty() {
                        self.outputs.push_back(Output::Post { turn, events });
                    }
                }
            }
            Input::Answered { turn, answer } => {
                let answer = self.carrying.judged(turn, answer);
                self.deciding.answered(now, &answer);
                if let Some((mode, reason)) = self.deciding.take_mode_change() {
                    self.outputs.push_back(Output::Mode { mode, reason });
                }
                self.carrying.answered(turn, answer, &mut self.outputs);
            }
            Input::Settled { turn, key, backlog } => {
                self.carrying.settled(turn, key, backlog, &mut self.outputs);
            }
            Input::Timeout => {}
        }
        self.begin_turns(now);
    }

    fn begin_turns(&mut self, now: Millis) {
        loop {
            match self.deciding.permit(now, self.carrying.turns()) {
                Permit::No => return,
                Permit::Events(max) => {
                    let reserved = self.carrying.begin(max as usize, &mut self.outputs);
                    if reserved == 0 {
                        return;
                    }
                    self.deciding.spend(reserved);
                }
                Permit::Probe(max) => {
                    self.deciding.probing(now);
                    let reserved = self.carrying.begin(max as usize, &mut self.outputs);
                    self.deciding.spend(reserved);
                    if reserved == 0 {
                        let turn = self.carrying.begin_empty();
                        self.outputs.push_back(Output::Probe { turn });
                    }
                }
            }
        }
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Millis> {
        let at = self.deciding.next_permit_at(self.carrying.turns(), self.carrying.waiting() > 0);
        at.map(|at| self.clock.host(at))
    }

    pub fn mode(&self) -> (Mode, &'static str) {
        self.deciding.mode()
    }

    /// Conversations with a backlog, as far as the gate knows.
    pub fn backlogged(&self) -> usize {
        self.carrying.backlogged()
    }

    /// After how long a conversation that has not been pulled announces itself again: at 50 per second none of
    /// them can become a wave.
    pub fn again_ms(&self) -> Millis {
        (self.backlogged() as Millis * 1_000 / 50).max(60_000)
    }
}
