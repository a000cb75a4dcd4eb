//! No wave: an origin with a real capacity, in trouble, and what the edge asks of it.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::session::MessageState;
use tests::harness::ledger;
use tests::harness::person::Person;
use tests::harness::stack::{ADA, OPERATOR, Stack};
use tests::harness::wait;
use tests::harness::wire::{Door, anywhere};

/// What the origin bears, in messages a second.
const CAPACITY: u32 = 60;
/// Visitors with a socket each, and how long each waits between two messages: 50 a second in all.
const SOCKETS: usize = 500;
const PAUSE: Duration = Duration::from_secs(10);
const TRIGGER: Duration = Duration::from_secs(15);
const AFTER: Duration = Duration::from_secs(20);

/// `GET /load` of the reference origin.
#[derive(Deserialize)]
struct Load {
    now_ms: u64,
    buckets: Vec<Bucket>,
}

#[derive(Deserialize)]
struct Bucket {
    at_ms: u64,
    arrived: Arrived,
}

#[derive(Deserialize)]
struct Arrived {
    accounts: f64,
    messages: f64,
}

async fn load(stack: &Stack, after_ms: u64) -> Load {
    let path = format!("/load?after_ms={after_ms}");
    let answer = stack.admin(Method::GET, &path).send().await.expect("the origin answers");
    answer.json().await.expect("JSON")
}

/// The most that arrived per second, over any window of so many tenths of a second.
fn peak(load: &Load, from_ms: u64, tenths: u64) -> f64 {
    let of = |bucket: &Bucket| bucket.arrived.accounts + bucket.arrived.messages;
    let after: Vec<(u64, f64)> =
        load.buckets.iter().filter(|it| it.at_ms >= from_ms).map(|it| (it.at_ms, of(it))).collect();
    let window = |start: u64| {
        let inside = after.iter().filter(|(at, _)| (start..start + tenths * 100).contains(at));
        inside.map(|(_, cost)| cost).sum::<f64>() * 10.0 / tenths as f64
    };
    after.iter().map(|(at, _)| window(*at)).fold(0.0, f64::max)
}

/// The seed on the running system: accounts save far too often, in the same line in which messages stand. People log in all
/// the while. Messages go on, nothing is lost, and nothing is left of it afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn pace_1_slow_accounts_leave_no_wave_behind_on_the_running_system() {
    let stack = Stack::with_capacity(CAPACITY).await;
    let visitors: Vec<Person> = (0..SOCKETS)
        .map(|_| Person::visitor_at(Door { address: anywhere(), ..Door::visitor(stack.edge_port) }))
        .collect();
    for visitor in &visitors {
        visitor.live().await;
    }
    let began = Instant::now();
    let (mut round, mut faulted, mut mended_at_ms, mut written) = (0_u32, false, None, 0_usize);
    // Everybody has a turn in each pause; every 20 ms it is the next one's, and a log in comes every 200 ms.
    while began.elapsed() < PAUSE + TRIGGER + AFTER {
        let due = Duration::from_millis(20) * round;
        tokio::time::sleep_until((began + due).into()).await;
        visitors[round as usize % SOCKETS].write(&format!("message {round}"));
        written += 1;
        if round.is_multiple_of(10) {
            tokio::spawn(log_in(&stack));
        }
        if !faulted && began.elapsed() > PAUSE {
            stack.fault(json!({ "kind": "over-save" })).await;
            faulted = true;
        }
        if mended_at_ms.is_none() && began.elapsed() > PAUSE + TRIGGER {
            stack.mend().await;
            mended_at_ms = Some(load(&stack, 0).await.now_ms);
        }
        round += 1;
    }
    let mended_at_ms = mended_at_ms.expect("it was mended");
    wait::until_true("the ledger has everything", 240, || async {
        ledger::read(&stack).await.len() >= written
    })
    .await;
    let lines = ledger::read(&stack).await;
    assert_eq!(lines.len(), written, "each once");
    ledger::checked(&lines);
    let load = load(&stack, mended_at_ms.saturating_sub(60_000)).await;
    let capacity = f64::from(CAPACITY);
    let (five, one) = (peak(&load, mended_at_ms, 50) / capacity, peak(&load, mended_at_ms, 10) / capacity);
    println!(
        "{SOCKETS} sockets, {written} messages; arrivals over capacity after the trigger: {five:.2} in 5 s, {one:.2} in 1 s; \
         in all {:.2}",
        peak(&load, 0, 50) / capacity
    );
    // The replay holds 1.05 and 1.2. Here a starved machine delivers in clumps what it could not send before, and a wave
    // would be 4 and more.
    assert!(five <= 1.2, "{five}");
    assert!(one <= 1.6, "{one}");
}

