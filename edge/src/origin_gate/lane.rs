//! One resource of the origin: its health, how much may be in flight, how fast, and what all that says about it.

use shared::Millis;
use shared::event::Status;
use shared::mode::Mode;

use super::drain::{Breach, Pace};
use super::health::{BAD_IN_A_ROW, Health};
use super::learned::LearnedLane;
use super::limit::Limit;

/// Evidence of fewer calls is chance, unless they fail one after the other.
const ENOUGH_CALLS: u32 = 20;
/// The same of the last two seconds' for calls that take four times as long: fewer come back then.
const ENOUGH_NOW: u32 = 10;
/// Twice the ordinary latency is trouble for the pace at once; for people once it has lasted, or is four times as much: at 85 %
/// of its capacity a healthy origin has such moments.
const SLOW: f64 = 2.0;
const VERY_SLOW: f64 = 4.0;
const SLOW_FOR_MS: Millis = 10_000;
/// The limit at half of normal or below, for so long.
const LOW_LIMIT_MS: Millis = 10_000;

/// One resource of the origin.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) health: Health,
    pub(super) limit: Limit,
    pub(super) pace: Pace,
    /// Since when the limit is at half of normal.
    low_since: Option<Millis>,
    /// Since when calls take twice as long as ordinary ones.
    slow_since: Option<Millis>,
    /// The last second brought a failure.
    pub(super) failed: bool,
}

impl Lane {
    /// Traffic that is not for people who talk: it gives way to those.
    pub(super) fn yielding() -> Lane {
        Lane { pace: Pace::yielding(), ..Lane::default() }
    }

    pub(super) fn learned(&self) -> LearnedLane {
        let mut lane = LearnedLane::default();
        self.health.teach(&mut lane);
        self.limit.teach(&mut lane);
        self.pace.teach(&mut lane);
        lane
    }

    pub(super) fn resume(&mut self, now: Millis, lane: &LearnedLane) {
        self.health.resume(lane);
        self.limit.resume(lane);
        self.pace.resume(now, lane);
    }

    pub(super) fn breach(&mut self, now: Millis) -> Option<Breach> {
        if std::mem::take(&mut self.failed) {
            return Some(Breach::Failing);
        }
        (self.health.evidence(now).slow_now >= SLOW).then_some(Breach::Slow)
    }

    pub(super) fn step(&mut self, now: Millis, breach: Option<Breach>, normal: bool) {
        self.pace.step(now, breach);
        if normal && breach.is_none() {
            self.pace.learn();
        }
        self.limit.step(self.health.evidence(now).slow_now, normal);
        self.health.learn(normal);
        let since = |since: Option<Millis>, holds: bool| holds.then(|| since.unwrap_or(now));
        self.low_since = since(self.low_since, self.limit.overload() >= 0.5);
        self.slow_since = since(self.slow_since, self.health.evidence(now).slow >= SLOW);
    }

    /// The mode that this resource's evidence asks for.
    pub(super) fn wanted(&mut self, now: Millis, failing: &'static str) -> (Mode, &'static str) {
        let evidence = self.health.evidence(now);
        let lasts = |since: Option<Millis>, ms: Millis| since.is_some_and(|since| now >= since + ms);
        let enough = evidence.calls >= ENOUGH_CALLS;
        let bad = |percent: u32| enough && evidence.bad * 100 >= percent * evidence.calls;
        // Of the last two seconds' calls: where many were good before, a tenth of all takes longer to be seen.
        let bad_now = evidence.bad_now >= BAD_IN_A_ROW && 4 * evidence.bad_now >= evidence.calls_now;
        // Three calls that stood in line for a moment are chance; ten are not.
        let very_slow = evidence.calls_now >= ENOUGH_NOW && evidence.slow_now >= VERY_SLOW;
        let slow = lasts(self.slow_since, SLOW_FOR_MS);
        if bad(50) || evidence.bad_in_a_row >= BAD_IN_A_ROW || evidence.claim == Status::Fail {
            (Mode::Holding, failing)
        } else if bad(25) || lasts(self.low_since, LOW_LIMIT_MS) {
            (Mode::ChattingOnly, "origin-slow")
        } else if bad(10) || bad_now || very_slow || (enough && slow) || evidence.claim == Status::Warn {
            (Mode::Degraded, "origin-slow")
        } else {
            (Mode::Normal, "")
        }
    }
}
