//! What the gate tells people of itself.

use shared::event::Status;
use shared::mode::Mode;

use super::super::{Call, Class, Input, Output, Progress, Told};
use super::{BAD, Desk, good, held, key};

fn progress(desk: &Desk) -> Progress {
    desk.gate.progress(desk.now)
}

#[test]
fn what_waits_is_counted_in_messages_and_the_time_to_go_is_known_once_they_flow() {
    let (a, b) = (key("a"), key("b"));
    let mut desk = Desk::new(vec![a.clone()]);
    assert_eq!((progress(&desk).messages, progress(&desk).to_go_ms), (1, Some(20)), "50 a second");
    desk.gate.waits(&a, 100);
    desk.gate.waits(&b, 7);
    assert_eq!(progress(&desk).messages, 100, "b has announced nothing");
    held(&mut desk, &a);
    assert_eq!((progress(&desk).flows, progress(&desk).to_go_ms), (false, None), "nobody knows");
    let turn = desk.post(&a);
    desk.answered(turn, good(&["m1"]));
    desk.tell(Input::Settled { turn, key: a.clone(), backlog: Some(99) });
    let Progress { messages, to_go_ms, flows, rates, .. } = progress(&desk);
    assert_eq!((messages, flows), (99, true));
    // MODE-4: the drain begins at ten a second.
    assert_eq!((rates.per_s, to_go_ms), (10.0, Some(9_900)));
}

#[test]
fn pace_and_limit_fall_below_half_of_the_ordinary_ones_which_stay_what_they_were() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    let before = progress(&desk).rates;
    assert_eq!((before.per_s, before.limit_events), (before.normal_per_s, before.normal_limit_events));
    held(&mut desk, &a);
    for _ in 0..10 {
        let turn = desk.post(&a);
        desk.answered(turn, BAD);
    }
    let rates = progress(&desk).rates;
    assert!(rates.per_s * 2.0 <= rates.normal_per_s, "{rates:?}");
    assert!(rates.limit_events * 2 <= rates.normal_limit_events, "{rates:?}");
    assert!(rates.normal_per_s > 0.9 * before.normal_per_s, "{rates:?}");
}

#[test]
fn what_is_ordinary_follows_in_good_times() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    // A message every half second needs no fifty a second.
    for n in 0..400 {
        desk.now = n * 500;
        let mut out = desk.tell(Input::Announced(a.clone()));
        if !out.iter().any(|o| matches!(o, Output::Pull { .. })) {
            out = desk.until_output();
        }
        let turn = desk.given(&out, &a);
        desk.answered(turn, good(&["m1"]));
        desk.tell(Input::Settled { turn, key: a.clone(), backlog: Some(0) });
    }
    let rates = progress(&desk).rates;
    assert_eq!(desk.gate.mode().0, Mode::Normal);
    assert!(rates.per_s < 25.0 && rates.per_s * 2.0 > rates.normal_per_s, "{rates:?}");
}

#[test]
fn accounts_fail_where_a_log_in_would_be_refused_and_recover_with_the_word() {
    let a = key("a");
    let mut desk = Desk::new(Vec::new());
    assert_eq!(progress(&desk).accounts, Status::Pass);
    let mut call = 0;
    while progress(&desk).accounts == Status::Pass {
        call += 1;
        assert!(call < 50, "fifty failed calls and nothing said");
        let call = Call(call);
        let mut out = desk.tell(Input::Asked { call, site: None, class: Class::P3, timed: true });
        if out.is_empty() {
            out = desk.until_output();
        }
        if matches!(out[..], [Output::Call(Told::Begin { .. })]) {
            desk.tell(Input::Ended { call, good: false, retry_after_ms: 0 });
        }
        desk.quiet_for(1_000);
    }
    assert!(progress(&desk).flows, "messages are well");
    // And while holding nobody new is let in, whatever accounts showed last.
    let mut desk = Desk::new(vec![a.clone()]);
    held(&mut desk, &a);
    assert_eq!(progress(&desk).accounts, Status::Fail);
}
