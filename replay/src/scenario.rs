//! What is replayed: a scenario as it stands in a TOML file, and the cells of its grid.

use serde::{Deserialize, Serialize};

/// One file of `scenarios/`. What a file leaves out is as in [`Scenario::default`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    /// What happened, for the report's reader.
    pub about: String,
    pub fault: Fault,
    /// Shares of the origin's capacity that ordinary traffic takes.
    pub loads: Vec<f64>,
    /// How long the trigger lasts, in seconds.
    pub triggers_s: Vec<u64>,
    /// What the origin works off: cost a second, of which a message is 1.
    pub capacity: f64,
    /// The same for triggers of more than `long_s` seconds, so that hours can be replayed.
    pub capacity_long: f64,
    pub long_s: u64,
    /// Ordinary traffic before the trigger.
    pub warm_up_s: u64,
    /// How long the traffic goes on after the trigger; a drain may take longer.
    pub after_s: u64,
    /// Seeds for short and for long triggers.
    pub seeds: u64,
    pub seeds_long: u64,
    pub people: People,
    pub origin: OriginCosts,
    pub clients: Clients,
    pub edge: EdgeCosts,
}

/// What is wrong during the trigger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The account service saves far too often and invalidates the caches of large accounts.
    #[default]
    OverSave,
    /// Every connection is refused.
    Down,
    /// Down for 20 s, up for 20 s, and so on.
    Flapping,
    /// 200, of which half is slow and a third garbage, while the origin says that all is well.
    Lying,
    /// All links of everybody break at once.
    Drop,
    /// One site's traffic is twenty times as much.
    Surge,
}

/// Who is there, and what they do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct People {
    /// Share of the load that is messages; the rest is accounts: page views, agents' status, log ins.
    pub messages_share: f64,
    /// Messages of one chat, and the mean pause between two.
    pub messages_per_chat: u64,
    pub pause_s: f64,
    pub sites: u64,
    /// Sites whose accounts have many agents and groups: every one of this many.
    pub large_every: u64,
    /// Page views, agents' status and log ins among the calls for accounts.
    pub page_views: f64,
    pub statuses: f64,
    /// So many of an agent's status reports say something new.
    pub status_changes: f64,
    /// Widgets that are open without a chat.
    pub idle_widgets: u64,
}

/// What the origin's one database has to do, in cost: a message is 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OriginCosts {
    pub read_cached: f64,
    pub read_uncached: f64,
    pub save: f64,
    /// Needless saves with every account call of a large account during `over-save`; they also empty its cache.
    pub over_saves: f64,
    /// Way there and back without any waiting.
    pub latency_ms: u64,
    pub latency_jitter_ms: u64,
    /// A line of so much work refuses whoever comes next.
    pub longest_line_s: f64,
}

/// How clients without an edge behave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clients {
    pub timeout_ms: u64,
    pub retries: u32,
    pub retry_pause_ms: u64,
    pub reconnect_ms: u64,
    /// How long a page stays open that waits for its chat.
    pub page_s: f64,
    /// `careful`: exponential backoff with full jitter, capped; retries per success; failures that open the breaker.
    pub backoff_ms: u64,
    pub backoff_cap_ms: u64,
    pub retry_budget: f64,
    pub breaker_failures: u32,
    pub breaker_open_ms: u64,
}

/// What an object at the edge takes for one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EdgeCosts {
    pub read_us: u64,
    pub write_us: u64,
    /// Between two objects, and between browser and edge, one way.
    pub call_ms: u64,
    pub link_ms: u64,
}

impl Default for Scenario {
    fn default() -> Scenario {
        Scenario {
            name: String::new(),
            about: String::new(),
            fault: Fault::OverSave,
            loads: vec![0.7],
            triggers_s: vec![60],
            capacity: 100.0,
            capacity_long: 50.0,
            long_s: 300,
            warm_up_s: 120,
            after_s: 620,
            seeds: 200,
            seeds_long: 10,
            people: People::default(),
            origin: OriginCosts::default(),
            clients: Clients::default(),
            edge: EdgeCosts::default(),
        }
    }
}

