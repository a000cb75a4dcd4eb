//! What the origin says about its resources, asked and unasked.

use std::time::Duration;

use serde_json::{Value, json};

use crate::capacity::full_batch;
use crate::edge::{Batch, FakeEdge};
use crate::under_test::{UnderTest, read};

const STATUS: &str = "seawall.status";

/// The status in each batch, which speaks of both resources.
fn told(batches: &[Batch]) -> Vec<String> {
    let status = |batch: &Batch| {
        let [accounts, messages] = batch.events.as_slice() else { panic!("{batch:?}") };
        for (event, resource) in [(accounts, "accounts"), (messages, "messages")] {
            assert_eq!(event["source"], format!("/status/{resource}"));
            assert_eq!(event["data"]["resource"], resource);
            assert!(event["data"]["output"].as_str().unwrap().starts_with("A request waits "));
        }
        assert_eq!(accounts["data"]["status"], messages["data"]["status"]);
        accounts["data"]["status"].as_str().unwrap().to_owned()
    };
    batches.iter().map(status).collect()
}

#[tokio::test]
async fn status_1_the_edge_is_told_each_change_of_the_line_once() {
    let edge = FakeEdge::start().await;
    let origin = UnderTest::with_capacity_and_edge(20, &edge.url).await;
    edge.batches(STATUS, 1).await;
    // 50 messages are a line of 2.5 s.
    assert_eq!(origin.results(&full_batch("c1")).await.len(), 50);
    let batches = edge.batches(STATUS, 3).await;
    assert_eq!(told(&batches), ["pass", "warn", "pass"]);
    let output = |batch: &Batch| batch.events[0]["data"]["output"].as_str().unwrap().to_owned();
    assert!(output(&batches[1]).contains(": 0 ms for work of accounts, 2"), "{}", output(&batches[1]));
    let ids: std::collections::BTreeSet<_> = batches.iter().map(|batch| &batch.webhook_id).collect();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn status_1_an_edge_that_may_have_taken_a_status_is_told_the_newest_one() {
    let edge = FakeEdge::start().await;
    let origin = UnderTest::with_capacity_and_edge(20, &edge.url).await;
    edge.batches(STATUS, 1).await;
    edge.answers_statuses(500);
    origin.results(&full_batch("c1")).await;
    // It was told `pass` before, and may believe `warn` now.
    let warned_then_passed = |batches: &[Batch]| {
        let mut told = told(batches);
        told.dedup();
        told == ["pass", "warn", "pass"]
    };
    edge.until(STATUS, warned_then_passed).await;
    edge.answers_statuses(200);
    let so_far = edge.so_far(STATUS);
    let batches = edge.batches(STATUS, so_far + 1).await;
    assert_eq!(told(&batches).last().unwrap(), "pass");
}

#[tokio::test]
async fn status_1_an_origin_that_is_down_tells_nothing_and_afterwards_the_newest() {
    let edge = FakeEdge::start().await;
    let origin = UnderTest::with_capacity_and_edge(20, &edge.url).await;
    edge.batches(STATUS, 1).await;
    let batch = full_batch("c1");
    let (impatient, down) =
        (origin.batch(&batch).timeout(Duration::from_millis(600)), json!({"kind": "down"}));
    // It hangs up while its batch is still a long line, and before that is short the origin is down.
    assert!(impatient.send().await.is_err());
    edge.batches(STATUS, 2).await;
    origin.fault(down).await;
    while origin.ledger_ids().await.is_empty() {}
    assert_eq!(told(&edge.batches(STATUS, 1).await), ["pass", "warn"]);
    origin.fault(json!({"kind": "none"})).await;
    assert_eq!(told(&edge.batches(STATUS, 3).await), ["pass", "warn", "pass"]);
}

#[tokio::test]
async fn without_a_capacity_there_is_no_status_to_tell() {
    let edge = FakeEdge::start().await;
    let origin = UnderTest::with_edge(&edge.url).await;
    assert_eq!(origin.results(&full_batch("c1")).await.len(), 50);
    edge.batches("seawall.site-changed", 1).await;
    let health: Value = read(origin.get("/health").send().await.unwrap()).await;
    assert_eq!(health["status"], "pass");
    assert_eq!(edge.so_far(STATUS), 0);
}

#[tokio::test]
async fn health_tells_the_line_of_each_resource_and_whose_work_it_is() {
    let origin = UnderTest::with_capacity(5).await;
    let health = async || origin.get("/health").send().await.unwrap();
    let calm = health().await;
    assert_eq!(calm.status(), 200);
    let calm: Value = read(calm).await;
    assert_eq!(calm["checks"]["accounts"][1]["observedValue"], 0);
    assert_eq!((&calm["status"], &calm["checks"]["messages"][1]["status"]), (&json!("pass"), &json!("pass")));

    // 50 messages are a line of 10 s.
    let batch = full_batch("c1");
    let impatient = origin.batch(&batch).timeout(Duration::from_millis(600));
    assert!(impatient.send().await.is_err());
    let full = health().await;
    assert_eq!(full.status(), 503);
    let full: Value = read(full).await;
    for resource in ["accounts", "messages"] {
        let [whole, line] = full["checks"][resource].as_array().unwrap().as_slice() else { panic!("{full}") };
        assert_eq!((&whole["status"], &line["status"]), (&json!("fail"), &json!("fail")));
        assert_eq!((&line["componentId"], &line["observedUnit"]), (&json!("line"), &json!("ms")));
        let (wait, own) = (line["observedValue"].as_u64().unwrap(), line["own_work_ms"].as_u64().unwrap());
        assert!((5_000..=10_000).contains(&wait), "{line}");
        assert_eq!(own, if resource == "messages" { wait } else { 0 });
    }
}
