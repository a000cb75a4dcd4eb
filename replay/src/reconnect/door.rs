//! The edge's door: gone for a while, then open to as many a second as the edge lets in. Who may come in is decided by the
//! real machine; what is counted is counted here.

use std::ops::Range;

use edge::arrivals::{Arrivals, Comer, LINKS_PER_S};
use shared::Millis;

use super::figures::Figures;

pub(super) struct Door {
    gone: Range<Millis>,
    arrivals: Arrivals,
    while_gone: u64,
    /// When somebody knocked after the edge's return, and when somebody was let in.
    knocks: Vec<Millis>,
    let_in: Vec<Millis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nobody is there: the connection is refused.
    Gone,
    Full {
        retry_after_ms: Millis,
    },
    Open,
}

impl Door {
    pub(super) fn new(gone: Range<Millis>) -> Door {
        let arrivals = Arrivals::default();
        Door { gone, arrivals, while_gone: 0, knocks: Vec::new(), let_in: Vec::new() }
    }

    pub(super) fn knock(&mut self, now: Millis, comer: Comer) -> Answer {
        if now < self.gone.start {
            return Answer::Open;
        }
        if now < self.gone.end {
            self.while_gone += 1;
            return Answer::Gone;
        }
        self.knocks.push(now);
        match self.arrivals.take(now, comer) {
            Ok(()) => {
                self.let_in.push(now);
                Answer::Open
            }
            Err(retry_after_ms) => Answer::Full { retry_after_ms },
        }
    }

    pub(super) fn back(&self) -> usize {
        self.let_in.len()
    }

    pub(super) fn figures(&self, clients: u64, gave_up: u64) -> Figures {
        let per_client = |count: u64| count as f64 / clients as f64;
        let back_s = |percent: u64| {
            let nth = (clients * percent).div_ceil(100) as usize;
            let at = nth.checked_sub(1).and_then(|before| self.let_in.get(before));
            at.map_or(f64::INFINITY, |at| (at - self.gone.end) as f64 / 1_000.0)
        };
        let peak = busiest_second(&self.knocks);
        Figures {
            peak_share: per_client(peak),
            peak_over_admitted: peak as f64 / LINKS_PER_S as f64,
            back_50_s: back_s(50),
            back_99_s: back_s(99),
            attempts_while_gone: per_client(self.while_gone),
            refused_after: per_client((self.knocks.len() - self.let_in.len()) as u64),
            gave_up: gave_up as f64,
            away: (clients - self.let_in.len() as u64) as f64,
        }
    }
}

/// The most within any second; one ends with each.
fn busiest_second(times: &[Millis]) -> u64 {
    let mut first = 0;
    let within = times.iter().enumerate().map(|(index, at)| {
        while times[first] + 1_000 <= *at {
            first += 1;
        }
        index + 1 - first
    });
    within.max().unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn door_counts_who_knocked_in_vain_and_when_how_many_were_back() {
        let mut door = Door::new(10_000..20_000);
        assert_eq!(door.knock(9_999, Comer::Chatting), Answer::Open);
        assert_eq!(door.knock(19_999, Comer::Chatting), Answer::Gone);
        let comes = |door: &mut Door, now| door.knock(now, Comer::Chatting) == Answer::Open;
        // As many as the edge lets in at once, and one more.
        assert_eq!((0..201).filter(|_| comes(&mut door, 20_500)).count(), 200);
        assert!(comes(&mut door, 22_000));
        let figures = door.figures(402, 3);
        assert_eq!((figures.peak_share, figures.peak_over_admitted), (0.5, 201.0 / 2_000.0));
        assert_eq!((figures.back_50_s, figures.back_99_s), (2.0, f64::INFINITY));
        assert_eq!((figures.attempts_while_gone, figures.refused_after), (1.0 / 402.0, 1.0 / 402.0));
        assert_eq!((figures.gave_up, figures.away), (3.0, 201.0));
    }

    #[test]
    fn busiest_second_is_found_wherever_it_begins() {
        assert_eq!(busiest_second(&[0, 900, 1_000, 1_800, 1_899, 1_900, 5_000]), 4);
        assert_eq!(busiest_second(&[]), 0);
    }
}
