//! What the page's controls say: parsed once, checked, and named with what would be right where it is wrong.
//!
//! As text they are `fault=over-save&load=85&…`: the part of the page's address behind the `#`, so that a run can be shared.

use std::ops::RangeInclusive;

use replay::scenario::Fault;
use serde::Serialize;

/// The control of the fault; the others are [`NUMBERS`].
const FAULT: &str = "fault";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub fault: Fault,
    /// Of the origin's capacity, in percent.
    pub load: u64,
    pub trigger_s: u64,
    /// Needless saves with every account call, during `over-save`.
    pub saves: u64,
    /// Messages that the origin works off in a second.
    pub capacity: u64,
    pub sites: u64,
    pub seed: u64,
}

/// A number that can be set.
pub struct Number {
    pub key: &'static str,
    /// Narrower than what a scenario file may hold: every run ends within seconds.
    pub range: RangeInclusive<u64>,
    pub of: fn(&Settings) -> u64,
    set: fn(&mut Settings, u64),
}

macro_rules! number {
    ($key:literal, $field:ident, $range:expr) => {
        Number { key: $key, range: $range, of: |it| it.$field, set: |it, value| it.$field = value }
    };
}

pub const NUMBERS: [Number; 6] = [
    number!("load", load, 30..=95),
    number!("trigger", trigger_s, 10..=300),
    number!("saves", saves, 1..=15),
    number!("capacity", capacity, 20..=100),
    number!("sites", sites, 1..=200),
    number!("seed", seed, 1..=999_999),
];

/// As in a scenario file, in the order of the page's list.
pub const FAULTS: [(&str, Fault); 7] = [
    ("over-save", Fault::OverSave),
    ("down", Fault::Down),
    ("flapping", Fault::Flapping),
    ("lying", Fault::Lying),
    ("drop", Fault::Drop),
    ("surge", Fault::Surge),
    ("restart", Fault::Restart),
];

/// A value that cannot be used, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wrong {
    pub key: String,
    pub words: String,
}

impl Default for Settings {
    /// The incident that all this is about.
    fn default() -> Settings {
        Settings {
            fault: Fault::OverSave,
            load: 85,
            trigger_s: 60,
            saves: 5,
            capacity: 50,
            sites: 50,
            seed: 1,
        }
    }
}

impl Settings {
    /// What the text says; where it says nothing, or something wrong, the defaults.
    pub fn read(text: &str) -> (Settings, Vec<Wrong>) {
        let (mut settings, mut wrongs) = (Settings::default(), Vec::new());
        for pair in text.trim_start_matches('#').split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let Err(words) = settings.take(key, value) {
                wrongs.push(Wrong { key: key.to_owned(), words });
            }
        }
        (settings, wrongs)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        if key == FAULT {
            let found = FAULTS.iter().find(|(name, _)| *name == value);
            let names = || FAULTS.map(|(name, _)| name).join(", ");
            let wrong = || format!("`fault` is `{value}` and must be one of {}", names());
            self.fault = found.ok_or_else(wrong)?.1;
            return Ok(());
        }
        let Some(number) = NUMBERS.iter().find(|it| it.key == key) else {
            let keys = NUMBERS.map(|it| it.key).join(", ");
            return Err(format!("`{key}` cannot be set: what can is {FAULT}, {keys}"));
        };
        let (min, max) = (number.range.start(), number.range.end());
        let wrong = || format!("`{key}` is `{value}` and must be a whole number between {min} and {max}");
        let parsed = value.parse().ok().filter(|value| number.range.contains(value));
        (number.set)(self, parsed.ok_or_else(wrong)?);
        Ok(())
    }

    pub fn text(&self) -> String {
        let numbers = NUMBERS.map(|it| format!("&{}={}", it.key, (it.of)(self))).concat();
        format!("{FAULT}={}{numbers}", self.fault_name())
    }

    pub fn fault_name(&self) -> &'static str {
        FAULTS.iter().find(|(_, fault)| *fault == self.fault).map_or("", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::{FAULTS, NUMBERS, Settings};

    /// The page's controls stand in its HTML, so that it is there before the simulator is.
    const PAGE: &str = include_str!("../../../www/demo/replay/index.html");

    #[test]
    fn settings_survive_being_an_address() {
        let mut settings = Settings { load: 42, seed: 77, ..Settings::default() };
        for (_, fault) in FAULTS {
            settings.fault = fault;
            assert_eq!(Settings::read(&format!("#{}", settings.text())), (settings, Vec::new()));
        }
        assert_eq!(Settings::read(""), (Settings::default(), Vec::new()));
    }

    #[test]
    fn wrong_value_is_named_with_what_would_be_right_and_the_default_taken() {
        let (settings, wrongs) =
            Settings::read("load=300&trigger=soon&fault=fire&sites=7&lod=3&seed=0&saves=-1&capacity=1e9");
        let words: Vec<&str> = wrongs.iter().map(|wrong| wrong.words.as_str()).collect();
        assert_eq!(words[0], "`load` is `300` and must be a whole number between 30 and 95");
        assert_eq!(words[1], "`trigger` is `soon` and must be a whole number between 10 and 300");
        assert!(words[2].starts_with("`fault` is `fire` and must be one of over-save, down"), "{words:?}");
        assert!(words[3].starts_with("`lod` cannot be set: what can is fault, load"), "{words:?}");
        assert_eq!(words.len(), 7, "{words:?}");
        assert_eq!(settings, Settings { sites: 7, ..Settings::default() });
    }

    #[test]
    fn page_offers_just_these_ranges_and_faults() {
        let default = Settings::default();
        for number in NUMBERS {
            let (min, max, value) = (number.range.start(), number.range.end(), (number.of)(&default));
            let control = format!("name=\"{}\" min=\"{min}\" max=\"{max}\" value=\"{value}\"", number.key);
            assert!(PAGE.contains(&control), "{control}");
        }
        let offered = PAGE.matches("<option value=").count();
        assert_eq!(offered, FAULTS.len());
        for (name, _) in FAULTS {
            assert!(PAGE.contains(&format!("<option value=\"{name}\"")), "{name}");
        }
    }
}
