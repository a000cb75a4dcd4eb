//! From a browser app's wasm to what is downloaded: bound by wasm-bindgen, then made small.
//!
//! Beyond wasm-opt: short names between wasm and glue, a start without its fallbacks, and traps in place of what the
//! widget never reaches.

mod cut;
mod never_reached;
mod short_names;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use walrus::Module;
use wasm_bindgen_cli_support::Bindgen;

pub(crate) use self::cut::without_hashes;
use self::cut::{Cut, blank, cut, cut_closures};
use self::never_reached::{NAMES_OF_EVENTS, NEVER_REACHED, NOTHING_TO_DO};
use self::short_names::short_names;
use crate::glue;
use crate::process::capture;
use crate::progress::Step;
use crate::tools::Tools;

/// Whether functions keep their names, for whoever asks what weighs.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum FunctionNames {
    Kept,
    Dropped,
}

/// Writes `{app}.js`, its snippets and `{app}_bg.wasm` into `work`.
pub(crate) fn shrink(
    app: &str,
    wasm: &Path,
    tools: &Tools,
    work: &Path,
    function_names: FunctionNames,
) -> Result<()> {
    let step = Step::begin(format!("make the {app} small"));
    let mut output = Bindgen::new()
        .input_path(wasm)
        .out_name(app)
        .web(true)?
        .typescript(false)
        .remove_name_section(false)
        .remove_producers_section(true)
        .generate_output()
        .context("wasm-bindgen")?;
    let for_everybody = app == "widget";
    if for_everybody {
        cut(output.wasm_mut(), &NEVER_REACHED, Cut::Trap)?;
        cut(output.wasm_mut(), &NOTHING_TO_DO, Cut::Nothing)?;
        cut_closures(output.wasm_mut())?;
        blank(output.wasm_mut(), NAMES_OF_EVENTS)?;
    }
    output.emit(work)?;
    let (glue, bound, small) =
        (work.join(format!("{app}.js")), work.join(format!("{app}_bg.wasm")), work.join("small.wasm"));
    let mut code = glue::plain_start(&fs::read_to_string(&glue)?)?;
    let mut module = output.wasm_mut();
    let mut reached;
    if for_everybody {
        fs::write(&bound, module.emit_wasm())?;
        let mut wasm_opt = tools.wasm_opt()?;
        wasm_opt.arg(&bound).arg("-o").arg(&small).args(WASM_FEATURES).args(ONLY_REACHED);
        capture(&mut wasm_opt)?;
        reached = Module::from_buffer(&fs::read(&small)?)?;
        module = &mut reached;
        code = glue::lean(&code, &module.imports.iter().map(|import| import.name.clone()).collect())?;
    }
    fs::write(glue, short_names(module, code, &format!("./{app}_bg.js"))?)?;
    fs::write(&bound, module.emit_wasm())?;

    let mut wasm_opt = tools.wasm_opt()?;
    wasm_opt.arg(&bound).arg("-o").arg(&small).args(WASM_FEATURES);
    match app {
        // Every visitor downloads it.
        "widget" => wasm_opt.args(SMALLEST),
        // Whoever moves a slider waits for it.
        "replay" => wasm_opt.arg("-O3"),
        _ => wasm_opt.arg("-Oz"),
    };
    wasm_opt.args(ASSUMPTIONS);
    match function_names {
        FunctionNames::Kept => wasm_opt.arg("--debuginfo"),
        // Neighbours by name are instances of one generic function: brotli finds them alike, 0.8 %.
        FunctionNames::Dropped => wasm_opt.args(["--reorder-functions-by-name", "--strip-debug"]),
    };
    capture(&mut wasm_opt)?;
    fs::rename(&small, &bound)?;
    step.done();
    Ok(())
}

/// Flat code first: it lets the passes after it find more that is equal. Inlining as little as that is the smallest.
const SMALLEST: [&str; 12] = [
    "--flatten",
    "--rereloop",
    "-O4",
    "-Oz",
    "--converge",
    "--always-inline-max-function-size",
    "8",
    "--one-caller-inline-max-function-size",
    "20",
    "--flexible-inline-max-function-size",
    "8",
    "--reorder-locals",
];

/// Only what is reached, and with it the imports that the glue has to have.
const ONLY_REACHED: [&str; 7] = [
    "--traps-never-happen",
    "--remove-unused-module-elements",
    "--vacuum",
    "--dce",
    "--vacuum",
    "--remove-unused-module-elements",
    "--debuginfo",
];

/// `--low-memory-unused` speaks of the lowest 1,024 bytes: the far end of a stack of 1 MB.
const ASSUMPTIONS: [&str; 4] =
    ["--traps-never-happen", "--low-memory-unused", "--strip-producers", "--strip-target-features"];

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

/// For tests of the parts: a module with two imports, two exports and a function that nobody exports.
#[cfg(test)]
fn module() -> Module {
    let mut module = Module::default();
    let kind = module.types.add(&[], &[]);
    module.add_import_func("./app_bg.js", "__wbg_now_1", kind);
    module.add_import_func("./snippets/dom.js", "grow", kind);
    for (name, exported) in [("show", true), ("unused", true), ("yew[0123456789abcdef]::raw", false)] {
        let mut body = walrus::FunctionBuilder::new(&mut module.types, &[], &[]);
        body.name(name.to_owned());
        let id = body.finish(Vec::new(), &mut module.funcs);
        if exported {
            module.exports.add(name, id);
        }
    }
    module
}
