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
    /// How long the address must wait before its next try; nothing where it may try now.
    pub fn wait_ms(&self, email: &str, now: Millis) -> Option<Millis> {
        let failures = self.by_email.get(email)?;
        (failures.left(now) >= ALLOWED).then(|| REGAIN_MS - now.saturating_sub(failures.at) % REGAIN_MS)
    }

    pub fn failed(&mut self, email: &str, now: Millis) {
        if !self.by_email.contains_key(email) && self.by_email.len() >= MAX_ADDRESSES {
            self.make_room(now);
        }
        let failures = self.by_email.entry(email.to_owned()).or_insert(Failures { count: 0, at: now });
        *failures = Failures { count: (failures.left(now) + 1).min(ALLOWED), at: now };
    }

    pub fn succeeded(&mut self, email: &str) {
        self.by_email.remove(email);
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
            assert_eq!(guesses.wait_ms("a", 0), None);
            guesses.failed("a", 0);
        }
        assert_eq!(guesses.wait_ms("a", 0), Some(30_000));
        assert_eq!(guesses.wait_ms("a", 29_000), Some(1_000));
        assert_eq!(guesses.wait_ms("b", 0), None);
        assert_eq!(guesses.wait_ms("a", 30_000), None);
        guesses.failed("a", 30_000);
        assert_eq!(guesses.wait_ms("a", 30_001), Some(29_999));
        guesses.succeeded("a");
        assert_eq!(guesses.wait_ms("a", 30_002), None);
    }

    #[test]
    fn a_flood_of_addresses_is_bounded() {
        let mut guesses = Guesses::default();
        for n in 0..MAX_ADDRESSES as u64 + 5 {
            guesses.failed(&format!("{n}@x"), n);
        }
        assert_eq!(guesses.by_email.len(), MAX_ADDRESSES);
        assert!(!guesses.by_email.contains_key("0@x"));
    }
}
