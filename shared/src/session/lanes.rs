//! What this browser wrote and the origin does not have yet: one lane per writer. The first lane is this page's
//! own; the others were left behind by earlier pages and are sent again under their old (writer, n), which the
//! edge knows, so that it does not matter how many tabs do so at once (ADOPT-1).

use std::collections::VecDeque;

use crate::Millis;
use crate::codec::Saved;
use crate::frame::{Ack, Nack, Send};
use crate::id::{MessageId, WriterId};
use crate::outbox::Outbox;

/// How long a lane rests after a refusal before it sends again: a refusal must not become a tight loop.
const GAP_PAUSE_MS: Millis = 250;
const RETRY_PAUSE_MS: Millis = 5_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// The edge has not said that it stored it.
    Unacked,
    /// Stored at a place not after `upto_seq`; kept until the origin has it.
    Stored { upto_seq: u64 },
    /// Refused for good; kept so that the words are not lost.
    Refused { reason: String },
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: MessageId,
    pub(super) n: u64,
    pub(super) text: String,
    pub(super) at_ms: Millis,
    pub(super) keep: Keep,
}

#[derive(Clone, Debug)]
struct Lane {
    writer: WriterId,
    outbox: Outbox,
    /// The highest n that the edge has confirmed in this epoch.
    confirmed_upto: u64,
    entries: VecDeque<Entry>,
    paused_until: Option<Millis>,
}

impl Lane {
    fn new(writer: WriterId) -> Lane {
        Lane {
            writer,
            outbox: Outbox::default(),
            confirmed_upto: 0,
            entries: VecDeque::new(),
            paused_until: None,
        }
    }

    fn send(&self, entry: &Entry) -> Send {
        Send { id: entry.id.clone(), writer: self.writer.clone(), n: entry.n, text: entry.text.clone() }
    }

    /// Moves the outbox over everything that needs no sending any more.
    fn settle(&mut self) {
        let first = self.entries.iter().find(|entry| entry.keep == Keep::Unacked).map(|entry| entry.n);
        self.outbox.acked(first.map_or(self.outbox.end(), |n| n - 1));
    }

    /// The edge misses something that we do not have (refused once, or never saved): go on under a new writer
    /// whose name every tab derives alike (ADOPT-2).
    fn rename(&mut self, upto_n: u64) {
        let Some(writer) = WriterId::parse(&format!("{}-{upto_n}", self.writer)) else { return };
        self.writer = writer;
        let mut n = 0;
        for entry in &mut self.entries {
            if entry.keep == Keep::Unacked {
                n += 1;
                entry.n = n;
            } else {
                // Settled under the old name; 0 keeps it out of the new numbering.
                entry.n = 0;
            }
        }
        self.outbox = Outbox::resume(0, n);
        self.confirmed_upto = 0;
    }
}

/// What a nack asks of the session.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AfterNack {
    /// Sent again after a pause.
    Again,
    /// Marked as not sent.
    Refused,
    /// The edge knows less than it has confirmed: say hello again.
    Resync,
    /// Not one of ours.
    Nothing,
}

#[derive(Clone, Debug)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
}

impl Lanes {
    pub(super) fn new(writer: WriterId) -> Lanes {
        Lanes { lanes: vec![Lane::new(writer)] }
    }

    /// Takes over what earlier pages left behind.
    pub(super) fn adopt(&mut self, mut saved: Vec<Saved>) {
        saved.sort_by(|a, b| (&a.writer, a.n).cmp(&(&b.writer, b.n)));
        for Saved { id, writer, n, text, at_ms } in saved {
            if self.entries().any(|entry| entry.id == id) || n == 0 {
                continue;
            }
            if self.lanes[1..].last().is_none_or(|lane| lane.writer != writer) {
                let mut lane = Lane::new(writer);
                lane.outbox = Outbox::resume(n - 1, n - 1);
                self.lanes.push(lane);
            }
            if let Some(lane) = self.lanes.last_mut() {
                lane.outbox = Outbox::resume(lane.outbox.acked_upto(), n);
                lane.entries.push_back(Entry { id, n, text, at_ms, keep: Keep::Unacked });
            }
        }
    }

    pub(super) fn write(&mut self, text: String, at_ms: Millis) -> Saved {
        let lane = &mut self.lanes[0];
        let n = lane.outbox.push();
        // Unique, because a writer's name is never used twice.
        let id = MessageId::parse(&format!("{}.{n}", lane.writer)).unwrap_or_default();
        lane.entries.push_back(Entry { id: id.clone(), n, text: text.clone(), at_ms, keep: Keep::Unacked });
        Saved { id, writer: lane.writer.clone(), n, text, at_ms }
    }

    /// Everything that may be sent now, in order within each lane.
    pub(super) fn take_to_send(&mut self, now: Millis) -> Vec<Send> {
        let mut out = Vec::new();
        for lane in &mut self.lanes {
            if lane.paused_until.is_some_and(|until| now < until) {
                continue;
            }
            lane.paused_until = None;
            if let Some((first, last)) = lane.outbox.to_send(u64::MAX / 2) {
                lane.outbox.sent(last);
                let unacked = lane.entries.iter().filter(|entry| entry.keep == Keep::Unacked);
                out.extend(unacked.filter(|e| (first..=last).contains(&e.n)).map(|entry| lane.send(entry)));
            }
        }
        out
    }

