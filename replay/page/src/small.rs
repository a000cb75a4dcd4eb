//! The scenario that becomes of the settings: that of its fault in its short form, and smaller still. Whoever moves a slider
//! waits for seconds, and what is smaller is told.

use std::sync::Arc;

use replay::catalogue;
use replay::field::thousands;
use replay::result::Plan;
use replay::scenario::{Fault, Scenario};
use replay::short::short;

use crate::settings::Settings;

/// Enough to tell what stays from what goes away by itself: five minutes, and half of one.
const AFTER_S: u64 = 330;
/// They come back in some 3 s, where 100,000 do in 50 s: the rate is the same.
const IDLE_WIDGETS: u64 = 5_000;

/// The scenario of Seawall's own that has this fault.
fn full(fault: Fault) -> Result<Scenario, String> {
    let name = match fault {
        Fault::OverSave => "slow-accounts",
        Fault::Down => "origin-down",
        Fault::Flapping => "flapping",
        Fault::Lying => "lying-origin",
        Fault::Drop => "login-storm",
        Fault::Surge => "single-customer-surge",
        Fault::Restart => "edge-restart",
    };
    Ok(catalogue::named(name)?.remove(0))
}

/// As it can also be replayed by `cargo xtask replay`. Checked like every other.
pub fn scenario(settings: &Settings) -> Result<Scenario, String> {
    let mut it = short(full(settings.fault)?);
    // Under its own name it would be held to bounds that belong to its own constants.
    it.name = format!("my-{}", it.name);
    it.about = "Set on the page at /demo/replay/.".to_owned();
    it.loads = vec![settings.load as f64 / 100.0];
    it.triggers_s = vec![settings.trigger_s];
    (it.capacity, it.capacity_long) = (settings.capacity as f64, settings.capacity as f64);
    it.after_s = it.after_s.min(AFTER_S);
    (it.seeds, it.seeds_long) = (Scenario::default().seeds, Scenario::default().seeds_long);
    it.people.sites = settings.sites;
    it.people.idle_widgets = it.people.idle_widgets.min(IDLE_WIDGETS);
    it.origin.over_saves = settings.saves as f64;
    it.check()?;
    Ok(it)
}

/// One seed of one cell, in all arms.
pub fn plan(settings: &Settings) -> Result<Plan, String> {
    let scenario = scenario(settings)?;
    let form = Arc::from(format!("cargo xtask replay --scenario-file {}.toml", scenario.name));
    let cells = scenario.cells();
    let scenario = cells[0].scenario.clone();
    let seeds = settings.seed..settings.seed + 1;
    let cells = cells.into_iter().map(|cell| (cell, seeds.clone())).collect();
    Ok(Plan { scenario, form, cells, arms: replay::arm::Arm::ALL.into() })
}

/// What is less here than where a bound is held, in a sentence.
pub fn notice(settings: &Settings) -> Result<String, String> {
    let (here, full) = (scenario(settings)?, full(settings.fault)?);
    let mut less = vec![format!("one seed instead of {}", full.seeds)];
    if here.capacity < full.capacity {
        less.push(format!(
            "an origin that works off {} messages a second instead of {}",
            here.capacity, full.capacity
        ));
    }
    if here.after_s < full.after_s {
        less.push(format!("{} s after the trigger instead of {}", here.after_s, full.after_s));
    }
    if here.people.idle_widgets < full.people.idle_widgets {
        let [here, full] = [&here, &full].map(|it| thousands(it.people.idle_widgets as f64));
        less.push(format!("{here} widgets without a chat instead of {full}"));
    }
    Ok(format!("In small, so that a run takes seconds: {}.", less.join(", ")))
}

/// How many times as much an account call costs during `over-save`, with the caches of all accounts empty.
pub fn slow_down(saves: u64) -> Result<f64, String> {
    let it = full(Fault::OverSave)?;
    let (views, costs) = (it.people.page_views, &it.origin);
    let of = |read: f64| views * read + (1.0 - views) * costs.save;
    Ok((of(costs.read_uncached) + saves as f64 * costs.save) / of(costs.read_cached))
}

#[cfg(test)]
mod tests {
    use super::{notice, plan, scenario, slow_down};
    use crate::settings::{FAULTS, NUMBERS, Settings};

    #[test]
    fn whatever_can_be_set_can_be_replayed() {
        for (name, fault) in FAULTS {
            for at_most in [false, true] {
                let mut text = format!("fault={name}");
                for number in NUMBERS {
                    let value = if at_most { number.range.end() } else { number.range.start() };
                    text += &format!("&{}={value}", number.key);
                }
                let (settings, wrongs) = Settings::read(&text);
                assert_eq!((wrongs, settings.fault), (Vec::new(), fault));
                assert_eq!(scenario(&settings).map(|_| ()), Ok(()), "{text}");
                assert_eq!(plan(&settings).expect("a plan").jobs().len(), 3);
            }
        }
    }

    #[test]
    fn settings_reach_the_scenario() {
        let (settings, _) = Settings::read("load=42&trigger=20&saves=9&capacity=33&sites=7&seed=5");
        let plan = plan(&settings).expect("a plan");
        let (cell, seeds) = &plan.cells[0];
        assert_eq!((cell.load, cell.trigger_s, cell.capacity, seeds.clone()), (0.42, 20, 33.0, 5..6));
        assert_eq!((plan.scenario.people.sites, plan.scenario.origin.over_saves), (7, 9.0));
    }

    #[test]
    fn what_is_smaller_is_told() {
        let (storm, _) = Settings::read("fault=drop");
        let told = notice(&storm).expect("a notice");
        for less in ["one seed instead of 10", "50 messages a second instead of 100", "5,000 widgets"] {
            assert!(told.contains(less), "{told}");
        }
        let (whole, _) = Settings::read("capacity=100");
        assert!(!notice(&whole).expect("a notice").contains("an origin"));
    }

    #[test]
    fn five_needless_saves_make_accounts_some_ten_times_as_slow() {
        let slow = slow_down(5).expect("a scenario");
        assert!((9.0..10.0).contains(&slow), "{slow}");
    }
}
