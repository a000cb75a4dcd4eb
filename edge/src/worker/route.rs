//! What is asked, parsed once.

use shared::id::SiteId;
use worker::Method;

use super::problem::Problem;
use super::settings::Settings;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Asset {
        path: String,
    },
    Redirect {
        to: String,
    },
    Frame {
        site: SiteId,
    },
    Console,
    Ready {
        site: SiteId,
    },
    Status,
    StatusPage,
    /// The state in the shape of a Statuspage.
    Summary,
    Metrics,
    Forget {
        site: SiteId,
    },
    /// The visitor's cookie, set where something may be stored now, or taken back.
    Visitor {
        site: SiteId,
        keep: bool,
    },
    /// Who a visitor is, in the word of the site's server.
    Identity {
        site: SiteId,
    },
    /// The operator's word on a site's mode, given or taken back.
    Mode {
        site: SiteId,
        back: bool,
    },
    VisitorLink {
        site: SiteId,
    },
    AgentLink {
        site: SiteId,
    },
    Login {
        site: SiteId,
    },
    Renew {
        site: SiteId,
    },
    Logout,
    Me {
        site: SiteId,
    },
    Events,
}

impl Route {
    pub(super) fn parse(method: &Method, path: &str, settings: &Settings) -> Result<Route, Problem> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let route = match (method, &parts[..]) {
            (Method::Post, ["v1", "events"]) => Route::Events,
            (Method::Post, ["v1", "sites", site, "agents", "login"]) => Route::Login { site: site_id(site)? },
            (Method::Post, ["v1", "sites", site, "agents", "renew"]) => Route::Renew { site: site_id(site)? },
            (Method::Post, ["v1", "sites", _, "agents", "logout"]) => Route::Logout,
            (Method::Get, ["v1", "sites", site, "agents", "me"]) => Route::Me { site: site_id(site)? },
            (Method::Get | Method::Post | Method::Delete, ["v1", "sites", site, "agents", "link"]) => {
                Route::AgentLink { site: site_id(site)? }
            }
            (Method::Get | Method::Post | Method::Delete, ["v1", "sites", site, "link"]) => {
                Route::VisitorLink { site: site_id(site)? }
            }
            (Method::Get, ["v1", "sites", site, "ready"]) => Route::Ready { site: site_id(site)? },
            (Method::Delete, ["v1", "sites", site, "conversation"]) => Route::Forget { site: site_id(site)? },
            (Method::Put, ["v1", "sites", site, "visitor"]) => {
                Route::Visitor { site: site_id(site)?, keep: true }
            }
            (Method::Delete, ["v1", "sites", site, "visitor"]) => {
                Route::Visitor { site: site_id(site)?, keep: false }
            }
            (Method::Post, ["v1", "sites", site, "identity"]) => Route::Identity { site: site_id(site)? },
            (Method::Put, ["v1", "sites", site, "mode"]) => Route::Mode { site: site_id(site)?, back: false },
            (Method::Delete, ["v1", "sites", site, "mode"]) => {
                Route::Mode { site: site_id(site)?, back: true }
            }
            (Method::Get, ["v1", "status"]) => Route::Status,
            (Method::Get, ["metrics"]) => Route::Metrics,
            (_, ["v1", ..]) => return Err(Problem::NOT_FOUND),
            (Method::Get | Method::Head, _) => return Route::page(path, &parts, settings),
            _ => return Err(Problem::METHOD),
        };
        Ok(route)
    }

    fn page(path: &str, parts: &[&str], settings: &Settings) -> Result<Route, Problem> {
        let route = match parts {
            // The console lives on its own host, where the agents' cookie counts.
            [""] if settings.is_console() => Route::Console,
            [""] => Route::Redirect { to: demo(settings) },
            ["console"] | ["console", ""] => {
                Route::Redirect { to: format!("{}/", settings.origin_of(&settings.console_host)) }
            }
            ["status"] => Route::Redirect { to: format!("{}/status/", settings.origin_of(&settings.host)) },
            ["status", ""] => Route::StatusPage,
            ["status", "api", "v2", "summary.json"] => Route::Summary,
            // The demo is a customer's page: another site than the edge's.
            ["demo"] => Route::Redirect { to: demo(settings) },
            ["demo", ..] if settings.host == settings.edge_host && settings.edge_host == "localhost" => {
                Route::Redirect { to: format!("{}{path}", settings.origin_of("127.0.0.1")) }
            }
            // A name with a dot is a file; a site's id has none.
            ["frame", site] if !site.is_empty() && !site.contains('.') => {
                Route::Frame { site: site_id(site)? }
            }
            _ => Route::Asset { path: asset_path(path)? },
        };
        Ok(route)
    }
}

fn demo(settings: &Settings) -> String {
    let host = if settings.edge_host == "localhost" { "127.0.0.1" } else { &settings.host };
    format!("{}/demo/", settings.origin_of(host))
}

fn site_id(text: &str) -> Result<SiteId, Problem> {
    // In a URL a site's id has no dot (that is a file) and no colon.
    SiteId::parse(text).filter(|_| !text.contains(['.', ':'])).ok_or(Problem::UNKNOWN_SITE)
}

/// Only plain names: no empty part, nothing that climbs, no folder but by its index page.
fn asset_path(path: &str) -> Result<String, Problem> {
    let name = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let path = if path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    // The documents of frame, console and status are served with their own policies, not as files.
    let document = path.ends_with(".html") && !path.starts_with("/demo/");
    let fits = !document
        && path.split('/').skip(1).all(name)
        && path.rsplit('/').next().is_some_and(|file| file.contains('.'));
    if fits { Ok(path) } else { Err(Problem::NOT_FOUND) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_a_plain_file_name_and_never_climbs() {
        assert_eq!(asset_path("/seawall.js"), Ok("/seawall.js".into()));
        assert_eq!(asset_path("/demo/"), Ok("/demo/index.html".into()));
        for bad in [
            "/..",
            "/a/../b.js",
            "/.git/config",
            "/a//b.js",
            "/%2e%2e/x.js",
            "/widget",
            "/a\\b.js",
            "/console/index.html",
            "/status/index.html",
        ] {
            assert_eq!(asset_path(bad), Err(Problem::NOT_FOUND), "{bad}");
        }
    }
}
