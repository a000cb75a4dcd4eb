//! A scenario as a file, for `cargo xtask replay --scenario-file`.

use replay::scenario::Scenario;
use serde_json::Value;

/// Everything that it holds: what JSON makes of names, numbers and lists of them is TOML as well.
pub fn file(scenario: &Scenario) -> String {
    let Ok(Value::Object(all)) = serde_json::to_value(scenario) else { return String::new() };
    let line = |(key, value): (&String, &Value)| format!("{key} = {value}\n");
    let (tables, values): (Vec<_>, Vec<_>) = all.iter().partition(|(_, value)| value.is_object());
    let mut text: String = values.into_iter().map(line).collect();
    for (name, table) in tables {
        let lines: String = table.as_object().into_iter().flatten().map(line).collect();
        text += &format!("\n[{name}]\n{lines}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::file;
    use crate::settings::{FAULTS, Settings};
    use crate::small::scenario;
    use replay::scenario::Scenario;

    #[test]
    fn file_is_read_as_the_same_scenario() {
        for (_, fault) in FAULTS {
            let settings = Settings { fault, load: 57, ..Settings::default() };
            let scenario = scenario(&settings).expect("a scenario");
            assert_eq!(Scenario::parse(&file(&scenario)), Ok(scenario));
        }
    }
}
