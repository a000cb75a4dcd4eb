//! What this browser wrote and the origin does not have yet: one lane per writer. The last lane is this page's own, also what
//! was written before the app was there; the others were left behind by earlier pages and are sent again, first (ADOPT-6), under
//! their old (writer, n), which the edge knows, so that it does not matter how many tabs do so at once (ADOPT-1).

use crate::Millis;
use crate::codec::Saved;
use crate::frame::{Ack, Nack, Send};
use crate::id::{MessageId, WriterId};
use crate::json::Writer;
use crate::outbox::Outbox;
use crate::random::Random;

/// How long a lane rests after a refusal before it sends again: a refusal must not become a tight loop.
const GAP_PAUSE_MS: Millis = 250;
const RETRY_PAUSE_MS: Millis = 5_000;
/// So that those who met the same limit do not come back in step.
const RETRY_SPREAD_MS: Millis = 2_500;
/// So many times in a row the edge may know less of a writer than it has confirmed, before we believe it: it has
/// forgotten the writer (ADOPT-5).
const MAX_DOUBTS: u8 = 3;

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
    /// The number within the lane; never changes.
    n: u64,
    pub(super) text: String,
    pub(super) at_ms: Millis,
    pub(super) keep: Keep,
}

#[derive(Clone, Debug)]
struct Lane {
    /// The page that wrote these messages; its name when it began to write.
    page: WriterId,
    writer: WriterId,
    /// What lane and edge number differently: `n` here is `n - shift` on the wire.
    shift: u64,
    outbox: Outbox,
    /// The highest n that the edge has confirmed in this epoch, under this writer.
    confirmed_upto: u64,
    entries: Vec<Entry>,
    paused_until: Option<Millis>,
    doubts: u8,
}

impl Lane {
    fn new(page: WriterId, writer: WriterId) -> Lane {
        Lane {
            page,
            writer,
            shift: 0,
            outbox: Outbox::default(),
            confirmed_upto: 0,
            entries: Vec::new(),
            paused_until: None,
            doubts: 0,
        }
    }

    fn send(&self, entry: &Entry) -> Send {
        let (id, n) = (entry.id.clone(), entry.n - self.shift);
        Send { id, writer: self.writer.clone(), n, text: entry.text.clone() }
    }

    fn saved(&self, entry: &Entry) -> Saved {
        let Send { id, writer, n, text } = self.send(entry);
        Saved { id, writer, n, text, at_ms: entry.at_ms }
    }

    fn first_unacked(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.keep == Keep::Unacked)
    }

    /// Moves the outbox over everything that needs no sending any more.
    fn settle(&mut self) {
        let first = self.first_unacked().map(|entry| entry.n);
        self.outbox.acked(first.map_or(self.outbox.end(), |n| n - 1));
    }

    /// The edge misses something that we do not have (erased, refused, or never saved): go on under a new writer,
    /// named after the first message that is left and numbered from it. So (writer, n) means the same message in
    /// every tab, even where one of them has less left than another (ADOPT-2). Returns what is to be saved anew.
    fn rename(&mut self) -> Vec<Saved> {
        let Some(first) = self.first_unacked() else { return Vec::new() };
        let Some(writer) = WriterId::parse(first.id.as_str()) else { return Vec::new() };
        self.shift = first.n - 1;
        self.writer = writer;
        self.confirmed_upto = self.shift;
        self.outbox = Outbox::resume(self.shift, self.outbox.end());
        let mut renamed = Vec::new();
        for entry in &self.entries {
            if entry.n > self.shift {
                renamed.push(self.saved(entry));
            }
        }
        renamed
    }
}

/// Where a saved message stands in the lane of the page that wrote it: its id is `{page}.{n}`.
struct Place {
    page: WriterId,
    n: u64,
    saved: Saved,
}

impl Place {
    fn of(saved: Saved) -> Place {
        let told = saved.id.as_str().rsplit_once('.');
        let told = told.and_then(|(page, n)| Some((WriterId::parse(page)?, n.parse().ok()?)));
        // A message that is not named like that stands where its number says.
        let known = told.filter(|(_, n)| *n >= saved.n);
        let (page, n) = known.unwrap_or_else(|| (saved.writer.clone(), saved.n));
        Place { page, n, saved }
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
    /// In the order in which their pages began to write; the own one is last.
    lanes: Vec<Lane>,
    /// Messages that got another (writer, n), to be saved with it.
    renamed: Vec<Saved>,
}

impl Lanes {
    pub(super) fn new(writer: WriterId) -> Lanes {
        Lanes { lanes: vec![Lane::new(writer.clone(), writer)], renamed: Vec::new() }
    }

