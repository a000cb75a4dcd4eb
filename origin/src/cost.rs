//! What each piece of work costs the modelled database. The unit is the cost of one message event.

use serde::{Serialize, Serializer};
use shared::event::Resource;

/// In thousandths of a message event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u64);

impl Cost {
    pub const PROBE: Cost = Cost(100);
    const REPLY: Cost = Cost(1_000);
    const KEYS: Cost = Cost(100);
    const SETTINGS: Cost = Cost(100);
    const RENEW: Cost = Cost(600);
    const LOGIN: Cost = Cost(1_100);
    const SAVE: Cost = Cost(2_000);
    /// To load an account with its agents and groups, on top, where the cache does not have it.
    const ACCOUNT: Cost = Cost(900);

    pub const fn of_messages(count: u64) -> Cost {
        Cost(count * 1_000)
    }

    pub fn thousandths(self) -> u64 {
        self.0
    }

    fn times(self, count: u64) -> Cost {
        Cost(self.0 * count)
    }

    pub fn and(self, other: Cost) -> Cost {
        Cost(self.0 + other.0)
    }

    pub fn without(self, other: Cost) -> Cost {
        Cost(self.0.saturating_sub(other.0))
    }

    /// So many parts of a whole, rounded down.
    pub fn part(self, parts: u64, whole: u64) -> Cost {
        Cost(self.0 * parts / whole)
    }
}

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Thousandths of far less than 2^50 are exact enough.
        serializer.serialize_f64(self.0 as f64 / 1_000.0)
    }
}

/// What a request asks of the database; where an account is named, it is needed.
#[derive(Clone, Debug)]
pub enum Work {
    /// A batch: events that change the ledger, and probes and others that are only looked at.
    Batch {
        stored: u64,
        seen: u64,
    },
    Reply,
    Keys,
    Settings(String),
    Renew(String),
    Login(String),
    Save(String),
}

/// How many times as much account work costs while the account service saves far too often.
const OVER_SAVE: u64 = 10;

impl Work {
    pub fn resource(&self) -> Resource {
        match self {
            Work::Batch { .. } | Work::Reply => Resource::Messages,
            Work::Keys | Work::Settings(_) | Work::Renew(_) | Work::Login(_) | Work::Save(_) => {
                Resource::Accounts
            }
        }
    }

    /// The account that it must have.
    pub fn reads(&self) -> Option<&str> {
        match self {
            Work::Settings(account) | Work::Renew(account) | Work::Login(account) => Some(account),
            Work::Batch { .. } | Work::Reply | Work::Keys | Work::Save(_) => None,
        }
    }

    /// The account that it throws out of the cache: `over_save` makes a save of everything that touches an account.
    pub fn spoils(&self, over_save: bool) -> Option<&str> {
        match self {
            Work::Save(account) => Some(account),
            _ => self.reads().filter(|_| over_save),
        }
    }

    pub fn cost(&self, cached: bool, over_save: bool) -> Cost {
        let lone = match *self {
            Work::Batch { stored, seen } => Cost::of_messages(stored).and(Cost::PROBE.times(seen)),
            Work::Reply => Cost::REPLY,
            Work::Keys => Cost::KEYS,
            Work::Settings(_) => Cost::SETTINGS,
            Work::Renew(_) => Cost::RENEW,
            Work::Login(_) => Cost::LOGIN,
            Work::Save(_) => Cost::SAVE,
        };
        let over_save = over_save && self.resource() == Resource::Accounts;
        let loads = self.reads().is_some() && (over_save || !cached);
        let cost = if loads { lone.and(Cost::ACCOUNT) } else { lone };
        cost.times(if over_save { OVER_SAVE } else { 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(work: fn(String) -> Work) -> Work {
        work("demo".into())
    }

    #[test]
    fn a_batch_costs_what_its_events_cost_whatever_ails_the_accounts() {
        for (cached, over_save) in [(false, false), (true, false), (false, true)] {
            let cost = |stored, seen| Work::Batch { stored, seen }.cost(cached, over_save);
            assert_eq!(cost(50, 0), Cost::of_messages(50));
            assert_eq!(cost(2, 5), Cost(2_500));
            assert_eq!(cost(0, 1), Cost::PROBE);
            assert_eq!(Work::Reply.cost(cached, over_save), Cost::of_messages(1));
        }
    }

    #[test]
    fn an_account_from_the_cache_is_cheap_and_a_save_never_is() {
        for (work, cached, loaded) in [
            (account(Work::Settings), 100, 1_000),
            (account(Work::Renew), 600, 1_500),
            (account(Work::Login), 1_100, 2_000),
            (account(Work::Save), 2_000, 2_000),
            (Work::Keys, 100, 100),
        ] {
            assert_eq!((work.cost(true, false).0, work.cost(false, false).0), (cached, loaded), "{work:?}");
        }
    }

    #[test]
    fn over_save_costs_ten_loads_of_the_account_also_where_the_cache_has_it() {
        for work in [account(Work::Settings), account(Work::Renew), account(Work::Login), Work::Keys] {
            let ten = Cost(work.cost(false, false).0 * 10);
            assert_eq!((work.cost(true, true), work.cost(false, true)), (ten, ten), "{work:?}");
        }
    }

    #[test]
    fn a_save_spoils_the_cache_and_with_over_save_everything_does_that_touches_an_account() {
        assert_eq!(account(Work::Save).spoils(false), Some("demo"));
        assert_eq!(account(Work::Login).spoils(false), None);
        assert_eq!(account(Work::Login).spoils(true), Some("demo"));
        assert_eq!(Work::Keys.spoils(true), None);
    }
}
