//! Tokens as the edge and the origin make them, and as they never would.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use edge::identity::Identity;
use edge::token::{LIFE_S, TokenSecret};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use shared::id::{ConversationId, SiteId};

use super::stack::{IDENTITY_SECRET, TOKEN_SECRET};

pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs()
}

/// A visitor's token as the edge minted it so many seconds ago.
pub fn visitor(site: &str, conversation: &str, age_s: u64) -> String {
    let site = SiteId::parse(site).expect("a site");
    let conversation = ConversationId::parse(conversation).expect("a conversation");
    let secret = TokenSecret::parse(TOKEN_SECRET).expect("a secret");
    secret.mint(&site, &conversation, now_s() - age_s)
}

/// Genuine, and a minute too old.
pub fn expired_visitor(conversation: &str) -> String {
    visitor("demo", conversation, LIFE_S + 60)
}

/// What the edge gives somebody of the shop.
pub fn identified(sub: &str, until_s: u64) -> String {
    let secret = TokenSecret::parse(TOKEN_SECRET).expect("a secret");
    let site = SiteId::parse("demo").expect("a site");
    secret.mint_identified(&site, &Identity { sub: sub.to_owned(), name: String::new(), until_s })
}

/// What a site's server says of a visitor, signed with this secret (IDENTITY-1).
pub fn identity(secret: &str, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// The same for somebody of the demonstration's shop, for so many seconds from now.
pub fn of_the_shop(sub: &str, name: &str, life_s: i64) -> String {
    of_the_shop_until(sub, name, now_s().saturating_add_signed(life_s))
}

/// The same until this second.
pub fn of_the_shop_until(sub: &str, name: &str, exp: u64) -> String {
    let claims = json!({ "sub": sub, "name": name, "aud": "demo", "exp": exp });
    identity(IDENTITY_SECRET, &json!({ "alg": "HS256", "typ": "JWT" }), &claims)
}

/// A key that signs agents' tokens.
#[derive(Clone)]
pub struct AgentKey {
    pub kid: &'static str,
    seed: u8,
}

impl AgentKey {
    pub fn new(kid: &'static str, seed: u8) -> AgentKey {
        AgentKey { kid, seed }
    }

    fn signing(&self) -> SigningKey {
        SigningKey::from_bytes(&[self.seed; 32])
    }

    /// As the origin publishes it.
    pub fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.signing().verifying_key().as_bytes());
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x })
    }

    /// The cookie of Ada of the account `demo`, valid for so many seconds from now (or until before now).
    pub fn cookie(&self, sites: &[&str], life_s: i64) -> String {
        format!("seawall_agent={}", self.token(sites, life_s))
    }

    /// What that cookie holds.
    pub fn token(&self, sites: &[&str], life_s: i64) -> String {
        let exp = now_s().saturating_add_signed(life_s);
        self.token_of(json!({ "alg": "EdDSA", "kid": self.kid }), sites, exp)
    }

    pub fn cookie_of(&self, header: Value, sites: &[&str], exp: u64) -> String {
        format!("seawall_agent={}", self.token_of(header, sites, exp))
    }

    fn token_of(&self, header: Value, sites: &[&str], exp: u64) -> String {
        let claims = json!({
            "sub": "ada", "name": "Ada Ferris", "account": "demo", "sites": sites, "iat": exp - 3_600, "exp": exp,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.signing().sign(signed.as_bytes()).to_bytes());
        format!("{signed}.{signature}")
    }
}