    pub(super) fn next_pause_end(&self) -> Option<Millis> {
        self.lanes.iter().filter_map(|lane| lane.paused_until).min()
    }

    /// True where the acknowledgement settled anything.
    pub(super) fn acked(&mut self, ack: &Ack) -> bool {
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.writer == ack.writer) else { return false };
        if ack.upto_n > lane.outbox.end() {
            return false;
        }
        lane.confirmed_upto = lane.confirmed_upto.max(ack.upto_n);
        let mut moved = false;
        for entry in &mut lane.entries {
            if (1..=ack.upto_n).contains(&entry.n) && entry.keep == Keep::Unacked {
                entry.keep = Keep::Stored { upto_seq: ack.seq };
                moved = true;
            }
        }
        lane.settle();
        moved
    }

    pub(super) fn nacked(&mut self, now: Millis, nack: &Nack) -> AfterNack {
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.writer == nack.writer) else {
            return AfterNack::Nothing;
        };
        if nack.reason == "gap" {
            lane.outbox.broken();
            lane.paused_until = Some(now + GAP_PAUSE_MS);
            if nack.upto_n < lane.confirmed_upto {
                return AfterNack::Resync;
            }
            let next = nack.upto_n + 1;
            if !lane.entries.iter().any(|entry| entry.n == next && entry.keep == Keep::Unacked) {
                lane.rename(nack.upto_n);
            }
            return AfterNack::Again;
        }
        let Some(entry) = lane.entries.iter_mut().find(|e| e.id == nack.id && e.keep == Keep::Unacked) else {
            return AfterNack::Nothing;
        };
        if nack.retry {
            lane.outbox.broken();
            lane.paused_until = Some(now + RETRY_PAUSE_MS);
            return AfterNack::Again;
        }
        entry.keep = Keep::Refused { reason: nack.reason.clone() };
        lane.settle();
        AfterNack::Refused
    }

    /// The origin has everything up to `upto_seq`: those need no keeping (KEEP-2). Returns what may be erased.
    pub(super) fn receipted(&mut self, upto_seq: u64) -> Vec<MessageId> {
        let mut erased = Vec::new();
        for lane in &mut self.lanes {
            lane.entries.retain(|entry| {
                let done = matches!(entry.keep, Keep::Stored { upto_seq: seq } if seq <= upto_seq);
                if done {
                    erased.push(entry.id.clone());
                }
                !done
            });
        }
        // The own lane stays, empty or not; a finished orphan's is gone.
        let mut index = 0;
        self.lanes.retain(|lane| {
            index += 1;
            index == 1 || !lane.entries.is_empty()
        });
        erased
    }

    /// The edge's storage was lost: everything that the origin may not have is sent again (EPOCH-2).
    pub(super) fn new_epoch(&mut self) {
        for lane in &mut self.lanes {
            for entry in &mut lane.entries {
                if matches!(entry.keep, Keep::Stored { .. }) {
                    entry.keep = Keep::Unacked;
                }
            }
            // Entries settled before a rename come first and lost their number: give all of them one.
            if lane.entries.iter().any(|entry| entry.n == 0) {
                lane.rename(lane.confirmed_upto);
            }
            let first = lane.entries.iter().find(|entry| entry.keep == Keep::Unacked).map(|entry| entry.n);
            lane.confirmed_upto = 0;
            if let Some(first) = first {
                lane.outbox.forgotten(first - 1);
            }
        }
    }

    pub(super) fn broken(&mut self) {
        for lane in &mut self.lanes {
            lane.outbox.broken();
            lane.paused_until = None;
        }
    }

    /// Gives a refused message up, or hands its text back for another try.
    pub(super) fn discard(&mut self, id: &MessageId) -> Option<String> {
        let refused = |entry: &Entry| entry.id == *id && matches!(entry.keep, Keep::Refused { .. });
        for lane in &mut self.lanes {
            if let Some(at) = lane.entries.iter().position(refused) {
                return lane.entries.remove(at).map(|entry| entry.text);
            }
        }
        None
    }

    pub(super) fn unacked_writers(&self) -> impl Iterator<Item = &WriterId> {
        let waits = |lane: &&Lane| lane.entries.iter().any(|entry| entry.keep == Keep::Unacked);
        self.lanes.iter().filter(waits).map(|lane| &lane.writer)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.lanes.iter().flat_map(|lane| &lane.entries)
    }

    /// The entry that an acknowledgement names, for its place in the transcript.
    pub(super) fn entry(&self, writer: &WriterId, n: u64) -> Option<&Entry> {
        let lane = self.lanes.iter().find(|lane| lane.writer == *writer)?;
        lane.entries.iter().find(|entry| entry.n == n)
    }

    pub(super) fn own_waiting(&self) -> usize {
        self.lanes[0].outbox.waiting() as usize
    }
}
