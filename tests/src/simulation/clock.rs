//! The virtual clock: what happens next, and when. Two things due at the same time happen in the order in which
//! they were planned, so that a seed always tells the same story.

use std::collections::BTreeMap;

use edge::conversation::LinkId;
use edge::origin_gate::{Answer, Turn};
use shared::Millis;
use shared::close::CloseCode;
use shared::codec::Saved;
use shared::event::{Event, Outcome as Verdict, Receipt};
use shared::frame::{ClientFrame, EdgeFrame};
use shared::mode::Notice;

use super::sim_browser::TabId;

/// Conversations by number.
pub type ConversationNo = usize;

/// Everything that can be due.
#[derive(Clone, Debug)]
pub enum Happening {
    /// The next random step of the faulty phase.
    Step,
    TabTimer {
        tab: TabId,
        timer: u64,
    },
    /// What a tab has said meanwhile goes out, in one message per link.
    TabSpeaks(TabId),
    /// What earlier pages left in the browser's storage has been read.
    StorageRead {
        tab: TabId,
        saved: Vec<Saved>,
    },
    /// The oldest pending write to the browser's storage is done.
    StorageLands(TabId),
    /// A tab's request for a link has come to the edge.
    Knocks(LinkId),
    OpenedAtBrowser(LinkId),
    Up(LinkId, Vec<ClientFrame>),
    Down(LinkId, Vec<EdgeFrame>),
    ClosedAtBrowser(LinkId, CloseCode),
    ClosedAtEdge(LinkId),
    Alarm(ConversationNo, Millis),
    /// A store has reached the disk.
    OnDisk {
        conversation: ConversationNo,
        life: u64,
    },
    NoticeArrives(ConversationNo, Notice),
    AnnounceArrives {
        conversation: ConversationNo,
        life: u64,
    },
    /// `again_ms`; nothing where the gate could not be reached.
    AnnounceAnswered {
        conversation: ConversationNo,
        life: u64,
        again_ms: Option<Millis>,
    },
    PullArrives {
        gate: u64,
        turn: Turn,
        conversation: ConversationNo,
        max: usize,
    },
    PullAnswered {
        gate: u64,
        turn: Turn,
        conversation: ConversationNo,
        events: Option<Vec<Event>>,
    },
    PostArrives {
        gate: u64,
        turn: Turn,
        events: Vec<Event>,
    },
    /// The origin's answer, or the deadline's.
    PostAnswered {
        gate: u64,
        turn: Turn,
        answer: Answer,
    },
    SettleArrives {
        gate: u64,
        turn: Turn,
        conversation: ConversationNo,
        receipts: Vec<Receipt>,
    },
    Settled {
        gate: u64,
        turn: Turn,
        conversation: ConversationNo,
        backlog: Option<u64>,
    },
    /// The origin's oldest waiting reply comes to the edge.
    ReplyArrives(ConversationNo),
    /// Nothing where the edge could not be reached, or its answer got lost.
    ReplyAnswered(ConversationNo, Option<Verdict>),
    GateTimer {
        gate: u64,
        timer: u64,
    },
    GateStarts(u64),
    OriginHeals(u64),
}

/// Twelve days: no time is 0 anywhere, so that nothing works only because 0 is in the past, and clocks that are a day
/// behind are not before the beginning of time.
pub const BEGINNING_MS: Millis = 1_000_000_000;

#[derive(Debug, Default)]
pub struct Clock {
    pub now: Millis,
    queue: BTreeMap<(Millis, u64), Happening>,
    planned: u64,
}

impl Clock {
    pub fn new() -> Clock {
        Clock { now: BEGINNING_MS, ..Clock::default() }
    }

    pub fn at(&mut self, at: Millis, what: Happening) {
        self.planned += 1;
        self.queue.insert((at.max(self.now), self.planned), what);
    }

    pub fn after(&mut self, wait_ms: Millis, what: Happening) {
        self.at(self.now + wait_ms, what);
    }

    /// Moves to what is due next.
    pub fn advance(&mut self) -> Option<Happening> {
        let ((at, _), what) = self.queue.pop_first()?;
        self.now = at;
        Some(what)
    }
}
