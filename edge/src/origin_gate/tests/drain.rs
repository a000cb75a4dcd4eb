//! The pace, second by second.

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

    #[track_caller]
    fn is_about(&self, per_s: f64) {
        let is = self.pace.per_s();
        assert!((0.99 * per_s..=1.01 * per_s).contains(&is), "{is} a second, and not {per_s}");
    }
}

#[test]
fn a_new_gate_begins_with_fifty_a_second_and_grows_by_a_tenth_in_its_first_minute_up_to_5000() {
    let mut road = Road::new(Pace::default());
    assert!((49..=52).contains(&road.second(BACKLOG, None)));
    let before = road.pace.per_s();
    road.seconds(9, BACKLOG, None);
    road.is_about(before * 1.1f64.powi(9));
    road.seconds(50, BACKLOG, None);
    road.is_about(5_000.0);
}

#[test]
fn after_its_first_minute_the_pace_grows_by_3_percent_a_second_beyond_what_was_proven() {
    let mut road = Road::proven(20);
    let before = road.pace.per_s();
    road.seconds(10, BACKLOG, None);
    road.is_about(before * 1.03f64.powi(10));
}

#[test]
fn pace_1_after_a_breach_a_gate_grows_by_3_percent_also_in_its_first_minute() {
    let mut road = Road::new(Pace::default());
    road.seconds(20, BACKLOG, None);
    road.second(BACKLOG, Some(Breach::Failing));
    road.seconds(10, BACKLOG, None);
    let before = road.pace.per_s();
    road.seconds(10, BACKLOG, None);
    road.is_about(before * 1.03f64.powi(10));
}

#[test]
fn who_is_quiet_at_first_keeps_fifty_a_second_for_a_minute_and_ten_after_it() {
    let mut road = Road::new(Pace::default());
    road.seconds(59, 1, None);
    road.is_about(50.0);
    road.seconds(100, 1, None);
    road.is_about(10.0);
}

/// What grew for a backlog is given back by 2 % a second, down to 15 % more than lately went; when that is a minute ago, down
/// to what was proven, which is forgotten by half in two hours.
#[test]
fn a_pace_that_nobody_needs_sinks_to_what_was_proven() {
    let mut road = Road::new(Pace::default());
    road.seconds(20, BACKLOG, None);
    let most = road.pace.per_s();
    let last_five = (1..=5).map(|second| most / 1.1f64.powi(second)).sum::<f64>() / 5.0;
    road.seconds(3, 1, None);
    road.is_about(most * 0.98f64.powi(3));
    road.seconds(42, 1, None);
    road.is_about(1.15 * last_five);
    road.seconds(45, 1, None);
    road.is_about(last_five);
    for _ in 0..7_200 {
        road.now += 1_000;
        road.pace.step(road.now, None);
    }
    let left = road.pace.per_s() / last_five;
    assert!((0.45..=0.5).contains(&left), "{left}");
}

#[test]
fn a_backlog_begins_at_a_tenth_of_what_was_proven_and_grows_by_half_every_2_s_up_to_it() {
    let mut road = Road::back(1_000);
    road.is_about(100.0);
    assert_eq!(road.pace.events(road.now), 1, "what was saved up before the outage is gone");
    road.seconds(10, BACKLOG, None);
    road.is_about(100.0 * 1.5f64.powi(5));
    road.seconds(2, BACKLOG, None);
    road.is_about(100.0 * 1.5f64.powf(5.5) * 1.03);
    Road::back(20).is_about(10.0);
}

/// The failures on the way had left a fiftieth of the pace, and a pause: fifty messages took half a minute.
#[test]
fn a_backlog_begins_at_its_own_pace_whatever_the_failures_before_have_left() {
    let mut road = Road::proven(1_000);
    road.seconds(20, BACKLOG, Some(Breach::Failing));
    road.pace.begin(road.now);
    road.is_about(100.0);
    road.second(BACKLOG, None);
    road.is_about(122.5);
}

#[test]
fn one_second_proves_nothing_and_neither_does_what_came_late() {
    let mut road = Road::new(Pace::default());
    road.pace.delivered(1_000);
    road.pace.step(1_000, None);
    road.pace.begin(1_000);
    road.is_about(10.0);

    let mut road = Road::proven(200);
    for _ in 0..5 {
        road.now += 1_000;
        road.pace.delivered(2_000);
        road.pace.step(road.now, Some(Breach::SlowByOthers));
    }
    road.pace.begin(road.now);
    road.is_about(20.0);
}

