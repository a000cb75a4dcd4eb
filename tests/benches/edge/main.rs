//! The edge on disk, measured: `cargo xtask bench edge` sets up what this needs. docs/benchmarks.md says what the numbers
//! mean and what they do not.
//!
//! Three servers, each a workerd of its own with its objects in a folder of its own on the same disk, do the same
//! scenarios in turn, so that a machine that slows down slows them all; ratios are taken within a round.
//!
//! # Layout, in reading order
//!
//! [`servers`] the three · [`links`] a measured client · [`scenarios`] what is done · [`memory`] what an idle conversation
//! costs · [`proc`] what Linux knows of a process · [`disk`] what a sync costs · [`report`] the table and the JSON

mod disk;
mod links;
mod memory;
mod proc;
mod report;
mod scenarios;
mod servers;

use std::path::PathBuf;
use std::time::Duration;

use tests::bench::progress::Progress;
use tests::harness::stack::program;

use disk::Disk;
use report::Report;
use scenarios::{Scenario, Stage};
use servers::{Arm, Server};

struct Options {
    json: bool,
    rounds: usize,
    /// How long a scenario is measured.
    window: Duration,
    /// Idle conversations at which memory is looked at.
    crowds: &'static [usize],
}

impl Options {
    fn parse() -> Options {
        let given: Vec<String> = std::env::args().collect();
        let has = |flag: &str| given.iter().any(|argument| argument == flag);
        let rounds = given.iter().position(|argument| argument == "--rounds");
        let rounds = rounds.and_then(|at| given.get(at + 1)?.parse().ok()).unwrap_or(5);
        if has("--quick") {
            let window = Duration::from_millis(300);
            return Options { json: has("--json"), rounds: rounds.min(2), window, crowds: &[50, 100] };
        }
        Options { json: has("--json"), rounds, window: Duration::from_secs(2), crowds: &[1_000, 5_000] }
    }
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let progress = Progress::begin();
    let folder: PathBuf = program("SEAWALL_BENCH_DATA");
    let mut report = Report::new(Disk::below(&folder), options.rounds);

    progress.say("starting the servers");
    let mut stages = Vec::new();
    for arm in Arm::ALL {
        let mut server = Server::start(arm, &folder).await;
        let stage = Stage::set(&server).await;
        server.without_origin();
        stages.push((server, stage));
    }
    for round in 0..options.rounds {
        report.disk.measure();
        for scenario in Scenario::ALL {
            for turn in 0..stages.len() {
                let next = (round + turn) % stages.len();
                let (server, stage) = &mut stages[next];
                progress.say(&format!(
                    "round {} of {}: {}, {}",
                    round + 1,
                    options.rounds,
                    scenario.name(),
                    server.arm.name()
                ));
                let measured = stage.play(scenario, server, options.window).await;
                report.add(scenario, server.arm, measured);
            }
        }
    }
    drop(stages);

    for crowd in memory::measure(&folder, options.crowds, |what| progress.say(what)).await {
        report.memory.push(crowd);
    }
    progress.end();
    if options.json {
        println!("{}", report.json());
    } else {
        print!("{}", report.table());
    }
}
