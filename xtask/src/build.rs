//! From the crates and `www/` to `target/seawall/dist`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::assets::Assets;
use crate::process::capture;
use crate::progress::{Step, say};
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

    let edge = toolchain.compile("edge", "edge", Panic::Abort)?;
    let configuration = fs::read_to_string(root.join("edge/workerd.capnp")).context("edge/workerd.capnp")?;
    worker::bundle(&edge, &configuration, &tools, &dist)?;
    workspace::write_changed(&dist.join("workerd.capnp"), configuration.as_bytes())?;

    let mut assets = Assets::new(&tools, root.join("www"), dist.join("assets"))?;
    for app in ["widget", "console"] {
        let wasm = toolchain.compile(app, "widget", Panic::ImmediateAbort)?;
        let (glue, wasm) = browser_app(app, &wasm, &tools)?;
        assets.add_app(app, &glue, wasm)?;
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

/// The glue (a path, its imports beside it) and the smallest wasm.
fn browser_app(app: &str, wasm: &Path, tools: &Tools) -> Result<(PathBuf, Vec<u8>)> {
    let work = workspace::output().join("work").join(app);
    let (glue, bound) = (work.join(format!("{app}.js")), work.join(format!("{app}_bg.wasm")));
    let inputs = fs::read(wasm)?;
    if !fresh(&work, &inputs) {
        let step = Step::begin(format!("make the {app} small"));
        empty(&work)?;
        Bindgen::new()
            .input_path(wasm)
            .out_name(app)
            .web(true)?
            .typescript(false)
            .remove_name_section(true)
            .remove_producers_section(true)
            .generate(&work)
            .context("wasm-bindgen")?;
        // Nobody loads it synchronously; without the name esbuild leaves the function out.
        let code = fs::read_to_string(&glue)?.replace("export { initSync, ", "export { ");
        fs::write(&glue, code)?;
        let small = work.join("small.wasm");
        // `--low-memory-unused` speaks of the lowest 1,024 bytes: the far end of a stack of 1 MB.
        let flags = [
            "-Oz",
            "--traps-never-happen",
            "--low-memory-unused",
            "--strip-debug",
            "--strip-producers",
            "--strip-target-features",
        ];
        let mut wasm_opt = tools.wasm_opt()?;
        wasm_opt.arg(&bound).arg("-o").arg(&small).args(flags).args(WASM_FEATURES);
        // Every visitor downloads the widget; the console is for the few who work with it.
        if app == "widget" {
            wasm_opt.arg("--converge");
        }
        capture(&mut wasm_opt)?;
        fs::rename(&small, &bound)?;
        keep(&work, &inputs)?;
        step.done();
    }
    Ok((glue, fs::read(bound)?))
}

/// Whether the outputs in a work folder come from these inputs and this version of xtask.
pub(crate) fn fresh(work: &Path, inputs: &[u8]) -> bool {
    fs::read_to_string(work.join("stamp")).is_ok_and(|stamp| stamp == stamp_of(inputs))
}

/// A work folder without what an earlier build left.
pub(crate) fn empty(work: &Path) -> Result<()> {
    if work.exists() {
        fs::remove_dir_all(work)?;
    }
    Ok(fs::create_dir_all(work)?)
}

/// Remembers what the outputs come from; called once they are complete.
pub(crate) fn keep(work: &Path, inputs: &[u8]) -> Result<()> {
    fs::write(work.join("stamp"), stamp_of(inputs))?;
    Ok(())
}

fn stamp_of(inputs: &[u8]) -> String {
    // The steps and the tools' versions are inputs as well.
    let recipe =
        concat!(include_str!("build.rs"), include_str!("worker.rs"), include_str!("../tools/package.json"));
    format!("{} {}", workspace::hash(inputs, 16), workspace::hash(recipe.as_bytes(), 16))
}

/// What the compiler uses. `--all-features` would let wasm-opt write encodings that no browser reads yet.
const WASM_FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-multivalue",
    "--enable-call-indirect-overlong",
];
