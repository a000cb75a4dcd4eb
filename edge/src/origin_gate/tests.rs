//! The gate on a virtual clock, with conversations and an origin played by the test.

use shared::event::{Body, Event, Outcome, Receipt, Resource, Status};
use shared::id::{ConversationId, SiteId};
use shared::mode::Mode;

use super::{Answer, Call, Class, Input, Key, OriginGate, Output, Told, Turn};

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

/// The gate, its clock, and the modes that it has told.
struct Desk {
    gate: OriginGate,
    now: u64,
    modes: Vec<Mode>,
}

impl Desk {
    fn new(index: Vec<Key>) -> Desk {
        Desk { gate: OriginGate::new(0, index, 1), now: 0, modes: Vec::new() }
    }

    fn tell(&mut self, input: Input) -> Vec<Output> {
        self.gate.handle(self.now, input);
        let (modes, rest) =
            outputs(&mut self.gate).into_iter().partition(|o| matches!(o, Output::Mode { .. }));
        let modes: Vec<Output> = modes;
        self.modes.extend(modes.iter().filter_map(|o| match o {
            Output::Mode { mode, .. } => Some(*mode),
            _ => None,
        }));
        rest
    }

    /// Lets time pass until something is wanted of somebody, for ten minutes at most.
    fn until_output(&mut self) -> Vec<Output> {
        let end = self.now + 700_000;
        loop {
            let out = self.tell(Input::Timeout);
            if !out.is_empty() {
                return out;
            }
            self.now = self.gate.poll_timeout().expect("it waits for a time");
            assert!(self.now <= end, "nothing for ten minutes");
        }
    }

    /// Time passes, and nothing is wanted of anybody.
    fn quiet_for(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(at) = self.gate.poll_timeout().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            assert_eq!(self.tell(Input::Timeout), [], "at {}", self.now);
        }
        self.now = end;
    }

    /// Waits for a pull of `who`, which gives one event; returns the turn of the post.
    fn post(&mut self, who: &Key) -> Turn {
        let pulls = self.until_output();
        self.given(&pulls, who)
    }

    fn given(&mut self, pulls: &[Output], who: &Key) -> Turn {
        let Some(Output::Pull { turn, key, .. }) = pulls.iter().find(|o| matches!(o, Output::Pull { .. }))
        else {
            panic!("no pull in {pulls:?}")
        };
        assert_eq!(key, who);
        let events = Some(vec![event("m1", who)]);
        let posted = self.tell(Input::Pulled { turn: *turn, key: who.clone(), events });
        assert!(matches!(posted[..], [Output::Post { .. }]), "{posted:?}");
        *turn
    }

    fn answered(&mut self, turn: Turn, answer: Answer) -> Vec<Output> {
        self.tell(Input::Answered { turn, answer })
    }
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

/// Five bad answers in a row.
fn held(desk: &mut Desk, a: &Key) {
    for _ in 0..5 {
        let turn = desk.post(a);
        let out = desk.answered(turn, BAD);
        assert!(!out.iter().any(|o| matches!(o, Output::Pull { .. })), "a pause comes first");
    }
}

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
    for (receipts, pause) in [(vec![later], 7_000), (Vec::new(), 250)] {
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
        desk.quiet_for(249);
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
fn class_1_a_log_in_is_let_through_in_ordinary_times_and_shed_while_accounts_fail() {
    let mut desk = Desk::new(Vec::new());
    let out = desk.tell(Input::Asked { call: Call(1), class: Class::P3, timed: true });
    assert_eq!(out, [Output::Call(Told::Begin { call: Call(1), deadline_ms: 2_000 })]);
    desk.tell(Input::Ended { call: Call(1), good: true, retry_after_ms: 0 });
    let (mut call, mut begun, mut shed) = (1, 0, 0);
    for _ in 0..60 {
        for _ in 0..5 {
            call += 1;
            let out = desk.tell(Input::Asked { call: Call(call), class: Class::P3, timed: true });
            for output in out {
                match output {
                    Output::Call(Told::Begin { call, .. }) => {
                        begun += 1;
                        desk.tell(Input::Ended { call, good: false, retry_after_ms: 0 });
                    }
                    _ => shed += 1,
                }
            }
        }
        let end = desk.now + 1_000;
        while let Some(at) = desk.gate.poll_timeout().filter(|at| *at < end) {
            desk.now = at.max(desk.now + 1);
            for output in desk.tell(Input::Timeout) {
                match output {
                    Output::Call(Told::Begin { call, .. }) => {
                        begun += 1;
                        desk.tell(Input::Ended { call, good: false, retry_after_ms: 0 });
                    }
                    Output::Call(Told::Shed { retry_after_ms, .. }) => {
                        assert!((1_000..=60_000).contains(&retry_after_ms));
                        shed += 1;
                    }
                    _ => {}
                }
            }
        }
        desk.now = end;
    }
    assert!(begun <= 60, "{begun} calls in a minute to accounts that fail");
    assert!(begun >= 10, "somebody must find out that they are back: {begun}");
    assert!(shed >= 100, "{shed}");
    assert_eq!(desk.gate.mode().0, Mode::ChattingOnly, "people talk on");
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
