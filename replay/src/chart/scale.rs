//! Values to places: 0 at the bottom of the plot, 1 at its top.

#[derive(Clone, Debug)]
pub(super) enum Scale {
    /// Each step upwards is so many times as much; what lies below is drawn at the bottom.
    Log {
        low: f64,
        high: f64,
    },
    /// Begins at 0 and still has room for thousands.
    Counting {
        high: f64,
    },
    Linear {
        high: f64,
    },
}

impl Scale {
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match *self {
            Scale::Log { low, high } => (value.max(low) / low).ln() / (high / low).ln(),
            Scale::Counting { high } => (1.0 + value).ln() / (1.0 + high).ln(),
            Scale::Linear { high } => value / high,
        };
        place.clamp(0.0, 1.0)
    }

    /// Those of some round values that lie on it.
    pub(super) fn ticks(&self, round: &[f64]) -> Vec<f64> {
        let (low, high) = match *self {
            Scale::Log { low, high } => (low, high),
            Scale::Counting { high } | Scale::Linear { high } => (0.0, high),
        };
        round.iter().copied().filter(|value| (low..=high).contains(value)).collect()
    }
}

/// The next of 1, 1.5, 2, 3, 5, 8, 10, 15 ... from a value on.
pub(super) fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= value * 0.999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::{Scale, round_up};

    #[test]
    fn five_times_and_once_the_capacity_are_both_visible() {
        let scale = Scale::Log { low: 0.125, high: 8.0 };
        assert!((scale.place(1.0) - 0.5).abs() < 1e-9);
        assert!((0.85..0.95).contains(&scale.place(5.0)));
        assert_eq!((scale.place(0.0), scale.place(80.0)), (0.0, 1.0));
    }

    #[test]
    fn nothing_is_at_the_bottom_and_much_is_not_over_the_top() {
        let scale = Scale::Counting { high: 100_000.0 };
        assert_eq!((scale.place(0.0), scale.place(100_000.0)), (0.0, 1.0));
        assert_eq!(scale.ticks(&[0.0, 10.0, 1e6]), [0.0, 10.0]);
    }

    #[test]
    fn round_numbers_are_not_far_away() {
        assert_eq!([1.0, 4.0, 70.0, 101.0].map(round_up), [1.0, 5.0, 80.0, 150.0]);
    }
}
