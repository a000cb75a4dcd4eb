//! How often a password may be guessed, per e-mail address. Kept in memory: a restart forgives, which costs an
//! attacker more than it gives.

use std::collections::HashMap;

use shared::Millis;

/// Failures in a row before the wait.
const ALLOWED: u32 = 10;
/// One more try every 30 s after that: 2,880 a day.
const REGAIN_MS: Millis = 30_000;
/// Addresses remembered. When full, the one that failed longest ago is forgotten.
const MAX_ADDRESSES: usize = 10_000;

#[derive(Default)]
pub struct Guesses {
    by_email: HashMap<String, Failures>,
}

struct Failures {
    count: u32,
    /// When the count last changed.
    at: Millis,
}

impl Guesses {
    /// Counts a try, or tells how long the address must wait for its next one. A try counts as failed until
    /// [`Guesses::succeeded`] says otherwise: a hundred at the same time are a hundred.
    pub fn attempt(&mut self, email: &str, now: Millis) -> Result<(), Millis> {
        if let Some(failures) = self.by_email.get(email)
            && failures.left(now) >= ALLOWED
        {
            return Err(REGAIN_MS - now.saturating_sub(failures.at) % REGAIN_MS);
        }
        if !self.by_email.contains_key(email) && self.by_email.len() >= MAX_ADDRESSES {
            self.make_room(now);
        }
        let failures = self.by_email.entry(email.to_owned()).or_insert(Failures { count: 0, at: now });
        *failures = Failures { count: failures.left(now) + 1, at: now };
        Ok(())
    }

    pub fn succeeded(&mut self, email: &str) {
        self.by_email.remove(email);
    }

    /// The try was not looked at.
    pub fn undecided(&mut self, email: &str) {
        if let Some(failures) = self.by_email.get_mut(email) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    fn make_room(&mut self, now: Millis) {
        self.by_email.retain(|_, failures| failures.left(now) > 0);
        if self.by_email.len() >= MAX_ADDRESSES {
            let oldest = self.by_email.iter().min_by_key(|(_, failures)| failures.at);
            if let Some(email) = oldest.map(|(email, _)| email.clone()) {
                self.by_email.remove(&email);
            }
        }
    }
}

impl Failures {
    fn left(&self, now: Millis) -> u32 {
        let regained = now.saturating_sub(self.at) / REGAIN_MS;
        self.count.saturating_sub(u32::try_from(regained).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_make_an_address_wait_and_one_try_is_regained_every_half_minute() {
        let mut guesses = Guesses::default();
        for _ in 0..10 {
            assert_eq!(guesses.attempt("a", 0), Ok(()));
        }
        assert_eq!(guesses.attempt("a", 0), Err(30_000));
        assert_eq!(guesses.attempt("a", 29_000), Err(1_000));
        assert_eq!(guesses.attempt("b", 0), Ok(()));
        assert_eq!(guesses.attempt("a", 30_000), Ok(()));
        assert_eq!(guesses.attempt("a", 30_001), Err(29_999));
        guesses.undecided("a");
        assert_eq!(guesses.attempt("a", 30_002), Ok(()));
        guesses.succeeded("a");
        assert_eq!(guesses.attempt("a", 30_003), Ok(()));
    }

    #[test]
    fn a_flood_of_addresses_is_bounded() {
        let mut guesses = Guesses::default();
        for n in 0..MAX_ADDRESSES as u64 + 5 {
            guesses.attempt(&format!("{n}@x"), n).unwrap();
        }
        assert_eq!(guesses.by_email.len(), MAX_ADDRESSES);
        assert!(!guesses.by_email.contains_key("0@x"));
    }
}
