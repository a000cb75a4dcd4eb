//! Errors as `application/problem+json`: a code for programs, a sentence that names the mend for people.

use serde_json::json;
use shared::close::CloseCode;
use worker::{Response, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: u16,
    pub(super) code: &'static str,
    detail: &'static str,
    retry_after_s: u32,
}

const fn problem(status: u16, code: &'static str, detail: &'static str) -> Problem {
    Problem { status, code, detail, retry_after_s: 0 }
}

impl Problem {
    /// The same, to be asked again after so long.
    pub(super) fn after_ms(self, retry_after_ms: u64) -> Problem {
        Problem { retry_after_s: retry_after_ms.div_ceil(1_000).clamp(1, 3_600) as u32, ..self }
    }

    pub(super) const NOT_FOUND: Problem = problem(404, "not-found", "There is nothing at this address.");
    pub(super) const METHOD: Problem =
        problem(405, "method-not-allowed", "This address takes another method.");
    pub(super) const UNKNOWN_SITE: Problem = problem(
        404,
        "unknown-site",
        "The chat company knows no such site. Check data-site in the script tag.",
    );
    pub(super) const SITE_NOT_KNOWN_YET: Problem = Problem {
        retry_after_s: 5,
        ..problem(
            503,
            "site-not-known-yet",
            "The chat company's server cannot be reached to ask for this site.",
        )
    };
    pub(super) const TOO_MANY_UNKNOWN_SITES: Problem = problem(
        429,
        "too-many-unknown-sites",
        "Too many ask for sites that are not known here. Try again later; check data-site in the script tag.",
    );
    pub(super) const EDGE_ERROR: Problem = Problem {
        retry_after_s: 2,
        ..problem(503, "edge-error", "The edge could not do this now. Try again.")
    };
    pub(super) const UPGRADE_REQUIRED: Problem =
        problem(426, "upgrade-required", "This address is a WebSocket: send the upgrade headers.");
    pub(super) const FOREIGN_PAGE: Problem =
        problem(403, "foreign-page", "Requests from this page's origin are not taken here.");
    pub(super) const NOT_THE_CONSOLE: Problem =
        problem(403, "not-the-console", "Agents are served on the console's own host name only.");
    pub(super) const TOKEN_REFUSED: Problem = problem(
        401,
        "token-refused",
        "A visitor's token is needed, in its cookie or as a bearer token. Is it of this site, and not expired?",
    );
    pub(super) const IDENTITY_REFUSED: Problem = problem(
        401,
        "identity-refused",
        "The token must be a JWT that the site's server has signed (HS256) with the site's identity secret, with sub, \
         aud (the site's id) and exp (24 hours ahead at most).",
    );
    pub(super) const IDENTITY_EXPIRED: Problem =
        problem(401, "identity-expired", "The token has expired. Ask the site's server for a new one.");
    pub(super) const IDENTITY_OFF: Problem = problem(
        403,
        "identity-off",
        "This site has no identity secret: set one in its settings, and sign with it.",
    );
    pub(super) const NOT_THE_OPERATOR: Problem =
        problem(401, "not-the-operator", "Send the operator's token: Authorization: Bearer …");
    pub(super) const NOT_A_MODE: Problem = problem(
        400,
        "not-a-mode",
        "Send {\"mode\": \"normal\", \"degraded\", \"chatting-only\" or \"holding\", \"reason\": at most 200 characters, \
         \"expires_in_s\": 1 to 86400}.",
    );
    pub(super) const LOGIN_REQUIRED: Problem = problem(401, "login-required", "Log in first.");
    pub(super) const FOREIGN_SITE: Problem =
        problem(403, "not-of-this-site", "This agent does not answer for this site.");
    pub(super) const ORIGIN_UNREACHABLE: Problem = Problem {
        retry_after_s: 5,
        ..problem(
            503,
            "origin-unreachable",
            "New log-ins are not possible now. Whoever is logged in goes on.",
        )
    };
    pub(super) const ORIGIN_BUSY: Problem = Problem {
        retry_after_s: 5,
        ..problem(
            503,
            "origin-busy",
            "New log-ins have to wait: accounts are slow now. Whoever is logged in goes on.",
        )
    };
    pub(super) const TOO_MANY_CONVERSATIONS: Problem = problem(
        429,
        "too-many-conversations",
        "Too many conversations were forgotten from this address. Try again later.",
    );
    pub(super) const TOO_LARGE: Problem = problem(413, "too-large", "The body is over this address's limit.");
    pub(super) const TOO_SLOW: Problem =
        problem(408, "too-slow", "The body took longer than 15 seconds. Send it again.");
    pub(super) const NOT_A_BATCH: Problem =
        problem(400, "not-a-batch", "The body must be a JSON array of at most 50 CloudEvents.");
    pub(super) const UNSIGNED: Problem =
        problem(401, "unsigned", "webhook-id, webhook-timestamp and webhook-signature are needed.");
    pub(super) const STALE_SIGNATURE: Problem = problem(
        401,
        "stale-signature",
        "The timestamp is more than five minutes off. Sign again; check the clocks.",
    );
    pub(super) const BAD_SIGNATURE: Problem = problem(
        401,
        "bad-signature",
        "The signature does not fit the body. Do both sides have the same secret?",
    );
    pub(super) const NOT_CONFIGURED: Problem = problem(
        500,
        "edge-not-configured",
        "A SEAWALL_ variable is missing or malformed; the worker's log names it.",
    );

    pub(super) fn response(self) -> Result<Response> {
        let Problem { status, code, detail, retry_after_s } = self;
        let body = json!({
            "type": format!("https://seawall.example/problems/{code}"),
            "title": code.replace('-', " "),
            "status": status,
            "code": code,
            "detail": detail,
        });
        let mut response = Response::builder()
            .with_status(status)
            .with_header("content-type", "application/problem+json")?
            .with_header("cache-control", "no-store")?;
        if retry_after_s > 0 {
            response = response.with_header("retry-after", &retry_after_s.to_string())?;
        }
        Ok(response.fixed(body.to_string().into_bytes()))
    }

    /// The same for a WebSocket, where a browser sees no HTTP status (CLOSE-1).
    pub(super) fn close_code(self) -> CloseCode {
        match self {
            Problem::UNKNOWN_SITE => CloseCode::UNKNOWN_SITE,
            Problem::SITE_NOT_KNOWN_YET => CloseCode::SITE_NOT_KNOWN_YET,
            Problem::FOREIGN_PAGE | Problem::NOT_THE_CONSOLE | Problem::FOREIGN_SITE => {
                CloseCode::FOREIGN_PAGE
            }
            Problem::LOGIN_REQUIRED => CloseCode::LOGIN_REQUIRED,
            Problem { code: "too-many-unknown-sites", .. } => CloseCode::TOO_MANY_LINKS,
            _ => CloseCode::EDGE_ERROR,
        }
    }

    pub(super) fn retry_after_ms(self) -> u64 {
        u64::from(self.retry_after_s) * 1_000
    }
}
