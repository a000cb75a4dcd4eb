//! Which word is told.

use shared::mode::Mode;

use super::super::mode::*;

#[test]
fn down_at_once_and_up_one_step_after_each_dwell() {
    let mut modes = Modes::default();
    assert!(modes.assess(0, Mode::Holding, "origin-unreachable"));
    assert_eq!(modes.now(), (Mode::Holding, "origin-unreachable"));
    let mut ups = Vec::new();
    for second in 0..=120 {
        if modes.assess(second * 1_000, Mode::Normal, "") {
            ups.push((second, modes.now().0));
        }
    }
    assert_eq!(ups, [(30, Mode::ChattingOnly), (60, Mode::Degraded), (90, Mode::Normal)]);
    assert_eq!(modes.now().1, "");
}

#[test]
fn while_holding_another_reason_is_told() {
    let mut modes = Modes::default();
    modes.assess(0, Mode::Holding, "origin-unreachable");
    assert!(!modes.assess(1_000, Mode::Holding, "origin-unreachable"));
    assert!(!modes.assess(9_999, Mode::Holding, "origin-malformed"), "not with every probe");
    assert!(modes.assess(10_000, Mode::Holding, "origin-malformed"));
    assert_eq!(modes.now(), (Mode::Holding, "origin-malformed"));
}

#[test]
fn one_bad_moment_starts_the_dwell_again() {
    let mut modes = Modes::default();
    modes.assess(0, Mode::Degraded, "origin-slow");
    modes.assess(1_000, Mode::Normal, "");
    modes.assess(29_000, Mode::Degraded, "origin-slow");
    assert!(!modes.assess(40_000, Mode::Normal, ""));
    assert!(!modes.assess(69_999, Mode::Normal, ""));
    assert!(modes.assess(70_000, Mode::Normal, ""));
}

#[test]
fn each_relapse_doubles_the_dwell_up_to_five_minutes() {
    let (mut modes, mut now, mut dwells) = (Modes::default(), 0, Vec::new());
    for _ in 0..6 {
        modes.assess(now, Mode::Degraded, "origin-slow");
        let since = now;
        while !modes.assess(now, Mode::Normal, "") {
            now += 1_000;
        }
        dwells.push((now - since) / 1_000);
    }
    assert_eq!(dwells, [30, 60, 120, 240, 300, 300]);
    now += 600_000;
    modes.assess(now, Mode::Normal, "");
    modes.assess(now, Mode::Degraded, "origin-slow");
    modes.assess(now, Mode::Normal, "");
    assert!(modes.assess(now + 30_000, Mode::Normal, ""), "forgiven after ten good minutes");
}

/// 20 s up and 20 s down for ten minutes, and what comes after.
#[test]
fn an_origin_that_flaps_changes_the_mode_four_times_at_most() {
    let (mut modes, mut changes) = (Modes::default(), 0);
    for second in 0..1_200u64 {
        let down = second < 600 && (second / 20).is_multiple_of(2);
        let wanted = if down { Mode::Holding } else { Mode::Normal };
        changes += u32::from(modes.assess(second * 1_000, wanted, "origin-unreachable"));
    }
    assert_eq!((changes, modes.now().0), (4, Mode::Normal));
}

/// Found by the simulation with seed 1438: two minutes for each step up after a second fall.
#[test]
fn a_fall_in_several_steps_is_one_relapse() {
    let mut modes = Modes::default();
    modes.assess(0, Mode::Degraded, "origin-slow");
    modes.assess(1_000, Mode::Normal, "");
    assert!(modes.assess(31_000, Mode::Normal, ""));
    for (at, worse) in [(40_000, Mode::Degraded), (42_000, Mode::ChattingOnly), (44_000, Mode::Holding)] {
        assert!(modes.assess(at, worse, "origin-unreachable"));
    }
    modes.assess(50_000, Mode::Normal, "");
    assert!(!modes.assess(109_999, Mode::Normal, ""));
    assert!(modes.assess(110_000, Mode::Normal, ""), "twice the dwell after one relapse");
}

/// Normal for almost ten minutes, and then the same trouble again, three times.
#[test]
fn trouble_that_comes_back_within_ten_minutes_is_a_relapse() {
    for (normal_s, expected) in [(590, [30, 60, 120]), (601, [30, 30, 30])] {
        let (mut modes, mut now) = (Modes::default(), 0);
        let dwells = [(); 3].map(|()| {
            modes.assess(now, Mode::Degraded, "origin-slow");
            let since = now;
            while !modes.assess(now, Mode::Normal, "") {
                now += 1_000;
            }
            let dwell_s = (now - since) / 1_000;
            for _ in 0..normal_s {
                now += 1_000;
                modes.assess(now, Mode::Normal, "");
            }
            dwell_s
        });
        assert_eq!(dwells, expected, "after {normal_s} s of normal each");
    }
}

#[test]
fn a_hundred_relapses_are_no_worse_than_five() {
    let (mut modes, mut now) = (Modes::default(), 0);
    for _ in 0..100 {
        modes.assess(now, Mode::Degraded, "origin-slow");
        let since = now;
        while !modes.assess(now, Mode::Normal, "") {
            now += 1_000;
        }
        assert!(now - since <= 300_000, "{now}");
    }
}

#[test]
fn worse_trouble_starts_the_dwell_again() {
    let mut modes = Modes::default();
    modes.assess(0, Mode::Degraded, "origin-slow");
    modes.assess(1_000, Mode::Normal, "");
    modes.assess(29_000, Mode::Holding, "origin-unreachable");
    assert!(!modes.assess(30_000, Mode::Normal, ""));
    assert!(!modes.assess(59_999, Mode::Normal, ""));
    assert!(modes.assess(60_000, Mode::Normal, ""));
}
