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
    health.ended(4_000, 0, GOOD);
    assert_eq!(health.evidence(4_000).slow, 0.0);
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
