//! What only the operator may: see the counts, and say which mode holds.

use serde::Deserialize;
use serde_json::json;
use shared::id::SiteId;
use shared::mode::{Mode, Notice};
use worker::{Env, Request, Response};

use super::knowledge;
use super::problem::Problem;
use super::settings::{Settings, body_within};
use crate::durable::calls::{SiteCall, to_site};
use crate::durable::{counts, now_ms};
use crate::site::{LONGEST_OVERRIDE_MS, Override};

const MAX_BODY_BYTES: usize = 4_096;
const MAX_REASON_CHARS: usize = 200;
/// Without an end of its own an override lasts for an hour.
const USUAL_S: u64 = 3_600;

type Answer = Result<Response, Problem>;

/// `{"mode":"chatting-only","reason":"maintenance","expires_in_s":3600}`
#[derive(Deserialize)]
struct Word {
    mode: Mode,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    expires_in_s: Option<u64>,
}

/// What this isolate counts.
pub(super) fn metrics(settings: &Settings, request: &Request) -> Answer {
    operator(settings, request)?;
    let response = Response::builder()
        .with_header("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")?
        .with_header("cache-control", "no-store")?;
    Ok(response.fixed(counts::text().into_bytes()))
}

/// MODE-7: the operator's word on the mode of a site, or that it is taken back.
pub(super) async fn mode(
    env: &Env,
    settings: &Settings,
    mut request: Request,
    site: &SiteId,
    back: bool,
) -> Answer {
    operator(settings, &request)?;
    knowledge::known(env, site).await?;
    let over = if back { None } else { Some(word(&mut request).await?) };
    let until_ms = over.as_ref().map(|over| over.until_ms);
    let notice: Notice = to_site(env, site, SiteCall::Override { over }).await?;
    let body = json!({ "mode": notice.mode, "reason": notice.reason, "until_ms": until_ms });
    Ok(Response::builder().with_header("cache-control", "no-store")?.from_json(&body)?)
}

async fn word(request: &mut Request) -> Result<Override, Problem> {
    let body = body_within(request, MAX_BODY_BYTES).await?;
    let word: Word = serde_json::from_slice(&body).map_err(|_| Problem::NOT_A_MODE)?;
    let expires_in_s = word.expires_in_s.unwrap_or(USUAL_S);
    let fits = (1..=LONGEST_OVERRIDE_MS / 1_000).contains(&expires_in_s)
        && word.reason.chars().count() <= MAX_REASON_CHARS;
    if !fits {
        return Err(Problem::NOT_A_MODE);
    }
    let reason = if word.reason.is_empty() { "operator".to_owned() } else { word.reason };
    Ok(Override { mode: word.mode, reason, until_ms: now_ms() + expires_in_s * 1_000 })
}

fn operator(settings: &Settings, request: &Request) -> Result<(), Problem> {
    if settings.is_operator(request) { Ok(()) } else { Err(Problem::NOT_THE_OPERATOR) }
}
