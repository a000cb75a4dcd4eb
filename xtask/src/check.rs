//! What a change has to pass besides the tests.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::process::{capture, capture_within};
use crate::progress::{Step, say};
use crate::size::Sizes;
use crate::tools::{Tools, cargo_deny};
use crate::{build, package, workspace};

pub(crate) fn run() -> Result<()> {
    let before = git(&["status", "--porcelain"])?;
    let mut failures = 0;
    // All of them, even after a failure: one round of mending instead of six.
    let mut check = |what: &str, result: Result<()>| match result {
        Ok(()) => say(format!("ok      {what}")),
        Err(error) => {
            say(format!("FAILED  {what}: {error:#}"));
            failures += 1;
        }
    };
    check("formatting", cargo("check formatting (mend: cargo fmt)", &["fmt", "--all", "--check"]));
    check("lock files name no addresses", lock_files());
    check("no tracked file is larger than 1 MB", large_files());
    check("clippy", clippy());
    check("bans, licences, sources", deny());
    match build::build() {
        Ok(tools) => {
            check("deployment with wrangler, dry", wrangler(&tools));
            check("types of the npm package", package::types(&tools));
            check("sizes", Sizes::measure().and_then(|sizes| sizes.require_small()));
        }
        Err(error) => check("build", Err(error)),
    }
    check(
        "the checkout is as it was",
        git(&["status", "--porcelain"]).and_then(|after| {
            ensure!(after == before, "checks and builds changed tracked or unignored files:\n{after}");
            Ok(())
        }),
    );
    if failures > 0 {
        bail!("{failures} checks failed");
    }
    Ok(())
}

/// The browser's crates compile for this machine as well, so one run covers all.
fn clippy() -> Result<()> {
    cargo(
        "clippy",
        &["clippy", "--quiet", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"],
    )
}

fn deny() -> Result<()> {
    let program = cargo_deny()?;
    let step = Step::begin("cargo deny");
    // Advisories come from a git host that may be out of reach, so they are not part of this.
    let flags = ["--workspace", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    capture(Command::new(program).args(flags).current_dir(workspace::root()))?;
    step.done();
    Ok(())
}

/// Bundles and validates without an account or a network.
fn wrangler(tools: &Tools) -> Result<()> {
    let step = Step::begin("wrangler deploy --dry-run");
    let out = workspace::output().join("wrangler");
    capture_within(
        tools
            .wrangler()?
            .args(["deploy", "--dry-run", "--config"])
            .arg(workspace::root().join("edge/wrangler.toml"))
            .arg("--outdir")
            .arg(&out)
            .env("WRANGLER_SEND_METRICS", "false")
            .env("WRANGLER_LOG_PATH", &out)
            .env("CI", "true")
            .current_dir(workspace::output()),
        Some(Duration::from_secs(120)),
    )?;
    step.done();
    Ok(())
}

/// npm may write the address of the registry in use into its lock file; nobody else may have that one.
fn lock_files() -> Result<()> {
    for name in git(&["ls-files", "*package-lock.json"])?.lines() {
        let text = fs::read_to_string(workspace::root().join(name))?;
        ensure!(
            !text.contains("\"resolved\""),
            "{name} holds download addresses: write it again with the .npmrc beside it"
        );
    }
    Ok(())
}

fn large_files() -> Result<()> {
    for name in git(&["ls-files"])?.lines() {
        let size = fs::metadata(workspace::root().join(name)).map_or(0, |metadata| metadata.len());
        ensure!(size <= 1_000_000, "{name} has {size} bytes");
    }
    Ok(())
}

fn cargo(what: &str, arguments: &[&str]) -> Result<()> {
    let step = Step::begin(what);
    capture(
        Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(arguments)
            .current_dir(workspace::root()),
    )?;
    step.done();
    Ok(())
}

fn git(arguments: &[&str]) -> Result<String> {
    let root = workspace::root();
    capture(Command::new("git").arg("-C").arg::<&Path>(&root).args(arguments))
        .map(|printed| printed.stdout)
        .context("git is needed for the checks: run them in a clone")
}
