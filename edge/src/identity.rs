//! Who a visitor is, in the word of the site's own server: a JWT signed with a secret that the site shares with us
//! (IDENTITY-1). HS256 only: the header's `alg` chooses nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde::Deserialize;
use sha2::Sha256;
use shared::event::IdentitySecret;
use shared::id::SiteId;
use shared::limits::MAX_NAME_CHARS;

/// The longest token that is looked at: the claims that count fit several times over.
pub const MAX_BYTES: usize = 4_096;
/// A token is for a visit, not for a year: who has been shut out at the site's server is shut out here a day later at most.
const LONGEST_LIFE_S: u64 = 24 * 3_600;
/// The clocks of two hosts.
const CLOCKS_S: u64 = 60;
const MAX_SUB_CHARS: usize = 128;
/// The longest address there is.
const MAX_EMAIL_CHARS: usize = 254;

/// A visitor whom the site's server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The same for the same person, for ever.
    pub sub: String,
    /// What agents read; may be empty.
    pub name: String,
    /// Seconds since 1970.
    pub until_s: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not signed with one of the site's secrets, or not what IDENTITY-1 asks for.
    Refused,
    /// Genuine, and too old.
    Expired,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Extensions that must be understood: there are none.
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: String,
    exp: u64,
    #[serde(default)]
    nbf: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
}

pub fn check(
    secrets: &[IdentitySecret],
    site: &SiteId,
    token: &str,
    now_s: u64,
) -> Result<Identity, Refusal> {
    let claims = genuine(secrets, token).ok_or(Refusal::Refused)?;
    let fits = claims.aud == site.as_str()
        && is_text(&claims.sub, 1, MAX_SUB_CHARS)
        && is_text(&claims.name, 0, MAX_NAME_CHARS)
        && is_text(&claims.email, 0, MAX_EMAIL_CHARS)
        && claims.nbf <= now_s + CLOCKS_S
        && claims.exp <= now_s + LONGEST_LIFE_S + CLOCKS_S;
    if !fits {
        return Err(Refusal::Refused);
    }
    if now_s >= claims.exp {
        return Err(Refusal::Expired);
    }
    let name = if claims.name.trim().is_empty() { claims.email } else { claims.name };
    let name = name.trim().chars().take(MAX_NAME_CHARS).collect();
    Ok(Identity { sub: claims.sub, name, until_s: claims.exp })
}

/// Nothing of the claims is looked at before the signature is.
fn genuine(secrets: &[IdentitySecret], token: &str) -> Option<Claims> {
    let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= MAX_BYTES)?;
    let (header, claims) = signed.split_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let by = |secret: &IdentitySecret| {
        let key = secret.as_bytes();
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(signed.as_bytes());
        // Compares in constant time; takes the whole signature or none of it.
        mac.verify_slice(&signature).is_ok()
    };
    secrets.iter().any(by).then_some(())?;
    let header: Header = json(header)?;
    (header.alg == "HS256" && header.crit.is_none()).then(|| json(claims))?
}

