//! The modelled database as its clients feel it.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::join;

use crate::under_test::{LIMIT, UnderTest, message, problem};

/// As many messages as a batch takes, which is a cost of 50.
pub(crate) fn full_batch(conversation: &str) -> Value {
    (1..=50).map(|seq| message(conversation, seq, &format!("{conversation}-{seq}"))).collect()
}

#[tokio::test]
async fn accounts_and_messages_wait_in_one_line() {
    let origin = UnderTest::with_capacity(100).await;
    let (one, two) = (full_batch("c1"), full_batch("c2"));
    let begun = Instant::now();
    let (one, two, settings, login) = join!(
        origin.results(&one),
        origin.results(&two),
        origin.settings("demo"),
        origin.login("demo", "ada@demo.example", "demo-password"),
    );
    assert_eq!((one.len(), two.len()), (50, 50));
    assert_eq!((settings.status().as_u16(), login.status().as_u16()), (200, 200));
    // In whatever order they came: 50 + 50 + 1 + 2, at 100 per second.
    assert!(begun.elapsed() >= Duration::from_millis(1_030), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn without_a_capacity_nobody_waits() {
    let origin = UnderTest::start().await;
    for n in 0..20 {
        // A capacity would not let 1,000 messages through while somebody waits for a test.
        assert_eq!(origin.results(&full_batch(&format!("c{n}"))).await.len(), 50);
    }
}

#[tokio::test]
async fn a_batch_whose_client_has_hung_up_is_stored_all_the_same() {
    let origin = UnderTest::with_capacity(50).await;
    let (batch, begun) = (full_batch("c1"), Instant::now());
    while origin.ledger_ids().await.is_empty() {
        assert!(begun.elapsed() < LIMIT, "nothing of what was asked for was done");
        // A full batch takes a second, so nobody is ever answered.
        let impatient = origin.batch(&batch).timeout(Duration::from_millis(300));
        assert!(impatient.send().await.is_err());
    }
}

#[tokio::test]
async fn a_full_line_is_refused_openly_and_hanging_up_does_not_shorten_it() {
    let mut origin = UnderTest::with_capacity(5).await;
    let begun = Instant::now();
    let refused = loop {
        assert!(begun.elapsed() < LIMIT, "the places of those who hung up were given back");
        let impatient = origin.batch(&full_batch("c1")).timeout(Duration::from_millis(300));
        if let Ok(response) = impatient.send().await {
            break response;
        }
    };
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((5..=15).contains(&seconds), "{seconds}");
    assert_eq!(problem(refused).await, (503, "overloaded".into()));
    for response in
        [origin.settings("demo").await, origin.get("/.well-known/jwks.json").send().await.unwrap()]
    {
        assert_eq!(problem(response).await, (503, "overloaded".into()));
    }
    // The ledger never waits, and a stop does not wait for the line: what is in it is done at once.
    assert_eq!(origin.ledger_ids().await, [""; 0]);
    origin.restart().await;
    assert!(begun.elapsed() < LIMIT);
    assert_eq!(origin.ledger_ids().await.len(), 50);
}
