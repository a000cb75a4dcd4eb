//! Replies written in the origin: numbered per conversation, kept until the edge has taken them, one after the other.

use std::collections::VecDeque;

use shared::codec::Saved;
use shared::event::{Outcome as Verdict, Reply};
use shared::id::{AgentId, MessageId, WriterId};
use shared::message::Side;

use super::clock::{ConversationNo, Happening};
use super::plan::Trouble;
use super::sim_browser::TabId;
use super::{Outcome, World};

#[derive(Debug, Default)]
pub struct SimReplies {
    n: u64,
    pub waiting: VecDeque<Reply>,
}

/// The origin as a writer of a conversation: no tab has such a number.
pub fn origin_as_tab(conversation: ConversationNo) -> TabId {
    TabId(usize::MAX - conversation)
}

impl World {
    /// Somebody answers in the origin: only what its ledger knows can be answered.
    pub fn write_reply(&mut self, number: ConversationNo) {
        let key = self.conversations[number].key.clone();
        if !self.origin.ledger.iter().any(|entry| entry.stored.conversation == key.conversation) {
            return;
        }
        let it = &mut self.replies[number];
        it.n += 1;
        self.texts += 1;
        let id = MessageId::parse(&format!("r{number}-{}", it.n)).unwrap_or_default();
        let writer = WriterId::parse("origin").unwrap_or_default();
        let (n, text) = (it.n, format!("text {} from the origin", self.texts));
        let saved = Saved { id: id.clone(), writer: writer.clone(), n, text: text.clone(), at_ms: 0 };
        self.reference.wrote(origin_as_tab(number), number, Side::Agent, &saved);
        let (agent, name) = (AgentId::parse("ada").unwrap_or_default(), "Ada".to_owned());
        let (site, conversation) = (key.site, key.conversation);
        it.waiting.push_back(Reply { site, conversation, id, writer, n, agent, name, text });
        if it.waiting.len() == 1 {
            let wait = self.call_latency();
            self.clock.after(wait, Happening::ReplyArrives(number));
        }
    }

    pub fn reply_arrives(&mut self, number: ConversationNo) -> Outcome {
        let Some(reply) = self.replies[number].waiting.front().cloned() else { return Ok(()) };
        let mut verdict = None;
        if !self.strikes(Trouble::Calls, 10) {
            verdict = self.conversation_takes_reply(number, reply)?;
        }
        // The answer may get lost.
        let verdict = verdict.filter(|_| !self.strikes(Trouble::Calls, 10));
        let wait = self.call_latency();
        self.clock.after(wait, Happening::ReplyAnswered(number, verdict));
        Ok(())
    }

    pub fn reply_answered(&mut self, number: ConversationNo, verdict: Option<Verdict>) {
        let it = &mut self.replies[number];
        let mut wait = 1_000;
        match verdict {
            Some(Verdict::Accepted | Verdict::Duplicate) => {
                it.waiting.pop_front();
                wait = 0;
            }
            // Parked: the edge does not know the conversation.
            Some(Verdict::Refused) => {
                it.waiting.pop_front();
                wait = 0;
            }
            Some(Verdict::Later) | None => {}
        }
        if !it.waiting.is_empty() {
            wait += self.call_latency();
            self.clock.after(wait, Happening::ReplyArrives(number));
        }
    }
}
