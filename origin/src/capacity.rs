//! The line before the modelled database: work is done in the order of its arrival, so much of it per second. A place
//! in the line is never given back: a database does also what nobody waits for any more.

use std::num::NonZeroU64;

use crate::cost::Cost;

/// Microseconds since the origin started.
pub type Micros = u64;

/// With more work than this before it, a request is refused at once. Whoever waits longer has given up long ago.
pub const LONGEST_LINE: Micros = 10_000_000;

/// Work that is done per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerSecond(NonZeroU64);

impl PerSecond {
    pub fn parse(text: &str) -> Result<PerSecond, String> {
        let number = text.parse().ok().filter(|number| (LEAST..=MOST).contains(number));
        number.and_then(NonZeroU64::new).map(PerSecond).ok_or_else(|| {
            format!("a whole number from {LEAST} to {MOST}: as many message events as one second can bear")
        })
    }

    pub fn as_number(self) -> u64 {
        self.0.get()
    }
}

/// A full batch of 50 events is then 10 s of work, so that even at the end of the line it stays below what a request
/// may take (30 s).
const LEAST: u64 = 5;
/// The real database gives up before this.
const MOST: u64 = 10_000;

pub struct Capacity {
    per_second: PerSecond,
    /// When everything that waits now will have been done.
    free_at: Micros,
}

/// When a piece of work is done: its place in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub from: Micros,
    pub until: Micros,
}

/// Too much waits already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Until the line is half as long as it may be, if nobody else comes. A return at the first free place would only
    /// keep the line full.
    pub retry_after: Micros,
}

impl Capacity {
    pub fn new(per_second: PerSecond) -> Capacity {
        Capacity { per_second, free_at: 0 }
    }

    /// Takes the next place, whoever may go away later.
    pub fn arrive(&mut self, now: Micros, cost: Cost) -> Result<Turn, Refused> {
        let line = self.line(now);
        if line > LONGEST_LINE {
            return Err(Refused { retry_after: line - LONGEST_LINE / 2 });
        }
        let from = self.free_at.max(now);
        // A thousandth of the cost of a message takes 1,000 µs at a capacity of one message per second.
        let until = from + (cost.thousandths() * 1_000).div_ceil(self.per_second.as_number());
        self.free_at = until;
        Ok(Turn { from, until })
    }

    pub fn per_second(&self) -> u64 {
        self.per_second.as_number()
    }

    /// How long somebody who comes now waits before it is their turn.
    pub fn line(&self, now: Micros) -> Micros {
        self.free_at.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = 1_000_000;

    fn capacity(per_second: &str) -> Capacity {
        Capacity::new(PerSecond::parse(per_second).unwrap())
    }

    fn until(turn: Result<Turn, Refused>) -> Micros {
        turn.unwrap().until
    }

    #[test]
    fn a_lone_request_waits_for_nothing_but_its_own_work() {
        let mut capacity = capacity("20");
        let turn = capacity.arrive(3 * SECOND, Cost::of_messages(1));
        assert_eq!(turn, Ok(Turn { from: 3 * SECOND, until: 3 * SECOND + 50_000 }));
        assert_eq!(capacity.line(4 * SECOND), 0);
    }

    #[test]
    fn who_comes_first_is_served_first_however_small_the_work_of_the_next() {
        let mut capacity = capacity("10");
        assert_eq!(until(capacity.arrive(0, Cost::of_messages(50))), 5 * SECOND);
        assert_eq!(until(capacity.arrive(1, Cost::PROBE)), 5 * SECOND + 10_000);
        assert_eq!(until(capacity.arrive(2, Cost::of_messages(1))), 5 * SECOND + 110_000);
    }

    #[test]
    fn in_the_long_run_exactly_the_capacity_is_worked_off() {
        let mut capacity = capacity("7");
        // 14 per second arrive; what is refused comes from nowhere again.
        let done_in_time = |until: Micros| until <= 600 * SECOND;
        let arrivals = (0..600 * 14).map(|n| n * SECOND / 14);
        let done =
            arrivals.filter_map(|at| capacity.arrive(at, Cost::of_messages(1)).ok()).map(|turn| turn.until);
        assert_eq!(done.filter(|&until| done_in_time(until)).count(), 600 * 7 - 1);
    }

    #[test]
    fn with_ten_seconds_of_work_before_it_a_request_is_refused_and_takes_no_place() {
        let mut capacity = capacity("10");
        for _ in 0..2 {
            capacity.arrive(0, Cost::of_messages(50)).unwrap();
        }
        // Exactly ten seconds are still taken.
        assert_eq!(until(capacity.arrive(0, Cost::of_messages(10))), 11 * SECOND);
        assert_eq!(capacity.arrive(0, Cost::PROBE), Err(Refused { retry_after: 6 * SECOND }));
        assert_eq!(capacity.line(0), 11 * SECOND);
        assert_eq!(until(capacity.arrive(SECOND, Cost::of_messages(1))), 11 * SECOND + 100_000);
    }

    #[test]
    fn a_pause_gives_nothing_in_advance() {
        let mut capacity = capacity("10");
        capacity.arrive(0, Cost::of_messages(1)).unwrap();
        assert_eq!(until(capacity.arrive(100 * SECOND, Cost::of_messages(50))), 105 * SECOND);
    }

    #[test]
    fn a_capacity_is_a_whole_number_at_which_a_full_batch_fits() {
        assert_eq!(PerSecond::parse("20").unwrap().as_number(), 20);
        for bad in ["", "0", "4", "10001", "-1", "20.5", "many"] {
            assert!(PerSecond::parse(bad).is_err_and(|why| why.contains("from 5 to 10000")), "{bad}");
        }
    }
}
