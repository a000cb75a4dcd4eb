//! What an origin says: how it is, that its quota is spent, and that it is one account that it cannot bear.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::session::MessageState;
use tests::harness::fake_origin::FakeOrigin;
use tests::harness::person::Person;
use tests::harness::stack::{ADA, Stack};
use tests::harness::tokens::AgentKey;
use tests::harness::wait;

/// Nobody pushes anything: the edge asks.
#[tokio::test(flavor = "multi_thread")]
async fn health_1_an_origin_that_says_its_accounts_fail_is_believed_and_messages_flow_on() {
    let origin = FakeOrigin::start(AgentKey::new("k1", 7)).await;
    let stack = Stack::in_front_of(origin.port).await;
    let visitor = Person::visitor(stack.edge_port);
    visitor.live().await;
    visitor.write("Before");
    visitor.has_come("Before", &MessageState::Delivered, 30).await;
    assert_eq!(stack.mode().await, "normal");

    origin.says(json!({ "status": "fail", "checks": { "accounts": [{ "status": "fail" }] } }));
    let mut written = 0;
    wait::until_true("the edge has heard of it", 60, || {
        // It asks while there is traffic.
        written += 1;
        visitor.write(&format!("During {written}"));
        async { stack.mode().await == "chatting-only" && stack.reason().await == "accounts-failing" }
    })
    .await;
    let last = format!("During {written}");
    visitor.has_come(&last, &MessageState::Delivered, 30).await;
    stack.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn health_2_a_spent_quota_makes_the_next_message_wait_for_as_long_as_the_origin_says() {
    let origin = FakeOrigin::start(AgentKey::new("k1", 7)).await;
    let stack = Stack::in_front_of(origin.port).await;
    let visitor = Person::visitor(stack.edge_port);
    visitor.live().await;
    let fields =
        ["RateLimit: \"minute\";r=9;t=50, \"day\";r=0;t=3", "RateLimit-Remaining: 0\r\nRateLimit-Reset: 3"];
    for (n, field) in fields.into_iter().enumerate() {
        origin.adds(Some(field));
        let (first, second) = (format!("First {n}"), format!("Second {n}"));
        visitor.write(&first);
        visitor.has_come(&first, &MessageState::Delivered, 30).await;
        let began = Instant::now();
        origin.adds(None);
        visitor.write(&second);
        visitor.has_come(&second, &MessageState::Delivered, 30).await;
        let waited = began.elapsed();
        assert!(waited > Duration::from_millis(2_500), "{field}: {waited:?}");
    }
    stack.assert_calm();
}

/// As of the customer with thousands of agents, whose log-ins were what all others waited for.
#[tokio::test(flavor = "multi_thread")]
async fn class_2_an_account_whose_log_ins_fail_is_refused_alone_until_they_pass_again() {
    let origin = FakeOrigin::start(AgentKey::new("k1", 7)).await;
    let stack = Stack::in_front_of(origin.port).await;
    let log_in = async |site: &str| {
        let answer = stack.log_in_request(site, (ADA.0, "wrong")).send().await;
        answer.expect("an answer").status().as_u16()
    };
    let failing =
        async || stack.status().await["checks"]["origin:sites-failing"][0]["observedValue"].as_u64();
    wait::until_true("both are asked", 60, || async {
        (log_in("demo").await, log_in("large").await) == (401, 401)
    })
    .await;
    assert_eq!(failing().await, Some(0));

    origin.fails_for(Some("large"));
    wait::until_true("it is this account", 60, || async {
        (log_in("large").await, log_in("demo").await) == (503, 401) && failing().await == Some(1)
    })
    .await;
    let (before, began) = (origin.log_ins("large"), Instant::now());
    for _ in 0..100 {
        assert_eq!((log_in("large").await, log_in("demo").await), (503, 401));
    }
    let (asked, took) = (origin.log_ins("large") - before, began.elapsed());
    println!("100 refused log-ins in {took:?}: the origin was asked {asked} times");
    assert!(asked as f64 <= 3.0 + took.as_secs_f64() / 4.0, "{asked} in {took:?}");
    assert_eq!(stack.mode().await, "normal", "nobody else is told of it");

    origin.fails_for(None);
    wait::until_true("it is tried again", 90, || async { log_in("large").await == 401 }).await;
    wait::until_true("and forgotten", 10, || async { failing().await == Some(0) }).await;
    stack.assert_calm();
}
