//! The gate: the real machine, its stored index, and its driver's calls. A crash loses the turns under way.

use std::collections::{BTreeMap, BTreeSet};

use edge::conversation;
use edge::origin_gate::{Answer, Input, Key, Learned, OriginGate, Output, Turn};
use shared::Millis;
use shared::event::{Body, Event};
use shared::mode::{Mode, Notice};

use super::clock::{ConversationNo, Happening};
use super::plan::Trouble;
use super::sim_browser::MAX_SPIN;
use super::skew::Host;
use super::{Outcome, World};

/// The deadline of a call to the origin.
const DEADLINE_MS: Millis = 4_000;
/// One batch may be posted so often in a second: each of these calls has failed, and the pause after it is short only
/// at first.
const MAX_POSTS_PER_S: u32 = 8;

#[derive(Default)]
pub struct SimGate {
    pub index: BTreeSet<Key>,
    /// The stored mode.
    mode: Mode,
    learned: Learned,
    machine: Option<OriginGate>,
    /// Grows with each crash: what was asked in an earlier life is answered to nobody.
    pub life: u64,
    pub crash_after: Option<u64>,
    /// Posts without an answer yet.
    posts: BTreeSet<Turn>,
    /// Calls so far: pulls, posts and probes.
    pub calls: u64,
    /// How often each event was posted since when, within a second.
    posted: BTreeMap<(String, String), (Millis, u32)>,
    timer: u64,
    spinning: (Millis, u32),
}

impl SimGate {
    pub fn backlogged(&self) -> usize {
        self.machine.as_ref().map_or(0, OriginGate::backlogged)
    }
}

impl World {
    fn gate_machine(&mut self) -> &mut OriginGate {
        let index: Vec<Key> = self.gate.index.iter().cloned().collect();
        let seed = self.plan.seed ^ self.gate.life;
        let (now, mode, learned) = (self.time_at(Host::Gate), self.gate.mode, self.gate.learned);
        self.gate.machine.get_or_insert_with(|| {
            let mut machine = OriginGate::new(now, index, seed);
            machine.resume(now, mode, &learned);
            machine
        })
    }

    /// False where the gate has died on the way.
    fn gate_input(&mut self, input: Input) -> Result<bool, String> {
        let now = self.clock.now;
        if !matches!(input, Input::Timeout) {
            self.trace.tell(now, || format!("gate <- {input:?}"));
        }
        let time = self.time_at(Host::Gate);
        let machine = self.gate_machine();
        machine.handle(time, input);
        let outputs: Vec<Output> = std::iter::from_fn(|| machine.poll_output()).collect();
        let wake_at = machine.poll_timeout();
        for output in outputs {
            match &mut self.gate.crash_after {
                Some(0) => {
                    self.crash_gate();
                    return Ok(false);
                }
                Some(left) => *left -= 1,
                None => {}
            }
            self.trace.tell(now, || format!("gate -> {output:?}"));
            self.gate_performs(output)?;
        }
        self.gate.timer += 1;
        if let Some(at) = wake_at {
            let (gate, timer) = (self.gate.life, self.gate.timer);
            self.clock.after(at.saturating_sub(time), Happening::GateTimer { gate, timer });
        }
        Ok(true)
    }

    fn gate_performs(&mut self, output: Output) -> Outcome {
        let (gate, wait) = (self.gate.life, self.call_latency());
        match output {
            Output::Remember(key) => {
                self.gate.index.insert(key);
            }
            Output::Forget(key) => {
                self.gate.index.remove(&key);
            }
            Output::Pull { turn, key, max } => {
                self.gate.calls += 1;
                let conversation = self.number_of(&key);
                self.clock.after(wait, Happening::PullArrives { gate, turn, conversation, max });
            }
            Output::Post { turn, events, .. } => self.post(turn, events)?,
            Output::Probe { turn, .. } => self.post(turn, vec![Event::probe("probe".to_owned())])?,
            Output::Learned(learned) => self.gate.learned = *learned,
            // The origin of the model says nothing about itself.
            Output::AskHealth => {}
            // Nobody of these stories calls about accounts.
            Output::Call(told) => return Err(format!("the gate speaks of a call: {told:?}")),
            Output::Settle { turn, key, receipts } => {
                let conversation = self.number_of(&key);
                self.clock.after(wait, Happening::SettleArrives { gate, turn, conversation, receipts });
            }
            Output::Mode { mode, reason } => {
                self.gate.mode = mode;
                let version = self.notice.version + 1;
                self.notice =
                    Notice { mode, reason: reason.to_owned(), agents: 1, version, here: String::new() };
                for number in 0..self.conversations.len() {
                    let wait = self.call_latency();
                    self.clock.after(wait, Happening::NoticeArrives(number, self.notice.clone()));
                }
            }
        }
        Ok(())
    }