fn log_in(stack: &Stack) -> impl Future<Output = ()> + Send + 'static {
    let request = login(stack);
    async move {
        // Let in or told to come again: both are answers.
        let _ = request.send().await;
    }
}

fn login(stack: &Stack) -> RequestBuilder {
    stack.log_in_request("demo", ADA)
}

#[tokio::test(flavor = "multi_thread")]
async fn class_1_ten_thousand_refused_log_ins_cost_ten_calls() {
    let stack = Stack::start().await;
    stack.fault(json!({ "kind": "down", "resource": "accounts" })).await;
    let try_it = async || login(&stack).send().await.expect("an answer");
    wait::until_true("log-ins are shed", 60, || async {
        let (first, second) = (try_it().await, try_it().await);
        assert_eq!((first.status(), second.status()), (503.try_into().unwrap(), 503.try_into().unwrap()));
        assert!(second.headers().contains_key("retry-after"));
        let problem: Value = second.json().await.expect("problem+json");
        problem["code"] == "origin-busy"
    })
    .await;
    let metric = "seawall_object_calls_total{object=\"origin-gate\"}";
    let (before, began) = (stack.count(metric).await, Instant::now());
    let lanes = (0..20).map(|_| async {
        for _ in 0..500 {
            assert_eq!(try_it().await.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    });
    futures_util::future::join_all(lanes).await;
    let calls = stack.count(metric).await - before;
    let took_s = began.elapsed().as_secs_f64();
    println!("10,000 refused log-ins in {took_s:.1} s: {calls} calls of the gate");
    // One a second, and what the edge does of itself meanwhile.
    assert!(calls as f64 <= 10.0 + took_s, "{calls} calls in {took_s:.1} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_7_an_operators_word_reaches_the_visitor_and_can_be_taken_back() {
    let stack = Stack::start().await;
    let visitor = Person::visitor(stack.edge_port);
    visitor.live().await;
    visitor.write("hello");
    visitor.has_come("hello", &MessageState::Delivered, 30).await;
    let put = |token: &str, body: &str| {
        let request = stack.edge(Method::PUT, "localhost", "/v1/sites/demo/mode").bearer_auth(token);
        request.header("content-type", "application/json").body(body.to_owned()).send()
    };
    let word = r#"{"mode":"chatting-only","reason":"maintenance","expires_in_s":600}"#;
    assert_eq!(put("somebody", word).await.expect("an answer").status(), 401);
    for bad in ["{}", r#"{"mode":"off"}"#, r#"{"mode":"normal","expires_in_s":0}"#, "["] {
        assert_eq!(put(OPERATOR, bad).await.expect("an answer").status(), 400, "{bad}");
    }
    assert_eq!(visitor.view().mode, "normal");
    assert_eq!(put(OPERATOR, word).await.expect("an answer").status(), 200);
    visitor.sees("the operator's word", 30, |view| view.mode == "chatting-only").await;
    let back = stack.edge(Method::DELETE, "localhost", "/v1/sites/demo/mode").bearer_auth(OPERATOR);
    assert_eq!(back.send().await.expect("an answer").status(), 200);
    visitor.sees("normal again", 30, |view| view.mode == "normal").await;
    stack.assert_calm();
}
