//! The pace, second by second.

mod backlog;
mod breach;
mod giving_way;
mod growth;

use shared::Millis;

use super::super::drain::*;

/// A pace, its clock, and an origin that works off so much a second and keeps the rest in its line.
struct Road {
    pace: Pace,
    now: Millis,
    bears: u64,
    line: u64,
}

/// More than any pace lets through in a second.
const BACKLOG: u64 = 1_000_000;

impl Road {
    fn new(pace: Pace) -> Road {
        Road { pace, now: 0, bears: u64::MAX, line: 0 }
    }

    /// After two minutes of so much a second, which the origin bore.
    fn proven(per_s: u64) -> Road {
        let mut road = Road::new(Pace::default());
        road.seconds(120, per_s, None);
        road
    }

    /// The same after an outage of ten minutes: its backlog begins.
    fn back(per_s: u64) -> Road {
        let mut road = Road::proven(per_s);
        road.seconds(600, 0, Some(Breach::Failing));
        road.pace.begin(road.now);
        road
    }

    /// One second, in which so many events come evenly; those that may go go. What may not is somebody else's matter.
    fn second(&mut self, wanted: u64, breach: Option<Breach>) -> u64 {
        let mut sent = 0;
        for tick in 1..=100 {
            self.now += 10;
            // Who still wants something asks until the answer is no, as the gate does.
            while sent < wanted * tick / 100 {
                let events = self.pace.events(self.now).min(wanted * tick / 100 - sent);
                if events == 0 {
                    break;
                }
                self.pace.spend(events);
                sent += events;
            }
        }
        self.line += sent;
        let out = self.line.min(self.bears);
        self.line -= out;
        self.pace.delivered(out);
        self.pace.step(self.now, breach);
        sent
    }

    /// Returns what was sent in the last one.
    fn seconds(&mut self, seconds: u32, wanted: u64, breach: Option<Breach>) -> u64 {
        (0..seconds).fold(0, |_, _| self.second(wanted, breach))
    }

    /// One second, in which so many events come all at once.
    fn burst(&mut self, wanted: u64) {
        let mut left = wanted;
        for _ in 0..100 {
            self.now += 10;
            while left > 0 && self.pace.events(self.now) > 0 {
                self.pace.spend(1);
                left -= 1;
            }
        }
        assert_eq!(left, 0, "all went within the second");
        self.pace.delivered(wanted);
        self.pace.step(self.now, None);
    }

    #[track_caller]
    fn is_about(&self, per_s: f64) {
        let is = self.pace.per_s();
        assert!((0.99 * per_s..=1.01 * per_s).contains(&is), "{is} a second, and not {per_s}");
    }
}
