//! A conversation: the real machine over a log in memory, with what its driver does around it.

use edge::conversation::{Conversation, Input, LinkId, Log, Meta, Output};
use edge::origin_gate;
use shared::Millis;
use shared::frame::{EdgeFrame, Summary};
use shared::id::{ConversationId, SiteId};
use shared::message::{Author, Message, Side};

use crate::people::{ChatNo, SiteNo};

use super::sim_person::SimPerson;
use super::{ConversationJob, Happening, Job, Object, PersonNo, Said, SiteJob, With};

/// As the driver has it: a conversation tells its site at most so often.
const TELL_EVERY_MS: Millis = 200;
/// Until a platform that was dead looks for alarms that are due.
const ALARM_AGAIN_MS: Millis = 1_000;

#[derive(Default)]
pub(super) struct MemoryLog(Vec<Message>);

impl Log for MemoryLog {
    fn after(&self, seq: u64, limit: u64) -> Vec<Message> {
        self.0.iter().filter(|message| message.seq > seq).take(limit as usize).cloned().collect()
    }

    fn before(&self, seq: u64, limit: u64) -> Vec<Message> {
        let upto = self.0.partition_point(|message| message.seq < seq);
        self.0[upto.saturating_sub(limit as usize)..upto].to_vec()
    }

    fn unread(&self, seq: u64) -> u64 {
        self.0.iter().filter(|message| message.author == Author::Visitor && message.seq > seq).count() as u64
    }
}

pub(super) struct SimConversation {
    pub(super) site: SiteNo,
    pub(super) object: Object,
    machine: Conversation,
    log: MemoryLog,
    /// The stored row, once there is one.
    meta: Option<Box<Meta>>,
    alarm: Option<Millis>,
    news: Option<Summary>,
    telling: bool,
    /// Calls of the gate whose answer is not on its way yet.
    pub(super) gate_calls: u32,
}

pub(super) fn site_id(site: SiteNo) -> SiteId {
    SiteId::parse(&format!("s{site}")).unwrap_or_default()
}

pub(super) fn conversation_id(chat: ChatNo) -> ConversationId {
    ConversationId::parse(&format!("c{chat}")).unwrap_or_default()
}

pub(super) fn chat_of(conversation: &ConversationId) -> ChatNo {
    conversation.as_str()[1..].parse().unwrap_or(0)
}

/// A link's number says whose it is.
pub(super) fn link_id(person: PersonNo, link: u32) -> LinkId {
    LinkId(u64::from(link) * 2 + u64::from(person.side == Side::Agent))
}

fn person_of(chat: ChatNo, link: LinkId) -> PersonNo {
    PersonNo { chat, side: if link.0 % 2 == 1 { Side::Agent } else { Side::Visitor } }
}

impl SimConversation {
    pub(super) fn new(chat: ChatNo, site: SiteNo) -> SimConversation {
        SimConversation {
            site,
            object: Object::default(),
            machine: Conversation::new(site_id(site), conversation_id(chat)),
            log: MemoryLog::default(),
            meta: None,
            alarm: None,
            news: None,
            telling: false,
            gate_calls: 0,
        }
    }

    pub(super) fn backlog(&self) -> u64 {
        self.machine.backlog()
    }

    /// A new process: what was stored, and nothing else. An alarm that was set is a row, too.
    pub(super) fn starts_again(&mut self, chat: ChatNo) {
        self.object = Object::default();
        self.machine = match &self.meta {
            Some(meta) => Conversation::restore((**meta).clone(), Vec::new(), &self.log),
            None => Conversation::new(site_id(self.site), conversation_id(chat)),
        };
        (self.news, self.telling, self.gate_calls) = (None, false, 0);
    }

    pub(super) fn work(&mut self, now: Millis, job: &ConversationJob) -> (Vec<Output>, Option<Said>) {
        let said = match job {
            ConversationJob::Input(input) => {
                self.machine.handle(now, input.clone(), &self.log);
                None
            }
            ConversationJob::Pull { turn, max } => {
                Some(Said::Pulled(*turn, self.machine.pull(now, *max, &self.log)))
            }
            ConversationJob::Settle { turn, receipts } => {
                self.machine.handle(now, Input::Receipts(receipts.clone()), &self.log);
                Some(Said::Settled(*turn, self.machine.backlog()))
            }
        };
        let mut outputs = Vec::new();
        // The rows are written within the job's own time; then whatever was collected meanwhile is stored.
        loop {
            let mut stored = false;
            while let Some(mut output) = self.machine.poll_output() {
                if let Output::Store { messages, meta } = &mut output {
                    self.log.0.append(messages);
                    self.meta = Some(meta.clone());
                    stored = true;
                }
                outputs.push(output);
            }
            if !stored {
                break;
            }
            self.machine.handle(now, Input::Stored, &self.log);
        }
        (outputs, said)
    }
}

impl With {
    pub(super) fn conversation_input(&mut self, chat: ChatNo, input: Input) {
        self.arrives(Job::Conversation(chat, ConversationJob::input(input)));
    }

