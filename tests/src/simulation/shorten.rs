//! The shortest story that still fails: troubles and steps are left out as long as the same thing breaks.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::plan::{Plan, Trouble};
use super::{Failure, run};

/// A story need not be the very shortest; its reader must not wait for long.
const MAX_RUNS: u32 = 600;
const MAX_TIME: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub struct Shortened {
    pub plan: Plan,
    pub what: String,
    pub story: Vec<String>,
    /// Steps of the whole story.
    pub steps: u64,
}

struct Search {
    /// What breaks, without the numbers, which differ from story to story.
    kind: String,
    best: Plan,
    runs: u32,
    until: Instant,
}

pub fn shorten(failure: &Failure) -> Shortened {
    let mut search = Search {
        kind: kind_of(&failure.what),
        best: failure.plan.clone(),
        runs: 0,
        until: Instant::now() + MAX_TIME,
    };
    let only = failure.plan.only.clone().unwrap_or_else(|| (0..failure.steps).collect());
    search.attempt(Plan { only: Some(only), ..failure.plan.clone() });
    for trouble in Trouble::ALL {
        let mut plan = search.best.clone();
        plan.without.insert(trouble);
        search.attempt(plan);
    }
    search.leave_steps_out();
    let told = run(&search.best, true);
    let what = told.result.err().map_or_else(|| failure.what.clone(), |failure| failure.what);
    Shortened { plan: search.best, what, story: told.story, steps: failure.steps }
}

impl Search {
    /// Takes the plan where it fails in the same way.
    fn attempt(&mut self, plan: Plan) -> bool {
        self.runs += 1;
        let fails = run(&plan, false).result.is_err_and(|failure| kind_of(&failure.what) == self.kind);
        if fails {
            self.best = plan;
        }
        fails
    }

    fn may_go_on(&self) -> bool {
        self.runs < MAX_RUNS && Instant::now() < self.until
    }

    /// First halves, then smaller and smaller parts; single ones until none can go.
    fn leave_steps_out(&mut self) {
        let steps = |plan: &Plan| -> Vec<u64> { plan.only.iter().flatten().copied().collect() };
        let mut part = steps(&self.best).len().div_ceil(2);
        while part > 0 {
            let before = steps(&self.best).len();
            let mut at = 0;
            while self.may_go_on() {
                let all = steps(&self.best);
                if at >= all.len() {
                    break;
                }
                let end = all.len().min(at + part);
                let left: BTreeSet<u64> = all[..at].iter().chain(&all[end..]).copied().collect();
                if !self.attempt(Plan { only: Some(left), ..self.best.clone() }) {
                    at = end;
                }
            }
            let shrinks = steps(&self.best).len() < before;
            part = if part == 1 && shrinks && self.may_go_on() { 1 } else { part / 2 };
        }
    }
}

fn kind_of(what: &str) -> String {
    // What is quoted or named differs; how the sentence begins does not.
    let words = what.split_whitespace().filter(|word| !word.contains(|c: char| c.is_ascii_digit()));
    words.take(4).collect::<Vec<_>>().join(" ")
}
