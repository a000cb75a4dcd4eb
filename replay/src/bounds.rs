//! What must hold, per scenario. Judged on the worst seed of `with`; of `without` it must hold that the trouble is real.

use crate::arm::Arm;
use crate::field::Field;
use crate::outcome::{self, Outcome, Value};

/// One bound of one scenario.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    pub arm: Arm,
    what: What,
    limit: Limit,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Worst(&'static Field),
    Median(&'static Field),
    /// Seconds of the drain beyond 1.2 times the ideal.
    DrainLate,
    SilentUpPhases,
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    AtMost(f64),
    AtLeast(f64),
    MoreThan(f64),
}

/// A bound that was held against what happened.
#[derive(Clone, Debug)]
pub struct Judgement {
    pub bound: Bound,
    pub value: Value,
    pub held: bool,
}

/// The medium delay at the edge is 30 ms; nobody notices 200 ms in a chat.
const NORMAL_SPEED_MS: f64 = 200.0;

/// None for scenarios that are reported without a bound, and for those of one's own.
pub fn bounds(scenario: &str) -> Vec<Bound> {
    match scenario {
        "slow-accounts" => [
            vec![wave(), worst("messages_recovery_s", Limit::AtMost(5.0))],
            arrivals(),
            vec![worst("relapses", Limit::AtMost(0.0)), worst("p1_ceiling_share", Limit::AtLeast(0.9))],
            safe(),
        ]
        .concat(),
        "origin-down" => {
            let speed = worst("visitor_to_agent_p99_ms", Limit::AtMost(NORMAL_SPEED_MS));
            [vec![speed], safe()].concat()
        }
        "backlog-drain" => {
            let drained = Bound { arm: Arm::With, what: What::DrainLate, limit: Limit::AtMost(60.0) };
            [vec![drained], arrivals(), safe()].concat()
        }
        "flapping" => {
            let up = Bound { arm: Arm::With, what: What::SilentUpPhases, limit: Limit::AtMost(0.0) };
            let recovery = worst("messages_recovery_s", Limit::AtMost(5.0));
            [vec![worst("mode_changes", Limit::AtMost(6.0)), up, recovery], safe()].concat()
        }
        "login-storm" => [vec![reconnects()], safe()].concat(),
        "edge-restart" => [vec![reconnects()], arrivals(), safe()].concat(),
        _ => Vec::new(),
    }
}

/// Without us the messages are not back 300 s after the trouble; otherwise nothing is shown.
fn wave() -> Bound {
    let what = What::Median(Field::named("messages_recovery_s"));
    Bound { arm: Arm::Without, what, limit: Limit::MoreThan(300.0) }
}

fn reconnects() -> Bound {
    worst("peak_reconnects_over_admitted", Limit::AtMost(1.1))
}

fn arrivals() -> Vec<Bound> {
    vec![
        worst("peak_arrivals_over_capacity_5s", Limit::AtMost(1.05)),
        worst("peak_arrivals_over_capacity_1s", Limit::AtMost(1.2)),
    ]
}

/// No word is lost, and no object of the edge is overwhelmed itself.
fn safe() -> Vec<Bound> {
    vec![
        worst("p1_accepted", Limit::AtLeast(1.0)),
        worst("lost", Limit::AtMost(0.0)),
        worst("doubled", Limit::AtMost(0.0)),
        worst("reordered", Limit::AtMost(0.0)),
        worst("peak_object_queue_ms", Limit::AtMost(1_000.0)),
    ]
}

fn worst(field: &str, limit: Limit) -> Bound {
    Bound { arm: Arm::With, what: What::Worst(Field::named(field)), limit }
}

impl Bound {
    /// Nothing where the figure does not apply to these runs.
    pub fn judge(&self, outcomes: &[Outcome]) -> Option<Judgement> {
        let value = match self.what {
            What::Worst(field) => outcome::worst(outcomes, field),
            What::Median(field) => outcome::median(outcomes, field),
            What::DrainLate => largest(outcomes, |it| it.drain_late_s),
            What::SilentUpPhases => largest(outcomes, |it| it.silent_up_phases),
        }?;
        let held = match self.limit {
            Limit::AtMost(limit) => value.value <= limit && !value.never,
            Limit::AtLeast(limit) => value.value >= limit && !value.never,
            Limit::MoreThan(limit) => value.value > limit || value.never,
        };
        Some(Judgement { bound: *self, value, held })
    }

    /// The field that it is about, where it is about one alone.
    pub fn field(&self) -> Option<&'static Field> {
        match self.what {
            What::Worst(field) | What::Median(field) => Some(field),
            What::DrainLate | What::SilentUpPhases => None,
        }
    }

    /// As `messages_recovery_s ≤ 5 s`.
    pub fn rule(&self) -> String {
        let (sign, limit) = match self.limit {
            Limit::AtMost(limit) => ("≤", limit),
            Limit::AtLeast(limit) => ("≥", limit),
            Limit::MoreThan(limit) => (">", limit),
        };
        let what = match self.what {
            What::Worst(field) => field.name.to_owned(),
            What::Median(field) => format!("median {}", field.name),
            What::DrainLate => return "drained within 1.2 × the ideal + 60 s".to_owned(),
            What::SilentUpPhases => return "messages flow in every up phase".to_owned(),
        };
        format!("{what} {sign} {}", self.shown(limit))
    }

    fn shown(&self, value: f64) -> String {
        match self.what {
            What::Worst(field) | What::Median(field) => field.exact(value),
            What::DrainLate => format!("{value:.0} s beyond 1.2 × the ideal"),
            What::SilentUpPhases => format!("{value:.0} up phases without any"),
        }
    }
}

