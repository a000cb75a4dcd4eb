//! Runs the fuzzers of `fuzz/` with cargo-fuzz. Their targets live in `tests/fuzzed`, whose own test runs the kept
//! inputs with every `cargo xtask test unit`; this here looks for new ones.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};

use crate::process::{capture, find};
use crate::progress::{Step, say};
use crate::tools::cargo_fuzz;
use crate::workspace;

#[derive(Args)]
pub(crate) struct Options {
    /// One target; all of them when left out
    target: Option<Target>,
    /// Inputs to try, of each target
    #[arg(long, default_value_t = 50_000)]
    runs: u64,
    /// Run this one input again and show what happens (needs a target)
    #[arg(long, requires = "target")]
    input: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Target {
    /// Texts into the widget's codec and serde_json
    Codec,
    /// Events, receipts, settings, keys, tokens, signatures
    Events,
    /// What a conversation is told
    ClientFrames,
    /// What a session is told
    EdgeFrames,
    /// What the gate to the origin is told
    Gate,
    /// What a site is told
    Site,
}

/// Longer inputs are slower and find nothing that shorter ones do not.
const MAX_BYTES: usize = 1_024;
/// One input takes a tenth of a millisecond; what takes so long is a finding.
const INPUT_LIMIT_S: u64 = 10;

pub(crate) fn run(options: &Options) -> Result<()> {
    if find("c++").is_none() {
        bail!(
            "a C++ compiler is missing, which builds libFuzzer: install one (on Debian or Ubuntu: sudo apt-get install g++)"
        );
    }
    let program = cargo_fuzz()?;
    build(&program)?;
    if let (Some(target), Some(input)) = (options.target, &options.input) {
        let input = input.canonicalize().with_context(|| format!("{} cannot be read", input.display()))?;
        let printed = capture(target.command(&program).arg(&input))?;
        say(format!("{}no rule is broken", printed.stderr));
        return Ok(());
    }
    let targets = options.target.map_or_else(|| Target::value_variants().to_vec(), |target| vec![target]);
    let mut broken = Vec::new();
    for target in targets {
        if let Err(error) = target.search(&program, options.runs) {
            say(format!("FAILED  {error:#}"));
            broken.push(target.name());
        }
    }
    if !broken.is_empty() {
        bail!("findings in {}", broken.join(", "));
    }
    Ok(())
}

/// All targets at once: they share everything but a line each.
fn build(program: &PathBuf) -> Result<()> {
    let step = Step::begin("build the fuzzers, with what tells libFuzzer where an input has been");
    capture(Command::new(program).arg("build").args(flags()).current_dir(workspace::root()))?;
    step.done();
    Ok(())
}

/// No sanitizer: there is no `unsafe` to watch, and without it a stable compiler will do. Sums that leave their range
/// and broken debug assertions panic.
fn flags() -> Vec<String> {
    let folder = |path: &str| workspace::root().join(path).display().to_string();
    let words = ["--sanitizer", "none", "--debug-assertions", "--fuzz-dir"].map(str::to_owned);
    let folders = [folder("fuzz"), "--target-dir".to_owned(), folder("target/fuzz")];
    words.into_iter().chain(folders).collect()
}

impl Target {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn command(self, program: &PathBuf) -> Command {
        let mut command = Command::new(program);
        command.arg("run").args(flags()).arg(self.name()).current_dir(workspace::root());
        // The panic says which rule was broken; cargo-fuzz would add a backtrace of itself.
        command.env("RUST_BACKTRACE", "0");
        command
    }

    /// New inputs are collected under `target`; those in the checkout are only read.
    fn search(self, program: &PathBuf, runs: u64) -> Result<()> {
        let (name, root) = (self.name(), workspace::root());
        let found = root.join("target/fuzz/corpus").join(&name);
        std::fs::create_dir_all(&found)?;
        let kept = ["corpus", "regressions"].map(|folder| root.join("fuzz").join(folder).join(&name));
        let artifacts = root.join("fuzz/artifacts").join(&name);
        let known = workspace::files(&artifacts)?;
        let mut command = self.command(program);
        command.arg(found).args(kept.iter().filter(|folder| folder.is_dir())).arg("--");
        command.args([
            format!("-runs={runs}"),
            format!("-max_len={MAX_BYTES}"),
            format!("-timeout={INPUT_LIMIT_S}"),
        ]);
        if matches!(self, Target::Codec | Target::Events) {
            command.arg(format!("-dict={}", root.join("fuzz/json.dict").display()));
        }
        let began = Instant::now();
        let step = Step::begin(format!("{name}: {runs} inputs"));
        let searched = capture(&mut command);
        step.done();
        searched.map_err(|error| {
            let inputs = workspace::files(&artifacts).unwrap_or_default();
            let new = inputs.iter().find(|path| !known.contains(path)).or(inputs.last());
            let input = new.map_or_else(String::new, |path| {
                path.strip_prefix(&root).unwrap_or(path).display().to_string()
            });
            anyhow!(
                "{error:#}\n\n\
                 {name} has found something: {input}\n\
                 again: cargo xtask fuzz {name} --input {input}\n\
                 once it is mended: a test with its story beside the code, or a file in fuzz/regressions/{name}"
            )
        })?;
        say(format!("ok      {name}: {runs} inputs in {:.0} s", began.elapsed().as_secs_f64()));
        Ok(())
    }
}
