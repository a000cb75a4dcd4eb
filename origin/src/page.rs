//! The page `/demo/outage/`, which asks this origin straight from a browser: which page that is, what its browser needs to
//! know (CORS), and whose requests have come. Only with `origin demo`; any other origin answers no page.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, options};
use axum::{Json, Router};
use serde::Serialize;

use crate::bearer::Admin;
use crate::config::Edge;
use crate::problem::Problem;
use crate::server::Origin;

pub struct Page {
    /// As the page's browser writes it in `Origin`.
    site_origin: HeaderValue,
    naive: AtomicU64,
    edge: AtomicU64,
}

impl Page {
    /// The page is served by the edge, on the demonstration's own host.
    pub fn of(edge: &Edge) -> Option<Page> {
        let site_origin = HeaderValue::from_str(&edge.demo_page()).ok()?;
        Some(Page { site_origin, naive: AtomicU64::new(0), edge: AtomicU64::new(0) })
    }

    /// A request has reached the origin, whatever becomes of it. Returns the page that may read the answer.
    pub fn came(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<HeaderValue> {
        let count = match Caller::of(path).filter(|_| method != Method::OPTIONS) {
            Some(Caller::Naive) => Some(&self.naive),
            Some(Caller::Edge) => Some(&self.edge),
            None => None,
        };
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
        (headers.get(header::ORIGIN) == Some(&self.site_origin)).then(|| self.site_origin.clone())
    }
}

/// Who causes load: the two sides that the page compares. What page, tests and people ask for is counted for nobody.
#[derive(Debug, PartialEq, Eq)]
enum Caller {
    Naive,
    Edge,
}

impl Caller {
    fn of(path: &str) -> Option<Caller> {
        let mut parts = path.trim_start_matches('/').split('/');
        match (parts.next().unwrap_or(""), parts.nth(1)) {
            ("naive", _) => Some(Caller::Naive),
            // A reply written in the origin comes from an administrator.
            ("sites", Some("conversations")) => None,
            ("events" | "sites" | ".well-known", _) => Some(Caller::Edge),
            _ => None,
        }
    }
}

/// Says to the browser that this page may read the answer.
pub fn let_read(page: HeaderValue, response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page);
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
}

/// Proof that no other page's browser asks. Somebody without a browser may.
pub struct NoOtherPage;

impl FromRequestParts<Arc<Origin>> for NoOtherPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, origin: &Arc<Origin>) -> Result<NoOtherPage, Problem> {
        let page = origin.page.as_ref().map(|page| &page.site_origin);
        match parts.headers.get(header::ORIGIN) {
            Some(asking) if Some(asking) != page => {
                let detail = "Only the demonstration's own page may do this from a browser.";
                Err(Problem::forbidden("foreign-page", detail))
            }
            _ => Ok(NoOtherPage),
        }
    }
}

/// What the page needs besides the naive chat. Its browser asks before it sends a token.
pub fn routes(router: Router<Arc<Origin>>) -> Router<Arc<Origin>> {
    ["/faults", "/load", "/ledger/{site}/messages"]
        .into_iter()
        .fold(router, |router, path| router.route(path, options(preflight)))
        .route("/callers", get(callers).options(preflight))
}

/// Allowed for any page; without [`let_read`] its browser does not go on.
pub async fn preflight() -> (StatusCode, [(HeaderName, &'static str); 3]) {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization"),
        // Seconds: as long as Chromium remembers it at most is two hours.
        (header::ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    (StatusCode::NO_CONTENT, headers)
}

#[derive(Serialize)]
pub struct Callers {
    naive: u64,
    edge: u64,
}

/// `GET /callers`: requests since the start, also those that a fault has swallowed.
async fn callers(_: Admin, State(origin): State<Arc<Origin>>) -> Json<Callers> {
    let of = |count: fn(&Page) -> &AtomicU64| {
        origin.page.as_ref().map_or(0, |page| count(page).load(Ordering::Relaxed))
    };
    Json(Callers { naive: of(|page| &page.naive), edge: of(|page| &page.edge) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_is_counted_by_its_paths_and_nobody_else_is() {
        for (path, caller) in [
            ("/naive/c1/messages", Some(Caller::Naive)),
            ("/naive/c1/replies", Some(Caller::Naive)),
            ("/events", Some(Caller::Edge)),
            ("/sites/demo", Some(Caller::Edge)),
            ("/sites/demo/agents/login", Some(Caller::Edge)),
            ("/.well-known/jwks.json", Some(Caller::Edge)),
            ("/sites/demo/conversations/c1/replies", None),
            ("/faults", None),
            ("/callers", None),
            ("/health", None),
            ("/", None),
        ] {
            assert_eq!(Caller::of(path), caller, "{path}");
        }
    }
}
