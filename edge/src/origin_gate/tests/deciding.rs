//! When messages may go, and which mode the evidence asks for.

use shared::Millis;

use super::super::Learned;
use super::super::deciding::{Deciding, Permit};
use super::*;

/// The deciding half, and an origin that it sees by its calls alone, each of one event.
pub(super) struct Watch {
    pub(super) deciding: Deciding,
    pub(super) now: Millis,
    turn: u64,
}

impl Watch {
    pub(super) fn new() -> Watch {
        let mut deciding = Deciding::new(1);
        deciding.wakes(0);
        Watch { deciding, now: 0, turn: 0 }
    }

    /// After a minute of 50 calls a second that take 40 ms.
    fn ordinary() -> Watch {
        let mut watch = Watch::new();
        watch.seconds(60, 50, 0, 40);
        assert_eq!(watch.mode(), Mode::Normal);
        watch
    }

    fn mode(&self) -> Mode {
        self.deciding.mode().0
    }

    /// A second in which so many calls come back, evenly, and so many of them are bad, evenly, too.
    fn second(&mut self, calls: u64, bad: u64, took: Millis) {
        for call in 1..=calls {
            let at = self.now + 999 * call / calls;
            self.turn += 1;
            self.deciding.reserve(1);
            self.deciding.posted(at.saturating_sub(took), self.turn);
            if call * bad / calls > (call - 1) * bad / calls {
                self.deciding.bad(at, self.turn, 1, "origin-errors", 0);
            } else {
                self.deciding.good(at, self.turn, 1);
            }
        }
        self.now += 1_000;
        self.deciding.step(self.now, None, true);
    }

    /// A second of so many calls, as the pace lets them go.
    pub(super) fn ordinary_second(&mut self, calls: u64, took: Millis) {
        for call in 1..=calls {
            let at = self.now + 1_000 * call / calls;
            if self.deciding.permit(at, 0, true) == Permit::No {
                continue;
            }
            self.turn += 1;
            self.deciding.reserve(1);
            self.deciding.posted(at.saturating_sub(took), self.turn);
            self.deciding.good(at, self.turn, 1);
        }
        self.now += 1_000;
        self.deciding.step(self.now, None, true);
    }

    /// A second in which a backlog waits: whatever may go goes.
    pub(super) fn pressed_second(&mut self) {
        self.ordinary_second(1_000, 40);
    }

    fn seconds(&mut self, seconds: u64, calls: u64, bad: u64, took: Millis) {
        for _ in 0..seconds {
            self.second(calls, bad, took);
        }
    }

    /// After how many such seconds this mode holds.
    pub(super) fn until(&mut self, mode: Mode, calls: u64, bad: u64, took: Millis) -> Option<u64> {
        (1..=60).find(|_| {
            self.second(calls, bad, took);
            self.mode() >= mode
        })
    }
}

#[test]
fn a_tenth_bad_is_degraded_a_quarter_chatting_only_and_half_holding() {
    let modes = [
        (9, Mode::Normal),
        (10, Mode::Degraded),
        (24, Mode::Degraded),
        (25, Mode::ChattingOnly),
        (49, Mode::ChattingOnly),
        (50, Mode::Holding),
    ];
    for (bad, mode) in modes {
        let mut watch = Watch::new();
        watch.second(100, bad, 40);
        assert_eq!(watch.mode(), mode, "{bad} of 100");
    }
}

#[test]
fn of_fewer_than_twenty_calls_bad_ones_are_chance_until_five_in_a_row() {
    let mut watch = Watch::new();
    watch.second(19, 4, 40);
    assert_eq!(watch.mode(), Mode::Normal);
    let mut watch = Watch::new();
    watch.second(20, 5, 40);
    assert_eq!(watch.mode(), Mode::ChattingOnly);
    for (bad, mode) in [(4, Mode::Normal), (5, Mode::Holding)] {
        let mut watch = Watch::new();
        watch.second(bad, bad, 40);
        assert_eq!(watch.mode(), mode, "{bad} in a row");
    }
}

