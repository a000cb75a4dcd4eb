//! What the crowds did, for people (one screen) and for machines (`summary.json`, written down in docs/reconnecting.md).

use std::collections::BTreeMap;
use std::ops::Range;

use edge::arrivals::LINKS_PER_S;
use serde::Serialize;

use super::figures::Figures;
use super::{Crowd, LOOKS_MS, Outage, Row};

pub fn table(outage: &Outage, seeds: &Range<u64>, rows: &[Row]) -> String {
    let Outage { clients, gone_ms, round_trip_ms, chromium } = outage;
    let browser = if *chromium { ", in Chromium" } else { "" };
    let (nearest, farthest) = (round_trip_ms.start(), round_trip_ms.end());
    let mut text = format!(
        "\n{clients} clients, {nearest} to {farthest} ms from the edge{browser}: the worst of seeds {} to {}.\n\
         The edge is gone for {} s, and then lets {LINKS_PER_S} a second in.\n",
        seeds.start,
        seeds.end - 1,
        gone_ms / 1_000,
    );
    text += &format!("{:30} {:^17}   {:^17}   {:^20}\n", "", "most in a second", "back", "tries per client");
    text += &format!(
        "{:30} {:>7} {:>9}   {:>8} {:>8}   {:>10} {:>9}   {:>7}\n",
        "", "of all", "of rate", "50 %", "99 %", "while gone", "refused", "gave up"
    );
    for row in rows {
        text += &line(row);
    }
    for row in rows.iter().filter(|row| row.crowd == Crowd::Seawall) {
        text += if row.held() { "seawall: the bound held" } else { "seawall: the bound is BROKEN" };
        text += ": at most 1.10 × of the rate, and all come back\n";
    }
    text
}

fn line(row: &Row) -> String {
    let worst = &row.worst;
    let name = match row.crowd {
        Crowd::Seawall => row.crowd.name().to_owned(),
        Crowd::Of(library) => format!("{} {}", row.crowd.name(), library.package().1),
    };
    // Nobody tries any more: there is no crowd.
    let peak = |text: String| if worst.peak_share > 0.0 { text } else { "–".to_owned() };
    format!(
        "{name:30} {:>7} {:>9}   {:>8} {:>8}   {:>10.1} {:>9.1}   {:>7}\n",
        peak(format!("{:.1} %", 100.0 * worst.peak_share)),
        peak(format!("{:.2} ×", worst.peak_over_admitted)),
        back(worst, worst.back_50_s),
        back(worst, worst.back_99_s),
        worst.attempts_while_gone,
        worst.refused_after,
        worst.gave_up
    )
}

/// Who has given up is never back; who has not may only take longer than we look.
fn back(worst: &Figures, seconds: f64) -> String {
    match (seconds.is_finite(), worst.gave_up > 0.0) {
        (true, _) => format!("{seconds:.0} s"),
        (false, true) => "never".to_owned(),
        (false, false) => format!("> {} s", LOOKS_MS / 1_000),
    }
}

#[derive(Serialize)]
pub struct Summary {
    scenario: &'static str,
    seeds: usize,
    clients: u64,
    admitted_per_s: u64,
    round_trip_ms: [u64; 2],
    chromium: bool,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    outage_s: u64,
    arms: BTreeMap<&'static str, Arm>,
}

#[derive(Serialize)]
struct Arm {
    version: Option<&'static str>,
    worst: Figures,
    median: Figures,
}

impl Summary {
    /// All outages have the same clients.
    pub fn new(seeds: &Range<u64>, outages: &[(Outage, Vec<Row>)]) -> Option<Summary> {
        let (first, _) = outages.first()?;
        Some(Summary {
            scenario: "reconnect",
            seeds: seeds.clone().count(),
            clients: first.clients,
            admitted_per_s: LINKS_PER_S,
            round_trip_ms: [*first.round_trip_ms.start(), *first.round_trip_ms.end()],
            chromium: first.chromium,
            cells: outages.iter().map(|(outage, rows)| Cell::new(outage, rows)).collect(),
        })
    }

    pub fn json(&self) -> String {
        let json = serde_json::to_string_pretty(self).expect("a summary is JSON");
        json + "\n"
    }
}

impl Cell {
    fn new(outage: &Outage, rows: &[Row]) -> Cell {
        let arm = |row: &Row| {
            let version = match row.crowd {
                Crowd::Seawall => None,
                Crowd::Of(library) => Some(library.package().1),
            };
            (row.crowd.name(), Arm { version, worst: row.worst, median: row.median })
        };
        Cell { outage_s: outage.gone_ms / 1_000, arms: rows.iter().map(arm).collect() }
    }
}
