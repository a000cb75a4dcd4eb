//! One visitor's conversation with one site: the log, the links of tabs and consoles, marks, and the outbox
//! towards the origin. Needs nobody else to acknowledge a message: site, gate and origin may be slow or dead.
//!
//! Store before acknowledge: a [`Output::Store`] always comes before the frames that speak of what it stores, and
//! the driver performs outputs in order (STORE-1).

mod accept;
mod ahead;
mod backlog;
#[cfg(feature = "commit-each")]
mod each;
mod ending;
mod greeting;
mod leaving;
mod link;
mod marks;
mod meta;
mod name;
mod notice;
mod receipts;
mod reply;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use shared::Millis;
use shared::close::CloseCode;
use shared::frame::{ClientFrame, EdgeFrame, Spread, Summary};
use shared::id::{ConversationId, SiteId};
use shared::limits::SNAPSHOT;
use shared::message::{Message, Side};
use shared::mode::Notice;
use shared::outbox::Outbox;

use crate::admission::Client;
use crate::silence::Silence;

use accept::Batch;
use ahead::Ahead;
use backlog::RESTORED;
pub use link::{LinkId, LinkInfo, Peer};
pub use meta::{MAX_WRITERS, Meta};
pub use receipts::Parked;

/// Reads the stored log. Writes are outputs.
pub trait Log {
    /// Messages after `seq`, oldest first.
    fn after(&self, seq: u64, limit: u64) -> Vec<Message>;
    /// The last messages before `seq`, oldest first.
    fn before(&self, seq: u64, limit: u64) -> Vec<Message>;
    /// Messages of the visitor after `seq`.
    fn unread(&self, seq: u64) -> u64;
}

#[derive(Clone, Debug)]
pub enum Input {
    Opened {
        link: LinkId,
        peer: Peer,
        notice: Notice,
        token: Option<String>,
        client: Box<Client>,
    },
    Frames {
        link: LinkId,
        frames: Vec<ClientFrame>,
    },
    /// The same, from somebody who has said too much: only the first messages are taken (LIMIT-1).
    TooMany {
        link: LinkId,
        frames: Vec<ClientFrame>,
        taken: u64,
        reason: &'static str,
    },
    Closed {
        link: LinkId,
    },
    /// When the links were last heard, as far as the driver can see.
    Heard(Vec<(LinkId, Millis)>),
    /// The site's word on mode and connected agents.
    Notice(Notice),
    /// How reconnects are spread now; `again`: those who are greeted already were told too little.
    Spread {
        spread: Spread,
        again: bool,
    },
    /// The last [`Output::Store`] is on disk.
    Stored,
    /// The gate took the announcement; without a pull by `again_ms`, announce again.
    Announced {
        again_ms: Millis,
    },
    AnnounceFailed,
    /// The visitor wants this conversation forgotten.
    Forget,
    /// Whether the site has taken the conversation off its list.
    Gone {
        told: bool,
    },
    /// The origin's answers to what was pulled.
    Receipts(Vec<shared::event::Receipt>),
    Timeout,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// In one transaction: these messages, and the meta row.
    Store {
        messages: Vec<Message>,
        meta: Box<Meta>,
    },
    /// Messages up to here leave the log.
    Trim {
        upto_seq: u64,
    },
    /// In one transaction: the log and everything beside it is erased, and only this row is left.
    Forget {
        meta: Box<Meta>,
    },
    /// Tell the site that this conversation is no more.
    TellGone,
    /// Nobody has to hear of the end any more: nothing is left, not even the row.
    Delete,
    /// A message that the origin refused for good.
    Park(Parked),
    Send(LinkId, EdgeFrame),
    Close(LinkId, CloseCode),
    /// What a link must survive hibernation with; costs no row.
    Attach(Box<LinkInfo>),
    /// Tell the gate that there is a backlog.
    Announce,
    /// Tell the site how this conversation looks in the agents' list.
    Notify(Summary),
}

