//! Messages come in: each (writer, n) once and in order, stored together, then answered.

use shared::Millis;
use shared::event::{Event, Stored};
use shared::frame::{Ack, EdgeFrame, Nack, Send};
use shared::id::{MessageId, WriterId};
use shared::inbox::{Inbox, Verdict};
use shared::limits::MAX_TEXT_CHARS;
use shared::message::{Author, Message};

use super::meta::Refused;
use super::{Conversation, LinkId, Output};

impl Conversation {
    pub(super) fn accept(
        &mut self,
        now: Millis,
        link: Option<LinkId>,
        author: Author,
        name: String,
        send: Send,
        batch: &mut Batch,
    ) -> Accepted {
        let Send { id, writer, n, text } = send;
        let mut inbox = Inbox::after(self.meta.upto_n(&writer));
        let accepted = match inbox.accept(n) {
            Verdict::Duplicate => Accepted::Duplicate,
            // ORDER-1: within a writer nothing is stored before what was written earlier.
            Verdict::Gap => Accepted::Gap,
            Verdict::New => match refusal(&text) {
                Some(reason) => Accepted::Refused(reason),
                None => Accepted::New,
            },
        };
        match accepted {
            Accepted::New => {
                let seq = self.outbox.push();
                self.meta.last_seq = seq;
                self.meta.accepted(&writer, n, seq);
                if author == Author::Visitor {
                    self.meta.unread += 1;
                }
                let message = Message { seq, id, author, name, text, at_ms: now };
                batch.answer(link, EdgeFrame::Ack(Ack { writer, upto_n: n, seq }));
                batch.messages.push((link, message));
            }
            Accepted::Duplicate => {
                // NACK-3: a refusal that got lost is said again; it must not look like an acknowledgement.
                let refused = self.meta.refusals(&writer).iter().find(|refused| refused.n == n);
                match (refused.map(|refused| refused.reason.clone()), self.meta.ack_of(&writer)) {
                    (None, Some(ack)) => batch.answer(link, EdgeFrame::Ack(ack)),
                    (reason, _) => {
                        let reason = reason.as_deref().unwrap_or("refused");
                        batch.answer(link, self.nack(id, writer, n, reason, false));
                    }
                }
            }
            Accepted::Gap => batch.answer(link, self.nack(id, writer, n, "gap", true)),
            Accepted::Refused(reason) => {
                // NACK-2: a message refused for good uses up its n, or everything after it would be a gap.
                let refused = Refused { id: id.clone(), n, reason: reason.to_owned() };
                self.meta.refused(&writer, refused);
                batch.refused = true;
                batch.answer(link, self.nack(id, writer, n, reason, false));
            }
        }
        accepted
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

    /// STORE-1: one transaction for everything that came together, then the answers.
    pub(super) fn commit(&mut self, now: Millis, batch: Batch) {
        let Batch { messages, answers, refused } = batch;
        if !messages.is_empty() || (refused && self.stored) {
            self.meta.delivered_upto = self.outbox.acked_upto();
            let stored = messages.iter().map(|(_, message)| message.clone()).collect();
            self.outputs.push_back(Output::Store { messages: stored, meta: Box::new(self.meta.clone()) });
            self.stored = true;
        }
        for (link, frame) in answers {
            self.outputs.push_back(Output::Send(link, frame));
        }
        if messages.is_empty() {
            return;
        }
        for (writer_link, message) in &messages {
            self.broadcast(*writer_link, &EdgeFrame::Event(message.clone()));
        }
        self.last = messages.into_iter().next_back().map(|(_, message)| message);
        self.announce(now);
        self.notify();
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

/// What one WebSocket message brings about: stored together, then answered.
#[derive(Default)]
pub(super) struct Batch {
    messages: Vec<(Option<LinkId>, Message)>,
    answers: Vec<(LinkId, EdgeFrame)>,
    refused: bool,
}

impl Batch {
    fn answer(&mut self, link: Option<LinkId>, frame: EdgeFrame) {
        self.answers.extend(link.map(|link| (link, frame)));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    New,
    Duplicate,
    Gap,
    Refused(&'static str),
}

fn refusal(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        Some("text-empty")
    } else if text.chars().count() > MAX_TEXT_CHARS {
        Some("text-too-long")
    } else {
        None
    }
}
