//! What this isolate knows of sites and keys, so that neither a page view nor a handshake costs an object call each.

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::json;
use shared::Millis;
use shared::event::{Contact, SiteLimits};
use shared::id::SiteId;
use shared::mode::Notice;
use worker::{Env, Response};

use super::problem::Problem;
pub(super) use crate::durable::calls::Known;
use crate::durable::calls::{GateCall, Keys, Knowledge, SiteCall, to_gate, to_site};
use crate::durable::{now_ms, within};
use crate::jwt::Jwks;

/// How long a site's mode is kept.
const FRESH_MS: Millis = 2_000;
/// How long a request waits for a refresh when this isolate has something older.
const REFRESH_WAIT_MS: Millis = 200;
/// Keys change rarely; an unknown key asks before this is over.
const KEYS_FRESH_MS: Millis = 60_000;
/// Forged tokens with made-up keys reach the gate at most this often.
const UNKNOWN_KEY_EVERY_MS: Millis = 10_000;
/// Sites that an isolate remembers.
const MAX_SITES: usize = 1_000;

thread_local! {
    static SITES: RefCell<HashMap<SiteId, (Millis, Knowledge)>> = RefCell::default();
    static KEYS: RefCell<Option<(Millis, Jwks)>> = const { RefCell::new(None) };
    static UNKNOWN_KEY_ASKED_AT: RefCell<Option<Millis>> = const { RefCell::new(None) };
}

pub(super) async fn of(env: &Env, site: &SiteId) -> Knowledge {
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

/// The site, or the reason why there is none to talk to.
pub(super) async fn known(env: &Env, site: &SiteId) -> Result<Knowledge, Problem> {
    let knowledge = of(env, site).await;
    match knowledge.known {
        Known::Yes => Ok(knowledge),
        Known::No => Err(Problem::UNKNOWN_SITE),
        Known::NotYet => Err(Problem::SITE_NOT_KNOWN_YET),
    }
}

/// The origin's keys; `unknown_kid` asks for newer ones than this isolate has.
pub(super) async fn keys(env: &Env, unknown_kid: bool) -> Option<Jwks> {
    let now = now_ms();
    let kept = KEYS.with_borrow(Clone::clone);
    if let Some((at, keys)) = &kept {
        let asked_lately =
            UNKNOWN_KEY_ASKED_AT.with_borrow(|at| at.is_some_and(|at| now < at + UNKNOWN_KEY_EVERY_MS));
        if (now < at + KEYS_FRESH_MS && !unknown_kid) || (unknown_kid && asked_lately) {
            return Some(keys.clone());
        }
    }
    if unknown_kid {
        UNKNOWN_KEY_ASKED_AT.set(Some(now));
    }
    match to_gate::<Keys>(env, GateCall::Jwks { unknown_kid }).await {
        Ok(Keys { keys: Some(keys) }) => {
            KEYS.set(Some((now, keys.clone())));
            Some(keys)
        }
        _ => kept.map(|(_, keys)| keys),
    }
}

/// 200 once settings, roster and keys of the site are at the edge.
pub(super) async fn ready(env: &Env, site: &SiteId) -> Result<Response, Problem> {
    known(env, site).await?;
    match keys(env, false).await {
        Some(keys) if !keys.keys.is_empty() => Ok(Response::from_json(&json!({ "ready": true }))?),
        _ => Err(Problem::SITE_NOT_KNOWN_YET),
    }
}
