//! Evidence, second by second.

use shared::Millis;
use shared::event::Status;

use super::super::health::*;

/// So many calls a second that take so long, from `at` for ten seconds.
fn ten_seconds(health: &mut Health, at: Millis, per_s: u64, took: Millis, verdict: Verdict) {
    for call in 0..10 * per_s {
        let began = at + call * 1_000 / per_s;
        health.began(began, at + call, true);
        health.ended(began + took, at + call, verdict);
    }
}

const GOOD: Verdict = Verdict::Good { units: 1 };

#[test]
fn slow_calls_are_told_as_a_multiple_of_ordinary_ones() {
    let mut health = Health::default();
    ten_seconds(&mut health, 0, 10, 40, GOOD);
    health.learn(true);
    assert!(health.evidence(9_999).slow <= 1.0);
    ten_seconds(&mut health, 20_000, 10, 410, GOOD);
    let evidence = health.evidence(29_999);
    assert!((9.0..11.0).contains(&evidence.slow), "{evidence:?}");
    assert!(evidence.calls >= 90 && evidence.bad == 0, "{evidence:?}");
}

#[test]
fn the_baseline_rises_in_normal_mode_only() {
    let mut health = Health::default();
    ten_seconds(&mut health, 0, 10, 40, GOOD);
    health.learn(true);
    for second in 1..100 {
        ten_seconds(&mut health, second * 20_000, 10, 400, GOOD);
        health.learn(false);
        assert!(health.evidence(second * 20_000 + 9_999).slow > 5.0, "trouble does not become ordinary");
    }
    for _ in 0..300 {
        health.learn(true);
    }
    assert!(health.evidence(99 * 20_000 + 9_999).slow < 2.0, "what is slow in normal mode is ordinary");
}

#[test]
fn a_larger_batch_takes_longer_and_that_is_no_trouble() {
    let mut health = Health::default();
    ten_seconds(&mut health, 0, 10, 40, GOOD);
    health.learn(true);
    ten_seconds(&mut health, 20_000, 10, 400, Verdict::Good { units: 40 });
    assert!(health.evidence(29_999).slow < 2.0);
}

#[test]
fn calls_that_hang_count_as_five_bad_ones_in_a_row() {
    let mut health = Health::default();
    ten_seconds(&mut health, 0, 10, 40, GOOD);
    health.learn(true);
    health.began(10_000, 100_001, true);
    health.began(10_100, 100_002, true);
    assert_eq!(health.evidence(10_500).bad_in_a_row, 0);
    assert_eq!(health.evidence(10_700).bad_in_a_row, BAD_IN_A_ROW);
    health.ended(10_800, 100_001, GOOD);
    assert_eq!(health.evidence(10_800).bad_in_a_row, 0, "one that comes back is evidence, too");
}

/// Two log-ins that hash a password on a busy machine would have called accounts dead.
#[test]
fn calls_that_may_take_long_do_not_hang() {
    let mut health = Health::default();
    for call in 0..2 {
        health.began(0, call, false);
    }
    assert_eq!(health.evidence(4_000).bad_in_a_row, 0);
    let mut health = ordinary(40);
    for call in 0..10 {
        health.began(20_000, call, false);
        health.ended(24_000, call, GOOD);
    }
    assert_eq!(health.evidence(24_000).slow, 0.0, "nor are they slow");
}

#[test]
fn evidence_is_forgotten_after_ten_seconds_and_a_claim_after_a_minute() {
    let mut health = Health::default();
    ten_seconds(&mut health, 0, 10, 40, Verdict::Bad);
    assert_eq!(health.evidence(9_999).bad, 100);
    assert_eq!(health.evidence(20_000).bad, 0);
    health.claims(20_000, Status::Fail);
    assert_eq!(health.evidence(79_999).claim, Status::Fail);
    assert_eq!(health.evidence(80_000).claim, Status::Pass);
}

#[test]
fn the_deadline_is_four_times_what_ordinary_calls_take_at_most() {
    let health = Health::default();
    assert_eq!(health.deadline_ms(), 2_000, "before anything is known");
    for (took, deadline) in [(40, 1_000), (500, 2_000), (3_000, 5_000)] {
        let mut health = Health::default();
        ten_seconds(&mut health, 0, 10, took, GOOD);
        health.learn(true);
        assert_eq!(health.deadline_ms(), deadline, "calls of {took} ms");
    }
}

/// So many calls come back within one second.
fn second(health: &mut Health, at: Millis, calls: u64, took: Millis, verdict: Verdict) {
    for call in at..at + calls {
        health.began(at.saturating_sub(took), call, true);
        health.ended(at, call, verdict);
    }
}

/// Calls of so many milliseconds are the ordinary.
fn ordinary(took: Millis) -> Health {
    let mut health = Health::default();
    ten_seconds(&mut health, 0, 10, took, GOOD);
    health.learn(true);
    health
}

#[test]
fn the_pace_hears_of_the_last_two_seconds_and_the_mode_of_the_last_ten() {
    let mut health = ordinary(40);
    second(&mut health, 30_000, 10, 400, GOOD);
    let seen = |health: &mut Health, now| {
        let evidence = health.evidence(now);
        (evidence.slow_now > 5.0, evidence.calls_now, evidence.slow > 5.0, evidence.calls)
    };
    assert_eq!(seen(&mut health, 32_999), (true, 10, true, 10));
    assert_eq!(seen(&mut health, 33_000), (false, 0, true, 10));
    assert_eq!(seen(&mut health, 39_999), (false, 0, true, 10));
    assert_eq!(seen(&mut health, 40_000), (false, 0, false, 0));
}

