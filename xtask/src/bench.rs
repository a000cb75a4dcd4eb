//! Measures speed and memory, with everything that this needs set up before.

use std::env;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};

use crate::process::{self, raise_descriptor_limit};
use crate::tools::{Browser, Tools, other_widgets};
use crate::{build, workspace};

#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The edge on disk, against one commit per message and against the same worker in JavaScript
    Edge(How),
    /// The chat in a real Chromium, against deep-chat and @n8n/chat; fails where one of our bounds is broken
    Widget(WidgetHow),
}

#[derive(Args)]
struct How {
    /// For scripts
    #[arg(long)]
    json: bool,
    /// How often everybody does everything
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Short and small, to see that it works; its numbers mean little
    #[arg(long)]
    quick: bool,
}

#[derive(Args)]
struct WidgetHow {
    #[command(flatten)]
    how: How,
    /// One part alone, for two builds in turns; holds our bounds on what it measures
    #[arg(long)]
    only: Option<Part>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    /// Bytes, launcher, long tasks, shifts and heap of a page view
    Views,
    /// From the click to a composer and to a live link, on a slow line
    Opening,
    /// Keys while messages arrive
    Typing,
    /// Messages that are painted in a short and in a long conversation
    Painting,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::Views => "views",
            Part::Opening => "opening",
            Part::Typing => "typing",
            Part::Painting => "painting",
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.what {
        What::Edge(how) => run_edge(how),
        What::Widget(how) => run_widget(how),
    }
}

fn run_edge(how: &How) -> Result<()> {
    let tools = build::build()?;
    let one_commit_each = build::edge_with("commit-each", &tools)?;
    // Tests keep their data in the system's folder for such, which may be in memory; a benchmark of a disk must not.
    let data = workspace::output().join("bench");
    std::fs::create_dir_all(&data).with_context(|| format!("{} cannot be made", data.display()))?;
    let mut command = bench("edge", how, &tools)?;
    command.env("SEAWALL_DIST_COMMIT_EACH", one_commit_each).env("SEAWALL_BENCH_DATA", data);
    finish(command)
}

fn run_widget(WidgetHow { how, only }: &WidgetHow) -> Result<()> {
    let tools = build::build()?;
    let mut command = bench("widget", how, &tools)?;
    if let Some(part) = only {
        command.args(["--only", part.name()]);
    }
    command
        .env("SEAWALL_CHROMIUM", Browser::set_up()?.chromium)
        .env("SEAWALL_BENCH_PACKAGES", other_widgets()?);
    finish(command)
}

/// A benchmark of `tests/benches` with the servers that it starts.
fn bench(name: &str, how: &How, tools: &Tools) -> Result<Command> {
    raise_descriptor_limit();
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["bench", "--quiet", "--locked", "--package", "tests", "--bench", name, "--"])
        .args(["--rounds", &how.rounds.to_string()])
        .args(how.json.then_some("--json"))
        .args(how.quick.then_some("--quick"))
        .current_dir(workspace::root())
        .env("SEAWALL_DIST", workspace::dist())
        .env("SEAWALL_WORKERD", tools.workerd()?)
        .env("SEAWALL_ORIGIN_BIN", build::origin()?);
    Ok(command)
}

fn finish(mut command: Command) -> Result<()> {
    process::tie_to_us(&mut command);
    let status = command.stdin(Stdio::null()).status().context("cargo does not start")?;
    if !status.success() {
        bail!("the benchmark has failed ({})", process::how(status));
    }
    Ok(())
}
