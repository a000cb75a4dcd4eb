//! Every fault as a client sees it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::event::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::edge::FakeEdge;
use crate::under_test::{ADMIN, LIMIT, UnderTest, message, problem, read};

/// All that a connection gives for one request, or nothing where it stays open without an answer.
async fn raw(origin: &UnderTest, path: &str, patience: Duration) -> Option<Vec<u8>> {
    let url = origin.url("");
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: origin\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    match timeout(patience, stream.read_to_end(&mut answer)).await {
        // A reset is an end as well.
        Ok(_) => Some(answer),
        Err(_) => None,
    }
}

#[tokio::test]
async fn down_closes_connections_without_a_byte_and_spares_faults_and_ledger() {
    let origin = UnderTest::start().await;
    origin.fault(json!({"kind": "down"})).await;
    for path in ["/health", "/events", "/sites/demo", "/.well-known/jwks.json", "/nothing"] {
        assert_eq!(raw(&origin, path, LIMIT).await, Some(vec![]), "{path}");
    }
    assert_eq!(origin.ledger("").await, [Value::Null; 0]);
    assert_eq!(origin.get("/faults").bearer_auth(ADMIN).send().await.unwrap().status(), 200);
    origin.fault(json!({"kind": "none"})).await;
    assert_eq!(origin.get("/health").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn down_sends_nothing_until_it_is_over() {
    let edge = FakeEdge::start().await;
    let origin = UnderTest::with_edge(&edge.url).await;
    edge.batches("seawall.site-changed", 1).await;
    origin.results(&json!([message("c1", 1, "m1")])).await;
    let draft = json!({"agent": "ada", "text": "x"});
    let post = || origin.post("/sites/demo/conversations/c1/replies", &draft).bearer_auth(ADMIN).send();
    // Accounts alone being down does not hold replies back.
    origin.fault(json!({"kind": "down", "resource": "accounts"})).await;
    assert_eq!(post().await.unwrap().status(), 202);
    edge.batches("seawall.reply", 1).await;
    origin.fault(json!({"kind": "down"})).await;
    assert!(post().await.is_err());
    assert_eq!(edge.so_far("seawall.reply"), 1);
    origin.fault(json!({"kind": "none"})).await;
    assert_eq!(post().await.unwrap().status(), 202);
    edge.batches("seawall.reply", 2).await;
}

#[tokio::test]
async fn hang_never_answers_and_lets_go_when_it_is_replaced() {
    let origin = Arc::new(UnderTest::start().await);
    origin.fault(json!({"kind": "hang"})).await;
    assert_eq!(raw(&origin, "/health", Duration::from_millis(200)).await, None);
    let hanging = tokio::spawn({
        let origin = origin.clone();
        async move { raw(&origin, "/health", LIMIT).await }
    });
    // The ledger's answer comes from a connection accepted after the hanging one.
    assert_eq!(origin.ledger("").await, [Value::Null; 0]);
    origin.fault(json!({"kind": "none"})).await;
    let answer = hanging.await.unwrap().expect("let go");
    // Either it hung and was dropped, or it came when all was well again.
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn slow_answers_after_its_time_and_only_for_its_resource() {
    let origin = UnderTest::start().await;
    origin.fault(json!({"kind": "slow", "ms": 300, "resource": "accounts"})).await;
    let begun = Instant::now();
    assert_eq!(origin.get("/.well-known/jwks.json").send().await.unwrap().status(), 200);
    assert!(begun.elapsed().as_millis() >= 300);
    // An hour would be noticed.
    origin.fault(json!({"kind": "slow", "ms": 600_000, "resource": "messages"})).await;
    assert_eq!(origin.get("/.well-known/jwks.json").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn errors_answer_500_in_the_given_share() {
    let origin = UnderTest::start().await;
    origin.fault(json!({"kind": "errors", "percent": 100, "resource": "messages"})).await;
    let response = origin.batch(&json!([message("c1", 1, "m1")])).send().await.unwrap();
    assert_eq!(problem(response).await, (500, "fault".into()));
    assert_eq!(origin.get("/.well-known/jwks.json").send().await.unwrap().status(), 200);
    assert_eq!(origin.ledger_ids().await, [""; 0]);

    origin.fault(json!({"kind": "errors", "percent": 30})).await;
    let mut errors = 0;
    for _ in 0..200 {
        errors += u32::from(origin.get("/.well-known/jwks.json").send().await.unwrap().status() == 500);
    }
    // 30 of 100 with a standard deviation of 6.5 in 200: six of those either way.
    assert!((21..=99).contains(&errors), "{errors} of 200");
}

#[tokio::test]
async fn lose_receipts_stores_the_batch_and_closes_the_connection() {
    let origin = UnderTest::start().await;
    origin.fault(json!({"kind": "lose-receipts", "percent": 100})).await;
    let batch = json!([message("c1", 1, "m1")]);
    assert!(origin.batch(&batch).send().await.is_err());
    assert_eq!(origin.ledger_ids().await, ["m1"]);
    origin.fault(json!({"kind": "none"})).await;
    assert_eq!(origin.results(&batch).await[0].0, Outcome::Duplicate);
}

#[tokio::test]
async fn garbage_answers_200_with_something_else() {
    let origin = UnderTest::start().await;
    origin.fault(json!({"kind": "garbage"})).await;
    let response = origin.batch(&json!([message("c1", 1, "m1")])).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(serde_json::from_slice::<Value>(&response.bytes().await.unwrap()).is_err());
    assert_eq!(origin.ledger_ids().await, [""; 0]);
}

#[tokio::test]
async fn over_save_keeps_messages_safe_while_the_disk_is_busy_with_nothing() {
    let origin = UnderTest::start().await;
    origin.fault(json!({"kind": "over-save"})).await;
    for seq in 1..=5 {
        let batch = json!([message("c1", seq, &format!("m{seq}"))]);
        assert_eq!(origin.results(&batch).await[0].0, Outcome::Accepted);
    }
    assert_eq!(origin.login("demo", "ada@demo.example", "demo-password").await.status(), 200);
    let health: Value = read(origin.get("/health").send().await.unwrap()).await;
    assert_eq!(health["status"], "warn");
    origin.fault(json!({"kind": "none"})).await;
    let health: Value = read(origin.get("/health").send().await.unwrap()).await;
    assert_eq!(health["status"], "pass");
}

#[tokio::test]
async fn a_fault_that_cannot_be_is_refused_and_changes_nothing() {
    let origin = UnderTest::start().await;
    origin.fault(json!({"kind": "errors", "percent": 1})).await;
    let refusals = [
        (json!({"kind": "earthquake"}), "bad-body"),
        (json!({"kind": "errors", "percent": 101}), "bad-fault"),
        (json!({"kind": "slow", "ms": 600_001}), "bad-fault"),
        (json!({"kind": "lose-receipts", "percent": 1, "resource": "accounts"}), "bad-fault"),
        (json!({"kind": "down", "resource": "weather"}), "bad-body"),
    ];
    for (fault, code) in refusals {
        let response = origin.put("/faults", &fault).send().await.unwrap();
        assert_eq!(problem(response).await, (400, code.into()), "{fault}");
    }
    let fault: Value = read(origin.get("/faults").bearer_auth(ADMIN).send().await.unwrap()).await;
    assert_eq!(fault, json!({"kind": "errors", "percent": 1}));
}