    /// Takes over what earlier pages left behind: a lane for each of them, in the order of writing. What this page has written
    /// before it had a session goes before all that it writes (OUTBOX-1).
    pub(super) fn adopt(&mut self, saved: Vec<Saved>) {
        let mut places: Vec<Place> = Vec::new();
        for saved in saved {
            if saved.n > 0 {
                let place = Place::of(saved);
                let at = places.partition_point(|other| (&other.page, other.n) <= (&place.page, place.n));
                places.insert(at, place);
            }
        }
        for Place { page, n, saved: Saved { id, writer, n: wire_n, text, at_ms } } in places {
            if self.entries().any(|entry| entry.id == id) {
                continue;
            }
            let lane = self.lanes.iter().position(|lane| lane.page == page && lane.outbox.end() < n);
            let shift = n - wire_n;
            let index = lane.unwrap_or_else(|| {
                let left = self.lanes.len() - 1;
                let earlier = |lane: &&Lane| lane.entries.first().is_some_and(|first| first.at_ms <= at_ms);
                let index = self.lanes[..left].iter().take_while(earlier).count();
                let outbox = Outbox::resume(n - 1, n - 1);
                self.lanes.insert(index, Lane { shift, outbox, ..Lane::new(page, writer.clone()) });
                index
            });
            let lane = &mut self.lanes[index];
            lane.outbox.extend(n);
            lane.entries.push(Entry { id, n, text, at_ms, keep: Keep::Unacked });
            // Another tab has renamed some of them: only one name for all keeps their order.
            if (&lane.writer, lane.shift) != (&writer, shift) {
                let renamed = lane.rename();
                self.renamed.extend(renamed);
            }
        }
    }

    pub(super) fn write(&mut self, text: String, at_ms: Millis) -> Saved {
        let own = self.lanes.len() - 1;
        let lane = &mut self.lanes[own];
        let n = lane.outbox.push();
        // Unique, because a page's name is never used twice.
        let mut id = Writer(lane.page.as_str().to_owned());
        id.raw(".").number(n);
        let id = MessageId::parse(&id.0).unwrap_or_default();
        let entry = Entry { id, n, text, at_ms, keep: Keep::Unacked };
        let saved = lane.saved(&entry);
        lane.entries.push(entry);
        saved
    }

