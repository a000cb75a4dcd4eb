//! Messages come in: each (writer, n) once and in order, stored together, then answered.

use shared::Millis;
use shared::event::{Event, Stored};
use shared::frame::{Ack, EdgeFrame, Nack, Send};
use shared::id::{MessageId, WriterId};
use shared::inbox::{Inbox, Verdict};
use shared::limits::MAX_TEXT_CHARS;
use shared::message::{Author, Message, Side};

use super::meta::{Known, Refused};
use super::name::{Name, page_of};
use super::{Conversation, LinkId, Output};

impl Conversation {
    pub(super) fn accept(
        &mut self,
        now: Millis,
        link: Option<LinkId>,
        author: Author,
        name: String,
        send: Send,
        too_many: Option<&'static str>,
    ) -> Accepted {
        let Send { id, writer, n, text } = send;
        let mut inbox = Inbox::after(self.meta.upto_n(&writer));
        let accepted = match inbox.accept(n) {
            Verdict::Duplicate => Accepted::Duplicate,
            // ORDER-1: within a writer nothing is stored before what was written earlier.
            Verdict::Gap => Accepted::Gap,
            Verdict::New => match self.meta.known(&id, &writer) {
                Some(Known::Stored { upto_seq }) => Accepted::Known { upto_seq },
                Some(Known::Refused { reason }) => Accepted::Refused(reason),
                None => match (refusal(&writer, &id, &text), too_many.or_else(|| self.full())) {
                    (Some(reason), _) => Accepted::Refused(reason.to_owned()),
                    (None, Some(reason)) => Accepted::NotNow(reason),
                    (None, None) => Accepted::New,
                },
            },
        };
        match accepted.clone() {
            Accepted::New => {
                let seq = self.outbox.push();
                self.meta.last_seq = seq;
                self.meta.accepted(&writer, author.side(), n, seq);
                if author == Author::Visitor {
                    self.meta.unread += 1;
                    self.meta.visitor.clone_from(&name);
                } else if let Some(link) = link {
                    self.answered(link, seq);
                }
                let message = Message { seq, id, author, name, text, at_ms: now };
                self.batch.answer(link, EdgeFrame::Ack(Ack { writer, upto_n: n, seq }));
                self.batch.messages.push((link, message));
            }
            Accepted::Known { upto_seq } => {
                // NAME-2: the origin would drop it, and the log would show what the ledger does not have.
                self.meta.accepted(&writer, author.side(), n, upto_seq);
                self.batch.used_up = true;
                self.batch.known.extend(link.map(|link| (link, writer)));
            }
            Accepted::Duplicate => {
                // NACK-3: a refusal that got lost is said again; it must not look like an acknowledgement.
                let stored = self.meta.ack_of(&writer).filter(|ack| n <= ack.upto_n);
                let answer = match (self.meta.refusal(&writer, n), stored) {
                    (None, Some(ack)) => EdgeFrame::Ack(ack),
                    (refused, _) => {
                        let reason =
                            refused.map_or_else(|| "refused".to_owned(), |refused| refused.reason.clone());
                        self.nack(id, writer, n, &reason, false)
                    }
                };
                self.batch.answer(link, answer);
            }
            Accepted::Gap => {
                let nack = self.nack(id, writer, n, "gap", true);
                self.batch.answer(link, nack);
            }
            Accepted::NotNow(reason) => {
                let nack = self.nack(id, writer, n, reason, true);
                self.batch.answer(link, nack);
            }
            Accepted::Refused(reason) => {
                // NACK-2: a message refused for good uses up its n, or everything after it would be a gap.
                let refused = Refused { id: id.clone(), n, reason: reason.clone() };
                self.meta.refused(&writer, author.side(), refused);
                self.batch.used_up = true;
                let nack = self.nack(id, writer, n, &reason, false);
                self.batch.answer(link, nack);
            }
        }
        accepted
    }

