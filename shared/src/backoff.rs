//! When to reconnect. The spread comes from the edge, so that all clients of a broken edge together arrive
//! at the rate that it admits; a client on its own comes back at once.

use crate::Millis;
use crate::random::Random;

/// The least wait before the second and later attempts.
const FLOOR_MS: Millis = 1_000;
/// The jitter window of attempt n is 2 s · 2ⁿ, capped here.
const BASE_MS: Millis = 2_000;
const CAP_MS: Millis = 60_000;
/// A link that lived this long counts as stable: the next break starts from the first attempt again.
pub const STABLE_MS: Millis = 30_000;
/// A nudge (Send, online again, tab shown) is worth one try at once, at most this often.
pub const NUDGE_EVERY_MS: Millis = 5_000;

#[derive(Clone, Debug, Default)]
pub struct Backoff {
    attempt: u32,
    nudged_at: Option<Millis>,
}

impl Backoff {
    /// The wait before the next attempt. First U(0, `first_ms`), so that those who lost the same edge come back
    /// spread out; then max(1 s, `retry_after`) + U(a, max(a + `again_ms.1`, min(60 s, 2 s · 2ⁿ))), a = `again_ms.0`. Never gives
    /// up. `again_ms` is for a crowd that tries again and again: it must not come faster than at first, nor while others
    /// still come for the first time.
    pub fn next_delay(
        &mut self,
        first_ms: Millis,
        again_ms: (Millis, Millis),
        retry_after_ms: Millis,
        random: &mut Random,
    ) -> Millis {
        let attempt = self.attempt;
        self.attempt = self.attempt.saturating_add(1);
        if attempt == 0 {
            return retry_after_ms + random.below(first_ms + 1);
        }
        // 2 s · 2⁵ = 64 s is over the cap already.
        let latest = CAP_MS.min(BASE_MS << attempt.min(5));
        let window = latest.saturating_sub(again_ms.0).max(again_ms.1);
        FLOOR_MS.max(retry_after_ms) + again_ms.0 + random.below(window + 1)
    }

    pub fn stable(&mut self) {
        self.attempt = 0;
    }

    /// Whether a nudge may try at once.
    pub fn nudge(&mut self, now: Millis) -> bool {
        let may = self.nudged_at.is_none_or(|at| now >= at + NUDGE_EVERY_MS);
        if may {
            self.nudged_at = Some(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reconnect_1_the_first_attempt_is_spread_as_the_edge_asked() {
        let mut random = Random::new(1);
        let delays: Vec<_> = (0..1_000)
            .map(|_| Backoff::default().next_delay(50_000, (50_000, 50_000), 0, &mut random))
            .collect();
        assert!(delays.iter().all(|&d| d <= 50_000));
        let early = delays.iter().filter(|&&d| d < 25_000).count();
        assert!((400..600).contains(&early), "{early} of 1000 in the first half");
    }

    #[test]
    fn reconnect_2_later_attempts_wait_longer_up_to_the_cap_and_obey_retry_after() {
        let mut random = Random::new(2);
        let mut backoff = Backoff::default();
        backoff.next_delay(0, (0, 0), 0, &mut random);
        for attempt in 1..200u32 {
            let delay = backoff.next_delay(0, (0, 0), 7_000, &mut random);
            assert!((7_000..=67_000).contains(&delay), "attempt {attempt}: {delay}");
        }
        backoff.stable();
        assert_eq!(backoff.next_delay(0, (0, 0), 0, &mut random), 0);
    }

    #[test]
    fn reconnect_2_the_window_doubles_from_four_seconds_to_a_minute() {
        let longest = |attempt: u32| {
            let wait = |seed| {
                let (mut random, mut backoff) = (Random::new(seed), Backoff::default());
                (0..=attempt).map(|_| backoff.next_delay(0, (0, 0), 0, &mut random)).last()
            };
            (1..=400).filter_map(wait).max().unwrap_or(0)
        };
        for (attempt, window) in [(1, 4_000), (2, 8_000), (3, 16_000), (4, 32_000), (5, 60_000), (99, 60_000)]
        {
            let longest = longest(attempt);
            let whole = 1_000 + window * 95 / 100..=1_000 + window;
            assert!(whole.contains(&longest), "attempt {attempt}: {longest}");
        }
    }

    /// 100,000 whose spread is 50 s: in 1,000 s each may try 20 times at the edge's 2,000 a second. At first they come within
    /// 50 s, and those who fail not before all have; then each 76 s on average.
    #[test]
    fn reconnect_2_a_crowd_that_tries_again_and_again_stays_within_its_rate() {
        let mut random = Random::new(3);
        let mut backoff = Backoff::default();
        let tries = (0..40_000).scan(0, |now, _| {
            *now += backoff.next_delay(50_000, (50_000, 50_000), 0, &mut random);
            Some(*now)
        });
        let per_1_000_s = tries.take_while(|now| *now < 1_000_000_000).count() as f64 / 1_000.0;
        assert!((13.0..=13.5).contains(&per_1_000_s), "{per_1_000_s}");
    }

    #[test]
    fn reconnect_3_a_nudge_is_granted_once_in_five_seconds() {
        let mut backoff = Backoff::default();
        let granted: Vec<_> =
            [0, 1_000, 4_999, 5_000, 9_999, 10_000].map(|now| backoff.nudge(now)).into_iter().collect();
        assert_eq!(granted, [true, false, false, true, false, true]);
    }
}
