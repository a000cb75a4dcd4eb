//! The short form of a scenario, which CI replays with every change: some 4 minutes for all of them on two processors.

use crate::scenario::{Fault, Scenario};

/// The first scenario is what all this is about: of its grid only the long triggers are left out.
const SHORT_S: u64 = 300;
/// Of the others so much: three whole rounds of `flapping`, which then ends with an up phase as its long form does.
const OTHERS_S: u64 = 120;
/// The backlog of [`OTHERS_S`] is gone after some 3 minutes.
const OTHERS_AFTER_S: u64 = 330;
const SHORT_SEEDS: u64 = 10;
/// 10,000 widgets come back in 5 s, where 100,000 do in 50 s: the rate is the same.
const SHORT_IDLE_WIDGETS: u64 = 10_000;

pub fn short(mut scenario: Scenario) -> Scenario {
    let long_s = scenario.long_s;
    if scenario.triggers_s.iter().all(|trigger_s| *trigger_s > long_s) {
        // What makes hours replayable makes minutes quick.
        scenario.capacity = scenario.capacity_long;
    }
    if scenario.fault == Fault::OverSave {
        scenario.triggers_s.retain(|trigger_s| *trigger_s <= SHORT_S);
    } else {
        scenario.triggers_s.truncate(1);
        scenario.triggers_s.iter_mut().for_each(|trigger_s| *trigger_s = OTHERS_S.min(*trigger_s));
        scenario.after_s = scenario.after_s.min(OTHERS_AFTER_S);
    }
    if scenario.triggers_s.is_empty() {
        scenario.triggers_s.push(SHORT_S);
    }
    scenario.about += " Here in its short form: less of everything.";
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