    /// Messages whose (writer, n) has changed since the last call.
    pub(super) fn take_renamed(&mut self) -> Vec<Saved> {
        std::mem::take(&mut self.renamed)
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
                for entry in &lane.entries {
                    if entry.keep == Keep::Unacked && (first..=last).contains(&entry.n) {
                        out.push(lane.send(entry));
                    }
                }
            }
        }
        out
    }

    pub(super) fn next_pause_end(&self) -> Option<Millis> {
        self.lanes.iter().filter_map(|lane| lane.paused_until).min()
    }

    pub(super) fn acked(&mut self, ack: &Ack) {
        for lane in self.lanes.iter_mut().filter(|lane| lane.writer == ack.writer) {
            // Another tab may have written more in this lane than this one knows of (ADOPT-1).
            let upto = lane.outbox.end().min(ack.upto_n.saturating_add(lane.shift));
            // Only what has come as far as was confirmed takes the doubt away: a welcome after each gap may say less.
            if upto >= lane.confirmed_upto {
                lane.confirmed_upto = upto;
                lane.doubts = 0;
            }
            for entry in &mut lane.entries {
                if (lane.shift + 1..=upto).contains(&entry.n) && entry.keep == Keep::Unacked {
                    entry.keep = Keep::Stored { upto_seq: ack.seq };
                }
            }
            lane.settle();
        }
    }

    /// The log has this message at `seq`, whoever brought it there: another tab, perhaps under another name.
    pub(super) fn in_log(&mut self, id: &MessageId, seq: u64) {
        for lane in &mut self.lanes {
            if let Some(entry) = lane.entries.iter_mut().find(|e| e.id == *id && e.keep == Keep::Unacked) {
                entry.keep = Keep::Stored { upto_seq: seq };
                // ADOPT-5: a gap that says otherwise is doubted, too. It may be old, or the name another one there.
                lane.confirmed_upto = lane.confirmed_upto.max(entry.n);
                lane.settle();
            }
        }
    }

    pub(super) fn nacked(&mut self, now: Millis, nack: &Nack, random: &mut Random) -> AfterNack {
        let named = |lane: &&mut Lane| {
            lane.writer == nack.writer && lane.entries.iter().any(|entry| entry.id == nack.id)
        };
        let Some(lane) = self.lanes.iter_mut().find(named) else { return AfterNack::Nothing };
        if nack.reason == "gap" {
            // Of a whole flight that is refused, one refusal counts.
            lane.doubts += u8::from(lane.outbox.in_flight());
            lane.outbox.broken();
            // What came behind a message that is refused for longer is a gap as well: that pause holds.
            lane.paused_until = lane.paused_until.max(Some(now + GAP_PAUSE_MS));
            let upto = nack.upto_n.saturating_add(lane.shift);
            if upto < lane.confirmed_upto && lane.doubts <= MAX_DOUBTS {
                return AfterNack::Resync;
            }
            if lane.first_unacked().is_some_and(|first| first.n > upto.saturating_add(1)) {
                let renamed = lane.rename();
                self.renamed.extend(renamed);
            }
            return AfterNack::Again;
        }
        let Some(entry) = lane.entries.iter_mut().find(|e| e.id == nack.id && e.keep == Keep::Unacked) else {
            return AfterNack::Nothing;
        };
        if nack.retry {
            lane.outbox.broken();
            lane.paused_until = Some(now + RETRY_PAUSE_MS + random.below(RETRY_SPREAD_MS));
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
        let all = self.lanes.len();
        self.lanes.retain(|lane| {
            index += 1;
            index == all || !lane.entries.is_empty()
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
            lane.confirmed_upto = lane.shift;
            let Some(first) = lane.first_unacked().map(|entry| entry.n) else { continue };
            // Settled before a rename, and therefore without a number in the lane's present name.
            if first <= lane.shift {
                let renamed = lane.rename();
                self.renamed.extend(renamed);
            }
            lane.outbox.forgotten(first - 1);
        }
    }

    pub(super) fn broken(&mut self) {
        for lane in &mut self.lanes {
            lane.outbox.broken();
            lane.paused_until = None;
        }
    }

    pub(super) fn refused_text(&self, id: &MessageId) -> Option<&str> {
        let refused = |entry: &&Entry| entry.id == *id && matches!(entry.keep, Keep::Refused { .. });
        self.entries().find(refused).map(|entry| entry.text.as_str())
    }

    /// Gives a refused message up, or hands its text back for another try.
    pub(super) fn discard(&mut self, id: &MessageId) -> Option<String> {
        let refused = |entry: &Entry| entry.id == *id && matches!(entry.keep, Keep::Refused { .. });
        for lane in &mut self.lanes {
            if let Some(at) = lane.entries.iter().position(refused) {
                return Some(lane.entries.remove(at).text);
            }
        }
        None
    }

    pub(super) fn unacked_writers(&self) -> impl Iterator<Item = &WriterId> {
        let waits = |lane: &&Lane| lane.entries.iter().any(|entry| entry.keep == Keep::Unacked);
        // The own one first: no more are listed than fit (HELLO-1).
        self.lanes.iter().rev().filter(waits).map(|lane| &lane.writer)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.lanes.iter().flat_map(|lane| &lane.entries)
    }

    /// The entry that an acknowledgement names, for its place in the transcript.
    pub(super) fn entry(&self, writer: &WriterId, n: u64) -> Option<&Entry> {
        let lanes = self.lanes.iter().filter(|lane| lane.writer == *writer);
        lanes.flat_map(|lane| lane.entries.iter().filter(move |e| e.n == n.saturating_add(lane.shift))).next()
    }

    pub(super) fn own_waiting(&self) -> usize {
        self.lanes.last().map_or(0, |lane| lane.outbox.waiting() as usize)
    }
}
