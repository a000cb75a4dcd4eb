//! Who has a backlog, and the batches on their way. One batch in flight per conversation, so that order holds;
//! what failed goes to the end of the line, so that one conversation cannot block the others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shared::event::{Event, MAX_BATCH, Outcome, Receipt};

use super::{Answer, Key, Output, Turn};

/// Conversations that one batch is made of, at most: pulls cost a call each.
const MAX_KEYS_PER_TURN: usize = 10;

#[derive(Debug, Default)]
pub(super) struct Carrying {
    /// Everybody with a backlog, waiting or under way: the stored index.
    known: BTreeSet<Key>,
    line: VecDeque<Key>,
    /// Announced again while under way: there is more than was pulled.
    again: BTreeSet<Key>,
    turns: BTreeMap<Turn, Under>,
    last_turn: u64,
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
    pub(super) fn new(index: Vec<Key>) -> Carrying {
        Carrying { known: index.iter().cloned().collect(), line: index.into(), ..Carrying::default() }
    }

    /// True where the key is new to the index.
    pub(super) fn announced(&mut self, key: Key) -> bool {
        if self.known.insert(key.clone()) {
            self.line.push_back(key);
            return true;
        }
        if !self.line.contains(&key) {
            self.again.insert(key);
        }
        false
    }

    /// Starts a turn of at most `max` events; returns how many it may carry, 0 where nobody waits.
    pub(super) fn begin(&mut self, max: usize, outputs: &mut VecDeque<Output>) -> u64 {
        let keys = self.line.len().min(MAX_KEYS_PER_TURN).min(max);
        if keys == 0 {
            return 0;
        }
        let turn = self.next_turn();
        let share = max.min(MAX_BATCH) / keys;
        let reserved = (share * keys) as u64;
        let mut under = Under { reserved, ..Under::default() };
        for key in self.line.drain(..keys) {
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
            Some(_) => self.finished(key, outputs),
            // Could not be reached: later, it is still in the index.
            None => self.line.push_back(key),
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

    pub(super) fn answered(&mut self, turn: Turn, answer: Answer, outputs: &mut VecDeque<Output>) {
        let Some(under) = self.turns.get_mut(&turn) else { return };
        let carried = std::mem::take(&mut under.carried);
        match answer {
            Answer::Good(receipts) if !carried.is_empty() => {
                for (key, _) in carried {
                    let receipts = receipts_of(&key, &receipts);
                    outputs.push_back(Output::Settle { turn, key: key.clone(), receipts });
                    under.settling.insert(key);
                }
            }
            _ => {
                self.line.extend(carried.into_iter().map(|(key, _)| key));
                self.turns.remove(&turn);
            }
        }
    }

    pub(super) fn settled(
        &mut self,
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
        match backlog {
            Some(0) => self.finished(key, outputs),
            _ => self.line.push_back(key),
        }
    }

    /// Nothing left there, unless it has announced itself meanwhile.
    fn finished(&mut self, key: Key, outputs: &mut VecDeque<Output>) {
        if self.again.remove(&key) {
            self.line.push_back(key);
        } else {
            self.known.remove(&key);
            outputs.push_back(Output::Forget(key));
        }
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