    pub(super) fn conversation_done(&mut self, chat: ChatNo, outputs: Vec<Output>, said: Option<Said>) {
        let now = self.clock.now;
        let (link_ms, call_ms) = (self.cell.scenario.edge.link_ms, self.cell.scenario.edge.call_ms);
        let mut says: Vec<(LinkId, Vec<EdgeFrame>)> = Vec::new();
        for output in outputs {
            match output {
                Output::Send(link, frame) => match says.last_mut() {
                    Some((last, frames)) if *last == link => frames.push(frame),
                    _ => says.push((link, vec![frame])),
                },
                Output::Announce => {
                    let Some(it) = self.conversations.get(&chat) else { continue };
                    let key =
                        origin_gate::Key { site: site_id(it.site), conversation: conversation_id(chat) };
                    let announced = Job::Gate(origin_gate::Input::Announced(key));
                    self.clock.after(call_ms, Happening::Arrives(announced));
                    let again_ms = self.gate.again_ms();
                    let heard = ConversationJob::input(Input::Announced { again_ms });
                    self.clock.after(2 * call_ms + 1, Happening::Arrives(Job::Conversation(chat, heard)));
                }
                Output::Notify(summary) => {
                    let Some(it) = self.conversations.get_mut(&chat) else { continue };
                    it.news = Some(summary);
                    if !std::mem::replace(&mut it.telling, true) {
                        self.tell(chat);
                    }
                }
                _ => {}
            }
        }
        for (link, frames) in says {
            self.clock.after(link_ms, Happening::ToPerson(person_of(chat, link), link, frames));
        }
        match said {
            Some(Said::Pulled(turn, events)) => {
                let Some(it) = self.conversations.get_mut(&chat) else { return };
                it.gate_calls -= 1;
                let key = origin_gate::Key { site: site_id(it.site), conversation: conversation_id(chat) };
                let pulled = origin_gate::Input::Pulled { turn, key, events: Some(events) };
                self.clock.after(call_ms, Happening::Arrives(Job::Gate(pulled)));
            }
            Some(Said::Settled(turn, backlog)) => {
                let Some(it) = self.conversations.get_mut(&chat) else { return };
                it.gate_calls -= 1;
                let key = origin_gate::Key { site: site_id(it.site), conversation: conversation_id(chat) };
                let settled = origin_gate::Input::Settled { turn, key, backlog: Some(backlog) };
                self.clock.after(call_ms, Happening::Arrives(Job::Gate(settled)));
            }
            None => {}
        }
        if let Some(it) = self.conversations.get_mut(&chat)
            && let Some(at) = it.machine.poll_timeout()
            && at < now + 3_600_000
            && it.alarm.is_none_or(|set| at < set)
        {
            it.alarm = Some(at);
            self.clock.at(at, Happening::ConversationTimer(chat, at));
        }
    }

    pub(super) fn conversation_timer(&mut self, chat: ChatNo, at: Millis) {
        if self.dead {
            // An alarm waits for the edge.
            self.clock.after(ALARM_AGAIN_MS, Happening::ConversationTimer(chat, at));
            return;
        }
        let Some(it) = self.conversations.get_mut(&chat) else { return };
        if it.alarm == Some(at) {
            it.alarm = None;
            self.conversation_input(chat, Input::Timeout);
        }
    }

    /// The newest line, and the next one not before a while.
    pub(super) fn tell(&mut self, chat: ChatNo) {
        let call_ms = self.cell.scenario.edge.call_ms;
        let Some(it) = self.conversations.get_mut(&chat) else { return };
        let Some(summary) = it.news.take() else {
            it.telling = false;
            return;
        };
        let job = SiteJob::Notify { from: chat, summary: Box::new(summary) };
        self.clock.after(call_ms, Happening::Arrives(Job::Site(it.site, job)));
        self.clock.after(TELL_EVERY_MS, Happening::Tell(chat));
    }

    /// The visitor and the agent go. Their pages stay as long as something of theirs is not safe, or come back with it; what the
    /// origin has not got stays, and the conversation with it; a gate that has asked gets its answer.
    pub(super) fn leaves(&mut self, chat: ChatNo) {
        let Some(it) = self.conversations.get(&chat) else { return };
        let sides = [Side::Visitor, Side::Agent];
        let safe = |side| self.people.get(&PersonNo { chat, side }).is_none_or(SimPerson::is_safe);
        let waits = it.backlog() > 0 || it.gate_calls > 0;
        let all_safe = sides.into_iter().all(safe);
        if all_safe {
            sides.into_iter().for_each(|side| self.goes(PersonNo { chat, side }));
        }
        if waits || !all_safe {
            self.clock.after(30_000, Happening::Leaves(chat));
            return;
        }
        self.conversations.remove(&chat);
        self.crowd.counts(self.clock.now, chat, 0, true);
        for side in sides {
            self.people.remove(&PersonNo { chat, side });
        }
    }
}
