//! What conversations and the origin tell the gate: backlogs, batches, receipts right and wrong, garbage, silence.
//! Whatever happened, an origin that works again gets everything.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Result, Unstructured};
use edge::origin_gate::{
    self as gate, Answer, Input, Key, Learned, LearnedLane, OriginGate, Output, Told, Turn,
};
use shared::Millis;
use shared::event::{Body, Event, MAX_BATCH, Outcome, Receipt, Resource, Status};
use shared::id::SiteId;
use shared::mode::Mode;

use crate::pick;

const CONVERSATIONS: [&str; 5] = ["a", "b", "c", "d", "e"];
/// Nothing that an origin says may stop the gate for longer.
const LONGEST_PAUSE_MS: Millis = 600_000;

pub fn run(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(mut desk) = Desk::new(&mut u) else { return };
    pick::steps(&mut u, |u| desk.step(u));
    desk.drain();
}

/// A call that has not been answered.
enum Call {
    Pull { turn: Turn, key: Key, max: usize },
    Post { turn: Turn, events: Vec<Event> },
    Settle { turn: Turn, key: Key, receipts: Vec<Receipt> },
}

struct Desk {
    gate: OriginGate,
    now: Millis,
    calls: Vec<Call>,
    /// What each conversation still has for the origin.
    backlog: BTreeMap<Key, u64>,
    index: BTreeSet<Key>,
    mode: Mode,
    began: Millis,
    pulled: u64,
    /// Calls about accounts that were asked for and have not ended, and those of them that were begun.
    asked: BTreeSet<gate::Call>,
    begun: BTreeSet<gate::Call>,
    last_asked: u64,
}

/// Whatever a row may hold.
fn lane(u: &mut Unstructured) -> Result<LearnedLane> {
    Ok(LearnedLane {
        per_s: u.arbitrary()?,
        normal_per_s: u.arbitrary()?,
        proven_per_s: u.arbitrary()?,
        ceiling_per_s: u.arbitrary()?,
        normal_limit: u.arbitrary()?,
        baseline_ms: u.arbitrary()?,
        p99_ms: u.arbitrary()?,
    })
}

impl Desk {
    fn new(u: &mut Unstructured) -> Result<Desk> {
        let now = 1_767_225_600_000;
        let mut index = BTreeSet::new();
        for _ in 0..pick::up_to(u, 3)? {
            index.insert(key(u)?);
        }
        let mut gate = OriginGate::new(now, index.iter().cloned().collect(), u.arbitrary()?);
        let holding = u.ratio(1, 4)?;
        if holding {
            let learned = Learned { messages: lane(u)?, accounts: lane(u)? };
            gate.resume(now, *u.choose(&Mode::ALL)?, &learned);
        }
        let mode = gate.mode().0;
        let backlog = index.iter().map(|key| (key.clone(), 1)).collect();
        Ok(Desk {
            gate,
            now,
            calls: Vec::new(),
            backlog,
            index,
            mode,
            began: now,
            pulled: 0,
            asked: BTreeSet::new(),
            begun: BTreeSet::new(),
            last_asked: 0,
        })
    }

    fn step(&mut self, u: &mut Unstructured) -> Result<()> {
        match u.int_in_range(0..=15u8)? {
            0..=3 => {
                let key = key(u)?;
                let many = if u.ratio(1, 16)? { 120 } else { 3 };
                *self.backlog.entry(key.clone()).or_default() += 1 + pick::up_to(u, many)?;
                self.tell(Input::Announced(key));
            }
            4..=11 if !self.calls.is_empty() => {
                let index = u.choose_index(self.calls.len())?;
                let call = self.calls.swap_remove(index);
                self.answer(u, call)?;
            }
            13 => {
                self.last_asked += 1;
                let call = gate::Call(self.last_asked);
                self.asked.insert(call);
                let class = *u.choose(&[gate::Class::P3, gate::Class::P4])?;
                let site = u.choose(&[None, Some("large"), Some("other")])?.and_then(SiteId::parse);
                self.tell(Input::Asked { call, site, class, timed: u.arbitrary()? });
            }
            14 if !self.begun.is_empty() => {
                let (good, retry_after_ms) = (u.arbitrary()?, pick::number(u)?);
                self.end_call(good, retry_after_ms);
            }
            15 if u.ratio(1, 4)? => {
                let status = *u.choose(&[Status::Pass, Status::Warn, Status::Fail])?;
                let resource = *u.choose(&[Resource::Accounts, Resource::Messages])?;
                self.tell(Input::Claimed { resource, status });
                if u.ratio(1, 4)? {
                    self.tell(Input::Spent { resource, pause_ms: pick::number(u)? });
                }
            }
            12 => {
                // An answer that nobody waits for.
                let turn = Turn(u64::MAX);
                self.tell(Input::Settled { turn, key: key(u)?, backlog: Some(0) });
                self.tell(Input::Pulled { turn, key: key(u)?, events: Some(Vec::new()) });
                self.tell(Input::Answered { turn, answer: answer(u, &[])? });
            }
            _ => {
                self.now += pick::up_to(u, 3_000)?;
                self.tell(Input::Timeout);
            }
        }
        Ok(())
    }

