//! What an origin is started with. Secrets come from the environment only: arguments show up in process lists.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use shared::webhook::Secret;

use crate::bearer::AdminToken;
use crate::capacity::PerSecond;
use crate::carrier::Pace;

pub const SECRET: &str = "SEAWALL_ORIGIN_SECRET";
pub const ADMIN_TOKEN: &str = "SEAWALL_ORIGIN_ADMIN_TOKEN";

#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub data: PathBuf,
    /// Where replies go: `{edge}/v1/events`.
    pub edge: Edge,
    pub secret: Secret,
    /// Without it the admin routes answer 403 `admin-disabled`.
    pub admin: Option<AdminToken>,
    /// Make the demo account where it is missing.
    pub demo: bool,
    /// What the modelled database does per second; without it nobody waits for it.
    pub capacity: Option<PerSecond>,
    /// How long the outbox waits after a failure.
    pub pace: Pace,
}

impl Config {
    pub fn new(listen: SocketAddr, data: PathBuf, edge: Edge, secret: Secret) -> Config {
        Config {
            listen,
            data,
            edge,
            secret,
            admin: None,
            demo: false,
            capacity: None,
            pace: Pace { first: Duration::from_secs(1), longest: Duration::from_secs(30) },
        }
    }
}

/// The edge's address, checked once.
#[derive(Clone, Debug)]
pub struct Edge(Url);

impl Edge {
    pub fn parse(text: &str) -> Result<Edge, String> {
        let mut url = Url::parse(text).map_err(|e| format!("{e}; write it as http://127.0.0.1:8787"))?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err("an http or https address without a query, as http://127.0.0.1:8787".into());
        }
        let path = format!("{}/v1/events", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Edge(url))
    }

    pub fn events(&self) -> Url {
        self.0.clone()
    }

    /// Where the edge serves the demonstration's pages, as a browser writes it in `Origin`: the edge itself may be called
    /// `localhost`, but the demonstration is another site (`edge/src/worker/route.rs`).
    pub fn demo_page(&self) -> String {
        let mut url = self.0.clone();
        if matches!(url.host_str(), Some("localhost" | "[::1]")) {
            // An address is a valid host, so this cannot fail.
            let _ = url.set_host(Some("127.0.0.1"));
        }
        url.origin().ascii_serialization()
    }
}

/// A secret from the environment that is missing or malformed. Its text never repeats the value.
#[derive(Debug, PartialEq, Eq)]
pub enum BadEnvironment {
    NoSecret,
    MalformedSecret,
}

impl std::error::Error for BadEnvironment {}

impl fmt::Display for BadEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match self {
            BadEnvironment::NoSecret => "is not set",
            BadEnvironment::MalformedSecret => "is malformed",
        };
        write!(
            f,
            "{SECRET} {found}. Set it to the secret that the edge has: whsec_ and 24 to 64 random bytes in base64, \
             as from: echo whsec_$(openssl rand -base64 32)"
        )
    }
}

/// The two secrets, taken from `lookup` (the environment, or a test's table).
pub fn secrets(
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<(Secret, Option<AdminToken>), BadEnvironment> {
    let secret = lookup(SECRET).filter(|text| !text.is_empty()).ok_or(BadEnvironment::NoSecret)?;
    let secret = Secret::parse(&secret).ok_or(BadEnvironment::MalformedSecret)?;
    let admin = lookup(ADMIN_TOKEN).filter(|text| !text.is_empty()).map(|token| AdminToken::new(&token));
    Ok((secret, admin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_malformed_secret_is_named_and_its_value_is_not_told() {
        assert_eq!(secrets(|_| None).err(), Some(BadEnvironment::NoSecret));
        let malformed = secrets(|_| Some("hunter2".into())).err().unwrap();
        assert_eq!(malformed, BadEnvironment::MalformedSecret);
        assert!(!malformed.to_string().contains("hunter2"));
        assert!(malformed.to_string().contains(SECRET));
    }

    #[test]
    fn the_demonstration_lives_on_a_host_of_its_own() {
        let page = |text| Edge::parse(text).map(|edge| edge.demo_page());
        assert_eq!(page("http://localhost:8787").unwrap(), "http://127.0.0.1:8787");
        assert_eq!(page("http://[::1]:8787").unwrap(), "http://127.0.0.1:8787");
        assert_eq!(page("https://chat.example/edge/").unwrap(), "https://chat.example");
    }

    #[test]
    fn the_edge_may_live_under_a_path_and_must_speak_http() {
        let events = |text| Edge::parse(text).map(|edge| edge.events().to_string());
        assert_eq!(events("http://127.0.0.1:8787").unwrap(), "http://127.0.0.1:8787/v1/events");
        assert_eq!(events("https://chat.example/edge/").unwrap(), "https://chat.example/edge/v1/events");
        assert!(events("ftp://chat.example").is_err());
        assert!(events("127.0.0.1:8787").is_err());
    }
}
