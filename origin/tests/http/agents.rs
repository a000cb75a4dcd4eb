//! Login, renewal, and the keys by which the edge checks a token.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};
use shared::event::AgentClaims;

use crate::under_test::{UnderTest, now_s, problem, read};

#[tokio::test]
async fn a_login_gives_a_token_that_verifies_against_the_published_keys() {
    let origin = UnderTest::start().await;
    let answer: Value = read(origin.login("demo", " Ada@Demo.Example", "demo-password").await).await;
    assert_eq!(answer["agent"], json!({"id": "ada", "name": "Ada Ferris", "email": "ada@demo.example"}));

    let (signed, signature) = answer["token"].as_str().unwrap().rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    let jwks: Value = read(origin.get("/.well-known/jwks.json").send().await.unwrap()).await;
    let jwk = jwks["keys"].as_array().unwrap().iter().find(|jwk| jwk["kid"] == header["kid"]).unwrap();
    assert_eq!((&jwk["kty"], &jwk["crv"]), (&json!("OKP"), &json!("Ed25519")));
    let key = VerifyingKey::from_bytes(&decode(jwk["x"].as_str().unwrap()).try_into().unwrap()).unwrap();
    key.verify_strict(signed.as_bytes(), &Signature::from_slice(&decode(signature)).unwrap()).unwrap();

    let claims: AgentClaims = serde_json::from_slice(&decode(claims)).unwrap();
    assert_eq!(
        (claims.sub.as_str(), claims.account.as_str(), claims.name.as_str()),
        ("ada", "demo", "Ada Ferris")
    );
    assert_eq!(claims.exp - claims.iat, 12 * 60 * 60);
    assert_eq!(answer["expires_at"], claims.exp);
    assert!(claims.iat.abs_diff(now_s()) < 60);
    assert_eq!(claims.sites.len(), 1);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_told_alike() {
    let origin = UnderTest::start().await;
    let wrong = origin.login("demo", "ada@demo.example", "wrong").await;
    assert_eq!(problem(wrong).await, (401, "wrong-credentials".into()));
    let unknown = origin.login("demo", "nobody@demo.example", "demo-password").await;
    assert_eq!(problem(unknown).await, (401, "wrong-credentials".into()));
    let nowhere = origin.login("nowhere", "ada@demo.example", "demo-password").await;
    assert_eq!(problem(nowhere).await, (404, "unknown-site".into()));
    let no_login = origin.post("/sites/demo/agents/login", &json!({"email": 1})).send().await.unwrap();
    assert_eq!(problem(no_login).await, (400, "bad-body".into()));
}

#[tokio::test]
async fn an_agent_logs_in_to_their_own_sites_only() {
    let origin = UnderTest::start().await;
    let outlet = json!({"account": "demo", "name": "Outlet", "agents": [{"id": "grace"}]});
    assert_eq!(origin.put("/admin/sites/outlet", &outlet).send().await.unwrap().status(), 200);
    let ada = origin.login("outlet", "ada@demo.example", "demo-password").await;
    assert_eq!(problem(ada).await, (403, "not-of-this-site".into()));
    let grace: Value = read(origin.login("outlet", "grace@demo.example", "demo-password").await).await;
    assert_eq!(grace["agent"]["id"], "grace");

    let rival = json!({"account": "rival"});
    assert_eq!(origin.put("/admin/sites/rival", &rival).send().await.unwrap().status(), 200);
    let stranger = origin.login("rival", "ada@demo.example", "demo-password").await;
    assert_eq!(
        problem(stranger).await,
        (401, "wrong-credentials".into()),
        "another account's agents are unknown"
    );
}

#[tokio::test]
async fn after_ten_wrong_passwords_an_address_waits() {
    let origin = UnderTest::start().await;
    for _ in 0..10 {
        assert_eq!(origin.login("demo", "ada@demo.example", "wrong").await.status(), 401);
    }
    let right = origin.login("demo", "ada@demo.example", "demo-password").await;
    assert!(right.headers().contains_key("retry-after"));
    assert_eq!(problem(right).await, (429, "too-many-tries".into()));
    assert_eq!(origin.login("demo", "grace@demo.example", "demo-password").await.status(), 200);
}

#[tokio::test]
async fn a_good_token_is_renewed_and_a_bad_one_is_not() {
    let origin = UnderTest::start().await;
    let answer: Value = read(origin.login("demo", "ada@demo.example", "demo-password").await).await;
    let renew = |site: &str, token: &str| {
        origin.post(&format!("/sites/{site}/agents/renew"), &json!({})).bearer_auth(token).send()
    };
    let token = answer["token"].as_str().unwrap();
    let renewed: Value = read(renew("demo", token).await.unwrap()).await;
    assert_eq!(renewed["agent"], answer["agent"]);
    assert!(renewed["expires_at"].as_u64() >= answer["expires_at"].as_u64());
    assert_eq!(problem(renew("demo", "a.b.c").await.unwrap()).await, (401, "bad-token".into()));

    let leave = json!({"agents": [{"id": "grace"}]});
    assert_eq!(origin.put("/admin/sites/demo", &leave).send().await.unwrap().status(), 200);
    assert_eq!(problem(renew("demo", token).await.unwrap()).await, (403, "not-of-this-site".into()));
}
