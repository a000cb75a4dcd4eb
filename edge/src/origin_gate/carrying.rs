//! Who has a backlog, and the batches on their way. One batch in flight per conversation, so that order holds;
//! what failed goes to the end of the line, so that one conversation cannot block the others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shared::event::{Event, MAX_BATCH, Outcome, Receipt};

use shared::Millis;

use super::backlogs::Backlogs;
use super::turns::Turns;
use super::{Answer, Key, Output, Turn};

/// Conversations that one batch is made of, at most: pulls cost a call each.
const MAX_KEYS_PER_TURN: usize = 10;
/// A conversation whose batch has failed so often while others passed is tried alone, with one event; after as many
/// failures of that, the event is parked.
const FAILURES: u32 = 5;

#[derive(Debug, Default)]
pub(super) struct Carrying {
    /// Everybody with a backlog, waiting or under way: the stored index.
    known: Backlogs,
    line: Turns,
    /// Announced again while under way: there is more than was pulled.
    again: BTreeSet<Key>,
    turns: BTreeMap<Turn, Under>,
    last_turn: u64,
    /// How often a conversation's batches have failed while others passed.
    failures: BTreeMap<Key, Failures>,
    passed: u64,
}

/// One conversation's failures.
#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    times: u32,
    /// What had passed of others at the last one.
    passed: u64,
}

/// One turn under way.
#[derive(Debug, Default)]
struct Under {
    /// Pulls whose answer is missing.
    pulling: BTreeSet<Key>,
    events: Vec<Event>,
    /// Credit taken for this turn and not yet used.
    reserved: u64,
    /// Conversations whose events are in the batch, and the events' ids.
    carried: Vec<(Key, Vec<String>)>,
    settling: BTreeSet<Key>,
}

impl Carrying {
    pub(super) fn new(now: Millis, index: Vec<Key>) -> Carrying {
        let mut carrying = Carrying::default();
        for key in index {
            carrying.known.insert(now, key.clone());
            carrying.line.spoke(now, key);
        }
        carrying
    }

    /// True where the key is new to the index.
    pub(super) fn announced(&mut self, now: Millis, key: Key) -> bool {
        if self.known.insert(now, key.clone()) {
            self.line.spoke(now, key);
            return true;
        }
        if !self.line.contains(&key) {
            self.again.insert(key);
        }
        false
    }

    /// Since when the oldest has waited.
    pub(super) fn oldest(&self) -> Option<Millis> {
        self.known.oldest()
    }

    /// Events that wait, as far as conversations have told.
    pub(super) fn messages(&self) -> u64 {
        self.known.events()
    }

    pub(super) fn waits(&mut self, key: &Key, events: u64) {
        self.known.told(key, events);
    }

    /// Starts a turn of at most `max` events; returns how many it may carry, 0 where nobody waits.
    pub(super) fn begin(&mut self, now: Millis, max: usize, outputs: &mut VecDeque<Output>) -> u64 {
        let keys = self.line.len().min(MAX_KEYS_PER_TURN).min(max);
        if keys == 0 {
            return 0;
        }
        let mut share = max.min(MAX_BATCH) / keys;
        let mut chosen = Vec::new();
        while chosen.len() < keys {
            let Some(key) = self.line.take(now) else { break };
            if self.failures.get(&key).is_some_and(|failures| failures.times >= FAILURES) {
                if chosen.is_empty() {
                    // Alone, and one event only: whatever fails now is that event.
                    share = 1;
                    chosen.push(key);
                } else {
                    self.line.put_back(now, key);
                }
                break;
            }
            chosen.push(key);
        }
        let turn = self.next_turn();
        let reserved = (share * chosen.len()) as u64;
        let mut under = Under { reserved, ..Under::default() };
        for key in chosen {
            outputs.push_back(Output::Pull { turn, key: key.clone(), max: share });
            under.pulling.insert(key);
        }
        self.turns.insert(turn, under);
        reserved
    }

    /// A turn without a message: a synthetic probe.
    pub(super) fn begin_empty(&mut self) -> Turn {
        let turn = self.next_turn();
        self.turns.insert(turn, Under::default());
        turn
    }

    fn next_turn(&mut self) -> Turn {
        self.last_turn += 1;
        Turn(self.last_turn)
    }

    /// The batch, once every conversation has answered (empty: nothing to post), and the credit it did not need.
    pub(super) fn pulled(
        &mut self,
        now: Millis,
        turn: Turn,
        key: Key,
        events: Option<Vec<Event>>,
        outputs: &mut VecDeque<Output>,
    ) -> Option<(Vec<Event>, u64)> {
        let under = self.turns.get_mut(&turn)?;
        if !under.pulling.remove(&key) {
            return None;
        }
        match events {
            Some(events) if !events.is_empty() => {
                under.carried.push((key, events.iter().map(|event| event.id.clone()).collect()));
                under.events.extend(events);
            }
            Some(_) => self.finished(now, key, outputs),
            // Could not be reached: later, it is still in the index.
            None => self.line.put_back(now, key),
        }
        let under = self.turns.get_mut(&turn)?;
        if !under.pulling.is_empty() {
            return None;
        }
        let events = std::mem::take(&mut under.events);
        let unused = under.reserved.saturating_sub(events.len() as u64);
        if events.is_empty() {
            self.turns.remove(&turn);
        }
        Some((events, unused))
    }

