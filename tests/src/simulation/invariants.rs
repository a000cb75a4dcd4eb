//! What must hold at every moment, and what must hold once everything has come to rest.

use std::collections::BTreeMap;

use edge::conversation::LinkId;
use shared::Millis;
use shared::message::Message;
use shared::mode::Mode;
use shared::session::{MessageState, Role, Standing};

use super::clock::ConversationNo;
use super::network::Wire;
use super::sim_browser::{Tab, TabId};
use super::{Outcome, World};

/// Longer than a session pauses after any refusal.
const SILENCE_MS: Millis = 8_000;

impl World {
    /// ORDER-3: the log has no holes.
    pub fn check_stored(&self, number: ConversationNo, message: &Message) -> Outcome {
        let expected = self.conversations[number].log.0.len() as u64 + 1;
        if message.seq != expected {
            return Err(format!("conversation {number} stores seq {} where {expected} is due", message.seq));
        }
        Ok(())
    }

    /// A reader's view is a window of the log: contiguous, and word for word the same.
    pub fn check_view(&self, tab: TabId) -> Outcome {
        let it = &self.tabs[tab.0];
        let Some(epoch) = it.epoch else { return Ok(()) };
        let log = self.conversations[self.browsers[it.browser].conversation].log_of(epoch);
        let mut next = None;
        for row in it.session.rows() {
            let Some(seq) = row.seq else { continue };
            if next.is_some_and(|next| next != seq) {
                return Err(format!("tab {} shows seq {seq} where {next:?} is due", tab.0));
            }
            next = Some(seq + 1);
            let Some(message) = log.get(seq as usize - 1) else {
                return Err(format!("tab {} shows seq {seq}, which is not in the log", tab.0));
            };
            if (&row.id, row.side, &row.text) != (&message.id, message.author.side(), &message.text) {
                return Err(format!("tab {} shows {row:?} for {message:?}", tab.0));
            }
        }
        Ok(())
    }

    /// Nothing when at rest; otherwise what is still under way.
    pub fn restless(&mut self) -> Option<String> {
        if self.clock.now < self.network.talked_at + SILENCE_MS {
            return Some("a browser has just said something".to_owned());
        }
        for (number, tab) in self.tabs.iter().enumerate().filter(|(_, tab)| tab.open) {
            if tab.session.standing() != Standing::Live {
                return Some(format!("tab {number} is {:?}", tab.session.standing()));
            }
            if tab.wire().is_none_or(|wire| self.network.wires[&wire].cut) {
                return Some(format!("tab {number} has yet to notice that its link is broken"));
            }
            let rows = tab.session.rows();
            let shown = rows.iter().filter_map(|row| row.seq).max().unwrap_or(0);
            let stored = self.conversations[self.browsers[tab.browser].conversation].log.0.len() as u64;
            if shown != stored {
                return Some(format!("tab {number} shows the log up to {shown} of {stored}"));
            }
            let side = self.browsers[tab.browser].role.side();
            for row in rows.into_iter().filter(|row| row.side == side) {
                if !matches!(row.state, Some(MessageState::Delivered | MessageState::Seen)) {
                    return Some(format!("tab {number} shows {row:?}"));
                }
            }
            if tab.is_saving() {
                return Some(format!("tab {number} is still saving"));
            }
            if tab.session.notice().version != self.notice.version {
                return Some(format!("tab {number} knows {:?} of {:?}", tab.session.notice(), self.notice));
            }
        }
        for (number, browser) in self.browsers.iter().enumerate() {
            if let Some(saved) = browser.storage.values().next() {
                return Some(format!("browser {number} still keeps {saved:?}"));
            }
        }
        if let Some(reply) = self.replies.iter().find_map(|it| it.waiting.front()) {
            return Some(format!("the origin still keeps {reply:?}"));
        }
        for number in 0..self.conversations.len() {
            let backlog = self.conversations[number].backlog();
            if backlog > 0 {
                return Some(format!("conversation {number} has a backlog of {backlog}"));
            }
        }
        if let Some(what) = self.ghost() {
            return Some(what);
        }
        let known = self.gate.index.len().max(self.gate.backlogged());
        (known > 0).then(|| format!("the gate still knows of {known} backlogs"))
    }

