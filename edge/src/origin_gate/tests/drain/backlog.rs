//! How a backlog begins, and the way back.

use super::*;

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
