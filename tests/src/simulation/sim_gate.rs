//! The gate: the real machine, its stored index, and its driver's calls. A crash loses the turns under way.

use std::collections::BTreeSet;

use edge::origin_gate::{Answer, Input, Key, OriginGate, Output, Turn};
use shared::Millis;
use shared::event::Event;
use shared::mode::Notice;

use super::clock::{ConversationNo, Happening};
use super::sim_browser::MAX_SPIN;
use super::{Outcome, World};

/// The deadline of a call to the origin.
const DEADLINE_MS: Millis = 5_000;

#[derive(Default)]
pub struct SimGate {
    pub index: BTreeSet<Key>,
    machine: Option<OriginGate>,
    /// Grows with each crash: what was asked in an earlier life is answered to nobody.
    pub life: u64,
    pub crash_after: Option<u64>,
    /// Posts without an answer yet.
    posts: BTreeSet<Turn>,
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
        let seed = self.seed ^ self.gate.life;
        self.gate.machine.get_or_insert_with(|| OriginGate::new(index, seed))
    }

    /// False where the gate has died on the way.
    fn gate_input(&mut self, input: Input) -> Result<bool, String> {
        let now = self.clock.now;
        if !matches!(input, Input::Timeout) {
            self.trace.tell(now, || format!("gate <- {input:?}"));
        }
        let machine = self.gate_machine();
        machine.handle(now, input);
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
            self.gate_performs(output);
        }
        self.gate.timer += 1;
        if let Some(at) = wake_at {
            let (gate, timer) = (self.gate.life, self.gate.timer);
            self.clock.at(at, Happening::GateTimer { gate, timer });
        }
        Ok(true)
    }

    fn gate_performs(&mut self, output: Output) {
        let (gate, wait) = (self.gate.life, self.call_latency());
        match output {
            Output::Remember(key) => {
                self.gate.index.insert(key);
            }
            Output::Forget(key) => {
                self.gate.index.remove(&key);
            }
            Output::Pull { turn, key, max } => {
                let conversation = self.number_of(&key);
                self.clock.after(wait, Happening::PullArrives { gate, turn, conversation, max });
            }
            Output::Post { turn, events } => self.post(turn, events),
            Output::Probe { turn } => self.post(turn, vec![Event::probe("probe".to_owned())]),
            Output::Settle { turn, key, receipts } => {
                let conversation = self.number_of(&key);
                self.clock.after(wait, Happening::SettleArrives { gate, turn, conversation, receipts });
            }
            Output::Mode { mode, reason } => {
                let version = self.notice.version + 1;
                self.notice = Notice { mode, reason: reason.to_owned(), agents: 1, version };
                for number in 0..self.conversations.len() {
                    let wait = self.call_latency();
                    self.clock.after(wait, Happening::NoticeArrives(number, self.notice.clone()));
                }
            }
        }
    }

    fn post(&mut self, turn: Turn, events: Vec<Event>) {
        let (gate, wait) = (self.gate.life, self.call_latency());
        self.gate.posts.insert(turn);
        self.clock.after(wait, Happening::PostArrives { gate, turn, events });
        let answer = Answer::Bad { reason: "origin-silent", retry_after_ms: 0 };
        self.clock.after(DEADLINE_MS, Happening::PostAnswered { gate, turn, answer });
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
        let reached = self.calm || !self.random.percent(8);
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
