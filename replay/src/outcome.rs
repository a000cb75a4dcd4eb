//! What one run came to, in finite numbers, and how the runs of several seeds compare.

use std::cmp::Ordering;

use crate::field::{FIELDS, Field};
use crate::meter::{Figures, Run, Second};
use crate::scenario::{Cell, Fault};

/// One seed of one arm. What was never reached while we looked has as its value how long we looked.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub seed: u64,
    pub figures: Figures,
    /// Names of the fields that were never reached.
    pub never: Vec<&'static str>,
    /// What the drain took beyond 1.2 times the ideal, in seconds.
    pub drain_late_s: Option<f64>,
    /// Of an origin that comes and goes: its up phases in which no message got through.
    pub silent_up_phases: Option<f64>,
}

/// One field over several seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    pub value: f64,
    pub never: bool,
    pub seed: u64,
}

/// Lines up the seeds of a field from the least favourable value on.
pub fn from_the_worst(outcomes: &[Outcome], field: &Field) -> Vec<Value> {
    let mut values: Vec<Value> = outcomes.iter().filter_map(|outcome| outcome.value(field)).collect();
    values.sort_by(|a, b| worse(field, a, b));
    values
}

/// Of two seeds with the same value the smaller one comes first, so that everybody sees the same.
fn worse(field: &Field, a: &Value, b: &Value) -> Ordering {
    let by_value =
        if field.smaller_is_worse { a.value.total_cmp(&b.value) } else { b.value.total_cmp(&a.value) };
    b.never.cmp(&a.never).then(by_value).then(a.seed.cmp(&b.seed))
}

pub fn worst(outcomes: &[Outcome], field: &Field) -> Option<Value> {
    from_the_worst(outcomes, field).first().copied()
}

/// Of an even number of seeds the less favourable one of the two in the middle.
pub fn median(outcomes: &[Outcome], field: &Field) -> Option<Value> {
    let values = from_the_worst(outcomes, field);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// Which of the outcomes a chart shows: the middle one by recovery, then by what arrived.
pub fn median_run(outcomes: &[Outcome]) -> Option<usize> {
    let by = ["messages_recovery_s", "recovery_s", "peak_arrivals_over_capacity_5s"].map(Field::named);
    let mut order: Vec<usize> = (0..outcomes.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&outcomes[*a], &outcomes[*b]);
        let compared = by.iter().map(|field| match (a.value(field), b.value(field)) {
            // The seed counts only at the very end.
            (Some(a), Some(b)) => worse(field, &Value { seed: 0, ..a }, &Value { seed: 0, ..b }),
            _ => Ordering::Equal,
        });
        compared.fold(Ordering::Equal, Ordering::then).then(a.seed.cmp(&b.seed))
    });
    order.get(order.len().saturating_sub(1) / 2).copied()
}

impl Outcome {
    pub fn new(cell: &Cell, seed: u64, run: &Run) -> Outcome {
        let mut figures = run.figures;
        let mut never = Vec::new();
        let drain = figures.drain_over_ideal;
        for field in &FIELDS {
            match (field.of)(&figures) {
                Some(value) if value == f64::INFINITY => {
                    never.push(field.name);
                    let observed_s = cell.scenario.after_s as f64;
                    let observed = match field.name {
                        "drain_over_ideal" => observed_s / run.drain_ideal_s.unwrap_or(1.0),
                        _ => observed_s,
                    };
                    (field.set)(&mut figures, Some(observed));
                }
                // Nothing divided by nothing: does not apply.
                Some(value) if !value.is_finite() => (field.set)(&mut figures, None),
                _ => {}
            }
        }
        Outcome {
            seed,
            figures,
            never,
            drain_late_s: drain.zip(run.drain_ideal_s).map(|(drain, ideal_s)| (drain - 1.2) * ideal_s),
            silent_up_phases: (cell.scenario.fault == Fault::Flapping)
                .then(|| silent_up_phases(cell, &run.seconds)),
        }
    }

    pub fn value(&self, field: &Field) -> Option<Value> {
        let value = (field.of)(&self.figures)?;
        Some(Value { value, never: self.never.contains(&field.name), seed: self.seed })
    }
}

/// How long the origin of `flapping` is down and up.
const PHASE_S: usize = 20;

fn silent_up_phases(cell: &Cell, seconds: &[Second]) -> f64 {
    let start = cell.scenario.warm_up_s as usize;
    let trigger = seconds.get(start..start + cell.trigger_s as usize).unwrap_or_default();
    let up = trigger.chunks_exact(PHASE_S).skip(1).step_by(2);
    up.filter(|phase| phase.iter().all(|second| second.p1_receipts == 0)).count() as f64
}

#[cfg(test)]
mod tests {
    use super::{Outcome, median, median_run, silent_up_phases, worst};
    use crate::catalogue;
    use crate::field::Field;
    use crate::meter::{Figures, Run, Second};
    use crate::scenario::Cell;

    fn cell(name: &str) -> Cell {
        catalogue::named(name).expect("a scenario").remove(0).cells().remove(0)
    }

    fn outcome(seed: u64, recovery_s: f64, accepted: f64) -> Outcome {
        let figures = Figures {
            messages_recovery_s: Some(recovery_s),
            p1_accepted: Some(accepted),
            ..Figures::default()
        };
        Outcome::new(&cell("slow-accounts"), seed, &Run { figures, ..Run::default() })
    }

    #[test]
    fn worst_is_the_longest_recovery_and_the_smallest_share() {
        let outcomes = [outcome(1, 3.0, 1.0), outcome(2, 9.0, 0.5), outcome(3, 4.0, 0.7)];
        let recovery = Field::named("messages_recovery_s");
        let accepted = Field::named("p1_accepted");
        assert_eq!(worst(&outcomes, recovery).map(|it| (it.value, it.seed)), Some((9.0, 2)));
        assert_eq!(worst(&outcomes, accepted).map(|it| (it.value, it.seed)), Some((0.5, 2)));
        assert_eq!(median(&outcomes, recovery).map(|it| it.value), Some(4.0));
        assert_eq!(median(&outcomes, accepted).map(|it| it.value), Some(0.7));
        assert_eq!(median_run(&outcomes), Some(2));
    }

    #[test]
    fn what_was_never_reached_is_worse_than_any_number_and_says_how_long_we_looked() {
        let outcomes = [outcome(1, 5_000.0, 1.0), outcome(2, f64::INFINITY, 1.0)];
        let worst = worst(&outcomes, Field::named("messages_recovery_s")).expect("a value");
        assert_eq!((worst.value, worst.never, worst.seed), (620.0, true, 2));
    }

    #[test]
    fn nothing_divided_by_nothing_does_not_apply() {
        assert!(outcome(1, 3.0, f64::NAN).figures.p1_accepted.is_none());
    }

    #[test]
    fn up_phase_without_a_message_is_counted() {
        let cell = cell("flapping");
        let mut seconds = vec![Second { p1_receipts: 1, ..Second::default() }; 1_400];
        assert_eq!(silent_up_phases(&cell, &seconds), 0.0);
        // The second up phase begins 60 s after the trigger.
        seconds[180..200].fill(Second::default());
        assert_eq!(silent_up_phases(&cell, &seconds), 1.0);
        seconds[199].p1_receipts = 1;
        assert_eq!(silent_up_phases(&cell, &seconds), 0.0);
    }
}
