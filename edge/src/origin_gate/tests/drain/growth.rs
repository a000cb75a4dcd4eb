//! What the pace grows to, and what is left of it where nobody needs it.

use super::*;

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
