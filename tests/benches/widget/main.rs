//! The chat in a real Chromium, measured beside others: `cargo xtask bench widget` sets up what this needs. docs/widget.md
//! says what the numbers mean and what they do not. Ends with 1 where one of our own bounds is broken.
//!
//! Everybody does the same in turn, so that a machine that slows down slows them all.
//!
//! # Layout, in reading order
//!
//! [`contenders`] who is measured, and what watches in their pages · [`scenarios`] what is done · [`visit`] one window ·
//! [`server`] what sends everybody's files, and the slow line · [`talker`] who writes to ours ·
//! [`report`] the table, the JSON and the bounds

mod contenders;
mod report;
mod scenarios;
mod server;
mod talker;
mod visit;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tests::bench::asked::Asked;
use tests::bench::progress::Progress;
use tests::harness::stack::program;
use tokio::signal::unix::{SignalKind, signal};

use contenders::Contender;
use report::Report;
use scenarios::{How, Stage};

/// What `--only` may name (`xtask/src/bench.rs` names them too).
const PARTS: [&str; 4] = ["views", "opening", "typing", "painting"];

#[tokio::main]
async fn main() -> ExitCode {
    // Whoever ends this ends servers and browser as well: they go with what is dropped here.
    let mut terminated = signal(SignalKind::terminate()).expect("a signal");
    tokio::select! {
        code = measure() => code,
        _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
        _ = terminated.recv() => ExitCode::FAILURE,
    }
}

async fn measure() -> ExitCode {
    let asked = Asked::parse(1);
    if let Err(unknown) = asked.knows(&PARTS) {
        eprintln!("{unknown}");
        return ExitCode::from(2);
    }
    let how = if asked.quick {
        How { typing: Duration::from_secs(2), paintings: 5 }
    } else {
        How { typing: Duration::from_secs(8), paintings: 20 }
    };
    let progress = Progress::begin();
    let packages: PathBuf = program("SEAWALL_BENCH_PACKAGES");
    progress.say("starting servers and browser");
    let mut stage = Stage::set(&packages, how, |what| progress.say(what)).await;
    let mut report = Report::new(asked.rounds, stage.browser_version());
    for round in 0..asked.rounds {
        let say = |what: &str| progress.say(&format!("round {} of {}: {what}", round + 1, asked.rounds));
        report.begin_round();
        // Somebody else begins in each round.
        let mut contenders = Contender::ALL;
        contenders.rotate_left(round % Contender::ALL.len());
        if asked.wants("views") {
            for contender in contenders {
                say(&format!("page view, {}", contender.name()));
                stage.page_view(contender, 1.0, &mut report).await;
            }
            for contender in contenders {
                say(&format!("page view with a slow processor, {}", contender.name()));
                stage.page_view(contender, 6.0, &mut report).await;
            }
        }
        if asked.wants("opening") {
            for contender in contenders {
                let ways: &[bool] = match contender {
                    Contender::Seawall => &[false, true],
                    Contender::N8n | Contender::Bare => &[false],
                    // It stands open.
                    Contender::DeepChat => &[],
                };
                for &hovered in ways {
                    let after = if hovered { ", hovered" } else { "" };
                    say(&format!("opening on slow 4G, {}{after}", contender.name()));
                    stage.open(contender, hovered, &mut report).await;
                }
            }
        }
        if asked.wants("typing") {
            for contender in contenders {
                if let Contender::Seawall | Contender::DeepChat = contender {
                    say(&format!("typing, {}", contender.name()));
                    stage.typing(contender, &mut report).await;
                }
            }
        }
    }
    if asked.wants("painting") {
        stage.fill(|what| progress.say(what)).await;
        for round in 0..asked.rounds {
            let say = |what: &str| progress.say(&format!("round {} of {}: {what}", round + 1, asked.rounds));
            stage.paint(round, &mut report, say).await;
        }
    }
    drop(stage);
    progress.end();
    if asked.json {
        println!("{}", report.json());
    } else {
        print!("{}", report.table());
    }
    if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
