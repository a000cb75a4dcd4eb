//! The table on the terminal: a line for every arm of every cell, and what is broken, with the command that shows it again.

use crate::arm::Arm;
use crate::field::Field;
use crate::outcome;
use crate::result::{ArmResult, CellResult, ScenarioResult};

/// What fits on a line; the rest is in the report.
const COLUMNS: [(&str, &str); 10] = [
    ("messages", "messages_recovery_s"),
    ("all", "recovery_s"),
    ("peak 5s", "peak_arrivals_over_capacity_5s"),
    ("peak 1s", "peak_arrivals_over_capacity_1s"),
    ("accepted", "p1_accepted"),
    ("ceiling", "p1_ceiling_share"),
    ("lost", "lost"),
    ("doubled", "doubled"),
    ("p99", "visitor_to_agent_p99_ms"),
    ("modes", "mode_changes"),
];

pub fn table(result: &ScenarioResult) -> String {
    let mut text = format!("\n{}: {}\n", result.scenario.name, result.scenario.about);
    text += &format!("{:>5} {:>7} {:>5}  {:8}", "load", "trigger", "seeds", "");
    for (head, _) in COLUMNS {
        text += &format!(" {head:>9}");
    }
    text += "  (the worst seed)\n";
    for cell in &result.cells {
        for arm in &cell.arms {
            text += &line(cell, arm);
        }
    }
    let (judged, broken) = (result.verdicts().len(), result.broken());
    match (judged, broken.len()) {
        (0, _) => text += "no bound applies: reported only\n",
        (all, 0) => text += &format!("all {all} bounds held\n"),
        (all, broken) => text += &format!("{broken} of {all} bounds BROKEN (marked !):\n"),
    }
    for verdict in broken {
        let (bound, found) = (&verdict.judgement.bound, verdict.judgement.found());
        text += &format!(
            "  {} at load {} and {} s: {} was {found}, seed {}\n    {}\n",
            bound.arm,
            verdict.cell.load,
            verdict.cell.trigger_s,
            bound.rule(),
            verdict.judgement.value.seed,
            result.command(&verdict)
        );
    }
    text
}

fn line(cell: &CellResult, it: &ArmResult) -> String {
    let judged: Vec<_> = cell.judgements().into_iter().filter(|one| one.bound.arm == it.arm).collect();
    let is_broken = |field: &str| {
        judged.iter().any(|one| !one.held && one.bound.field().is_some_and(|it| it.name == field))
    };
    let mut text = String::new();
    let first = cell.arms.first().is_some_and(|first| first.arm == it.arm);
    if first {
        let cell = &cell.cell;
        text += &format!("{:>5} {:>5} s {:>5}", cell.load, cell.trigger_s, it.outcomes.len());
    } else {
        text += &format!("{:19}", "");
    }
    text += &format!("  {:8}", it.arm);
    for (_, name) in COLUMNS {
        let field = Field::named(name);
        let value = match outcome::worst(&it.outcomes, field) {
            None => "–".to_owned(),
            Some(worst) if worst.never => "never".to_owned(),
            Some(worst) => field.shown(worst.value),
        };
        let mark = if is_broken(name) { "!" } else { "" };
        text += &format!(" {:>9}", format!("{value}{mark}"));
    }
    let held = judged.iter().all(|one| one.held);
    let verdict = match it.arm {
        _ if judged.is_empty() => "",
        // What must hold of it is that there is something to be helped against.
        Arm::Without if held => "  a wave",
        Arm::Without => "  NO WAVE",
        _ if held => "  held",
        _ => "  BROKEN",
    };
    text + verdict + "\n"
}
