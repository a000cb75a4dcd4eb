//! Where a visitor's token lives: in a cookie, or, where nothing may be stored in the browser, in the chat's document alone
//! (CONSENT-1), from which it can become a cookie and back (CONSENT-2).

use serde_json::{Value, json};
use shared::id::{ConversationId, SiteId};
use worker::{Request, Response};

use super::problem::Problem;
use super::settings::{Settings, cookie, header};
use crate::durable::{now_ms, random_id};
use crate::token::{Checked, LIFE_S};

type Answer = Result<Response, Problem>;

/// What the chat's document comes with.
#[derive(Default)]
pub(super) struct Arrival {
    /// A `Set-Cookie`.
    pub(super) cookie: Option<String>,
    /// For the document alone.
    pub(super) token: Option<String>,
}

/// The token of whoever the document is for: renewed where the cookie is genuine, new where there is none.
pub(super) fn arrived(settings: &Settings, request: &Request, site: &SiteId) -> Result<Arrival, Problem> {
    let url = request.url()?;
    let consent = url.query_pairs().find(|(key, _)| key == "consent").map(|(_, word)| word.into_owned());
    let known = of_cookie(settings, request, site);
    let is_known = known.is_some();
    let token = mint(settings, site, &known.unwrap_or_else(new_conversation));
    Ok(match consent.as_deref() {
        None | Some("given") => Arrival { cookie: Some(set_cookie(site, &token)), token: None },
        // A cookie that is there was agreed to.
        Some(word) if is_known && word != "refused" => {
            Arrival { cookie: Some(set_cookie(site, &token)), token: None }
        }
        // Also where the word is one that we do not know: nothing is stored by mistake.
        Some(_) => Arrival { cookie: is_known.then(|| end_cookie(site)), token: Some(token) },
    })
}

/// The document's token becomes the cookie.
pub(super) fn keep(settings: &Settings, request: &Request, site: &SiteId) -> Answer {
    // The frame's own page alone: another one could put its visitors into a conversation that it reads.
    if !settings.is_own_page(request) {
        return Err(Problem::FOREIGN_PAGE);
    }
    let bearer = header(request, "authorization");
    let given = bearer.as_deref().and_then(|value| value.strip_prefix("Bearer "));
    match settings.token_secret.check(site, given.unwrap_or_default(), now_ms() / 1_000) {
        Checked::Valid(conversation) => {
            answer(&json!({}), &set_cookie(site, &mint(settings, site, &conversation)))
        }
        // IDENTITY-3: no cookie says who somebody is.
        _ => Err(Problem::TOKEN_REFUSED),
    }
}

/// The cookie becomes the document's token: the chat goes on, and nothing is left in the browser.
pub(super) fn take_back(settings: &Settings, request: &Request, site: &SiteId) -> Answer {
    if !settings.is_own_page(request) {
        return Err(Problem::FOREIGN_PAGE);
    }
    let token = of_cookie(settings, request, site).map(|known| mint(settings, site, &known));
    let body = token.map_or(json!({}), |token| json!({ "token": token }));
    answer(&body, &end_cookie(site))
}

fn answer(body: &Value, cookie: &str) -> Answer {
    let mut response = Response::from_json(body)?;
    response.headers_mut().set("cache-control", "no-store")?;
    response.headers_mut().set("set-cookie", cookie)?;
    Ok(response)
}

fn of_cookie(settings: &Settings, request: &Request, site: &SiteId) -> Option<ConversationId> {
    match settings.token_secret.check(site, &cookie(request, &cookie_name(site))?, now_ms() / 1_000) {
        Checked::Valid(conversation) => Some(conversation),
        // IDENTITY-3: no cookie says who somebody is.
        _ => None,
    }
}

fn mint(settings: &Settings, site: &SiteId, conversation: &ConversationId) -> String {
    settings.token_secret.mint(site, conversation, now_ms() / 1_000)
}

pub(super) fn cookie_name(site: &SiteId) -> String {
    format!("seawall_visitor_{}", site.as_str().replace([':', '.'], "_"))
}

/// `Partitioned`: each customer's site has its own, also where third-party cookies are denied.
pub(super) fn set_cookie(site: &SiteId, token: &str) -> String {
    cookie_for(site, token, LIFE_S)
}

fn end_cookie(site: &SiteId) -> String {
    cookie_for(site, "", 0)
}

fn cookie_for(site: &SiteId, token: &str, life_s: u64) -> String {
    let name = cookie_name(site);
    format!("{name}={token}; Path=/; Max-Age={life_s}; HttpOnly; Secure; SameSite=None; Partitioned")
}

pub(super) fn new_conversation() -> ConversationId {
    ConversationId::parse(&format!("c{}", random_id())).unwrap_or_default()
}