pub struct Conversation {
    meta: Meta,
    /// Whether anything is stored: nothing is before the first message (COST-1).
    stored: bool,
    /// Accepted, not stored yet.
    batch: Batch,
    /// A store is on its way to the disk.
    storing: bool,
    links: BTreeMap<LinkId, LinkInfo>,
    silence: Silence,
    /// The visitor may have gone together with a former instance, which then told nobody.
    went_unheard: bool,
    notice: Notice,
    spread: Spread,
    /// Towards the origin: one cursor over the log.
    outbox: Outbox,
    announced: bool,
    reannounce_at: Option<Millis>,
    /// The site has not heard of the end.
    tell_gone_at: Option<Millis>,
    /// Somebody had it open when it would have ended.
    here_until: Millis,
    /// The last message, for the agents' list.
    last: Option<Message>,
    outputs: VecDeque<Output>,
    #[cfg(feature = "commit-each")]
    line: each::Line,
}

impl Conversation {
    pub fn new(site: SiteId, id: ConversationId) -> Conversation {
        Conversation::with(Meta::new(site, id), false, None)
    }

    /// Rebuilds the machine from what is stored and from what its links carry.
    pub fn restore(mut meta: Meta, links: Vec<LinkInfo>, log: &dyn Log) -> Conversation {
        meta.recall_sides(log);
        let last = log.before(meta.last_seq + 1, 1).pop();
        let mut conversation = Conversation::with(meta, true, last);
        conversation.adopt_links(links);
        conversation.went_unheard = !conversation.has_visitor();
        // Whether the gate knows of a backlog died with the former instance.
        conversation.reannounce_at = (conversation.outbox.waiting() > 0).then_some(RESTORED);
        conversation.tell_gone_at = conversation.meta.ending.filter(|ending| ending.site).map(|_| 0);
        conversation
    }

    /// Like `new`, for an object that wakes up with links and without a log.
    pub fn restore_unstored(site: SiteId, id: ConversationId, links: Vec<LinkInfo>) -> Conversation {
        let mut conversation = Conversation::new(site, id);
        conversation.adopt_links(links);
        conversation
    }

    fn with(meta: Meta, stored: bool, last: Option<Message>) -> Conversation {
        Conversation {
            outbox: Outbox::resume(meta.delivered_upto, meta.last_seq),
            meta,
            stored,
            batch: Batch::default(),
            storing: false,
            links: BTreeMap::new(),
            silence: Silence::default(),
            went_unheard: false,
            notice: Notice::default(),
            spread: Spread::default(),
            announced: false,
            reannounce_at: None,
            tell_gone_at: None,
            here_until: 0,
            last,
            outputs: VecDeque::new(),
            #[cfg(feature = "commit-each")]
            line: each::Line::default(),
        }
    }

