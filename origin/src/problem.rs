//! How a refusal is told: `application/problem+json` (RFC 9457) with a stable `code`, and a `detail` that names
//! the mend.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub detail: String,
    pub retry_after_s: Option<u64>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem { status, code, detail: detail.into(), retry_after_s: None }
    }

    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub fn unauthorized(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, code, detail)
    }

    pub fn unknown_site(site: &str) -> Problem {
        let detail =
            format!("No site is called {site:?} here. Check the name, or make it: PUT /admin/sites/….");
        Problem::new(StatusCode::NOT_FOUND, "unknown-site", detail)
    }

    /// More work than fits is waiting already.
    pub fn busy() -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too much is waiting. Try again in a second.")
            .retry_after(1)
    }

    /// The modelled database has its line full.
    pub fn overloaded(retry_after_s: u64) -> Problem {
        let detail =
            format!("Ten seconds of work wait for the database already. Try again in {retry_after_s} s.");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail).retry_after(retry_after_s)
    }

    pub fn retry_after(mut self, seconds: u64) -> Problem {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Problem {
        // What SQLite says stays in the log: it may quote a value.
        tracing::error!(%error, "the data folder failed");
        let detail = "Nothing was stored: the data folder failed. Free some space or see the origin's log.";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "storage-failed", detail).retry_after(5)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": format!("urn:seawall:problem:{}", self.code),
            "title": title(self.code),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// `unknown-site` is titled "Unknown site".
fn title(code: &str) -> String {
    let mut title = code.replace('-', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_code_as_a_sentence() {
        assert_eq!(title("unknown-site"), "Unknown site");
        assert_eq!(title(""), "");
    }
}
