//! Which sites there are, and the origin's keys, so that neither a page view nor a handshake costs an object call each.

use std::cell::RefCell;

use serde_json::json;
use shared::Millis;
use shared::id::SiteId;
use worker::{Env, Response};

use super::problem::Problem;
pub(super) use crate::durable::calls::Known;
use crate::durable::calls::{GateCall, Keys, Knowledge, to_gate};
use crate::durable::knowledge::of;
pub(super) use crate::durable::knowledge::{asked_from, limits_kept};
use crate::durable::now_ms;
use crate::jwt::Jwks;

/// Keys change rarely; an unknown key asks before this is over.
const KEYS_FRESH_MS: Millis = 60_000;
/// Forged tokens with made-up keys reach the gate at most this often.
const UNKNOWN_KEY_EVERY_MS: Millis = 10_000;

thread_local! {
    static KEYS: RefCell<Option<(Millis, Jwks)>> = const { RefCell::new(None) };
    static UNKNOWN_KEY_ASKED_AT: RefCell<Option<Millis>> = const { RefCell::new(None) };
}

/// The site, or the reason why there is none to talk to. For whoever has its id from the origin.
pub(super) async fn known(env: &Env, site: &SiteId) -> Result<Knowledge, Problem> {
    there(of(env, site).await)
}

/// The same for whoever may have made it up (SITE-1).
pub(super) async fn known_to(env: &Env, site: &SiteId, address: &str) -> Result<Knowledge, Problem> {
    match asked_from(env, site, address).await {
        Ok(knowledge) => there(knowledge),
        Err(retry_after_ms) => Err(Problem::TOO_MANY_UNKNOWN_SITES.after_ms(retry_after_ms)),
    }
}

fn there(knowledge: Knowledge) -> Result<Knowledge, Problem> {
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
pub(super) async fn ready(env: &Env, site: &SiteId, address: &str) -> Result<Response, Problem> {
    known_to(env, site, address).await?;
    match keys(env, false).await {
        Some(keys) if !keys.keys.is_empty() => Ok(Response::from_json(&json!({ "ready": true }))?),
        _ => Err(Problem::SITE_NOT_KNOWN_YET),
    }
}