    pub fn handle(&mut self, now: Millis, input: Input, log: &dyn Log) {
        self.take_turn(now);
        self.end_expired(now);
        match input {
            Input::Opened { link, peer, notice, token, client } => {
                self.opened(now, link, peer, notice, token, *client);
            }
            #[cfg(not(feature = "commit-each"))]
            Input::Frames { link, frames } => self.frames(now, link, frames, (u64::MAX, ""), log),
            #[cfg(feature = "commit-each")]
            Input::Frames { link, frames } => self.frames_one_by_one(now, link, frames, log),
            Input::TooMany { link, frames, taken, reason } => {
                self.frames(now, link, frames, (taken, reason), log);
            }
            Input::Closed { link } => self.left(&[link]),
            Input::Heard(heard) => self.end_silent(now, &heard),
            Input::Notice(notice) => self.noticed(notice),
            Input::Spread { spread, again } => {
                self.spread = spread;
                if again {
                    self.broadcast(None, &EdgeFrame::Spread(spread));
                }
            }
            Input::Stored => {
                self.storing = false;
                self.commit(now);
                #[cfg(feature = "commit-each")]
                self.next_in_line(now, log);
            }
            Input::Announced { again_ms } => self.announcement_taken(now, again_ms),
            Input::AnnounceFailed => self.announcement_failed(now),
            Input::Forget => self.forget(now),
            Input::Gone { told } => self.gone(now, told),
            Input::Receipts(receipts) => self.receipts(now, receipts, log),
            Input::Timeout => {
                self.timeout_ending(now);
                self.timeout_backlog(now);
                if std::mem::take(&mut self.went_unheard) && !self.has_visitor() {
                    self.notify_presence();
                }
            }
        }
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call with [`Input::Timeout`]: for the driver's alarm.
    pub fn poll_timeout(&self) -> Option<Millis> {
        [self.reannounce_at, self.tell_gone_at, self.expires_at()].into_iter().flatten().min()
    }

    /// LINK-7: it knows whether the driver is to look at its links before it hands in what comes.
    pub fn silence(&mut self) -> &mut Silence {
        &mut self.silence
    }

    /// When it is to look although nothing comes: an alarm, so not before anything is stored (COST-1), and not while there is nobody
    /// whom it would be told.
    pub fn look_at(&self) -> Option<Millis> {
        self.silence.look_at().filter(|_| self.stored && self.has_visitor())
    }

    fn has_visitor(&self) -> bool {
        self.links.values().any(|info| info.peer.side() == Side::Visitor)
    }

    /// Whether there is a row of it.
    pub fn is_stored(&self) -> bool {
        self.stored
    }

    /// Whether it has a message, stored or on its way.
    pub fn has_begun(&self) -> bool {
        self.meta.last_seq > 0
    }

    /// Links that have been greeted.
    pub fn greeted(&self) -> u64 {
        self.links.values().filter(|info| info.greeted).count() as u64
    }

    pub fn link(&self, link: LinkId) -> Option<&LinkInfo> {
        self.links.get(&link)
    }

    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    fn frames(
        &mut self,
        now: Millis,
        link: LinkId,
        frames: Vec<ClientFrame>,
        (mut taken, too_many): (u64, &'static str),
        log: &dyn Log,
    ) {
        self.silence.heard(now, link);
        // HELLO-3: one message costs at most one snapshot and one page of history.
        let (mut greeted, mut looked_back) = (false, false);
        for frame in marks::once(frames) {
            // LINK-1: frames of a link that is gone are ignored.
            let Some(info) = self.links.get(&link) else { break };
            let (side, author, name) = (info.peer.side(), info.peer.author(), info.peer.name().to_owned());
            match frame {
                ClientFrame::Hello(_) if std::mem::replace(&mut greeted, true) => {}
                ClientFrame::History { .. } if std::mem::replace(&mut looked_back, true) => {}
                ClientFrame::Hello(hello) => {
                    // RESUME-4: what came before the hello is part of what it is told.
                    self.commit(now);
                    self.hello(link, &hello, log);
                }
                ClientFrame::Send(send) => {
                    let left = taken > 0;
                    taken = taken.saturating_sub(1);
                    match self.misplaced(side, &send) {
                        Some(reason) => self.refuse(link, send, reason),
                        None => {
                            self.accept(now, Some(link), author, name, send, (!left).then_some(too_many));
                        }
                    }
                }
                ClientFrame::Delivered { upto_seq } => self.mark(link, side, upto_seq, false, log),
                ClientFrame::Seen { upto_seq } => {
                    self.commit(now);
                    self.mark(link, side, upto_seq, true, log);
                }
                ClientFrame::Typing { on } => self.broadcast(Some(link), &EdgeFrame::Typing { side, on }),
                ClientFrame::History { before_seq } => {
                    self.commit(now);
                    let messages = Ahead::of(log, &self.outputs).before(before_seq, SNAPSHOT);
                    self.outputs.push_back(Output::Send(link, EdgeFrame::History { messages }));
                }
                ClientFrame::Ping => self.outputs.push_back(Output::Send(link, EdgeFrame::Pong)),
                ClientFrame::Unknown => {}
            }
        }
        self.commit_unless_storing(now);
    }

    fn broadcast(&mut self, except: Option<LinkId>, frame: &EdgeFrame) {
        for info in self.links.values().filter(|info| info.greeted && Some(info.link) != except) {
            self.outputs.push_back(Output::Send(info.link, frame.clone()));
        }
    }
}
