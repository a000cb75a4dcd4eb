//! The visitor's token: names a conversation, signed by the edge, checked without any storage (TOKEN-1).
//! `v1.` + base64url of `{site}/{conversation}/{issued_s}` + `.` + base64url of its HMAC-SHA256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use shared::id::{ConversationId, SiteId};

/// A token slides: every page load renews it. After half a year without one it has expired.
pub const LIFE_S: u64 = 180 * 24 * 3_600;

/// The longest token that is looked at.
const MAX_BYTES: usize = 400;

#[derive(Clone)]
pub struct TokenSecret(Vec<u8>);

#[derive(Debug, PartialEq, Eq)]
pub enum Checked {
    Valid(ConversationId),
    /// Genuine, but too old: the visitor starts a new conversation.
    Expired,
    Forged,
}

impl TokenSecret {
    /// Base64 of at least 32 bytes.
    pub fn parse(text: &str) -> Option<TokenSecret> {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
        (bytes.len() >= 32).then_some(TokenSecret(bytes))
    }

    fn mac(&self, payload: &str) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(b"seawall-visitor-v1.");
        mac.update(payload.as_bytes());
        mac
    }

    pub fn mint(&self, site: &SiteId, conversation: &ConversationId, now_s: u64) -> String {
        let payload = URL_SAFE_NO_PAD.encode(format!("{site}/{conversation}/{now_s}"));
        let mac = URL_SAFE_NO_PAD.encode(self.mac(&payload).finalize().into_bytes());
        format!("v1.{payload}.{mac}")
    }

    pub fn check(&self, site: &SiteId, token: &str, now_s: u64) -> Checked {
        self.genuine(site, token).map_or(Checked::Forged, |(conversation, issued_s)| {
            if now_s < issued_s + LIFE_S { Checked::Valid(conversation) } else { Checked::Expired }
        })
    }

    fn genuine(&self, site: &SiteId, token: &str) -> Option<(ConversationId, u64)> {
        let (payload, mac) =
            token.strip_prefix("v1.").filter(|_| token.len() <= MAX_BYTES)?.split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        // Compares in constant time.
        self.mac(payload).verify_slice(&mac).ok()?;
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let mut parts = text.split('/');
        let (of, conversation, issued) = (parts.next()?, parts.next()?, parts.next()?);
        let conversation = ConversationId::parse(conversation)?;
        (of == site.as_str()).then_some((conversation, issued.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> TokenSecret {
        TokenSecret(vec![byte; 32])
    }

    #[test]
    fn token_1_a_token_opens_its_own_conversation_until_it_expires() {
        let (site, other) = (SiteId::parse("demo").unwrap(), SiteId::parse("other").unwrap());
        let conversation = ConversationId::parse("c1").unwrap();
        let token = secret(1).mint(&site, &conversation, 1_000);
        assert_eq!(secret(1).check(&site, &token, 1_000 + LIFE_S - 1), Checked::Valid(conversation));
        assert_eq!(secret(1).check(&site, &token, 1_000 + LIFE_S), Checked::Expired);
        assert_eq!(secret(1).check(&other, &token, 1_000), Checked::Forged);
        assert_eq!(secret(2).check(&site, &token, 1_000), Checked::Forged);
        for bad in ["", "v1..", "v1.a.b", &token[..token.len() - 2], &format!("{token}x"), &"x".repeat(9_000)]
        {
            assert_eq!(secret(1).check(&site, bad, 1_000), Checked::Forged, "{bad:?}");
        }
    }
}
