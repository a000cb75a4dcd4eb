//! Conversations at the edge: the real machine between a durable storage, its links and its driver. A crash loses
//! whatever was not stored and may come between any two outputs; an eviction loses only the machine.

use std::collections::BTreeMap;

use edge::conversation::{Conversation, Input, LinkId, LinkInfo, Log, Meta, Output};
use edge::origin_gate::{Key, Turn};
use shared::Millis;
use shared::close::CloseCode;
use shared::event::{Outcome as Verdict, Receipt, Reply};
use shared::frame::EdgeFrame;
use shared::id::{ConversationId, Epoch, SiteId};
use shared::message::{Author, Message};
use shared::mode::Notice;

use super::clock::{ConversationNo, Happening};
use super::network::Wire;
use super::sim_browser::MAX_SPIN;
use super::skew::Host;
use super::{Outcome, World};

/// The log, in memory. Reads the same as the one in SQLite.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog(pub Vec<Message>);

impl Log for MemoryLog {
    fn after(&self, seq: u64, limit: u64) -> Vec<Message> {
        self.0.iter().filter(|message| message.seq > seq).take(limit as usize).cloned().collect()
    }

    fn before(&self, seq: u64, limit: u64) -> Vec<Message> {
        let mut messages: Vec<_> =
            self.0.iter().rev().filter(|message| message.seq < seq).take(limit as usize).cloned().collect();
        messages.reverse();
        messages
    }

    fn unread(&self, seq: u64) -> u64 {
        self.0.iter().filter(|message| message.author == Author::Visitor && message.seq > seq).count() as u64
    }
}

pub struct SimConversation {
    pub key: Key,
    pub meta: Option<Meta>,
    pub log: MemoryLog,
    /// Logs of lost storages.
    pub lost: BTreeMap<Epoch, Vec<Message>>,
    /// Whether the agents' list says that the visitor is there.
    pub told_present: bool,
    /// What the platform keeps with each socket.
    pub attachments: BTreeMap<LinkId, LinkInfo>,
    machine: Option<Conversation>,
    alarm: Option<Millis>,
    /// Grows with each crash and eviction: answers to an earlier life find nobody.
    life: u64,
    /// Stores on their way to the disk. The platform does not evict an object that waits for one.
    storing: u32,
    /// Crashes after so many more outputs.
    pub crash_after: Option<u64>,
    spinning: (Millis, u32),
}

impl SimConversation {
    pub fn new(number: ConversationNo) -> SimConversation {
        let site = SiteId::parse("demo").unwrap_or_default();
        let conversation = ConversationId::parse(&format!("c{number}")).unwrap_or_default();
        SimConversation {
            key: Key { site, conversation },
            meta: None,
            log: MemoryLog::default(),
            lost: BTreeMap::new(),
            told_present: false,
            attachments: BTreeMap::new(),
            machine: None,
            alarm: None,
            life: 0,
            storing: 0,
            crash_after: None,
            spinning: (0, 0),
        }
    }

    /// The machine, rebuilt where it was evicted or has crashed.
    fn machine(&mut self) -> (&mut Conversation, &MemoryLog) {
        let (key, meta, log, links) = (&self.key, &self.meta, &self.log, &self.attachments);
        let machine = self.machine.get_or_insert_with(|| {
            let links: Vec<LinkInfo> = links.values().cloned().collect();
            match meta {
                Some(meta) => Conversation::restore(meta.clone(), links, log),
                None if links.is_empty() => Conversation::new(key.site.clone(), key.conversation.clone()),
                None => Conversation::restore_unstored(key.site.clone(), key.conversation.clone(), links),
            }
        });
        (machine, &self.log)
    }

    /// What the origin has not receipted, as the machine sees it.
    pub fn backlog(&mut self) -> u64 {
        self.machine().0.backlog()
    }

