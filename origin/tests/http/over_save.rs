//! The account service that saves far too often, before a modelled database.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::load::{sum, worked_off};
use crate::under_test::{LIMIT, UnderTest, message, problem};

#[tokio::test]
async fn an_account_is_loaded_once_until_a_save_and_ten_times_at_every_turn_under_over_save() {
    let origin = UnderTest::with_capacity(100).await;
    let (mut cost, over_save) = (0.0, json!({"kind": "over-save"}));
    let mut settings_cost = async |expected: f64| {
        assert_eq!(origin.settings("demo").await.status(), 200);
        cost += expected;
        let arrived = sum(&worked_off(&origin, cost).await, "arrived", "accounts");
        assert!((arrived - cost).abs() < 0.001, "{expected}: {arrived} and not {cost}");
    };
    settings_cost(1.0).await;
    settings_cost(0.1).await;
    assert_eq!(origin.put("/admin/sites/demo", &json!({"name": "Demo"})).send().await.unwrap().status(), 200);
    settings_cost(2.0 + 1.0).await;
    origin.fault(over_save).await;
    settings_cost(10.0).await;
    settings_cost(10.0).await;
    origin.fault(json!({"kind": "none"})).await;
    settings_cost(1.0).await;
    settings_cost(0.1).await;
}

#[tokio::test]
async fn account_traffic_under_over_save_fills_the_line_and_messages_are_refused() {
    let origin = UnderTest::with_capacity(5).await;
    origin.fault(json!({"kind": "over-save"})).await;
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < LIMIT, "the line never fills");
        let settings = origin.signed_settings("demo").timeout(Duration::from_millis(300));
        if settings.send().await.is_ok_and(|response| response.status() == 503) {
            break;
        }
    }
    let response = origin.batch(&json!([message("c1", 1, "m1")])).send().await.unwrap();
    assert_eq!(problem(response).await, (503, "overloaded".into()));
}

#[tokio::test]
async fn messages_cost_what_they_cost_under_over_save() {
    let origin = UnderTest::with_capacity(100).await;
    origin.fault(json!({"kind": "over-save"})).await;
    origin.results(&json!([message("c1", 1, "m1")])).await;
    assert!((sum(&worked_off(&origin, 1.0).await, "arrived", "messages") - 1.0).abs() < 0.001);
}
