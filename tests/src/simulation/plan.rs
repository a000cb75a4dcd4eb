//! What one run is made of: a seed, which decides everything, and what was taken out of its story to make it shorter.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use shared::random::Random;

use super::World;
use super::bugs::Bug;

#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub seed: u64,
    pub bug: Option<Bug>,
    /// Only these steps are taken, and all is well after the last of them.
    pub only: Option<BTreeSet<u64>>,
    /// What spares this run.
    pub without: BTreeSet<Trouble>,
    /// An eviction at this await point, counted from 1 over all drivers.
    pub evict_at: Option<u64>,
}

/// What goes wrong by itself, between the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Refused handshakes, late frames, and in unruly runs frames that come twice or in another order.
    Network,
    /// Calls between objects that fail, or whose answer is late or lost.
    Calls,
    /// Objects that the platform removes while they wait.
    Evictions,
    /// Hosts whose clocks are wrong from the start.
    Clocks,
    /// Peers of another version.
    Versions,
    /// Messages that the edge does not take now, because too many have come.
    Limits,
}

impl Trouble {
    pub const ALL: [Trouble; 6] = [
        Trouble::Network,
        Trouble::Calls,
        Trouble::Evictions,
        Trouble::Clocks,
        Trouble::Versions,
        Trouble::Limits,
    ];

    fn name(self) -> &'static str {
        match self {
            Trouble::Network => "network",
            Trouble::Calls => "calls",
            Trouble::Evictions => "evictions",
            Trouble::Clocks => "clocks",
            Trouble::Versions => "versions",
            Trouble::Limits => "limits",
        }
    }
}

impl Plan {
    pub fn new(seed: u64, bug: Option<Bug>) -> Plan {
        Plan { seed, bug, ..Plan::default() }
    }

    /// What [`Display`] has written; nothing where there is no seed.
    pub fn from_environment() -> Option<Plan> {
        let read = |name: &str| std::env::var(name).ok();
        let list = |name: &str| read(name).map(|all| all.split(',').map(str::to_owned).collect::<Vec<_>>());
        let steps =
            list("SEAWALL_STEPS").map(|all| all.iter().filter_map(|step| step.parse().ok()).collect());
        let spared = list("SEAWALL_WITHOUT").unwrap_or_default();
        let without = Trouble::ALL.into_iter().filter(|it| spared.iter().any(|name| name == it.name()));
        let number = |name: &str| read(name)?.parse().ok();
        Some(Plan {
            seed: number("SEAWALL_SEED")?,
            bug: None,
            only: steps,
            without: without.collect(),
            evict_at: number("SEAWALL_EVICT_AT"),
        })
    }

    pub fn takes(&self, step: u64) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&step))
    }

    /// Whether nothing is planned after so many steps. What the last one has set going has as long as any other.
    pub fn is_over(&self, steps: u64) -> bool {
        self.only.as_ref().is_some_and(|only| only.last().is_none_or(|last| steps > *last + 1))
    }

    /// The chance of one step is its own, so that it stays what it is when others are left out.
    pub fn chance_of(&self, step: u64) -> Random {
        Random::new(Random::new(self.seed ^ !step).next_u64())
    }
}

/// As the environment that replays it.
impl Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SEAWALL_SEED={}", self.seed)?;
        if let Some(only) = &self.only {
            let steps: Vec<String> = only.iter().map(u64::to_string).collect();
            write!(out, " SEAWALL_STEPS={}", steps.join(","))?;
        }
        if !self.without.is_empty() {
            let names: Vec<&str> = self.without.iter().map(|trouble| trouble.name()).collect();
            write!(out, " SEAWALL_WITHOUT={}", names.join(","))?;
        }
        if let Some(at) = self.evict_at {
            write!(out, " SEAWALL_EVICT_AT={at}")?;
        }
        Ok(())
    }
}

impl World {
    /// Whether a trouble strikes now, in `percent` of 100 cases while not all is well.
    pub fn strikes(&mut self, trouble: Trouble, percent: u64) -> bool {
        !self.calm && !self.plan.without.contains(&trouble) && self.random.percent(percent)
    }
}