    pub fn log_of(&self, epoch: Epoch) -> &[Message] {
        match &self.meta {
            Some(meta) if meta.epoch == epoch => &self.log.0,
            _ => self.lost.get(&epoch).map_or(&[], Vec::as_slice),
        }
    }
}

impl World {
    pub fn conversation_input(&mut self, number: ConversationNo, input: Input) -> Outcome {
        self.trace.tell(self.clock.now, || format!("conversation {number} <- {input:?}"));
        let now = self.time_at(Host::Conversation(number));
        self.look(number, now);
        let (machine, log) = self.conversations[number].machine();
        machine.handle(now, input, log);
        self.conversation_performs(number).map(|_| ())
    }

    /// As the driver does, before anything that comes.
    fn look(&mut self, number: ConversationNo, now: Millis) {
        if !self.conversations[number].machine().0.silence().is_look_due(now) {
            return;
        }
        let here = |(_, wire): &(&LinkId, &Wire)| wire.conversation == number && wire.at_edge;
        let wires = self.network.wires.iter().filter(here);
        let heard: Vec<(LinkId, Millis)> = wires.map(|(link, wire)| (*link, wire.pinged_at)).collect();
        let heard = self.bug.edge_sees(now, heard);
        self.trace.tell(self.clock.now, || format!("conversation {number} looks: {heard:?}"));
        let (machine, log) = self.conversations[number].machine();
        machine.handle(now, Input::Heard(heard), log);
    }

    /// Performs the outputs in order; false where the object has died on the way.
    fn conversation_performs(&mut self, number: ConversationNo) -> Result<bool, String> {
        let (machine, _) = self.conversations[number].machine();
        let outputs: Vec<Output> = std::iter::from_fn(|| machine.poll_output()).collect();
        let wake_at = machine.poll_timeout().into_iter().chain(machine.look_at()).min();
        let outputs = self.bug.edge_does(outputs);
        let mut says: Vec<(LinkId, Vec<EdgeFrame>)> = Vec::new();
        for output in outputs {
            match &mut self.conversations[number].crash_after {
                Some(0) => {
                    self.conversation_says(says);
                    self.crash_conversation(number)?;
                    return Ok(false);
                }
                Some(left) => *left -= 1,
                None => {}
            }
            self.trace.tell(self.clock.now, || format!("conversation {number} -> {output:?}"));
            self.edge_outputs += 1;
            self.conversation_performs_one(number, output, wake_at, &mut says)?;
        }
        self.conversation_says(says);
        self.set_alarm(number, wake_at);
        Ok(true)
    }

    fn conversation_performs_one(
        &mut self,
        number: ConversationNo,
        output: Output,
        wake_at: Option<Millis>,
        says: &mut Vec<(LinkId, Vec<EdgeFrame>)>,
    ) -> Outcome {
        match output {
            Output::Store { messages, meta } => {
                for message in messages {
                    self.check_stored(number, &message)?;
                    self.conversations[number].log.0.push(message);
                }
                self.conversations[number].meta = Some(*meta);
                // The platform writes the alarm together with the row.
                self.set_alarm(number, wake_at);
                // A crash may come before the answers; that the platform holds them back until then adds nothing.
                let (wait, life) = (self.random.below(20), self.conversations[number].life);
                self.conversations[number].storing += 1;
                self.clock.after(wait, Happening::OnDisk { conversation: number, life });
            }
            Output::Trim { upto_seq } => {
                self.conversations[number].log.0.retain(|message| message.seq > upto_seq);
            }
            // No visitor of this story has a wish to be forgotten, and no site an end to its patience.
            Output::Forget { .. } | Output::TellGone | Output::Delete => {
                return Err(format!("conversation {number} has ended by itself"));
            }
            Output::Park(parked) => return Err(format!("conversation {number} parked {parked:?}")),
            Output::Send(link, frame) => {
                match &frame {
                    EdgeFrame::Ack(ack) => self.reference.acknowledged(ack),
                    EdgeFrame::Welcome(welcome) => {
                        for ack in &welcome.acks {
                            self.reference.acknowledged(ack);
                        }
                    }
                    _ => {}
                }
                match says.last_mut() {
                    Some((last, frames)) if *last == link => frames.push(frame),
                    _ => says.push((link, vec![frame])),
                }
            }
            Output::Close(link, code) => {
                self.closed_by_edge(link, code)?;
            }
            Output::Attach(info) => {
                if self.network.wires.get(&info.link).is_some_and(|wire| wire.at_edge) {
                    self.conversations[number].attachments.insert(info.link, *info);
                }
            }
            Output::Announce => {
                let (wait, life) = (self.call_latency(), self.conversations[number].life);
                self.clock.after(wait, Happening::AnnounceArrives { conversation: number, life });
            }
            // The site answers with its word on the mode.
            Output::Notify(line) => {
                self.conversations[number].told_present = line.present;
                let (wait, notice) = (self.call_latency(), self.notice.clone());
                self.clock.after(wait, Happening::NoticeArrives(number, notice));
            }
        }
        Ok(())
    }

