//! The npm package `@seawall/chat`, as those who install it get it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{capture, capture_within, find};
use crate::progress::Step;
use crate::tools::Tools;
use crate::workspace;

/// Packs it, and unpacks the tarball where Node and TypeScript look for packages; returns the package's folder.
pub(crate) fn pack() -> Result<PathBuf> {
    let step = Step::begin("pack @seawall/chat");
    let out = workspace::output().join("package");
    let installed = out.join("node_modules/@seawall/chat");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&installed)?;
    let npm = find("npm").context("npm is missing, which packs it")?;
    let flags = ["pack", "--silent", "--ignore-scripts", "--pack-destination"];
    let source = workspace::root().join("packages/chat");
    let packed = capture_within(
        Command::new(npm).args(flags).arg(&out).current_dir(source),
        Some(Duration::from_secs(120)),
    )?;
    let tarball = out.join(packed.stdout.trim());
    capture(
        Command::new("tar").arg("-xzf").arg(tarball).arg("--strip-components=1").arg("-C").arg(&installed),
    )?;
    step.done();
    Ok(installed)
}

/// Compiles a page that uses the packed package: its types say what is right, and refuse what is wrong.
pub(crate) fn types(tools: &Tools) -> Result<()> {
    let out = workspace::output().join("package");
    pack()?;
    fs::copy(workspace::root().join("packages/chat/test/usage.ts"), out.join("usage.ts"))?;
    let step = Step::begin("compile against the types of @seawall/chat");
    let flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "usage.ts"];
    capture(tools.tsc()?.args(flags).current_dir(out))?;
    step.done();
    Ok(())
}