    /// LINK-7: somebody who has gone and counts as present. Nobody looks where nothing was said (COST-1).
    pub fn ghost(&self) -> Option<String> {
        let begun = |number: &ConversationNo| self.conversations[*number].meta.is_some();
        for number in (0..self.conversations.len()).filter(begun) {
            let here = |(_, wire): &(&LinkId, &Wire)| wire.conversation == number && wire.at_edge;
            for (link, wire) in self.network.wires.iter().filter(here) {
                if wire.cut {
                    return Some(format!("conversation {number} takes link {} for one that is open", link.0));
                }
            }
            let is_there = |tab: &Tab, role| {
                tab.open
                    && self.browsers[tab.browser].conversation == number
                    && self.browsers[tab.browser].role == role
            };
            let visitor = self.tabs.iter().any(|tab| is_there(tab, Role::Visitor));
            if self.conversations[number].told_present != visitor {
                return Some(format!(
                    "the list says of conversation {number} that its visitor's presence is {}",
                    !visitor
                ));
            }
        }
        None
    }

    /// Nothing once everybody is told that all is well, and nobody is about to say something.
    pub fn troubled(&mut self) -> Option<String> {
        let told = self.notice.mode == Mode::Normal;
        if !told { Some(format!("the mode is still {:?}", self.notice)) } else { self.restless() }
    }

    /// Once at rest.
    pub fn check_rest(&self) -> Outcome {
        for number in 0..self.conversations.len() {
            self.check_log(number)?;
            self.check_ledger(number)?;
        }
        for number in 0..self.tabs.len() {
            if self.tabs[number].open {
                self.check_view(TabId(number))?;
            }
        }
        Ok(())
    }

    /// Accepted once by (writer, n) at the edge: each message at one place, each writer's in the order of writing.
    fn check_log(&self, number: ConversationNo) -> Outcome {
        let it = &self.conversations[number];
        let mut places = BTreeMap::new();
        for message in &it.log.0 {
            // NAME-2: also where two tabs send the same orphan under two names after a loss (EPOCH-4).
            if let Some(earlier) = places.insert(&message.id, message.seq) {
                return Err(format!("{} is in the log at {earlier} and at {}", message.id, message.seq));
            }
        }
        let ledger = |id: &str| self.origin.ledger.iter().any(|entry| entry.id == id);
        for id in &self.reference.acknowledged {
            let here = self.reference.find(id).is_some_and(|written| written.conversation == number);
            // STORE-1; of a lost storage the origin may have the message, or the browser sends it again.
            if here && !places.contains_key(id) && (it.lost.is_empty() || !ledger(id.as_str())) {
                let known = self.reference.find(id).is_some_and(|written| written.saved);
                if it.lost.is_empty() || known {
                    return Err(format!("{id} was acknowledged and is not in the log"));
                }
            }
        }
        if it.lost.is_empty() {
            let order = it.log.0.iter().map(|message| message.id.as_str());
            self.check_order(number, "log", order)?;
        }
        Ok(())
    }

    /// Accepted once by (conversation, id) at the origin: each saved message there, in the order of writing.
    fn check_ledger(&self, number: ConversationNo) -> Outcome {
        let key = &self.conversations[number].key;
        let mut texts = BTreeMap::new();
        let entries = || self.origin.ledger.iter().filter(|e| e.stored.conversation == key.conversation);
        for entry in entries() {
            if texts.insert(entry.id.as_str(), entry.stored.text.as_str()).is_some() {
                return Err(format!("{} is in the ledger twice", entry.id));
            }
        }
        for written in self.reference.written.iter().filter(|written| written.conversation == number) {
            let must = written.saved || self.tabs.get(written.tab.0).is_some_and(|tab| tab.open);
            match texts.get(written.id.as_str()) {
                Some(text) if *text != written.text => {
                    return Err(format!("{} has another text in the ledger", written.id));
                }
                None if must => return Err(format!("{} never came to the ledger", written.id)),
                _ => {}
            }
        }
        self.check_order(number, "ledger", entries().map(|entry| entry.id.as_str()))
    }

    /// ORDER-1: what one tab has written stands in the order of writing.
    fn check_order<'a>(
        &self,
        number: ConversationNo,
        place: &str,
        ids: impl Iterator<Item = &'a str>,
    ) -> Outcome {
        let written: BTreeMap<&str, (usize, TabId)> =
            self.reference.written.iter().enumerate().map(|(i, w)| (w.id.as_str(), (i, w.tab))).collect();
        let mut last: BTreeMap<TabId, (usize, &str)> = BTreeMap::new();
        for id in ids {
            let Some(&(index, tab)) = written.get(id) else {
                return Err(format!("{id} is in the {place} of {number} and nobody wrote it"));
            };
            if let Some((earlier, other)) = last.insert(tab, (index, id))
                && earlier > index
            {
                return Err(format!("in the {place} of {number} {id} comes after {other}, written later"));
            }
        }
        Ok(())
    }
}