    fn conversation_says(&mut self, says: Vec<(LinkId, Vec<EdgeFrame>)>) {
        for (link, frames) in says {
            if self.network.wires.get(&link).is_some_and(|wire| wire.at_edge) {
                self.down(link, frames);
            }
        }
    }

    /// As the driver does: an alarm that goes off earlier is left alone.
    fn set_alarm(&mut self, number: ConversationNo, wake_at: Option<Millis>) {
        let it = &mut self.conversations[number];
        if let Some(at) = wake_at
            && it.alarm.is_none_or(|set| at < set)
        {
            it.alarm = Some(at);
            self.plan_alarm(number);
        }
    }

    /// The platform's alarm goes off when the platform's clock says so.
    pub fn plan_alarm(&mut self, number: ConversationNo) {
        if let Some(at) = self.conversations[number].alarm {
            let when = self.when(Host::Conversation(number), at);
            self.clock.at(when, Happening::Alarm(number, at));
        }
    }

    pub fn alarm(&mut self, number: ConversationNo, at: Millis) -> Outcome {
        let (now, here) = (self.clock.now, self.time_at(Host::Conversation(number)));
        let it = &mut self.conversations[number];
        // A later alarm has taken its place, or the clock has gone back since.
        if it.alarm != Some(at) || here < at {
            return Ok(());
        }
        it.alarm = None;
        if self.bug.alarm_throws() {
            return Ok(());
        }
        let it = &mut self.conversations[number];
        it.spinning = if it.spinning.0 == now { (now, it.spinning.1 + 1) } else { (now, 0) };
        if it.spinning.1 > MAX_SPIN {
            return Err(format!("conversation {number} asks for alarms in the past, again and again"));
        }
        self.conversation_input(number, Input::Timeout)
    }

    /// Everything that is not stored is gone, and so are the links.
    pub fn crash_conversation(&mut self, number: ConversationNo) -> Outcome {
        self.trace.tell(self.clock.now, || format!("conversation {number} crashes"));
        let it = &mut self.conversations[number];
        it.machine = None;
        it.life += 1;
        it.storing = 0;
        it.crash_after = None;
        it.attachments.clear();
        let alive = |(_, wire): &(&LinkId, &Wire)| wire.conversation == number && wire.at_edge;
        let wires: Vec<LinkId> = self.network.wires.iter().filter(alive).map(|(id, _)| *id).collect();
        for wire in wires {
            if let Some(wire) = self.network.wires.get_mut(&wire) {
                wire.at_edge = false;
            }
            self.end_at_browser(wire, CloseCode::ABNORMAL)?;
        }
        Ok(())
    }

    pub fn on_disk(&mut self, number: ConversationNo, life: u64) -> Outcome {
        if self.conversations[number].life != life {
            return Ok(());
        }
        self.conversations[number].storing -= 1;
        self.conversation_input(number, Input::Stored)
    }

