//! An agent's JWT, checked with the origin's last good keys, so that a logged-in agent comes back while the origin
//! is dead (AGENT-1). EdDSA only: the header's `alg` chooses nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use shared::event::AgentClaims;
use shared::id::SiteId;

/// The longest token that is looked at: an agent of a hundred sites fits.
const MAX_BYTES: usize = 8_192;

/// The answer of `GET {origin}/.well-known/jwks.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Jwks {
    pub keys: Vec<Jwk>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Jwk {
    pub kty: String,
    #[serde(default)]
    pub crv: String,
    #[serde(default)]
    pub kid: String,
    #[serde(default)]
    pub x: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: String,
}

#[derive(Debug, PartialEq)]
pub enum Refusal {
    /// Not a token of ours, or its signature does not fit.
    Forged,
    /// Signed with a key that we do not have: worth one look at the origin's keys.
    UnknownKey,
    Expired,
    /// A genuine agent, of another site.
    ForeignSite,
}

pub fn check(keys: &Jwks, site: &SiteId, token: &str, now_s: u64) -> Result<AgentClaims, Refusal> {
    let (kid, signed, signature) = parts(token).ok_or(Refusal::Forged)?;
    let key = keys.keys.iter().find(|key| key.kid == kid).ok_or(Refusal::UnknownKey)?;
    let verified =
        verifying_key(key).is_some_and(|key| key.verify_strict(signed.as_bytes(), &signature).is_ok());
    let claims = signed.split_once('.').filter(|_| verified).and_then(|(_, claims)| json(claims));
    let claims: AgentClaims = claims.ok_or(Refusal::Forged)?;
    if now_s >= claims.exp {
        return Err(Refusal::Expired);
    }
    if !claims.sites.contains(site) {
        return Err(Refusal::ForeignSite);
    }
    Ok(claims)
}

fn parts(token: &str) -> Option<(String, &str, Signature)> {
    let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= MAX_BYTES)?;
    let header: Header = json(signed.split_once('.')?.0)?;
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    (header.alg == "EdDSA").then_some((header.kid, signed, signature))
}

fn json<T: for<'a> Deserialize<'a>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn verifying_key(key: &Jwk) -> Option<VerifyingKey> {
    let right_kind = key.kty == "OKP" && key.crv == "Ed25519";
    let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(&key.x).ok().filter(|_| right_kind)?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn jwks() -> Jwks {
        let x = URL_SAFE_NO_PAD.encode(key().verifying_key().as_bytes());
        Jwks { keys: vec![Jwk { kty: "OKP".into(), crv: "Ed25519".into(), kid: "k1".into(), x }] }
    }

    fn token(header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()).to_bytes());
        format!("{signed}.{signature}")
    }

    const CLAIMS: &str = r#"{"sub":"ada","name":"Ada","account":"demo","sites":["demo"],"iat":1,"exp":100}"#;

    #[test]
    fn agent_1_only_a_fresh_token_of_this_origin_and_site_passes() {
        let demo = SiteId::parse("demo").unwrap();
        let good = token(r#"{"alg":"EdDSA","kid":"k1"}"#, CLAIMS);
        assert_eq!(check(&jwks(), &demo, &good, 99).map(|claims| claims.name), Ok("Ada".into()));
        assert_eq!(check(&jwks(), &demo, &good, 100), Err(Refusal::Expired));
        assert_eq!(check(&jwks(), &SiteId::parse("other").unwrap(), &good, 99), Err(Refusal::ForeignSite));
        let unknown = token(r#"{"alg":"EdDSA","kid":"k2"}"#, CLAIMS);
        assert_eq!(check(&jwks(), &demo, &unknown, 99), Err(Refusal::UnknownKey));
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let other_claims = URL_SAFE_NO_PAD.encode(CLAIMS.replace("ada", "eve"));
        let forged = format!("{}.{other_claims}.{signature}", signed.split_once('.').unwrap().0);
        for bad in ["", "a.b.c", &forged, &token(r#"{"alg":"none","kid":"k1"}"#, CLAIMS), &"a".repeat(9_000)]
        {
            assert_eq!(check(&jwks(), &demo, bad, 99), Err(Refusal::Forged), "{bad:?}");
        }
    }
}
