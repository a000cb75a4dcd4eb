//! A figure over the rounds: the median, with the least and the greatest.

use serde_json::{Value, json};

pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Spread { median, min: values[0], max: values[values.len() - 1] }
    }

    pub fn json(&self) -> Value {
        let Spread { median, min, max } = self;
        json!({ "median": round(*median), "min": round(*min), "max": round(*max) })
    }
}

/// To thousandths: more would be noise.
pub fn round(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
