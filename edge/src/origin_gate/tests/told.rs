//! What the origin says: that its quota is spent, and how it is. It is asked for the latter.

use shared::Millis;

use super::super::deciding::Deciding;
use super::*;

const SPENT: Input = Input::Spent { resource: Resource::Messages, pause_ms: 30_000 };

#[test]
fn health_2_while_the_quota_for_messages_is_spent_none_is_sent_although_the_answers_are_good() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    let turn = desk.post(&a);
    desk.tell(SPENT);
    desk.answered(turn, good(&["m1"]));
    let spent = desk.now;
    let out = desk.tell(Input::Settled { turn, key: a.clone(), backlog: Some(9) });
    assert_eq!(out, []);
    desk.quiet_for(29_999);
    let pulls = desk.until_output();
    desk.given(&pulls, &a);
    assert_eq!(desk.now, spent + 30_000);
    assert_eq!(desk.modes, [Mode::Degraded, Mode::ChattingOnly], "who waits is told all the same");
}

#[test]
fn health_2_a_spent_quota_stops_the_probes_of_holding_too() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    held(&mut desk, &a);
    let turn = desk.post(&a);
    desk.tell(SPENT);
    let spent = desk.now;
    desk.answered(turn, BAD);
    desk.post(&a);
    assert_eq!(desk.now, spent + 30_000);
}

#[test]
fn health_2_a_shorter_word_does_not_cut_a_longer_one_and_none_counts_for_more_than_ten_minutes() {
    let a = key("a");
    let mut desk = Desk::new(vec![]);
    desk.tell(Input::Spent { resource: Resource::Messages, pause_ms: Millis::MAX });
    desk.tell(SPENT);
    desk.tell(Input::Announced(a.clone()));
    desk.post(&a);
    assert_eq!(desk.now, 600_000);
}

#[test]
fn health_2_a_spent_quota_for_accounts_keeps_log_ins_waiting_and_messages_flow() {
    let mut desk = Desk::new(vec![]);
    desk.tell(Input::Spent { resource: Resource::Accounts, pause_ms: 1_500 });
    let call = Call(1);
    assert_eq!(desk.tell(Input::Asked { call, site: None, class: Class::P3, timed: true }), []);
    let a = key("a");
    let pulls = desk.tell(Input::Announced(a.clone()));
    desk.given(&pulls, &a);
    desk.quiet_for(1_499);
    let out = desk.until_output();
    assert!(matches!(out[..], [Output::Call(Told::Begin { .. })]), "{out:?}");
    assert_eq!(desk.now, 1_500);
    // A failure afterwards asks for less, and takes nothing of it back.
    desk.tell(Input::Spent { resource: Resource::Accounts, pause_ms: 1_500 });
    desk.tell(Input::Ended { call, good: false, retry_after_ms: 0 });
    assert_eq!(desk.tell(Input::Asked { call: Call(2), site: None, class: Class::P3, timed: true }), []);
    let out = desk.until_output();
    assert!(matches!(out[..], [Output::Call(Told::Begin { .. })]), "{out:?}");
    assert_eq!(desk.now, 3_000);
}

/// When the origin is asked, in these seconds of one message each.
fn asked(deciding: &mut Deciding, from_s: Millis, seconds: Millis, good: bool) -> Vec<Millis> {
    let mut asked = Vec::new();
    for second in from_s..from_s + seconds {
        let now = second * 1_000;
        deciding.reserve(1);
        deciding.posted(now, second);
        if good {
            deciding.good(now, second, 1);
        } else {
            deciding.bad(now, second, 1, "origin-errors", 0);
        }
        deciding.step(now, None, true);
        asked.extend(deciding.asks_health().then_some(second));
    }
    asked
}

#[test]
fn health_1_the_origin_is_asked_every_15_seconds_while_messages_get_through() {
    let mut deciding = Deciding::new(1);
    assert_eq!(asked(&mut deciding, 1, 50, true), [1, 16, 31, 46]);
    // While none does, probes ask already: five failures make it holding.
    assert!(asked(&mut deciding, 51, 100, false).is_empty());
    assert_eq!(asked(&mut deciding, 151, 20, true), [151, 166]);
}
