//! The visitor's token: names a conversation, signed by the edge, checked without any storage (TOKEN-1).
//! `v1.` + base64url of `{site}/{conversation}/{issued_s}` + `.` + base64url of its HMAC-SHA256. That of a visitor for whom
//! the site's server has vouched (IDENTITY-2) begins with `i1.` and holds `{site}/{conversation}/{until_s}/{name}`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use shared::id::{ConversationId, SiteId};

use crate::identity::Identity;

/// A token slides: every page load renews it. After half a year without one it has expired.
pub const LIFE_S: u64 = 180 * 24 * 3_600;

/// The longest token that is looked at: a name of 100 characters may take 400 bytes.
const MAX_BYTES: usize = 1_000;

/// What a signature is made for: none counts for anything else.
const VISITOR: &[u8] = b"seawall-visitor-v1.";
const IDENTIFIED: &[u8] = b"seawall-identified-v1.";
const CONVERSATION: &[u8] = b"seawall-identity-v1.";

#[derive(Clone)]
pub struct TokenSecret(Vec<u8>);

#[derive(Debug, PartialEq, Eq)]
pub enum Checked {
    Valid(ConversationId),
    /// Genuine, but too old: the visitor starts a new conversation.
    Expired,
    /// For whom the site's server has vouched.
    Identified {
        conversation: ConversationId,
        name: String,
        until_s: u64,
    },
    /// It no longer vouches: there is no other conversation to go to.
    IdentityExpired,
    Forged,
}

impl TokenSecret {
    /// Base64 of at least 32 bytes.
    pub fn parse(text: &str) -> Option<TokenSecret> {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
        (bytes.len() >= 32).then_some(TokenSecret(bytes))
    }

    fn mac(&self, purpose: &[u8], payload: &str) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose);
        mac.update(payload.as_bytes());
        mac
    }

    fn sign(&self, version: &str, purpose: &[u8], text: &str) -> String {
        let payload = URL_SAFE_NO_PAD.encode(text);
        let mac = URL_SAFE_NO_PAD.encode(self.mac(purpose, &payload).finalize().into_bytes());
        format!("{version}.{payload}.{mac}")
    }

    pub fn mint(&self, site: &SiteId, conversation: &ConversationId, now_s: u64) -> String {
        self.sign("v1", VISITOR, &format!("{site}/{conversation}/{now_s}"))
    }

    /// For as long as the site's server vouches for this person, and no longer.
    pub fn mint_identified(&self, site: &SiteId, identity: &Identity) -> String {
        let conversation = self.conversation_of(site, &identity.sub);
        let text = format!("{site}/{conversation}/{}/{}", identity.until_s, identity.name);
        self.sign("i1", IDENTIFIED, &text)
    }

    /// IDENTITY-2: the same for the same person on every device, without a row that says so, and not to be guessed.
    pub fn conversation_of(&self, site: &SiteId, sub: &str) -> ConversationId {
        let mac = self.mac(CONVERSATION, &format!("{site}/{sub}")).finalize().into_bytes();
        let name = mac[..16].iter().fold("i".to_owned(), |name, byte| name + &format!("{byte:02x}"));
        ConversationId::parse(&name).unwrap_or_default()
    }

    pub fn check(&self, site: &SiteId, token: &str, now_s: u64) -> Checked {
        let checked = match token.strip_prefix("i1.") {
            Some(rest) => self.genuine(IDENTIFIED, site, rest).map(|(conversation, until_s, name)| {
                if now_s < until_s {
                    Checked::Identified { conversation, name, until_s }
                } else {
                    Checked::IdentityExpired
                }
            }),
            None => token.strip_prefix("v1.").and_then(|rest| self.genuine(VISITOR, site, rest)).map(
                |(conversation, issued_s, _)| {
                    if now_s < issued_s + LIFE_S { Checked::Valid(conversation) } else { Checked::Expired }
                },
            ),
        };
        checked.unwrap_or(Checked::Forged)
    }

    /// Of this site: conversation, time, and what follows them.
    fn genuine(&self, purpose: &[u8], site: &SiteId, token: &str) -> Option<(ConversationId, u64, String)> {
        let (payload, mac) = token.split_once('.').filter(|_| token.len() <= MAX_BYTES)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        // Compares in constant time.
        self.mac(purpose, payload).verify_slice(&mac).ok()?;
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let mut parts = text.splitn(4, '/');
        let (of, conversation, time_s) = (parts.next()?, parts.next()?, parts.next()?);
        let conversation = ConversationId::parse(conversation)?;
        let rest = parts.next().unwrap_or_default().to_owned();
        (of == site.as_str()).then_some((conversation, time_s.parse().ok()?, rest))
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

    fn vera(until_s: u64) -> Identity {
        Identity { sub: "4711/x".into(), name: "Vera / Lund".into(), until_s }
    }

    #[test]
    fn identity_2_a_person_has_one_conversation_and_nobody_else_has_it() {
        let (site, other) = (SiteId::parse("demo").unwrap(), SiteId::parse("other").unwrap());
        let conversation = secret(1).conversation_of(&site, "4711");
        assert_eq!(conversation, secret(1).conversation_of(&site, "4711"));
        let others = [
            secret(1).conversation_of(&site, "4712"),
            secret(1).conversation_of(&other, "4711"),
            secret(2).conversation_of(&site, "4711"),
        ];
        assert!(!others.contains(&conversation));
        assert_eq!(conversation.as_str().len(), 33);
    }

    #[test]
    fn identity_3_who_is_vouched_for_is_let_in_until_then_and_the_two_kinds_of_tokens_stand_for_nothing_else()
    {
        let (site, other) = (SiteId::parse("demo").unwrap(), SiteId::parse("other").unwrap());
        let token = secret(1).mint_identified(&site, &vera(1_000));
        let conversation = secret(1).conversation_of(&site, "4711/x");
        let (name, until_s) = ("Vera / Lund".to_owned(), 1_000);
        assert_eq!(secret(1).check(&site, &token, 999), Checked::Identified { conversation, name, until_s });
        assert_eq!(secret(1).check(&site, &token, 1_000), Checked::IdentityExpired);
        assert_eq!(secret(1).check(&other, &token, 999), Checked::Forged);
        assert_eq!(secret(2).check(&site, &token, 999), Checked::Forged);
        let as_visitor = token.replacen("i1.", "v1.", 1);
        assert_eq!(secret(1).check(&site, &as_visitor, 999), Checked::Forged);
        let visitor = secret(1).mint(&site, &ConversationId::parse("c1").unwrap(), 1_000);
        assert_eq!(secret(1).check(&site, &visitor.replacen("v1.", "i1.", 1), 999), Checked::Forged);
        // The longest name there may be.
        let long = Identity { name: "😀".repeat(100), ..vera(1_000) };
        let token = secret(1).mint_identified(&site, &long);
        assert!(
            matches!(secret(1).check(&site, &token, 999), Checked::Identified { name, .. } if name == long.name)
        );
    }
}
