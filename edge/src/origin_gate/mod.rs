//! The one way to the origin. Two machines in one object: [`deciding`] says when and how much may be sent and which
//! mode holds; [`carrying`] pulls batches from conversations, posts them and returns the receipts. They only talk
//! through the calls below, so that they can be taken apart.
//!
//! Conversations never push: they announce a backlog once, and the gate pulls when the origin can bear it.
//!
//! # Layout, in reading order
//!
//! - [`deciding`] joins two of [`lane`], for messages and for accounts, and [`mode`] (which word is told); a lane joins
//!   [`health`] (what the origin's deeds show), [`limit`] (how much in flight, for which class) and [`drain`] (how fast)
//! - [`calls`] the line of calls about accounts, with [`breakers`] (one account's trouble is that account's)
//! - [`learned`] what of it outlives a restart
//! - [`spell`] since when it has held, for people
//! - [`carrying`] the batches under way, with [`backlogs`] (who waits, and since when) and [`turns`] (whose turn it is)

mod backlogs;
mod breakers;
mod calls;
mod carrying;
mod deciding;
mod drain;
mod health;
mod lane;
mod learned;
mod limit;
mod mode;
mod spell;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use shared::Millis;
use shared::event::{Event, Receipt, Resource, Status};
use shared::id::{ConversationId, SiteId};
use shared::mode::Mode;
use shared::steady::Steady;

use carrying::Carrying;
use deciding::{Deciding, Permit};

pub use deciding::{OLD_MS, VERY_OLD_MS};
pub use learned::{Learned, LearnedLane};
pub use limit::Class;
pub use spell::Spell;

/// A conversation, as the gate knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub site: SiteId,
    pub conversation: ConversationId,
}

/// One batch on its way: from the pull to the last settled receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Turn(pub u64);

/// One call about accounts, as its asker has numbered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call(pub u64);

/// What becomes of a call that was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// Make it now; after so long its answer is none.
    Begin { call: Call, deadline_ms: Millis },
    /// Not now: the caller may come again after so long.
    Shed { call: Call, retry_after_ms: Millis, of: Whose },
}

/// Whose calls about accounts are shed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    Everybody,
    /// Other sites' calls pass.
    ThisSite,
}

/// What an operator wants to know of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub backlogged: usize,
    /// Events that wait in those conversations: as many as they have told of, at least one each.
    pub messages: u64,
    /// Age of the oldest announcement that has not been settled.
    pub oldest_ms: Millis,
    /// How long that takes at the present pace, while it is being delivered.
    pub to_go_ms: Option<Millis>,
    /// Messages go to the origin, and not a probe now and then.
    pub flows: bool,
    pub accounts: Status,
    /// Sites whose calls about accounts fail while those of others pass.
    #[serde(default)]
    pub sites_failing: usize,
    pub rates: Rates,
}

/// Events a second that may go to the origin, how many may be in flight, and both in ordinary times.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    pub per_s: f64,
    pub normal_per_s: f64,
    pub limit_events: u64,
    pub normal_limit_events: u64,
}

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
    /// Somebody wants a call about accounts, of one site or (keys) of all. Nothing is learnt from how long an untimed one takes: a log in hashes a password.
    Asked {
        call: Call,
        site: Option<SiteId>,
        class: Class,
        timed: bool,
    },
    /// It has ended.
    Ended {
        call: Call,
        good: bool,
        retry_after_ms: Millis,
    },
    /// What the origin says of a resource.
    Claimed {
        resource: Resource,
        status: Status,
    },
    /// It says that its quota for a resource is spent; comes before the answer that says so.
    Spent {
        resource: Resource,
        pause_ms: Millis,
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
    /// After `deadline_ms` the answer is none.
    Post {
        turn: Turn,
        events: Vec<Event>,
        deadline_ms: Millis,
    },
    /// A question without a message, where nothing waits.
    Probe {
        turn: Turn,
        deadline_ms: Millis,
    },
    Call(Told),
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
    /// Keep what was learnt of the origin.
    Learned(Box<Learned>),
    /// Ask the origin what it says about itself.
    AskHealth,
}

pub struct OriginGate {
    clock: Steady,
    deciding: Deciding,
    carrying: Carrying,
    outputs: VecDeque<Output>,
}

impl OriginGate {
    /// `index` is what was stored of who has a backlog; `seed` feeds the jitter of probes.
    pub fn new(now: Millis, index: Vec<Key>, seed: u64) -> OriginGate {
        let mut clock = Steady::default();
        let now = clock.time(now);
        OriginGate {
            clock,
            deciding: Deciding::new(seed),
            carrying: Carrying::new(now, index),
            outputs: VecDeque::new(),
        }
    }

    /// Continues in the mode in which a former instance ended, with what it had learnt: a restart is no evidence.
    pub fn resume(&mut self, now: Millis, mode: Mode, learned: &Learned) {
        let reason = if mode == Mode::Normal { "" } else { "edge-restarted" };
        let now = self.clock.time(now);
        self.deciding.resume(now, mode, reason, learned);
    }

