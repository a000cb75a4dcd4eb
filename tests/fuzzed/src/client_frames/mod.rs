//! What browsers, gate and origin tell a conversation, over links that come and go, a disk that is slow, and an object
//! that sleeps, dies or loses its storage. The log lies in memory; every output is held against it.

mod end;
mod memory;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Result, Unstructured};
use edge::conversation::{Conversation, Input, LinkId, LinkInfo, Meta, Output, Peer};
use edge::frames;
use shared::Millis;
use shared::codec::encode;
use shared::event::{MAX_BATCH, Outcome, Receipt, Reply};
use shared::frame::{ClientFrame, Hello, Resume, Send};
use shared::id::{ConversationId, Epoch, WriterId};
use shared::limits::MAX_LINKS_PER_CONVERSATION;

use self::end::End;
use self::memory::Memory;
use crate::pick;

const WRITERS: [&str; 3] = ["w", "x", "o"];

pub fn run(data: &[u8]) {
    let mut desk = Desk::new();
    let mut u = Unstructured::new(data);
    pick::steps(&mut u, |u| desk.step(u));
}

/// A conversation with its driver, and what must be true of it.
struct Desk {
    machine: Conversation,
    now: Millis,
    log: Memory,
    meta: Option<Meta>,
    /// Open links with what is attached to them.
    links: BTreeMap<LinkId, Option<LinkInfo>>,
    last_link: u64,
    /// Stores that the disk has not confirmed.
    storing: u32,
    /// Frames since the disk confirmed the last store: their answers may come together.
    collected: usize,
    /// Places for which the origin has given a receipt, apart from `later`.
    receipted: BTreeSet<u64>,
    told_receipted: u64,
    /// Replies that were refused for good, of which the last 8 are remembered (NACK-3).
    refused: Vec<u64>,
    /// The process dies after so many outputs.
    dies_after: Option<u64>,
}

fn fresh() -> Conversation {
    Conversation::new(pick::site(), name())
}

fn name() -> ConversationId {
    ConversationId::parse("c").expect("a valid name")
}

impl Desk {
    fn new() -> Desk {
        Desk {
            machine: fresh(),
            now: 1_767_225_600_000,
            log: Memory::default(),
            meta: None,
            links: BTreeMap::new(),
            last_link: 0,
            storing: 0,
            collected: 0,
            receipted: BTreeSet::new(),
            told_receipted: 0,
            refused: Vec::new(),
            dies_after: None,
        }
    }

    fn step(&mut self, u: &mut Unstructured) -> Result<()> {
        match u.int_in_range(0..=24u8)? {
            0..=2 => self.open(u)?,
            3..=11 => self.say(u)?,
            12 => {
                let link = self.some_link(u)?;
                self.links.remove(&link);
                self.tell(Input::Closed { link }, 0);
            }
            13 | 14 => {
                if self.storing > 0 {
                    self.storing -= 1;
                    let collected = std::mem::take(&mut self.collected);
                    self.tell(Input::Stored, collected);
                }
            }
            15 => {
                let notice = pick::notice(u)?;
                self.tell(Input::Notice(notice), 0);
            }
            16 => {
                let input = match u.int_in_range(0..=2u8)? {
                    0 => Input::AnnounceFailed,
                    _ => Input::Announced { again_ms: 60_000 },
                };
                self.tell(input, 0);
            }
            17 | 18 => self.pull(u)?,
            19 => self.receipts(u)?,
            20 => self.reply(u)?,
            21 => {
                self.now += pick::up_to(u, 70_000)?;
                let due = self.machine.poll_timeout().is_some_and(|at| at <= self.now);
                let lives = self.tell(Input::Timeout, 0);
                let next = self.machine.poll_timeout();
                assert!(
                    !due || !lives || next.is_none_or(|at| at > self.now),
                    "the alarm is set for the past"
                );
            }
            22 => self.restart(u)?,
            23 => self.forget(u)?,
            _ => self.dies_after = Some(pick::up_to(u, 6)?),
        }
        Ok(())
    }

