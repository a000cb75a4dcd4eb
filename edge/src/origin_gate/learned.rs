//! What the gate has learnt of the origin, for its next life. A restart comes with every deploy and says nothing about the
//! origin: nobody is to begin at a stranger's pace then, nor to take a slow moment for the ordinary.

use serde::{Deserialize, Serialize};

use super::health::CLASSES;

/// A value that differs by more than this share of the larger one is worth a row.
const WORTH: f64 = 0.25;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learned {
    pub messages: LearnedLane,
    pub accounts: LearnedLane,
}

/// One resource of the origin. 0 and nothing: not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LearnedLane {
    /// Events per second: now, in ordinary times, delivered without a breach, and what a breach has shown.
    pub per_s: f64,
    pub normal_per_s: f64,
    pub proven_per_s: f64,
    pub ceiling_per_s: Option<f64>,
    /// Events in flight, in ordinary times.
    pub normal_limit: f64,
    /// Milliseconds, per size class of a batch, and what 99 of 100 calls take.
    pub baseline_ms: [Option<f64>; CLASSES],
    pub p99_ms: f64,
}

impl Learned {
    pub(super) fn is_worth_storing_over(&self, stored: &Learned) -> bool {
        self.messages.differs(&stored.messages) || self.accounts.differs(&stored.accounts)
    }
}

impl LearnedLane {
    fn differs(&self, other: &LearnedLane) -> bool {
        let figures = self.figures().zip(other.figures());
        figures.into_iter().any(|(one, other)| (one - other).abs() > WORTH * one.max(other))
    }

    fn figures(&self) -> impl Iterator<Item = f64> {
        let LearnedLane { per_s, normal_per_s, proven_per_s, ceiling_per_s, normal_limit, .. } = *self;
        let known = |figure: Option<f64>| figure.unwrap_or(0.0);
        [per_s, normal_per_s, proven_per_s, known(ceiling_per_s), normal_limit, self.p99_ms]
            .into_iter()
            .chain(self.baseline_ms.map(known))
    }
}

/// A stored figure within what is possible; nothing where it is none.
pub(super) fn possible(figure: f64, most: f64) -> Option<f64> {
    (figure > 0.0).then(|| figure.min(most))
}
