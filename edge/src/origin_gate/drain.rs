//! How fast: the pace of everything that goes to one resource of the origin, live traffic and backlog together. It climbs in
//! small steps while it is what holds traffic back, learns from a breach what the origin bears, and stays below that.

use std::collections::VecDeque;

use shared::Millis;

use super::learned::{LearnedLane, possible};

/// Events per second before anything is known, and what nobody is asked to prove.
const START: f64 = 50.0;
const MODEST: f64 = 10.0;
const MOST: f64 = 5_000.0;
/// A backlog begins at a tenth of what was proven, or modestly where that is little; nothing ever falls below a fiftieth, or a call every two seconds.
const BEGIN_SHARE: f64 = 0.1;
const LEAST_SHARE: f64 = 0.02;
const LEAST: f64 = 0.5;
/// Up to what was proven, or need not be, the pace grows by half in 2 s. Beyond it, by 3 % a second: a breach shows within
/// two, so the average over any 5 s stays below the capacity. A known ceiling is lifted by 1 % a second.
const GROW: f64 = 1.224_744_87;
const EXPLORE: f64 = 1.03;
/// In its first minute, and before any breach, a new gate meets traffic that the origin bore before it came.
const MEET: f64 = 1.1;
const LIFT: f64 = 1.01;
/// Of what the origin bears, live and backlog together take so much.
const HEADROOM: f64 = 0.95;
/// After a breach nothing grows for so long; a second one in that time halves. What is seen just after the first is the same:
/// answers to what had been sent before.
const HOLD_MS: Millis = 5_000;
const SAME_MS: Millis = 2_500;
/// A ceiling that was respected for so long may be tried again: the origin may have grown.
const TRUST_MS: Millis = 60_000;
/// In ordinary times so much more than was lately delivered may come at once.
const SPARE: f64 = 1.15;
/// So much of a second may be sent in one go, and one event always.
const BURST_S: f64 = 0.05;
/// A timer on a busy machine is late. What is earned meanwhile while somebody waits is not lost: so many seconds' worth.
const LATE_S: f64 = 0.1;
/// Seconds over which delivery is averaged, and for which its peak is remembered as "lately".
const AVERAGE_S: usize = 5;
const LATELY_S: usize = 60;
/// Who has sent so much of what the pace allows is what the origin suffers from.
const PRESSED: f64 = 0.85;
/// How fast the memory of the ordinary pace follows, in normal mode.
const NORMAL_FOLLOWS: f64 = 0.1;
/// What was proven is forgotten by half in two hours of traffic.
const FORGET: f64 = 0.999_9;

/// What was wrong in the last second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breach {
    /// Answers come, and late: more arrives than is worked off.
    Slow,
    /// The same, while others still can give way: nothing grows.
    SlowByOthers,
    /// Answers do not come, or are errors.
    Failing,
}

#[derive(Debug)]
pub(super) struct Pace {
    per_s: f64,
    tokens: f64,
    filled_at: Millis,
    /// Delivered since the last step, and in each of the seconds before.
    fresh: f64,
    delivered: VecDeque<f64>,
    /// The most that was delivered per second without a breach.
    proven: f64,
    /// What the origin bears, as a breach has shown, and when that was.
    ceiling: Option<(f64, Millis)>,
    breached_at: Option<Millis>,
    /// The pace at which answers began to fail, until it may grow again.
    before_failing: Option<f64>,
    /// Somebody had to wait since the last step, and waits still.
    short: bool,
    waits: bool,
    /// Sent since the last step, and in the second before.
    sent: f64,
    sent_before: f64,
    /// Gives way where the origin is slow, whoever has made it so.
    yields: bool,
    /// Knows the origin's traffic from a former life.
    met: bool,
    /// The ordinary pace, for whoever asks how far from it this one is.
    normal: f64,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            per_s: START,
            tokens: 1.0,
            filled_at: 0,
            fresh: 0.0,
            delivered: VecDeque::new(),
            proven: 0.0,
            ceiling: None,
            breached_at: None,
            before_failing: None,
            short: false,
            waits: false,
            sent: 0.0,
            sent_before: 0.0,
            yields: false,
            met: false,
            normal: START,
        }
    }
}

