//! The short form of a scenario, which CI replays with every change: short triggers and few seeds, everything else as it is.

use crate::scenario::{Fault, Scenario};

const SHORT_S: u64 = 300;
const SHORT_SEEDS: u64 = 10;
/// A backlog of [`SHORT_S`] is gone after some 7 minutes.
const SHORT_AFTER_S: u64 = 620;
/// 10,000 widgets come back in 5 s, where 100,000 do in 50 s: the rate is the same.
const SHORT_IDLE_WIDGETS: u64 = 10_000;

pub fn short(mut scenario: Scenario) -> Scenario {
    scenario.triggers_s.retain(|trigger_s| *trigger_s <= SHORT_S);
    if scenario.triggers_s.is_empty() {
        scenario.triggers_s.push(SHORT_S);
        // The capacity of long triggers is what makes such a scenario quick.
        scenario.capacity = scenario.capacity_long;
    }
    if scenario.fault == Fault::Flapping {
        // Whole rounds of 40 s, so that it ends with an up phase as the long form does.
        scenario.triggers_s = vec![280];
    }
    scenario.after_s = scenario.after_s.min(SHORT_AFTER_S);
    scenario.people.idle_widgets = scenario.people.idle_widgets.min(SHORT_IDLE_WIDGETS);
    scenario.seeds = scenario.seeds.min(SHORT_SEEDS);
    scenario.seeds_long = scenario.seeds_long.min(SHORT_SEEDS);
    scenario
}

#[cfg(test)]
mod tests {
    use super::short;
    use crate::catalogue;

    #[test]
    fn short_form_of_every_scenario_is_short() {
        for scenario in catalogue::named("all").expect("readable").into_iter().map(short) {
            assert!(scenario.seeds <= 10, "{}", scenario.name);
            let cells = scenario.cells();
            assert!(!cells.is_empty() && cells.iter().all(|cell| cell.trigger_s <= 300));
        }
    }
}
