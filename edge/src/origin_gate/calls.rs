//! Calls about accounts: who waits in line, who is under way, and who comes next. What is refused because of one site is
//! told apart from what is refused because of everybody.

use std::collections::{BTreeMap, VecDeque};

use shared::Millis;
use shared::id::SiteId;

use super::breakers::{Askers, Breakers, Evidence};
use super::limit::Class;
use super::{Call, Whose};

/// Of the 6 outgoing connections of a Durable Object, so many are not for batches.
const MAX_UNDER_WAY: usize = 2;
/// Calls that wait at most, of one site where several ask, and how long one may; then the caller is told to come again.
const MAX_WAITING: usize = 100;
const MAX_WAITING_OF_SITE: usize = 50;
const MAX_WAIT_MS: Millis = 2_000;

#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) call: Call,
    /// Whose, where it is one site's.
    pub(super) site: Option<SiteId>,
    pub(super) class: Class,
    pub(super) timed: bool,
    pub(super) since: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) call: Call,
    pub(super) of: Whose,
    /// Where that is known better than by what waits.
    pub(super) retry_after_ms: Option<Millis>,
}

/// Whom a call that is under way is for.
#[derive(Debug)]
struct Whom {
    site: Option<SiteId>,
    class: Class,
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    line: VecDeque<Wanted>,
    under_way: BTreeMap<Call, Whom>,
    breakers: Breakers,
    askers: Askers,
}

impl Calls {
    pub(super) fn waiting(&self) -> usize {
        self.line.len()
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Sites whose calls fail while those of others pass.
    pub(super) fn sites_failing(&self) -> usize {
        self.breakers.len()
    }

    /// Into the line; its class may have so many there, or is shed.
    pub(super) fn ask(&mut self, now: Millis, wanted: Wanted, room: u64) -> Result<(), Refused> {
        self.askers.asks(now, wanted.site.as_ref());
        self.may(now, &wanted)?;
        let refused = |of| Err(Refused { call: wanted.call, of, retry_after_ms: None });
        // A later class stands behind an earlier one, and finds its part of the line full earlier.
        let is_full = wanted.class >= Class::P4
            && self.line.iter().filter(|it| it.class == wanted.class).count() as u64 >= room;
        if room == 0 || is_full || self.line.len() >= MAX_WAITING {
            return refused(Whose::Everybody);
        }
        let of_site = || self.line.iter().filter(|it| it.site == wanted.site).count();
        if self.askers.several && wanted.site.is_some() && of_site() >= MAX_WAITING_OF_SITE {
            return refused(Whose::ThisSite);
        }
        let place = self.line.iter().position(|it| it.class > wanted.class).unwrap_or(self.line.len());
        self.line.insert(place, wanted);
        Ok(())
    }

    fn may(&self, now: Millis, wanted: &Wanted) -> Result<(), Refused> {
        let may = wanted.site.as_ref().map_or(Ok(()), |site| self.breakers.may(now, site));
        let refused = |ms| Refused { call: wanted.call, of: Whose::ThisSite, retry_after_ms: Some(ms) };
        may.map_err(refused)
    }

    /// Whoever has waited for too long. That may be anywhere: behind a steady line of an earlier class nobody moves up.
    pub(super) fn late(&mut self, now: Millis) -> Option<Refused> {
        let place = self.line.iter().position(|it| now >= it.since + MAX_WAIT_MS)?;
        let wanted = self.line.remove(place)?;
        let of = if self.waits_for_its_own(&wanted) { Whose::ThisSite } else { Whose::Everybody };
        Some(Refused { call: wanted.call, of, retry_after_ms: None })
    }

    /// No site has both connections where several ask, and those who may be made up never have.
    fn waits_for_its_own(&self, wanted: &Wanted) -> bool {
        if wanted.class == Class::P5 {
            return self.under_way.values().any(|whom| whom.class == Class::P5);
        }
        let has_one = || self.under_way.values().any(|whom| whom.site == wanted.site);
        self.askers.several && wanted.site.is_some() && has_one()
    }

    fn next_place(&self) -> Option<usize> {
        self.line.iter().position(|it| !self.waits_for_its_own(it))
    }

    /// A connection is free, and somebody may have it.
    pub(super) fn has_next(&self) -> bool {
        self.under_way.len() < MAX_UNDER_WAY && self.next_place().is_some()
    }

    /// Begins the next one, whose answer will be none after so long.
    pub(super) fn begin(&mut self, now: Millis, deadline_ms: Millis) -> Option<Result<Wanted, Refused>> {
        let wanted = self.line.remove(self.next_place()?)?;
        // Tripped since it came.
        if let Err(refused) = self.may(now, &wanted) {
            return Some(Err(refused));
        }
        wanted.site.iter().for_each(|site| self.breakers.began(now, site, deadline_ms));
        self.under_way.insert(wanted.call, Whom { site: wanted.site.clone(), class: wanted.class });
        Some(Ok(wanted))
    }

    /// What the end of a call says, where it is one that was begun. What strangers make the edge ask for says nothing.
    pub(super) fn ended(&mut self, now: Millis, call: Call, good: bool) -> Option<Evidence> {
        let Whom { site, class } = self.under_way.remove(&call)?;
        if class == Class::P5 {
            return None;
        }
        Some(site.map_or(Evidence::OfOrigin, |site| self.breakers.ended(now, &site, good)))
    }

    /// When the first one will have waited for too long.
    pub(super) fn late_at(&self) -> Option<Millis> {
        self.line.iter().map(|it| it.since).min().map(|since| since + MAX_WAIT_MS)
    }
}
