//! One visitor's conversation with one site: the log, the links of tabs and consoles, marks, and the outbox
//! towards the origin. Needs nobody else to acknowledge a message: site, gate and origin may be slow or dead.
//!
//! Store before acknowledge: a [`Output::Store`] always comes before the frames that speak of what it stores, and
//! the driver performs outputs in order (STORE-1).

mod accept;
mod ahead;
#[cfg(feature = "commit-each")]
mod each;
mod ending;
mod link;
mod meta;
mod receipts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use shared::Millis;
use shared::close::CloseCode;
use shared::event::{Event, MAX_BATCH, Outcome, Reply};
use shared::frame::{ClientFrame, EdgeFrame, Hello, PROTOCOL, Send, Spread, Summary, Welcome};
use shared::id::{ConversationId, SiteId};
use shared::limits::{MAX_LINKS_PER_CONVERSATION, MAX_REPLAY, MAX_WRITERS_PER_HELLO, SNAPSHOT};
use shared::message::{Author, Message, Side};
use shared::mode::Notice;
use shared::outbox::Outbox;

use crate::admission::Client;

use accept::{Accepted, Batch};
use ahead::Ahead;
pub use link::{LinkId, LinkInfo, Peer};
use meta::Refused;
pub use meta::{MAX_WRITERS, Meta};
pub use receipts::Parked;

/// The safety net: a backlog that nobody has fetched by then is announced again. The gate's answer gives the
/// delay of the following ones.
pub const FIRST_REANNOUNCE_MS: Millis = 10_000;
/// After a restart of the edge every conversation finds a backlog, if only because its cursor is older than what it has
/// delivered. The gate has those that count in its stored index, so they announce themselves within this, one after the other.
pub const RESTORED_WITHIN_MS: Millis = 30_000;
/// An alarm may be so late.
const ON_TIME_MS: Millis = 2_000;
/// In place of a time: as soon as there is one.
const RESTORED: Millis = 0;