impl Judgement {
    /// The value that decided.
    pub fn found(&self) -> String {
        if self.value.never { "never".to_owned() } else { self.bound.shown(self.value.value) }
    }
}

fn largest(outcomes: &[Outcome], of: fn(&Outcome) -> Option<f64>) -> Option<Value> {
    let values = outcomes.iter().filter_map(|it| {
        let value = of(it)?;
        Some(Value { value, never: value == f64::INFINITY, seed: it.seed })
    });
    values.max_by(|a, b| a.value.total_cmp(&b.value).then(b.seed.cmp(&a.seed)))
}

#[cfg(test)]
mod tests {
    use super::{Bound, What, bounds};
    use crate::arm::Arm;
    use crate::field::{FIELDS, Field};
    use crate::meter::Figures;
    use crate::outcome::Outcome;

    /// A run in which everything holds.
    fn fine() -> Outcome {
        let figures = Figures {
            messages_recovery_s: Some(5.0),
            recovery_s: Some(10.0),
            peak_arrivals_over_capacity_5s: Some(1.05),
            peak_arrivals_over_capacity_1s: Some(1.2),
            drain_over_ideal: Some(1.2),
            relapses: Some(0.0),
            p1_accepted: Some(1.0),
            p1_ceiling_share: Some(0.9),
            visitor_to_agent_p99_ms: Some(200.0),
            lost: Some(0.0),
            doubled: Some(0.0),
            reordered: Some(0.0),
            mode_changes: Some(6.0),
            peak_reconnects_over_admitted: Some(1.1),
            other_sites_p99_ratio: Some(1.0),
            peak_object_queue_ms: Some(1_000.0),
        };
        let (drain_late_s, silent_up_phases) = (Some(60.0), Some(0.0));
        Outcome { seed: 1, figures, drain_late_s, silent_up_phases, ..Outcome::default() }
    }

    fn broken(scenario: &str, outcomes: &[Outcome]) -> Vec<String> {
        let with = bounds(scenario).into_iter().filter(|bound| bound.arm == Arm::With);
        let judged = with.filter_map(|bound| bound.judge(outcomes));
        judged.filter(|it| !it.held).map(|it| it.bound.rule()).collect()
    }

    fn just_over(field: &str, value: f64) -> Outcome {
        let mut outcome = Outcome { seed: 7, ..fine() };
        (Field::named(field).set)(&mut outcome.figures, Some(value));
        outcome
    }

    const SAFE: [(&str, f64); 5] = [
        ("p1_accepted", 0.999_999),
        ("lost", 1.0),
        ("doubled", 1.0),
        ("reordered", 1.0),
        ("peak_object_queue_ms", 1_000.1),
    ];

    const ARRIVALS: [(&str, f64); 2] =
        [("peak_arrivals_over_capacity_5s", 1.0501), ("peak_arrivals_over_capacity_1s", 1.2001)];