fn json<T: for<'a> Deserialize<'a>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// What goes onto agents' screens and into names; nothing in it may turn a line around or end it.
fn is_text(text: &str, least: usize, most: usize) -> bool {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (least..=most).contains(&text.chars().count()) && !text.chars().any(|c| c.is_control() || turns(c))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW_S: u64 = 1_700_000_000;
    const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

    fn secret(text: &str) -> IdentitySecret {
        IdentitySecret::parse(text).unwrap()
    }

    fn ours() -> IdentitySecret {
        secret("the secret of the site, 32 and more")
    }

    fn token(header: &str, claims: &Value, secret: &IdentitySecret) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(header), part(&claims.to_string()));
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn claims() -> Value {
        json!({ "sub": "4711", "name": "Vera Lund", "email": "vera@example.org", "aud": "demo", "exp": NOW_S + 600 })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn checked(token: &str) -> Result<Identity, Refusal> {
        check(&[ours()], &SiteId::parse("demo").unwrap(), token, NOW_S)
    }

    fn checked_claims(claims: &Value) -> Result<Identity, Refusal> {
        checked(&token(HS256, claims, &ours()))
    }

    #[test]
    fn identity_1_the_sites_server_says_who_a_visitor_is() {
        let vera = Identity { sub: "4711".into(), name: "Vera Lund".into(), until_s: NOW_S + 600 };
        assert_eq!(checked_claims(&claims()), Ok(vera));
        let unnamed = json!({ "sub": "4711", "aud": "demo", "exp": NOW_S + 600 });
        assert_eq!(checked_claims(&unnamed).map(|identity| identity.name), Ok(String::new()));
        let by_address = with("name", json!(" "));
        assert_eq!(checked_claims(&by_address).map(|identity| identity.name), Ok("vera@example.org".into()));
        // While a secret is changed both count.
        let both = [secret("another one, which is the newer one"), ours()];
        let demo = SiteId::parse("demo").unwrap();
        assert!(check(&both, &demo, &token(HS256, &claims(), &ours()), NOW_S).is_ok());
    }

    #[test]
    fn identity_1_nobody_else_does() {
        let good = token(HS256, &claims(), &ours());
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let eve = URL_SAFE_NO_PAD.encode(with("sub", json!("eve")).to_string());
        let foreign = secret("the secret of somebody else, as long");
        for bad in [
            String::new(),
            "a.b.c".into(),
            "..".into(),
            format!("{header}.{eve}.{signature}"),
            format!("{signed}."),
            format!("{signed}.{}", &signature[..20]),
            format!("{good}="),
            format!("{good}.{signature}"),
            token(HS256, &claims(), &foreign),
            // The header chooses nothing, however well it is signed.
            token(r#"{"alg":"none"}"#, &claims(), &ours()),
            token(r#"{"alg":"hs256"}"#, &claims(), &ours()),
            token(r#"{"alg":"HS512"}"#, &claims(), &ours()),
            token(r#"{"alg":"EdDSA"}"#, &claims(), &ours()),
            token(r#"{"alg":"HS256","crit":["exp"]}"#, &claims(), &ours()),
            token(HS256, &with("more", json!("x".repeat(4_000))), &ours()),
            format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), eve),
        ] {
            assert_eq!(checked(&bad), Err(Refusal::Refused), "{bad}");
        }
        let no_secret = check(&[], &SiteId::parse("demo").unwrap(), &good, NOW_S);
        assert_eq!(no_secret, Err(Refusal::Refused));
    }

    #[test]
    fn identity_1_a_token_is_for_this_site_for_a_day_at_most_and_for_somebody() {
        for (name, value) in [
            ("aud", json!("other")),
            ("aud", json!(["demo", "other"])),
            ("aud", Value::Null),
            ("sub", json!("")),
            ("sub", json!("x".repeat(129))),
            ("sub", json!(4711)),
            ("sub", json!("a\u{0}b")),
            ("sub", Value::Null),
            ("name", json!("x".repeat(101))),
            ("name", json!("Vera\u{202e}dnuL")),
            ("email", json!("x".repeat(255))),
            ("exp", Value::Null),
            ("exp", json!("tomorrow")),
            ("exp", json!(-1)),
            ("exp", json!(1e300)),
            ("exp", json!(NOW_S + 24 * 3_600 + 61)),
            ("nbf", json!(NOW_S + 61)),
        ] {
            let claims = with(name, value);
            assert_eq!(checked_claims(&claims), Err(Refusal::Refused), "{claims}");
        }
        assert!(checked_claims(&with("exp", json!(NOW_S + 24 * 3_600))).is_ok());
        assert_eq!(checked_claims(&with("exp", json!(NOW_S))), Err(Refusal::Expired));
    }
}
