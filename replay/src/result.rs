//! What a scenario's runs came to: cells, each with its arms, each with its seeds.

use std::sync::{Arc, Mutex};

use crate::arm::Arm;
use crate::bounds::{Judgement, bounds};
use crate::crew::{self, Job};
use crate::meter::{Run, Second};
use crate::outcome::{Outcome, median_run};
use crate::progress::Progress;
use crate::scenario::{Cell, Scenario};

#[derive(Clone, Debug)]
pub struct ScenarioResult {
    pub scenario: Arc<Scenario>,
    /// The command that replays it, without its cells and seeds.
    pub form: Arc<str>,
    pub cells: Vec<CellResult>,
}

#[derive(Clone, Debug)]
pub struct CellResult {
    pub cell: Cell,
    pub arms: Vec<ArmResult>,
}

#[derive(Clone, Debug)]
pub struct ArmResult {
    pub arm: Arm,
    pub outcomes: Vec<Outcome>,
    /// The seed in the middle, second by second.
    pub median_seed: u64,
    pub seconds: Vec<Second>,
}

/// One bound of one cell.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub cell: Cell,
    pub judgement: Judgement,
}

/// What is wanted of one scenario.
#[derive(Clone, Debug)]
pub struct Plan {
    pub scenario: Arc<Scenario>,
    pub form: Arc<str>,
    /// Cells, and the seeds of each.
    pub cells: Vec<(Cell, std::ops::Range<u64>)>,
    pub arms: Vec<Arm>,
}

impl Plan {
    pub fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (cell, seeds) in &self.cells {
            for arm in &self.arms {
                jobs.extend(seeds.clone().map(|seed| Job {
                    cell: cell.clone(),
                    seed,
                    arm: *arm,
                    form: self.form.clone(),
                }));
            }
        }
        jobs
    }

    pub fn run(&self, threads: usize, progress: &Mutex<Progress>) -> ScenarioResult {
        self.result(crew::work(&self.jobs(), threads, progress))
    }

    /// What the runs came to, which are in the order of `jobs`.
    pub fn result(&self, runs: Vec<Run>) -> ScenarioResult {
        let mut runs = runs.into_iter();
        let mut cells = Vec::new();
        for (cell, seeds) in &self.cells {
            let of_arm = |arm: &Arm| ArmResult::new(*arm, cell, seeds.clone().zip(&mut runs).collect());
            let arms = self.arms.iter().map(of_arm).collect();
            cells.push(CellResult { cell: cell.clone(), arms });
        }
        ScenarioResult { scenario: self.scenario.clone(), form: self.form.clone(), cells }
    }
}

impl ArmResult {
    fn new(arm: Arm, cell: &Cell, mut runs: Vec<(u64, Run)>) -> ArmResult {
        let outcomes: Vec<Outcome> = runs.iter().map(|(seed, run)| Outcome::new(cell, *seed, run)).collect();
        let middle = median_run(&outcomes).map(|at| runs.swap_remove(at));
        let (median_seed, seconds) = middle.map(|(seed, run)| (seed, run.seconds)).unwrap_or_default();
        ArmResult { arm, outcomes, median_seed, seconds }
    }
}

impl CellResult {
    pub fn arm(&self, arm: Arm) -> Option<&ArmResult> {
        self.arms.iter().find(|it| it.arm == arm)
    }

    pub fn seeds(&self) -> usize {
        self.arms.first().map_or(0, |arm| arm.outcomes.len())
    }

    pub fn judgements(&self) -> Vec<Judgement> {
        let bounds = bounds(&self.cell.scenario.name);
        bounds.iter().filter_map(|bound| bound.judge(&self.arm(bound.arm)?.outcomes)).collect()
    }
}

impl ScenarioResult {
    pub fn verdicts(&self) -> Vec<Verdict> {
        let of_cell = |it: &CellResult| {
            let cell = it.cell.clone();
            it.judgements().into_iter().map(move |judgement| Verdict { cell: cell.clone(), judgement })
        };
        self.cells.iter().flat_map(of_cell).collect()
    }

    pub fn broken(&self) -> Vec<Verdict> {
        self.verdicts().into_iter().filter(|verdict| !verdict.judgement.held).collect()
    }

    /// Replays exactly the cell and seed of a verdict.
    pub fn command(&self, verdict: &Verdict) -> String {
        crew::command(&self.form, &verdict.cell, verdict.judgement.value.seed)
    }
}
