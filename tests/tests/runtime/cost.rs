//! What a deployment pays for: rows written (alarms counted) and calls of objects.

use std::cell::Cell;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};
use shared::session::{Input, MessageState};
use tests::harness::person::Person;
use tests::harness::stack::{ADA, Stack};
use tests::harness::wait;
use tests::harness::wire::{ADDRESS_HEADER, Door, anywhere};

/// Messages in the ping-pong.
const ROUNDS: u64 = 1_000;

/// What the edge may do of itself meanwhile. The origin's first news of a site is carried again when the edge was not up
/// yet, after a pause that no count can foresee: it asks site and gate for fresh settings. One call or row for each of the
/// 10,000 would be far more than this.
const OF_ITSELF: u64 = 10;

#[derive(Clone, Copy, Debug)]
struct Written {
    conversation: u64,
    gate: u64,
    site: u64,
}

async fn written(stack: &Stack) -> Written {
    let count = async |metric: &str, object: &str| {
        stack.count(&format!("seawall_{metric}_total{{object=\"{object}\"}}")).await
    };
    let both = async |object: &str| count("rows_written", object).await + count("alarms_set", object).await;
    Written {
        conversation: both("conversation").await,
        gate: both("origin-gate").await,
        site: both("site").await,
    }
}

async fn object_calls(stack: &Stack) -> [u64; 3] {
    let count =
        async |object: &str| stack.count(&format!("seawall_object_calls_total{{object=\"{object}\"}}")).await;
    [count("conversation").await, count("site").await, count("origin-gate").await]
}

/// The calls once nothing is under way any more: the origin's first news of a site comes by itself.
async fn at_rest(stack: &Stack) -> [u64; 3] {
    let (last, same) = (Cell::new([0; 3]), Cell::new(0));
    wait::until_true("no calls come any more", 60, || async {
        let now = object_calls(stack).await;
        same.set(if last.replace(now) == now { same.get() + 1 } else { 0 });
        same.get() > 20
    })
    .await;
    last.get()
}

fn told(what: &str, messages: u64, before: Written, after: Written) -> f64 {
    let per = |after: u64, before: u64| (after - before) as f64 / messages as f64;
    let conversation = per(after.conversation, before.conversation);
    println!(
        "{what}: {messages} messages; rows written per message, alarms counted: conversation {conversation:.2}, \
         gate {:.2}, site {:.2}",
        per(after.gate, before.gate),
        per(after.site, before.site)
    );
    conversation
}

