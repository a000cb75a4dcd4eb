//! What the gate sheds, this isolate sheds for a while by itself: ten thousand refused log-ins cost a handful of calls.

use shared::Millis;

/// The gate's refusal is believed for as long as it says, and within these.
const BELIEVED_MS: (Millis, Millis) = (1_000, 2_000);
/// So long after a refusal one request at a time asks the gate, and the others are refused without.
const CAREFUL_MS: Millis = 5_000;
/// Nobody is told to come again sooner.
const AGAIN_MS: Millis = 1_000;

/// The gate's last refusal, as far as it is believed.
#[derive(Debug, Default)]
pub struct Shedding {
    until: Option<Millis>,
    /// Somebody asks for all.
    asking: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Leave {
    /// In ordinary times everybody may ask.
    Free,
    /// After a refusal one at a time.
    Alone,
}

impl Shedding {
    /// Whether the gate may be asked now, or after how long again.
    pub fn leave(&mut self, now: Millis) -> Result<Leave, Millis> {
        let Some(until) = self.until.filter(|until| now < until + CAREFUL_MS) else { return Ok(Leave::Free) };
        if now < until || self.asking {
            return Err(until.saturating_sub(now).max(AGAIN_MS));
        }
        self.asking = true;
        Ok(Leave::Alone)
    }

    pub fn refused(&mut self, now: Millis, retry_after_ms: Millis) {
        self.until = Some(now + retry_after_ms.clamp(BELIEVED_MS.0, BELIEVED_MS.1));
    }

    /// The one that asked has its answer, or has hung up.
    pub fn back(&mut self, leave: Leave) {
        if leave == Leave::Alone {
            self.asking = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request each millisecond, and a gate that refuses after 20 ms; at the start it has just done so.
    fn ten_thousand_refused(retry_after_ms: Millis) -> usize {
        let (mut shedding, mut calls, mut back) = (Shedding::default(), 0, None);
        shedding.refused(0, retry_after_ms);
        for now in 0..10_000 {
            if let Some((_, leave)) = back.take_if(|(at, _)| *at == now) {
                shedding.back(leave);
                shedding.refused(now, retry_after_ms);
            }
            match shedding.leave(now) {
                Ok(leave) => {
                    calls += 1;
                    back = Some((now + 20, leave));
                }
                Err(again_ms) => assert!((1_000..=2_000).contains(&again_ms), "{again_ms}"),
            }
        }
        calls
    }

    #[test]
    fn class_1_ten_thousand_refused_in_ten_seconds_cost_ten_calls_at_most_and_one_every_two_seconds_at_least()
    {
        assert_eq!(ten_thousand_refused(0), 9);
        assert_eq!(ten_thousand_refused(1_500), 6);
        assert_eq!(ten_thousand_refused(60_000), 4, "whether it still refuses must be found out");
    }

    #[test]
    fn in_ordinary_times_everybody_asks() {
        let mut shedding = Shedding::default();
        for _ in 0..100 {
            assert_eq!(shedding.leave(0), Ok(Leave::Free));
        }
    }

    /// The gate has room again: within five seconds requests go one at a time, then all of them.
    #[test]
    fn after_a_refusal_one_at_a_time_asks_for_five_seconds() {
        let mut shedding = Shedding::default();
        shedding.refused(0, 1_000);
        assert_eq!(shedding.leave(999), Err(1_000));
        assert_eq!(shedding.leave(1_000), Ok(Leave::Alone));
        assert_eq!(shedding.leave(1_001), Err(1_000), "somebody asks already");
        shedding.back(Leave::Alone);
        assert_eq!(shedding.leave(5_999), Ok(Leave::Alone));
        assert_eq!(shedding.leave(5_999), Err(1_000));
        assert_eq!(shedding.leave(6_000), Ok(Leave::Free));
    }

    /// It had begun in ordinary times; its end says nothing about the one that asks for all.
    #[test]
    fn a_call_from_before_the_refusal_does_not_let_a_second_one_ask() {
        let mut shedding = Shedding::default();
        let before = shedding.leave(0).unwrap();
        shedding.refused(0, 1_000);
        assert_eq!(shedding.leave(1_000), Ok(Leave::Alone));
        shedding.back(before);
        assert_eq!(shedding.leave(1_001), Err(1_000));
    }
}
