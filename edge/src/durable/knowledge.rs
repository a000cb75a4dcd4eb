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
    static SITES: RefCell<HashMap<SiteId, (Millis, Knowledge)>> = RefCell::default();
}

pub async fn of(env: &Env, site: &SiteId) -> Knowledge {
    let now = now_ms();
    let kept = SITES.with_borrow(|sites| sites.get(site).cloned());
    if let Some((at, knowledge)) = &kept
        && now < at + FRESH_MS
    {
        return knowledge.clone();
    }
    let refresh = to_site::<Knowledge>(env, site, SiteCall::Knowledge {});
    let fresh = match &kept {
        Some(_) => within(REFRESH_WAIT_MS, refresh).await.and_then(Result::ok),
        None => refresh.await.ok(),
    };
    match (fresh, kept) {
        (Some(fresh), _) if fresh.known != Known::NotYet => {
            SITES.with_borrow_mut(|sites| {
                if sites.len() >= MAX_SITES {
                    sites.clear();
                }
                sites.insert(site.clone(), (now, fresh.clone()));
            });
            fresh
        }
        (_, Some((_, kept))) => kept,
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
