//! Runs the tests, with everything that they need set up before.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::process::{self, raise_descriptor_limit};
use crate::progress::say;
use crate::tools::{Browser, Firefox};
use crate::{build, package, replay, workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// One kind; all of them when left out
    kind: Option<Kind>,
    /// For the test programs, such as a test's name
    #[arg(last = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Kind {
    /// Every crate by itself, on this machine
    Unit,
    /// The whole system on a virtual clock
    Simulation,
    /// The edge in workerd with a real origin
    Runtime,
    /// Real browsers
    Browser,
}

#[derive(Args)]
pub(crate) struct Screenshots {
    /// Where they go [default: docs/screenshots]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only these, such as `screenshots_of_a_report`
    #[arg(last = true)]
    only: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let kinds = match options.kind {
        Some(kind) => vec![kind],
        None => vec![Kind::Unit, Kind::Simulation, Kind::Runtime, Kind::Browser],
    };
    let mut tally = Tally::default();
    let mut environment = None;
    for kind in kinds {
        let began = Instant::now();
        say(format!("{} tests", kind.name()));
        let mut command = cargo_test();
        match kind {
            Kind::Unit => {
                command.args(
                    [
                        "shared",
                        "edge",
                        "origin",
                        "widget",
                        "console",
                        "fuzzed",
                        "replay",
                        "replay-page",
                        "xtask",
                    ]
                    .iter()
                    .flat_map(|package| ["--package", package]),
                );
            }
            Kind::Simulation => {
                command.args(["--release", "--package", "tests", "--test", "simulation"]);
            }
            Kind::Runtime | Kind::Browser => {
                if environment.is_none() {
                    environment = Some(servers_environment()?);
                }
                command.args(["--package", "tests", "--test", kind.name()]);
                command.envs(environment.iter().flatten().map(|(name, value)| (name, value)));
            }
        }
        if kind == Kind::Browser {
            command.envs(browser_environment()?);
            command.envs(firefox_environment()?);
        }
        if kind != Kind::Unit && !test_exists(kind.name()) {
            say(format!("  none yet: tests/tests/{}.rs is missing", kind.name()));
            continue;
        }
        tally.run(&mut command, &options.rest)?;
        if kind == Kind::Simulation && options.rest.is_empty() {
            // The project's reason, as a test: ten seeds of the incident, against its bounds.
            let out = workspace::root().join("target/seawall/replay");
            tally.count(replay::held("slow-accounts", &out));
        }
        say(format!("{} tests took {:.0} s", kind.name(), began.elapsed().as_secs_f64()));
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.broken {
        bail!("not all tests passed");
    }
    Ok(())
}

pub(crate) fn screenshots(options: &Screenshots) -> Result<()> {
    if !test_exists("screenshots") {
        bail!("tests/tests/screenshots.rs is missing, which takes them");
    }
    let out = options.out.clone().unwrap_or_else(|| workspace::root().join("docs/screenshots"));
    std::fs::create_dir_all(&out).with_context(|| format!("{} cannot be written", out.display()))?;
    let report = replay::report(&workspace::root().join("target/seawall/report"))?;
    let mut command = cargo_test();
    command.args(["--package", "tests", "--test", "screenshots"]).env("SEAWALL_REPORT", report);
    command
        .envs(servers_environment()?)
        .envs(browser_environment()?)
        .env("SEAWALL_SCREENSHOTS", out.canonicalize()?);
    let mut tally = Tally::default();
    tally.run(&mut command, &[&["--ignored".to_owned()], &options.only[..]].concat())?;
    if tally.broken {
        bail!("not all screenshots could be taken");
    }
    println!("Screenshots: {}", out.display());
    Ok(())
}

/// What the test programs find in their environment.
type Environment = Vec<(&'static str, OsString)>;

fn servers_environment() -> Result<Environment> {
    let tools = build::build()?;
    raise_descriptor_limit();
    Ok(vec![
        ("SEAWALL_DIST", workspace::dist().into()),
        ("SEAWALL_WORKERD", tools.workerd()?.into()),
        ("SEAWALL_ORIGIN_BIN", build::origin()?.into()),
        ("SEAWALL_AXE", tools.axe().into()),
    ])
}

fn browser_environment() -> Result<Environment> {
    let browser = Browser::set_up()?;
    Ok(vec![
        ("SEAWALL_CHROMIUM", browser.chromium.into()),
        ("SEAWALL_CHROMEDRIVER", browser.chromedriver.into()),
        ("SEAWALL_CHAT_PACKAGE", package::pack()?.into()),
    ])
}

fn firefox_environment() -> Result<Environment> {
    let browser = Firefox::set_up()?;
    Ok(vec![("SEAWALL_FIREFOX", browser.firefox.into()), ("SEAWALL_GECKODRIVER", browser.geckodriver.into())])
}

fn cargo_test() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--locked", "--no-fail-fast"]).current_dir(workspace::root());
    command
}

fn test_exists(name: &str) -> bool {
    let tests = workspace::root().join("tests/tests");
    tests.join(format!("{name}.rs")).is_file() || tests.join(name).join("main.rs").is_file()
}

/// Passed and failed tests over several runs of cargo.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    broken: bool,
}

impl Tally {
    /// One more, which is no test of cargo's.
    fn count(&mut self, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(error) => {
                eprintln!("error: {error:#}");
                self.failed += 1;
                self.broken = true;
            }
        }
    }

    /// Runs cargo, shows what it prints, and counts its closing lines.
    fn run(&mut self, command: &mut Command, rest: &[String]) -> Result<()> {
        if !rest.is_empty() {
            command.arg("--").args(rest);
        }
        process::tie_to_us(command);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cargo does not start")?;
        for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
            let line = line?;
            println!("{line}");
            if let Some(result) = line.strip_prefix("test result: ") {
                self.passed += count(result, " passed");
                self.failed += count(result, " failed");
            }
        }
        self.broken |= !child.wait()?.success();
        Ok(())
    }
}

/// From `ok. 3 passed; 0 failed; …` the number before a word.
fn count(result: &str, word: &str) -> u64 {
    let before = result.split(word).next().unwrap_or_default();
    before.rsplit([' ', '.', ';']).next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Unit => "unit",
            Kind::Simulation => "simulation",
            Kind::Runtime => "runtime",
            Kind::Browser => "browser",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn closing_line_of_cargo_is_counted() {
        let line = "FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!((count(line, " passed"), count(line, " failed")), (12, 3));
    }
}