#[tokio::test(flavor = "multi_thread")]
async fn cost_3_a_message_costs_three_rows_at_most_and_half_of_it_in_bursts() {
    let stack = Stack::start().await;
    let much = json!({ "at_once": 100_000, "per_minute": 100_000 });
    let limits = json!({
        "frames_per_link": much, "messages_per_conversation": much, "messages_per_address": much,
    });
    stack.site("fast", limits).await;
    let visitor = Person::visitor_at(Door::visitor(stack.edge_port).of("fast"));
    visitor.live().await;
    visitor.write("hello");
    visitor.has_come("hello", &MessageState::Sent, 30).await;
    let conversation = visitor.view().conversation.expect("a conversation");
    let cookie = stack.log_in_at("fast", ADA).await;
    let agent = Person::agent(Door::conversation(stack.edge_port, &cookie, &conversation).of("fast"));
    agent.input(Input::Looking(true));
    agent.sees("the first message", 30, |view| view.texts() == ["hello"]).await;

    let before = written(&stack).await;
    for round in 0..ROUNDS / 2 {
        let (ping, pong) = (format!("ping {round}"), format!("pong {round}"));
        visitor.write(&ping);
        agent.sees("the ping", 30, |view| view.rows.last().is_some_and(|row| row.text == ping)).await;
        agent.write(&pong);
        visitor.sees("the pong", 30, |view| view.rows.last().is_some_and(|row| row.text == pong)).await;
    }
    let after = written(&stack).await;
    assert!(told("ping-pong", ROUNDS, before, after) <= 3.0, "{before:?} {after:?}");

    // 50 at once, as from a browser that was offline and comes back.
    let before = written(&stack).await;
    let (client, token) = (reqwest::Client::new(), visitor.token());
    let post = async |parameter: String, body: Value| {
        let url = format!("{}/v1/sites/fast/link{parameter}", stack.edge_url("127.0.0.1"));
        let answer = client.post(url).bearer_auth(&token).json(&body).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")
    };
    let opened = post(String::new(), json!({ "type": "hello", "protocol": 1 })).await;
    let number = opened["link"].as_str().expect("a link").to_owned();
    for burst in 0..10 {
        let frames: Vec<Value> = (burst * 50 + 1..=burst * 50 + 50)
            .map(
                |n| json!({ "type": "send", "id": format!("b.{n}"), "writer": "b", "n": n, "text": "burst" }),
            )
            .collect();
        post(format!("?link={number}"), json!(frames)).await;
    }
    let came =
        |view: &tests::harness::person::View| view.texts().iter().filter(|text| **text == "burst").count();
    agent.sees("all of them", 30, |view| came(view) == 500).await;
    let after = written(&stack).await;
    assert!(told("bursts of 50", 500, before, after) <= 1.5, "{before:?} {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cost_1_ten_thousand_hellos_write_no_row() {
    let stack = Stack::start().await;
    let client = reqwest::Client::new();
    let link = format!("{}/v1/sites/demo/link", stack.edge_url("127.0.0.1"));
    let before = written(&stack).await;
    let hello = json!({ "type": "hello", "protocol": 1 });
    let visitors = (0..100).map(|_| {
        let (client, link, hello, address) = (client.clone(), link.clone(), hello.clone(), anywhere());
        tokio::spawn(async move {
            let post = |url: String, token: String| {
                client.post(url).header(ADDRESS_HEADER, &address).bearer_auth(token).json(&hello).send()
            };
            let first = client.post(&link).header(ADDRESS_HEADER, &address).json(&hello).send();
            let opened: Value = first.await.expect("an answer").json().await.expect("JSON");
            let number = opened["link"].as_str().expect("a link").to_owned();
            let frames = opened["frames"].as_array().cloned().unwrap_or_default();
            let token = frames[0]["token"].as_str().expect("a token").to_owned();
            for _ in 1..100 {
                let answer = post(format!("{link}?link={number}"), token.clone()).await.expect("an answer");
                assert_eq!(answer.status(), 200);
            }
        })
    });
    for visitor in visitors.collect::<Vec<_>>() {
        visitor.await.expect("100 hellos");
    }
    let after = written(&stack).await;
    assert_eq!(after.conversation, before.conversation, "{before:?} {after:?}");
    let others = after.gate + after.site - before.gate - before.site;
    assert!(others <= OF_ITSELF, "{before:?} {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cost_4_forged_tokens_cost_no_call_of_an_object() {
    let stack = Stack::start().await;
    let client = reqwest::Client::new();
    let before = at_rest(&stack).await;
    let many = |path: &'static str, host: &'static str, header: (&'static str, &'static str)| {
        let url = format!("{}{path}", stack.edge_url("127.0.0.1"));
        let host = format!("{host}:{}", stack.edge_port);
        let lanes = (0..20).map(|_| {
            let (client, url, host) = (client.clone(), url.clone(), host.clone());
            tokio::spawn(async move {
                for _ in 0..500 {
                    let request =
                        client.request(Method::POST, &url).header("host", &host).header(header.0, header.1);
                    let request = request.header("origin", format!("http://{host}")).json(&json!([]));
                    let status = request.send().await.expect("an answer").status();
                    assert_eq!(status, 401);
                }
            })
        });
        futures_util::future::join_all(lanes.collect::<Vec<_>>())
    };
    for lane in many("/v1/sites/demo/link", "localhost", ("authorization", "Bearer v1.e30.AAAA")).await {
        lane.expect("500 refusals");
    }
    let calls = object_calls(&stack).await.iter().sum::<u64>() - before.iter().sum::<u64>();
    assert!(calls <= OF_ITSELF, "10,000 forged visitor tokens: {calls} calls");

    let before = object_calls(&stack).await;
    let began = Instant::now();
    // A key that the origin does not have: {"alg":"EdDSA","kid":"x"}, any claims, 64 bytes of signature.
    let forged = concat!(
        "seawall_agent=eyJhbGciOiJFZERTQSIsImtpZCI6IngifQ.e30.",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    );
    for lane in many("/v1/sites/demo/agents/link", "console.localhost", ("cookie", forged)).await {
        lane.expect("500 refusals");
    }
    let calls: u64 = object_calls(&stack).await.iter().sum::<u64>() - before.iter().sum::<u64>();
    // Keys are asked for anew every 60 s besides.
    let most = 1 + began.elapsed().as_secs() / 10 + began.elapsed().as_secs() / 60 + 1 + OF_ITSELF;
    println!("10,000 forged agent tokens in {:.1} s: {calls} calls", began.elapsed().as_secs_f64());
    assert!(calls <= most, "{calls} calls");
    assert!(calls >= 1, "an unknown key is looked up");
}
