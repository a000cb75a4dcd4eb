//! How a crowd comes back to an edge that was gone: ours, told by the edge how to, and the same crowd with the default
//! schedule of other libraries. Nothing but links plays a part.
//!
//! - [`schedule`] when each library tries again · `browser` what lies between a client and the edge · `door` whom the edge
//!   lets in
//! - `sim_library` clients of a library · `sim_ours` our sessions
//! - [`figures`] what a run came to · [`told`] the table and summary.json

mod browser;
mod door;
pub mod figures;
pub mod schedule;
mod sim_library;
mod sim_ours;
pub mod told;

use std::ops::{Range, RangeInclusive};
use std::sync::Mutex;

use shared::Millis;

use crate::crew;
use crate::progress::Progress;

use figures::Figures;
use schedule::Library;

/// So long after the edge's return we look who is back.
const LOOKS_MS: Millis = 3_600_000;
/// What must hold of our row: the edge lets in a tenth more than its rate in a single second.
const MOST_OVER_ADMITTED: f64 = 1.1;

#[derive(Clone, Debug)]
pub struct Outage {
    pub clients: u64,
    pub gone_ms: Millis,
    /// Each client has a round trip of its own to the edge, between these.
    pub round_trip_ms: RangeInclusive<Millis>,
    /// Browsers hold WebSockets back as Chromium does.
    pub chromium: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowd {
    Seawall,
    Of(Library),
}

/// One crowd in one outage, over all seeds.
#[derive(Clone, Debug)]
pub struct Row {
    pub crowd: Crowd,
    pub worst: Figures,
    pub median: Figures,
}

impl Crowd {
    pub fn all() -> impl Iterator<Item = Crowd> {
        std::iter::once(Crowd::Seawall).chain(Library::ALL.map(Crowd::Of))
    }

    /// Also its name in summary.json.
    pub fn name(self) -> &'static str {
        match self {
            Crowd::Seawall => "seawall",
            Crowd::Of(library) => library.package().0,
        }
    }

    pub fn run(self, outage: &Outage, seed: u64) -> Figures {
        match self {
            Crowd::Seawall => sim_ours::run(outage, seed),
            Crowd::Of(library) => sim_library::run(outage, library, seed),
        }
    }
}

impl Row {
    /// Whether ours holds what it promises; nothing is promised of others.
    pub fn held(&self) -> bool {
        let Figures { peak_over_admitted, away, .. } = self.worst;
        self.crowd != Crowd::Seawall || (peak_over_admitted <= MOST_OVER_ADMITTED && away == 0.0)
    }
}

/// All crowds in one outage. The same seeds tell the same, whatever the number of threads.
pub fn rows(outage: &Outage, seeds: &Range<u64>, threads: usize, progress: &Mutex<Progress>) -> Vec<Row> {
    let jobs: Vec<(Crowd, u64)> =
        Crowd::all().flat_map(|crowd| seeds.clone().map(move |seed| (crowd, seed))).collect();
    let order: Vec<usize> = (0..jobs.len()).collect();
    let runs = crew::each(&jobs, &order, threads, |(crowd, seed)| {
        let figures = crowd.run(outage, *seed);
        progress.lock().expect("nobody panics with it").advance(1.0, crowd.name());
        figures
    });
    let of_crowd = |(crowd, runs): (Crowd, &[Figures])| Row {
        crowd,
        worst: Figures::worst(runs),
        median: Figures::median(runs),
    };
    Crowd::all().zip(runs.chunks(seeds.clone().count().max(1))).map(of_crowd).collect()
}
