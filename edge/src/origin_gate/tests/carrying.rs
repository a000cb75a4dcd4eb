//! Who is carried, and in which order.

use super::*;

#[test]
fn order_2_one_batch_in_flight_per_conversation() {
    let mut gate = OriginGate::new(0, Vec::new(), 1);
    let a = key("a");
    gate.handle(0, Input::Announced(a.clone()));
    assert_eq!(outputs(&mut gate)[0], Output::Remember(a.clone()));
    gate.handle(0, Input::Announced(a.clone()));
    gate.handle(0, Input::Announced(a.clone()));
    assert_eq!(outputs(&mut gate), [], "announced again while under way: no second pull");
}

#[test]
fn an_announcement_while_under_way_is_not_forgotten() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    let turn = desk.post(&a);
    desk.tell(Input::Announced(a.clone()));
    desk.answered(turn, good(&["m1"]));
    let mut out = desk.tell(Input::Settled { turn, key: a.clone(), backlog: Some(0) });
    if out.is_empty() {
        out = desk.until_output();
    }
    assert!(out.iter().any(|o| matches!(o, Output::Pull { .. })), "{out:?}");
    assert!(!out.contains(&Output::Forget(a)));
}

#[test]
fn pace_3_what_always_fails_while_others_pass_is_parked_with_its_reason() {
    let (a, b) = (key("a"), key("b"));
    let mut desk = Desk::new(vec![a.clone(), b.clone()]);
    for _ in 0..200 {
        for output in desk.until_output() {
            match output {
                Output::Pull { turn, key, .. } => {
                    let events = Some(vec![event("m1", &key)]);
                    for output in desk.tell(Input::Pulled { turn, key, events }) {
                        if let Output::Post { turn, events, .. } = output {
                            let poisoned = events.iter().any(|event| event.source.ends_with("/a"));
                            let answer = if poisoned { BAD } else { good(&["m1"]) };
                            for output in desk.answered(turn, answer) {
                                if let Output::Settle { turn, key, receipts } = output {
                                    if key == a {
                                        assert_eq!(receipts[0].result, Outcome::Refused);
                                        assert_eq!(receipts[0].reason, "fails-always");
                                        return;
                                    }
                                    desk.tell(Input::Settled { turn, key, backlog: Some(1) });
                                }
                            }
                        }
                    }
                }
                Output::Settle { turn, key, .. } => {
                    desk.tell(Input::Settled { turn, key, backlog: Some(1) });
                }
                _ => {}
            }
        }
    }
    panic!("never parked");
}
