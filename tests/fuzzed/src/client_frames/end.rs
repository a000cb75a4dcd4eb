//! A conversation that is being forgotten: nobody gets in, nothing else is delivered, and in the end nothing is left.

use std::collections::BTreeSet;

use arbitrary::{Result, Unstructured};
use edge::conversation::{Conversation, Input, LinkId, Meta, Output, Peer};
use shared::Millis;
use shared::event::{Body, Event, Forgotten, Outcome, Receipt};

use super::memory::Memory;
use super::{Desk, name};
use crate::pick;

pub(super) struct End {
    machine: Conversation,
    now: Millis,
    meta: Option<Meta>,
    pub(super) links: BTreeSet<LinkId>,
    pub(super) erased: bool,
    pub(super) deleted: bool,
}

impl End {
    pub(super) fn of(desk: Desk) -> End {
        let links = desk.links.keys().copied().filter(|link| desk.machine.link(*link).is_some()).collect();
        End { machine: desk.machine, now: desk.now, meta: None, links, erased: false, deleted: false }
    }

    pub(super) fn step(&mut self, u: &mut Unstructured) -> Result<()> {
        self.now += pick::up_to(u, 70_000)?;
        match u.int_in_range(0..=6u8)? {
            0 => self.tell(Input::Timeout),
            1 => self.tell(Input::Gone { told: u.arbitrary()? }),
            2 => {
                let result = *u.choose(&[Outcome::Accepted, Outcome::Refused, Outcome::Later])?;
                let wrong = Receipt { id: "other".into(), ..self.receipt(Outcome::Accepted) };
                self.tell(Input::Receipts(vec![wrong, self.receipt(result)]));
            }
            3 => {
                let events = self.machine.pull(self.now, 50, &Memory::default());
                self.perform();
                assert_eq!(events.len() as u64, self.machine.backlog().min(1));
                let only = |event: &Event| matches!(event.body, Body::Forgotten(_));
                assert!(events.iter().all(only), "FORGET-1: nothing else is delivered any more");
            }
            4 => {
                if let Some(meta) = &self.meta {
                    self.machine = Conversation::restore(meta.clone(), Vec::new(), &Memory::default());
                }
            }
            5 => {
                let (link, peer, notice) = (LinkId(9_999), Peer::Visitor, pick::notice(u)?);
                self.links.insert(link);
                self.tell(Input::Opened { link, peer, notice, token: None, client: Box::default() });
                assert!(self.deleted || self.links.is_empty(), "FORGET-1: nobody gets in");
                self.links.clear();
            }
            _ => self.tell(Input::Stored),
        }
        Ok(())
    }

    pub(super) fn receipt(&self, result: Outcome) -> Receipt {
        let epoch = self.machine.meta().epoch;
        let forgotten = Event::forgotten(Forgotten { site: pick::site(), conversation: name(), epoch });
        let (source, reason) = (String::new(), String::new());
        Receipt { id: forgotten.id, source, result, reason, retry_after_ms: None }
    }

    pub(super) fn tell(&mut self, input: Input) {
        if !self.deleted {
            self.machine.handle(self.now, input, &Memory::default());
            self.perform();
        }
    }

    fn perform(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            assert!(!self.deleted, "{output:?} after the end");
            match output {
                Output::Close(link, _) => {
                    self.links.remove(&link);
                }
                Output::Forget { meta } => {
                    self.meta = Some(*meta);
                    self.erased = true;
                }
                Output::Delete => self.deleted = true,
                Output::Announce => assert_eq!(self.machine.backlog(), 1),
                Output::TellGone => assert!(self.erased),
                other => panic!("FORGET-1: {other:?}"),
            }
        }
        let waits = !self.deleted && self.erased;
        assert!(!waits || self.machine.poll_timeout().is_some(), "an end without its safety net");
    }
}
