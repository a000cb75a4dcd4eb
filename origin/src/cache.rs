//! The modelled database's cache of accounts, with their agents and groups. What is in it need not be loaded again; a save
//! throws it out.

use std::collections::HashMap;

use crate::capacity::Micros;

/// When full, the account that was loaded longest ago makes room.
const MAX_ACCOUNTS: usize = 1_000;

/// Since when each account is there.
#[derive(Default)]
pub struct Cache {
    since: HashMap<String, Micros>,
}

impl Cache {
    pub fn has(&self, account: &str, now: Micros) -> bool {
        self.since.get(account).is_some_and(|&since| since <= now)
    }

    /// Somebody loads the account and has done so then. Until that time everybody else must load it as well.
    pub fn load(&mut self, account: &str, at: Micros) {
        if let Some(since) = self.since.get_mut(account) {
            *since = at.min(*since);
            return;
        }
        if self.since.len() >= MAX_ACCOUNTS {
            let oldest = self.since.iter().min_by_key(|(_, since)| **since);
            if let Some(account) = oldest.map(|(account, _)| account.clone()) {
                self.since.remove(&account);
            }
        }
        self.since.insert(account.to_owned(), at);
    }

    pub fn forget(&mut self, account: &str) {
        self.since.remove(account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_there_once_it_has_been_loaded_and_until_a_save() {
        let mut cache = Cache::default();
        assert!(!cache.has("a", 10));
        cache.load("a", 20);
        assert!(!cache.has("a", 19) && cache.has("a", 20) && !cache.has("b", 20));
        cache.load("b", 20);
        cache.forget("a");
        assert!(!cache.has("a", 30) && cache.has("b", 30));
    }

    #[test]
    fn the_first_of_several_loads_counts() {
        let mut cache = Cache::default();
        cache.load("a", 20);
        cache.load("a", 40);
        assert!(cache.has("a", 20));
    }

    #[test]
    fn a_flood_of_accounts_is_bounded() {
        let mut cache = Cache::default();
        for n in 0..MAX_ACCOUNTS as u64 + 5 {
            cache.load(&n.to_string(), n);
        }
        assert_eq!(cache.since.len(), MAX_ACCOUNTS);
        assert!(!cache.has("4", Micros::MAX) && cache.has("5", Micros::MAX));
    }
}
