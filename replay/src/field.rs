//! The figures by name: what each means, its unit, and which of two values is the worse one.

use crate::meter::Figures;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Milliseconds,
    /// So many times something.
    Times,
    Share,
    Count,
}

#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// As in `summary.json`.
    pub name: &'static str,
    /// For a person who was not there.
    pub words: &'static str,
    pub unit: Unit,
    pub smaller_is_worse: bool,
    pub of: fn(&Figures) -> Option<f64>,
    pub set: fn(&mut Figures, Option<f64>),
}

macro_rules! field {
    ($name:ident, $unit:ident, $words:literal) => {
        field!($name, $unit, $words, false)
    };
    ($name:ident, $unit:ident, $words:literal, $smaller_is_worse:literal) => {
        Field {
            name: stringify!($name),
            words: $words,
            unit: Unit::$unit,
            smaller_is_worse: $smaller_is_worse,
            of: |figures| figures.$name,
            set: |figures, value| figures.$name = value,
        }
    };
}

pub const FIELDS: [Field; 16] = [
    field!(
        messages_recovery_s,
        Seconds,
        "until messages of open chats flowed again, after the trouble had ended"
    ),
    field!(recovery_s, Seconds, "until everything was answered again, after the trouble had ended"),
    field!(
        peak_arrivals_over_capacity_5s,
        Times,
        "most that arrived at the origin in any 5 s afterwards, against its capacity"
    ),
    field!(peak_arrivals_over_capacity_1s, Times, "the same in any 1 s"),
    field!(drain_over_ideal, Times, "time to deliver what had waited, against the ideal"),
    field!(relapses, Count, "times the mode got worse again after the trouble had ended"),
    field!(p1_accepted, Share, "share of messages that were acknowledged as safe", true),
    field!(
        p1_ceiling_share,
        Share,
        "share of open chats' messages that the origin took during the trouble, of what it could have taken",
        true
    ),
    field!(visitor_to_agent_p99_ms, Milliseconds, "from a visitor to the agent's screen, 99 of 100 messages"),
    field!(lost, Count, "messages that never reached the origin"),
    field!(doubled, Count, "messages that the origin's ledger has more than once"),
    field!(reordered, Count, "messages that reached the ledger out of order"),
    field!(mode_changes, Count, "changes of the mode"),
    field!(
        peak_reconnects_over_admitted,
        Times,
        "most reconnects in one second, against what the edge admits"
    ),
    field!(other_sites_p99_ratio, Times, "the other sites' delay during the surge, against before"),
    field!(peak_object_queue_ms, Milliseconds, "longest line in front of one of the edge's objects"),
];

impl Field {
    /// By its name in `summary.json`.
    pub fn named(name: &str) -> &'static Field {
        FIELDS.iter().find(|field| field.name == name).expect("names of fields are constants")
    }

    /// A value with its unit, near enough to its bound to see on which side it lies.
    pub fn exact(&self, value: f64) -> String {
        let number = |value: f64| ((value * 10_000.0).round() / 10_000.0).to_string();
        match self.unit {
            Unit::Seconds => format!("{} s", number(value)),
            Unit::Milliseconds => format!("{} ms", number(value)),
            Unit::Times => format!("{} ×", number(value)),
            Unit::Share => format!("{} %", number(value * 100.0)),
            Unit::Count => number(value),
        }
    }

    /// A value with its unit, for a table.
    pub fn shown(&self, value: f64) -> String {
        match self.unit {
            Unit::Seconds => format!("{value:.0} s"),
            // What takes so long is not read in milliseconds.
            Unit::Milliseconds if value >= 10_000.0 => format!("{:.0} s", value / 1_000.0),
            Unit::Milliseconds => format!("{} ms", thousands(value)),
            Unit::Times => format!("{value:.2} ×"),
            // 99.97 % must not look like all.
            Unit::Share if (0.995..1.0).contains(&value) => {
                format!("{:.2} %", (value * 10_000.0).floor() / 100.0)
            }
            Unit::Share => format!("{:.0} %", value * 100.0),
            Unit::Count => thousands(value),
        }
    }
}

/// As 44,559.
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, Field};
    use crate::meter::Figures;

    #[test]
    fn every_figure_has_a_field_of_its_name() {
        let mut figures = Figures::default();
        for (at, field) in FIELDS.iter().enumerate() {
            (field.set)(&mut figures, Some(at as f64));
            assert_eq!((field.of)(&figures), Some(at as f64));
        }
        let json = serde_json::to_value(figures).expect("figures are JSON");
        assert_eq!(json.as_object().expect("an object").len(), FIELDS.len());
        for (at, field) in FIELDS.iter().enumerate() {
            assert_eq!(json[field.name], at as f64, "{}", field.name);
        }
    }

    #[test]
    fn large_counts_are_readable() {
        let lost = Field::named("lost");
        assert_eq!([7.0, 999.0, 1_000.0, 44_559.0].map(|it| lost.shown(it)), ["7", "999", "1,000", "44,559"]);
    }

    #[test]
    fn a_share_just_below_all_does_not_read_as_all() {
        let accepted = Field::named("p1_accepted");
        assert_eq!((accepted.shown(0.99999), accepted.shown(1.0)), ("99.99 %".into(), "100 %".into()));
    }
}
