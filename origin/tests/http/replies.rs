//! Replies written in the origin, on their way to the edge.

use reqwest::Response;
use serde_json::{Value, json};

use crate::edge::{Answer, FakeEdge};
use crate::under_test::{ADMIN, UnderTest, message, problem, read};

const REPLY: &str = "seawall.reply";

async fn reply(origin: &UnderTest, conversation: &str, body: Value) -> Response {
    let path = format!("/sites/demo/conversations/{conversation}/replies");
    origin.post(&path, &body).bearer_auth(ADMIN).send().await.unwrap()
}

async fn numbered(origin: &UnderTest, conversation: &str, text: &str) -> u64 {
    let response = reply(origin, conversation, json!({"agent": "ada", "text": text})).await;
    assert_eq!(response.status(), 202);
    let answer: Value = read(response).await;
    assert!(answer["id"].is_string());
    answer["n"].as_u64().unwrap()
}

/// An origin that knows the conversations `c1` and `c2`, beside a fake edge.
async fn origin_and_edge() -> (UnderTest, FakeEdge) {
    let edge = FakeEdge::start().await;
    let origin = UnderTest::with_edge(&edge.url).await;
    origin.results(&json!([message("c1", 1, "m1"), message("c2", 1, "m1")])).await;
    edge.batches("seawall.site-changed", 1).await;
    (origin, edge)
}

#[tokio::test]
async fn a_reply_reaches_the_edge_numbered_per_conversation_and_is_not_in_the_ledger_yet() {
    let (origin, edge) = origin_and_edge().await;
    assert_eq!(numbered(&origin, "c1", "one").await, 1);
    assert_eq!(numbered(&origin, "c2", "one").await, 1);
    assert_eq!(numbered(&origin, "c1", "two").await, 2);
    edge.batches(REPLY, 1).await;
    let all = async || -> Vec<Value> {
        let mut events = Vec::new();
        for batches in 1.. {
            events.clear();
            events.extend(edge.batches(REPLY, batches).await.into_iter().flat_map(|batch| batch.events));
            if events.len() >= 3 {
                break;
            }
        }
        events
    };
    let events = all().await;
    let of_c1: Vec<_> = events.iter().filter(|event| event["data"]["conversation"] == "c1").collect();
    assert_eq!([&of_c1[0]["data"]["n"], &of_c1[1]["data"]["n"]], [1, 2]);
    assert_eq!([&of_c1[0]["data"]["text"], &of_c1[1]["data"]["text"]], ["one", "two"]);
    assert_eq!(of_c1[0]["data"]["name"], "Ada Ferris");
    assert_eq!(of_c1[0]["data"]["writer"], events[1]["data"]["writer"]);
    assert_eq!(of_c1[0]["source"], "/sites/demo/conversations/c1");
    assert_eq!(origin.ledger_ids().await, ["m1", "m1"]);
}

#[tokio::test]
async fn a_batch_that_fails_is_sent_again_under_the_same_webhook_id() {
    let (origin, edge) = origin_and_edge().await;
    edge.will_answer([Answer::Status(500), Answer::Garbage, Answer::Status(401)]);
    numbered(&origin, "c1", "one").await;
    let batches = edge.batches(REPLY, 4).await;
    assert!(batches.iter().all(|batch| batch.webhook_id == batches[0].webhook_id));
    assert!(batches.iter().all(|batch| batch.events == batches[0].events));
    numbered(&origin, "c1", "two").await;
    let batches = edge.batches(REPLY, 5).await;
    assert_ne!(batches[4].webhook_id, batches[0].webhook_id);
    assert_eq!(batches[4].events.len(), 1, "what was accepted is not sent again");
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let (origin, edge) = origin_and_edge().await;
    edge.will_answer([Answer::StatusRetryAfter(503, "1")]);
    let begun = std::time::Instant::now();
    numbered(&origin, "c1", "one").await;
    edge.batches(REPLY, 2).await;
    assert!(begun.elapsed().as_millis() >= 1_000, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn later_is_tried_again_and_refused_is_parked() {
    let (origin, edge) = origin_and_edge().await;
    edge.will_answer([Answer::All("later"), Answer::All("refused"), Answer::All("duplicate")]);
    numbered(&origin, "c1", "one").await;
    let batches = edge.batches(REPLY, 2).await;
    assert_eq!(batches[0].events, batches[1].events);
    assert_ne!(batches[0].webhook_id, batches[1].webhook_id, "an answered batch is over");
    numbered(&origin, "c1", "two").await;
    let batches = edge.batches(REPLY, 3).await;
    assert_eq!(batches[2].events.len(), 1, "the refused reply is not sent again");
    let health: Value = read(origin.get("/health").send().await.unwrap()).await;
    assert_eq!(health["checks"]["messages"][0]["parked"], 1);
}

#[tokio::test]
async fn a_reply_that_waits_survives_a_restart_with_its_batch_and_its_writer() {
    let (mut origin, edge) = origin_and_edge().await;
    edge.will_answer([Answer::StatusRetryAfter(503, "600")]);
    numbered(&origin, "c1", "one").await;
    edge.batches(REPLY, 1).await;
    origin.restart().await;
    let batches = edge.batches(REPLY, 2).await;
    assert_eq!(batches[0].webhook_id, batches[1].webhook_id);
    assert_eq!(batches[0].events, batches[1].events);
    assert_eq!(numbered(&origin, "c1", "two").await, 2);
    let batches = edge.batches(REPLY, 3).await;
    assert_eq!(batches[2].events[0]["data"]["writer"], batches[0].events[0]["data"]["writer"]);
}

#[tokio::test]
async fn a_reply_posted_twice_under_one_id_is_one_reply() {
    let (origin, _edge) = origin_and_edge().await;
    let draft = json!({"agent": "ada", "text": "one", "id": "mine"});
    for _ in 0..2 {
        let answer: Value = read(reply(&origin, "c1", draft.clone()).await).await;
        assert_eq!(answer, json!({"id": "mine", "n": 1}));
    }
    let other = reply(&origin, "c1", json!({"agent": "ada", "text": "two", "id": "mine"})).await;
    assert_eq!(problem(other).await, (409, "id-taken".into()));
    assert_eq!(numbered(&origin, "c1", "two").await, 2, "a refused reply takes no number");
}

#[tokio::test]
async fn a_reply_that_breaks_a_rule_is_refused_with_a_code() {
    let (origin, _edge) = origin_and_edge().await;
    let refused = async |conversation: &str, agent: &str, text: &str| {
        problem(reply(&origin, conversation, json!({"agent": agent, "text": text})).await).await
    };
    assert_eq!(refused("unheard-of", "ada", "x").await, (404, "unknown-conversation".into()));
    assert_eq!(refused("c1", "nobody", "x").await, (422, "unknown-agent".into()));
    assert_eq!(refused("c1", "ada", " ").await, (400, "empty-text".into()));
    assert_eq!(refused("c1", "ada", &"x".repeat(4_001)).await, (400, "text-too-long".into()));
    let named = reply(&origin, "c1", json!({"agent": "ada", "text": "x", "id": "page.5"})).await;
    assert_eq!(problem(named).await, (400, "misnamed".into()), "NAME-1");
    let draft = json!({"agent": "ada", "text": "x"});
    let response = origin.post("/sites/demo/conversations/c1/replies", &draft).send().await.unwrap();
    assert_eq!(problem(response).await, (401, "bad-token".into()));
}
