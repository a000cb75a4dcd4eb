//! Bugs planted from outside, to prove that the simulation finds such things. The machines are the real ones.

use std::collections::BTreeMap;

use edge::conversation::{self, LinkId};
use shared::Millis;
use shared::event::{Event, Outcome, Receipt};
use shared::frame::{Ack, ClientFrame, EdgeFrame, Send};
use shared::id::{Epoch, MessageId, WriterId};
use shared::message::Message;
use shared::session::{self, Link};

use super::sim_browser::TabId;

/// Stands between the parties and the network. Everything passes unchanged by default.
pub trait Adapter {
    /// What a browser says, before anybody has looked at it.
    fn browser_says(&mut self, frames: Vec<ClientFrame>) -> Vec<ClientFrame> {
        frames
    }

    /// The same, at the machine's door.
    fn edge_hears(&mut self, frames: Vec<ClientFrame>) -> Vec<ClientFrame> {
        frames
    }

    fn edge_does(&mut self, outputs: Vec<conversation::Output>) -> Vec<conversation::Output> {
        outputs
    }

    fn browser_does(&mut self, outputs: Vec<session::Output>) -> Vec<session::Output> {
        outputs
    }

    /// What the edge says, before the session hears it.
    fn browser_hears(&mut self, _: TabId, frames: Vec<EdgeFrame>) -> Vec<EdgeFrame> {
        frames
    }

    /// The link that frames are taken to have come on.
    fn link_heard(&mut self, link: Link, _current: Option<Link>) -> Link {
        link
    }

    /// Whether a socket that has ended is taken for a new one when it speaks.
    fn revives_orphans(&mut self) -> bool {
        false
    }

    /// Whether the alarm's handler throws, so that the platform gives the alarm up.
    fn alarm_throws(&mut self) -> bool {
        false
    }

    /// When each link was last heard, as an edge sees it that looks (LINK-7).
    fn edge_sees(&mut self, _now: Millis, heard: Vec<(LinkId, Millis)>) -> Vec<(LinkId, Millis)> {
        heard
    }

    /// Receipts that a conversation is given for what was only pulled.
    fn receipts_for_pulled(&mut self, _: &[Event]) -> Vec<Receipt> {
        Vec::new()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    AckBeforeStore,
    NoDedupe,
    /// Now and then a browser is not told that the origin has its messages.
    ReceiptLost,
    ResumeOffByOne,
    /// What was missed is replayed twice, the second time at places of its own.
    DoubledReplay,
    /// A socket that has ended is taken for a new one when it speaks.
    OrphanHeard,
    /// The browser erases a message when it is sent, instead of waiting for the origin.
    OutboxClearedBeforeAck,
    AlarmThrows,
    /// What the origin was sent counts as what it has.
    CursorBeforeReceipt,
    /// The browser takes a new log for the old one.
    EpochIgnored,
    /// The edge reads its log in the order of the clock.
    OrderByClock,
    /// Frames that come on a former link count as if they came on the new one.
    FormerLinkHeard,
    /// The edge says that the origin has everything that was stored.
    ReceiptBeforeOrigin,
    /// A link that has died without a word counts as open.
    GhostStays,
}

impl Bug {
    pub const ALL: [Bug; 14] = [
        Bug::AckBeforeStore,
        Bug::NoDedupe,
        Bug::ReceiptLost,
        Bug::ResumeOffByOne,
        Bug::DoubledReplay,
        Bug::OrphanHeard,
        Bug::OutboxClearedBeforeAck,
        Bug::AlarmThrows,
        Bug::CursorBeforeReceipt,
        Bug::EpochIgnored,
        Bug::OrderByClock,
        Bug::FormerLinkHeard,
        Bug::ReceiptBeforeOrigin,
        Bug::GhostStays,
    ];

