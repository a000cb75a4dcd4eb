//! What arrived, as a test of the whole system reads it.

use std::time::Instant;

use serde_json::{Value, json};

use crate::under_test::{ADMIN, LIMIT, UnderTest, message, problem};

/// Asks until so much has been worked off, and gives the report.
pub(crate) async fn worked_off(origin: &UnderTest, cost: f64) -> Value {
    let begun = Instant::now();
    loop {
        let report = origin.load(0).await;
        if sum(&report, "worked", "accounts") + sum(&report, "worked", "messages") > cost - 0.001 {
            return report;
        }
        assert!(begun.elapsed() < LIMIT, "{cost} is never worked off: {report}");
    }
}

fn buckets(report: &Value) -> &Vec<Value> {
    report["buckets"].as_array().unwrap()
}

pub(crate) fn sum(report: &Value, what: &str, resource: &str) -> f64 {
    buckets(report).iter().map(|bucket| bucket[what][resource].as_f64().unwrap()).sum()
}

#[tokio::test]
async fn arrivals_and_what_is_worked_off_are_told_by_resource_against_the_capacity() {
    let origin = UnderTest::with_capacity(50).await;
    let batch: Value = (1..=25).map(|seq| message("c1", seq, &format!("m{seq}"))).collect();
    let before_ms = origin::now_ms();
    assert_eq!(origin.results(&batch).await.len(), 25);
    assert_eq!(origin.settings("demo").await.status(), 200);
    let report = worked_off(&origin, 26.0).await;
    assert_eq!((&report["capacity"], &report["bucket_ms"]), (&json!(50), &json!(100)));
    for (what, accounts, messages) in [("arrived", 1.0, 25.0), ("refused", 0.0, 0.0), ("worked", 1.0, 25.0)] {
        let (a, m) = (sum(&report, what, "accounts"), sum(&report, what, "messages"));
        assert!((a - accounts).abs() < 0.001 && (m - messages).abs() < 0.001, "{what}: {a}, {m}");
    }
    for bucket in buckets(&report) {
        let worked = &bucket["worked"];
        let worked = worked["accounts"].as_f64().unwrap() + worked["messages"].as_f64().unwrap();
        assert!(worked <= 5.01, "more than the capacity in a tenth of a second: {bucket}");
        assert!(bucket["at_ms"].as_u64().unwrap() + 100 > before_ms);
    }
    // Half a second of work came at once.
    let longest = buckets(&report).iter().map(|bucket| bucket["line_ms"].as_u64().unwrap()).max();
    assert_eq!(longest, Some(500));
    let last = buckets(&report).last().unwrap()["at_ms"].as_u64().unwrap();
    assert!(buckets(&origin.load(last).await).is_empty());
}

#[tokio::test]
async fn load_is_for_administrators_and_never_faulted() {
    let origin = UnderTest::start().await;
    origin.fault(json!({"kind": "down"})).await;
    assert_eq!(origin.load(0).await["capacity"], Value::Null);
    let stranger = origin.get("/load").send().await.unwrap();
    assert_eq!(problem(stranger).await, (401, "bad-token".into()));
    let nonsense = origin.get("/load?after_ms=yesterday").bearer_auth(ADMIN).send().await.unwrap();
    assert_eq!(problem(nonsense).await, (400, "bad-query".into()));
}
