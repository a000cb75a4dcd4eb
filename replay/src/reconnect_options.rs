//! `cargo xtask replay reconnect`: what was asked for, and doing it.

use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::sync::Mutex;

use clap::Args;
use replay::progress::Progress;
use replay::reconnect::told::{Summary, table};
use replay::reconnect::{Crowd, Outage, Row, rows};
use shared::Millis;

#[derive(Args)]
pub(crate) struct ReconnectOptions {
    /// Clients that lose the edge at once
    #[arg(long, value_name = "N", default_value = "20000", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    clients: u64,
    /// How long the edge is gone, in seconds; may be repeated
    #[arg(long = "outage", value_name = "S", default_value = "300", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    outages_s: Vec<u64>,
    /// The first seed; without --seeds the only one [default: 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// So many seeds [default: 5]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    seeds: Option<u64>,
    /// Round trips to the edge in ms, from the nearest client to the farthest; one number: the same for all
    #[arg(long, value_name = "A-B", default_value = "20-120", value_parser = round_trip)]
    round_trip_ms: RangeInclusive<Millis>,
    /// Hold WebSockets back as Chromium does where many have failed
    #[arg(long)]
    chromium: bool,
    /// Threads [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Where summary.json goes, into a folder `reconnect`
    #[arg(long, value_name = "DIR", default_value = "replay-results")]
    pub(crate) out: PathBuf,
}

impl ReconnectOptions {
    /// Prints a table for each outage; summary.json, and how many bounds are broken.
    pub(crate) fn run(&self, threads: usize) -> (String, usize) {
        let seeds = self.seeds();
        let runs = seeds.clone().count() * Crowd::all().count() * self.outages_s.len();
        let progress = Mutex::new(Progress::new(runs as f64));
        let mut outages: Vec<(Outage, Vec<Row>)> = Vec::new();
        for outage_s in &self.outages_s {
            let outage = Outage {
                clients: self.clients,
                gone_ms: outage_s * 1_000,
                round_trip_ms: self.round_trip_ms.clone(),
                chromium: self.chromium,
            };
            let rows = rows(&outage, &seeds, threads, &progress);
            progress.lock().expect("nobody panics with it").pause();
            println!("{}", table(&outage, &seeds, &rows).trim_end());
            outages.push((outage, rows));
        }
        let broken = outages.iter().flat_map(|(_, rows)| rows).filter(|row| !row.held()).count();
        let summary = Summary::new(&seeds, &outages).map(|summary| summary.json());
        (summary.unwrap_or_default(), broken)
    }

    fn seeds(&self) -> Range<u64> {
        let first = self.seed.unwrap_or(1);
        let count = self.seeds.unwrap_or(if self.seed.is_some() { 1 } else { 5 });
        first..first.saturating_add(count)
    }
}

fn round_trip(text: &str) -> Result<RangeInclusive<Millis>, String> {
    let wrong = || format!("`{text}` is not like 20-120 or 50, at most 10000");
    let (least, most) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse().ok().filter(|ms: &Millis| *ms <= 10_000);
    let (least, most) = number(least).zip(number(most)).ok_or_else(wrong)?;
    if least <= most { Ok(least..=most) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::round_trip;

    #[test]
    fn round_trips_are_a_range_or_one_number() {
        assert_eq!(round_trip("20-120"), Ok(20..=120));
        assert_eq!(round_trip("50"), Ok(50..=50));
        for wrong in ["", "120-20", "a-b", "5-", "20000"] {
            assert!(round_trip(wrong).is_err(), "{wrong}");
        }
    }
}
