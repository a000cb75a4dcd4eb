//! What the edge refuses, and how.

use reqwest::Method;
use serde_json::{Value, json};
use shared::close::CloseCode;
use shared::session::Standing;
use tests::harness::neighbour::Neighbour;
use tests::harness::person::Person;
use tests::harness::stack::{ADA, Stack};
use tests::harness::wire::Door;

use super::{all_is_well, code_of};

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_a_code_and_leave_everybody_else_alone() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;

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
    // Links
    let stopped = |code: CloseCode| {
        move |view: &tests::harness::person::View| view.standing == Some(Standing::Stopped(code))
    };
    let mut nowhere = Door::visitor(stack.edge_port);
    nowhere.path = "/v1/sites/nowhere/link".into();
    let lost = Person::agent(nowhere);
    lost.sees("unknown-site", 30, stopped(CloseCode::UNKNOWN_SITE)).await;
    let post =
        stack.edge(Method::POST, "localhost", "/v1/sites/nowhere/link").body("[]").send().await.unwrap();
    assert_eq!(post.status(), 404);
    assert_eq!(post.json::<Value>().await.unwrap()["close"], 4404);
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
    all_is_well(&stack, &neighbour, &[""; 0]).await;
}
