//! What an agent wrote in the origin.

use shared::Millis;
use shared::event::{Outcome, Reply};
use shared::frame::Send;
use shared::message::Author;

use super::accept::{Accepted, FOREIGN_WRITER};
use super::{Conversation, link};

impl Conversation {
    /// A reply written in the origin. The outcome is known at once.
    pub fn reply(&mut self, now: Millis, reply: Reply) -> (Outcome, String) {
        if let Some(ending) = self.meta.ending {
            return (Outcome::Refused, ending.close_code().name().to_owned());
        }
        self.end_expired(now);
        let author = Author::Agent(reply.agent);
        if self.meta.is_of_other_side(&reply.writer, author.side()) {
            return (Outcome::Refused, FOREIGN_WRITER.to_owned());
        }
        // EPOCH-3: the origin numbers its replies for the life of the conversation; after a loss of storage the
        // first n seen is the start. Its posts are ordered, so nothing can come before it.
        self.meta.begin_after(&reply.writer, author.side(), reply.n.saturating_sub(1));
        let (writer, n) = (reply.writer.clone(), reply.n);
        let send = Send { id: reply.id, writer: reply.writer, n, text: reply.text };
        let outcome = match self.accept(now, None, author, link::shortened(&reply.name), send, None) {
            Accepted::New => (Outcome::Accepted, String::new()),
            // NACK-3: a refusal that is asked for again, and a number that was never one, are no success.
            Accepted::Known { .. } => (Outcome::Duplicate, String::new()),
            Accepted::Duplicate => match self.meta.refusal(&writer, n) {
                Some(refused) => (Outcome::Refused, refused.reason.clone()),
                None if n == 0 => (Outcome::Refused, "not-numbered".to_owned()),
                None if self.meta.ack_of(&writer).is_none_or(|ack| n > ack.upto_n) => {
                    (Outcome::Refused, "refused".to_owned())
                }
                None => (Outcome::Duplicate, String::new()),
            },
            Accepted::Gap => (Outcome::Later, "gap".to_owned()),
            Accepted::NotNow(reason) => (Outcome::Later, reason.to_owned()),
            Accepted::Refused(reason) => (Outcome::Refused, reason),
        };
        self.commit(now);
        outcome
    }
}
