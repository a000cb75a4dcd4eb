//! What one run came to, and several compared.

use serde::Serialize;

/// Infinite, and `null` in the summary: never. Of each field the largest value is the least favourable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// The most attempts in any one second after the edge's return, as a share of all clients and of what it lets in.
    pub peak_share: f64,
    pub peak_over_admitted: f64,
    /// From the edge's return until so many of all clients are back.
    pub back_50_s: f64,
    pub back_99_s: f64,
    /// Per client.
    pub attempts_while_gone: f64,
    /// Attempts after the edge's return for which it had no room, per client.
    pub refused_after: f64,
    /// Clients that will not try again by themselves.
    pub gave_up: f64,
    /// Clients that are not back when we stop looking, whether they have given up or not.
    pub away: f64,
}

type Fields = [f64; 8];

impl Figures {
    /// The least favourable value of each field by itself.
    pub fn worst(runs: &[Figures]) -> Figures {
        Figures::of_each(runs, |values| values.last().copied())
    }

    /// The value in the middle; of an even number the less favourable of two.
    pub fn median(runs: &[Figures]) -> Figures {
        Figures::of_each(runs, |values| values.get(values.len() / 2).copied())
    }

    fn of_each(runs: &[Figures], pick: fn(&[f64]) -> Option<f64>) -> Figures {
        let fields: Vec<Fields> = runs.iter().map(Figures::fields).collect();
        Figures::from_fields(std::array::from_fn(|field| {
            let mut values: Vec<f64> = fields.iter().map(|run| run[field]).collect();
            values.sort_by(f64::total_cmp);
            pick(&values).unwrap_or(f64::NAN)
        }))
    }

    fn fields(&self) -> Fields {
        [
            self.peak_share,
            self.peak_over_admitted,
            self.back_50_s,
            self.back_99_s,
            self.attempts_while_gone,
            self.refused_after,
            self.gave_up,
            self.away,
        ]
    }

    fn from_fields(fields: Fields) -> Figures {
        let [
            peak_share,
            peak_over_admitted,
            back_50_s,
            back_99_s,
            attempts_while_gone,
            refused_after,
            gave_up,
            away,
        ] = fields;
        Figures {
            peak_share,
            peak_over_admitted,
            back_50_s,
            back_99_s,
            attempts_while_gone,
            refused_after,
            gave_up,
            away,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn each_field_is_compared_by_itself_and_never_is_worst() {
        let figures =
            |peak_share, back_99_s| Figures { peak_share, back_99_s, ..Figures::from_fields([0.0; 8]) };
        let runs = [figures(0.3, 5.0), figures(0.1, f64::INFINITY), figures(0.2, 7.0)];
        assert_eq!(Figures::worst(&runs), figures(0.3, f64::INFINITY));
        assert_eq!(Figures::median(&runs), figures(0.2, 7.0));
        let json = serde_json::to_value(Figures::worst(&runs)).expect("JSON");
        assert!(json["back_99_s"].is_null() && json["peak_share"] == 0.3, "{json}");
    }
}
