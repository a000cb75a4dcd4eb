//! What this isolate knows of sites, so that no page view, handshake or question costs an object call each.

use std::cell::RefCell;
use std::time::Duration;

use shared::Millis;
use shared::event::{Contact, SiteLimits};
use shared::id::SiteId;
use shared::mode::Notice;
use worker::{Delay, Env};

use super::calls::{CALL_LIMIT_MS, Knowledge, Known, SiteCall, to_site};
use super::counts::{self, Count};
use super::{admission, now_ms, within};
use crate::admission::TooMany;
use crate::lookups::{Look, Lookups};

/// How long a request waits for a refresh when this isolate has something older.
const REFRESH_WAIT_MS: Millis = 200;
/// How often whoever waits for another's answer looks, at first and later: on workerd no request may await what another one has begun.
const LOOK_EVERY_MS: (u64, u64) = (25, 200);

thread_local! {
    static SITES: RefCell<Lookups<Knowledge>> = RefCell::new(Lookups::new(CALL_LIMIT_MS));
}

/// What holds for a site, as far as this isolate knows: nobody waits for it.
pub fn limits_kept(site: &SiteId) -> SiteLimits {
    SITES.with_borrow(|sites| sites.last(site).map(|kept| kept.limits)).unwrap_or_default()
}

/// Whether a site is there, for somebody of whom nobody knows yet whether they have made it up (SITE-1); after how long they may
/// ask again where too many do.
pub async fn asked_from(env: &Env, site: &SiteId, address: &str) -> Result<Knowledge, Millis> {
    found(env, site, Some(address)).await
}

/// The same for whoever has it from the origin or from the edge itself.
pub async fn of(env: &Env, site: &SiteId) -> Knowledge {
    found(env, site, None).await.unwrap_or_else(|_| nothing())
}

async fn found(env: &Env, site: &SiteId, address: Option<&str>) -> Result<Knowledge, Millis> {
    let since = now_ms();
    let (mut waits, mut look_again_ms) = (false, LOOK_EVERY_MS.0);
    loop {
        let now = now_ms();
        match SITES.with_borrow_mut(|sites| sites.look(now, site, waits)) {
            Look::Fresh(knowledge) => return Ok(knowledge),
            Look::Stale(kept) => return Ok(refreshed(env, site, kept).await),
            Look::Nothing => return first(env, site, address).await,
            Look::Wait if now < since + CALL_LIMIT_MS => {
                waits = true;
                Delay::from(Duration::from_millis(look_again_ms)).await;
                look_again_ms = (2 * look_again_ms).min(LOOK_EVERY_MS.1);
            }
            Look::Wait | Look::Full => return Ok(nothing()),
        }
    }
}

async fn refreshed(env: &Env, site: &SiteId, kept: Knowledge) -> Knowledge {
    match within(REFRESH_WAIT_MS, ask(env, site)).await {
        Some(fresh) if fresh.known != Known::NotYet => {
            learn(site, &fresh);
            fresh
        }
        _ => kept,
    }
}

async fn first(env: &Env, site: &SiteId, address: Option<&str>) -> Result<Knowledge, Millis> {
    if let Some(address) = address
        && let Err(TooMany { reason, retry_after_ms, .. }) = admission(|it| it.lookup(now_ms(), address))
    {
        counts::add(Count::Refused(reason), 1);
        return Err(retry_after_ms);
    }
    SITES.with_borrow_mut(|sites| sites.asks(now_ms(), site));
    let answer = ask(env, site).await;
    if let Some(address) = address.filter(|_| answer.known == Known::Yes) {
        admission(|admission| admission.found(address));
    }
    learn(site, &answer);
    Ok(answer)
}

async fn ask(env: &Env, site: &SiteId) -> Knowledge {
    to_site(env, site, SiteCall::Knowledge {}).await.unwrap_or_else(|_| nothing())
}

fn learn(site: &SiteId, answer: &Knowledge) {
    let is_known = answer.known == Known::Yes;
    SITES.with_borrow_mut(|sites| sites.learn(now_ms(), site, answer.clone(), is_known));
}

/// Never known, as far as anybody here can say.
fn nothing() -> Knowledge {
    Knowledge {
        known: Known::NotYet,
        notice: Notice::default(),
        embed_origins: Vec::new(),
        limits: SiteLimits::default(),
        identity_secrets: Vec::new(),
        contact: Contact::default(),
    }
}
