//! What people and tools are told of an outage while it lasts: `/status/`, `summary.json` and `/v1/status`.

use std::time::Instant;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::session::MessageState;
use tests::harness::person::Person;
use tests::harness::stack::Stack;
use tests::harness::wait;

const SUMMARY: &str = "/status/api/v2/summary.json";
const GATE_CALLS: &str = "seawall_object_calls_total{object=\"origin-gate\"}";

async fn summary(stack: &Stack) -> Value {
    let answer = stack.edge(Method::GET, "localhost", SUMMARY).send().await.expect("the edge answers");
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.expect("JSON")
}

/// The status of a part, by its name.
fn part<'a>(summary: &'a Value, name: &str) -> &'a str {
    let parts = summary["components"].as_array().expect("components");
    let part = parts.iter().find(|part| part["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    part["status"].as_str().unwrap_or_default()
}

async fn check(stack: &Stack, name: &str) -> Value {
    stack.status().await["checks"][name][0]["status"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_and_its_summary_follow_an_outage_while_the_origin_is_dead() {
    let mut stack = Stack::start().await;
    let visitor = Person::visitor(stack.edge_port);
    visitor.live().await;
    visitor.write("Before");
    visitor.has_come("Before", &MessageState::Delivered, 30).await;
    let before = summary(&stack).await;
    assert_eq!((&before["status"]["indicator"], &before["incidents"]), (&json!("none"), &json!([])));
    assert_eq!(before["page"]["url"], format!("{}/status/", stack.edge_url("localhost")));
    for name in ["Chatbox", "Agents", "Messages to the chat company"] {
        assert_eq!(part(&before, name), "operational", "{name}");
    }
    assert_eq!(check(&stack, "origin:pace").await, "pass");

    // Not only refusing: gone, with its process.
    stack.kill_origin();
    for n in 1..=3 {
        visitor.write(&format!("During {n}"));
    }
    visitor.has_come("During 3", &MessageState::Sent, 30).await;
    wait::until_true("the summary tells of it", 30, || async {
        summary(&stack).await["status"]["indicator"] == "critical"
    })
    .await;
    wait::until_true("how many wait is known", 30, || async {
        let waiting = &summary(&stack).await["seawall"]["waiting"];
        waiting["messages"] == 3
            && waiting["conversations"] == 1
            && waiting["oldest_ms"].as_u64() > Some(1_000)
    })
    .await;
    let during = summary(&stack).await;
    assert_eq!(during["seawall"]["mode"], "holding");
    assert_eq!(during["seawall"]["waiting"]["to_go_ms"], Value::Null, "nobody knows");
    assert_eq!(part(&during, "Messages to the chat company"), "major_outage");
    assert_eq!(part(&during, "Agents"), "partial_outage");
    let incident = &during["incidents"][0];
    assert_eq!((&incident["impact"], &incident["status"]), (&json!("critical"), &json!("investigating")));
    assert_eq!(incident["updated_at"], during["seawall"]["since"]);
    for name in ["origin:availability", "origin:pace", "origin:limit", "origin:accounts"] {
        assert_eq!(check(&stack, name).await, "fail", "{name}");
    }
    let page = stack.edge(Method::GET, "localhost", "/status/").send().await.expect("the page");
    assert_eq!(page.status(), StatusCode::OK);
    let page = page.text().await.expect("HTML");
    assert!(page.contains("<noscript>") && page.contains("summary.json"), "{page}");

    // The edge dies meanwhile: since when there is trouble is not forgotten.
    stack.kill_edge();
    stack.start_edge();
    stack.edge_answers().await;
    let restarted = summary(&stack).await;
    assert_eq!(restarted["incidents"][0]["started_at"], incident["started_at"]);
    assert_eq!(restarted["seawall"]["since"], during["seawall"]["since"]);

    stack.start_origin();
    wait::until_true("it is told that messages flow again", 30, || async {
        let now = summary(&stack).await;
        now["incidents"][0]["status"] == "monitoring"
            && part(&now, "Messages to the chat company") == "degraded_performance"
    })
    .await;
    visitor.has_come("During 3", &MessageState::Delivered, 30).await;
    // MODE-5: a step every 30 s.
    wait::until_true("the summary is as it was", 150, || async {
        let now = summary(&stack).await;
        now["status"]["indicator"] == "none" && now["incidents"] == json!([])
    })
    .await;
    assert!(summary(&stack).await["seawall"]["since"].is_string());
    stack.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_8_ten_thousand_questions_how_it_is_cost_the_gate_one_call_a_second() {
    let stack = Stack::start().await;
    let (before, began) = (stack.count(GATE_CALLS).await, Instant::now());
    let lanes = (0..40).map(|lane| {
        let stack = &stack;
        async move {
            for n in 0..250 {
                let path = if (lane + n) % 2 == 0 { SUMMARY } else { "/v1/status" };
                let answer = stack.edge(Method::GET, "localhost", path).send().await.expect("an answer");
                assert_eq!(answer.status(), StatusCode::OK, "{path}");
            }
        }
    });
    futures_util::future::join_all(lanes).await;
    let (calls, took_s) = (stack.count(GATE_CALLS).await - before, began.elapsed().as_secs_f64());
    println!("10,000 questions in {took_s:.1} s: {calls} calls of the gate");
    // One at once and one a second, and at its start the edge and the origin have a word with the gate themselves.
    assert!(calls as f64 <= 5.0 + took_s, "{calls} calls in {took_s:.1} s");
    let answer = stack.edge(Method::GET, "localhost", SUMMARY).send().await.expect("an answer");
    assert_eq!(answer.headers()["cache-control"], "public, max-age=3");
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    stack.assert_calm();
}