#[test]
fn of_a_busy_second_the_last_two_hundred_calls_count() {
    for (fast, slow, is_slow) in [(200, 150, true), (110, 90, false)] {
        let mut health = ordinary(40);
        second(&mut health, 30_000, fast, 40, GOOD);
        second(&mut health, 30_500, slow, 400, GOOD);
        assert_eq!(health.evidence(30_999).slow > 5.0, is_slow, "{fast} fast ones and {slow} slow ones");
    }
}

#[test]
fn two_slow_calls_are_chance_and_nine_teach_nothing() {
    for (calls, heard) in [(2, false), (3, true)] {
        let mut health = ordinary(40);
        second(&mut health, 30_000, calls, 400, GOOD);
        assert_eq!(health.evidence(30_999).slow > 5.0, heard, "{calls} calls");
    }
    for (calls, learnt) in [(9, false), (10, true)] {
        let mut health = Health::default();
        second(&mut health, 0, calls, 40, GOOD);
        health.learn(true);
        second(&mut health, 20_000, 10, 400, GOOD);
        assert_eq!(health.evidence(20_999).slow > 5.0, learnt, "{calls} calls");
    }
}

#[test]
fn calls_hang_after_four_medians_and_one_alone_does_not() {
    let mut health = ordinary(300);
    health.began(20_000, 100_001, true);
    assert_eq!(health.evidence(60_000).bad_in_a_row, 0, "one alone is chance");
    health.began(60_000, 100_002, true);
    assert_eq!(health.evidence(61_200).bad_in_a_row, 0);
    assert_eq!(health.evidence(61_201).bad_in_a_row, BAD_IN_A_ROW);
    health.began(61_201, 100_003, true);
    assert_eq!(health.evidence(61_300).bad_in_a_row, 0, "a younger one may still come back");
}

#[test]
fn in_normal_mode_the_ordinary_rises_by_2_percent_of_the_way_each_second_and_falls_by_5() {
    let mut health = ordinary(100);
    second(&mut health, 30_000, 10, 400, GOOD);
    for _ in 0..35 {
        health.learn(true);
    }
    let slow = health.evidence(30_999).slow;
    assert!((1.45..1.65).contains(&slow), "half of the way in 35 s: {slow}");
    let mut health = ordinary(400);
    second(&mut health, 30_000, 10, 100, GOOD);
    for _ in 0..14 {
        health.learn(true);
    }
    let slow = health.evidence(30_999).slow;
    assert!((0.34..0.40).contains(&slow), "half of the way back in 14 s: {slow}");
}

#[test]
fn ten_milliseconds_more_are_noise_of_any_network() {
    for (took, slow) in [(11, false), (22, true)] {
        let mut health = ordinary(2);
        second(&mut health, 30_000, 10, took, GOOD);
        assert_eq!(health.evidence(30_999).slow > 1.0, slow, "{took} ms instead of 2");
    }
    let mut health = ordinary(0);
    second(&mut health, 30_000, 10, 40, GOOD);
    assert_eq!(health.evidence(30_999).slow, 30.0, "what takes no time at all counts as a millisecond");
}

#[test]
fn batches_of_eight_and_of_fifty_have_their_own_ordinary() {
    let mut health = Health::default();
    ten_seconds(&mut health, 0, 10, 40, Verdict::Good { units: 8 });
    health.learn(true);
    second(&mut health, 30_000, 10, 400, Verdict::Good { units: 50 });
    assert_eq!(health.evidence(30_999).slow, 0.0, "nothing is known of such batches");
    health.learn(true);
    second(&mut health, 50_000, 10, 400, Verdict::Good { units: 32 });
    assert!(health.evidence(50_999).slow <= 1.0, "as slow as the other large ones");
}

/// A browser's timer, a machine that slept: after 50 days the number of milliseconds begins again with 0.
#[test]
fn a_call_that_comes_back_after_fifty_days_was_slow() {
    let mut health = ordinary(40);
    second(&mut health, (1 << 32) + 40, 10, (1 << 32) + 40, GOOD);
    assert!(health.evidence((1 << 32) + 41).slow > 1_000.0);
}

#[test]
fn the_deadline_follows_the_slowest_of_a_hundred_in_normal_mode_and_not_before_twenty_calls() {
    for (calls, deadline) in [(19, 2_000), (20, 5_000)] {
        let mut health = Health::default();
        second(&mut health, 10_000, calls, 3_000, GOOD);
        health.learn(true);
        assert_eq!(health.deadline_ms(), deadline, "{calls} calls");
    }
    let mut health = Health::default();
    second(&mut health, 10_000, 97, 40, GOOD);
    second(&mut health, 11_000, 3, 400, GOOD);
    health.learn(true);
    assert_eq!(health.deadline_ms(), 1_600);
    second(&mut health, 12_000, 100, 1_200, GOOD);
    health.learn(false);
    assert_eq!(health.deadline_ms(), 1_600, "trouble makes nobody more patient");
}

#[test]
fn what_was_before_the_origin_came_back_says_nothing_about_it() {
    let mut health = ordinary(40);
    second(&mut health, 30_000, 10, 40, Verdict::Bad);
    health.start_over();
    let evidence = health.evidence(30_500);
    assert_eq!((evidence.calls, evidence.bad, evidence.bad_in_a_row), (0, 0, 0));
    second(&mut health, 31_000, 4, 40, Verdict::Bad);
    second(&mut health, 31_500, 1, 40, GOOD);
    assert_eq!(health.evidence(31_600).bad_in_a_row, 0);
}