    /// RECEIPT-5: an origin that says 200 and takes nothing of what it was sent is believed by its deeds: the answer
    /// counts as bad, so that the same batch is not posted again at once.
    pub(super) fn judged(&self, turn: Turn, answer: Answer) -> Answer {
        let carried = self.turns.get(&turn).map_or(&[][..], |under| &under.carried);
        match answer {
            Answer::Good(receipts)
                if !carried.is_empty() && !carried.iter().any(|it| moves(it, &receipts)) =>
            {
                let retry_after_ms = receipts.iter().filter_map(|it| it.retry_after_ms).max().unwrap_or(0);
                Answer::Bad { reason: "origin-takes-nothing", retry_after_ms }
            }
            answer => answer,
        }
    }

    /// How many events a turn carries.
    pub(super) fn events_of(&self, turn: Turn) -> u64 {
        self.turns.get(&turn).map_or(0, |under| under.carried.iter().map(|(_, ids)| ids.len() as u64).sum())
    }

    pub(super) fn answered(
        &mut self,
        now: Millis,
        turn: Turn,
        answer: Answer,
        outputs: &mut VecDeque<Output>,
    ) {
        let Some(under) = self.turns.get_mut(&turn) else { return };
        let carried = std::mem::take(&mut under.carried);
        match answer {
            Answer::Good(receipts) if !carried.is_empty() => {
                self.passed += 1;
                for (key, _) in carried {
                    let receipts = receipts_of(&key, &receipts);
                    self.failures.remove(&key);
                    self.known.renew(now, &key);
                    outputs.push_back(Output::Settle { turn, key: key.clone(), receipts });
                    under.settling.insert(key);
                }
            }
            _ => {
                self.turns.remove(&turn);
                for (key, ids) in carried {
                    self.failed(now, turn, key, ids, outputs);
                }
            }
        }
    }

    /// To the end of the line; what always fails while others pass is parked, so that it cannot hold up its conversation.
    fn failed(
        &mut self,
        now: Millis,
        turn: Turn,
        key: Key,
        ids: Vec<String>,
        outputs: &mut VecDeque<Output>,
    ) {
        let passed = self.passed;
        let failures = self.failures.entry(key.clone()).or_insert(Failures { times: 0, passed });
        if failures.times == 0 || failures.passed < passed {
            *failures = Failures { times: failures.times + 1, passed };
        }
        match &ids[..] {
            [id] if failures.times >= 2 * FAILURES => {
                self.failures.remove(&key);
                let receipt = Receipt {
                    id: id.clone(),
                    source: String::new(),
                    result: Outcome::Refused,
                    reason: "fails-always".into(),
                    retry_after_ms: None,
                };
                let under = self.turns.entry(turn).or_default();
                under.settling.insert(key.clone());
                outputs.push_back(Output::Settle { turn, key, receipts: vec![receipt] });
            }
            _ => self.line.put_back(now, key),
        }
    }

    pub(super) fn settled(
        &mut self,
        now: Millis,
        turn: Turn,
        key: Key,
        backlog: Option<u64>,
        outputs: &mut VecDeque<Output>,
    ) {
        let Some(under) = self.turns.get_mut(&turn) else { return };
        if !under.settling.remove(&key) {
            return;
        }
        if under.settling.is_empty() {
            self.turns.remove(&turn);
        }
        if let Some(events) = backlog {
            self.waits(&key, events);
        }
        match backlog {
            Some(0) => self.finished(now, key, outputs),
            Some(_) => self.line.spoke(now, key),
            None => self.line.put_back(now, key),
        }
    }

    /// Nothing left there, unless it has announced itself meanwhile.
    fn finished(&mut self, now: Millis, key: Key, outputs: &mut VecDeque<Output>) {
        if self.again.remove(&key) {
            self.line.spoke(now, key);
        } else {
            self.failures.remove(&key);
            self.known.remove(&key);
            outputs.push_back(Output::Forget(key));
        }
    }

    pub(super) fn is_under_way(&self, turn: Turn) -> bool {
        self.turns.contains_key(&turn)
    }

    pub(super) fn turns(&self) -> usize {
        self.turns.len()
    }

    pub(super) fn waiting(&self) -> usize {
        self.line.len()
    }

    pub(super) fn backlogged(&self) -> usize {
        self.known.len()
    }
}

/// Whether the cursor of a conversation moves by these receipts: over its first event, at least (RECEIPT-2).
fn moves((key, ids): &(Key, Vec<String>), receipts: &[Receipt]) -> bool {
    let receipts = receipts_of(key, receipts);
    let first = ids.first().and_then(|id| receipts.iter().find(|receipt| receipt.id == *id));
    first.is_some_and(|receipt| receipt.result != Outcome::Later)
}

/// Receipts name the event's id, and the source where the id alone would not be enough.
fn receipts_of(key: &Key, receipts: &[Receipt]) -> Vec<Receipt> {
    let source = format!("/sites/{}/conversations/{}", key.site, key.conversation);
    receipts.iter().filter(|receipt| receipt.source.is_empty() || receipt.source == source).cloned().collect()
}
