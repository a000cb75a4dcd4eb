//! What a run came to: a sentence for each arm, charts, figures, and how to replay it at home.

use replay::chart;
use replay::crew;
use replay::field::{FIELDS, Field};
use replay::outcome::{Outcome, Value};
use replay::result::{ArmResult, CellResult, ScenarioResult};
use replay::summary::Summary;
use serde::Serialize;

use crate::file::file;

#[derive(Default, Serialize)]
pub struct Told {
    sentences: Vec<Sentence>,
    charts: Vec<Chart>,
    /// The arms at the heads of the columns.
    arms: Vec<&'static str>,
    figures: Vec<Row>,
    /// As `cargo xtask replay` writes it.
    summary: String,
    /// Replays just this, with the file.
    command: String,
    file: String,
}

#[derive(Serialize)]
struct Sentence {
    arm: &'static str,
    head: String,
    words: String,
}

#[derive(Serialize)]
struct Chart {
    svg: String,
    caption: &'static str,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    words: &'static str,
    values: Vec<String>,
}

pub fn told(result: &ScenarioResult, seed: u64) -> Told {
    let Some(cell) = result.cells.first() else { return Told::default() };
    let charts = chart::charts(cell).into_iter();
    Told {
        sentences: cell.arms.iter().map(|arm| sentence(cell, arm)).collect(),
        charts: charts.map(|it| Chart { svg: it.inline().to_owned(), caption: it.caption }).collect(),
        arms: cell.arms.iter().map(|it| it.arm.words()).collect(),
        figures: FIELDS.iter().filter_map(|field| row(cell, field)).collect(),
        summary: Summary::new(result).json(),
        command: crew::command(&result.form, &cell.cell, seed),
        file: file(&result.scenario),
    }
}

/// Such as "messages flowed 0 s after the trigger, arrivals at most 0.90 × capacity; every message was taken safely."
fn sentence(cell: &CellResult, of: &ArmResult) -> Sentence {
    let mut head = of.arm.words().to_owned();
    head[..1].make_ascii_uppercase();
    let value = |name: &str| first(of)?.value(Field::named(name));
    let recovered = match value("messages_recovery_s") {
        Some(Value { never: true, .. }) => {
            format!("still stuck {} s after the trigger", cell.cell.scenario.after_s)
        }
        Some(Value { value, .. }) => format!("messages flowed {value:.0} s after the trigger"),
        None => "nobody wrote anything".to_owned(),
    };
    let peak = value("peak_arrivals_over_capacity_5s").map_or(0.0, |it| it.value);
    // As much as a bound allows.
    let arrived = if peak > 1.05 { "up to" } else { "at most" };
    let safe = match value("p1_accepted").map_or(1.0, |it| it.value) {
        1.0 => "every message was taken safely".to_owned(),
        share => {
            format!("{} of all messages were taken safely", Field::named("p1_accepted").shown(share))
        }
    };
    let links = value("peak_reconnects_over_admitted").map_or_else(String::new, |it| {
        format!("; links came back at {:.1} × the rate that the edge admits", it.value)
    });
    let words = format!("{recovered}, arrivals {arrived} {peak:.1} × capacity; {safe}{links}.");
    Sentence { arm: of.arm.name(), head, words }
}

/// There is one seed.
fn first(of: &ArmResult) -> Option<&Outcome> {
    of.outcomes.first()
}

/// A figure in all arms, where it applies to any.
fn row(cell: &CellResult, field: &'static Field) -> Option<Row> {
    let value = |it: &ArmResult| first(it).and_then(|outcome| outcome.value(field));
    let values: Vec<_> = cell.arms.iter().map(value).collect();
    let shown = |value: &Option<Value>| match value {
        None => "–".to_owned(),
        Some(value) if value.never => "never".to_owned(),
        Some(value) => field.shown(value.value),
    };
    values.iter().any(Option::is_some).then(|| Row {
        name: field.name,
        words: field.words,
        values: values.iter().map(shown).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::told;
    use crate::settings::Settings;
    use crate::small::plan;

    /// Small enough for a build without optimisation.
    fn run(text: &str) -> super::Told {
        let (settings, _) = Settings::read(&format!("capacity=20&trigger=60&{text}"));
        let plan = plan(&settings).expect("a plan");
        let runs = plan.jobs().iter().map(|job| job.arm.run(&job.cell, job.seed)).collect();
        told(&plan.result(runs), settings.seed)
    }

    #[test]
    fn the_incident_is_told_as_a_wave_that_is_gone_with_seawall() {
        let told = run("load=85&seed=7");
        let [without, _, with] = &told.sentences[..] else { panic!("three arms") };
        assert_eq!((without.head.as_str(), with.head.as_str()), ("Without", "With Seawall"));
        assert!(without.words.starts_with("still stuck 330 s after the trigger, arrivals up to "));
        // So small an origin has its moments.
        let seconds =
            with.words.strip_prefix("messages flowed ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        assert!(seconds.is_some_and(|s: u32| s <= 10), "{}", with.words);
        assert!(with.words.ends_with("every message was taken safely."), "{}", with.words);
        assert_eq!((told.charts.len(), told.arms.len()), (5, 3));
        assert!(told.command.ends_with("--load 0.85 --trigger 60 --seed 7"), "{}", told.command);
    }

    #[test]
    fn where_there_is_no_wave_none_is_told() {
        let told = run("load=30&saves=1");
        let without = &told.sentences[0].words;
        assert!(without.starts_with("messages flowed 0 s after the trigger"), "{without}");
    }
}
