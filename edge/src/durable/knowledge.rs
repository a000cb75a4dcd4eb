//! What this isolate knows of sites, so that no page view, handshake or question costs an object call each.

use std::cell::RefCell;
use std::collections::HashMap;

use shared::Millis;
use shared::event::{Contact, SiteLimits};
use shared::id::SiteId;
use shared::mode::Notice;
use worker::Env;

use super::calls::{Knowledge, Known, SiteCall, to_site};
use super::{now_ms, within};

/// How long a site's mode is kept.
const FRESH_MS: Millis = 2_000;
/// How long a request waits for a refresh when this isolate has something older.
const REFRESH_WAIT_MS: Millis = 200;
/// Sites that an isolate remembers.
const MAX_SITES: usize = 1_000;

thread_local! {
    static SITES: RefCell<Sites<Knowledge>> = RefCell::default();
}

/// What each site said when it was asked last.
struct Sites<T>(HashMap<SiteId, (Millis, T)>);

impl<T> Default for Sites<T> {
    fn default() -> Self {
        Sites(HashMap::new())
    }
}

enum Kept<T> {
    Fresh(T),
    /// To be asked for again by whoever gets this, and by nobody else for a while, also if that fails: a site that is
    /// slow must not be asked by every handshake.
    Stale(T),
    Nothing,
}

impl<T: Clone> Sites<T> {
    fn look(&mut self, now: Millis, site: &SiteId) -> Kept<T> {
        match self.0.get_mut(site) {
            Some((at, kept)) if now < *at + FRESH_MS => Kept::Fresh(kept.clone()),
            Some((at, kept)) => {
                *at = now;
                Kept::Stale(kept.clone())
            }
            None => Kept::Nothing,
        }
    }

    fn learn(&mut self, now: Millis, site: &SiteId, fresh: T) {
        if self.0.len() >= MAX_SITES && !self.0.contains_key(site) {
            self.0.clear();
        }
        self.0.insert(site.clone(), (now, fresh));
    }
}

/// What holds for a site, as far as this isolate knows: nobody waits for it.
pub fn limits_kept(site: &SiteId) -> SiteLimits {
    SITES.with_borrow(|sites| sites.0.get(site).map(|(_, kept)| kept.limits)).unwrap_or_default()
}

pub async fn of(env: &Env, site: &SiteId) -> Knowledge {
    let now = now_ms();
    let refresh = to_site::<Knowledge>(env, site, SiteCall::Knowledge {});
    let (fresh, kept) = match SITES.with_borrow_mut(|sites| sites.look(now, site)) {
        Kept::Fresh(knowledge) => return knowledge,
        Kept::Stale(kept) => (within(REFRESH_WAIT_MS, refresh).await.and_then(Result::ok), Some(kept)),
        Kept::Nothing => (refresh.await.ok(), None),
    };
    match (fresh, kept) {
        (Some(fresh), _) if fresh.known != Known::NotYet => {
            SITES.with_borrow_mut(|sites| sites.learn(now, site, fresh.clone()));
            fresh
        }
        (_, Some(kept)) => kept,
        (Some(fresh), None) => fresh,
        (None, None) => Knowledge {
            known: Known::NotYet,
            notice: Notice::default(),
            embed_origins: Vec::new(),
            limits: SiteLimits::default(),
            identity_secrets: Vec::new(),
            contact: Contact::default(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_that_does_not_answer_is_asked_once_in_a_while_and_not_by_everybody() {
        let (mut sites, site) = (Sites::default(), SiteId::parse("demo").expect("an id"));
        assert!(matches!(sites.look(0, &site), Kept::Nothing));
        sites.learn(0, &site, "old");
        let asked = (0..10_000).filter(|now| matches!(sites.look(*now, &site), Kept::Stale("old"))).count();
        assert_eq!(asked, 4, "every other second");
        sites.learn(10_000, &site, "new");
        assert!(matches!(sites.look(10_001, &site), Kept::Fresh("new")));
    }
}
