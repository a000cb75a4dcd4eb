//! Replays an incident: builds the replay in release mode, and hands it what follows the command.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{process, workspace};

#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// A scenario of replay/scenarios or `all`, and options: `cargo xtask replay --help` names them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// What the replay ends with when a bound is broken; it has said which.
const BROKEN: i32 = 1;

pub(crate) fn run(options: &Options) -> Result<()> {
    replay(options.words.iter().map(OsString::from))
}

fn replay(words: impl Iterator<Item = OsString>) -> Result<()> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["run", "--quiet", "--locked", "--release", "--package", "replay"])
        // Not from the root: paths are meant from where the command was given.
        .args(["--manifest-path"])
        .arg(workspace::root().join("Cargo.toml"))
        .arg("--")
        .args(words);
    process::tie_to_us(&mut command);
    let status = command.stdin(Stdio::null()).status().context("cargo does not start")?;
    match status.code() {
        Some(0) => Ok(()),
        Some(BROKEN) => bail!("a bound is broken"),
        _ => bail!("the replay has failed ({})", process::how(status)),
    }
}

/// A report of the incident as a page; where it is.
pub(crate) fn report(out: &Path) -> Result<PathBuf> {
    let words = ["slow-accounts", "--load", "0.85", "--trigger", "60", "--seeds", "5", "--out"];
    replay(words.map(OsString::from).into_iter().chain([out.into()]))?;
    Ok(out.join("slow-accounts/report.html"))
}

/// Whether the short form of a scenario, with ten seeds, holds its bounds.
pub(crate) fn held(scenario: &str, out: &Path) -> Result<()> {
    let words = [scenario, "--short", "--out"].map(OsString::from).into_iter().chain([out.into()]);
    replay(words)
}
