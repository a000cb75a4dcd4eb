//! What outlives a restart of the edge, and what a stored row can do.

use shared::mode::Mode;

use super::super::deciding::Deciding;
use super::super::{Learned, LearnedLane};
use super::deciding::Watch;

/// After ten minutes of so many calls a second; and what was stored last.
fn learned(calls: u64) -> Learned {
    let mut watch = Watch::new();
    let mut stored = None;
    for _ in 0..200 {
        watch.ordinary_second(calls, 40);
        stored = watch.deciding.take_learned().or(stored);
    }
    *stored.expect("something was learnt")
}

fn resumed(learned: &Learned) -> Watch {
    let mut watch = Watch::new();
    watch.deciding = Deciding::new(2);
    watch.deciding.resume(watch.now, Mode::Normal, "", learned);
    watch
}

#[test]
fn what_was_learnt_is_stored_after_half_a_minute_and_again_only_where_it_has_changed() {
    let mut watch = Watch::new();
    let mut rows = |seconds: u64, calls: u64| -> Vec<u64> {
        (1..=seconds)
            .filter(|_| {
                watch.ordinary_second(calls, 40);
                watch.deciding.take_learned().is_some()
            })
            .collect()
    };
    assert_eq!(rows(60, 100), [31], "once, and after the second half minute nothing is new");
    let sinking = rows(600, 100);
    assert!(sinking.len() <= 3, "{sinking:?}");
    assert_eq!(rows(600, 100).len(), 0, "ten minutes in which nothing changes");
    let later = rows(600, 200);
    assert!((1..=4).contains(&later.len()), "{later:?}");
}

#[test]
fn a_gate_that_starts_again_goes_on_at_the_ordinary_pace() {
    let rates = |watch: &Watch| watch.deciding.rates();
    let stranger = rates(&resumed(&Learned::default()));
    assert_eq!((stranger.per_s, stranger.limit_events), (50.0, 20));
    let mut learned_400 = learned(400);
    learned_400.messages.normal_limit = 90.0;
    let known = rates(&resumed(&learned_400));
    assert!((400.0..=600.0).contains(&known.per_s), "{known:?}");
    assert_eq!((known.limit_events, known.normal_limit_events), (90, 90));
    let quiet = rates(&resumed(&learned(5)));
    assert!((5.0..=15.0).contains(&quiet.per_s), "{quiet:?}");
}

/// An edge that is killed in the midst of trouble must not take it for the ordinary.
#[test]
fn a_gate_that_starts_again_notices_an_origin_that_is_slow_from_the_first_call_on() {
    assert_eq!(resumed(&Learned::default()).until(Mode::Degraded, 50, 0, 320), None, "who knows nothing");
    let told = resumed(&learned(50)).until(Mode::Degraded, 50, 0, 320);
    assert!(told.is_some_and(|s| s <= 2), "{told:?}");
}

/// The deadline is four times what 99 of 100 calls take.
#[test]
fn a_gate_that_starts_again_waits_for_as_long_as_before() {
    let mut slow = Learned::default();
    (slow.messages.p99_ms, slow.accounts.p99_ms) = (800.0, 0.0);
    assert_eq!(resumed(&slow).deciding.posted(0, 1), 3_200);
    assert_eq!(resumed(&Learned::default()).deciding.posted(0, 1), 2_000);
}

#[test]
fn what_a_breach_has_shown_is_kept_in_trouble_and_in_ordinary_times() {
    let lane = LearnedLane {
        per_s: 300.0,
        normal_per_s: 100.0,
        proven_per_s: 90.0,
        ceiling_per_s: Some(100.0),
        ..LearnedLane::default()
    };
    let mut watch = resumed(&Learned { messages: lane, ..Learned::default() });
    assert_eq!(watch.deciding.rates().per_s, 100.0, "not more than in ordinary times");
    for _ in 0..30 {
        watch.pressed_second();
    }
    assert_eq!(watch.deciding.rates().per_s, 100.0, "nor beyond what the origin bears");
    let unknown = LearnedLane { ceiling_per_s: None, ..lane };
    let mut watch = resumed(&Learned { messages: unknown, ..Learned::default() });
    for _ in 0..10 {
        watch.pressed_second();
    }
    let per_s = watch.deciding.rates().per_s;
    assert!((130.0..=135.0).contains(&per_s), "3 % a second, and not a stranger's tenth: {per_s}");
    let trouble = LearnedLane { per_s: 7.0, ..lane };
    let mut watch = resumed(&Learned { messages: trouble, ..Learned::default() });
    assert_eq!(watch.deciding.rates().per_s, 7.0);
    for _ in 0..13 {
        watch.pressed_second();
    }
    assert!(watch.deciding.rates().per_s > 80.0, "by half every 2 s up to what was proven");
}

#[test]
fn a_row_with_nonsense_teaches_nothing_impossible() {
    for wrong in [-1.0, 0.0, f64::NAN, f64::INFINITY, 1e300, 1e-300] {
        let lane = LearnedLane {
            per_s: wrong,
            normal_per_s: wrong,
            proven_per_s: wrong,
            ceiling_per_s: Some(wrong),
            normal_limit: wrong,
            baseline_ms: [Some(wrong); 6],
            p99_ms: wrong,
        };
        let mut watch = resumed(&Learned { messages: lane, accounts: lane });
        let deadline_ms = watch.deciding.posted(0, 1);
        let rates = watch.deciding.rates();
        assert!((0.5..=5_000.0).contains(&rates.per_s), "{wrong}: {rates:?}");
        assert!((2..=200).contains(&rates.limit_events), "{wrong}: {rates:?}");
        assert!((1_000..=5_000).contains(&deadline_ms), "{wrong}: {deadline_ms}");
    }
}
