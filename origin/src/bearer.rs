//! Who is asking, by a bearer token: an administrator of the origin, or an agent with a JWT.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config;
use crate::problem::Problem;
use crate::server::Origin;

/// The admin token, kept as its hash: equal lengths compare in constant time, and a dump of memory has no token.
#[derive(Clone)]
pub struct AdminToken([u8; 32]);

impl AdminToken {
    pub fn new(token: &str) -> AdminToken {
        AdminToken(Sha256::digest(token).into())
    }

    fn fits(&self, given: &str) -> bool {
        AdminToken::new(given).0.ct_eq(&self.0).into()
    }
}

/// Proof that the request carries the admin token.
pub struct Admin;

impl FromRequestParts<Arc<Origin>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, origin: &Arc<Origin>) -> Result<Admin, Problem> {
        let Some(token) = &origin.admin else {
            let detail =
                format!("This origin has no admin token. Set {} and start it again.", config::ADMIN_TOKEN);
            return Err(Problem::forbidden("admin-disabled", detail));
        };
        match bearer(&parts.headers) {
            Some(given) if token.fits(given) => Ok(Admin),
            _ => Err(Problem::unauthorized("bad-token", "Send the admin token: Authorization: Bearer ….")),
        }
    }
}

pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_fits() {
        let token = AdminToken::new("right");
        assert!(token.fits("right"));
        assert!(!token.fits("righ") && !token.fits("") && !token.fits("right "));
    }
}