#[test]
fn what_the_pace_allows_in_50_ms_goes_in_one_go_and_one_event_always() {
    let mut road = Road::back(1_000);
    road.now += 1_000;
    assert_eq!(road.pace.events(road.now), 5, "what 100 a second allow in 50 ms");
    road.pace.spend(5);
    road.now += 1_000;
    assert_eq!(road.pace.events(road.now), 5);
    road.pace.refund(5);
    assert_eq!(road.pace.events(road.now), 5, "what was not needed is not saved up");

    let mut road = Road::new(Pace::default());
    road.seconds(20, 0, Some(Breach::Failing));
    road.is_about(0.5);
    road.now += 60_000;
    assert_eq!(road.pace.events(road.now), 1);
    road.pace.spend(1);
    assert_eq!(road.pace.next_at(), road.now + 2_000);
    assert_eq!(road.pace.events(road.now + 1_990), 0);
    assert_eq!(road.pace.events(road.now + 2_000), 1);
}

#[test]
fn pace_1_each_second_of_failures_halves_the_pace_down_to_a_fiftieth_of_what_was_proven() {
    let mut road = Road::proven(1_000);
    let before = road.pace.per_s();
    road.second(0, Some(Breach::Failing));
    road.is_about(before / 2.0);
    road.second(0, Some(Breach::Failing));
    road.is_about(before / 4.0);
    road.seconds(20, 0, Some(Breach::Failing));
    road.is_about(20.0);
}

/// An origin that bears 500 a second meets a backlog.
fn saturated() -> Road {
    let mut road = Road::proven(400);
    road.bears = 500;
    road.seconds(10, BACKLOG, None);
    assert!(road.line > 0, "more has come than it bears");
    road.second(BACKLOG, Some(Breach::Slow));
    road
}

#[test]
fn pace_1_what_comes_out_of_a_saturated_origin_is_what_it_bears_and_95_percent_of_it_is_used() {
    let mut road = saturated();
    road.is_about(450.0);
    road.seconds(4, BACKLOG, None);
    road.is_about(450.0);
    road.seconds(3, BACKLOG, None);
    assert!(road.pace.per_s() > 460.0, "after 5 s it grows again");
    road.seconds(52, BACKLOG, None);
    road.is_about(475.0);
    // A minute later it may have grown; the ceiling is lifted by 1 % a second.
    road.bears = u64::MAX;
    road.seconds(11, BACKLOG, None);
    road.is_about(475.0 * 1.01f64.powi(11));
}

#[test]
fn pace_1_a_second_breach_within_5_s_halves() {
    let mut road = saturated();
    road.seconds(2, BACKLOG, None);
    road.second(BACKLOG, Some(Breach::Slow));
    road.is_about(225.0);
    let mut road = saturated();
    road.seconds(6, BACKLOG, None);
    let before = road.pace.per_s();
    road.second(BACKLOG, Some(Breach::Slow));
    assert!(road.pace.per_s() > 0.85 * before, "a later one does not");
}

#[test]
fn pace_1_a_ceiling_is_not_lifted_before_it_is_reached() {
    let mut road = saturated();
    road.seconds(60, 100, None);
    road.seconds(10, 0, Some(Breach::Failing));
    let mut before = road.pace.per_s();
    for _ in 0..60 {
        road.second(BACKLOG, None);
        let now = road.pace.per_s();
        assert!(now <= 476.0 || now <= 1.011 * before, "from {before} to {now}");
        before = now;
    }
    assert!(before > 476.0);
}

/// A passing weakness, with what was proven far above: it teaches no ceiling, but the way up is careful.
#[test]
fn pace_1_a_breach_far_below_what_was_proven_is_no_ceiling() {
    let mut road = Road::back(1_000);
    road.bears = 100;
    road.seconds(2, BACKLOG, None);
    road.second(BACKLOG, Some(Breach::Slow));
    road.is_about(90.0);
    road.bears = u64::MAX;
    road.seconds(19, BACKLOG, None);
    assert!((130.0..200.0).contains(&road.pace.per_s()), "{}", road.pace.per_s());
}