impl Pace {
    /// The pace of traffic that is not for people who talk: where the origin is slow, it goes first.
    pub(super) fn yielding() -> Pace {
        Pace { yields: true, ..Pace::default() }
    }

    pub(super) fn teach(&self, lane: &mut LearnedLane) {
        (lane.per_s, lane.normal_per_s, lane.proven_per_s) = (self.per_s, self.normal, self.proven);
        lane.ceiling_per_s = self.ceiling.map(|(ceiling, _)| ceiling);
    }

    /// As a former instance has learnt it: in ordinary times at the ordinary pace, in trouble at that of the trouble.
    pub(super) fn resume(&mut self, now: Millis, lane: &LearnedLane) {
        let (Some(per_s), Some(normal)) = (possible(lane.per_s, MOST), possible(lane.normal_per_s, MOST))
        else {
            return;
        };
        self.proven = possible(lane.proven_per_s, MOST).unwrap_or_default();
        self.ceiling = lane.ceiling_per_s.and_then(|it| possible(it, MOST)).map(|it| (it.max(LEAST), now));
        (self.per_s, self.normal) = (per_s.min(normal).max(LEAST), normal.max(LEAST));
        self.met = true;
    }

    pub(super) fn per_s(&self) -> f64 {
        self.per_s
    }

    pub(super) fn normal_per_s(&self) -> f64 {
        self.normal
    }

    /// A second without trouble in normal mode: so is the ordinary pace.
    pub(super) fn learn(&mut self) {
        self.normal += NORMAL_FOLLOWS * (self.per_s - self.normal);
    }

    /// Events that may be sent now, to somebody who waits for it.
    pub(super) fn events(&mut self, now: Millis) -> u64 {
        let passed_s = now.saturating_sub(self.filled_at) as f64 / 1_000.0;
        self.filled_at = self.filled_at.max(now);
        let late = if self.waits { LATE_S * self.per_s } else { 0.0 };
        self.tokens = (self.tokens + passed_s * self.per_s).min(self.burst() + late);
        self.waits = self.tokens < 1.0;
        self.short |= self.waits;
        self.tokens.max(0.0) as u64
    }

    /// The most that goes in one go.
    fn burst(&self) -> f64 {
        (BURST_S * self.per_s).max(1.0)
    }

    /// When the next event may be sent.
    pub(super) fn next_at(&self) -> Millis {
        let lacking = (1.0 - self.tokens).max(0.0);
        self.filled_at + (lacking / self.per_s * 1_000.0).ceil() as Millis
    }

    pub(super) fn spend(&mut self, events: u64) {
        self.tokens -= events as f64;
        self.sent += events as f64;
    }

    pub(super) fn refund(&mut self, events: u64) {
        self.tokens += events as f64;
        self.sent -= events as f64;
    }

    pub(super) fn delivered(&mut self, events: u64) {
        self.fresh += events as f64;
    }

    /// What was delivered per second, on average over the last ones.
    fn measured(&self, seconds: usize) -> f64 {
        let of = seconds.min(self.delivered.len()).max(1);
        self.delivered.iter().rev().take(of).sum::<f64>() / of as f64
    }

    /// The best average of the last minute.
    fn lately(&self) -> f64 {
        let delivered: Vec<f64> = self.delivered.iter().copied().collect();
        let averages =
            delivered.windows(AVERAGE_S).map(|window| window.iter().sum::<f64>() / AVERAGE_S as f64);
        averages.fold(0.0, f64::max)
    }

    /// Below what was proven, or what nobody is asked to prove.
    fn is_low(&self) -> bool {
        self.per_s < (0.9 * self.proven).max(MODEST)
    }

    fn least(&self) -> f64 {
        (LEAST_SHARE * self.proven).max(LEAST)
    }

    /// At what a backlog begins.
    fn gentle(&self) -> f64 {
        (BEGIN_SHARE * self.proven).max(MODEST)
    }

