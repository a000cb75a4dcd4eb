//! From the crates and `www/` to `target/seawall/dist`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::assets::Assets;
use crate::process::capture;
use crate::progress::{Step, say};
use crate::shrink::{FunctionNames, shrink};
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

    edge(&toolchain, &tools, None, &dist)?;

    let mut assets = Assets::new(&tools, root.join("www"), dist.join("assets"))?;
    for app in ["widget", "console"] {
        let work = made(app, None, &toolchain, Panic::ImmediateAbort, b"", |wasm, work| {
            shrink(app, wasm, &tools, work, FunctionNames::Dropped)
        })?;
        let wasm = fs::read(work.join(format!("{app}_bg.wasm")))?;
        assets.add_app(app, &work.join(format!("{app}.js")), &wasm)?;
    }
    let work = made("replay-page", None, &toolchain, Panic::Abort, b"", |wasm, work| {
        shrink("replay", wasm, &tools, work, FunctionNames::Dropped)
    })?;
    assets.add_app("replay", &work.join("replay.js"), &fs::read(work.join("replay_bg.wasm"))?)?;
    assets.add_pages()?;
    assets.add_pinned()?;
    assets.finish()?;
    say(format!("Built: {}", dist.display()));
    Ok(tools)
}

/// The widget as it is downloaded, except that its functions have their names.
pub(crate) fn widget_with_names() -> Result<PathBuf> {
    let _lock = workspace::lock(&workspace::output().join("build.lock"), "another build")?;
    let (toolchain, tools) = (Toolchain::set_up()?, Tools::set_up()?);
    let wasm = toolchain.compile("widget", None, "widget", Panic::ImmediateAbort)?;
    let work = workspace::output().join("work/widget-with-names");
    fs::create_dir_all(&work)?;
    shrink("widget", &wasm, &tools, &work, FunctionNames::Kept)?;
    Ok(work.join("widget_bg.wasm"))
}

/// The edge with a feature of its crate, without assets, in a folder beside `dist`.
pub(crate) fn edge_with(feature: &str, tools: &Tools) -> Result<PathBuf> {
    let _lock = workspace::lock(&workspace::output().join("build.lock"), "another build")?;
    let dist = workspace::output().join(format!("dist-{feature}"));
    edge(&Toolchain::set_up()?, tools, Some(feature), &dist)?;
    fs::create_dir_all(dist.join("assets"))?;
    Ok(dist)
}

/// The edge's two modules and workerd's configuration.
fn edge(toolchain: &Toolchain, tools: &Tools, feature: Option<&str>, dist: &Path) -> Result<()> {
    let path = workspace::root().join("edge/workerd.capnp");
    let configuration = fs::read_to_string(path).context("edge/workerd.capnp")?;
    let work = made("edge", feature, toolchain, Panic::Abort, configuration.as_bytes(), |wasm, work| {
        worker::bundle(wasm, &configuration, tools, work)
    })?;
    for (from, to) in [("bundle.js", "edge/index.js"), ("index_bg.wasm", "edge/index_bg.wasm")] {
        workspace::write_changed(&dist.join(to), &fs::read(work.join(from))?)?;
    }
    workspace::write_changed(&dist.join("workerd.capnp"), configuration.as_bytes())
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
    feature: Option<&str>,
    toolchain: &Toolchain,
    panic: Panic,
    inputs: &[u8],
    make: impl FnOnce(&Path, &Path) -> Result<()>,
) -> Result<PathBuf> {
    let name = feature.map_or_else(|| package.to_owned(), |feature| format!("{package}-{feature}"));
    let work = workspace::output().join("work").join(name);
    let compiler = toolchain.name(panic);
    let from_sources = Stamp::new(&work, "sources", &[&sources(package)?, compiler.as_bytes(), inputs]);
    if from_sources.holds() {
        return Ok(work);
    }
    // What every visitor or agent downloads is small; what simulates and what serves is quick.
    let profile = if matches!(package, "edge" | "replay-page") { "edge" } else { "widget" };
    let wasm = toolchain.compile(package, feature, profile, panic)?;
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
