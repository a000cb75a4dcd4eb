//! `summary.json`: the figures for machines. Its format is written down in docs/replay.md.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::field::{FIELDS, Field};
use crate::meter::Figures;
use crate::outcome::{Outcome, Value, median, worst};
use crate::result::{CellResult, ScenarioResult};

#[derive(Serialize)]
pub struct Summary<'a> {
    scenario: &'a str,
    /// The most of any cell.
    seeds: usize,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    load: f64,
    trigger_s: u64,
    capacity: f64,
    seeds: usize,
    arms: BTreeMap<&'static str, Arm>,
}

#[derive(Serialize)]
struct Arm {
    worst: Figures,
    median: Figures,
    never: Never,
}

/// Names of the fields whose value says only how long we looked.
#[derive(Default, Serialize)]
struct Never {
    worst: Vec<&'static str>,
    median: Vec<&'static str>,
}

impl Summary<'_> {
    pub fn new(result: &ScenarioResult) -> Summary<'_> {
        Summary {
            scenario: &result.scenario.name,
            seeds: result.cells.iter().map(CellResult::seeds).max().unwrap_or(0),
            cells: result.cells.iter().map(Cell::new).collect(),
        }
    }

    pub fn json(&self) -> String {
        // Numbers, names and lists of them; infinite ones were replaced before.
        let json = serde_json::to_string_pretty(self).expect("a summary is JSON");
        json + "\n"
    }
}

impl Cell {
    fn new(result: &CellResult) -> Cell {
        let arms = result.arms.iter().map(|it| (it.arm.name(), Arm::new(&it.outcomes)));
        let cell = &result.cell;
        Cell {
            load: cell.load,
            trigger_s: cell.trigger_s,
            capacity: cell.capacity,
            seeds: result.seeds(),
            arms: arms.collect(),
        }
    }
}

impl Arm {
    fn new(outcomes: &[Outcome]) -> Arm {
        let (worst, worst_never) = each(outcomes, worst);
        let (median, median_never) = each(outcomes, median);
        Arm { worst, median, never: Never { worst: worst_never, median: median_never } }
    }
}

/// Every field over the seeds, by itself.
fn each(outcomes: &[Outcome], of: fn(&[Outcome], &Field) -> Option<Value>) -> (Figures, Vec<&'static str>) {
    let (mut figures, mut never) = (Figures::default(), Vec::new());
    for field in &FIELDS {
        let value = of(outcomes, field);
        (field.set)(&mut figures, value.map(|it| it.value));
        if value.is_some_and(|it| it.never) {
            never.push(field.name);
        }
    }
    (figures, never)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Summary;
    use crate::arm::Arm;
    use crate::catalogue;
    use crate::meter::{Figures, Run};
    use crate::outcome::Outcome;
    use crate::result::{ArmResult, CellResult, ScenarioResult};

    fn result() -> ScenarioResult {
        let cell = catalogue::named("slow-accounts").expect("a scenario").remove(0).cells().remove(0);
        let outcome = |seed, recovery_s| {
            let figures = Figures { messages_recovery_s: Some(recovery_s), ..Figures::default() };
            Outcome::new(&cell, seed, &Run { figures, ..Run::default() })
        };
        let outcomes = vec![outcome(1, 2.0), outcome(2, 4.0), outcome(3, f64::INFINITY)];
        let arm = |arm| ArmResult { arm, outcomes: outcomes.clone(), median_seed: 2, seconds: Vec::new() };
        let arms = Arm::ALL.map(arm).into();
        let (scenario, form) = (cell.scenario.clone(), Arc::from(""));
        ScenarioResult { scenario, form, cells: vec![CellResult { cell, arms }] }
    }

    #[test]
    fn summary_has_exactly_the_written_shape() {
        let json: serde_json::Value = serde_json::from_str(&Summary::new(&result()).json()).expect("JSON");
        let keys = |value: &serde_json::Value| -> Vec<String> {
            value.as_object().expect("an object").keys().cloned().collect()
        };
        assert_eq!(keys(&json), ["cells", "scenario", "seeds"]);
        assert_eq!((&json["scenario"], &json["seeds"]), (&"slow-accounts".into(), &3.into()));
        let cell = &json["cells"][0];
        assert_eq!(keys(cell), ["arms", "capacity", "load", "seeds", "trigger_s"]);
        assert_eq!(keys(&cell["arms"]), ["careful", "with", "without"]);
        let figures = serde_json::to_value(Figures::default()).expect("JSON");
        for arm in ["careful", "with", "without"] {
            assert_eq!(keys(&cell["arms"][arm]), ["median", "never", "worst"]);
            for which in ["median", "worst"] {
                assert_eq!(keys(&cell["arms"][arm][which]), keys(&figures));
            }
        }
    }

    #[test]
    fn never_reached_is_a_number_with_a_note() {
        let json: serde_json::Value = serde_json::from_str(&Summary::new(&result()).json()).expect("JSON");
        let arm = &json["cells"][0]["arms"]["with"];
        assert_eq!(arm["worst"]["messages_recovery_s"], 620.0);
        assert_eq!(arm["median"]["messages_recovery_s"], 4.0);
        assert_eq!(arm["never"]["worst"], serde_json::json!(["messages_recovery_s"]));
        assert_eq!(arm["never"]["median"], serde_json::json!([]));
        assert!(arm["worst"]["mode_changes"].is_null());
    }
}
