//! What was asked for on the command line, as plans.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use replay::arm::Arm;
use replay::catalogue;
use replay::result::Plan;
use replay::scenario::{Cell, Scenario};
use replay::short::short;

use crate::reconnect_options::ReconnectOptions;

/// Replays an incident on a virtual clock, with and without Seawall.
#[derive(Parser)]
#[command(name = "cargo xtask replay", bin_name = "cargo xtask replay")]
#[command(
    subcommand_negates_reqs = true,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub(crate) struct Options {
    /// A scenario of replay/scenarios, or `all`
    #[arg(required_unless_present = "scenario_file", conflicts_with = "scenario_file")]
    scenario: Option<String>,
    /// A scenario of your own instead (docs/replay.md)
    #[arg(long, value_name = "FILE.toml")]
    scenario_file: Option<PathBuf>,
    /// The first seed; without --seeds the only one
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Seeds of every cell with a short trigger [default: the scenario's]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    seeds: Option<u64>,
    /// Seeds of every cell with a long trigger, by default one of more than 300 s [default: --seeds or the scenario's]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    long_seeds: Option<u64>,
    /// Short triggers and 10 seeds: what CI runs
    #[arg(long)]
    short: bool,
    /// Only these arms, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "ARMS", default_value = "without,careful,with")]
    arms: Vec<Arm>,
    /// The trigger's length in seconds instead of the scenario's; may be repeated
    #[arg(long = "trigger", value_name = "S")]
    triggers: Vec<u64>,
    /// Ordinary traffic as a share of the origin's capacity, instead of the scenario's; may be repeated
    #[arg(long = "load", value_name = "L")]
    loads: Vec<f64>,
    /// Threads [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Where summary.json, report.html and charts go, each scenario into a folder of its own
    #[arg(long, value_name = "DIR", default_value = "replay-results")]
    pub(crate) out: PathBuf,
    #[command(subcommand)]
    pub(crate) other: Option<Other>,
}

/// What is no scenario.
#[derive(Subcommand)]
pub(crate) enum Other {
    /// Come back after an outage of the edge: our clients, and those of other libraries with their default schedules
    Reconnect(ReconnectOptions),
}

impl Options {
    pub(crate) fn plans(&self) -> Result<Vec<Plan>, String> {
        let scenarios = match (&self.scenario_file, &self.scenario) {
            (Some(file), _) => vec![catalogue::from_file(file)?],
            (None, Some(name)) => catalogue::named(name)?,
            (None, None) => return Err("which scenario?".to_owned()),
        };
        let mut arms = self.arms.clone();
        arms.sort();
        arms.dedup();
        scenarios.into_iter().map(|scenario| self.plan(scenario, &arms)).collect()
    }

    fn plan(&self, mut scenario: Scenario, arms: &[Arm]) -> Result<Plan, String> {
        let form = self.form(&scenario);
        if self.short {
            scenario = short(scenario);
        }
        if !self.triggers.is_empty() {
            scenario.triggers_s.clone_from(&self.triggers);
        }
        if !self.loads.is_empty() {
            scenario.loads.clone_from(&self.loads);
        }
        scenario.check().map_err(|error| format!("{}: {error}", scenario.name))?;
        let cells = scenario.cells();
        let scenario = cells[0].scenario.clone();
        let cells = cells.into_iter().map(|cell| (cell.clone(), self.seeds_of(&cell))).collect();
        Ok(Plan { scenario, form, cells, arms: arms.to_vec() })
    }

    fn seeds_of(&self, cell: &Cell) -> Range<u64> {
        let first = self.seed.unwrap_or(1);
        let wanted = if cell.is_long() { self.long_seeds.or(self.seeds) } else { self.seeds };
        let count = match (wanted, self.seed) {
            (Some(count), _) => count,
            (None, Some(_)) => 1,
            (None, None) if cell.is_long() => cell.scenario.seeds_long,
            (None, None) => cell.scenario.seeds,
        };
        first..first.saturating_add(count)
    }

    /// The command that replays this scenario in this form, without its cell and seed.
    fn form(&self, scenario: &Scenario) -> Arc<str> {
        let what = match &self.scenario_file {
            Some(file) => format!("--scenario-file {}", file.display()),
            None => scenario.name.clone(),
        };
        let short = if self.short { " --short" } else { "" };
        format!("cargo xtask replay {what}{short}").into()
    }

    pub(crate) fn threads(&self) -> usize {
        threads(self.threads)
    }
}

pub(crate) fn threads(wanted: Option<usize>) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    wanted.unwrap_or_else(processors)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Options;

    fn plans(words: &str) -> Result<Vec<super::Plan>, String> {
        Options::try_parse_from(words.split(' ')).map_err(|error| error.to_string())?.plans()
    }

    #[test]
    fn one_seed_of_one_cell_is_one_run_of_each_arm() {
        let plans = plans("replay slow-accounts --load 0.85 --trigger 300 --seed 7").expect("plans");
        let jobs = plans[0].jobs();
        assert_eq!(jobs.len(), 3);
        assert!(jobs.iter().all(|job| job.seed == 7 && job.cell.load == 0.85 && job.cell.trigger_s == 300));
    }

    #[test]
    fn command_of_a_cell_in_its_short_form_is_that_cell() {
        let plans_of = |words: &str| plans(words).expect("plans").remove(0);
        let all = plans_of("replay backlog-drain --short");
        let (cell, seeds) = &all.cells[0];
        let again = replay::crew::command(&all.form, cell, seeds.start);
        let again = plans_of(again.trim_start_matches("cargo xtask "));
        assert_eq!(again.cells.len(), 1);
        assert_eq!(again.scenario, all.scenario);
        assert_eq!((again.cells[0].0.capacity, again.cells[0].1.clone()), (cell.capacity, 1..2));
    }

    #[test]
    fn reconnect_has_options_of_its_own_and_is_no_scenario() {
        let parsed = |words: &str| Options::try_parse_from(words.split(' '));
        let options = parsed("replay reconnect --clients 50 --outage 20 --outage 30").expect("options");
        assert!(matches!(options.other, Some(super::Other::Reconnect(_))) && options.scenario.is_none());
        assert!(parsed("replay reconnect --load 0.5").is_err() && parsed("replay all --clients 50").is_err());
        assert!(plans("replay all").expect("plans").iter().all(|plan| plan.scenario.name != "reconnect"));
    }

    #[test]
    fn wrong_words_are_refused_with_what_would_be_right() {
        assert!(plans("replay").is_err());
        assert!(plans("replay all --arms naive").expect_err("no arm").contains("`careful`"));
        let error = plans("replay slow-accounts --load 7").expect_err("too much");
        assert_eq!(error, "slow-accounts: `loads` is 7 and must be between 0.01 and 0.95");
    }
}
