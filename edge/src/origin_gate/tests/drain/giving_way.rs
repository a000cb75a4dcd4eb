//! Who gives way to whom.

use super::*;

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
