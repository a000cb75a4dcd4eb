//! How many links the edge lets in each second, of everybody together (LIMIT-3). The backstop behind the spread that
//! clients are told: old clients, forged ones and a crowd that nobody foresaw are refused here, before any object is
//! called, each with a place in a later second. In the memory of one isolate, as all rates are.

use std::collections::VecDeque;

use shared::Millis;

/// The rate that everything is laid out for: 100,000 widgets are back within a minute.
pub const LINKS_PER_S: u64 = 2_000;

/// What may come at once: with the rate that is 1.1-fold in any one second.
const AT_ONCE_MS: Millis = 100;
/// Of both, those who do not chat leave a quarter to those who do.
const OTHERS_PERCENT: u64 = 75;
/// How far ahead places are given; in a longer line they are given twice.
const AHEAD_S: usize = 600;

/// Who asks to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comer {
    /// A visitor who chats, or an agent: somebody waits for them.
    Chatting,
    Other,
}

#[derive(Default)]
pub struct Arrivals {
    /// When all who were let in will have been earned, in µs (as in [`Admission`](crate::admission::Admission)).
    earned_at_us: u64,
    /// Places given for each second from `first_s` on.
    places: VecDeque<u64>,
    first_s: u64,
}

impl Arrivals {
    /// Whether there is room; otherwise when to come back.
    pub fn room(&mut self, now: Millis, comer: Comer) -> Result<(), Millis> {
        let left_ms = match comer {
            Comer::Chatting => AT_ONCE_MS,
            Comer::Other => AT_ONCE_MS * OTHERS_PERCENT / 100,
        };
        let latest_us = (now + left_ms) * 1_000;
        if self.earned_at_us.max(now * 1_000) + COST_US <= latest_us {
            return Ok(());
        }
        Err(self.place(now, comer))
    }

    /// Lets somebody in.
    pub fn take(&mut self, now: Millis, comer: Comer) -> Result<(), Millis> {
        self.room(now, comer)?;
        self.earned_at_us = self.earned_at_us.max(now * 1_000) + COST_US;
        Ok(())
    }

    /// The next free place: as many in a second as are let in, and those of the others leave some free for who chats.
    fn place(&mut self, now: Millis, comer: Comer) -> Millis {
        self.forget_past(now);
        let most = match comer {
            Comer::Chatting => LINKS_PER_S,
            Comer::Other => LINKS_PER_S * OTHERS_PERCENT / 100,
        };
        // The first second that is not full, or the first that is full once and not twice, and so on.
        let found = self.places.iter_mut().enumerate().min_by_key(|(_, given)| **given / most);
        let Some((index, given)) = found else { return 1_000 };
        let within_ms = *given % LINKS_PER_S * 1_000 / LINKS_PER_S;
        *given += 1;
        (self.first_s + index as u64) * 1_000 + within_ms - now
    }

    /// Places begin with the next second.
    fn forget_past(&mut self, now: Millis) {
        let first_s = now / 1_000 + 1;
        match first_s.checked_sub(self.first_s) {
            Some(gone) if gone < self.places.len() as u64 => drop(self.places.drain(..gone as usize)),
            // For the first time, long ago, or the clock went back.
            _ => self.places.clear(),
        }
        self.places.resize(AHEAD_S, 0);
        self.first_s = first_s;
    }
}

const COST_US: u64 = 1_000_000 / LINKS_PER_S;

#[cfg(test)]
mod tests {
    use super::Comer::{Chatting, Other};
    use super::*;

    /// How many of so many who come each ms are let in, ms by ms.
    fn let_in(arrivals: &mut Arrivals, comer: Comer, each_ms: u64, ms: Millis) -> Vec<u64> {
        let one = |arrivals: &mut Arrivals, now| u64::from(arrivals.take(now, comer).is_ok());
        (0..ms).map(|now| (0..each_ms).map(|_| one(arrivals, 50_000 + now)).sum()).collect()
    }

