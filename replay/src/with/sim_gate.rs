//! The gate: the real machine, with the calls that its driver makes for it.

use std::collections::BTreeSet;

use edge::origin_gate::{Answer, Input, Key, Learned, OriginGate, Output, Turn};
use shared::Millis;
use shared::event::{Body, Event, Outcome, Receipt};
use shared::message::{Author, Side};
use shared::mode::Mode;

use crate::origin::{Ask, Reply};
use crate::people::ChatNo;

use super::sim_conversation::chat_of;
use super::{ConversationJob, Happening, Job, Object, PersonNo, With};

pub(super) struct SimGate {
    pub(super) object: Object,
    machine: OriginGate,
    /// What is stored.
    index: BTreeSet<Key>,
    mode: Mode,
    learned: Learned,
    timer: u64,
    timer_at: Option<Millis>,
}

impl SimGate {
    pub(super) fn new(seed: u64) -> SimGate {
        SimGate {
            object: Object::default(),
            machine: OriginGate::new(0, Vec::new(), seed),
            index: BTreeSet::new(),
            mode: Mode::Normal,
            learned: Learned::default(),
            timer: 0,
            timer_at: None,
        }
    }

    /// A new process: what was stored, and nothing else.
    pub(super) fn starts_again(&mut self, now: Millis, seed: u64) {
        self.object = Object::default();
        self.machine = OriginGate::new(now, self.index.iter().cloned().collect(), seed);
        self.machine.resume(now, self.mode, &self.learned);
        self.timer += 1;
        self.timer_at = None;
    }

    pub(super) fn again_ms(&self) -> Millis {
        self.machine.again_ms()
    }

    pub(super) fn pace(&self, now: Millis) -> (f64, u64) {
        let progress = self.machine.progress(now);
        (progress.rates.per_s, progress.rates.limit_events)
    }

    pub(super) fn work(&mut self, now: Millis, input: Input) -> Vec<Output> {
        self.machine.handle(now, input);
        std::iter::from_fn(|| self.machine.poll_output()).collect()
    }
}

impl With {
    pub(super) fn gate_input(&mut self, input: Input) {
        self.arrives(Job::Gate(input));
    }

    pub(super) fn gate_done(&mut self, outputs: Vec<Output>) {
        let (now, call_ms) = (self.clock.now, self.cell.scenario.edge.call_ms);
        for output in outputs {
            match output {
                Output::Remember(key) => {
                    self.gate.index.insert(key);
                }
                Output::Forget(key) => {
                    self.gate.index.remove(&key);
                }
                Output::Learned(learned) => self.gate.learned = *learned,
                // The origin of the model says nothing about itself.
                Output::AskHealth => {}
                Output::Pull { turn, key, max } => {
                    let pull = ConversationJob::Pull { turn, max };
                    self.calls_conversation(turn, key, pull);
                }
                Output::Settle { turn, key, receipts } => {
                    let settle = ConversationJob::Settle { turn, receipts };
                    self.calls_conversation(turn, key, settle);
                }
                Output::Post { turn, events, deadline_ms } => self.post(turn, events, deadline_ms),
                Output::Probe { turn, deadline_ms } => {
                    self.post(turn, vec![Event::probe("probe".into())], deadline_ms);
                }
                Output::Call(told) => self.told(told),
                Output::Mode { mode, reason } => {
                    self.meter.mode(now, mode);
                    self.gate.mode = mode;
                    for site in 0..self.sites.len() {
                        let input = edge::site::Input::Mode { mode, reason: reason.to_owned() };
                        let job = super::SiteJob::input(input);
                        self.clock.after(call_ms, Happening::Arrives(Job::Site(site as u16, job)));
                    }
                }
            }
        }
        if let Some(at) = self.gate.machine.poll_timeout()
            && self.gate.timer_at.is_none_or(|set| at < set || set <= now)
        {
            self.gate.timer += 1;
            self.gate.timer_at = Some(at);
            self.clock.at(at.max(now + 1), Happening::GateTimer(self.gate.timer));
        }
    }

