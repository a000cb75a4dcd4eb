//! The gate on a virtual clock, with conversations and an origin played by the test.

use shared::event::{Body, Event, Outcome, Receipt};
use shared::id::{ConversationId, SiteId};
use shared::mode::Mode;

use super::{Answer, Input, Key, OriginGate, Output};

fn key(name: &str) -> Key {
    Key { site: SiteId::parse("demo").unwrap(), conversation: ConversationId::parse(name).unwrap() }
}

fn event(id: &str, key: &Key) -> Event {
    let source = format!("/sites/{}/conversations/{}", key.site, key.conversation);
    Event { specversion: "1.0".into(), id: id.into(), source, body: Body::Probe {} }
}

fn good(ids: &[&str]) -> Answer {
    let receipt = |id: &&str| Receipt {
        id: (*id).into(),
        source: String::new(),
        result: Outcome::Accepted,
        reason: String::new(),
        retry_after_ms: None,
    };
    Answer::Good(ids.iter().map(receipt).collect())
}

const BAD: Answer = Answer::Bad { reason: "origin-unreachable", retry_after_ms: 0 };

fn outputs(gate: &mut OriginGate) -> Vec<Output> {
    std::iter::from_fn(|| gate.poll_output()).collect()
}

/// Announces, pulls one event and returns the turn of the post.
fn post(gate: &mut OriginGate, now: u64, who: &Key) -> super::Turn {
    gate.handle(now, Input::Timeout);
    let pulls = outputs(gate);
    let Some(Output::Pull { turn, key, .. }) = pulls.iter().find(|o| matches!(o, Output::Pull { .. })) else {
        panic!("no pull in {pulls:?}")
    };
    assert_eq!(key, who);
    let events = Some(vec![event("m1", who)]);
    gate.handle(now, Input::Pulled { turn: *turn, key: who.clone(), events });
    assert!(matches!(outputs(gate)[..], [Output::Post { .. }]));
    *turn
}

#[test]
fn order_2_one_batch_in_flight_per_conversation() {
    let mut gate = OriginGate::new(Vec::new(), 1);
    let a = key("a");
    gate.handle(0, Input::Announced(a.clone()));
    assert_eq!(outputs(&mut gate)[0], Output::Remember(a.clone()));
    gate.handle(0, Input::Announced(a.clone()));
    gate.handle(0, Input::Announced(a.clone()));
    assert_eq!(outputs(&mut gate), [], "announced again while under way: no second pull");
}

#[test]
fn an_announcement_while_under_way_is_not_forgotten() {
    let mut gate = OriginGate::new(vec![key("a")], 1);
    let a = key("a");
    let turn = post(&mut gate, 0, &a);
    gate.handle(0, Input::Announced(a.clone()));
    gate.handle(0, Input::Answered { turn, answer: good(&["m1"]) });
    gate.handle(0, Input::Settled { turn, key: a.clone(), backlog: Some(0) });
    let out = outputs(&mut gate);
    assert!(out.iter().any(|o| matches!(o, Output::Pull { .. })), "{out:?}");
    assert!(!out.contains(&Output::Forget(a)));
}

#[test]
fn five_bad_answers_in_a_row_mean_holding_and_one_good_ends_it() {
    let mut gate = OriginGate::new(vec![key("a")], 1);
    let a = key("a");
    let mut now = 0;
    for bad in 1..=5 {
        let turn = post(&mut gate, now, &a);
        gate.handle(now, Input::Answered { turn, answer: BAD });
        let out = outputs(&mut gate);
        let told = out.contains(&Output::Mode { mode: Mode::Holding, reason: "origin-unreachable" });
        assert_eq!(told, bad == 5, "after {bad}: {out:?}");
        assert!(!out.iter().any(|o| matches!(o, Output::Pull { .. })), "a pause comes first");
        now = gate.poll_timeout().expect("a failed backlog is tried again");
    }
    assert_eq!(gate.mode().0, Mode::Holding);
    // MODE-4: while holding, one batch about every second.
    for _ in 0..10 {
        let before = now;
        let turn = post(&mut gate, now, &a);
        gate.handle(now, Input::Answered { turn, answer: BAD });
        assert_eq!(outputs(&mut gate), []);
        now = gate.poll_timeout().unwrap();
        assert!((800..=1_200).contains(&(now - before)), "{}", now - before);
    }
    let turn = post(&mut gate, now, &a);
    gate.handle(now, Input::Answered { turn, answer: good(&["m1"]) });
    assert!(outputs(&mut gate).contains(&Output::Mode { mode: Mode::Normal, reason: "" }));
}

#[test]
fn holding_without_a_backlog_probes_by_itself() {
    let mut gate = OriginGate::new(vec![key("a")], 1);
    let a = key("a");
    let mut now = 0;
    for _ in 0..5 {
        let turn = post(&mut gate, now, &a);
        gate.handle(now, Input::Answered { turn, answer: BAD });
        now = gate.poll_timeout().unwrap();
    }
    outputs(&mut gate);
    gate.handle(now, Input::Timeout);
    let [Output::Pull { turn, .. }] = outputs(&mut gate)[..] else { panic!() };
    gate.handle(now, Input::Pulled { turn, key: a.clone(), events: Some(Vec::new()) });
    assert_eq!(outputs(&mut gate), [Output::Forget(a)]);
    now = gate.poll_timeout().unwrap();
    gate.handle(now, Input::Timeout);
    let [Output::Probe { turn }] = outputs(&mut gate)[..] else { panic!() };
    gate.handle(now, Input::Answered { turn, answer: good(&[]) });
    assert_eq!(gate.mode().0, Mode::Normal);
}