    fn post(&mut self, turn: Turn, events: Vec<Event>) -> Outcome {
        let (gate, wait) = (self.gate.life, self.call_latency());
        self.gate.calls += 1;
        self.check_pace(&events)?;
        self.gate.posts.insert(turn);
        self.clock.after(wait, Happening::PostArrives { gate, turn, events });
        let answer = Answer::Bad { reason: "origin-silent", retry_after_ms: 0 };
        self.clock.after(DEADLINE_MS, Happening::PostAnswered { gate, turn, answer });
        Ok(())
    }

    /// RECEIPT-5: whatever the origin answers, no batch is posted over and over. A batch is known by the first event
    /// of its conversation: another one means that the cursor has moved.
    fn check_pace(&mut self, events: &[Event]) -> Outcome {
        let now = self.clock.now;
        for batch in events.chunk_by(|a, b| a.source == b.source) {
            let event = &batch[0];
            if !matches!(event.body, Body::Message(_)) {
                continue;
            }
            let name = (event.source.clone(), event.id.clone());
            let posted = self.gate.posted.entry(name).or_insert((now, 0));
            *posted = if now < posted.0 + 1_000 { (posted.0, posted.1 + 1) } else { (now, 1) };
            if posted.1 > MAX_POSTS_PER_S {
                return Err(format!("the gate posts {} again and again", event.id));
            }
        }
        Ok(())
    }

    fn number_of(&self, key: &Key) -> ConversationNo {
        self.conversations.iter().position(|it| it.key == *key).unwrap_or(0)
    }

    pub fn crash_gate(&mut self) {
        self.trace.tell(self.clock.now, || "the gate crashes".to_owned());
        self.gate.machine = None;
        self.gate.life += 1;
        self.gate.crash_after = None;
        self.gate.posts.clear();
        let wait = 10 + self.random.below(3_000);
        self.clock.after(wait, Happening::GateStarts(self.gate.life));
    }

    pub fn gate_starts(&mut self, life: u64) -> Outcome {
        if self.gate.life == life {
            self.gate_input(Input::Timeout)?;
        }
        Ok(())
    }

    pub fn announce_arrives(&mut self, number: ConversationNo, life: u64) -> Outcome {
        let reached = !self.strikes(Trouble::Calls, 8);
        let mut again_ms = None;
        if reached {
            let key = self.conversations[number].key.clone();
            if self.gate_input(Input::Announced(key))? {
                again_ms = Some(self.gate_machine().again_ms());
            }
        }
        let wait = self.call_latency();
        self.clock.after(wait, Happening::AnnounceAnswered { conversation: number, life, again_ms });
        Ok(())
    }

    pub fn pull_answered(
        &mut self,
        gate: u64,
        turn: Turn,
        number: ConversationNo,
        events: Option<Vec<Event>>,
    ) -> Outcome {
        let early = self.bug.receipts_for_pulled(events.as_deref().unwrap_or_default());
        if !early.is_empty() {
            self.conversation_input(number, conversation::Input::Receipts(early))?;
        }
        if gate == self.gate.life {
            let key = self.conversations[number].key.clone();
            self.gate_input(Input::Pulled { turn, key, events })?;
        }
        Ok(())
    }

    pub fn post_answered(&mut self, gate: u64, turn: Turn, answer: Answer) -> Outcome {
        if gate == self.gate.life && self.gate.posts.remove(&turn) {
            self.gate_input(Input::Answered { turn, answer })?;
        }
        Ok(())
    }

    pub fn settled(
        &mut self,
        gate: u64,
        turn: Turn,
        number: ConversationNo,
        backlog: Option<u64>,
    ) -> Outcome {
        if gate == self.gate.life {
            let key = self.conversations[number].key.clone();
            self.gate_input(Input::Settled { turn, key, backlog })?;
        }
        Ok(())
    }

    pub fn gate_timer(&mut self, gate: u64, timer: u64) -> Outcome {
        if gate != self.gate.life || timer != self.gate.timer {
            return Ok(());
        }
        let now = self.clock.now;
        self.gate.spinning =
            if self.gate.spinning.0 == now { (now, self.gate.spinning.1 + 1) } else { (now, 0) };
        if self.gate.spinning.1 > MAX_SPIN {
            return Err("the gate asks for timeouts in the past, again and again".to_owned());
        }
        self.gate_input(Input::Timeout)?;
        Ok(())
    }
}
