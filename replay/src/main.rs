//! `cargo xtask replay`: runs what was asked for, prints a table, writes summary and report. Ends with 1 when a bound is
//! broken, with 2 when something else went wrong.

mod options;
mod reconnect_options;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser;
use replay::progress::Progress;
use replay::report::Report;
use replay::result::{Plan, ScenarioResult};
use replay::summary::Summary;
use replay::table::table;

use options::{Options, Other};
use reconnect_options::ReconnectOptions;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// How many bounds are broken.
fn run(options: &Options) -> Result<usize, String> {
    if let Some(Other::Reconnect(options)) = &options.other {
        return reconnect(options);
    }
    let plans = options.plans()?;
    let total = plans.iter().flat_map(Plan::jobs).map(|job| job.work()).sum();
    let progress = Mutex::new(Progress::new(total));
    let mut broken = 0;
    for plan in &plans {
        let result = plan.run(options.threads(), &progress);
        progress.lock().expect("nobody panics with it").pause();
        println!("{}", table(&result).trim_end());
        write(&result, &options.out)?;
        broken += result.broken().len();
    }
    let took = progress.lock().expect("nobody panics with it").took();
    println!("\nReports: {}/<scenario>/report.html ({took})", options.out.display());
    Ok(broken)
}

fn reconnect(options: &ReconnectOptions) -> Result<usize, String> {
    let (summary, broken) = options.run(options::threads(options.threads));
    let folder = options.out.join("reconnect");
    write_file(&folder, "summary.json", &summary)?;
    println!(
        "\nSummary: {}/summary.json. Where each schedule was read: docs/reconnecting.md",
        folder.display()
    );
    Ok(broken)
}

fn write(result: &ScenarioResult, out: &Path) -> Result<(), String> {
    let folder = out.join(&result.scenario.name);
    let write = |name: &str, text: &str| write_file(&folder, name, text);
    write("summary.json", &Summary::new(result).json())?;
    let report = Report::new(result);
    for chart in report.charts() {
        write(&format!("{}.svg", chart.name), &chart.standalone())?;
    }
    write("report.html", &report.html())
}

fn write_file(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let path = folder.join(name);
    fs::write(&path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}
