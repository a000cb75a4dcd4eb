//! The edge as workerd takes it: one ES module and one wasm module.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::process::capture;
use crate::progress::Step;
use crate::tools::Tools;

/// From the compiler's wasm to `index.js` and `index_bg.wasm` in the work folder.
pub(crate) fn bundle(wasm: &Path, configuration: &str, tools: &Tools, work: &Path) -> Result<()> {
    let step = Step::begin("bundle the edge for workerd");
    Bindgen::new()
        .input_path(wasm)
        .out_name("index")
        .module(true)?
        .typescript(false)
        .reset_state_function(true)
        .force_enable_abort_handler(true)
        .generate(work)
        .context("wasm-bindgen")?;
    // No wasm-opt: after LLVM it took 13 s for 6 % before compression and nothing after it, and it dropped the
    // functions' names, which a panic's trace shows.
    let mut shim = SHIM.to_owned();
    for class in durable_objects(&fs::read_to_string(work.join("index.js"))?, configuration) {
        writeln!(shim, "export const {class} = durable({class:?});")?;
    }
    fs::write(work.join("shim.js"), shim)?;
    let flags = [
        "--bundle",
        "--format=esm",
        "--minify",
        "--external:./index_bg.wasm",
        "--external:cloudflare:*",
        "--outfile=bundle.js",
        "./shim.js",
    ];
    capture(Command::new(tools.esbuild()?).args(flags).current_dir(work))?;
    // workerd and wrangler hand out the compiled module under a plain import.
    let bundle = fs::read_to_string(work.join("bundle.js"))?;
    ensure!(
        bundle.contains("import source "),
        "wasm-bindgen no longer imports the wasm with `import source`"
    );
    fs::write(work.join("bundle.js"), bundle.replace("import source ", "import "))?;
    step.done();
    Ok(())
}

/// The Durable Objects: of the classes that the glue exports, those that workerd's configuration names.
fn durable_objects<'a>(glue: &'a str, workerd_configuration: &str) -> Vec<&'a str> {
    glue.lines()
        .filter_map(|line| Some(line.strip_prefix("export class ")?.split_once([' ', '{'])?.0))
        .filter(|class| workerd_configuration.contains(&format!("className = \"{class}\"")))
        .collect()
}

const SHIM: &str = include_str!("shim.js");

#[cfg(test)]
mod tests {
    use super::durable_objects;

    #[test]
    fn other_classes_of_the_worker_crate_are_no_durable_objects() {
        let glue = "export class Site {\n}\nexport class R2Range {\n}\nexport function fetch(a) {\n}";
        assert_eq!(durable_objects(glue, r#"(className = "Site", enableSql = true)"#), ["Site"]);
    }
}
