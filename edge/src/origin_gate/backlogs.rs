//! What waits in which conversation. How much that is and since when the oldest waits is asked every second, also of a
//! hundred thousand of them, so it is kept and not counted.

use std::collections::BTreeMap;

use shared::Millis;

use super::Key;

#[derive(Debug, Default)]
pub(super) struct Backlogs {
    by_key: BTreeMap<Key, Backlog>,
    /// How many have waited since when.
    since: BTreeMap<Millis, usize>,
    events: u64,
}

#[derive(Clone, Copy, Debug)]
struct Backlog {
    since: Millis,
    /// As it has last told; at least one.
    events: u64,
}

impl Backlogs {
    /// True where the key is new.
    pub(super) fn insert(&mut self, now: Millis, key: Key) -> bool {
        if self.by_key.contains_key(&key) {
            return false;
        }
        self.by_key.insert(key, Backlog { since: now, events: 1 });
        self.waits_since(now);
        self.events += 1;
        true
    }

    pub(super) fn remove(&mut self, key: &Key) {
        if let Some(backlog) = self.by_key.remove(key) {
            self.waits_no_more(backlog.since);
            self.events -= backlog.events;
        }
    }

    /// So many events wait there.
    pub(super) fn told(&mut self, key: &Key, events: u64) {
        if let Some(backlog) = self.by_key.get_mut(key) {
            let before = std::mem::replace(&mut backlog.events, events.clamp(1, u64::from(u32::MAX)));
            self.events = self.events - before + backlog.events;
        }
    }

    /// What is left there is younger than what has just gone.
    pub(super) fn renew(&mut self, now: Millis, key: &Key) {
        if let Some(backlog) = self.by_key.get_mut(key) {
            let before = std::mem::replace(&mut backlog.since, now);
            self.waits_no_more(before);
            self.waits_since(now);
        }
    }

    fn waits_since(&mut self, since: Millis) {
        *self.since.entry(since).or_default() += 1;
    }

    fn waits_no_more(&mut self, since: Millis) {
        if let Some(conversations) = self.since.get_mut(&since) {
            *conversations -= 1;
            if *conversations == 0 {
                self.since.remove(&since);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Since when the oldest has waited.
    pub(super) fn oldest(&self) -> Option<Millis> {
        self.since.keys().next().copied()
    }

    /// All events, as far as conversations have told.
    pub(super) fn events(&self) -> u64 {
        self.events
    }
}

#[cfg(test)]
mod tests {
    use shared::id::{ConversationId, SiteId};
    use shared::random::Random;

    use super::*;

    /// Whatever happens, what is kept is what a count would give.
    #[test]
    fn what_is_kept_is_what_a_count_gives() {
        for seed in 0..50 {
            let (mut random, mut backlogs) = (Random::new(seed), Backlogs::default());
            for step in 0..400 {
                let conversation = ConversationId::parse(&format!("c{}", random.below(12))).unwrap();
                let key = Key { site: SiteId::parse("demo").unwrap(), conversation };
                let now = step / 3;
                match random.below(4) {
                    0 => {
                        backlogs.insert(now, key);
                    }
                    1 => backlogs.remove(&key),
                    2 => backlogs.told(&key, [0, 1, 7, u64::MAX][random.below(4) as usize]),
                    _ => backlogs.renew(now, &key),
                }
                let all = || backlogs.by_key.values();
                assert_eq!(backlogs.events(), all().map(|it| it.events).sum::<u64>(), "seed {seed}");
                assert_eq!(backlogs.oldest(), all().map(|it| it.since).min(), "seed {seed}");
                assert_eq!(backlogs.since.values().sum::<usize>(), backlogs.len(), "seed {seed}");
            }
        }
    }
}
