//! How soon trouble is noticed, and how soon it is over.

use shared::Millis;

use super::played::{Deed, Played};
use super::*;

type Deeds = fn(u64) -> Deed;

const WELL: Deed = Some((Answer::Good(Vec::new()), 30));

/// At 25 messages a second: after how many milliseconds people are told.
fn noticed_after(deed: Deeds) -> Millis {
    let mut played = Played::new(40);
    played.pass(20_000, |_| WELL);
    assert_eq!(played.desk.gate.mode().0, Mode::Normal, "nothing was wrong");
    let broke_at = played.desk.now;
    loop {
        let after_ms = played.desk.now - broke_at;
        played.tick(deed);
        if played.desk.gate.mode().0 != Mode::Normal {
            return after_ms;
        }
        assert!(after_ms < 20_000, "not noticed within 20 s");
    }
}

#[test]
fn mode_5_at_25_calls_a_second_trouble_is_told_within_two_seconds() {
    let kinds: [(&str, Deeds); 5] = [
        ("refused at once", |_| Some((BAD, 2))),
        ("fails after 200 ms", |_| Some((BAD, 200))),
        ("silent", |_| None),
        ("every other call fails", |call| if call % 2 == 0 { Some((BAD, 30)) } else { WELL }),
        ("eight times as slow", |_| Some((good(&[]), 400))),
    ];
    for (kind, deed) in kinds {
        let after_ms = noticed_after(deed);
        println!("{kind}: told after {after_ms} ms");
        assert!(after_ms <= 2_000, "{kind}: {after_ms} ms");
    }
}

/// Each outage too short to be told, each return too short to learn from: the pace fell to a call every two seconds, and
/// seven messages waited for longer than ten seconds before an origin that was well.
#[test]
fn pace_1_after_a_row_of_short_outages_a_small_backlog_is_gone_in_three_seconds() {
    for down_ms in [800, 1_300, 1_700, 2_500, 4_000] {
        let mut played = Played::new(500);
        played.pass(70_000, |_| WELL);
        for _ in 0..6 {
            played.pass(1_900, |_| WELL);
            played.pass(down_ms, |_| Some((BAD, 2)));
        }
        let waits = played.written - played.delivered;
        played.pass(3_000, |_| WELL);
        let still = played.written - played.delivered;
        let per_s = per_s(&played);
        println!("outages of {down_ms} ms: {waits} waited, {still} still do, {per_s:.1} a second");
        assert!(
            still <= 1 && per_s >= 10.0,
            "{down_ms} ms: {waits} waited, {still} still do, {per_s} a second"
        );
    }
}

fn per_s(played: &Played) -> f64 {
    played.desk.gate.progress(played.desk.now).rates.per_s
}

/// Where the last probe's failure lies in the same second as the first good answer, too.
#[test]
fn mode_4_what_failed_before_the_origin_came_back_does_not_slow_its_backlog() {
    for down_ms in (5_000..6_500).step_by(25) {
        let mut played = Played::new(500);
        played.pass(20_000, |_| WELL);
        played.pass(down_ms, |_| Some((BAD, 2)));
        while !played.desk.gate.progress(played.desk.now).flows {
            played.tick(|_| WELL);
        }
        for _ in 0..600 {
            played.tick(|_| WELL);
            assert!(per_s(&played) >= 10.0, "{down_ms} ms: {} a second", per_s(&played));
        }
    }
}

#[test]
fn pace_1_an_origin_that_takes_every_third_call_is_not_one_that_was_away() {
    let mut played = Played::new(50);
    played.pass(70_000, |_| WELL);
    played.pass(20_000, |call| if call % 3 == 0 { WELL } else { Some((BAD, 30)) });
    assert!(per_s(&played) < 10.0, "{} a second", per_s(&played));
}