impl Default for People {
    fn default() -> People {
        People {
            messages_share: 0.8,
            messages_per_chat: 10,
            pause_s: 6.0,
            sites: 50,
            large_every: 1,
            page_views: 0.6,
            statuses: 0.35,
            status_changes: 0.33,
            idle_widgets: 0,
        }
    }
}

impl Default for OriginCosts {
    fn default() -> OriginCosts {
        // An account call costs 0.7 on average; with a cache that is always empty and 5 saves besides, 7: ten-fold.
        OriginCosts {
            read_cached: 0.5,
            read_uncached: 2.0,
            save: 1.0,
            over_saves: 5.0,
            latency_ms: 10,
            latency_jitter_ms: 10,
            longest_line_s: 30.0,
        }
    }
}

impl Default for Clients {
    fn default() -> Clients {
        Clients {
            timeout_ms: 5_000,
            retries: 3,
            retry_pause_ms: 1_000,
            reconnect_ms: 5_000,
            page_s: 60.0,
            backoff_ms: 1_000,
            backoff_cap_ms: 60_000,
            retry_budget: 0.1,
            breaker_failures: 3,
            breaker_open_ms: 10_000,
        }
    }
}

impl Default for EdgeCosts {
    fn default() -> EdgeCosts {
        EdgeCosts { read_us: 1_000, write_us: 3_000, call_ms: 2, link_ms: 25 }
    }
}

/// One load and one length of the trigger.
#[derive(Clone, Debug)]
pub struct Cell {
    pub scenario: std::sync::Arc<Scenario>,
    pub load: f64,
    pub trigger_s: u64,
    pub capacity: f64,
}

impl Scenario {
    pub fn parse(text: &str) -> Result<Scenario, String> {
        let scenario: Scenario = toml::from_str(text).map_err(|error| error.to_string())?;
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{}: {what}", self.name));
        if self.name.is_empty() || !self.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
            return wrong("`name` is small letters and hyphens: it becomes a folder");
        }
        if self.loads.is_empty() || self.loads.iter().any(|load| !(0.01..=0.95).contains(load)) {
            return wrong("`loads` are between 0.01 and 0.95 of the capacity");
        }
        if self.triggers_s.is_empty() || self.triggers_s.iter().any(|s| !(1..=86_400).contains(s)) {
            return wrong("`triggers_s` are between 1 and 86400 seconds");
        }
        if !(1.0..=10_000.0).contains(&self.capacity) || !(1.0..=10_000.0).contains(&self.capacity_long) {
            return wrong("`capacity` is between 1 and 10000 a second");
        }
        if self.people.sites == 0 || self.people.messages_per_chat == 0 || self.people.large_every == 0 {
            return wrong("`sites`, `messages_per_chat` and `large_every` are at least 1");
        }
        if !(0.01..=1.0).contains(&self.people.messages_share) || self.people.pause_s <= 0.0 {
            return wrong("`messages_share` is between 0.01 and 1, `pause_s` above 0");
        }
        Ok(())
    }

    pub fn cells(self) -> Vec<Cell> {
        let scenario = std::sync::Arc::new(self);
        let cell = |load, trigger_s| Cell {
            scenario: scenario.clone(),
            load,
            trigger_s,
            capacity: if trigger_s > scenario.long_s { scenario.capacity_long } else { scenario.capacity },
        };
        let (loads, triggers) = (&scenario.loads, &scenario.triggers_s);
        loads.iter().flat_map(|load| triggers.iter().map(move |s| cell(*load, *s))).collect()
    }
}

impl Cell {
    pub fn is_long(&self) -> bool {
        self.trigger_s > self.scenario.long_s
    }

    pub fn trigger_ms(&self) -> std::ops::Range<u64> {
        let start = self.scenario.warm_up_s * 1_000;
        start..start + self.trigger_s * 1_000
    }

    /// Agents with a console open, each of whom reports a status every 20 s or so at half load.
    pub fn agents(&self) -> u64 {
        (self.capacity as u64).max(10)
    }

    pub fn end_ms(&self) -> u64 {
        self.trigger_ms().end + self.scenario.after_s * 1_000
    }
}
