//! Tokens as the edge and the origin make them, and as they never would.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use edge::token::{LIFE_S, TokenSecret};
use serde_json::{Value, json};
use shared::id::{ConversationId, SiteId};

use super::stack::TOKEN_SECRET;

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
        let exp = now_s().saturating_add_signed(life_s);
        self.cookie_of(json!({ "alg": "EdDSA", "kid": self.kid }), sites, exp)
    }

    pub fn cookie_of(&self, header: Value, sites: &[&str], exp: u64) -> String {
        let claims = json!({
            "sub": "ada", "name": "Ada Ferris", "account": "demo", "sites": sites, "iat": exp - 3_600, "exp": exp,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.signing().sign(signed.as_bytes()).to_bytes());
        format!("seawall_agent={signed}.{signature}")
    }
}
