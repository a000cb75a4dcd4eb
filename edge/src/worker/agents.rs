//! Agents: log in and renewal are passed to the origin; everything else is settled here with the origin's last good
//! keys, so that a logged-in agent comes back while the origin is dead (AGENT-1).

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::event::AgentClaims;
use shared::id::SiteId;
use worker::{Env, Request, Response};

use super::knowledge;
use super::problem::Problem;
use super::settings::{Settings, body_within, cookie};
use super::shed;
use crate::durable::calls::{AgentsAnswer, GateCall, to_gate};
use crate::durable::now_ms;
use crate::jwt::{self, Refusal};

const COOKIE: &str = "seawall_agent";
const MAX_BODY_BYTES: usize = 4_096;

type Answer = Result<Response, Problem>;

/// The origin's answer to a log in. The token goes into a cookie that no script can read.
#[derive(Deserialize)]
struct LoggedIn {
    token: String,
}

#[derive(Serialize)]
struct Me {
    id: String,
    name: String,
    account: String,
    /// Seconds since 1970.
    expires_at: u64,
}

pub(super) async fn login(env: &Env, settings: &Settings, mut request: Request, site: &SiteId) -> Answer {
    own_page(settings, &request)?;
    let body = body_within(&mut request, MAX_BODY_BYTES).await?;
    let body = String::from_utf8_lossy(&body);
    pass(env, &format!("/sites/{site}/agents/login"), None, &body, site).await
}

pub(super) async fn renew(env: &Env, settings: &Settings, request: Request, site: &SiteId) -> Answer {
    own_page(settings, &request)?;
    let token = cookie(&request, COOKIE).ok_or(Problem::LOGIN_REQUIRED)?;
    pass(env, &format!("/sites/{site}/agents/renew"), Some(&token), "{}", site).await
}

async fn pass(env: &Env, path: &str, bearer: Option<&str>, body: &str, site: &SiteId) -> Answer {
    let call = || GateCall::Agents {
        site: site.clone(),
        path: path.to_owned(),
        bearer: bearer.map(str::to_owned),
        body: body.to_owned(),
    };
    let answer = match shed::ask(site, async || to_gate::<AgentsAnswer>(env, call()).await).await {
        Ok(answer) => answer?,
        Err(retry_after_ms) => return Err(Problem::ORIGIN_BUSY.after_ms(retry_after_ms)),
    };
    let (status, retry_after, text) = match answer {
        AgentsAnswer::Answered { status, retry_after, body } if status < 500 => (status, retry_after, body),
        AgentsAnswer::Shed { retry_after_ms, .. } => {
            return Err(Problem::ORIGIN_BUSY.after_ms(retry_after_ms));
        }
        AgentsAnswer::Answered { .. } | AgentsAnswer::Unreachable => return Err(Problem::ORIGIN_UNREACHABLE),
    };
    if status != 200 {
        // Wrong password, too many tries: the origin's own problem+json.
        let mut response = Response::builder()
            .with_status(status)
            .with_header("content-type", "application/problem+json")?
            .with_header("cache-control", "no-store")?;
        if let Some(after) = retry_after {
            response = response.with_header("retry-after", &after)?;
        }
        return Ok(response.fixed(text.into_bytes()));
    }
    let LoggedIn { token } = serde_json::from_str(&text).map_err(|_| Problem::ORIGIN_UNREACHABLE)?;
    // The first log in after a key change brings a key that we have not seen.
    let claims = checked(env, site, &token).await?;
    let max_age_s = claims.exp.saturating_sub(now_ms() / 1_000);
    let cookie =
        format!("{COOKIE}={token}; Path=/v1/; Max-Age={max_age_s}; HttpOnly; Secure; SameSite=Strict");
    let response = Response::builder().with_header("set-cookie", &cookie)?;
    me_response(response, claims)
}

pub(super) fn logout(settings: &Settings, request: &Request) -> Answer {
    own_page(settings, request)?;
    let cookie = format!("{COOKIE}=; Path=/v1/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
    let response = Response::builder().with_header("set-cookie", &cookie)?;
    Ok(response.with_header("cache-control", "no-store")?.from_json(&json!({ "logged_out": true }))?)
}

/// Who the cookie stands for; the console asks this once when it has loaded.
pub(super) async fn me(env: &Env, settings: &Settings, request: &Request, site: &SiteId) -> Answer {
    let token = console_cookie(settings, request)?;
    me_response(Response::builder(), checked(env, site, &token).await?)
}

fn me_response(response: worker::ResponseBuilder, claims: AgentClaims) -> Answer {
    let me =
        Me { id: claims.sub.to_string(), name: claims.name, account: claims.account, expires_at: claims.exp };
    Ok(response.with_header("cache-control", "no-store")?.from_json(&me)?)
}

/// An agent's link: the cookie, on the console's host, from the console's own page.
pub(super) async fn authenticated(
    env: &Env,
    settings: &Settings,
    request: &Request,
    site: &SiteId,
) -> Result<AgentClaims, Problem> {
    own_page(settings, request)?;
    let token = console_cookie(settings, request)?;
    checked(env, site, &token).await
}

async fn checked(env: &Env, site: &SiteId, token: &str) -> Result<AgentClaims, Problem> {
    let now_s = now_ms() / 1_000;
    let keys = knowledge::keys(env, false).await.ok_or(Problem::SITE_NOT_KNOWN_YET)?;
    let refusal = match jwt::check(&keys, site, token, now_s) {
        Err(Refusal::UnknownKey) => match knowledge::keys(env, true).await {
            Some(keys) => jwt::check(&keys, site, token, now_s),
            None => Err(Refusal::UnknownKey),
        },
        checked => checked,
    };
    refusal.map_err(|refusal| match refusal {
        Refusal::ForeignSite => Problem::FOREIGN_SITE,
        Refusal::Forged | Refusal::UnknownKey | Refusal::Expired => Problem::LOGIN_REQUIRED,
    })
}

fn console_cookie(settings: &Settings, request: &Request) -> Result<String, Problem> {
    if !settings.is_console() {
        return Err(Problem::NOT_THE_CONSOLE);
    }
    cookie(request, COOKIE).ok_or(Problem::LOGIN_REQUIRED)
}

/// State-changing requests and links come from the console's own page.
fn own_page(settings: &Settings, request: &Request) -> Result<(), Problem> {
    if !settings.is_console() {
        return Err(Problem::NOT_THE_CONSOLE);
    }
    if !settings.is_own_page(request) {
        return Err(Problem::FOREIGN_PAGE);
    }
    Ok(())
}