    /// The visitor wants it forgotten; the story goes on until that has happened, and begins anew.
    fn forget(&mut self, u: &mut Unstructured) -> Result<()> {
        let now = self.now;
        let mut end = End::of(std::mem::replace(self, Desk::new()));
        end.tell(Input::Forget);
        assert!(end.links.is_empty(), "FORGET-1: {:?} still open", end.links);
        assert_eq!((end.erased, end.deleted), (true, false), "FORGET-1");
        for _ in 0..pick::up_to(u, 6)? {
            end.step(u)?;
        }
        if !end.deleted {
            end.tell(Input::Receipts(vec![end.receipt(Outcome::Accepted)]));
            end.tell(Input::Gone { told: true });
        }
        assert!(end.deleted, "FORGET-2: everybody has heard, and something is left");
        self.now = now;
        Ok(())
    }

    fn some_link(&self, u: &mut Unstructured) -> Result<LinkId> {
        Ok(LinkId(pick::up_to(u, self.last_link + 1)?))
    }

    fn open(&mut self, u: &mut Unstructured) -> Result<()> {
        let peer = match u.int_in_range(0..=2u8)? {
            // The driver refuses agents before the first message.
            0 if self.meta.is_some() => Peer::Agent { id: pick::agent(u)?, name: "Ada".into() },
            _ => Peer::Visitor,
        };
        let notice = pick::notice(u)?;
        self.last_link += 1;
        let link = LinkId(self.last_link);
        self.links.insert(link, None);
        self.tell(
            Input::Opened { link, peer, notice, token: Some("token".into()), client: Box::default() },
            0,
        );
        assert!(self.links.len() <= MAX_LINKS_PER_CONVERSATION, "LINK-3");
        Ok(())
    }

    fn say(&mut self, u: &mut Unstructured) -> Result<()> {
        let link = self.some_link(u)?;
        let mut said = Vec::new();
        for _ in 0..=pick::up_to(u, 5)? {
            said.push(self.frame(u)?);
        }
        let parsed = frames::parse(&encode(&said)).expect("the border takes what a client writes");
        assert_eq!(parsed, said);
        let sends = said.iter().filter(|frame| matches!(frame, ClientFrame::Send(_))).count();
        self.collected += sends;
        let hellos = said.iter().filter(|frame| matches!(frame, ClientFrame::Hello(_))).count();
        let answers = self.collected + said.len() + 140 * hellos;
        let input = match u.int_in_range(0..=7u8)? {
            taken @ 0..=2 => {
                Input::TooMany { link, frames: parsed, taken: taken.into(), reason: "too-many-messages" }
            }
            _ => Input::Frames { link, frames: parsed },
        };
        self.tell(input, answers);
        Ok(())
    }

    fn frame(&self, u: &mut Unstructured) -> Result<ClientFrame> {
        Ok(match u.int_in_range(0..=15u8)? {
            0..=6 => {
                let (writer, n) = (pick::writer(u, &WRITERS[..2])?, self.n(u)?);
                ClientFrame::Send(Send { id: pick::message_id(&writer, n), writer, n, text: pick::text(u)? })
            }
            7..=9 => {
                let resume = match u.int_in_range(0..=3u8)? {
                    0 => None,
                    1 => Some(Resume { epoch: Epoch(pick::number(u)?), last_seq: pick::number(u)? }),
                    _ => Some(Resume { epoch: self.machine.meta().epoch, last_seq: pick::number(u)? }),
                };
                let mut unacked = Vec::new();
                for _ in 0..pick::up_to(u, 3)? {
                    let writer = pick::writer(u, &WRITERS)?;
                    let times = if u.int_in_range(0..=7u8)? == 7 { 60 } else { 1 };
                    unacked.extend(std::iter::repeat_n(writer, times));
                }
                ClientFrame::Hello(Hello { protocol: pick::number(u)?, resume, unacked })
            }
            10 => ClientFrame::Delivered { upto_seq: pick::number(u)? },
            11 => ClientFrame::Seen { upto_seq: pick::number(u)? },
            12 => ClientFrame::Typing { on: u.arbitrary()? },
            13 => ClientFrame::History { before_seq: pick::number(u)? },
            14 => ClientFrame::Ping,
            _ => ClientFrame::Unknown,
        })
    }

