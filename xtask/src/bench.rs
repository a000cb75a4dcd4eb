//! Measures speed and memory, with everything that this needs set up before.

use std::env;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use crate::process::{self, raise_descriptor_limit};
use crate::{build, workspace};

#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The edge on disk, against one commit per message and against the same worker in JavaScript
    Edge(Edge),
}

#[derive(Args)]
struct Edge {
    /// For scripts
    #[arg(long)]
    json: bool,
    /// How often every server does every scenario
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Short and small, to see that it works; its numbers mean little
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.what {
        What::Edge(edge) => run_edge(edge),
    }
}

fn run_edge(options: &Edge) -> Result<()> {
    let tools = build::build()?;
    let one_commit_each = build::edge_with("commit-each", &tools)?;
    // Tests keep their data in the system's folder for such, which may be in memory; a benchmark of a disk must not.
    let data = workspace::output().join("bench");
    std::fs::create_dir_all(&data).with_context(|| format!("{} cannot be made", data.display()))?;
    raise_descriptor_limit();
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["bench", "--quiet", "--locked", "--package", "tests", "--bench", "edge", "--"])
        .args(["--rounds", &options.rounds.to_string()])
        .args(options.json.then_some("--json"))
        .args(options.quick.then_some("--quick"))
        .current_dir(workspace::root())
        .env("SEAWALL_DIST", workspace::dist())
        .env("SEAWALL_DIST_COMMIT_EACH", one_commit_each)
        .env("SEAWALL_WORKERD", tools.workerd()?)
        .env("SEAWALL_ORIGIN_BIN", build::origin()?)
        .env("SEAWALL_BENCH_DATA", data);
    process::tie_to_us(&mut command);
    let status = command.stdin(Stdio::null()).status().context("cargo does not start")?;
    if !status.success() {
        bail!("the benchmark has failed ({})", process::how(status));
    }
    Ok(())
}
