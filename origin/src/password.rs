//! Passwords: argon2id, off the async threads, few at a time. Each needs 19 MiB and some 20 ms of a core.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use axum::http::StatusCode;
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// Hashed at the same time.
const AT_ONCE: usize = 2;
/// Hashed or waiting for it: about a second's worth. More is refused as `busy`.
const ADMITTED: usize = 64;

pub struct Passwords {
    admitted: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
    /// What an unknown address is checked against, so that it takes as long as a known one.
    decoy: String,
}

impl Passwords {
    pub fn new() -> Result<Passwords, Problem> {
        Ok(Passwords {
            admitted: Arc::new(Semaphore::new(ADMITTED)),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            decoy: hash("nobody has this password")?,
        })
    }

    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        self.work(move || hash(&password)).await?
    }

    /// Whether the password fits; without a hash the answer is no, after the same work.
    pub async fn fits(&self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let fits = move || Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok();
        Ok(self.work(fits).await? && known)
    }

    /// The permits go along with the work: a caller who hangs up does not make room for more.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| Problem::busy())?;
        let turn = self.at_once.clone().acquire_owned().await.map_err(|_| Problem::busy())?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((turn, admitted));
            result
        });
        done.await.map_err(|_| Problem::busy())
    }
}

fn hash(password: &str) -> Result<String, Problem> {
    Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|error| {
        tracing::error!(%error, "a password could not be hashed");
        let detail = "The password could not be hashed. See the origin's log.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_agent_fits() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("right".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.fits("right".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.fits("wrong".into(), Some(hash)).await.unwrap());
        assert!(!passwords.fits("nobody has this password".into(), None).await.unwrap());
    }
}
