//! Whose turn it is. Sites take fair turns, so that one customer's surge is that customer's queue (round robin);
//! within a site three turns of four go to whoever spoke last and one to whoever waits for longest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shared::id::SiteId;

use super::Key;

/// Of so many turns of a site, one goes to the oldest.
const OLDEST_EVERY: u32 = 4;

#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Sites that wait, in the order of their next turn.
    round: VecDeque<SiteId>,
    sites: BTreeMap<SiteId, Waiting>,
    ticket: u64,
    waiting: usize,
}

/// A site's conversations that wait.
#[derive(Debug, Default)]
struct Waiting {
    /// By when they came, and by when they spoke.
    by_age: BTreeSet<(u64, Key)>,
    by_word: BTreeSet<(i64, Key)>,
    tickets: BTreeMap<Key, (u64, i64)>,
    turns: u32,
}

impl Turns {
    pub(super) fn len(&self) -> usize {
        self.waiting
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.sites.get(&key.site).is_some_and(|site| site.tickets.contains_key(key))
    }

    /// It has something new to say.
    pub(super) fn spoke(&mut self, key: Key) {
        self.ticket += 1;
        let now = self.ticket;
        self.put(key, now as i64);
    }

    /// It goes to the end of both lines: what has failed must not keep the others from their turn.
    pub(super) fn put_back(&mut self, key: Key) {
        self.ticket += 1;
        let never = -(self.ticket as i64);
        self.put(key, never);
    }

    fn put(&mut self, key: Key, word: i64) {
        let site = self.sites.entry(key.site.clone()).or_default();
        if site.tickets.is_empty() && !self.round.contains(&key.site) {
            self.round.push_back(key.site.clone());
        }
        if site.tickets.insert(key.clone(), (self.ticket, word)).is_none() {
            site.by_age.insert((self.ticket, key.clone()));
            site.by_word.insert((word, key));
            self.waiting += 1;
        }
    }

    pub(super) fn take(&mut self) -> Option<Key> {
        let site_id = self.round.pop_front()?;
        let site = self.sites.get_mut(&site_id)?;
        let key = site.take()?;
        self.waiting -= 1;
        if site.tickets.is_empty() {
            self.sites.remove(&site_id);
        } else {
            self.round.push_back(site_id);
        }
        Some(key)
    }
}

impl Waiting {
    fn take(&mut self) -> Option<Key> {
        self.turns = (self.turns + 1) % OLDEST_EVERY;
        let key = if self.turns == 0 {
            self.by_age.first().map(|(_, key)| key.clone())
        } else {
            self.by_word.last().map(|(_, key)| key.clone())
        }?;
        let (age, word) = self.tickets.remove(&key)?;
        self.by_age.remove(&(age, key.clone()));
        self.by_word.remove(&(word, key.clone()));
        Some(key)
    }
}