#[test]
fn pace_1_what_an_origin_bears_is_the_better_one_of_two_seconds_and_of_five() {
    // It grew fast: the last two seconds brought more.
    let last_two = [3, 4].map(|second| 100.0 * 1.5f64.powf(f64::from(second) / 2.0));
    let mut road = Road::back(1_000);
    road.seconds(4, BACKLOG, None);
    road.second(BACKLOG, Some(Breach::Slow));
    road.is_about(0.9 * (last_two[0] + last_two[1]) / 2.0);
    // Nothing came for two seconds, and before that a lot.
    let mut road = Road::proven(1_000);
    road.bears = 0;
    road.seconds(1, 1_000, None);
    road.second(1_000, Some(Breach::Slow));
    road.is_about(0.9 * 600.0);
    // Nothing at all: a call every two seconds is left.
    let mut road = Road::new(Pace::default());
    road.bears = 0;
    road.second(BACKLOG, None);
    road.second(BACKLOG, Some(Breach::Slow));
    road.is_about(0.5);
}

/// Somebody else makes the origin slow: whoever has sent less than 85 % of what the pace allows keeps it.
#[test]
fn pace_1_who_sends_little_is_not_what_the_origin_suffers_from() {
    for (wanted, per_s) in [(80, 100.0), (90, 81.0)] {
        let mut road = Road::back(1_000);
        road.second(wanted, None);
        road.second(wanted, Some(Breach::Slow));
        road.is_about(per_s);
    }
    // What was reserved and given back was not sent.
    let mut road = Road::back(1_000);
    for _ in 0..2 {
        road.now += 1_000;
        for _ in 0..20 {
            road.pace.spend(5);
            road.pace.refund(5);
        }
        road.pace.delivered(10);
        road.pace.step(road.now, Some(Breach::Slow));
    }
    road.is_about(100.0);
    // What it does not need it gives back all the same.
    let mut road = Road::new(Pace::default());
    road.seconds(20, BACKLOG, None);
    road.second(1, None);
    let before = road.pace.per_s();
    road.seconds(2, 1, Some(Breach::Slow));
    road.is_about(before * 0.98f64.powi(2));
}

#[test]
fn pace_1_while_others_give_way_the_pace_of_messages_stands_still() {
    let mut road = Road::back(1_000);
    road.seconds(3, BACKLOG, Some(Breach::SlowByOthers));
    road.is_about(100.0);
}

#[test]
fn accounts_yield_where_the_origin_is_slow_whoever_has_made_it_so() {
    let mut road = Road::new(Pace::yielding());
    road.seconds(10, 20, None);
    road.second(20, Some(Breach::Slow));
    road.is_about(18.0);
}

#[test]
fn who_gives_way_is_left_a_call_every_2_s_and_begins_carefully() {
    let mut road = Road::proven(1_000);
    road.seconds(10, 10, None);
    assert!(road.pace.give_way(road.now));
    road.is_about(0.5);
    assert!(road.pace.events(road.now) <= 1, "nothing that was saved up");
    road.seconds(4, BACKLOG, None);
    road.is_about(0.5);
    road.seconds(4, BACKLOG, None);
    assert!(road.pace.per_s() > 0.55, "{}", road.pace.per_s());
}

/// Who has nothing to give is no excuse for messages to wait.
#[test]
fn giving_way_counts_from_more_than_a_call_a_second() {
    for (delivered, gave) in [([1, 1], false), ([1, 2], true)] {
        let mut road = Road::new(Pace::yielding());
        for events in delivered {
            road.now += 1_000;
            road.pace.delivered(events);
            road.pace.step(road.now, None);
        }
        assert_eq!(road.pace.give_way(road.now), gave, "{delivered:?}");
    }
}

/// An origin that bears five a second, after an outage: the ten with which its backlog begins are above the ceiling.
#[test]
fn a_climb_never_makes_the_pace_slower() {
    let mut road = Road::new(Pace::default());
    road.bears = 5;
    road.seconds(10, BACKLOG, Some(Breach::Slow));
    road.pace.begin(road.now);
    road.second(BACKLOG, None);
    assert!(road.pace.per_s() >= 10.0, "{}", road.pace.per_s());
}

/// Answers that were on their way at the first breach come late, too.
#[test]
fn pace_1_what_comes_late_just_after_a_breach_is_no_second_one() {
    let mut road = saturated();
    let after_first = road.pace.per_s();
    road.seconds(2, BACKLOG, Some(Breach::Slow));
    road.is_about(after_first);
    road.second(BACKLOG, Some(Breach::Slow));
    road.is_about(after_first / 2.0);
}

