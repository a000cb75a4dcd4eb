//! Rolling evidence about one resource of the origin, from its deeds: what calls brought and how long they took.

use std::collections::{BTreeMap, VecDeque};

use shared::Millis;
use shared::event::Status;

use super::learned::{LearnedLane, possible};

/// The window: ten buckets of a second. `RECENT_MS` of it decide about the pace, which has to be quick.
const WINDOW_MS: Millis = 10_000;
const BUCKET_MS: Millis = 1_000;
const RECENT_MS: Millis = 2_000;
/// Latencies kept of one second; of more, every one replaces an older one.
const MAX_LATENCIES: usize = 200;
/// Calls under way for longer than this many medians are evidence, and for at least so long.
const HANGING_MEDIANS: u64 = 4;
const HANGING_MS: Millis = 500;
/// Two or more hang, and nothing else comes back: as much as five bad answers in a row.
const HANGING_CALLS: usize = 2;
pub(super) const BAD_IN_A_ROW: u32 = 5;
/// So much of the way to a higher or a lower median the baseline goes with each second of normal traffic: one lucky second
/// is not the ordinary.
const RISE: f64 = 0.02;
const FALL: f64 = 0.05;
/// Medians of fewer calls mean nothing; those of fewer teach nothing.
const MEDIAN_OF: usize = 3;
const LEARN_OF: usize = 10;
/// A slower answer is no answer: between these, and four times what 99 of 100 calls take.
const DEADLINE_MS: (f64, f64) = (1_000.0, 5_000.0);
/// Less or more is taken for so much.
const LEAST_MS: f64 = 1.0;
const LONGEST_MS: f64 = 60_000.0;
/// Differences below this are noise of any network.
const NOISE_MS: f64 = 10.0;

/// How a call has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// In time, with so many units of work done.
    Good {
        units: u32,
    },
    Bad,
}

/// What the origin says of itself may worsen what its deeds show, never improve it; what it does not repeat is forgotten.
const CLAIM_MS: Millis = 60_000;

/// What the last seconds show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evidence {
    pub(super) calls: u32,
    /// Those of the last two seconds.
    pub(super) calls_now: u32,
    pub(super) bad: u32,
    pub(super) bad_now: u32,
    pub(super) bad_in_a_row: u32,
    /// The median of calls as a multiple of the baseline, over the whole window and over its last two seconds.
    pub(super) slow: f64,
    pub(super) slow_now: f64,
    pub(super) claim: Status,
}

#[derive(Debug, Default)]
struct Bucket {
    at: Millis,
    good: u32,
    bad: u32,
    /// By the size class of the call: how many times the baseline it took is asked per class.
    latencies: Vec<(u8, u32)>,
    seen: usize,
}

#[derive(Debug, Default)]
pub(super) struct Health {
    window: VecDeque<Bucket>,
    bad_in_a_row: u32,
    /// Since when, and whether it should have been back long ago.
    under_way: BTreeMap<u64, (Millis, bool)>,
    /// Per size class: the median of a call in ordinary times.
    baseline: [Option<f64>; CLASSES],
    baseline_p99: f64,
    claim: Option<(Status, Millis)>,
}

/// Calls of 1, 2 to 3, 4 to 7, … events: a larger batch takes longer, and that is no trouble.
pub(super) const CLASSES: usize = 6;

fn class_of(units: u32) -> u8 {
    let classes = CLASSES as u32 - 1;
    units.max(1).ilog2().min(classes) as u8
}

impl Health {
    pub(super) fn teach(&self, lane: &mut LearnedLane) {
        (lane.baseline_ms, lane.p99_ms) = (self.baseline, self.baseline_p99);
    }

    /// As a former instance has learnt it.
    pub(super) fn resume(&mut self, lane: &LearnedLane) {
        self.baseline =
            lane.baseline_ms.map(|ms| ms.and_then(|ms| possible(ms, LONGEST_MS)).map(|ms| ms.max(LEAST_MS)));
        self.baseline_p99 = possible(lane.p99_ms, LONGEST_MS).unwrap_or_default();
    }

    /// Of an untimed call nothing is learnt from how long it takes, nor that it is not back yet.
    pub(super) fn began(&mut self, now: Millis, call: u64, timed: bool) {
        self.under_way.insert(call, (now, timed));
    }

    pub(super) fn ended(&mut self, now: Millis, call: u64, verdict: Verdict) {
        let Some((began, timed)) = self.under_way.remove(&call) else { return };
        let bucket = self.bucket(now);
        match verdict {
            Verdict::Good { units } => {
                bucket.good += 1;
                if timed {
                    let latency =
                        (class_of(units), now.saturating_sub(began).min(LONGEST_MS as Millis) as u32);
                    bucket.seen += 1;
                    if bucket.latencies.len() < MAX_LATENCIES {
                        bucket.latencies.push(latency);
                    } else {
                        bucket.latencies[bucket.seen % MAX_LATENCIES] = latency;
                    }
                }
                self.bad_in_a_row = 0;
            }
            Verdict::Bad => {
                bucket.bad += 1;
                self.bad_in_a_row += 1;
            }
        }
    }

