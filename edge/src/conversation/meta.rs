//! The one row beside the log: counters, cursor and marks, written with each insert.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::event::SiteLimits;
use shared::frame::{Ack, Marks};
use shared::id::{ConversationId, Epoch, MessageId, SiteId, WriterId};
use shared::message::Side;

use super::Log;
use super::ending::Ending;
use super::name::{Name, page_of};

/// Writers that a conversation remembers. A page is a writer, so this is page loads with a message; of more, the
/// one that wrote longest ago is forgotten, whose messages the origin has had for long.
pub const MAX_WRITERS: usize = 500;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    pub site: SiteId,
    pub conversation: ConversationId,
    pub epoch: Epoch,
    pub last_seq: u64,
    /// The origin has everything up to here.
    pub delivered_upto: u64,
    pub delivered: Marks,
    pub seen: Marks,
    /// Messages of the visitor that no agent has looked at.
    pub unread: u64,
    /// The visitor's name, as the worker has last checked it (IDENTITY-3).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub visitor: String,
    writers: BTreeMap<WriterId, Written>,
    /// Messages before this one have left the log (LOG-1); 0 where none has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub first_seq: u64,
    /// How long after its last message the conversation ends; 0: never.
    #[serde(default = "default_retention_days")]
    pub retention_days: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ending: Option<Ending>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn default_retention_days() -> u64 {
    SiteLimits::default().retention_days
}

/// How far a writer has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Written {
    /// The highest n that is stored or refused.
    n: u64,
    /// The highest n that is stored, and its place; 0 where nothing is.
    stored_n: u64,
    seq: u64,
    /// Whose it is (WRITER-1); nothing where a former version has written the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side: Option<Side>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused>,
}

/// A message that was refused for good. Its n is used up, so whoever sends it again must hear so again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) id: MessageId,
    pub(super) n: u64,
    pub(super) reason: String,
}

/// Refusals remembered per writer: more than a person has open at a time.
const MAX_REFUSED: usize = 8;
/// And of all writers together: some 10 KB in a row that is written with each message.
const MAX_REFUSED_IN_ALL: usize = 100;

/// A message that came before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It stands at a place not after this one.
    Stored {
        upto_seq: u64,
    },
    Refused {
        reason: String,
    },
}

impl Meta {
    /// Nothing of what was said is left.
    pub(super) fn forget(&mut self) {
        self.writers.clear();
        self.first_seq = 0;
        self.unread = 0;
        self.visitor.clear();
        (self.delivered, self.seen) = (Marks::default(), Marks::default());
    }

    pub fn new(site: SiteId, conversation: ConversationId) -> Meta {
        Meta {
            site,
            conversation,
            epoch: Epoch::default(),
            last_seq: 0,
            delivered_upto: 0,
            delivered: Marks::default(),
            seen: Marks::default(),
            unread: 0,
            visitor: String::new(),
            writers: BTreeMap::new(),
            first_seq: 0,
            retention_days: default_retention_days(),
            ending: None,
        }
    }

    pub fn upto_n(&self, writer: &WriterId) -> u64 {
        self.writers.get(writer).map_or(0, |written| written.n)
    }

    pub fn ack_of(&self, writer: &WriterId) -> Option<Ack> {
        let written = self.writers.get(writer).filter(|written| written.seq > 0)?;
        Some(Ack { writer: writer.clone(), upto_n: written.stored_n, seq: written.seq })
    }

    /// Whether the other side writes under this name, or as the page of which it tells (WRITER-1).
    pub(super) fn is_of_other_side(&self, writer: &WriterId, side: Side) -> bool {
        [writer.as_str(), page_of(writer.as_str())].into_iter().any(|page| {
            self.lanes_of(page).any(|(_, written)| written.side.is_some_and(|whose| whose != side))
        })
    }

