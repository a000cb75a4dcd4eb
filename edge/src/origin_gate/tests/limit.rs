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
}

#[test]
fn overload_sheds_from_the_end_and_never_a_message() {
    let limit = Limit::default();
    let all = [Class::P0, Class::P1, Class::P2, Class::P3, Class::P4];
    let given = |overload| all.map(|class| limit.of(class, overload));
    assert_eq!(given(0.0), [20, 20, 15, 10, 5]);
    assert_eq!(given(0.6), [20, 20, 15, 10, 0]);
    assert_eq!(given(0.75), [20, 20, 15, 0, 0]);
    assert_eq!(given(0.999), [20, 20, 15, 0, 0]);
}
