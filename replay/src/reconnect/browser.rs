//! What lies between a client and the edge: a way that takes its time, and a browser that may hold WebSockets back.

use std::ops::RangeInclusive;

use shared::Millis;

use crate::chance::Chance;

pub(super) struct Browser {
    /// One way; the answer takes as long.
    pub(super) way_ms: Millis,
    throttle: Option<Throttle>,
}

impl Browser {
    pub(super) fn new(
        round_trip_ms: &RangeInclusive<Millis>,
        chromium: bool,
        chance: &mut Chance,
    ) -> Browser {
        let spread = round_trip_ms.end() - round_trip_ms.start();
        let way_ms = (round_trip_ms.start() + chance.below(spread + 1)) / 2;
        let throttle = Throttle { counts_from: chance.below(PERIOD_MS), failed: 0, failed_before: 0 };
        Browser { way_ms, throttle: chromium.then_some(throttle) }
    }

    /// How long an attempt that begins now is on its way to the edge.
    pub(super) fn sets_out(&mut self, now: Millis, chance: &mut Chance) -> Millis {
        let held_back = self.throttle.as_mut().map_or(0, |throttle| throttle.delay(now, chance));
        self.way_ms + held_back
    }

    pub(super) fn failed(&mut self, now: Millis) {
        if let Some(throttle) = &mut self.throttle {
            throttle.roll(now);
            throttle.failed += 1;
        }
    }
}

/// Chromium makes a page wait whose WebSockets have failed again and again: 1 to 5 s, halved for each failure that is missing
/// to 16 in this period and the one before. Successes would lessen it; the last one is too long ago.
struct Throttle {
    counts_from: Millis,
    failed: u32,
    failed_before: u32,
}

const PERIOD_MS: Millis = 120_000;
const FAILURES: u32 = 16;

impl Throttle {
    fn roll(&mut self, now: Millis) {
        while now >= self.counts_from + PERIOD_MS {
            self.counts_from += PERIOD_MS;
            self.failed_before = std::mem::take(&mut self.failed);
        }
    }

    fn delay(&mut self, now: Millis, chance: &mut Chance) -> Millis {
        self.roll(now);
        let missing = FAILURES.saturating_sub(self.failed + self.failed_before);
        (1_000 + chance.below(4_001)) >> missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chromium_holds_back_whoever_fails_often_and_forgets_it() {
        let mut chance = Chance::new(1, 0);
        let mut browser = Browser::new(&(50..=50), true, &mut chance);
        let longest = |browser: &mut Browser, now, chance: &mut Chance| {
            (0..500).map(|_| browser.sets_out(now, chance) - 25).max().unwrap_or(0)
        };
        let began = browser.throttle.as_ref().map_or(0, |throttle| throttle.counts_from);
        assert_eq!(longest(&mut browser, began, &mut chance), 0);
        (0..13).for_each(|_| browser.failed(began));
        assert!((600..=625).contains(&longest(&mut browser, began, &mut chance)), "an eighth of 5 s");
        (0..30).for_each(|_| browser.failed(began));
        let next = began + PERIOD_MS;
        assert!(
            (4_900..=5_000).contains(&longest(&mut browser, next, &mut chance)),
            "the period before counts"
        );
        assert_eq!(longest(&mut browser, next + PERIOD_MS, &mut chance), 0);
    }
}
