//! Settings with a name: Seawall's own scenarios, as far as the controls go.

use replay::catalogue;
use replay::scenario::Scenario;
use replay::short::short;
use serde::Serialize;

use crate::settings::{NUMBERS, Settings};

#[derive(Clone, Debug, Serialize)]
pub struct Preset {
    pub name: String,
    pub about: String,
    pub settings: String,
}

/// In the order in which `all` replays them.
pub fn presets() -> Result<Vec<Preset>, String> {
    Ok(catalogue::named("all")?.into_iter().map(preset).collect())
}

fn preset(full: Scenario) -> Preset {
    let (name, about) = (full.name.clone(), full.about.clone());
    let it = short(full);
    let default = Settings::default();
    let heaviest = it.loads.iter().copied().fold(0.0, f64::max);
    let shortest_s = it.triggers_s.iter().copied().min().unwrap_or(default.trigger_s);
    let within = |key: &str, value: u64| {
        let range = NUMBERS.iter().find(|it| it.key == key).map(|it| &it.range);
        range.map_or(value, |range| value.clamp(*range.start(), *range.end()))
    };
    let settings = Settings {
        fault: it.fault,
        load: within("load", (heaviest * 100.0).round() as u64),
        trigger_s: within("trigger", shortest_s),
        saves: within("saves", it.origin.over_saves as u64),
        capacity: within("capacity", (it.capacity as u64).min(default.capacity)),
        sites: within("sites", it.people.sites),
        seed: default.seed,
    };
    Preset { name, about, settings: settings.text() }
}

#[cfg(test)]
mod tests {
    use super::presets;
    use crate::settings::Settings;

    #[test]
    fn every_scenario_has_a_button_on_the_page_and_settings_within_the_ranges() {
        let page = include_str!("../../../www/demo/replay/index.html");
        let presets = presets().expect("scenarios");
        assert_eq!(page.matches(" data-preset=").count(), presets.len());
        for preset in presets {
            assert!(page.contains(&format!("data-preset=\"{}\"", preset.name)), "{}", preset.name);
            assert_eq!(Settings::read(&preset.settings).1, Vec::new());
        }
    }

    #[test]
    fn what_the_page_begins_with_is_the_first_of_them() {
        assert_eq!(presets().expect("scenarios")[0].settings, Settings::default().text());
    }
}