    fn fill(arrivals: &mut Arrivals) {
        let refused = (0..LINKS_PER_S).find(|_| arrivals.take(50_000, Chatting).is_err());
        assert!(refused.is_some(), "everybody is let in");
        arrivals.places.clear();
    }

    fn busiest_second(let_in: &[u64]) -> u64 {
        let_in.windows(1_000).map(|second| second.iter().sum()).max().unwrap_or(0)
    }

    #[test]
    fn limit_3_whatever_comes_no_second_lets_more_in_than_a_tenth_above_the_rate() {
        let let_in = let_in(&mut Arrivals::default(), Chatting, 10, 4_000);
        assert_eq!(let_in[0], 10, "some at once");
        let busiest = busiest_second(&let_in);
        assert!((2_150..=2_200).contains(&busiest), "{busiest}");
        assert!(let_in.iter().sum::<u64>() >= 8_000, "and the rate is used");
    }

    #[test]
    fn limit_3_what_is_left_of_a_burst_is_for_those_who_chat() {
        let mut arrivals = Arrivals::default();
        let crowd: u64 = let_in(&mut arrivals, Other, 1_000, 1).iter().sum();
        assert_eq!(crowd, 150);
        assert!(arrivals.take(50_000, Other).is_err());
        assert!((0..50).all(|_| arrivals.take(50_000, Chatting).is_ok()));
        assert!(arrivals.take(50_000, Chatting).is_err());
    }

    #[test]
    fn limit_3_asking_for_room_takes_none() {
        let mut arrivals = Arrivals::default();
        assert!((0..10_000).all(|_| arrivals.room(50_000, Other).is_ok()));
    }

    /// 20,000 who were told nothing come at once; they would come again at once.
    #[test]
    fn limit_3_those_who_are_refused_get_places_one_after_the_other() {
        let mut arrivals = Arrivals::default();
        let mut places = [0_u64; 20];
        for _ in 0..20_000 {
            if let Err(retry_after_ms) = arrivals.take(50_400, Other) {
                places[((50_400 + retry_after_ms - 50_000) / 1_000) as usize] += 1;
            }
        }
        assert_eq!(places[..3], [0, 1_500, 1_500], "from the next second on, with room for those who chat");
        assert_eq!(places.iter().sum::<u64>(), 20_000 - 150);
        assert!(places.iter().all(|given| *given <= 1_500));
        // Nobody of those who chat waits behind 13 s of others.
        let mut waits: Vec<Millis> = (0..550).filter_map(|_| arrivals.take(50_400, Chatting).err()).collect();
        waits.sort_unstable();
        assert_eq!((waits.len(), waits[0], waits[499]), (500, 1_350, 1_599), "the rest of the next second");
    }

    #[test]
    fn limit_3_places_within_a_second_are_spread_over_it() {
        let mut arrivals = Arrivals::default();
        fill(&mut arrivals);
        let places: Vec<Millis> = (0..2_001).filter_map(|_| arrivals.room(50_000, Chatting).err()).collect();
        assert_eq!((places[0], places[999], places[1_998], places[1_999]), (1_000, 1_499, 1_999, 1_999));
    }

    #[test]
    fn limit_3_a_line_of_more_than_ten_minutes_begins_anew() {
        let mut arrivals = Arrivals::default();
        fill(&mut arrivals);
        arrivals.places = vec![1_499; AHEAD_S].into();
        let places: Vec<Millis> = (0..601).filter_map(|_| arrivals.room(50_000, Other).err()).collect();
        assert_eq!((places[0], places[599], places[600]), (1_749, 600_749, 1_750));
        assert_eq!(arrivals.places.len(), AHEAD_S);
    }

    #[test]
    fn limit_3_places_that_are_past_are_free_again_also_after_a_clock_was_set() {
        let mut arrivals = Arrivals::default();
        for now in [50_000, 51_000, 52_000, 90_000, 9_000_000, 40_000] {
            arrivals.earned_at_us = u64::MAX / 2;
            let place = arrivals.room(now, Other).expect_err("full");
            assert!(place <= 1_002, "{place} at {now}");
        }
    }
}