    fn calls_conversation(&mut self, turn: Turn, key: Key, job: ConversationJob) {
        let call_ms = self.cell.scenario.edge.call_ms;
        let chat = chat_of(&key.conversation);
        if let Some(it) = self.conversations.get_mut(&chat) {
            it.gate_calls += 1;
            self.clock.after(call_ms, Happening::Arrives(Job::Conversation(chat, job)));
            return;
        }
        // It has everything receipted and is gone.
        let input = match job {
            ConversationJob::Pull { .. } => Input::Pulled { turn, key, events: Some(Vec::new()) },
            _ => Input::Settled { turn, key, backlog: Some(0) },
        };
        self.clock.after(call_ms, Happening::Arrives(Job::Gate(input)));
    }

    pub(super) fn gate_timer(&mut self, timer: u64) {
        if self.gate.timer == timer {
            self.gate.timer_at = None;
            self.gate_input(Input::Timeout);
        }
    }

    fn post(&mut self, turn: Turn, events: Vec<Event>, deadline_ms: Millis) {
        let now = self.clock.now;
        let messages: Vec<(ChatNo, u32, Side)> =
            events.iter().filter_map(|event| self.message_of(event)).collect();
        let ask = if messages.is_empty() { Ask::Probe } else { Ask::Messages(messages.len() as u32) };
        let (cost, reply) = self.origin.ask(now, ask);
        self.meter.arrives(now, cost);
        let bad = |reason| Answer::Bad { reason, retry_after_ms: 0 };
        let (at, answer) = match reply {
            Reply::Done(at) => {
                let receipts = events.iter().map(|event| self.take(event)).collect();
                (at, Answer::Good(receipts))
            }
            Reply::Garbage(at) => {
                // The lying origin has stored some of it all the same.
                for event in &events {
                    self.take(event);
                }
                (at, bad("origin-malformed"))
            }
            Reply::Overloaded(at) => (at, Answer::Bad { reason: "origin-overloaded", retry_after_ms: 1_000 }),
            Reply::Refused(at) => (at, bad("origin-unreachable")),
        };
        let (at, answer) =
            if at > now + deadline_ms { (now + deadline_ms, bad("origin-silent")) } else { (at, answer) };
        let messages = messages.into_iter().map(|(chat, n, _)| (chat, n)).collect();
        self.clock.at(at, Happening::Answered(turn, answer, messages));
    }

    /// The origin's ledger takes each message once, by its id.
    fn take(&mut self, event: &Event) -> Receipt {
        let result = match self.message_of(event) {
            Some((chat, n, _)) if self.meter.has_accepted(chat, n) => Outcome::Duplicate,
            Some((chat, n, side)) => {
                self.meter.accepts(chat, n, side);
                Outcome::Accepted
            }
            None => Outcome::Accepted,
        };
        Receipt {
            id: event.id.clone(),
            source: event.source.clone(),
            result,
            reason: String::new(),
            retry_after_ms: None,
        }
    }

    fn message_of(&self, event: &Event) -> Option<(ChatNo, u32, Side)> {
        let Body::Message(stored) = &event.body else { return None };
        let k = event.id.rsplit_once('.')?.1.parse().ok()?;
        let chat = chat_of(&stored.conversation);
        let side = if stored.author == Author::Visitor { Side::Visitor } else { Side::Agent };
        let n = self.people.get(&PersonNo { chat, side })?.wrote(k)?;
        Some((chat, n, side))
    }

    pub(super) fn batch_answered(&mut self, turn: Turn, answer: Answer, messages: Vec<(ChatNo, u32)>) {
        let now = self.clock.now;
        if matches!(answer, Answer::Good(_)) {
            for (chat, n) in messages {
                self.meter.receipt(now, chat, n);
            }
        }
        self.gate_input(Input::Answered { turn, answer });
    }
}