    /// The platform removes the object; storage, links and what they carry stay.
    pub fn evict_conversation(&mut self, number: ConversationNo) {
        if self.conversations[number].storing > 0 {
            return;
        }
        self.trace.tell(self.clock.now, || format!("conversation {number} is evicted"));
        let it = &mut self.conversations[number];
        it.machine = None;
        it.life += 1;
    }

    pub fn lose_storage(&mut self, number: ConversationNo) -> Outcome {
        self.crash_conversation(number)?;
        self.trace.tell(self.clock.now, || format!("conversation {number} loses its storage"));
        let it = &mut self.conversations[number];
        it.alarm = None;
        // Nobody is left to take back what was told; the next message tells anew.
        it.told_present = false;
        let log = std::mem::take(&mut it.log.0);
        if let Some(meta) = it.meta.take() {
            it.lost.insert(meta.epoch, log);
        }
        // The origin has given them up to the edge, which has lost them: these are not promised.
        self.reference.unpromised(super::sim_replies::origin_as_tab(number));
        Ok(())
    }

    pub fn notice_arrives(&mut self, number: ConversationNo, notice: Notice) -> Outcome {
        // An object without links is not woken for this.
        if self.conversations[number].attachments.is_empty() {
            return Ok(());
        }
        self.conversation_input(number, Input::Notice(notice))
    }

    pub fn announce_answered(
        &mut self,
        number: ConversationNo,
        life: u64,
        again_ms: Option<Millis>,
    ) -> Outcome {
        if self.conversations[number].life != life {
            return Ok(());
        }
        let input = again_ms.map_or(Input::AnnounceFailed, |again_ms| Input::Announced { again_ms });
        self.conversation_input(number, input)
    }

    /// Nothing where the object died before it could answer.
    pub fn conversation_takes_reply(
        &mut self,
        number: ConversationNo,
        reply: Reply,
    ) -> Result<Option<Verdict>, String> {
        if self.conversations[number].meta.is_none() {
            // A reply never begins a conversation.
            return Ok(Some(Verdict::Refused));
        }
        self.trace.tell(self.clock.now, || format!("conversation {number} <- {reply:?}"));
        let now = self.time_at(Host::Conversation(number));
        let (machine, _) = self.conversations[number].machine();
        let id = reply.id.clone();
        let (verdict, _) = machine.reply(now, reply);
        let alive = self.conversation_performs(number)?;
        if alive && matches!(verdict, Verdict::Accepted | Verdict::Duplicate) {
            self.reference.saved(&id);
        }
        Ok(alive.then_some(verdict))
    }

    pub fn pull_arrives(&mut self, gate: u64, turn: Turn, number: ConversationNo, max: usize) -> Outcome {
        let now = self.time_at(Host::Conversation(number));
        let reached = self.calm || !self.random.percent(4);
        let events = reached.then(|| {
            let (machine, log) = self.conversations[number].machine();
            machine.pull(now, max, log)
        });
        let alive = self.conversation_performs(number)?;
        let events = events.filter(|_| alive);
        let wait = self.call_latency();
        self.clock.after(wait, Happening::PullAnswered { gate, turn, conversation: number, events });
        Ok(())
    }

    pub fn settle_arrives(
        &mut self,
        gate: u64,
        turn: Turn,
        number: ConversationNo,
        receipts: Vec<Receipt>,
    ) -> Outcome {
        let now = self.time_at(Host::Conversation(number));
        let reached = self.calm || !self.random.percent(4);
        let mut backlog = None;
        if reached {
            self.trace
                .tell(self.clock.now, || format!("conversation {number} <- {} receipts", receipts.len()));
            let (machine, log) = self.conversations[number].machine();
            machine.handle(now, Input::Receipts(receipts), log);
            if self.conversation_performs(number)? {
                backlog = Some(self.conversations[number].backlog());
            }
        }
        let wait = self.call_latency();
        self.clock.after(wait, Happening::Settled { gate, turn, conversation: number, backlog });
        Ok(())
    }
}
