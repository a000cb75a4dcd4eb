//! What the edge refuses, and how.

use reqwest::Method;
use serde_json::{Value, json};
use shared::close::CloseCode;
use shared::session::Standing;
use tests::harness::ledger;
use tests::harness::person::Person;
use tests::harness::stack::{ADA, Stack};
use tests::harness::wire::Door;

async fn code_of(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_a_code_and_leave_everybody_else_alone() {
    let stack = Stack::start().await;
    let neighbour = Person::visitor(stack.edge_port);
    neighbour.live().await;

    // HTTP
    let get = |path: &'static str| stack.edge(Method::GET, "localhost", path).send();
    assert_eq!(code_of(get("/v1/nothing").await.unwrap()).await, (404, "not-found".into()));
    assert_eq!(code_of(get("/.git/config").await.unwrap()).await, (404, "not-found".into()));
    assert_eq!(code_of(get("/frame/nowhere").await.unwrap()).await, (404, "unknown-site".into()));
    assert_eq!(code_of(get("/v1/sites/demo/link").await.unwrap()).await, (426, "upgrade-required".into()));
    assert_eq!(
        code_of(get("/v1/sites/demo/agents/me").await.unwrap()).await,
        (403, "not-the-console".into())
    );
    let me = stack.edge(Method::GET, "console.localhost", "/v1/sites/demo/agents/me").send().await.unwrap();
    assert_eq!(code_of(me).await, (401, "login-required".into()));
    let foreign = stack
        .edge(Method::POST, "console.localhost", "/v1/sites/demo/agents/login")
        .header("origin", "http://evil.example")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(code_of(foreign).await, (403, "foreign-page".into()));
    let unsigned = stack.edge(Method::POST, "localhost", "/v1/events").body("[]").send().await.unwrap();
    assert_eq!(code_of(unsigned).await, (401, "unsigned".into()));
    let forged = stack
        .edge(Method::POST, "localhost", "/v1/events")
        .header("webhook-id", "x")
        .header("webhook-timestamp", "1")
        .header("webhook-signature", "v1,AAAA")
        .body("[]")
        .send()
        .await
        .unwrap();
    assert_eq!(code_of(forged).await, (401, "bad-signature".into()));

    // Links
    let stopped = |code: CloseCode| {
        move |view: &tests::harness::person::View| view.standing == Some(Standing::Stopped(code))
    };
    let mut nowhere = Door::visitor(stack.edge_port);
    nowhere.path = "/v1/sites/nowhere/link".into();
    let lost = Person::agent(nowhere);
    lost.sees("unknown-site", 30, stopped(CloseCode::UNKNOWN_SITE)).await;
    let mut forged = Door::visitor(stack.edge_port);
    forged.cookie = Some("seawall_visitor_demo=v1.eA.eA".into());
    let forger = Person::agent(forged);
    forger.sees("token-refused", 30, stopped(CloseCode::TOKEN_REFUSED)).await;
    let stranger = Person::agent(Door::inbox(stack.edge_port, "seawall_agent=e30.e30.AAAA"));
    stranger.sees("login-required", 30, stopped(CloseCode::LOGIN_REQUIRED)).await;
    let cookie = stack.log_in(ADA).await;
    let mut elsewhere = Door::inbox(stack.edge_port, &cookie);
    elsewhere.host = "localhost";
    let elsewhere = Person::agent(elsewhere);
    elsewhere
        .sees("an agent's cookie counts only on the console's host", 30, stopped(CloseCode::FOREIGN_PAGE))
        .await;

    let nothing = Person::agent(Door::conversation(stack.edge_port, &cookie, "c0123456789"));
    let refused =
        |view: &tests::harness::person::View| matches!(view.standing, Some(Standing::Retrying { .. }));
    nothing.sees("a conversation in which nothing was said takes no agent", 30, refused).await;
    nothing.write("hello?");
    assert_eq!(ledger::read(&stack).await, []);

    assert_eq!(neighbour.view().standing, Some(Standing::Live));
    neighbour.write("still here");
    neighbour.has_come("still here", &shared::session::MessageState::Delivered, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_carry_their_headers_and_types() {
    let stack = Stack::start().await;
    let header = |answer: &reqwest::Response, name: &str| {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or_default().to_owned())
            .unwrap_or_default()
    };
    let frame = stack.edge(Method::GET, "localhost", "/frame/demo").send().await.unwrap();
    assert_eq!(frame.status(), 200);
    assert!(header(&frame, "content-security-policy").contains("default-src 'none'"));
    let cookie = header(&frame, "set-cookie");
    for part in ["seawall_visitor_demo=v1.", "HttpOnly", "Secure", "SameSite=None", "Partitioned"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(header(&frame, "x-content-type-options"), "nosniff");
    let loader = stack.edge(Method::GET, "localhost", "/seawall.js").send().await.unwrap();
    assert_eq!(header(&loader, "content-type"), "text/javascript; charset=utf-8");
    let console = stack.edge(Method::GET, "console.localhost", "/").send().await.unwrap();
    assert!(header(&console, "content-security-policy").contains("frame-ancestors 'none'"));
}