    pub fn plant(bug: Option<Bug>) -> Box<dyn Adapter> {
        match bug {
            None => Box::new(Faithful),
            Some(Bug::AckBeforeStore) => Box::new(AckBeforeStore),
            Some(Bug::NoDedupe) => Box::<NoDedupe>::default(),
            Some(Bug::ReceiptLost) => Box::<ReceiptLost>::default(),
            Some(Bug::ResumeOffByOne) => Box::new(ResumeOffByOne),
            Some(Bug::DoubledReplay) => Box::new(DoubledReplay),
            Some(Bug::OrphanHeard) => Box::new(OrphanHeard),
            Some(Bug::OutboxClearedBeforeAck) => Box::<OutboxClearedBeforeAck>::default(),
            Some(Bug::AlarmThrows) => Box::new(AlarmThrows),
            Some(Bug::CursorBeforeReceipt) => Box::new(CursorBeforeReceipt),
            Some(Bug::EpochIgnored) => Box::<EpochIgnored>::default(),
            Some(Bug::OrderByClock) => Box::new(OrderByClock),
            Some(Bug::FormerLinkHeard) => Box::new(FormerLinkHeard),
            Some(Bug::ReceiptBeforeOrigin) => Box::new(ReceiptBeforeOrigin),
            Some(Bug::GhostStays) => Box::new(GhostStays),
        }
    }
}

struct Faithful;

impl Adapter for Faithful {}

struct AckBeforeStore;

impl Adapter for AckBeforeStore {
    fn edge_does(&mut self, mut outputs: Vec<conversation::Output>) -> Vec<conversation::Output> {
        outputs.sort_by_key(|output| !matches!(output, conversation::Output::Send(_, EdgeFrame::Ack(_))));
        outputs
    }
}

/// Every send gets a writer of its own, and so another name, on its way in; what speaks of it gets the old ones on its way out.
#[derive(Default)]
struct NoDedupe {
    names: BTreeMap<WriterId, Send>,
}

impl NoDedupe {
    fn restore(&self, message: &mut Message) {
        let by = |(writer, _): (&str, &str)| WriterId::parse(writer);
        if let Some(send) =
            message.id.as_str().rsplit_once('.').and_then(by).and_then(|it| self.names.get(&it))
        {
            message.id.clone_from(&send.id);
        }
    }
}

impl Adapter for NoDedupe {
    fn edge_hears(&mut self, mut frames: Vec<ClientFrame>) -> Vec<ClientFrame> {
        for frame in &mut frames {
            if let ClientFrame::Send(send) = frame {
                let name = WriterId::parse(&format!("new{}", self.names.len())).unwrap_or_default();
                let id = MessageId::parse(&format!("{name}.1")).unwrap_or_default();
                let another = Send { id, writer: name.clone(), n: 1, text: send.text.clone() };
                self.names.insert(name, std::mem::replace(send, another));
            }
        }
        frames
    }

