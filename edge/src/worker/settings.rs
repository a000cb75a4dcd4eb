//! What the environment and the request's own host say.

use futures_util::StreamExt;
use js_sys::Reflect;
use shared::Millis;
use shared::webhook::Secret;
use subtle::ConstantTimeEq;
use wasm_bindgen::JsValue;
use worker::{Env, Request, console_error};

use crate::admission::{address_of, public_address_of};
use crate::durable::{variable_if_any, within};
use crate::token::TokenSecret;

use super::problem::Problem;

/// Who takes longer to say a body is not waited for: as long as a link may take to open (LINK-2).
const BODY_LIMIT_MS: Millis = 15_000;

pub(super) struct Settings {
    /// Host name without port. URLs are built from the request's own host, so that a proxy on another port works.
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) scheme: String,
    /// The host name that serves agents; their cookie counts nowhere else.
    pub(super) console_host: String,
    pub(super) edge_host: String,
    pub(super) token_secret: TokenSecret,
    pub(super) origin_secret: Secret,
    /// The header in which what stands in front of us names the client's address; without one, the connection's own counts
    /// where it is a public one.
    address_header: Option<String>,
    operator_token: Option<String>,
}

impl Settings {
    pub(super) fn of(env: &Env, request: &Request) -> Result<Settings, Problem> {
        let url = request.url().map_err(|_| Problem::NOT_FOUND)?;
        Ok(Settings {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port(),
            scheme: url.scheme().to_owned(),
            console_host: variable(env, "SEAWALL_CONSOLE_HOST")?,
            edge_host: variable(env, "SEAWALL_EDGE_HOST")?,
            token_secret: parsed(env, "SEAWALL_TOKEN_SECRET", TokenSecret::parse)?,
            origin_secret: parsed(env, "SEAWALL_ORIGIN_SECRET", Secret::parse)?,
            address_header: variable_if_any(env, "SEAWALL_ADDRESS_HEADER"),
            operator_token: variable_if_any(env, "SEAWALL_OPERATOR_TOKEN"),
        })
    }

    pub(super) fn is_console(&self) -> bool {
        self.host == self.console_host
    }

    /// What limits count by (LIMIT-1); empty where nobody knows.
    pub(super) fn address_of(&self, request: &Request) -> String {
        match &self.address_header {
            Some(name) => address_of(&header(request, name).unwrap_or_default()),
            None => public_address_of(&connection_address(request).unwrap_or_default()),
        }
    }

    /// Whether the bearer token is the operator's; compared in constant time.
    pub(super) fn is_operator(&self, request: &Request) -> bool {
        let bearer = header(request, "authorization");
        let given = bearer.as_deref().and_then(|value| value.strip_prefix("Bearer "));
        match (given, &self.operator_token) {
            (Some(given), Some(token)) => given.as_bytes().ct_eq(token.as_bytes()).into(),
            _ => false,
        }
    }

    /// The page origin of a host on our port, as a browser writes it.
    pub(super) fn origin_of(&self, host: &str) -> String {
        match self.port {
            Some(port) => format!("{}://{host}:{port}", self.scheme),
            None => format!("{}://{host}", self.scheme),
        }
    }

    /// Whether a request's `Origin` header is this host itself.
    pub(super) fn is_own_page(&self, request: &Request) -> bool {
        header(request, "origin").is_some_and(|origin| origin == self.origin_of(&self.host))
    }
}

/// workerd and Cloudflare tell it beside the request, where no client can write it.
fn connection_address(request: &Request) -> Option<String> {
    let cf = Reflect::get(request.inner(), &"cf".into()).ok().filter(JsValue::is_object)?;
    Reflect::get(&cf, &"clientIp".into()).ok()?.as_string()
}

fn variable(env: &Env, name: &'static str) -> Result<String, Problem> {
    variable_if_any(env, name).ok_or_else(|| {
        console_error!("{name} is not set");
        Problem::NOT_CONFIGURED
    })
}

fn parsed<T>(env: &Env, name: &'static str, parse: fn(&str) -> Option<T>) -> Result<T, Problem> {
    parse(&variable(env, name)?).ok_or_else(|| {
        // The value is a secret: only its name is told.
        console_error!("{name} has not the right form");
        Problem::NOT_CONFIGURED
    })
}

pub(super) fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}

/// The body, read no further than the limit and for no longer than [`BODY_LIMIT_MS`].
pub(super) async fn body_within(request: &mut Request, limit: usize) -> Result<Vec<u8>, Problem> {
    let declared = header(request, "content-length").and_then(|length| length.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > limit) {
        return Err(Problem::TOO_LARGE);
    }
    within(BODY_LIMIT_MS, read(request, limit)).await.unwrap_or(Err(Problem::TOO_SLOW))
}

async fn read(request: &mut Request, limit: usize) -> Result<Vec<u8>, Problem> {
    if request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    let (mut chunks, mut body) = (request.stream()?, Vec::new());
    while let Some(chunk) = chunks.next().await {
        body.extend(chunk?);
        if body.len() > limit {
            return Err(Problem::TOO_LARGE);
        }
    }
    Ok(body)
}

/// One cookie of the request.
pub(super) fn cookie(request: &Request, name: &str) -> Option<String> {
    let cookies = header(request, "cookie")?;
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}