    /// Mostly a number that comes next.
    fn n(&self, u: &mut Unstructured) -> Result<u64> {
        let next = self.machine.meta().upto_n(&WriterId::parse("w").expect("a valid name")) + 1;
        Ok(if u.arbitrary()? { next } else { pick::number(u)? })
    }

    fn pull(&mut self, u: &mut Unstructured) -> Result<()> {
        let max = pick::up_to(u, 60)? as usize;
        let events = self.machine.pull(self.now, max, &self.log);
        let collected = self.collected;
        if !self.perform(collected) {
            return Ok(());
        }
        assert!(events.len() <= max.min(MAX_BATCH));
        let after = self.machine.meta().delivered_upto;
        for (place, event) in events.iter().enumerate() {
            let message = self.log.0.get(after as usize + place).expect("only what is stored is pulled");
            assert_eq!(
                event.id,
                message.id.as_str(),
                "ORDER-2: from the first without a receipt, without a hole"
            );
        }
        let waits = self.log.0.len() as u64 - after;
        assert_eq!(events.len() as u64, waits.min(max.min(MAX_BATCH) as u64));
        assert_eq!(self.machine.backlog(), waits);
        Ok(())
    }

    /// As an origin answers, right or wrong.
    fn receipts(&mut self, u: &mut Unstructured) -> Result<()> {
        let mut receipts: Vec<Receipt> = Vec::new();
        let from = self.machine.meta().delivered_upto;
        for place in 0..=pick::up_to(u, 8)? {
            let seq = if u.ratio(7, 8)? { from.saturating_add(place) + 1 } else { pick::number(u)? };
            let message = self.log.0.iter().find(|message| message.seq == seq);
            let id = message.map_or("nothing", |message| message.id.as_str()).to_owned();
            let all = [Outcome::Accepted, Outcome::Duplicate, Outcome::Refused, Outcome::Later];
            let result = *u.choose(&all)?;
            let first = !receipts.iter().any(|receipt| receipt.id == id);
            if first && message.is_some() && result != Outcome::Later {
                self.receipted.insert(seq);
            }
            let retry_after_ms = Some(pick::number(u)?);
            receipts.push(Receipt {
                id,
                source: String::new(),
                result,
                reason: String::new(),
                retry_after_ms,
            });
        }
        let collected = self.collected;
        self.tell(Input::Receipts(receipts), collected);
        Ok(())
    }

    fn reply(&mut self, u: &mut Unstructured) -> Result<()> {
        if self.meta.is_none() {
            // A reply never begins a conversation; the driver sees to that.
            return Ok(());
        }
        let writer = pick::writer(u, &WRITERS[2..])?;
        let next = self.machine.meta().upto_n(&writer).saturating_add(1);
        let n = if u.arbitrary()? { next } else { pick::number(u)? };
        let id = pick::message_id(&writer, n);
        let reply = Reply {
            site: pick::site(),
            conversation: name(),
            id: id.clone(),
            writer,
            n,
            agent: pick::agent(u)?,
            name: "Ada".into(),
            text: pick::text(u)?,
        };
        let (outcome, _) = self.machine.reply(self.now, reply);
        if outcome == Outcome::Refused && !self.refused.contains(&n) {
            self.refused.push(n);
        }
        let (told_of, lives) = (outcome, self.perform(self.collected + 1));
        // What waits for the disk is accepted: the driver answers after it.
        while lives && self.storing > 0 {
            self.storing -= 1;
            self.collected = 0;
            self.machine.handle(self.now, Input::Stored, &self.log);
            if !self.perform(512) {
                return Ok(());
            }
        }
        if lives && told_of == Outcome::Accepted {
            assert!(self.log.0.iter().any(|message| message.id == id), "accepted and not stored");
        }
        if told_of == Outcome::Duplicate {
            let refused = self.refused.iter().rev().take(8).any(|refused| *refused == n);
            assert!(n > 0 && !refused, "NACK-3: a success for what was refused");
        }
        Ok(())
    }

