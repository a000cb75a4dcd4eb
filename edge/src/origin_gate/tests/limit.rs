//! How much may be in flight.

use super::super::limit::*;

fn used(limit: &mut Limit, seconds: u32, slow: f64) {
    for _ in 0..seconds {
        limit.in_flight(limit.events());
        limit.step(slow, true);
    }
}

#[test]
fn it_grows_with_use_up_to_200_events_and_not_without() {
    let mut limit = Limit::default();
    for _ in 0..100 {
        limit.step(1.0, true);
    }
    assert_eq!(limit.events(), 20, "nobody needed more");
    used(&mut limit, 1_000, 1.0);
    assert_eq!(limit.events(), 200);
}

#[test]
fn latency_makes_it_smaller_and_two_are_always_left() {
    let mut limit = Limit::default();
    used(&mut limit, 1_000, 1.0);
    used(&mut limit, 10, 4.0);
    assert!(limit.events() < 120, "{}", limit.events());
    used(&mut limit, 100, 100.0);
    assert!((2..10).contains(&limit.events()), "{}", limit.events());
    for second in 0..100 {
        limit.failed(second * 1_000);
    }
    assert_eq!(limit.events(), 2);
}

#[test]
fn a_hundred_failures_at_once_cut_it_once() {
    let mut limit = Limit::default();
    for ms in 0..100 {
        limit.failed(5_000 + ms);
    }
    assert_eq!(limit.events(), 14);
    limit.failed(5_999);
    assert_eq!(limit.events(), 14);
    limit.failed(6_000);
    assert_eq!(limit.events(), 9, "and those of the next second once more");
}

#[test]
fn overload_sheds_from_the_end_and_never_a_message() {
    let limit = Limit::default();
    let all = [Class::P0, Class::P1, Class::P2, Class::P3, Class::P4];
    let given = |overload| all.map(|class| limit.of(class, overload));
    assert_eq!(given(0.0), [20, 20, 15, 10, 5]);
    assert_eq!(given(0.5), [20, 20, 15, 10, 5]);
    assert_eq!(given(0.6), [20, 20, 15, 10, 0]);
    assert_eq!(given(0.75), [20, 20, 15, 0, 0]);
    assert_eq!(given(0.999), [20, 20, 15, 0, 0]);
}

#[test]
fn the_least_of_classes_may_have_one_in_flight() {
    let mut limit = Limit::default();
    for second in 0..100 {
        limit.failed(second * 1_000);
    }
    assert_eq!(limit.of(Class::P4, 0.0), 1);
}

/// In one second, from 200 in flight: up to twice the ordinary latency nothing, four times as much a tenth, and more is not
/// worse.
#[test]
fn twice_the_latency_takes_nothing_and_four_times_as_much_a_tenth_a_second() {
    for (slow, events) in [(1.0, 200), (2.0, 200), (3.0, 189), (4.0, 182), (100.0, 182)] {
        let mut limit = Limit::default();
        used(&mut limit, 1_000, 1.0);
        used(&mut limit, 1, slow);
        assert_eq!(limit.events(), events, "{slow} times the ordinary");
    }
    let mut limit = Limit::default();
    used(&mut limit, 1, 0.5);
    assert_eq!(limit.events(), 20, "a faster origin changes nothing by itself");
}

#[test]
fn it_grows_in_a_second_in_which_half_of_it_was_in_flight() {
    let mut limit = Limit::default();
    for _ in 0..100 {
        limit.in_flight(limit.events() / 2 - 1);
        limit.step(1.0, true);
    }
    assert_eq!(limit.events(), 20);
    for _ in 0..10 {
        limit.in_flight(limit.events() / 2 + 1);
        limit.step(1.0, true);
    }
    let grown = limit.events();
    assert!((28..32).contains(&grown), "{grown}");
    for _ in 0..100 {
        limit.step(1.0, true);
    }
    assert_eq!(limit.events(), grown, "what was in flight once proves one second");
}

#[test]
fn after_a_failure_it_comes_back_to_the_ordinary_without_being_used() {
    let mut limit = Limit::default();
    limit.failed(0);
    assert_eq!(limit.events(), 14);
    for _ in 0..100 {
        limit.step(1.0, false);
    }
    assert_eq!(limit.events(), 20);
}

#[test]
fn what_is_ordinary_follows_in_normal_mode_by_a_tenth_a_second_and_never_in_trouble() {
    let overload = |normal_mode, seconds| {
        let mut limit = Limit::default();
        for second in 0..3 {
            limit.failed(second * 1_000);
        }
        for _ in 0..seconds {
            limit.step(100.0, normal_mode);
        }
        limit.overload()
    };
    assert!((0.65..0.67).contains(&overload(true, 0)), "7 of 20");
    assert!((0.44..0.52).contains(&overload(true, 10)), "{}", overload(true, 10));
    assert!(overload(false, 100) > 0.65, "{}", overload(false, 100));
}