    /// A call has ended that says nothing about the origin as a whole, nor have so many of the last bad ones.
    pub(super) fn left_out(&mut self, call: u64, mut bad: u32) {
        self.under_way.remove(&call);
        self.bad_in_a_row = self.bad_in_a_row.saturating_sub(bad);
        for bucket in self.window.iter_mut().rev() {
            let taken = bucket.bad.min(bad);
            bucket.bad -= taken;
            bad -= taken;
        }
    }

    pub(super) fn claims(&mut self, now: Millis, claim: Status) {
        self.claim = Some((claim, now));
    }

    fn bucket(&mut self, now: Millis) -> &mut Bucket {
        let at = now - now % BUCKET_MS;
        self.slide(now);
        if self.window.back().is_none_or(|last| last.at != at) {
            self.window.push_back(Bucket { at, ..Bucket::default() });
        }
        let last = self.window.len() - 1;
        &mut self.window[last]
    }

    fn slide(&mut self, now: Millis) {
        while self.window.front().is_some_and(|bucket| bucket.at + WINDOW_MS <= now) {
            self.window.pop_front();
        }
    }

    /// What was before the origin came back says nothing about it now.
    pub(super) fn start_over(&mut self) {
        self.window.clear();
        self.bad_in_a_row = 0;
    }

    pub(super) fn evidence(&mut self, now: Millis) -> Evidence {
        self.slide(now);
        let hanging = self.hanging(now);
        let claim = self.claim.filter(|(_, at)| now < at + CLAIM_MS).map_or(Status::Pass, |(claim, _)| claim);
        Evidence {
            calls: self.window.iter().map(|bucket| bucket.good + bucket.bad).sum(),
            calls_now: self.recent(now).map(|bucket| bucket.good + bucket.bad).sum(),
            bad: self.window.iter().map(|bucket| bucket.bad).sum(),
            bad_now: self.recent(now).map(|bucket| bucket.bad).sum(),
            bad_in_a_row: if hanging { self.bad_in_a_row.max(BAD_IN_A_ROW) } else { self.bad_in_a_row },
            slow: self.slowness(0),
            slow_now: self.slowness(now.saturating_sub(RECENT_MS)),
            claim,
        }
    }

    fn recent(&self, now: Millis) -> impl Iterator<Item = &Bucket> {
        self.window.iter().filter(move |bucket| bucket.at + BUCKET_MS > now.saturating_sub(RECENT_MS))
    }

    /// All calls under way are older than they should be.
    fn hanging(&self, now: Millis) -> bool {
        let median = self.baseline.iter().flatten().copied().fold(0.0, f64::max) as u64;
        let limit = (HANGING_MEDIANS * median).max(HANGING_MS);
        let timed = || self.under_way.values().filter(|(_, timed)| *timed);
        timed().count() >= HANGING_CALLS && timed().all(|(began, _)| now.saturating_sub(*began) > limit)
    }

    /// The largest of the classes' medians, as a multiple of their baselines.
    fn slowness(&self, since: Millis) -> f64 {
        (0..CLASSES)
            .filter_map(|class| {
                let median = self.median(class, since, MEDIAN_OF)?;
                let baseline = self.baseline[class]?;
                Some((median - NOISE_MS).max(0.0) / baseline)
            })
            .fold(0.0, f64::max)
    }

    fn median(&self, class: usize, since: Millis, of: usize) -> Option<f64> {
        let buckets = self.window.iter().filter(|bucket| bucket.at + BUCKET_MS > since);
        let mut latencies: Vec<u32> = buckets
            .flat_map(|bucket| &bucket.latencies)
            .filter(|(of, _)| usize::from(*of) == class)
            .map(|(_, ms)| *ms)
            .collect();
        if latencies.len() < of {
            return None;
        }
        let middle = latencies.len() / 2;
        Some(f64::from(*latencies.select_nth_unstable(middle).1).max(LEAST_MS))
    }

    /// Once a second. The baseline moves in normal mode only: it would drift up with the trouble, or down while others are
    /// held back. A size of batch that was never seen before is taken as it comes.
    pub(super) fn learn(&mut self, normal_mode: bool) {
        for class in 0..CLASSES {
            let Some(median) = self.median(class, 0, LEARN_OF) else { continue };
            let baseline = self.baseline[class].get_or_insert(median);
            if normal_mode {
                let follows = if median < *baseline { FALL } else { RISE };
                *baseline += follows * (median - *baseline);
            }
        }
        if !normal_mode {
            return;
        }
        let mut latencies: Vec<u32> =
            self.window.iter().flat_map(|bucket| &bucket.latencies).map(|(_, ms)| *ms).collect();
        if latencies.len() >= 20 {
            let at = latencies.len() * 99 / 100;
            self.baseline_p99 = f64::from(*latencies.select_nth_unstable(at).1);
        }
    }

    /// After how long a call is given up.
    pub(super) fn deadline_ms(&self) -> Millis {
        if self.baseline_p99 == 0.0 {
            return 2_000;
        }
        (4.0 * self.baseline_p99).clamp(DEADLINE_MS.0, DEADLINE_MS.1) as Millis
    }
}
