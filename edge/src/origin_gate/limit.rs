//! How much may be in flight to one resource of the origin, and how much of it each class of traffic gets. The limit follows
//! the latency (a gradient, as in Netflix's concurrency-limits) and falls with every failure.

use shared::Millis;

use super::learned::{LearnedLane, possible};

/// 4 requests of 50 events; two are left in the worst of times, so that something is always learnt.
const MOST: f64 = 200.0;
const LEAST: f64 = 2.0;
const START: f64 = 20.0;
/// A failure takes 30 % away, at most once a second: many that come together are one.
const CUT: f64 = 0.7;
const CUT_EVERY_MS: Millis = 1_000;
/// How fast the memory of the ordinary limit follows, in normal mode.
const NORMAL_FOLLOWS: f64 = 0.1;

/// What a call is for. P1 and P2 are stored at the edge and never shed; the rest is, from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Probes and receipts.
    P0,
    /// Messages in an open chat.
    P1,
    /// A visitor's first message.
    P2,
    /// Log in, settings, keys.
    P3,
    /// Agents' status, telemetry.
    P4,
    /// First questions about sites that were never known: their ids may be made up (SITE-1).
    P5,
}

impl Class {
    /// Of the limit, so much may be this class's or a later one's.
    fn share(self) -> f64 {
        match self {
            Class::P0 | Class::P1 => 1.0,
            Class::P2 => 0.75,
            Class::P3 => 0.5,
            Class::P4 | Class::P5 => 0.25,
        }
    }

    /// Where the class stands on the scale of 100 on which overload cuts off from the end.
    fn rank(self) -> f64 {
        match self {
            Class::P0 | Class::P1 | Class::P2 => 0.0,
            Class::P3 => 60.0,
            Class::P4 | Class::P5 => 80.0,
        }
    }
}

#[derive(Debug)]
pub(super) struct Limit {
    now: f64,
    normal: f64,
    cut_at: Option<Millis>,
    /// The most that was in flight since the last step.
    peak: f64,
}

impl Default for Limit {
    fn default() -> Limit {
        Limit { now: START, normal: START, cut_at: None, peak: 0.0 }
    }
}

impl Limit {
    pub(super) fn teach(&self, lane: &mut LearnedLane) {
        lane.normal_limit = self.normal;
    }

    /// As a former instance has learnt it.
    pub(super) fn resume(&mut self, lane: &LearnedLane) {
        if let Some(normal) = possible(lane.normal_limit, MOST) {
            (self.now, self.normal) = (normal.max(LEAST), normal.max(LEAST));
        }
    }

    pub(super) fn events(&self) -> u64 {
        self.now as u64
    }

    pub(super) fn normal_events(&self) -> u64 {
        self.normal as u64
    }

    pub(super) fn in_flight(&mut self, events: u64) {
        self.peak = self.peak.max(events as f64);
    }

    /// Once a second: `slow` is the median as a multiple of the baseline.
    pub(super) fn step(&mut self, slow: f64, normal_mode: bool) {
        // Latency that has doubled halves; a faster one changes nothing by itself.
        let gradient = if slow > 0.0 { (2.0 / slow).clamp(0.5, 1.0) } else { 1.0 };
        let next = 0.8 * self.now + 0.2 * (gradient * self.now + self.now.sqrt());
        // A limit that nobody needs does not grow beyond the ordinary: it would be unproven when it is needed. Up to the
        // ordinary it does, because what is shed cannot prove anything.
        if next < self.now || self.now < self.normal || self.peak >= self.now / 2.0 {
            self.now = next.clamp(LEAST, MOST);
        }
        self.peak = 0.0;
        if normal_mode {
            self.normal += NORMAL_FOLLOWS * (self.now - self.normal);
        }
    }

    pub(super) fn failed(&mut self, now: Millis) {
        if self.cut_at.is_none_or(|at| now >= at + CUT_EVERY_MS) {
            self.cut_at = Some(now);
            self.now = (CUT * self.now).max(LEAST);
        }
    }

    /// 0 in ordinary times, 1 where nothing may be in flight.
    pub(super) fn overload(&self) -> f64 {
        (1.0 - self.now / self.normal).clamp(0.0, 1.0)
    }

    /// How much of this class may be in flight; 0 where the class is shed.
    pub(super) fn of(&self, class: Class, overload: f64) -> u64 {
        let cut_off = 100.0 * (1.0 - overload.powi(3));
        if class.rank() >= cut_off {
            return 0;
        }
        ((class.share() * self.now) as u64).max(1)
    }
}