impl Road {
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
}

/// Everybody waits for a moment there; that is what a pace is for.
#[test]
fn pace_1_what_comes_all_at_once_in_each_second_does_not_raise_the_pace() {
    let mut road = Road::proven(20);
    let before = road.pace.per_s();
    for _ in 0..120 {
        road.burst(12);
    }
    assert!(road.pace.per_s() <= before, "{} after {before}", road.pace.per_s());
}

#[test]
fn pace_1_the_pace_grows_in_the_first_second_of_a_backlog_and_while_two_seconds_bring_what_it_allows() {
    let mut road = Road::proven(100);
    road.seconds(2, 0, None);
    let before = road.pace.per_s();
    road.second(BACKLOG, None);
    road.is_about(before * 1.03);
    let before = road.pace.per_s();
    road.burst((0.8 * before) as u64);
    road.is_about(before * 1.03);
    let before = road.pace.per_s();
    road.burst((0.8 * before) as u64);
    assert!(road.pace.per_s() <= before, "two of them bring too little");
}

#[test]
fn pace_1_after_an_outage_the_pace_comes_back_also_for_those_who_come_all_at_once() {
    let mut road = Road::back(1_000);
    for _ in 0..4 {
        road.burst(20);
    }
    road.is_about(225.0);
}

/// Ten a second is what nobody is asked to prove: the way back to it is that to what was proven.
#[test]
fn pace_1_where_little_was_proven_the_way_back_to_ten_a_second_is_as_quick_as_to_what_was_proven() {
    let mut road = Road::proven(1);
    road.seconds(10, BACKLOG, Some(Breach::Failing));
    road.is_about(0.5);
    road.seconds(5, BACKLOG, None);
    let before = road.pace.per_s();
    road.seconds(10, BACKLOG, None);
    road.is_about(before * 1.224_744_87f64.powi(10));
    road.seconds(10, BACKLOG, None);
    assert!(road.pace.per_s() > 10.0);
}

#[test]
fn back_from_a_moment_away_the_pace_is_what_it_was_and_at_most_that_of_a_backlog_that_begins() {
    for (proven, gentle) in [(20, 10.0), (1_000, 100.0)] {
        let mut road = Road::proven(proven);
        road.seconds(10, BACKLOG, Some(Breach::Failing));
        road.pace.back();
        road.is_about(gentle);
    }
    // Who was slow before stays slow.
    let mut road = Road::proven(20);
    road.bears = 2;
    road.seconds(60, BACKLOG, Some(Breach::Failing));
    road.seconds(8, BACKLOG, None);
    let slow = road.pace.per_s();
    assert!(slow < 5.0, "{slow}");
    road.second(BACKLOG, Some(Breach::Failing));
    road.pace.back();
    road.is_about(slow);
}

/// With 5,000 messages waiting, each timer 18 ms late: at 12 a second what was earned meanwhile was lost, so less was sent
/// than the pace allowed, and it was taken for more than anybody needs.
#[test]
fn pace_1_timers_that_are_late_keep_no_pace_from_growing() {
    let mut road = Road::back(20);
    let mut seconds = |seconds: u32, late_ms: Millis| {
        for _ in 0..seconds {
            let end = road.now + 1_000;
            while road.now < end {
                // Asks until the answer is no.
                while let events @ 1.. = road.pace.events(road.now) {
                    road.pace.spend(events);
                    road.pace.delivered(events);
                }
                road.now = road.pace.next_at() + late_ms;
            }
            road.pace.step(road.now, None);
        }
        road.pace.per_s()
    };
    assert!(seconds(60, 18) > 45.0);
    assert!(seconds(60, 90) > 200.0);
}

/// What was earned while nobody waited is a twentieth of a second's, however long that was.
#[test]
fn pace_1_nothing_is_saved_up_while_nobody_waits() {
    let mut road = Road::proven(200);
    let per_s = road.pace.per_s();
    road.now += 10_000;
    let events = road.pace.events(road.now);
    assert_eq!(events, (0.05 * per_s) as u64);
    road.pace.spend(events);
    assert_eq!(road.pace.events(road.now), 0, "somebody waits");
    assert_eq!(road.pace.events(road.now + 10_000), (0.15 * per_s) as u64);
}
