//! A visitor identifies: the frame brings what the site's server has signed, and gets a token for that person's conversation
//! (IDENTITY-1). It is never in a cookie: who sits down at this browser next is not that person.

use serde::Deserialize;
use serde_json::json;
use shared::id::SiteId;
use worker::{Env, Request, Response};

use super::knowledge;
use super::problem::Problem;
use super::settings::{Settings, body_within};
use crate::durable::now_ms;
use crate::identity::{self, Refusal};

#[derive(Deserialize)]
struct Given {
    token: String,
}

pub(super) async fn take(
    env: &Env,
    settings: &Settings,
    mut request: Request,
    site: &SiteId,
) -> Result<Response, Problem> {
    // The frame's own page alone: a token is told to nobody else.
    if !settings.is_own_page(&request) {
        return Err(Problem::FOREIGN_PAGE);
    }
    // A token, between quotes.
    let body = body_within(&mut request, identity::MAX_BYTES + 100).await?;
    let given: Given = serde_json::from_slice(&body).map_err(|_| Problem::IDENTITY_REFUSED)?;
    let secrets = knowledge::known_to(env, site, &settings.address_of(&request)).await?.identity_secrets;
    if secrets.is_empty() {
        return Err(Problem::IDENTITY_OFF);
    }
    let now_s = now_ms() / 1_000;
    let identity = identity::check(&secrets, site, &given.token, now_s).map_err(|refusal| match refusal {
        Refusal::Refused => Problem::IDENTITY_REFUSED,
        Refusal::Expired => Problem::IDENTITY_EXPIRED,
    })?;
    let token = settings.token_secret.mint_identified(site, &identity);
    let conversation = settings.token_secret.conversation_of(site, &identity.sub);
    Ok(Response::from_json(&json!({
        "token": token,
        "conversation": conversation,
        "expires_in_s": identity.until_s.saturating_sub(now_s),
    }))?)
}
