//! The scenarios that come with Seawall, compiled in, and those of one's own, from a file.

use std::path::Path;

use crate::scenario::Scenario;

/// In the order in which `all` replays them.
const FILES: [(&str, &str); 8] = [
    ("slow-accounts", include_str!("../scenarios/slow-accounts.toml")),
    ("single-customer-surge", include_str!("../scenarios/single-customer-surge.toml")),
    ("login-storm", include_str!("../scenarios/login-storm.toml")),
    ("origin-down", include_str!("../scenarios/origin-down.toml")),
    ("backlog-drain", include_str!("../scenarios/backlog-drain.toml")),
    ("flapping", include_str!("../scenarios/flapping.toml")),
    ("lying-origin", include_str!("../scenarios/lying-origin.toml")),
    ("edge-restart", include_str!("../scenarios/edge-restart.toml")),
];

pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// One of the names, or `all`.
pub fn named(name: &str) -> Result<Vec<Scenario>, String> {
    let wanted: Vec<_> = FILES.iter().filter(|(of, _)| name == "all" || name == *of).collect();
    if wanted.is_empty() {
        let names: Vec<&str> = names().collect();
        return Err(format!(
            "there is no scenario `{name}`: take `all` or one of {}, or give your own with --scenario-file",
            names.join(", ")
        ));
    }
    wanted.into_iter().map(|(of, text)| parsed(&format!("replay/scenarios/{of}.toml"), text)).collect()
}

pub fn from_file(path: &Path) -> Result<Scenario, String> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    parsed(&shown, &text)
}

fn parsed(shown: &str, text: &str) -> Result<Scenario, String> {
    Scenario::parse(text)
        .map_err(|error| format!("{shown}, {error}\ndocs/replay.md says what a scenario file can hold"))
}

#[cfg(test)]
mod tests {
    use super::{named, names};

    #[test]
    fn every_scenario_is_readable_and_named_like_its_file() {
        let scenarios = named("all").expect("readable");
        assert!(scenarios.iter().map(|it| it.name.as_str()).eq(names()));
    }

    #[test]
    fn unknown_scenario_is_answered_with_the_known_ones() {
        let error = named("slow-acounts").expect_err("no such scenario");
        assert!(error.contains("slow-accounts") && error.contains("--scenario-file"), "{error}");
    }
}