    /// What became of this message where it came under another name of its lane (NAME-2).
    pub(super) fn known(&self, id: &MessageId, writer: &WriterId) -> Option<Known> {
        let name = Name::of(id.as_str())?;
        let others = self.lanes_of(name.page).filter(|(other, _)| *other != writer);
        others.into_iter().find_map(|(other, written)| {
            let n = name.n_of(other).filter(|n| (1..=written.n).contains(n))?;
            let refused = written.refused.iter().find(|refused| refused.n == n);
            Some(match refused {
                Some(refused) => Known::Refused { reason: refused.reason.clone() },
                None if n > written.stored_n => Known::Refused { reason: "refused".to_owned() },
                None => Known::Stored { upto_seq: written.seq },
            })
        })
    }

    /// The writers of a page: its own name, and those after which its lane was renamed (ADOPT-2).
    fn lanes_of<'a>(&'a self, page: &'a str) -> impl Iterator<Item = (&'a WriterId, &'a Written)> {
        let first = WriterId::parse(page).unwrap_or_default();
        let alike =
            self.writers.range(first..).take_while(move |(writer, _)| writer.as_str().starts_with(page));
        alike.filter(move |(writer, _)| {
            writer.as_str() == page || Name::of(writer.as_str()).is_some_and(|name| name.page == page)
        })
    }

    /// Whose the writers of a row without sides are: the log knows of each one's last message.
    pub(super) fn recall_sides(&mut self, log: &dyn Log) {
        for written in self.writers.values_mut().filter(|written| written.side.is_none() && written.seq > 0) {
            let last = log.after(written.seq - 1, 1).pop().filter(|message| message.seq == written.seq);
            written.side = last.map(|message| message.author.side());
        }
    }

    /// The nth message of this writer stands at a place not after `seq`, and none of its former ones does.
    pub(super) fn accepted(&mut self, writer: &WriterId, side: Side, n: u64, seq: u64) {
        self.make_room_for(writer, side);
        let written = self.writers.entry(writer.clone()).or_default();
        (written.n, written.stored_n, written.seq, written.side) = (n, n, seq.max(written.seq), Some(side));
    }

    fn make_room_for(&mut self, writer: &WriterId, side: Side) {
        if self.writers.len() < MAX_WRITERS || self.writers.contains_key(writer) {
            return;
        }
        // The side that has more of them makes room, so that nobody makes us forget the other side's.
        let of = |side| self.writers.values().filter(|written| written.side == Some(side)).count();
        let crowd = if of(side.other()) > of(side) { side.other() } else { side };
        let theirs = self.writers.iter().filter(|(_, written)| written.side.is_none_or(|side| side == crowd));
        let oldest = theirs.min_by_key(|(_, written)| written.seq);
        if let Some(oldest) = oldest.map(|(writer, _)| writer.clone()) {
            self.writers.remove(&oldest);
        }
    }

    /// Where an unknown writer starts.
    pub(super) fn begin_after(&mut self, writer: &WriterId, side: Side, n: u64) {
        if n > 0 && !self.writers.contains_key(writer) {
            self.make_room_for(writer, side);
            self.writers.insert(writer.clone(), Written { n, side: Some(side), ..Written::default() });
        }
    }

    /// Counts a refused n as used. A writer of whom nothing is stored keeps seq 0.
    pub(super) fn refused(&mut self, writer: &WriterId, side: Side, refused: Refused) {
        if self.writers.len() >= MAX_WRITERS && !self.writers.contains_key(writer) {
            return;
        }
        let written = self.writers.entry(writer.clone()).or_default();
        (written.n, written.side) = (refused.n, Some(side));
        written.refused.push(refused);
        if written.refused.len() > MAX_REFUSED {
            written.refused.remove(0);
        }
        if self.writers.values().map(|written| written.refused.len()).sum::<usize>() > MAX_REFUSED_IN_ALL {
            // Of whoever has written least lately, and least of all of the one whom this is about.
            let others = self
                .writers
                .iter_mut()
                .filter(|(other, written)| *other != writer && !written.refused.is_empty());
            if let Some((_, written)) = others.min_by_key(|(_, written)| written.seq) {
                written.refused.remove(0);
            }
        }
    }

    pub(super) fn refusal(&self, writer: &WriterId, n: u64) -> Option<&Refused> {
        self.refusals(writer).iter().find(|refused| refused.n == n)
    }

    pub(super) fn refusals(&self, writer: &WriterId) -> &[Refused] {
        self.writers.get(writer).map_or(&[], |written| &written.refused)
    }
}
