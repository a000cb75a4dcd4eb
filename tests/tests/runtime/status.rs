//! What is told of the gate, and what telling it costs.

use std::time::Instant;

use reqwest::{Method, StatusCode};
use tests::harness::stack::Stack;

const GATE_CALLS: &str = "seawall_object_calls_total{object=\"origin-gate\"}";

#[tokio::test(flavor = "multi_thread")]
async fn mode_8_ten_thousand_questions_how_it_is_cost_the_gate_one_call_in_two_seconds() {
    let stack = Stack::start().await;
    let (before, began) = (stack.count(GATE_CALLS).await, Instant::now());
    let lanes = (0..40).map(|_| async {
        for _ in 0..250 {
            let answer = stack.edge(Method::GET, "localhost", "/v1/status").send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK);
        }
    });
    futures_util::future::join_all(lanes).await;
    let (calls, took_s) = (stack.count(GATE_CALLS).await - before, began.elapsed().as_secs_f64());
    println!("10,000 questions in {took_s:.1} s: {calls} calls of the gate");
    // One at once and one every two seconds, and what the edge does of itself meanwhile.
    assert!(calls as f64 <= 2.0 + took_s / 2.0, "{calls} calls in {took_s:.1} s");
    stack.assert_calm();
}
