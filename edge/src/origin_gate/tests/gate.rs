//! The gate as a whole: bad answers, holding, probes, and the way back.

use super::*;

#[test]
fn mode_4_five_bad_answers_in_a_row_mean_holding_and_one_good_starts_the_drain() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    held(&mut desk, &a);
    assert_eq!(desk.modes, [Mode::Holding]);
    // While holding, one batch about every second.
    for _ in 0..10 {
        let before = desk.now;
        let turn = desk.post(&a);
        desk.answered(turn, BAD);
        let wait = desk.now - before;
        assert!((800..=1_200).contains(&wait) || before == desk.now, "{wait}");
    }
    let turn = desk.post(&a);
    desk.answered(turn, good(&["m1"]));
    assert_eq!(desk.gate.mode().0, Mode::Holding, "the word stays for a while");
    let before = desk.now;
    let out = desk.tell(Input::Settled { turn, key: a.clone(), backlog: Some(9) });
    let pulls = if out.is_empty() { desk.until_output() } else { out };
    desk.given(&pulls, &a);
    assert!(desk.now < before + 1_000, "and messages flow at once");
}

#[test]
fn mode_5_the_way_back_to_normal_is_three_steps_of_good_evidence() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    held(&mut desk, &a);
    let turn = desk.post(&a);
    desk.answered(turn, good(&["m1"]));
    desk.tell(Input::Settled { turn, key: a.clone(), backlog: Some(0) });
    let back = desk.now;
    while desk.gate.mode().0 != Mode::Normal {
        desk.now = desk.gate.poll_timeout().expect("it climbs by itself");
        assert_eq!(desk.tell(Input::Timeout), []);
    }
    assert_eq!(desk.modes, [Mode::Holding, Mode::ChattingOnly, Mode::Degraded, Mode::Normal]);
    assert!((90_000..=95_000).contains(&(desk.now - back)), "{}", desk.now - back);
}

#[test]
fn holding_without_a_backlog_probes_by_itself() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    held(&mut desk, &a);
    let pulls = desk.until_output();
    let [Output::Pull { turn, .. }] = pulls[..] else { panic!("{pulls:?}") };
    let out = desk.tell(Input::Pulled { turn, key: a.clone(), events: Some(Vec::new()) });
    assert_eq!(out, [Output::Forget(a)]);
    let out = desk.until_output();
    let [Output::Probe { turn, .. }] = out[..] else { panic!("{out:?}") };
    desk.answered(turn, good(&[]));
    desk.quiet_for(100_000);
    assert_eq!(desk.gate.mode().0, Mode::Normal);
}

/// Seed 2 of the simulation: the object's timer went off again and again, at once, for as long as a slow origin
/// kept the calls open.
#[test]
fn a_gate_that_waits_for_an_answer_does_not_ask_for_the_past() {
    let keys: Vec<Key> = (0..60).map(|i| key(&format!("c{i}"))).collect();
    let mut desk = Desk::new(keys);
    desk.now = 10_000;
    let mut turns = std::collections::BTreeSet::new();
    for _ in 0..100 {
        for output in desk.tell(Input::Timeout) {
            if let Output::Pull { turn, key, .. } = output {
                turns.insert(turn);
                let events = Some(vec![event("m1", &key)]);
                desk.tell(Input::Pulled { turn, key, events });
            }
        }
        if turns.len() == 4 {
            break;
        }
        desk.now = desk.gate.poll_timeout().unwrap();
    }
    assert_eq!(turns.len(), 4, "all turns are taken");
    for _ in 0..10 {
        let at = desk.gate.poll_timeout().expect("evidence is weighed");
        assert!(at > desk.now, "{at} is the past");
        desk.now = at;
        desk.tell(Input::Timeout);
    }
}

#[test]
fn receipt_5_an_origin_that_takes_nothing_is_not_asked_again_at_once() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    let later = Receipt {
        id: "m1".into(),
        source: String::new(),
        result: Outcome::Later,
        reason: "busy".into(),
        retry_after_ms: Some(7_000),
    };
    for (receipts, pause) in [(vec![later], 7_000), (Vec::new(), 150)] {
        let turn = desk.post(&a);
        assert_eq!(desk.answered(turn, Answer::Good(receipts)), []);
        desk.quiet_for(pause - 1);
    }
}

