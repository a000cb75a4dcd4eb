//! Seconds to as many points as a chart can show.

use crate::meter::Second;

/// A chart is some 400 pixels wide.
const POINTS: usize = 200;

/// Seconds that one point stands for.
pub(super) fn width_s(seconds: usize) -> usize {
    seconds.div_ceil(POINTS).max(1)
}

/// The highest value of every point's seconds: a peak must not vanish because the chart is small.
pub(super) fn highest(seconds: &[Second], of: impl Fn(&Second) -> f64) -> Vec<f64> {
    let points = seconds.chunks(width_s(seconds.len()));
    points.map(|point| point.iter().map(&of).fold(0.0, f64::max)).collect()
}

/// The mean of every point's seconds.
pub(super) fn mean(seconds: &[Second], of: impl Fn(&Second) -> f64) -> Vec<f64> {
    let points = seconds.chunks(width_s(seconds.len()).max(5));
    points.map(|point| point.iter().map(&of).sum::<f64>() / point.len() as f64).collect()
}

/// Of every point the most that came in any 5 s, per second.
pub(super) fn highest_of_5_s(seconds: &[Second], of: impl Fn(&Second) -> f64) -> Vec<f64> {
    let values: Vec<f64> = seconds.iter().map(of).collect();
    let rolling = |at: usize| {
        let window = &values[at.saturating_sub(4)..=at];
        window.iter().sum::<f64>() / window.len() as f64
    };
    let rolled: Vec<f64> = (0..values.len()).map(rolling).collect();
    rolled.chunks(width_s(values.len())).map(|point| point.iter().copied().fold(0.0, f64::max)).collect()
}

#[cfg(test)]
mod tests {
    use super::{highest, highest_of_5_s};
    use crate::meter::Second;

    #[test]
    fn one_second_of_hours_is_still_a_peak() {
        let mut seconds = vec![Second::default(); 50_000];
        seconds[31_234].reconnects = 700;
        let points = highest(&seconds, |second| f64::from(second.reconnects));
        assert!(points.len() <= 200 && points.iter().filter(|value| **value == 700.0).count() == 1);
    }

    #[test]
    fn arrivals_of_five_seconds_are_taken_together() {
        let mut seconds = vec![Second::default(); 100];
        seconds[50].arrivals = 10.0;
        let points = highest_of_5_s(&seconds, |second| second.arrivals);
        assert_eq!(points[49..=55], [0.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.0]);
    }
}