    fn answer(&mut self, u: &mut Unstructured, call: Call) -> Result<()> {
        match call {
            Call::Pull { turn, key, max } => {
                let reached = u.ratio(7, 8)?;
                self.pull(turn, key, max, reached);
            }
            Call::Post { turn, events } => {
                let answer = answer(u, &events)?;
                self.tell(Input::Answered { turn, answer });
            }
            Call::Settle { turn, key, receipts } => {
                let reached = u.ratio(7, 8)?;
                self.settle(turn, key, &receipts, reached);
            }
        }
        Ok(())
    }

    fn end_call(&mut self, good: bool, retry_after_ms: Millis) {
        if let Some(call) = self.begun.pop_first() {
            self.asked.remove(&call);
            self.tell(Input::Ended { call, good, retry_after_ms });
        }
    }

    fn pull(&mut self, turn: Turn, key: Key, max: usize, reached: bool) {
        let waits = self.backlog.get(&key).copied().unwrap_or(0).min(max as u64);
        let events = reached.then(|| (0..waits).map(|n| event(&key, n)).collect());
        self.tell(Input::Pulled { turn, key, events });
    }

    fn settle(&mut self, turn: Turn, key: Key, receipts: &[Receipt], reached: bool) {
        let taken = receipts.iter().take_while(|receipt| receipt.result != Outcome::Later).count() as u64;
        let backlog = self.backlog.entry(key.clone()).or_default();
        if reached {
            *backlog = backlog.saturating_sub(taken);
        }
        let backlog = reached.then_some(*backlog);
        self.tell(Input::Settled { turn, key, backlog });
    }

