//! What the gate sheds, this isolate sheds for a while by itself: ten thousand refused log-ins cost a handful of calls.

use std::collections::BTreeMap;

use shared::Millis;
use shared::id::SiteId;

use crate::origin_gate::Whose;

/// The gate's refusal is believed for as long as it says, and within these.
const BELIEVED_MS: (Millis, Millis) = (1_000, 2_000);
/// So long after a refusal one request at a time asks the gate, and the others are refused without.
const CAREFUL_MS: Millis = 5_000;
/// Nobody is told to come again sooner.
const AGAIN_MS: Millis = 1_000;

/// Sites that are shed by themselves, at most. What the gate refuses of more of them, it is asked about each time.
const MOST_SITES: usize = 1_000;

/// What is shed of everybody, and of single sites.
#[derive(Debug, Default)]
pub struct Shedding {
    everybody: Door,
    sites: BTreeMap<SiteId, Door>,
}

/// By which of the two doors somebody has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leave {
    everybody: Pass,
    site: Pass,
}

impl Shedding {
    /// Whether the gate may be asked now for this site, or after how long again.
    pub fn leave(&mut self, now: Millis, site: &SiteId) -> Result<Leave, Millis> {
        let everybody = self.everybody.pass(now)?;
        let site = self.sites.get_mut(site).map_or(Ok(Pass::Free), |door| door.pass(now));
        let site = site.inspect_err(|_| self.everybody.back(everybody))?;
        Ok(Leave { everybody, site })
    }

    pub fn refused(&mut self, now: Millis, site: &SiteId, retry_after_ms: Millis, of: Whose) {
        if of == Whose::Everybody {
            return self.everybody.refused(now, retry_after_ms);
        }
        if !self.sites.contains_key(site) && self.sites.len() >= MOST_SITES {
            self.sites.retain(|_, door| door.asking || door.is_careful(now));
        }
        if self.sites.contains_key(site) || self.sites.len() < MOST_SITES {
            self.sites.entry(site.clone()).or_default().refused(now, retry_after_ms);
        }
    }

    /// The one that asked has its answer, or has hung up.
    pub fn back(&mut self, site: &SiteId, leave: Leave) {
        self.everybody.back(leave.everybody);
        if let Some(door) = self.sites.get_mut(site) {
            door.back(leave.site);
        }
    }
}

/// The gate's last refusal, as far as it is believed.
#[derive(Debug, Default)]
struct Door {
    until: Option<Millis>,
    /// Somebody asks for all.
    asking: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Pass {
    /// In ordinary times everybody may ask.
    Free,
    /// After a refusal one at a time.
    Alone,
}

impl Door {
    fn pass(&mut self, now: Millis) -> Result<Pass, Millis> {
        let Some(until) = self.until.filter(|_| self.is_careful(now)) else { return Ok(Pass::Free) };
        if now < until || self.asking {
            return Err(until.saturating_sub(now).max(AGAIN_MS));
        }
        self.asking = true;
        Ok(Pass::Alone)
    }

    fn is_careful(&self, now: Millis) -> bool {
        self.until.is_some_and(|until| now < until + CAREFUL_MS)
    }

    fn refused(&mut self, now: Millis, retry_after_ms: Millis) {
        self.until = Some(now + retry_after_ms.clamp(BELIEVED_MS.0, BELIEVED_MS.1));
    }

    fn back(&mut self, pass: Pass) {
        if pass == Pass::Alone {
            self.asking = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request each millisecond, and a gate that refuses after 20 ms; at the start it has just done so.
    fn ten_thousand_refused(retry_after_ms: Millis) -> usize {
        let (mut door, mut calls, mut back) = (Door::default(), 0, None);
        door.refused(0, retry_after_ms);
        for now in 0..10_000 {
            if let Some((_, leave)) = back.take_if(|(at, _)| *at == now) {
                door.back(leave);
                door.refused(now, retry_after_ms);
            }
            match door.pass(now) {
                Ok(leave) => {
                    calls += 1;
                    back = Some((now + 20, leave));
                }
                Err(again_ms) => assert!((1_000..=2_000).contains(&again_ms), "{again_ms}"),
            }
        }
        calls
    }

    #[test]
    fn class_1_ten_thousand_refused_in_ten_seconds_cost_ten_calls_at_most_and_one_every_two_seconds_at_least()
    {
        assert_eq!(ten_thousand_refused(0), 9);
        assert_eq!(ten_thousand_refused(1_500), 6);
        assert_eq!(ten_thousand_refused(60_000), 4, "whether it still refuses must be found out");
    }

    #[test]
    fn in_ordinary_times_everybody_asks() {
        let mut door = Door::default();
        for _ in 0..100 {
            assert_eq!(door.pass(0), Ok(Pass::Free));
        }
    }

    /// The gate has room again: within five seconds requests go one at a time, then all of them.
    #[test]
    fn after_a_refusal_one_at_a_time_asks_for_five_seconds() {
        let mut door = Door::default();
        door.refused(0, 1_000);
        assert_eq!(door.pass(999), Err(1_000));
        assert_eq!(door.pass(1_000), Ok(Pass::Alone));
        assert_eq!(door.pass(1_001), Err(1_000), "somebody asks already");
        door.back(Pass::Alone);
        assert_eq!(door.pass(5_999), Ok(Pass::Alone));
        assert_eq!(door.pass(5_999), Err(1_000));
        assert_eq!(door.pass(6_000), Ok(Pass::Free));
    }

    /// It had begun in ordinary times; its end says nothing about the one that asks for all.
    #[test]
    fn a_call_from_before_the_refusal_does_not_let_a_second_one_ask() {
        let mut door = Door::default();
        let before = door.pass(0).unwrap();
        door.refused(0, 1_000);
        assert_eq!(door.pass(1_000), Ok(Pass::Alone));
        door.back(before);
        assert_eq!(door.pass(1_001), Err(1_000));
    }

    fn site(name: &str) -> SiteId {
        SiteId::parse(name).unwrap()
    }

    #[test]
    fn class_2_a_site_that_is_shed_by_itself_shuts_nobody_else_out() {
        let mut shedding = Shedding::default();
        shedding.refused(0, &site("large"), 2_000, Whose::ThisSite);
        assert_eq!(shedding.leave(0, &site("large")), Err(2_000));
        assert!(shedding.leave(0, &site("other")).is_ok());
        shedding.refused(0, &site("other"), 1_000, Whose::Everybody);
        assert_eq!(shedding.leave(999, &site("third")), Err(1_000));
        // Whoever may not come for its site's sake does not ask for everybody.
        assert_eq!(shedding.leave(1_000, &site("large")), Err(1_000));
        let asks = shedding.leave(1_000, &site("other")).unwrap();
        assert_eq!(shedding.leave(1_000, &site("third")), Err(1_000), "somebody asks already");
        shedding.back(&site("other"), asks);
        assert!(shedding.leave(1_000, &site("third")).is_ok());
    }

    #[test]
    fn class_2_sites_that_are_shed_are_forgotten_and_never_more_than_a_thousand() {
        let mut shedding = Shedding::default();
        for number in 0..1_001 {
            shedding.refused(0, &site(&format!("s{number}")), 2_000, Whose::ThisSite);
        }
        assert_eq!(shedding.sites.len(), 1_000);
        assert!(shedding.leave(0, &site("s999")).is_err());
        assert!(shedding.leave(0, &site("s1000")).is_ok(), "the gate is asked each time");
        shedding.refused(10_000, &site("new"), 2_000, Whose::ThisSite);
        assert_eq!(shedding.sites.len(), 1);
    }
}
