//! The naive chat of the demonstration, and the page that asks the origin straight from a browser.

use std::time::{Duration, Instant};

use origin::capacity::PerSecond;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::under_test::{ADMIN, NO_EDGE, UnderTest, problem, read};

const MESSAGES: &str = "/naive/c1/messages";

fn asked_by(request: RequestBuilder, page: &str) -> RequestBuilder {
    request.header("origin", page)
}

/// What a browser asks before it sends a token.
fn preflight(origin: &UnderTest, path: &str) -> RequestBuilder {
    asked_by(origin.client.request(Method::OPTIONS, origin.url(path)), NO_EDGE)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "authorization")
}

fn readable_by(response: &Response) -> Option<&str> {
    response.headers().get("access-control-allow-origin").map(|page| page.to_str().unwrap())
}

async fn say(origin: &UnderTest, id: &str, text: &str) -> Response {
    asked_by(origin.post(MESSAGES, &json!({"id": id, "text": text})), NO_EDGE).send().await.unwrap()
}

async fn texts(origin: &UnderTest, path: &str) -> Vec<String> {
    let entries: Vec<Value> = read(origin.get(path).send().await.unwrap()).await;
    entries.iter().map(|entry| entry["text"].as_str().unwrap().to_owned()).collect()
}

async fn callers(origin: &UnderTest) -> (u64, u64) {
    let callers: Value = read(origin.get("/callers").bearer_auth(ADMIN).send().await.unwrap()).await;
    (callers["naive"].as_u64().unwrap(), callers["edge"].as_u64().unwrap())
}

