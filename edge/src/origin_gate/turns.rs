//! Whose turn it is. Sites take fair turns, so that one customer's surge is that customer's queue (round robin). Within a
//! site it is first come, first served, as long as nobody has to wait for long. In a longer line all would be late, so three
//! turns of four go to whoever spoke last and one to whoever waits for longest (Facebook's adaptive LIFO, "Fail at Scale").

use std::collections::{BTreeMap, VecDeque};

use shared::Millis;
use shared::id::SiteId;

use super::Key;
use super::deciding::OLD_MS;

/// Of so many turns of a site whose line is long, one goes to the oldest.
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
    by_age: BTreeMap<Age, Key>,
    /// By the number of their turn to speak; below 0 who has failed.
    by_word: BTreeMap<i64, Key>,
    tickets: BTreeMap<Key, (Age, i64)>,
    turns: u32,
}

/// When it came into the line, and the number that it drew.
type Age = (Millis, u64);

impl Turns {
    pub(super) fn len(&self) -> usize {
        self.waiting
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.sites.get(&key.site).is_some_and(|site| site.tickets.contains_key(key))
    }

    /// It has something new to say.
    pub(super) fn spoke(&mut self, now: Millis, key: Key) {
        self.ticket += 1;
        self.put(now, key, self.ticket as i64);
    }

    /// It goes to the end of both lines: what has failed must not keep the others from their turn.
    pub(super) fn put_back(&mut self, now: Millis, key: Key) {
        self.ticket += 1;
        let never = -(self.ticket as i64);
        self.put(now, key, never);
    }

    fn put(&mut self, now: Millis, key: Key, word: i64) {
        let site = self.sites.entry(key.site.clone()).or_default();
        if site.tickets.is_empty() && !self.round.contains(&key.site) {
            self.round.push_back(key.site.clone());
        }
        let age = (now, self.ticket);
        if site.tickets.insert(key.clone(), (age, word)).is_none() {
            site.by_age.insert(age, key.clone());
            site.by_word.insert(word, key);
            self.waiting += 1;
        }
    }

    pub(super) fn take(&mut self, now: Millis) -> Option<Key> {
        let site_id = self.round.pop_front()?;
        let site = self.sites.get_mut(&site_id)?;
        let key = site.take(now)?;
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
    fn take(&mut self, now: Millis) -> Option<Key> {
        let ((since, _), oldest) = self.by_age.first_key_value()?;
        self.turns = (self.turns + 1) % OLDEST_EVERY;
        let first = self.by_word.range(0..).next().map(|(_, key)| key);
        let key = match first {
            _ if self.turns == 0 => oldest,
            Some(first) if now <= since + OLD_MS => first,
            _ => self.by_word.last_key_value()?.1,
        };
        let key = key.clone();
        let (age, word) = self.tickets.remove(&key)?;
        self.by_age.remove(&age);
        self.by_word.remove(&word);
        Some(key)
    }
}
