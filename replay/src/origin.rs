//! The modelled origin: accounts and messages share one database, which works off one line, first in, first out. Work that
//! was begun is done, also for a client that has hung up long ago: that is what a wave lives on.

use std::collections::BTreeSet;

use shared::Millis;

use crate::chance::Chance;
use crate::people::SiteNo;
use crate::scenario::{Cell, Fault};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ask {
    /// So many messages in one call.
    Messages(u32),
    /// An account with its agents and groups.
    Read(SiteNo),
    Save(SiteNo),
    /// Whether anybody is there.
    Probe,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reply {
    /// Done, and the answer is back at the caller at that time.
    Done(Millis),
    /// Taken, and the answer is not the protocol.
    Garbage(Millis),
    /// 503: the line is too long.
    Overloaded(Millis),
    /// No connection.
    Refused(Millis),
}

pub struct Origin {
    cell: Cell,
    chance: Chance,
    /// When the database has done everything that is in its line, in microseconds.
    free_at_us: u64,
    cached: BTreeSet<SiteNo>,
}

/// What asking the database whether it is there costs.
const PROBE_COST: f64 = 0.05;

impl Origin {
    pub fn new(cell: &Cell, seed: u64) -> Origin {
        let cached = (0..cell.scenario.people.sites as SiteNo).collect();
        Origin { cell: cell.clone(), chance: Chance::new(seed, 2), free_at_us: 0, cached }
    }

    pub fn fault(&self, now: Millis) -> Option<Fault> {
        let trigger = self.cell.trigger_ms();
        let fault = self.cell.scenario.fault;
        if !trigger.contains(&now) {
            return None;
        }
        let down_phase = ((now - trigger.start) / 20_000).is_multiple_of(2);
        match fault {
            Fault::Flapping if !down_phase => None,
            Fault::Flapping => Some(Fault::Down),
            fault => Some(fault),
        }
    }

    /// One call arrives; returns what it costs the database and what the caller hears, and when.
    pub fn ask(&mut self, now: Millis, ask: Ask) -> (f64, Reply) {
        let costs = &self.cell.scenario.origin;
        let way = costs.latency_ms + self.chance.below(costs.latency_jitter_ms + 1);
        let fault = self.fault(now);
        if fault == Some(Fault::Down) {
            return (0.0, Reply::Refused(now + way));
        }
        let cost = self.cost(fault, ask);
        let costs = &self.cell.scenario.origin;
        let line_us = self.free_at_us.saturating_sub(now * 1_000);
        if line_us as f64 > costs.longest_line_s * 1e6 {
            // Whoever is turned away costs nearly nothing, but arrives all the same.
            return (cost, Reply::Overloaded(now + way));
        }
        self.free_at_us = self.free_at_us.max(now * 1_000) + (cost * 1e6 / self.cell.capacity) as u64;
        let mut at = self.free_at_us.div_ceil(1_000) + way;
        if fault == Some(Fault::Lying) {
            if self.chance.happens(0.5) {
                at += 1_500;
            }
            if self.chance.happens(0.33) {
                return (cost, Reply::Garbage(at));
            }
        }
        (cost, Reply::Done(at))
    }

    fn cost(&mut self, fault: Option<Fault>, ask: Ask) -> f64 {
        let costs = &self.cell.scenario.origin;
        let site = match ask {
            Ask::Messages(messages) => return f64::from(messages),
            Ask::Probe => return PROBE_COST,
            Ask::Read(site) | Ask::Save(site) => site,
        };
        let large = u64::from(site).is_multiple_of(self.cell.scenario.people.large_every);
        let over_saving = fault == Some(Fault::OverSave) && large;
        let own = match ask {
            Ask::Read(_) if self.cached.contains(&site) => costs.read_cached,
            Ask::Read(_) => costs.read_uncached,
            _ => costs.save,
        };
        if over_saving {
            self.cached.remove(&site);
            own + costs.over_saves * costs.save
        } else {
            self.cached.insert(site);
            own
        }
    }

    /// Work in the line, in milliseconds.
    pub fn line_ms(&self, now: Millis) -> Millis {
        (self.free_at_us / 1_000).saturating_sub(now)
    }
}