    /// Exactly these are bound in a scenario, and each breaks alone.
    fn bound_are(scenario: &str, wanted: &[(&str, f64)]) {
        assert!(broken(scenario, &[fine()]).is_empty(), "{scenario}");
        for field in &FIELDS {
            let over = wanted.iter().find(|(name, _)| *name == field.name);
            let value = over.map_or(if field.smaller_is_worse { 0.0 } else { 1e9 }, |(_, value)| *value);
            let broken = broken(scenario, &[fine(), just_over(field.name, value)]);
            match over {
                Some(_) => {
                    assert!(broken.len() == 1 && broken[0].contains(field.name), "{scenario}: {broken:?}");
                }
                None => assert!(broken.is_empty(), "{scenario} {}: {broken:?}", field.name),
            }
        }
    }

    #[test]
    fn slow_accounts_breaks_just_over_each_bound() {
        let own = [("messages_recovery_s", 5.01), ("relapses", 1.0), ("p1_ceiling_share", 0.8999)];
        bound_are("slow-accounts", &[&own[..], &ARRIVALS, &SAFE].concat());
    }

    #[test]
    fn origin_down_breaks_just_over_each_bound() {
        bound_are("origin-down", &[&[("visitor_to_agent_p99_ms", 200.1)][..], &SAFE].concat());
    }

    #[test]
    fn backlog_drain_breaks_just_over_each_bound() {
        bound_are("backlog-drain", &[&ARRIVALS[..], &SAFE].concat());
        let late = Outcome { drain_late_s: Some(60.1), ..fine() };
        assert_eq!(broken("backlog-drain", &[late]), ["drained within 1.2 × the ideal + 60 s"]);
        let never = Outcome { drain_late_s: Some(f64::INFINITY), ..fine() };
        assert_eq!(broken("backlog-drain", &[never]).len(), 1);
    }

    #[test]
    fn flapping_breaks_just_over_each_bound() {
        let own = [("mode_changes", 7.0), ("messages_recovery_s", 5.01)];
        bound_are("flapping", &[&own[..], &SAFE].concat());
        let silent = Outcome { silent_up_phases: Some(1.0), ..fine() };
        assert_eq!(broken("flapping", &[silent]), ["messages flow in every up phase"]);
    }

    #[test]
    fn login_storm_breaks_just_over_each_bound() {
        bound_are("login-storm", &[&[("peak_reconnects_over_admitted", 1.101)][..], &SAFE].concat());
    }

    #[test]
    fn edge_restart_breaks_just_over_each_bound() {
        let own = [("peak_reconnects_over_admitted", 1.101)];
        bound_are("edge-restart", &[&own[..], &ARRIVALS, &SAFE].concat());
    }

    #[test]
    fn reported_scenarios_and_ones_own_have_no_bound() {
        for scenario in ["single-customer-surge", "lying-origin", "mine"] {
            assert!(bounds(scenario).is_empty(), "{scenario}");
        }
    }

    #[test]
    fn never_recovered_is_broken_however_short_we_looked() {
        let never = Outcome { never: vec!["messages_recovery_s"], ..just_over("messages_recovery_s", 1.0) };
        assert_eq!(broken("slow-accounts", &[never]), ["messages_recovery_s ≤ 5 s"]);
    }

    #[test]
    fn broken_bound_names_the_worst_seed() {
        let wave: Vec<Outcome> = [(3, 6.0), (8, 9.0), (5, 9.0)]
            .map(|(seed, value)| Outcome { seed, ..just_over("messages_recovery_s", value) })
            .into();
        let judged = bounds("slow-accounts")[1].judge(&wave).expect("it applies");
        assert_eq!((judged.held, judged.value.seed, judged.found()), (false, 5, "9 s".to_owned()));
    }

    #[test]
    fn without_us_the_median_must_show_a_wave() {
        let wave: Bound = bounds("slow-accounts")[0];
        assert!(wave.arm == Arm::Without && matches!(wave.what, What::Median(_)));
        let recovery = |values: [f64; 3]| values.map(|value| just_over("messages_recovery_s", value));
        assert!(!wave.judge(&recovery([900.0, 300.0, 1.0])).expect("it applies").held);
        assert!(wave.judge(&recovery([1.0, 300.1, 900.0])).expect("it applies").held);
        let never = Outcome { never: vec!["messages_recovery_s"], ..just_over("messages_recovery_s", 60.0) };
        assert!(wave.judge(&[never]).expect("it applies").held);
    }
}
