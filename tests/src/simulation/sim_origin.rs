//! The origin, modelled: it dedupes by (conversation, id), answers with a receipt per event, and keeps a ledger in
//! the order of acceptance.

use std::collections::BTreeSet;

use edge::origin_gate::{Answer, Turn};
use shared::Millis;
use shared::event::{Body, Event, Outcome as Verdict, Receipt, Stored};

use super::clock::Happening;
use super::{Outcome, World};

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Fault {
    #[default]
    None,
    /// Refuses connections.
    Down,
    /// Accepts and never answers.
    Hang,
    /// This percentage of batches gets a 503, before or after some of it was taken.
    Errors(u64),
    /// This percentage of answers gets lost.
    LosesReceipts(u64),
    /// This percentage of events is put off; whatever comes after it in its conversation, too (RECEIPT-4).
    PutsOff(u64),
    Slow(Millis),
    /// This percentage of answers is 200 with nonsense, or speaks of other events than were sent.
    Lies(u64),
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    pub stored: Stored,
}

#[derive(Debug, Default)]
pub struct SimOrigin {
    pub ledger: Vec<Entry>,
    known: BTreeSet<(String, String)>,
    pub fault: Fault,
    /// Grows with each fault, so that an old recovery does not end a new one.
    pub faults: u64,
}

impl World {
    pub fn post_arrives(&mut self, gate: u64, turn: Turn, events: Vec<Event>) -> Outcome {
        let mut wait = self.call_latency();
        let fault = self.origin.fault;
        let errs = matches!(fault, Fault::Errors(percent) if self.random.percent(percent));
        let lost = matches!(fault, Fault::LosesReceipts(percent) if self.random.percent(percent));
        let lies = matches!(fault, Fault::Lies(percent) if self.random.percent(percent));
        let count = events.len() as u64;
        let taken = match fault {
            Fault::Down | Fault::Hang => 0,
            _ if errs => self.random.below(count + 1),
            _ => count,
        };
        let receipts: Vec<Receipt> = {
            let mut late = BTreeSet::new();
            events.into_iter().take(taken as usize).map(|event| self.take(event, &mut late)).collect()
        };
        if let Fault::Slow(slow) = fault {
            wait += self.random.below(slow);
        }
        let retry_after_ms = if self.random.percent(30) { self.random.below(3_000) } else { 0 };
        let answer = match fault {
            _ if lost => return Ok(()),
            Fault::Hang => return Ok(()),
            Fault::Down => Answer::Bad { reason: "origin-unreachable", retry_after_ms: 0 },
            _ if errs => Answer::Bad { reason: "origin-errors", retry_after_ms },
            _ if lies => self.lie(receipts),
            _ => Answer::Good(receipts),
        };
        self.clock.after(wait, Happening::PostAnswered { gate, turn, answer });
        Ok(())
    }

    /// What was taken was taken; what is said about it is something else.
    fn lie(&mut self, mut receipts: Vec<Receipt>) -> Answer {
        let nobodys = |n: usize| Receipt {
            id: format!("nobody.{n}"),
            source: "/sites/demo/conversations/c0".to_owned(),
            result: Verdict::Accepted,
            reason: String::new(),
            retry_after_ms: None,
        };
        match self.random.below(8) {
            0 => return Answer::Bad { reason: "origin-malformed", retry_after_ms: 0 },
            1 => receipts.clear(),
            2 => receipts.iter_mut().for_each(|receipt| receipt.id.push('x')),
            3 => receipts.iter_mut().for_each(|receipt| receipt.source.push('x')),
            4 => receipts = (0..receipts.len()).map(nobodys).collect(),
            5 => receipts = (0..60).map(nobodys).chain(receipts).collect(),
            6 => {
                let again = receipts.clone();
                receipts.reverse();
                receipts.extend(again);
            }
            _ => {
                // First put off, then accepted: the first word counts, and the other one changes nothing.
                let later = |receipt: &Receipt| Receipt { result: Verdict::Later, ..receipt.clone() };
                receipts = receipts.iter().skip(1).map(later).chain(receipts.iter().cloned()).collect();
            }
        }
        Answer::Good(receipts)
    }

    fn take(&mut self, event: Event, late: &mut BTreeSet<String>) -> Receipt {
        let put_off = matches!(self.origin.fault, Fault::PutsOff(percent) if self.random.percent(percent));
        let Event { id, source, body, .. } = event;
        let result = match body {
            Body::Probe {} => Verdict::Accepted,
            Body::Message(_) if put_off || late.contains(&source) => {
                late.insert(source.clone());
                Verdict::Later
            }
            Body::Message(stored) => {
                if self.origin.known.insert((source.clone(), id.clone())) {
                    self.origin.ledger.push(Entry { id: id.clone(), stored });
                    Verdict::Accepted
                } else {
                    Verdict::Duplicate
                }
            }
            _ => Verdict::Refused,
        };
        Receipt { id, source, result, reason: String::new(), retry_after_ms: None }
    }

    pub fn origin_fails(&mut self, fault: Fault, for_ms: Millis) {
        self.trace.tell(self.clock.now, || format!("origin: {fault:?} for {for_ms} ms"));
        self.origin.fault = fault;
        self.origin.faults += 1;
        self.clock.after(for_ms, Happening::OriginHeals(self.origin.faults));
    }

    pub fn origin_heals(&mut self, fault: u64) {
        if self.origin.faults == fault {
            self.trace.tell(self.clock.now, || "origin: well again".to_owned());
            self.origin.fault = Fault::None;
        }
    }
}
