//! What trouble in the origin makes of the pace.

use super::*;

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