    fn restart(&mut self, u: &mut Unstructured) -> Result<()> {
        match u.int_in_range(0..=3u8)? {
            // Asleep, with its links.
            0 | 1 => {
                let links = self.links.values().flatten().cloned().collect();
                self.restore(links);
            }
            2 => self.die(),
            _ => {
                self.now += 1;
                self.log.0.clear();
                self.meta = None;
                self.receipted.clear();
                self.die();
            }
        }
        Ok(())
    }

    fn die(&mut self) {
        self.links.clear();
        self.refused.clear();
        self.restore(Vec::new());
    }

    fn restore(&mut self, links: Vec<LinkInfo>) {
        self.machine = match &self.meta {
            Some(meta) => Conversation::restore(meta.clone(), links, &self.log),
            None if links.is_empty() => fresh(),
            None => Conversation::restore_unstored(pick::site(), name(), links),
        };
        (self.storing, self.collected, self.told_receipted, self.dies_after) = (0, 0, 0, None);
        let meta = self.machine.meta();
        assert_eq!(meta.last_seq, self.log.0.len() as u64);
        self.require_receipts(meta.delivered_upto);
        self.require_marks();
    }

    /// False where the process died meanwhile.
    fn tell(&mut self, input: Input, answers: usize) -> bool {
        self.machine.handle(self.now, input, &self.log);
        self.perform(answers)
    }

    /// Performs the outputs in order, like the driver; false where the process died on the way.
    fn perform(&mut self, answers: usize) -> bool {
        // Every link hears of everything, and of the presence, the mode and the receipts besides.
        let limit = (MAX_LINKS_PER_CONVERSATION + 1) * (answers + 8);
        for count in 0.. {
            assert!(count <= limit, "{count} outputs for {answers} answers");
            if self.dies_after == Some(count as u64) {
                self.die();
                return false;
            }
            let Some(output) = self.machine.poll_output() else { break };
            self.output(output);
        }
        let waits = self.log.0.len() as u64 > self.machine.meta().delivered_upto;
        assert!(!waits || self.machine.poll_timeout().is_some(), "a backlog without its safety net");
        self.require_marks();
        true
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Store { messages, meta } => {
                for message in messages {
                    self.require_next(&message);
                    self.log.0.push(message);
                }
                assert_eq!(meta.last_seq, self.log.0.len() as u64, "the row counts what is stored");
                self.require_receipts(meta.delivered_upto);
                self.meta = Some(*meta);
                self.storing += 1;
            }
            Output::Trim { upto_seq } => unreachable!("a log as short as this one, trimmed up to {upto_seq}"),
            Output::Forget { .. } | Output::TellGone | Output::Delete => {
                unreachable!("nobody wanted it to end")
            }
            Output::Park(parked) => assert!(self.receipted.contains(&parked.seq)),
            Output::Send(link, frame) => {
                assert!(self.links.contains_key(&link), "LINK-1: {frame:?} for a link that is gone");
                self.told(&frame);
            }
            Output::Close(link, _) => {
                self.links.remove(&link);
            }
            Output::Attach(info) => {
                self.require_receipts(info.delivered_upto);
                if let Some(attached) = self.links.get_mut(&info.link) {
                    *attached = Some(*info);
                }
            }
            Output::Announce => assert!(self.machine.backlog() > 0),
            Output::Notify(summary) => assert!(self.at(summary.last_seq).is_some(), "COST-1"),
        }
    }
}