    /// Why this counts for nothing, whatever its number: NAME-1, or WRITER-1 where it would stand in the way of what the other side
    /// writes.
    pub(super) fn misplaced(&self, side: Side, Send { id, writer, n, .. }: &Send) -> Option<&'static str> {
        if Name::of(id.as_str()).and_then(|name| name.n_of(writer)) != Some(*n) {
            Some(MISNAMED)
        } else {
            self.meta.is_of_other_side(writer, side).then_some(FOREIGN_WRITER)
        }
    }

    /// It counts for nothing, so it uses up no number.
    pub(super) fn refuse(&mut self, link: LinkId, Send { id, writer, n, .. }: Send, reason: &str) {
        let nack = self.nack(id, writer, n, reason, false);
        self.batch.answer(Some(link), nack);
    }

    /// An agent has written over this link (MODE-10).
    fn answered(&mut self, link: LinkId, seq: u64) {
        let before = self.here();
        if let Some(info) = self.links.get_mut(&link) {
            info.answered = seq;
        }
        if self.here() != before {
            self.attach(link);
            self.tell_who_is_here(&before);
        }
    }

    pub(super) fn nack(
        &self,
        id: MessageId,
        writer: WriterId,
        n: u64,
        reason: &str,
        retry: bool,
    ) -> EdgeFrame {
        let upto_n = self.meta.upto_n(&writer);
        EdgeFrame::Nack(Nack { id, writer, n, upto_n, reason: reason.to_owned(), retry })
    }

    /// STORE-2: while a store is on its way to the disk, what comes in is collected and stored with the next one.
    /// A lone message never waits for company.
    pub(super) fn commit_unless_storing(&mut self, now: Millis) {
        if !self.storing || self.batch.messages.len().max(self.batch.answers.len()) >= MAX_COLLECTED {
            self.commit(now);
        }
    }

    /// STORE-1: one transaction for everything that has been collected, then the answers.
    pub(super) fn commit(&mut self, now: Millis) {
        let Batch { messages, answers, known, used_up } = std::mem::take(&mut self.batch);
        if !messages.is_empty() || (used_up && self.stored) {
            let stored = messages.iter().map(|(_, message)| message.clone()).collect();
            self.trim();
            self.store(stored);
        }
        for (link, frame) in answers {
            // LINK-1: whoever asked may be gone by now.
            if self.links.contains_key(&link) {
                self.outputs.push_back(Output::Send(link, frame));
            }
        }
        for (writer_link, message) in &messages {
            self.broadcast(*writer_link, &EdgeFrame::Event(message.clone()));
        }
        // After all that stands at the place or before it: a reader takes it for the next one otherwise.
        for (link, writer) in known {
            let ack = self.meta.ack_of(&writer).filter(|_| self.links.contains_key(&link));
            self.outputs.extend(ack.map(|ack| Output::Send(link, EdgeFrame::Ack(ack))));
        }
        if messages.is_empty() {
            return;
        }
        self.last = messages.into_iter().next_back().map(|(_, message)| message);
        self.announce(now);
        self.notify();
    }

    /// LOG-1: what the origin has not taken is never dropped to make room, so there is an end to it.
    fn full(&self) -> Option<&'static str> {
        (self.outbox.waiting() >= MAX_LOG).then_some("log-full")
    }

    /// LOG-1: what the origin has leaves the log in the end. Not one by one: each deletion is a row written.
    fn trim(&mut self) {
        // Fewer than that wait for the origin, or the last one had been refused: it has all before them.
        let upto_seq = self.meta.last_seq.saturating_sub(MAX_LOG);
        if upto_seq + 1 >= self.meta.first_seq.max(1) + TRIM_AT_LEAST {
            self.meta.first_seq = upto_seq + 1;
            self.outputs.push_back(Output::Trim { upto_seq });
        }
    }

    /// The meta row counts what has been collected, so it is never stored without that.
    pub(super) fn store(&mut self, messages: Vec<Message>) {
        self.meta.delivered_upto = self.outbox.acked_upto();
        self.outputs.push_back(Output::Store { messages, meta: Box::new(self.meta.clone()) });
        self.stored = true;
        self.storing = true;
    }

    pub(super) fn event(&self, message: Message) -> Event {
        let Message { seq, id, author, name, text, at_ms } = message;
        let stored = Stored {
            site: self.meta.site.clone(),
            conversation: self.meta.conversation.clone(),
            epoch: self.meta.epoch,
            seq,
            author,
            name,
            text,
            at_ms,
        };
        Event::message(&id, stored)
    }
}

/// Messages that the log keeps: a visitor's of several years. At 16,000 bytes, the longest, 80 MB.
const MAX_LOG: u64 = 5_000;
const TRIM_AT_LEAST: u64 = 100;

/// More messages or answers than that are not collected, however long the disk takes.
const MAX_COLLECTED: usize = 256;

pub(super) const FOREIGN_WRITER: &str = "foreign-writer";
pub(super) const MISNAMED: &str = "misnamed";

/// What has been accepted and is not stored yet: stored together, then answered.
#[derive(Default)]
pub(super) struct Batch {
    messages: Vec<(Option<LinkId>, Message)>,
    answers: Vec<(LinkId, EdgeFrame)>,
    /// Who has brought what stands already, and under which name.
    known: Vec<(LinkId, WriterId)>,
    /// Whether a number was used up by what is not stored.
    used_up: bool,
}

impl Batch {
    /// Messages that are counted and not stored yet.
    pub(super) fn len(&self) -> u64 {
        self.messages.len() as u64
    }

    fn answer(&mut self, link: Option<LinkId>, frame: EdgeFrame) {
        let Some(link) = link else { return };
        // OUTBOX-2: an acknowledgement is cumulative, so the last one says it all.
        if let EdgeFrame::Ack(Ack { writer, .. }) = &frame
            && let Some((_, EdgeFrame::Ack(before))) = self.answers.last().filter(|(to, _)| *to == link)
            && before.writer == *writer
        {
            self.answers.pop();
        }
        self.answers.push((link, frame));
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    New,
    /// It came before, under another name of its lane.
    Known {
        upto_seq: u64,
    },
    Duplicate,
    Gap,
    /// Not stored; to be sent again.
    NotNow(&'static str),
    Refused(String),
}

/// For good (NACK-2).
fn refusal(writer: &WriterId, id: &MessageId, text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        Some("text-empty")
    } else if text.chars().count() > MAX_TEXT_CHARS {
        Some("text-too-long")
    } else {
        // NAME-1 of a reply, whose name is the origin's choice: a visitor's page may be called so, and use it first.
        let pages = [writer.as_str(), page_of(writer.as_str())];
        Name::of(id.as_str()).is_some_and(|name| !pages.contains(&name.page)).then_some(MISNAMED)
    }
}