/// Nine seconds of good calls would hide for seconds that every other one fails now.
#[test]
fn five_bad_ones_and_a_quarter_of_what_came_back_in_two_seconds_are_told_at_once() {
    for (bad, mode) in [(4, Mode::Normal), (5, Mode::Degraded)] {
        let mut watch = Watch::ordinary();
        watch.seconds(2, 0, 0, 40);
        watch.second(8, bad, 40);
        assert_eq!(watch.mode(), mode, "{bad} of 8");
    }
    let mut watch = Watch::ordinary();
    watch.seconds(2, 0, 0, 40);
    watch.second(20, 5, 40);
    assert_eq!(watch.mode(), Mode::Degraded, "a quarter");
    let mut watch = Watch::ordinary();
    watch.seconds(2, 0, 0, 40);
    watch.second(21, 5, 40);
    assert_eq!(watch.mode(), Mode::Normal, "less than a quarter");
}

#[test]
fn twice_the_ordinary_latency_is_told_when_it_has_lasted_for_ten_seconds() {
    // Half of the last ten seconds' calls are slow after five; then ten seconds more.
    let told = Watch::ordinary().until(Mode::Degraded, 50, 0, 160);
    assert!(told.is_some_and(|s| (14..=17).contains(&s)), "{told:?}");
    assert_eq!(Watch::ordinary().until(Mode::Degraded, 50, 0, 80), None, "less than twice");
}

#[test]
fn four_times_the_ordinary_latency_is_told_within_two_seconds_but_not_because_of_nine_calls() {
    let told = Watch::ordinary().until(Mode::Degraded, 50, 0, 220);
    assert!(told.is_some_and(|s| s <= 2), "{told:?}");
    let mut watch = Watch::ordinary();
    watch.seconds(3, 3, 0, 220);
    assert_eq!(watch.mode(), Mode::Normal);
    // So few calls are no evidence either when they are slow for long.
    let mut watch = Watch::ordinary();
    watch.seconds(15, 0, 0, 40);
    assert_eq!(watch.until(Mode::Degraded, 1, 0, 160), None);
}

#[test]
fn pace_1_an_origin_that_answers_late_gets_less_within_two_seconds() {
    let mut watch = Watch::ordinary();
    let before = watch.deciding.rates().per_s;
    watch.seconds(2, 50, 0, 160);
    assert!(watch.deciding.rates().per_s < before, "{}", watch.deciding.rates().per_s);
}

#[test]
fn pace_1_an_origin_that_fails_gets_half_and_a_smaller_limit() {
    let mut watch = Watch::ordinary();
    let (pace, limit) = (watch.deciding.rates().per_s, watch.deciding.rates().limit_events);
    watch.second(50, 1, 40);
    assert_eq!(watch.deciding.rates().per_s, pace / 2.0);
    assert!(watch.deciding.rates().limit_events < limit);
}

#[test]
fn a_limit_at_half_of_normal_for_ten_seconds_is_chatting_only() {
    // One bad call of a hundred each second: too few to count, and enough to keep the limit low.
    let told = Watch::ordinary().until(Mode::ChattingOnly, 100, 1, 40);
    assert_eq!(told, Some(13), "low after three seconds, and for ten");
}

#[test]
fn a_message_of_two_seconds_is_degraded_and_one_of_ten_chatting_only() {
    let modes = [
        (2_000, Mode::Normal),
        (2_001, Mode::Degraded),
        (10_000, Mode::Degraded),
        (10_001, Mode::ChattingOnly),
    ];
    for (age, mode) in modes {
        let mut deciding = Deciding::new(1);
        deciding.step(100_000, Some(100_000 - age), true);
        assert_eq!(deciding.mode().0, mode, "{age} ms");
    }
}