    fn edge_does(&mut self, mut outputs: Vec<conversation::Output>) -> Vec<conversation::Output> {
        for output in &mut outputs {
            match output {
                conversation::Output::Store { messages, .. } => {
                    messages.iter_mut().for_each(|message| self.restore(message));
                }
                conversation::Output::Send(_, EdgeFrame::Event(message)) => self.restore(message),
                conversation::Output::Send(_, EdgeFrame::Welcome(welcome)) => {
                    welcome.messages.iter_mut().for_each(|message| self.restore(message));
                }
                conversation::Output::Send(_, EdgeFrame::Ack(ack)) => {
                    if let Some(send) = self.names.get(&ack.writer) {
                        *ack = Ack { writer: send.writer.clone(), upto_n: send.n, seq: ack.seq };
                    }
                }
                _ => {}
            }
        }
        outputs
    }
}

struct ResumeOffByOne;

impl Adapter for ResumeOffByOne {
    fn browser_says(&mut self, mut frames: Vec<ClientFrame>) -> Vec<ClientFrame> {
        for frame in &mut frames {
            if let ClientFrame::Hello(hello) = frame
                && let Some(resume) = &mut hello.resume
            {
                resume.last_seq += 1;
            }
        }
        frames
    }
}

/// "Sent" is taken for "safe".
#[derive(Default)]
struct OutboxClearedBeforeAck {
    sent: BTreeMap<MessageId, u32>,
}

impl Adapter for OutboxClearedBeforeAck {
    fn browser_does(&mut self, outputs: Vec<session::Output>) -> Vec<session::Output> {
        let mut out = Vec::new();
        for output in outputs {
            let erased = match &output {
                session::Output::Send(_, ClientFrame::Send(send)) => {
                    let times = self.sent.entry(send.id.clone()).or_default();
                    *times += 1;
                    (*times == 1).then(|| send.id.clone())
                }
                _ => None,
            };
            out.push(output);
            out.extend(erased.map(session::Output::Erase));
        }
        out
    }
}

struct ReceiptBeforeOrigin;

impl Adapter for ReceiptBeforeOrigin {
    fn edge_does(&mut self, outputs: Vec<conversation::Output>) -> Vec<conversation::Output> {
        let mut out = Vec::new();
        for mut output in outputs {
            let mut early = None;
            match &mut output {
                conversation::Output::Send(_, EdgeFrame::Welcome(welcome)) => {
                    welcome.receipted_upto = welcome.last_seq;
                }
                conversation::Output::Send(link, EdgeFrame::Ack(ack)) => {
                    early = Some((*link, EdgeFrame::Receipted { upto_seq: ack.seq }));
                }
                _ => {}
            }
            out.push(output);
            out.extend(early.map(|(link, frame)| conversation::Output::Send(link, frame)));
        }
        out
    }
}

/// Every fourth word of what the origin has gets lost, and is not said again before something else is.
#[derive(Default)]
struct ReceiptLost {
    told: u64,
}

impl Adapter for ReceiptLost {
    fn edge_does(&mut self, mut outputs: Vec<conversation::Output>) -> Vec<conversation::Output> {
        outputs.retain(|output| {
            let receipt = matches!(output, conversation::Output::Send(_, EdgeFrame::Receipted { .. }));
            self.told += u64::from(receipt);
            !receipt || !self.told.is_multiple_of(4)
        });
        outputs
    }
}

/// Every socket that is there counts as one that was just heard.
struct GhostStays;

impl Adapter for GhostStays {
    fn edge_sees(&mut self, now: Millis, heard: Vec<(LinkId, Millis)>) -> Vec<(LinkId, Millis)> {
        heard.into_iter().map(|(link, _)| (link, now)).collect()
    }
}

struct DoubledReplay;

impl Adapter for DoubledReplay {
    fn edge_does(&mut self, mut outputs: Vec<conversation::Output>) -> Vec<conversation::Output> {
        for output in &mut outputs {
            if let conversation::Output::Send(_, EdgeFrame::Welcome(welcome)) = output
                && welcome.replay
            {
                let places = welcome.last_seq + 1..;
                let again = welcome.messages.iter().cloned().zip(places);
                let again: Vec<Message> = again.map(|(message, seq)| Message { seq, ..message }).collect();
                welcome.last_seq += again.len() as u64;
                welcome.messages.extend(again);
            }
        }
        outputs
    }
}

struct OrphanHeard;

impl Adapter for OrphanHeard {
    fn revives_orphans(&mut self) -> bool {
        true
    }
}

struct AlarmThrows;

impl Adapter for AlarmThrows {
    fn alarm_throws(&mut self) -> bool {
        true
    }
}

struct CursorBeforeReceipt;

impl Adapter for CursorBeforeReceipt {
    fn receipts_for_pulled(&mut self, events: &[Event]) -> Vec<Receipt> {
        let taken = |event: &Event| Receipt {
            id: event.id.clone(),
            source: event.source.clone(),
            result: Outcome::Accepted,
            reason: String::new(),
            retry_after_ms: None,
        };
        events.iter().map(taken).collect()
    }
}

#[derive(Default)]
struct EpochIgnored {
    first: BTreeMap<TabId, Epoch>,
}

impl Adapter for EpochIgnored {
    fn browser_hears(&mut self, tab: TabId, mut frames: Vec<EdgeFrame>) -> Vec<EdgeFrame> {
        for frame in &mut frames {
            if let EdgeFrame::Welcome(welcome) = frame {
                welcome.epoch = *self.first.entry(tab).or_insert(welcome.epoch);
            }
        }
        frames
    }
}

struct OrderByClock;

impl Adapter for OrderByClock {
    fn edge_does(&mut self, mut outputs: Vec<conversation::Output>) -> Vec<conversation::Output> {
        for output in &mut outputs {
            let conversation::Output::Send(_, frame) = output else { continue };
            match frame {
                EdgeFrame::Welcome(welcome) => welcome.messages.sort_by_key(|message| message.at_ms),
                EdgeFrame::History { messages } => messages.sort_by_key(|message| message.at_ms),
                _ => {}
            }
        }
        outputs
    }
}

struct FormerLinkHeard;

impl Adapter for FormerLinkHeard {
    fn link_heard(&mut self, link: Link, current: Option<Link>) -> Link {
        current.unwrap_or(link)
    }
}
