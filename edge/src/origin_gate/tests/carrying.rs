//! Who is carried, and in which order.

use std::collections::VecDeque;

use super::super::carrying::Carrying;
use super::*;

/// What conversations were asked for: who, and how many events at most.
fn pulls(outputs: &mut VecDeque<Output>) -> Vec<(Turn, Key, usize)> {
    let pull = |output| match output {
        Output::Pull { turn, key, max } => Some((turn, key, max)),
        _ => None,
    };
    outputs.drain(..).filter_map(pull).collect()
}

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

#[test]
fn a_batch_is_made_of_ten_conversations_and_fifty_events_at_most() {
    let mut outputs = VecDeque::new();
    for (waiting, asked, each) in [(60, 10, 5), (1, 1, 50), (3, 3, 16)] {
        let keys = (0..waiting).map(|i| key(&format!("c{i}"))).collect();
        let reserved = Carrying::new(0, keys).begin(0, 1_000, &mut outputs);
        let pulls = pulls(&mut outputs);
        assert_eq!((pulls.len(), pulls[0].2, reserved), (asked, each, (asked * each) as u64));
    }
}

/// A conversation whose batches fail, and another one whose batches pass, in turn.
struct Pair {
    carrying: Carrying,
    outputs: VecDeque<Output>,
    bad: Key,
    other: Key,
}

impl Pair {
    fn new() -> Pair {
        let (bad, other) = (key("bad"), key("other"));
        Pair { carrying: Carrying::new(0, vec![bad.clone()]), outputs: VecDeque::new(), bad, other }
    }

    /// How many events it was asked for at most, and what was said to it of its one event.
    fn fails(&mut self) -> (usize, Vec<Receipt>) {
        self.turn(BAD)
    }

    fn turn(&mut self, answer: Answer) -> (usize, Vec<Receipt>) {
        self.carrying.begin(0, 20, &mut self.outputs);
        let asked = pulls(&mut self.outputs);
        let [(turn, _, max)] = asked[..] else { panic!("{asked:?}") };
        let events = Some(vec![event("m1", &self.bad)]);
        self.carrying.pulled(0, turn, self.bad.clone(), events, &mut self.outputs);
        self.carrying.answered(0, turn, answer, &mut self.outputs);
        let settled = self.outputs.drain(..).find_map(|output| match output {
            Output::Settle { receipts, .. } => Some(receipts),
            _ => None,
        });
        if settled.is_some() {
            self.carrying.settled(0, turn, self.bad.clone(), Some(1), &mut self.outputs);
        }
        (max, settled.unwrap_or_default())
    }

    /// The other one has something to say, and its batch passes. Returns whether the first one was in it.
    fn other_passes(&mut self) -> bool {
        self.carrying.announced(0, self.other.clone());
        let mut in_company = false;
        self.carrying.begin(0, 20, &mut self.outputs);
        for (turn, key, _) in pulls(&mut self.outputs) {
            let is_bad = key == self.bad;
            in_company |= is_bad;
            // The first one cannot be reached just now.
            let events = if is_bad { None } else { Some(vec![event("m1", &key)]) };
            if self.carrying.pulled(0, turn, key, events, &mut self.outputs).is_some() {
                self.carrying.answered(0, turn, good(&["m1"]), &mut self.outputs);
                self.carrying.settled(0, turn, self.other.clone(), Some(0), &mut self.outputs);
            }
        }
        self.outputs.clear();
        in_company
    }
}

#[test]
fn pace_3_after_five_failures_it_is_tried_alone_with_one_event_and_after_ten_the_event_is_parked() {
    let mut pair = Pair::new();
    for failure in 1..=10 {
        let (asked, said) = pair.fails();
        assert_eq!(asked, if failure <= 5 { 20 } else { 1 }, "failure {failure}");
        assert_eq!(said.first().map(|it| it.result), (failure == 10).then_some(Outcome::Refused));
        let in_company = pair.other_passes();
        assert_eq!(in_company, !(5..10).contains(&failure), "after failure {failure}");
    }
}

#[test]
fn pace_3_while_nobody_passes_it_is_the_origin_that_fails_and_not_the_conversation() {
    let mut pair = Pair::new();
    for _ in 0..100 {
        assert_eq!(pair.fails(), (20, vec![]));
    }
}

#[test]
fn pace_3_one_batch_that_passes_makes_good_what_failed_before() {
    let mut pair = Pair::new();
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(pair.fails(), (20, vec![]));
            pair.other_passes();
        }
        assert_eq!(pair.turn(good(&["m1"])).0, 20);
    }
}

#[test]
fn what_is_left_after_a_good_batch_is_younger_than_what_has_gone() {
    let a = key("a");
    let mut outputs = VecDeque::new();
    let mut carrying = Carrying::new(1_000, vec![a.clone()]);
    assert_eq!(carrying.oldest(), Some(1_000));
    carrying.begin(1_000, 1, &mut outputs);
    let turn = pulls(&mut outputs)[0].0;
    carrying.pulled(1_000, turn, a.clone(), Some(vec![event("m1", &a)]), &mut outputs);
    carrying.answered(5_000, turn, good(&["m1"]), &mut outputs);
    carrying.settled(5_000, turn, a, Some(7), &mut outputs);
    assert_eq!(carrying.oldest(), Some(5_000));
}

#[test]
fn a_conversation_that_was_not_pulled_announces_itself_after_a_minute_or_at_fifty_a_second() {
    for (waiting, again_ms) in [(0, 60_000), (3_000, 60_000), (6_000, 120_000)] {
        let keys = (0..waiting).map(|i| key(&format!("c{i}"))).collect();
        assert_eq!(OriginGate::new(0, keys, 1).again_ms(), again_ms, "{waiting} wait");
    }
}
