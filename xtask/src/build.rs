//! From the crates and `www/` to `target/seawall/dist`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::assets::Assets;
use crate::process::capture;
use crate::progress::{Step, say};
use crate::shrink::shrink;
use crate::stamp::{Stamp, sources};
use crate::toolchain::{Panic, Toolchain};
use crate::tools::Tools;
use crate::worker;
use crate::workspace;

/// Builds what has changed. The tools come back for those who go on to use them.
pub(crate) fn build() -> Result<Tools> {
    let _lock = workspace::lock(&workspace::output().join("build.lock"), "another build")?;
    let (dist, root) = (workspace::dist(), workspace::root());
    let toolchain = Toolchain::set_up()?;
    let tools = Tools::set_up()?;

    let configuration = fs::read_to_string(root.join("edge/workerd.capnp")).context("edge/workerd.capnp")?;
    let edge = made("edge", &toolchain, Panic::Abort, configuration.as_bytes(), |wasm, work| {
        worker::bundle(wasm, &configuration, &tools, work)
    })?;
    for (from, to) in [("bundle.js", "edge/index.js"), ("index_bg.wasm", "edge/index_bg.wasm")] {
        workspace::write_changed(&dist.join(to), &fs::read(edge.join(from))?)?;
    }
    workspace::write_changed(&dist.join("workerd.capnp"), configuration.as_bytes())?;

    let mut assets = Assets::new(&tools, root.join("www"), dist.join("assets"))?;
    for app in ["widget", "console"] {
        let work =
            made(app, &toolchain, Panic::ImmediateAbort, b"", |wasm, work| shrink(app, wasm, &tools, work))?;
        let wasm = fs::read(work.join(format!("{app}_bg.wasm")))?;
        assets.add_app(app, &work.join(format!("{app}.js")), &wasm)?;
    }
    assets.add_pages()?;
    assets.finish()?;
    say(format!("Built: {}", dist.display()));
    Ok(tools)
}

/// The origin is an ordinary program of this machine.
pub(crate) fn origin() -> Result<PathBuf> {
    let step = Step::begin("compile the origin");
    let printed = capture(
        Command::new("cargo")
            .args(["build", "--quiet", "--locked", "--release", "--package", "origin"])
            .current_dir(workspace::root()),
    )?;
    step.done();
    eprint!("{}", printed.stderr);
    Ok(target_folder().join("release/origin"))
}

/// Where cargo puts what it builds for this machine.
fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace::root().join("target"), PathBuf::from)
}

/// Compiles a crate and makes of its wasm what is deployed; returns the folder with the result.
///
/// Cargo is not even asked when no source has changed: widget and console build the widget's crate with different
/// features into one place, so that asking for the one makes cargo build the other again.
fn made(
    package: &str,
    toolchain: &Toolchain,
    panic: Panic,
    inputs: &[u8],
    make: impl FnOnce(&Path, &Path) -> Result<()>,
) -> Result<PathBuf> {
    let work = workspace::output().join("work").join(package);
    let compiler = toolchain.name(panic);
    let from_sources = Stamp::new(&work, "sources", &[&sources(package)?, compiler.as_bytes(), inputs]);
    if from_sources.holds() {
        return Ok(work);
    }
    let profile = if package == "edge" { "edge" } else { "widget" };
    let wasm = toolchain.compile(package, profile, panic)?;
    let from_wasm = Stamp::new(&work, "wasm", &[&fs::read(&wasm)?, inputs]);
    if !from_wasm.holds() {
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        fs::create_dir_all(&work)?;
        make(&wasm, &work)?;
        from_wasm.set()?;
    }
    from_sources.set()?;
    Ok(work)
}
