//! The gate before an origin played call by call, while so many people write.

use std::collections::{BTreeMap, VecDeque};

use shared::Millis;

use super::*;

const TICK_MS: Millis = 5;

/// What the origin does with a call: what it answers, and after how long; or nothing. Of a good answer the receipts
/// are filled in.
pub(super) type Deed = Option<(Answer, Millis)>;

pub(super) struct Played {
    pub(super) desk: Desk,
    /// From one message to the next, each in a conversation of its own.
    every_ms: Millis,
    pub(super) written: usize,
    pub(super) delivered: usize,
    calls: u64,
    under_way: BTreeMap<Turn, (Option<(Answer, Millis)>, Millis)>,
}

impl Played {
    pub(super) fn new(every_ms: Millis) -> Played {
        Played {
            desk: Desk::new(Vec::new()),
            every_ms,
            written: 0,
            delivered: 0,
            calls: 0,
            under_way: BTreeMap::new(),
        }
    }

    /// The next 5 ms; `deed` gets the calls' numbers.
    pub(super) fn tick(&mut self, deed: impl Fn(u64) -> Deed) {
        let now = self.desk.now;
        let mut out = VecDeque::new();
        if now.is_multiple_of(self.every_ms) {
            self.written += 1;
            let key = key(&format!("c{}", self.written));
            out.extend(self.desk.tell(Input::Announced(key)));
        }
        out.extend(self.desk.tell(Input::Timeout));
        for (turn, answer) in self.due(now) {
            out.extend(self.desk.answered(turn, answer));
        }
        while let Some(output) = out.pop_front() {
            match output {
                Output::Pull { turn, key, .. } => {
                    let events = Some(vec![event(&format!("m-{}", key.conversation), &key)]);
                    out.extend(self.desk.tell(Input::Pulled { turn, key, events }));
                }
                Output::Post { turn, events, deadline_ms } => {
                    self.calls += 1;
                    let ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
                    let answer = deed(self.calls).map(|(answer, ms)| match answer {
                        Answer::Good(_) => (good(&ids), now + ms),
                        bad => (bad, now + ms),
                    });
                    self.under_way.insert(turn, (answer, now + deadline_ms));
                }
                Output::Probe { turn, deadline_ms } => {
                    self.calls += 1;
                    let answer = deed(self.calls).map(|(answer, ms)| (answer, now + ms));
                    self.under_way.insert(turn, (answer, now + deadline_ms));
                }
                Output::Settle { turn, key, .. } => {
                    self.delivered += 1;
                    out.extend(self.desk.tell(Input::Settled { turn, key, backlog: Some(0) }));
                }
                _ => {}
            }
        }
        self.desk.now += TICK_MS;
    }

    /// So many milliseconds.
    pub(super) fn pass(&mut self, ms: Millis, deed: impl Fn(u64) -> Deed) {
        let end = self.desk.now + ms;
        while self.desk.now < end {
            self.tick(&deed);
        }
    }

    /// What has come back by now, or has run out of time.
    fn due(&mut self, now: Millis) -> Vec<(Turn, Answer)> {
        let is_due = |(answer, deadline): &(Option<(Answer, Millis)>, Millis)| {
            now >= *deadline || answer.as_ref().is_some_and(|(_, at)| now >= *at)
        };
        let due = self.under_way.extract_if(.., |_, under| is_due(under));
        due.map(|(turn, (answer, deadline))| match answer {
            Some((answer, at)) if at <= deadline => (turn, answer),
            _ => (turn, BAD),
        })
        .collect()
    }
}