/// Seed 2 of the simulation: the object's timer went off again and again, at once, for as long as a slow origin
/// kept the calls open.
#[test]
fn a_gate_that_waits_for_an_answer_does_not_ask_for_the_past() {
    let keys: Vec<Key> = (0..60).map(|i| key(&format!("c{i}"))).collect();
    let mut gate = OriginGate::new(keys, 1);
    gate.handle(10_000, Input::Timeout);
    assert_eq!(outputs(&mut gate).len(), 40, "four turns of ten conversations");
    assert_eq!(gate.poll_timeout(), None, "all turns are taken");

    let mut gate = OriginGate::new(vec![key("a")], 1);
    let mut now = 0;
    for _ in 0..5 {
        let turn = post(&mut gate, now, &key("a"));
        gate.handle(now, Input::Answered { turn, answer: BAD });
        now = gate.poll_timeout().unwrap();
    }
    post(&mut gate, now, &key("a"));
    assert_eq!(gate.poll_timeout(), None, "a probe is under way");
}

#[test]
fn the_drain_keeps_the_rate_cap() {
    let keys: Vec<Key> = (0..400).map(|i| key(&format!("c{i}"))).collect();
    let mut gate = OriginGate::new(keys, 1);
    let (mut now, mut posted_at) = (0, Vec::new());
    while now < 3_000 {
        gate.handle(now, Input::Timeout);
        let mut queue = outputs(&mut gate);
        while let Some(output) = queue.pop() {
            match output {
                Output::Pull { turn, key, max } => {
                    let events = Some((0..max).map(|n| event(&format!("{n}"), &key)).collect());
                    gate.handle(now, Input::Pulled { turn, key, events });
                }
                Output::Post { turn, events } => {
                    posted_at.extend(std::iter::repeat_n(now, events.len()));
                    let ids: Vec<_> = events.iter().map(|event| event.id.as_str()).collect();
                    gate.handle(now, Input::Answered { turn, answer: good(&ids) });
                }
                Output::Settle { turn, key, .. } => {
                    gate.handle(now, Input::Settled { turn, key, backlog: Some(9) });
                }
                _ => {}
            }
            queue.extend(outputs(&mut gate));
        }
        now += 10;
    }
    // 200 events/s for 3 s and a burst of 200, nothing more.
    assert!(posted_at.len() <= 3 * 200 + 200, "{}", posted_at.len());
    assert!(posted_at.len() >= 3 * 200, "{}", posted_at.len());
}

#[test]
fn receipt_5_an_origin_that_takes_nothing_is_not_asked_again_at_once() {
    let a = key("a");
    let mut gate = OriginGate::new(vec![a.clone()], 1);
    let later = Receipt {
        id: "m1".into(),
        source: String::new(),
        result: Outcome::Later,
        reason: "busy".into(),
        retry_after_ms: Some(7_000),
    };
    for (receipts, pause) in [(vec![later], 7_000), (Vec::new(), 250)] {
        let now = gate.poll_timeout().unwrap_or(0);
        let turn = post(&mut gate, now, &a);
        gate.handle(now, Input::Answered { turn, answer: Answer::Good(receipts) });
        assert_eq!(outputs(&mut gate), []);
        assert!(gate.poll_timeout().is_some_and(|at| at >= now + pause));
    }
}

/// Found by the simulation: wrong ids in a 200 made the gate post the same batch as fast as the origin answered.
#[test]
fn receipt_5_an_origin_that_speaks_of_other_events_is_not_asked_again_at_once() {
    let a = key("a");
    let mut gate = OriginGate::new(vec![a.clone()], 1);
    let other_source = || {
        let Answer::Good(mut receipts) = good(&["m1"]) else { unreachable!() };
        receipts[0].source = "/sites/demo/conversations/b".into();
        Answer::Good(receipts)
    };
    for answer in [good(&["nobody"]), other_source()] {
        let now = gate.poll_timeout().unwrap_or(0);
        let turn = post(&mut gate, now, &a);
        gate.handle(now, Input::Answered { turn, answer });
        assert_eq!(outputs(&mut gate), []);
        assert!(gate.poll_timeout().is_some_and(|at| at >= now + 250));
    }
}

/// Found by the simulation: after a bad answer the gate waited for as long as its clock had gone back.
#[test]
fn a_clock_that_goes_back_does_not_stop_the_gate() {
    let (a, mut now) = (key("a"), 10_000_000);
    let mut gate = OriginGate::new(vec![a.clone()], 1);
    let turn = post(&mut gate, now, &a);
    gate.handle(now, Input::Answered { turn, answer: BAD });
    now = 2_000_000;
    gate.handle(now, Input::Timeout);
    assert!(gate.poll_timeout().is_some_and(|at| at <= now + 250), "{:?}", gate.poll_timeout());
    post(&mut gate, now + 250, &a);
}

/// A receipt asked for a pause until the end of time: the sum left the number's range. Without that nothing would ever
/// have gone to that origin again.
#[test]
fn receipt_5_a_pause_has_an_end_whatever_the_origin_asks_for() {
    let a = key("a");
    for retry_after_ms in [u64::MAX, u64::MAX - 1, 1_000_000_000] {
        let mut gate = OriginGate::new(vec![a.clone()], 1);
        let mut now = 0;
        // The first five on the way to holding, then two as probes.
        for _ in 0..7 {
            let turn = post(&mut gate, now, &a);
            let receipt = Receipt {
                id: "m1".into(),
                source: String::new(),
                result: Outcome::Later,
                reason: "busy".into(),
                retry_after_ms: Some(retry_after_ms),
            };
            gate.handle(now, Input::Answered { turn, answer: Answer::Good(vec![receipt]) });
            outputs(&mut gate);
            let next = gate.poll_timeout().expect("it tries again");
            assert!(next > now && next <= now + 600_000, "{next} after {now}");
            now = next;
        }
    }
}
