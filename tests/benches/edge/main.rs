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

use tests::bench::asked::Asked;
use tests::bench::progress::Progress;
use tests::harness::stack::program;

use disk::Disk;
use report::Report;
use scenarios::{Scenario, Stage};
use servers::{Arm, Server};

#[tokio::main]
async fn main() {
    let asked = Asked::parse(2);
    // How long a scenario is measured, and the idle conversations at which memory is looked at.
    let (window, crowds) = if asked.quick {
        (Duration::from_millis(300), [50, 100])
    } else {
        (Duration::from_secs(2), [1_000, 5_000])
    };
    let progress = Progress::begin();
    let folder: PathBuf = program("SEAWALL_BENCH_DATA");
    let mut report = Report::new(Disk::below(&folder), asked.rounds);

    progress.say("starting the servers");
    let mut stages = Vec::new();
    for arm in Arm::ALL {
        let mut server = Server::start(arm, &folder).await;
        let stage = Stage::set(&server).await;
        server.without_origin();
        stages.push((server, stage));
    }
    for round in 0..asked.rounds {
        report.disk.measure();
        for scenario in Scenario::ALL {
            for turn in 0..stages.len() {
                let next = (round + turn) % stages.len();
                let (server, stage) = &mut stages[next];
                progress.say(&format!(
                    "round {} of {}: {}, {}",
                    round + 1,
                    asked.rounds,
                    scenario.name(),
                    server.arm.name()
                ));
                let measured = stage.play(scenario, server, window).await;
                report.add(scenario, server.arm, measured);
            }
        }
    }
    drop(stages);

    for crowd in memory::measure(&folder, &crowds, |what| progress.say(what)).await {
        report.memory.push(crowd);
    }
    progress.end();
    if asked.json {
        println!("{}", report.json());
    } else {
        print!("{}", report.table());
    }
}