/// Characters of a message that the agents' list shows.
const PREVIEW_CHARS: usize = 120;

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
    pub fn restore(meta: Meta, links: Vec<LinkInfo>, log: &dyn Log) -> Conversation {
        let last = log.before(meta.last_seq + 1, 1).pop();
        let mut conversation = Conversation::with(meta, true, last);
        conversation.adopt_links(links);
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

    fn adopt_links(&mut self, links: Vec<LinkInfo>) {
        for info in links {
            if !self.stored {
                self.meta.epoch = self.meta.epoch.max(info.epoch);
            }
            if info.epoch == self.meta.epoch {
                for side in [Side::Visitor, Side::Agent] {
                    self.meta.delivered.raise(side, info.delivered.of(side));
                    self.meta.seen.raise(side, info.seen.of(side));
                }
                self.outbox.acked(info.delivered_upto);
            }
            if info.notice.version >= self.notice.version {
                self.notice = info.notice.clone();
            }
            self.links.insert(info.link, info);
        }
        self.meta.delivered_upto = self.outbox.acked_upto();
    }

    pub fn handle(&mut self, now: Millis, input: Input, log: &dyn Log) {
        if self.reannounce_at == Some(RESTORED) {
            // The log's epoch is the time of its first message, and as good as chance. Its turn comes at the same moment of every
            // such span: an object that was put to sleep meanwhile, and is restored by its alarm, must not wait for another.
            let since = now.saturating_sub(self.meta.epoch.0) % RESTORED_WITHIN_MS;
            let wait = if since < ON_TIME_MS { 0 } else { RESTORED_WITHIN_MS - since };
            self.reannounce_at = Some(now + wait);
        }
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
            Input::Closed { link } => {
                let here = self.here();
                if self.links.remove(&link).is_some_and(|info| info.peer.side() == Side::Visitor) {
                    self.notify_presence();
                }
                self.tell_who_is_here(&here);
                self.hand_cursor_on();
            }
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
            Input::Announced { again_ms } => {
                self.reannounce_at = (self.outbox.waiting() > 0).then_some(now + again_ms);
            }
            Input::AnnounceFailed => {
                self.announced = false;
                self.reannounce_at = Some(now + FIRST_REANNOUNCE_MS);
            }
            Input::Forget => self.forget(now),
            Input::Gone { told } => self.gone(now, told),
            Input::Receipts(receipts) => self.receipts(now, receipts, log),
            Input::Timeout => {
                self.timeout_ending(now);
                if self.reannounce_at.is_some_and(|at| now >= at) {
                    self.reannounce_at = None;
                    self.announced = false;
                    self.announce(now);
                }
            }
        }
    }

    /// A reply written in the origin. The outcome is known at once.
    pub fn reply(&mut self, now: Millis, reply: Reply) -> (Outcome, String) {
        if let Some(ending) = self.meta.ending {
            return (Outcome::Refused, ending.close_code().name().to_owned());
        }
        let author = Author::Agent(reply.agent);
        // EPOCH-3: the origin numbers its replies for the life of the conversation; after a loss of storage the
        // first n seen is the start. Its posts are ordered, so nothing can come before it.
        self.meta.begin_after(&reply.writer, reply.n.saturating_sub(1));
        let (writer, n) = (reply.writer.clone(), reply.n);
        let send = Send { id: reply.id, writer: reply.writer, n, text: reply.text };
        let outcome = match self.accept(now, None, author, link::shortened(&reply.name), send, None) {
            Accepted::New => (Outcome::Accepted, String::new()),
            // NACK-3: a refusal that is asked for again, and a number that was never one, are no success.
            Accepted::Duplicate => match self.meta.refusal(&writer, n) {
                Some(refused) => (Outcome::Refused, refused.reason.clone()),
                None if n == 0 => (Outcome::Refused, "not-numbered".to_owned()),
                None => (Outcome::Duplicate, String::new()),
            },
            Accepted::Gap => (Outcome::Later, "gap".to_owned()),
            Accepted::NotNow(reason) => (Outcome::Later, reason.to_owned()),
            Accepted::Refused(reason) => (Outcome::Refused, reason.to_owned()),
        };
        self.commit(now);
        outcome
    }

    /// The next events for the origin, oldest first, always from the first one without a receipt (one batch in
    /// flight per conversation is the gate's promise). They count once the outputs are performed.
    pub fn pull(&mut self, now: Millis, max: usize, log: &dyn Log) -> Vec<Event> {
        self.commit(now);
        self.outbox.broken();
        let Some((first, last)) = self.outbox.to_send(max.min(MAX_BATCH) as u64) else {
            return Vec::new();
        };
        self.outbox.sent(last);
        if self.meta.ending.is_some() {
            return vec![self.forgotten()];
        }
        let log = Ahead::of(log, &self.outputs);
        log.after(first - 1, last + 1 - first).into_iter().map(|message| self.event(message)).collect()
    }

    pub fn backlog(&self) -> u64 {
        self.outbox.waiting()
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call with [`Input::Timeout`]: for the driver's alarm.
    pub fn poll_timeout(&self) -> Option<Millis> {
        [self.reannounce_at, self.tell_gone_at, self.expires_at()].into_iter().flatten().min()
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

    // ---- links ----

    fn opened(
        &mut self,
        now: Millis,
        link: LinkId,
        peer: Peer,
        notice: Notice,
        token: Option<String>,
        client: Client,
    ) {
        if let Some(ending) = self.meta.ending {
            self.outputs.push_back(Output::Close(link, ending.close_code()));
            return;
        }
        if self.links.len() >= MAX_LINKS_PER_CONVERSATION {
            self.outputs.push_back(Output::Close(link, CloseCode::TOO_MANY_LINKS));
            return;
        }
        if !self.stored && self.meta.epoch.0 == 0 {
            self.meta.epoch.0 = now;
        }
        // A new link may bring the news before the site's own call does; those who are here hear of it, too.
        self.noticed(notice);
        let info = LinkInfo {
            link,
            peer: peer.shortened(),
            site: self.meta.site.clone(),
            conversation: self.meta.conversation.clone(),
            epoch: self.meta.epoch,
            greeted: false,
            token,
            delivered_upto: self.outbox.acked_upto(),
            delivered: self.meta.delivered,
            seen: self.meta.seen,
            notice: self.notice.clone(),
            answered: 0,
            client,
        };
        if info.peer.side() == Side::Visitor {
            self.meta.retention_days = info.client.limits.retention_days;
        }
        self.outputs.push_back(Output::Attach(Box::new(info.clone())));
        self.links.insert(link, info);
    }

    fn frames(
        &mut self,
        now: Millis,
        link: LinkId,
        frames: Vec<ClientFrame>,
        (mut taken, too_many): (u64, &'static str),
        log: &dyn Log,
    ) {
        // HELLO-3: one message costs at most one snapshot and one page of history.
        let (mut greeted, mut looked_back) = (false, false);
        for frame in frames {
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
                    self.accept(now, Some(link), author, name, send, (!left).then_some(too_many));
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

    fn hello(&mut self, link: LinkId, hello: &Hello, log: &dyn Log) {
        let last_seq = self.meta.last_seq;
        let resume = hello.resume.filter(|resume| {
            resume.epoch == self.meta.epoch
                // RESUME-2: a place that does not exist here means that one of us is mistaken; start over.
                && resume.last_seq <= last_seq
                && last_seq - resume.last_seq <= MAX_REPLAY
        });
        // What was committed just now is on its way into the log.
        let log = Ahead::of(log, &self.outputs);
        let messages = match resume {
            Some(resume) => log.after(resume.last_seq, MAX_REPLAY),
            None => log.before(last_seq + 1, SNAPSHOT),
        };
        // HELLO-1: a page has few outboxes; whoever names more costs no more.
        let unacked = &hello.unacked[..hello.unacked.len().min(MAX_WRITERS_PER_HELLO)];
        for writer in unacked {
            for Refused { id, n, reason } in self.meta.refusals(writer) {
                let nack = self.nack(id.clone(), writer.clone(), *n, reason, false);
                self.outputs.push_back(Output::Send(link, nack));
            }
        }
        let notice = self.told_notice();
        let Some(info) = self.links.get_mut(&link) else { return };
        let first = !info.greeted;
        info.greeted = true;
        let welcome = Welcome {
            protocol: PROTOCOL,
            conversation: Some(self.meta.conversation.clone()),
            epoch: self.meta.epoch,
            notice,
            spread: self.spread,
            token: info.token.take(),
            replay: resume.is_some(),
            messages,
            last_seq,
            acks: unacked.iter().filter_map(|writer| self.meta.ack_of(writer)).collect(),
            receipted_upto: self.outbox.acked_upto(),
            delivered: self.meta.delivered,
            seen: self.meta.seen,
            inbox: Vec::new(),
        };
        let (side, info) = (info.peer.side(), info.clone());
        self.outputs.push_back(Output::Attach(Box::new(info)));
        self.outputs.push_back(Output::Send(link, EdgeFrame::Welcome(Box::new(welcome))));
        if first && side == Side::Visitor {
            self.notify_presence();
        }
    }

    fn mark(&mut self, link: LinkId, side: Side, upto_seq: u64, seen: bool, log: &dyn Log) {
        // What is not stored is on nobody's screen.
        let upto_seq = upto_seq.min(self.meta.last_seq - self.batch.len());
        let mut moved = self.meta.delivered.raise(side, upto_seq);
        if seen {
            moved |= self.meta.seen.raise(side, upto_seq);
        }
        if !moved {
            return;
        }
        let frame =
            if seen { EdgeFrame::Seen { side, upto_seq } } else { EdgeFrame::Delivered { side, upto_seq } };
        self.broadcast(Some(link), &frame);
        self.attach(link);
        if seen && side == Side::Agent {
            self.meta.unread = Ahead::of(log, &self.outputs).unread(self.meta.seen.agent);
            self.notify();
        }
    }

    /// Keeps marks and cursor with a link, where they survive hibernation without a row.
    fn attach(&mut self, link: LinkId) {
        let Some(info) = self.links.get_mut(&link) else { return };
        info.delivered_upto = self.outbox.acked_upto();
        info.delivered = self.meta.delivered;
        info.seen = self.meta.seen;
        info.notice = self.notice.clone();
        self.outputs.push_back(Output::Attach(Box::new(info.clone())));
    }

    fn noticed(&mut self, notice: Notice) {
        // MODE-2: of two notices the later one wins.
        if notice.version <= self.notice.version {
            return;
        }
        self.notice = notice;
        self.broadcast(None, &EdgeFrame::Mode(self.told_notice()));
        if let Some(&link) = self.links.keys().next() {
            self.attach(link);
        }
    }

    /// MODE-10: whoever only reads is nobody's business.
    fn here(&self) -> String {
        let last = self.links.values().filter(|info| info.answered > 0).max_by_key(|info| info.answered);
        last.map(|info| info.peer.name().to_owned()).unwrap_or_default()
    }

    fn told_notice(&self) -> Notice {
        Notice { here: self.here(), ..self.notice.clone() }
    }

    /// Where it was somebody else before.
    fn tell_who_is_here(&mut self, before: &str) {
        if self.here() != before {
            self.broadcast(None, &EdgeFrame::Mode(self.told_notice()));
        }
    }

    fn broadcast(&mut self, except: Option<LinkId>, frame: &EdgeFrame) {
        for info in self.links.values().filter(|info| info.greeted && Some(info.link) != except) {
            self.outputs.push_back(Output::Send(info.link, frame.clone()));
        }
    }

    // ---- towards gate and site ----

    /// Once, when the backlog becomes non-empty; the alarm is the safety net.
    fn announce(&mut self, now: Millis) {
        if self.outbox.waiting() == 0 {
            self.announced = false;
            return;
        }
        self.reannounce_at.get_or_insert(now + FIRST_REANNOUNCE_MS);
        if !self.announced {
            self.announced = true;
            self.outputs.push_back(Output::Announce);
        }
    }

    fn notify_presence(&mut self) {
        // COST-1: a visitor who has written nothing is nobody's row.
        if self.meta.last_seq > 0 {
            self.notify();
        }
    }

    fn notify(&mut self) {
        let Some(last) = &self.last else { return };
        let present = |info: &LinkInfo| info.greeted && info.peer.side() == Side::Visitor;
        let summary = Summary {
            conversation: self.meta.conversation.clone(),
            name: self.meta.visitor.clone(),
            last_seq: last.seq,
            author: last.author.clone(),
            text: last.text.chars().take(PREVIEW_CHARS).collect(),
            at_ms: last.at_ms,
            unread: self.meta.unread,
            present: self.links.values().any(present),
        };
        self.outputs.push_back(Output::Notify(summary));
    }
}
