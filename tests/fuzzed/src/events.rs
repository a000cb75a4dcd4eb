//! Whatever comes from the origin or from outside as text: events, receipts, settings, keys, tokens, signatures. And
//! what the edge itself has stored.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use edge::conversation::{LinkInfo, Meta};
use edge::jwt::{self, Jwk, Jwks};
use edge::site::{InboxLink, Stored};
use edge::token::{Checked, TokenSecret};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::event::{AgentClaims, Event, Receipts, SiteSettings};
use shared::id::ConversationId;
use shared::webhook::{Refusal, Secret};

use crate::pick;

/// Begins bytes that say how a genuine token or signature is changed; every other text is read as it is.
const TAMPER: u8 = b'~';
const NOW_S: u64 = 1_000;

pub fn run(data: &[u8]) {
    if let Some((&TAMPER, edits)) = data.split_first() {
        // Too few bytes mean no edit.
        let _ = tampered(&mut Unstructured::new(edits));
    } else if let Ok(text) = std::str::from_utf8(data) {
        read(text);
    } else {
        signed(data);
    }
}

fn read(text: &str) {
    read_back::<Vec<Event>>(text);
    read_back::<Event>(text);
    read_back::<Receipts>(text);
    read_back::<SiteSettings>(text);
    read_back::<AgentClaims>(text);
    read_back::<Meta>(text);
    read_back::<LinkInfo>(text);
    read_back::<Stored>(text);
    read_back::<InboxLink>(text);
    items(text);
    if let Some(keys) = read_back::<Jwks>(text) {
        let ours = keys.keys.iter().any(|key| KEY.keys.contains(key));
        let checked = jwt::check(&keys, &pick::site(), &JWT, NOW_S);
        assert!(ours || checked.is_err(), "{checked:?} with foreign keys");
    }
    let _ = (Secret::parse(text), TokenSecret::parse(text));
    assert!(text == *TOKEN || SECRET.0.check(&pick::site(), text, NOW_S) == Checked::Forged);
    assert!(text == *JWT || jwt::check(&KEY, &pick::site(), text, NOW_S).is_err());
}

/// What is accepted is written as something that reads the same.
fn read_back<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(text: &str) -> Option<T> {
    let value: T = serde_json::from_str(text).ok()?;
    let written = serde_json::to_string(&value).expect("what was read can be written");
    let again = serde_json::from_str::<T>(&written);
    assert_eq!(again.as_ref().ok(), Some(&value), "read back from {written}: {again:?}");
    Some(value)
}

/// As a batch is taken: item by item.
fn items(text: &str) {
    let Ok(items) = serde_json::from_str::<Vec<Value>>(text) else { return };
    for item in items {
        if let Ok(event) = serde_json::from_value::<Event>(item) {
            read_back::<Event>(&serde_json::to_string(&event).expect("an event can be written"));
        }
    }
}

fn signed(body: &[u8]) {
    let signature = SECRET.1.sign("id", NOW_S, body);
    let check = |body| SECRET.1.verify(NOW_S, Some("id"), Some("1000"), Some(&signature), body);
    assert_eq!(check(body), Ok(()));
    assert_eq!(check(&body[1..]), Err(Refusal::Forged));
}

fn tampered(u: &mut Unstructured) -> Result<()> {
    let what = pick::up_to(u, 5)?;
    match what {
        0 => {
            if let Some(token) = edited(u, &TOKEN)? {
                assert_eq!(SECRET.0.check(&pick::site(), &token, NOW_S), Checked::Forged, "{token}");
            }
        }
        1 => {
            if let Some(token) = edited(u, &JWT)? {
                let checked = jwt::check(&KEY, &pick::site(), &token, NOW_S);
                assert!(checked.is_err(), "{token} is taken for {checked:?}");
            }
        }
        _ => {
            let genuine = ["batch_1", "1000", SIGNATURE.as_str(), BODY];
            let mut given = genuine.map(str::to_owned);
            let field = (what - 2) as usize;
            let Some(changed) = edited(u, genuine[field])? else { return Ok(()) };
            given[field] = changed;
            let [id, timestamp, signature, body] = &given;
            // Several signatures may be given, for the time in which a secret is changed.
            if signature.split_ascii_whitespace().any(|one| one == *SIGNATURE) && field == 2 {
                return Ok(());
            }
            let checked = SECRET.1.verify(NOW_S, Some(id), Some(timestamp), Some(signature), body.as_bytes());
            assert!(checked.is_err(), "{given:?} passes");
        }
    }
    Ok(())
}

/// The text with one to three characters replaced, inserted or removed; nothing where it is the same as before.
fn edited(u: &mut Unstructured, genuine: &str) -> Result<Option<String>> {
    let mut chars: Vec<char> = genuine.chars().collect();
    for _ in 0..=pick::up_to(u, 2)? {
        let at = u.int_in_range(0..=chars.len())?;
        let with = char::from(u.int_in_range(0x20..=0x7eu8)?);
        match (u.int_in_range(0..=3u8)?, chars.get_mut(at)) {
            (0, _) | (_, None) => chars.insert(at, with),
            (1, _) => drop(chars.remove(at)),
            (2, _) => chars.truncate(at),
            (_, Some(place)) => *place = with,
        }
    }
    let edited: String = chars.into_iter().collect();
    Ok((edited != genuine).then_some(edited))
}

const BODY: &str = r#"[{"specversion":"1.0","id":"m1"}]"#;

static SECRET: LazyLock<(TokenSecret, Secret)> = LazyLock::new(|| {
    let token = TokenSecret::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").expect("32 bytes");
    (token, Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("24 bytes"))
});

static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let conversation = ConversationId::parse("c1").expect("a valid name");
    let token = SECRET.0.mint(&pick::site(), &conversation, NOW_S);
    assert_eq!(SECRET.0.check(&pick::site(), &token, NOW_S), Checked::Valid(conversation));
    token
});

static SIGNATURE: LazyLock<String> = LazyLock::new(|| SECRET.1.sign("batch_1", NOW_S, BODY.as_bytes()));

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

static KEY: LazyLock<Jwks> = LazyLock::new(|| {
    let x = URL_SAFE_NO_PAD.encode(signing_key().verifying_key().as_bytes());
    Jwks { keys: vec![Jwk { kty: "OKP".into(), crv: "Ed25519".into(), kid: "k1".into(), x }] }
});

static JWT: LazyLock<String> = LazyLock::new(|| {
    let header = r#"{"alg":"EdDSA","kid":"k1"}"#;
    let claims = r#"{"sub":"ada","name":"Ada","account":"demo","sites":["demo"],"iat":1,"exp":100000}"#;
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let token =
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signing_key().sign(signed.as_bytes()).to_bytes()));
    assert!(jwt::check(&KEY, &pick::site(), &token, NOW_S).is_ok());
    token
});