    /// The origin is back after it was away: its backlog begins gently.
    pub(super) fn begin(&mut self, now: Millis) {
        // What the failures on the way have left says nothing of an origin that is back.
        self.per_s = self.gentle();
        self.tokens = 1.0;
        self.filled_at = self.filled_at.max(now);
        self.breached_at = None;
    }

    /// The same where it was away for a moment: not faster than before that, and not slower than a backlog begins.
    pub(super) fn back(&mut self) {
        if let Some(before) = self.before_failing.take() {
            self.per_s = self.per_s.max(before.min(self.gentle()));
        }
        self.breached_at = None;
    }

    /// To the least at once: others need it more. True where there was something to give.
    pub(super) fn give_way(&mut self, now: Millis) -> bool {
        let gave = self.measured(2) > 2.0 * LEAST;
        self.proven = self.proven.min(self.measured(AVERAGE_S));
        self.per_s = self.least();
        self.breached_at = Some(now);
        gave
    }

    /// Once a second.
    pub(super) fn step(&mut self, now: Millis, breach: Option<Breach>) {
        self.delivered.push_back(std::mem::take(&mut self.fresh));
        if self.delivered.len() > LATELY_S {
            self.delivered.pop_front();
        }
        let short = std::mem::take(&mut self.short);
        let sent = std::mem::take(&mut self.sent);
        let pressed = self.yields || sent + self.sent_before >= PRESSED * 2.0 * self.per_s;
        // A burst within a second is made to wait for a moment; only what lasts shows that more is needed.
        let needed = short && (pressed || sent >= PRESSED * self.per_s || self.is_low());
        self.sent_before = sent;
        let holding = self.breached_at.is_some_and(|at| now < at + HOLD_MS);
        if breach.is_none() && self.delivered.len() >= AVERAGE_S {
            self.proven = (FORGET * self.proven).max(self.measured(AVERAGE_S));
        }
        match breach {
            Some(Breach::SlowByOthers) => {}
            Some(Breach::Slow) if !pressed => {
                // Not the pace has done it, but somebody else; what is in flight is the limit's matter.
                self.spare();
            }
            Some(Breach::Slow) if !holding => self.saturated(now),
            Some(Breach::Slow) if self.breached_at.is_some_and(|at| now < at + SAME_MS) => {}
            Some(_) => {
                self.before_failing.get_or_insert(self.per_s);
                self.per_s = (self.per_s / 2.0).max(self.least());
                self.breached_at = Some(now);
            }
            None if holding => {}
            None => {
                self.before_failing = None;
                if needed { self.climb(now) } else { self.spare() }
            }
        }
    }

    /// Nobody is held back: a little above what is needed is enough.
    fn spare(&mut self) {
        let known = self.met || self.delivered.len() >= LATELY_S;
        let enough = (SPARE * self.lately()).max(self.proven).max(if known { MODEST } else { START });
        if self.per_s > enough {
            self.per_s = (0.98 * self.per_s).max(enough);
        }
    }

    /// More arrived than was worked off, so what was worked off is what the origin bears.
    fn saturated(&mut self, now: Millis) {
        let measured = self.measured(2).max(self.measured(AVERAGE_S)).max(self.least());
        if self.per_s >= self.proven {
            self.ceiling = Some((measured, now));
        }
        // Where it bears less than it did, for now or for good, the way up is careful.
        self.proven = measured;
        self.per_s = self.per_s.min(0.9 * measured).max(self.least());
        self.breached_at = Some(now);
    }

    fn climb(&mut self, now: Millis) {
        let top = match &mut self.ceiling {
            Some((ceiling, at)) => {
                if now >= *at + TRUST_MS && self.per_s >= HEADROOM * *ceiling {
                    *ceiling *= LIFT;
                }
                HEADROOM * *ceiling
            }
            None => MOST,
        };
        let new_here = !self.met && self.breached_at.is_none() && self.delivered.len() < LATELY_S;
        let step = match self.is_low() {
            true => GROW,
            false if new_here => MEET,
            false => EXPLORE,
        };
        self.per_s = (self.per_s * step).min(top.max(self.per_s)).min(MOST);
    }
}