#[tokio::test]
async fn a_visitor_and_an_agent_talk_and_what_is_sent_again_is_there_once() {
    let origin = UnderTest::start().await;
    assert_eq!(texts(&origin, MESSAGES).await, [""; 0]);
    for _ in 0..2 {
        assert_eq!(say(&origin, "m1", "Do you ship to Norway?").await.status(), 200);
    }
    let answer = json!({"id": "a1", "agent": "ada", "text": "We do."});
    let replies = || origin.post("/naive/c1/replies", &answer);
    assert_eq!(problem(replies().send().await.unwrap()).await, (401, "bad-token".into()));
    assert_eq!(replies().bearer_auth(ADMIN).send().await.unwrap().status(), 200);

    let entries: Vec<Value> = read(origin.get(MESSAGES).send().await.unwrap()).await;
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert_eq!((&entries[1]["author"], &entries[1]["name"]), (&json!("agent:ada"), &json!("Ada Ferris")));
    let first = entries[0]["position"].as_u64().unwrap();
    assert_eq!(texts(&origin, &format!("{MESSAGES}?after={first}")).await, ["We do."]);
    assert_eq!(texts(&origin, "/naive/c2/messages").await, [""; 0]);
    // It stands in the same ledger, and the demo site has nothing of it.
    assert_eq!(origin.ledger("").await, [Value::Null; 0]);
    let ledger: Vec<Value> =
        read(origin.get("/ledger/naive-chat/messages").bearer_auth(ADMIN).send().await.unwrap()).await;
    assert_eq!(ledger.iter().map(|entry| &entry["seq"]).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_with_a_code() {
    let origin = UnderTest::start().await;
    assert_eq!(problem(say(&origin, "m1", " ").await).await, (400, "empty-text".into()));
    assert_eq!(problem(say(&origin, "m1", &"ä".repeat(4_001)).await).await, (400, "text-too-long".into()));
    assert_eq!(say(&origin, "m1", &"ä".repeat(4_000)).await.status(), 200);
    assert_eq!(problem(say(&origin, "not an id", "x").await).await, (400, "bad-body".into()));
    let endless = format!("/naive/{}/messages", "c".repeat(65));
    for path in ["/naive/not%20a%20name/messages", &endless] {
        let response = origin.get(path).send().await.unwrap();
        assert_eq!(problem(response).await, (400, "bad-chat".into()), "{path}");
    }
    let nonsense = origin.get(&format!("{MESSAGES}?after=yesterday")).send().await.unwrap();
    assert_eq!(problem(nonsense).await, (400, "bad-query".into()));
    let stranger = json!({"id": "a1", "agent": "nobody", "text": "x"});
    let response = origin.post("/naive/c1/replies", &stranger).bearer_auth(ADMIN).send().await.unwrap();
    assert_eq!(problem(response).await, (422, "unknown-agent".into()));
    let huge = say(&origin, "m2", &"x".repeat(300_000)).await;
    assert_eq!(problem(huge).await, (413, "body-too-large".into()));
}

#[tokio::test]
async fn the_oldest_of_a_thousand_messages_makes_room_for_the_next() {
    let origin = UnderTest::start().await;
    let first = json!({"id": "first", "text": "first"});
    assert_eq!(origin.post("/naive/c0/messages", &first).send().await.unwrap().status(), 200);
    for n in 1..=1_000 {
        assert_eq!(say(&origin, &format!("m{n}"), "x").await.status(), 200);
        if n == 999 {
            assert_eq!(texts(&origin, "/naive/c0/messages").await, ["first"]);
        }
    }
    assert_eq!(texts(&origin, "/naive/c0/messages").await, [""; 0]);
    assert_eq!(texts(&origin, MESSAGES).await.len(), 200, "one answer has no more");
}

#[tokio::test]
async fn it_stands_in_the_line_of_the_modelled_database() {
    let origin = UnderTest::of(NO_EDGE, |config| origin::config::Config {
        capacity: Some(PerSecond::parse("5").unwrap()),
        ..config
    })
    .await;
    let begun = Instant::now();
    tokio::join!(say(&origin, "m1", "x"), say(&origin, "m2", "x"), say(&origin, "m3", "x"));
    assert!(begun.elapsed() >= Duration::from_millis(590), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn faults_hit_it_as_they_hit_the_edge_and_what_they_swallow_is_counted() {
    let origin = UnderTest::start().await;
    assert_eq!(callers(&origin).await, (0, 0));
    origin.fault(json!({"kind": "down"})).await;
    let draft = json!({"id": "m1", "text": "x"});
    assert!(origin.post(MESSAGES, &draft).send().await.is_err());
    assert!(origin.signed_settings("demo").send().await.is_err());
    assert_eq!(callers(&origin).await, (1, 1), "spared, like the faults themselves");
    origin.fault(json!({"kind": "errors", "percent": 100, "resource": "messages"})).await;
    let failed = say(&origin, "m1", "x").await;
    assert_eq!(readable_by(&failed), Some(NO_EDGE), "a page sees an error as what it is");
    assert_eq!(problem(failed).await, (500, "fault".into()));
    origin.fault(json!({"kind": "none"})).await;
    assert_eq!(say(&origin, "m1", "x").await.status(), 200);
    assert_eq!(callers(&origin).await, (3, 1));
}

#[tokio::test]
async fn only_the_demonstrations_page_may_ask_from_a_browser() {
    let origin = UnderTest::start().await;
    for path in ["/faults", "/load", "/callers", "/ledger/demo/messages", "/naive/c1/replies"] {
        let allowed = preflight(&origin, path).send().await.unwrap();
        assert_eq!((allowed.status().as_u16(), readable_by(&allowed)), (204, Some(NO_EDGE)), "{path}");
        assert_eq!(allowed.headers()["access-control-allow-headers"], "authorization");
    }
    assert_eq!(callers(&origin).await, (0, 0), "a browser's question is nobody's load");
    let faults = asked_by(origin.get("/faults").bearer_auth(ADMIN), NO_EDGE).send().await.unwrap();
    assert_eq!(
        (readable_by(&faults), &faults.headers()["vary"]),
        (Some(NO_EDGE), &"origin".parse().unwrap())
    );

    for other in ["http://127.0.0.1:10", "http://localhost:9", "https://127.0.0.1:9", "null"] {
        let faults = asked_by(origin.get("/faults").bearer_auth(ADMIN), other).send().await.unwrap();
        assert_eq!(readable_by(&faults), None, "{other}");
        let draft = json!({"id": "m1", "text": "x"});
        let said = asked_by(origin.post(MESSAGES, &draft), other).send().await.unwrap();
        assert_eq!(problem(said).await, (403, "foreign-page".into()), "{other}");
    }
    assert_eq!(texts(&origin, MESSAGES).await, [""; 0]);
}

#[tokio::test]
async fn an_origin_that_is_no_demonstration_has_none_of_it() {
    let origin = UnderTest::of(NO_EDGE, |config| origin::config::Config { demo: false, ..config }).await;
    assert_eq!(problem(say(&origin, "m1", "x").await).await, (404, "not-found".into()));
    for path in [MESSAGES, "/callers"] {
        let response = asked_by(origin.get(path).bearer_auth(ADMIN), NO_EDGE).send().await.unwrap();
        assert_eq!(problem(response).await, (404, "not-found".into()), "{path}");
    }
    let faults = asked_by(origin.get("/faults").bearer_auth(ADMIN), NO_EDGE).send().await.unwrap();
    assert_eq!((faults.status().as_u16(), readable_by(&faults)), (200, None));
    let asked = preflight(&origin, "/faults").send().await.unwrap();
    assert_eq!(readable_by(&asked), None);
    assert_eq!(problem(asked).await, (405, "wrong-method".into()));
}