    fn tell(&mut self, input: Input) {
        let timeout = matches!(input, Input::Timeout);
        self.gate.handle(self.now, input);
        let mut count = 0;
        while let Some(output) = self.gate.poll_output() {
            count += 1;
            // Four turns of ten conversations, and the end of one more.
            assert!(count <= 64, "{count} outputs for one input");
            self.output(output);
        }
        self.require_order();
        assert_eq!(self.gate.mode().0, self.mode, "a mode that nobody was told of");
        assert_eq!(self.gate.backlogged(), self.index.len(), "the stored index is another");
        let next = self.gate.poll_timeout();
        assert!(!timeout || next.is_none_or(|at| at > self.now), "the timer is set for the past");
        assert!(next.is_none_or(|at| at <= self.now + LONGEST_PAUSE_MS), "it never tries again: {next:?}");
        // Never more than 5,000 a second, and a twentieth of that at once, as a gate may begin that has met its origin before.
        let passed = self.now - self.began;
        assert!(self.pulled <= 250 + 5 * passed, "{} in {passed} ms", self.pulled);
        assert!(self.asked.len() <= 102, "{} calls wait", self.asked.len());
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Remember(key) => assert!(self.index.insert(key)),
            Output::Forget(key) => assert!(self.index.remove(&key)),
            Output::Pull { turn, key, max } => {
                assert!((1..=MAX_BATCH).contains(&max));
                self.calls.push(Call::Pull { turn, key, max });
            }
            Output::Post { turn, events, deadline_ms } => {
                assert!((1_000..=5_000).contains(&deadline_ms));
                assert!((1..=MAX_BATCH).contains(&events.len()), "EVENT-1");
                self.pulled += events.len() as u64;
                self.calls.push(Call::Post { turn, events });
            }
            Output::Call(Told::Begin { call, deadline_ms }) => {
                assert!((1_000..=5_000).contains(&deadline_ms));
                assert!(self.asked.contains(&call), "nobody asked for {call:?}");
                assert!(self.begun.insert(call));
                assert!(self.begun.len() <= 2, "a Durable Object has six connections");
            }
            Output::Call(Told::Shed { call, retry_after_ms, .. }) => {
                assert!((1_000..=60_000).contains(&retry_after_ms));
                assert!(self.asked.remove(&call) && !self.begun.contains(&call));
            }
            Output::Probe { turn, .. } => self.calls.push(Call::Post { turn, events: Vec::new() }),
            Output::Settle { turn, key, receipts } => self.calls.push(Call::Settle { turn, key, receipts }),
            Output::Learned(_) | Output::AskHealth => {}
            Output::Mode { mode, .. } => {
                assert!(mode != self.mode || mode == Mode::Holding, "told twice");
                self.mode = mode;
            }
        }
    }

    /// ORDER-2: of each conversation one batch is on its way.
    fn require_order(&self) {
        let mut under_way = BTreeSet::new();
        for call in &self.calls {
            match call {
                Call::Pull { key, .. } | Call::Settle { key, .. } => {
                    assert!(under_way.insert(key.conversation.as_str()), "two batches of {key:?}");
                }
                Call::Post { events, .. } => {
                    // Each conversation's events stand together.
                    for run in events.chunk_by(|one, next| one.source == next.source) {
                        let name = run[0].source.rsplit('/').next().unwrap_or_default();
                        assert!(under_way.insert(name), "two batches of {name}");
                    }
                }
            }
        }
        let turns: BTreeSet<Turn> = self.calls.iter().map(Call::turn).collect();
        assert!(turns.len() <= 4, "{} turns", turns.len());
    }

    /// From now on everybody answers, and well: nobody may be forgotten with a backlog.
    fn drain(&mut self) {
        for _ in 0..20_000 {
            self.end_call(true, 0);
            match self.calls.pop() {
                Some(Call::Pull { turn, key, max }) => self.pull(turn, key, max, true),
                Some(Call::Post { turn, events }) => {
                    let receipts = events.iter().map(|event| receipt(event, Outcome::Accepted)).collect();
                    self.tell(Input::Answered { turn, answer: Answer::Good(receipts) });
                }
                Some(Call::Settle { turn, key, receipts }) => self.settle(turn, key, &receipts, true),
                None if self.index.is_empty() && self.asked.is_empty() && self.mode == Mode::Normal => break,
                None => {
                    let next = self.gate.poll_timeout().expect("somebody waits, and nothing will happen");
                    self.now = next.max(self.now + 100);
                    self.tell(Input::Timeout);
                }
            }
        }
        let left: Vec<_> = self.backlog.iter().filter(|(_, backlog)| **backlog > 0).collect();
        assert!(self.asked.is_empty(), "calls that nobody answered: {:?}", self.asked);
        assert!(left.is_empty() && self.index.is_empty(), "left: {left:?}, index {:?}", self.index);
    }
}

impl Call {
    fn turn(&self) -> Turn {
        match self {
            Call::Pull { turn, .. } | Call::Post { turn, .. } | Call::Settle { turn, .. } => *turn,
        }
    }
}

/// As an origin answers: right, in part, for other events, or not at all.
fn answer(u: &mut Unstructured, events: &[Event]) -> Result<Answer> {
    let outcomes = [Outcome::Accepted, Outcome::Duplicate, Outcome::Refused, Outcome::Later];
    let mut receipts = Vec::new();
    match u.int_in_range(0..=7u8)? {
        0..=2 => receipts.extend(events.iter().map(|event| receipt(event, Outcome::Accepted))),
        3 | 4 => {
            for event in events {
                receipts.push(receipt(event, *u.choose(&outcomes)?));
            }
            for receipt in &mut receipts {
                receipt.retry_after_ms = u.ratio(1, 8)?.then(|| pick::number(u)).transpose()?;
            }
        }
        5 => {
            for _ in 0..pick::up_to(u, 3)? {
                let stranger = Event::probe("stranger".into());
                receipts.push(receipt(&stranger, *u.choose(&outcomes)?));
            }
        }
        // A status with `Retry-After`, which the adapter limits to ten minutes.
        _ => {
            let retry_after_ms = pick::number(u)?.min(600) * 1_000;
            return Ok(Answer::Bad { reason: "origin-unavailable", retry_after_ms });
        }
    }
    Ok(Answer::Good(receipts))
}

fn receipt(event: &Event, result: Outcome) -> Receipt {
    let (id, source) = (event.id.clone(), event.source.clone());
    Receipt { id, source, result, reason: String::new(), retry_after_ms: None }
}

fn event(key: &Key, n: u64) -> Event {
    let source = format!("/sites/{}/conversations/{}", key.site, key.conversation);
    Event { specversion: "1.0".into(), id: n.to_string(), source, body: Body::Probe {} }
}

fn key(u: &mut Unstructured) -> Result<Key> {
    Ok(Key { site: pick::site(), conversation: pick::conversation(u, &CONVERSATIONS)? })
}