/// Found by the simulation: wrong ids in a 200 made the gate post the same batch as fast as the origin answered.
#[test]
fn receipt_5_an_origin_that_speaks_of_other_events_is_not_asked_again_at_once() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    let other_source = || {
        let Answer::Good(mut receipts) = good(&["m1"]) else { unreachable!() };
        receipts[0].source = "/sites/demo/conversations/b".into();
        Answer::Good(receipts)
    };
    for answer in [good(&["nobody"]), other_source()] {
        let turn = desk.post(&a);
        assert_eq!(desk.answered(turn, answer), []);
        desk.quiet_for(149);
    }
}

/// Found by the simulation: after a bad answer the gate waited for as long as its clock had gone back.
#[test]
fn a_clock_that_goes_back_does_not_stop_the_gate() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    desk.now = 10_000_000;
    let turn = desk.post(&a);
    desk.answered(turn, BAD);
    desk.now = 2_000_000;
    desk.post(&a);
    assert!(desk.now <= 2_001_000, "{}", desk.now);
}

/// A receipt asked for a pause until the end of time: the sum left the number's range. Without that nothing would ever
/// have gone to that origin again.
#[test]
fn receipt_5_a_pause_has_an_end_whatever_the_origin_asks_for() {
    let a = key("a");
    for retry_after_ms in [u64::MAX, u64::MAX - 1, 1_000_000_000] {
        let mut desk = Desk::new(vec![a.clone()]);
        // The first five on the way to holding, then two as probes.
        for _ in 0..7 {
            let before = desk.now;
            let turn = desk.post(&a);
            assert!(desk.now <= before + 601_200);
            let receipt = Receipt {
                id: "m1".into(),
                source: String::new(),
                result: Outcome::Later,
                reason: "busy".into(),
                retry_after_ms: Some(retry_after_ms),
            };
            desk.answered(turn, Answer::Good(vec![receipt]));
        }
    }
}

#[test]
fn what_an_origin_claims_may_worsen_the_mode_and_not_improve_it() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    let pulls = desk.tell(Input::Claimed { resource: Resource::Accounts, status: Status::Fail });
    let turn = desk.given(&pulls, &a);
    desk.now += 1_000;
    desk.answered(turn, BAD);
    assert_eq!(desk.gate.mode().0, Mode::ChattingOnly, "without accounts people talk on");
    for _ in 0..4 {
        let turn = desk.post(&a);
        desk.tell(Input::Claimed { resource: Resource::Messages, status: Status::Pass });
        desk.answered(turn, BAD);
    }
    assert_eq!(desk.gate.mode().0, Mode::Holding, "believed by its deeds");
}

#[test]
fn the_drain_keeps_its_pace_and_grows_slowly() {
    let keys: Vec<Key> = (0..400).map(|i| key(&format!("c{i}"))).collect();
    let mut gate = OriginGate::new(0, keys, 1);
    let (mut now, mut posted) = (0, 0);
    while now < 3_000 {
        gate.handle(now, Input::Timeout);
        let mut queue = outputs(&mut gate);
        while let Some(output) = queue.pop() {
            match output {
                Output::Pull { turn, key, max } => {
                    let events = Some((0..max).map(|n| event(&format!("{n}"), &key)).collect());
                    gate.handle(now, Input::Pulled { turn, key, events });
                }
                Output::Post { turn, events, .. } => {
                    posted += events.len();
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
    // 50 events/s, 10 % more each second in its first minute.
    assert!((140..=180).contains(&posted), "{posted}");
}

#[test]
fn after_each_bad_answer_the_gate_rests_for_150_ms_more() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    let mut turn = desk.post(&a);
    for pause in [150, 300, 450, 600] {
        let bad_at = desk.now;
        assert_eq!(desk.answered(turn, BAD), []);
        turn = desk.post(&a);
        assert!((pause..pause + 30).contains(&(desk.now - bad_at)), "{} for {pause}", desk.now - bad_at);
    }
}

#[test]
fn an_origin_that_asks_for_ten_minutes_gets_them_also_while_it_is_held() {
    let a = key("a");
    let mut desk = Desk::new(vec![a.clone()]);
    let pause = Answer::Bad { reason: "origin-errors", retry_after_ms: 600_000 };
    for failure in 1..=7 {
        let turn = desk.post(&a);
        assert_eq!(desk.answered(turn, pause.clone()), [], "{failure}");
        desk.quiet_for(599_999);
    }
    assert_eq!(desk.gate.mode().0, Mode::Holding);
}
