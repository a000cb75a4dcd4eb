//! The gate and its machines on a virtual clock, with conversations and an origin played by the test.

mod accounts;
mod breakers;
mod carrying;
mod deciding;
mod drain;
mod gate;
mod health;
mod learned;
mod limit;
mod mode;
mod noticing;
mod played;
mod progress;
mod told;
mod turns;

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
        let (modes, rest) = outputs(&mut self.gate)
            .into_iter()
            .partition(|o| matches!(o, Output::Mode { .. } | Output::Learned(_) | Output::AskHealth));
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

/// Five bad answers in a row.
fn held(desk: &mut Desk, a: &Key) {
    for _ in 0..5 {
        let turn = desk.post(a);
        let out = desk.answered(turn, BAD);
        assert!(!out.iter().any(|o| matches!(o, Output::Pull { .. })), "a pause comes first");
    }
}
