//! Every command of the project: `cargo xtask <command>`.
//!
//! # Layout, in reading order
//!
//! [`workspace`] where things lie · [`progress`] what is being done and for how long · [`process`] starting
//! programs · [`toolchain`] a compiler for wasm · [`tools`] programs pinned by lock files · [`build`] crates to
//! `dist`, with [`worker`] (the edge's module), [`shrink`] and [`glue`] (a browser app made small), [`assets`] (what browsers
//! download), [`words`] (its languages), [`pinned`] (all of a customer's page in one file), [`package`] (for npm) and [`stamp`] (what need
//! not be done again) · [`run`] · [`fault`] · [`test`] · [`fuzz`] · [`check`] · [`size`] with [`profile`] (what weighs in a wasm) · [`bench`] · [`replay`] ·
//! [`http`] a client for one request.

mod assets;
mod bench;
mod build;
mod check;
mod fault;
mod fuzz;
mod glue;
mod http;
mod package;
mod pinned;
mod process;
mod profile;
mod progress;
mod replay;
mod run;
mod shrink;
mod size;
mod stamp;
mod test;
mod toolchain;
mod tools;
mod words;
mod worker;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Seawall's commands. Each does its own set-up.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run edge and origin with the demo account, until Ctrl-C
    Run(run::Options),
    /// Run the tests: all of them, or one kind
    Test(test::Options),
    /// Look for inputs that break a rule: a short run of every fuzzer, or a longer one
    Fuzz(fuzz::Options),
    /// Build edge, widget, console and pages into target/seawall/dist
    Build,
    /// Formatting, lints, licences, a dry deployment, sizes: what a change has to pass besides the tests
    Check,
    /// Print what a visitor downloads, in bytes after brotli
    Size(size::Options),
    /// Measure speed and memory
    Bench(bench::Options),
    /// Replay an incident on a virtual clock, with and without Seawall
    Replay(replay::Options),
    /// Make the running origin misbehave
    Fault(fault::Options),
    /// Take the screenshots of the documentation
    Screenshots(test::Screenshots),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(options) => run::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Build => build::build().map(drop),
        Command::Check => check::run(),
        Command::Size(options) => size::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Replay(options) => replay::run(&options),
        Command::Fault(options) => fault::run(&options),
        Command::Screenshots(options) => test::screenshots(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
