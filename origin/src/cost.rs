//! What each piece of work costs the modelled database. The unit is the cost of one message event.

use serde::{Serialize, Serializer};

use crate::faults::Resource;

/// In thousandths of a message event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u64);

impl Cost {
    pub const PROBE: Cost = Cost(100);
    const REPLY: Cost = Cost(1_000);
    const KEYS: Cost = Cost(100);
    const SETTINGS: Cost = Cost(1_000);
    const RENEW: Cost = Cost(1_500);
    const LOGIN: Cost = Cost(2_000);
    const SAVE: Cost = Cost(2_000);

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

/// What a request asks of the database.
#[derive(Clone, Debug)]
pub enum Work {
    /// A batch: events that change the ledger, and probes and others that are only looked at.
    Batch {
        stored: u64,
        seen: u64,
    },
    Reply,
    Keys,
    Settings,
    Renew,
    Login,
    Save,
}

impl Work {
    pub fn resource(&self) -> Resource {
        match self {
            Work::Batch { .. } | Work::Reply => Resource::Messages,
            Work::Keys | Work::Settings | Work::Renew | Work::Login | Work::Save => Resource::Accounts,
        }
    }

    pub fn cost(&self) -> Cost {
        match *self {
            Work::Batch { stored, seen } => Cost::of_messages(stored).and(Cost::PROBE.times(seen)),
            Work::Reply => Cost::REPLY,
            Work::Keys => Cost::KEYS,
            Work::Settings => Cost::SETTINGS,
            Work::Renew => Cost::RENEW,
            Work::Login => Cost::LOGIN,
            Work::Save => Cost::SAVE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_costs_what_its_events_cost() {
        assert_eq!(Work::Batch { stored: 50, seen: 0 }.cost(), Cost::of_messages(50));
        assert_eq!(Work::Batch { stored: 2, seen: 5 }.cost(), Cost(2_500));
        assert_eq!(Work::Batch { stored: 0, seen: 1 }.cost(), Cost::PROBE);
    }
}
