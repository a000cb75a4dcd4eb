//! A table for people, JSON for scripts.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use tests::bench::spread::{Spread, round};

use crate::disk::Disk;
use crate::memory::Crowd;
use crate::scenarios::{Measured, Scenario, percentile_ms};
use crate::servers::Arm;

pub(crate) struct Report {
    pub(crate) disk: Disk,
    pub(crate) memory: Vec<Crowd>,
    rounds: usize,
    /// By round.
    measured: BTreeMap<(Scenario, Arm), Vec<Measured>>,
}

/// What of a turn is reported: key, heading, digits after the point.
type Column = (&'static str, &'static str, usize, fn(&Measured) -> f64);

const COLUMNS: [Column; 4] = [
    ("messages_per_s", "messages/s", 0, |turn| turn.messages_per_s),
    ("p50_ms", "p50 ms", 2, |turn| turn.p50_ms),
    ("p99_ms", "p99 ms", 2, |turn| turn.p99_ms),
    ("cpu_us_per_message", "CPU µs/message", 0, |turn| turn.cpu_us_per_message),
];

const RATIOS: [(&str, Arm, Arm); 2] =
    [("group/each", Arm::Group, Arm::Each), ("group/javascript", Arm::Group, Arm::JavaScript)];

impl Report {
    pub(crate) fn new(disk: Disk, rounds: usize) -> Report {
        Report { disk, memory: Vec::new(), rounds, measured: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, scenario: Scenario, arm: Arm, measured: Measured) {
        self.measured.entry((scenario, arm)).or_default().push(measured);
    }

    fn spread(&self, scenario: Scenario, arm: Arm, value: impl Fn(&Measured) -> f64) -> Spread {
        Spread::of(self.measured[&(scenario, arm)].iter().map(value).collect())
    }

    /// Of two servers in the same round.
    fn ratio(&self, scenario: Scenario, of: Arm, to: Arm, value: impl Fn(&Measured) -> f64) -> Spread {
        let (of, to) = (&self.measured[&(scenario, of)], &self.measured[&(scenario, to)]);
        Spread::of(of.iter().zip(to).map(|(of, to)| value(of) / value(to)).collect())
    }

    fn crowd(&self, arm: Arm, conversations: usize) -> &Crowd {
        let is_it = |crowd: &&Crowd| crowd.arm == arm && crowd.conversations == conversations;
        self.memory.iter().find(is_it).expect("both servers had the same crowds")
    }

    fn crowds(&self) -> Vec<usize> {
        self.memory.iter().filter(|crowd| crowd.arm == Arm::Group).map(|crowd| crowd.conversations).collect()
    }

    fn memory_ratio(&self, conversations: usize) -> f64 {
        self.crowd(Arm::Group, conversations).kib_per_conversation
            / self.crowd(Arm::JavaScript, conversations).kib_per_conversation
    }

    /// Keys are stable.
    pub(crate) fn json(&self) -> Value {
        let scenarios: BTreeMap<_, _> = Scenario::ALL.map(|one| (one.name(), self.scenario_json(one))).into();
        let memory: Vec<_> = self
            .memory
            .iter()
            .map(|crowd| {
                json!({
                    "server": crowd.arm.name(),
                    "conversations": crowd.conversations,
                    "kib_per_conversation": round(crowd.kib_per_conversation),
                    "descriptors_per_conversation": round(crowd.descriptors_per_conversation),
                    "still": crowd.still,
                })
            })
            .collect();
        let memory_ratios: BTreeMap<_, _> = self
            .crowds()
            .into_iter()
            .map(|crowd| (crowd.to_string(), round(self.memory_ratio(crowd))))
            .collect();
        json!({
            "cores": cores(),
            "filesystem": self.disk.filesystem,
            "fsync_ms": {
                "p50": round(percentile_ms(&self.disk.syncs, 0.50)),
                "p99": round(percentile_ms(&self.disk.syncs, 0.99)),
            },
            "rounds": self.rounds,
            "scenarios": scenarios,
            "memory": memory,
            "memory_group/javascript": memory_ratios,
        })
    }

    fn scenario_json(&self, scenario: Scenario) -> Value {
        let client_cpus = |turn: &Measured| turn.client_cpus;
        let mut servers = BTreeMap::new();
        for arm in Arm::ALL {
            let mut values: BTreeMap<_, _> =
                COLUMNS.map(|(key, _, _, value)| (key, self.spread(scenario, arm, value).json())).into();
            values.insert("client_cpus", self.spread(scenario, arm, client_cpus).json());
            servers.insert(arm.name(), json!(values));
        }
        for (name, of, to) in RATIOS {
            let ratios: BTreeMap<_, _> =
                COLUMNS.map(|(key, _, _, value)| (key, self.ratio(scenario, of, to, value).json())).into();
            servers.insert(name, json!(ratios));
        }
        json!(servers)
    }

    /// For one screen.
    pub(crate) fn table(&self) -> String {
        let mut lines = Lines::default();
        let (p50, p99) = (percentile_ms(&self.disk.syncs, 0.50), percentile_ms(&self.disk.syncs, 0.99));
        lines.add(format!(
            "{} cores, {}; a write of 4 KB with fsync: p50 {p50:.2} ms, p99 {p99:.2} ms; medians of {} rounds (least to most)",
            cores(),
            self.disk.filesystem,
            self.rounds
        ));
        for scenario in Scenario::ALL {
            lines.add("");
            lines.add(scenario.title());
            lines.row("", COLUMNS.map(|(_, heading, _, _)| heading.to_owned()));
            for arm in Arm::ALL {
                lines.row(
                    arm.name(),
                    COLUMNS.map(|(_, _, digits, value)| cell(&self.spread(scenario, arm, value), digits)),
                );
            }
            for (name, of, to) in RATIOS {
                lines
                    .row(name, COLUMNS.map(|(_, _, _, value)| cell(&self.ratio(scenario, of, to, value), 2)));
            }
        }
        lines.add("");
        lines.add("idle, hibernated conversations with an open socket and one stored message");
        let crowds = self.crowds();
        lines.row("", crowds.iter().map(|crowd| format!("{crowd} conversations")));
        for arm in [Arm::Group, Arm::JavaScript] {
            lines.row(
                arm.name(),
                crowds.iter().map(|&crowd| {
                    let Crowd {
                        kib_per_conversation: kib,
                        descriptors_per_conversation: descriptors,
                        still,
                        ..
                    } = self.crowd(arm, crowd);
                    let restless = if *still { "" } else { " (not at rest)" };
                    format!("{kib:.0} KiB, {descriptors:.1} fds{restless}")
                }),
            );
        }
        lines.row("group/javascript", crowds.iter().map(|&crowd| format!("{:.2}", self.memory_ratio(crowd))));
        lines.0
    }
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, line: impl AsRef<str>) {
        self.0.push_str(line.as_ref());
        self.0.push('\n');
    }

    fn row(&mut self, name: &str, cells: impl IntoIterator<Item = String>) {
        let mut line = format!("  {name:<16}");
        for cell in cells {
            // Writing to a text cannot fail.
            let _ = write!(line, "  {cell:>20}");
        }
        self.add(line.trim_end());
    }
}

fn cell(Spread { median, min, max }: &Spread, digits: usize) -> String {
    format!("{median:.digits$} ({min:.digits$}-{max:.digits$})")
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}