#[test]
fn mode_6_what_the_origin_claims_worsens_the_mode_for_a_minute() {
    for (claim, mode) in [(Status::Warn, Mode::Degraded), (Status::Fail, Mode::Holding)] {
        let mut deciding = Deciding::new(1);
        deciding.claims(0, Resource::Messages, claim);
        deciding.step(1_000, None, true);
        assert_eq!(deciding.mode().0, mode);
    }
    let mut deciding = Deciding::new(1);
    deciding.claims(0, Resource::Messages, Status::Warn);
    let back = (1..200).find(|second| {
        deciding.step(second * 1_000, None, true);
        *second > 1 && deciding.mode().0 == Mode::Normal
    });
    assert_eq!(back, Some(90), "a minute, and one dwell");
}

#[test]
fn what_is_in_flight_stays_below_the_limit_and_one_batch_below_what_the_pace_allows() {
    let mut watch = Watch::ordinary();
    let mut in_flight = 0;
    for _ in 0..1_000 {
        watch.now += 100;
        if let Permit::Events(events) = watch.deciding.permit(watch.now, 0, true) {
            assert!(events <= 3, "50 ms of the pace: {events}");
            watch.deciding.reserve(events);
            in_flight += events;
        }
    }
    assert_eq!(in_flight, watch.deciding.rates().limit_events);
    assert!((20..100).contains(&in_flight), "{in_flight}");
}

#[test]
fn four_batches_are_under_way_and_one_after_a_bad_answer() {
    let mut watch = Watch::ordinary();
    watch.now += 10_000;
    assert_ne!(watch.deciding.permit(watch.now, 3, true), Permit::No);
    assert_eq!(watch.deciding.permit(watch.now, 4, true), Permit::No);
    watch.deciding.posted(watch.now, 1_000_000);
    watch.deciding.bad(watch.now, 1_000_000, 1, "origin-errors", 0);
    watch.now += 1_000;
    assert_eq!(watch.deciding.permit(watch.now, 1, true), Permit::No);
    assert_ne!(watch.deciding.permit(watch.now, 0, true), Permit::No);
}

#[test]
fn mode_4_probes_come_every_second_and_a_fifth_earlier_or_later() {
    let mut deciding = Deciding::new(1);
    deciding.resume(0, Mode::Holding, "origin-unreachable", &Learned::default());
    let (mut now, mut waits) = (0, Vec::new());
    for _ in 0..500 {
        let before = now;
        while deciding.permit(now, 0, false) == Permit::No {
            now += 1;
        }
        deciding.probing(now);
        waits.push(now - before);
    }
    let (least, most) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
    assert!((800..830).contains(&least) && (1_171..=1_200).contains(&most), "{least} to {most}");
}

#[test]
fn evidence_is_weighed_every_second_while_there_is_any() {
    let mut watch = Watch::new();
    watch.second(50, 0, 40);
    assert_eq!(watch.deciding.next_at(0, false), Some(2_000));
    for _ in 0..10 {
        watch.now += 1_000;
        watch.deciding.step(watch.now, None, false);
    }
    assert_eq!(watch.deciding.next_at(0, false), None, "then it may sleep");
    watch.deciding.wakes(20_000);
    assert_eq!(watch.deciding.next_at(0, false), Some(21_000));
}

/// Most answers of the last ten seconds are still bad; what is heard now counts alone, or the drain would stop at once.
#[test]
fn mode_4_the_first_good_answer_wipes_out_what_was_before_and_begins_the_drain() {
    let mut watch = Watch::ordinary();
    watch.seconds(20, 50, 45, 40);
    assert_eq!(watch.mode(), Mode::Holding);
    assert_eq!(watch.deciding.permit(watch.now, 0, true), Permit::No, "until the next probe");
    let turn = 1_000_000;
    watch.deciding.posted(watch.now, turn);
    watch.deciding.good(watch.now + 40, turn, 1);
    assert_eq!(watch.deciding.rates().per_s, 10.0);
    watch.now += 1_000;
    watch.deciding.step(watch.now, None, true);
    assert!(matches!(watch.deciding.permit(watch.now, 0, true), Permit::Events(_)));
}
