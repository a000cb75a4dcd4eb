//! What is replayed: a scenario as it stands in a TOML file, and the cells of its grid.

use serde::{Deserialize, Serialize};

use crate::check::check;

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
    /// The edge's process is killed, again and again, and started again.
    Restart,
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
        // What the reader says begins with the line, too.
        let scenario: Scenario = toml::from_str(text).map_err(|error| match error.span() {
            Some(span) => {
                format!("line {}: {}", 1 + text[..span.start].matches('\n').count(), error.message())
            }
            None => format!("line 1: {}", error.message()),
        })?;
        check(&scenario, Some(text))?;
        Ok(scenario)
    }

    /// Whether every value is one that can be replayed.
    pub fn check(&self) -> Result<(), String> {
        check(self, None)
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

#[cfg(test)]
mod tests {
    use super::Scenario;

    fn error(text: &str) -> String {
        Scenario::parse(text).expect_err("a wrong file")
    }

    #[test]
    fn unknown_key_is_named_with_its_line_and_the_known_ones() {
        let error = error("name = \"mine\"\nload = 3\n");
        assert!(error.starts_with("line 2: unknown field `load`") && error.contains("`loads`"), "{error}");
    }

    #[test]
    fn unknown_fault_is_named_with_the_known_ones() {
        let error = error("name = \"mine\"\n\nfault = \"fire\"\n");
        assert!(error.starts_with("line 3: ") && error.contains("`over-save`"), "{error}");
    }

    #[test]
    fn value_out_of_range_is_named_with_its_line_and_the_range() {
        let people = error("name = \"mine\"\n[people]\n# None at all.\nsites = 0\n");
        assert_eq!(people, "line 4: `sites` is 0 and must be between 1 and 10000");
        let loads = error("name = \"mine\"\nloads = [0.5, 1.5]\n");
        assert_eq!(loads, "line 2: `loads` is 1.5 and must be between 0.01 and 0.95");
        let pause = error("name = \"mine\"\npeople.pause_s = nan\n");
        assert!(pause.starts_with("line 2: `pause_s` is NaN"), "{pause}");
        assert!(error("name = \"mine\"\ntriggers_s = []\n").starts_with("line 2: `triggers_s` is empty"));
    }

    #[test]
    fn file_without_a_name_is_asked_for_one() {
        assert!(error("loads = [0.5]\n").starts_with("line 1: `name` is missing"));
    }

    #[test]
    fn long_triggers_have_the_capacity_of_long_triggers() {
        let scenario = Scenario::parse("name = \"mine\"\ntriggers_s = [300, 301]\n").expect("right");
        let capacities: Vec<f64> = scenario.cells().iter().map(|cell| cell.capacity).collect();
        assert_eq!(capacities, [100.0, 50.0]);
    }
}