    pub fn handle(&mut self, now: Millis, input: Input) {
        let now = self.clock.time(now);
        match input {
            Input::Announced(key) => {
                self.deciding.wakes(now);
                if self.carrying.announced(now, key.clone()) {
                    self.outputs.push_back(Output::Remember(key));
                }
            }
            Input::Pulled { turn, key, events } => self.pulled(now, turn, key, events),
            Input::Answered { turn, answer } => self.answered(now, turn, answer),
            Input::Settled { turn, key, backlog } => {
                self.carrying.settled(now, turn, key, backlog, &mut self.outputs);
            }
            Input::Asked { call, site, class, timed } => {
                let told = self.deciding.asked(now, call, site, class, timed);
                self.outputs.extend(told.map(Output::Call));
            }
            Input::Ended { call, good, retry_after_ms } => {
                self.deciding.call_ended(now, call, good, retry_after_ms);
            }
            Input::Claimed { resource, status } => self.deciding.claims(now, resource, status),
            Input::Spent { resource, pause_ms } => self.deciding.spent(now, resource, pause_ms),
            Input::Timeout => {}
        }
        if self.deciding.is_due(now) {
            self.deciding.step(now, self.carrying.oldest(), self.carrying.backlogged() > 0);
        }
        if let Some((mode, reason)) = self.deciding.take_mode_change() {
            self.outputs.push_back(Output::Mode { mode, reason });
        }
        self.outputs.extend(self.deciding.take_learned().map(Output::Learned));
        if self.deciding.asks_health() {
            self.outputs.push_back(Output::AskHealth);
        }
        self.begin_turns(now);
        while let Some(told) = self.deciding.next_call(now) {
            self.outputs.push_back(Output::Call(told));
        }
    }

    fn pulled(&mut self, now: Millis, turn: Turn, key: Key, events: Option<Vec<Event>>) {
        let Some((events, unused)) = self.carrying.pulled(now, turn, key, events, &mut self.outputs) else {
            return;
        };
        self.deciding.refund(unused);
        if !events.is_empty() {
            let deadline_ms = self.deciding.posted(now, turn.0);
            self.outputs.push_back(Output::Post { turn, events, deadline_ms });
        }
    }

    fn answered(&mut self, now: Millis, turn: Turn, answer: Answer) {
        if !self.carrying.is_under_way(turn) {
            return;
        }
        let answer = self.carrying.judged(turn, answer);
        let events = self.carrying.events_of(turn);
        match &answer {
            Answer::Good(_) => self.deciding.good(now, turn.0, events),
            Answer::Bad { reason, retry_after_ms } => {
                self.deciding.bad(now, turn.0, events, reason, *retry_after_ms);
            }
        }
        self.carrying.answered(now, turn, answer, &mut self.outputs);
    }

    fn begin_turns(&mut self, now: Millis) {
        loop {
            match self.deciding.permit(now, self.carrying.turns(), self.carrying.waiting() > 0) {
                Permit::No => return,
                Permit::Events(max) => {
                    let reserved = self.carrying.begin(now, max as usize, &mut self.outputs);
                    if reserved == 0 {
                        return;
                    }
                    self.deciding.reserve(reserved);
                }
                Permit::Probe(max) => {
                    self.deciding.probing(now);
                    let reserved = self.carrying.begin(now, max as usize, &mut self.outputs);
                    self.deciding.reserve(reserved);
                    if reserved == 0 {
                        let turn = self.carrying.begin_empty();
                        let deadline_ms = self.deciding.posted(now, turn.0);
                        self.outputs.push_back(Output::Probe { turn, deadline_ms });
                    }
                }
            }
        }
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Millis> {
        let at = self.deciding.next_at(self.carrying.turns(), self.carrying.waiting() > 0);
        at.map(|at| self.clock.host(at))
    }

    pub fn mode(&self) -> (Mode, &'static str) {
        self.deciding.mode()
    }

    /// Conversations with a backlog, as far as the gate knows.
    pub fn backlogged(&self) -> usize {
        self.carrying.backlogged()
    }

    pub fn progress(&self, now: Millis) -> Progress {
        let oldest = self.carrying.oldest();
        let (messages, flows, rates) =
            (self.carrying.messages(), self.deciding.flows(), self.deciding.rates());
        let to_go_ms = (messages as f64 / rates.per_s * 1_000.0).ceil() as Millis;
        Progress {
            backlogged: self.backlogged(),
            messages,
            oldest_ms: oldest.map_or(0, |at| now.saturating_sub(self.clock.host(at))),
            to_go_ms: (flows && messages > 0).then_some(to_go_ms),
            flows,
            accounts: self.deciding.accounts(),
            sites_failing: self.deciding.sites_failing(),
            rates,
        }
    }

    /// A conversation has said how many of its events the origin has not receipted. For people alone: whether somebody
    /// waits is what it announces.
    pub fn waits(&mut self, key: &Key, events: u64) {
        self.carrying.waits(key, events);
    }

    /// After how long a conversation that has not been pulled announces itself again: at 50 per second none of
    /// them can become a wave.
    pub fn again_ms(&self) -> Millis {
        (self.backlogged() as Millis * 1_000 / 50).max(60_000)
    }
}
