//! One account's trouble is that account's: a circuit breaker for each site's calls about accounts. It trips where a site's
//! calls fail one after the other while those of other sites pass. What the origin does to everybody trips none: that
//! is what [`health`](super::health) sees. [`Askers`] says whether one site may have all connections.

use std::collections::BTreeMap;

use shared::Millis;
use shared::id::SiteId;

/// So many bad answers in a row trip, if as many good ones of other sites came between them.
const TRIPS: u32 = 3;
const OTHERS: u64 = 3;
/// A tripped site is tried after 1 s, and after twice as long with each failure.
const FIRST_PAUSE_MS: Millis = 1_000;
const LONGEST_PAUSE_MS: Millis = 30_000;
/// What is so old says nothing any more.
const FORGET_MS: Millis = 300_000;
/// Sites with failures that are remembered. Of more, the one whose last failure is the oldest is forgotten.
const MOST_SITES: usize = 1_000;

/// Where nobody else has asked for so long, a site may have all connections.
const ALONE_MS: Millis = 60_000;

/// Whether calls of several sites are asked for in these times.
#[derive(Debug, Default)]
pub(super) struct Askers {
    last: Option<(SiteId, Millis)>,
    several_at: Option<Millis>,
    pub(super) several: bool,
}

impl Askers {
    pub(super) fn asks(&mut self, now: Millis, site: Option<&SiteId>) {
        let Some(site) = site else { return };
        if self.last.as_ref().is_some_and(|(last, at)| last != site && now < at + ALONE_MS) {
            self.several_at = Some(now);
        }
        self.several = self.several_at.is_some_and(|at| now < at + ALONE_MS);
        self.last = Some((site.clone(), now));
    }
}

/// Whom the end of a call says something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    OfOrigin,
    /// And so many bad answers before it said nothing else, as has turned out now.
    OfSite {
        as_well: u32,
    },
}

#[derive(Debug, Default)]
pub(super) struct Breakers {
    failing: BTreeMap<SiteId, Failing>,
    /// Good answers of all sites.
    good: u64,
}

#[derive(Clone, Copy, Debug)]
struct Failing {
    bad: u32,
    /// The good answers there were before the first bad one.
    good_before: u64,
    last: Millis,
    tripped: Option<Tripped>,
}

#[derive(Clone, Copy, Debug)]
struct Tripped {
    pause_ms: Millis,
    until: Millis,
}

impl Breakers {
    /// Whether a call of this site may be made; otherwise after how long.
    pub(super) fn may(&self, now: Millis, site: &SiteId) -> Result<(), Millis> {
        match self.tripped(site) {
            Some(Tripped { until, .. }) if now < until => Err(until - now),
            _ => Ok(()),
        }
    }

    /// A call of this site is made: while it is tripped, the only one until its answer, or until that would be late.
    pub(super) fn began(&mut self, now: Millis, site: &SiteId, deadline_ms: Millis) {
        if let Some(Failing { tripped: Some(tripped), .. }) = self.failing.get_mut(site) {
            tripped.until = now + deadline_ms;
        }
    }

    pub(super) fn ended(&mut self, now: Millis, site: &SiteId, good: bool) -> Evidence {
        if good {
            self.good += 1;
            let tripped = self.failing.remove(site).and_then(|failing| failing.tripped);
            return tripped.map_or(Evidence::OfOrigin, |_| Evidence::OfSite { as_well: 0 });
        }
        self.failing.retain(|_, failing| now < failing.last + FORGET_MS);
        if self.failing.len() >= MOST_SITES && !self.failing.contains_key(site) {
            let oldest = self.failing.iter().min_by_key(|(_, failing)| failing.last);
            let oldest = oldest.map(|(site, _)| site.clone());
            oldest.and_then(|site| self.failing.remove(&site));
        }
        let new = Failing { bad: 0, good_before: self.good, last: now, tripped: None };
        let failing = self.failing.entry(site.clone()).or_insert(new);
        failing.bad = failing.bad.saturating_add(1);
        failing.last = now;
        if failing.bad < TRIPS || self.good < failing.good_before + OTHERS {
            return Evidence::OfOrigin;
        }
        let (pause_ms, as_well) = match failing.tripped {
            Some(Tripped { pause_ms, .. }) => ((2 * pause_ms).min(LONGEST_PAUSE_MS), 0),
            None => (FIRST_PAUSE_MS, failing.bad - 1),
        };
        failing.tripped = Some(Tripped { pause_ms, until: now + pause_ms });
        Evidence::OfSite { as_well }
    }

    fn tripped(&self, site: &SiteId) -> Option<Tripped> {
        self.failing.get(site)?.tripped
    }

    /// How many sites are tripped.
    pub(super) fn len(&self) -> usize {
        self.failing.values().filter(|failing| failing.tripped.is_some()).count()
    }
}
