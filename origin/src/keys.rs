//! The key that signs agents' tokens (EdDSA), the tokens, and `GET /.well-known/jwks.json`, by which the edge checks
//! them while the origin is away.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer, SigningKey};
use rusqlite::{Transaction, params};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::event::AgentClaims;

use crate::cost::Work;
use crate::now_ms;
use crate::problem::Problem;
use crate::server::Origin;

/// 12 hours: a working day without the origin.
pub const LIFE_S: u64 = 12 * 60 * 60;

/// All keys that still count; the last one signs.
pub struct Keys(Vec<Key>);

struct Key {
    kid: String,
    signing: SigningKey,
}

#[derive(Debug, PartialEq, Eq)]
pub enum BadToken {
    /// Not a token of ours.
    Forged,
    Expired,
}

impl Keys {
    /// The stored keys; a first one is made where there is none.
    pub fn load(tx: &Transaction<'_>) -> Result<Keys, Problem> {
        let mut rows = tx.prepare("SELECT private FROM keys ORDER BY made_ms, rowid")?;
        let stored = rows.query_map([], |row| row.get::<_, [u8; 32]>(0))?;
        let mut keys = stored.map(|seed| Ok(Key::new(&seed?))).collect::<Result<Vec<_>, Problem>>()?;
        if keys.is_empty() {
            let key = Key::new(&rand::random());
            let row = params![key.kid, key.signing.to_bytes(), now_ms()];
            tx.execute("INSERT INTO keys (kid, private, made_ms) VALUES (?1, ?2, ?3)", row)?;
            keys.push(key);
        }
        Ok(Keys(keys))
    }

    pub fn sign(&self, claims: &AgentClaims) -> String {
        let Some(key) = self.0.last() else { unreachable!("`load` leaves at least one key") };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!(
            "{}.{}",
            part(&json!({"alg": "EdDSA", "typ": "JWT", "kid": key.kid})),
            part(&json!(claims)),
        );
        let signature = key.signing.sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub fn verify(&self, token: &str, now_s: u64) -> Result<AgentClaims, BadToken> {
        let claims = self.open(token).ok_or(BadToken::Forged)?;
        if claims.exp <= now_s { Err(BadToken::Expired) } else { Ok(claims) }
    }

    fn open(&self, token: &str) -> Option<AgentClaims> {
        #[derive(Deserialize)]
        struct Header {
            alg: String,
            kid: String,
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        let key = self.0.iter().find(|key| header.alg == "EdDSA" && key.kid == header.kid)?;
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        key.signing.verifying_key().verify_strict(signed.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    fn jwks(&self) -> Value {
        let jwk = |key: &Key| {
            let x = key.x();
            json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": key.kid, "alg": "EdDSA", "use": "sig"})
        };
        json!({"keys": self.0.iter().map(jwk).collect::<Vec<_>>()})
    }
}

impl Key {
    fn new(seed: &[u8; 32]) -> Key {
        let mut key = Key { kid: String::new(), signing: SigningKey::from_bytes(seed) };
        // RFC 7638: the hash of the required members, in the order of their names, names the key.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, key.x());
        key.kid = URL_SAFE_NO_PAD.encode(Sha256::digest(members));
        key
    }

    fn x(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.signing.verifying_key().as_bytes())
    }
}

pub async fn jwks(State(origin): State<Arc<Origin>>) -> Result<impl IntoResponse, Problem> {
    origin.work(Work::Keys).await?;
    let headers = [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, "max-age=60")];
    Ok((headers, origin.keys.jwks().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::id::AgentId;

    fn keys(seeds: &[u8]) -> Keys {
        Keys(seeds.iter().map(|&seed| Key::new(&[seed; 32])).collect())
    }

    fn claims() -> AgentClaims {
        let sub = AgentId::parse("ada").unwrap();
        AgentClaims { sub, name: "Ada".into(), account: "demo".into(), sites: vec![], iat: 1_000, exp: 2_000 }
    }

    #[test]
    fn a_token_is_good_until_it_expires_and_for_its_own_key_only() {
        let token = keys(&[1]).sign(&claims());
        assert_eq!(keys(&[1]).verify(&token, 1_999), Ok(claims()));
        assert_eq!(keys(&[1]).verify(&token, 2_000), Err(BadToken::Expired));
        assert_eq!(keys(&[2]).verify(&token, 1_999), Err(BadToken::Forged));
    }

    #[test]
    fn a_token_of_an_earlier_key_still_counts_after_a_new_one_was_added() {
        let token = keys(&[1]).sign(&claims());
        assert_eq!(keys(&[1, 2]).verify(&token, 1_000), Ok(claims()));
    }

    #[test]
    fn changed_unsigned_and_nonsense_tokens_are_forged() {
        let keys = keys(&[1]);
        let token = keys.sign(&claims());
        let (signed, _) = token.rsplit_once('.').unwrap();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":""}"#);
        let (_, payload) = signed.split_once('.').unwrap();
        for bad in ["", "..", "a.b.c", signed, &format!("{none}.{payload}."), &token.replace('.', ".A")] {
            assert_eq!(keys.verify(bad, 1_000), Err(BadToken::Forged), "{bad}");
        }
    }

    #[test]
    fn the_key_is_named_by_its_thumbprint_as_in_rfc_8037() {
        let seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
        let seed: [u8; 32] = URL_SAFE_NO_PAD.decode(seed).unwrap().try_into().unwrap();
        assert_eq!(Key::new(&seed).kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
