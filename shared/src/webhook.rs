//! Signatures after Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature` (SIGN-1).
//! `v1,` + base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

pub const ID_HEADER: &str = "webhook-id";
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// How far a timestamp may be from the receiver's clock, in seconds (the standard's own five minutes).
pub const TOLERANCE_S: u64 = 300;

/// The shared secret, written as `whsec_` + base64.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A header is missing or not readable.
    Unsigned,
    /// The timestamp is more than [`TOLERANCE_S`] away.
    Stale,
    /// The signature does not fit.
    Forged,
}

impl Refusal {
    pub fn code(self) -> &'static str {
        match self {
            Refusal::Unsigned => "unsigned",
            Refusal::Stale => "stale-signature",
            Refusal::Forged => "bad-signature",
        }
    }
}

impl Secret {
    pub fn parse(text: &str) -> Option<Secret> {
        let bytes = STANDARD.decode(text.trim().strip_prefix("whsec_")?).ok()?;
        // The standard asks for 24 to 64 bytes.
        (24..=64).contains(&bytes.len()).then_some(Secret(bytes))
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        mac
    }

    /// The value of `webhook-signature`.
    pub fn sign(&self, id: &str, timestamp_s: u64, body: &[u8]) -> String {
        format!(
            "v1,{}",
            STANDARD.encode(self.mac(id, &timestamp_s.to_string(), body).finalize().into_bytes())
        )
    }

    /// Checks the three headers against the body; any of several signatures may fit (key rotation).
    pub fn verify(
        &self,
        now_s: u64,
        id: Option<&str>,
        timestamp: Option<&str>,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<(), Refusal> {
        let (Some(id), Some(timestamp), Some(signature)) = (id, timestamp, signature) else {
            return Err(Refusal::Unsigned);
        };
        let timestamp_s: u64 = timestamp.parse().map_err(|_| Refusal::Unsigned)?;
        let fits = signature
            .split_ascii_whitespace()
            .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
            // `verify_slice` compares in constant time.
            .any(|given| self.mac(id, timestamp, body).verify_slice(&given).is_ok());
        if !fits {
            return Err(Refusal::Forged);
        }
        // The age is looked at last: whoever cannot sign learns nothing about our clock.
        if timestamp_s.abs_diff(now_s) > TOLERANCE_S {
            return Err(Refusal::Stale);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
    }

    #[test]
    fn the_standards_own_example_is_reproduced() {
        let signature =
            secret().sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn sign_1_only_a_fresh_signature_of_this_body_passes() {
        let (id, body) = ("msg", b"{}".as_slice());
        let good = secret().sign(id, 1_000, body);
        let check = |now, id, stamp, sig, body| secret().verify(now, id, stamp, sig, body);
        assert_eq!(check(1_300, Some(id), Some("1000"), Some(&good), body), Ok(()));
        assert_eq!(check(1_301, Some(id), Some("1000"), Some(&good), body), Err(Refusal::Stale));
        assert_eq!(check(699, Some(id), Some("1000"), Some(&good), body), Err(Refusal::Stale));
        assert_eq!(check(1_000, Some(id), Some("1000"), Some(&good), b"[]"), Err(Refusal::Forged));
        assert_eq!(check(1_000, Some("other"), Some("1000"), Some(&good), body), Err(Refusal::Forged));
        assert_eq!(check(1_000, Some(id), Some("1000"), None, body), Err(Refusal::Unsigned));
        assert_eq!(check(1_000, Some(id), Some("soon"), Some(&good), body), Err(Refusal::Unsigned));
        // The timestamp as it was written: the same number in another form was not signed.
        for other in ["+1000", "01000"] {
            assert_eq!(check(1_000, Some(id), Some(other), Some(&good), body), Err(Refusal::Forged));
        }
        let two = format!("v1,AAAA {good}");
        assert_eq!(check(1_000, Some(id), Some("1000"), Some(&two), body), Ok(()));
    }
}
