//! SITE-1 on the running system: questions about sites of which the edge knows nothing, and about those that somebody has made up.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use tests::harness::fake_origin::FakeOrigin;
use tests::harness::raw::{End, RawLink};
use tests::harness::stack::{ADA, Stack};
use tests::harness::tokens::AgentKey;
use tests::harness::wait;
use tests::harness::wire::{ADDRESS_HEADER, Door, anywhere};

async fn site_calls(stack: &Stack) -> u64 {
    stack.count("seawall_object_calls_total{object=\"site\"}").await
}

/// Whether the site is there, as somebody at this address hears it: status, code, and after how many seconds to come again.
async fn ask(stack: &Stack, site: &str, address: &str) -> (u16, String, Option<u64>) {
    let request = stack.edge(Method::GET, "127.0.0.1", &format!("/v1/sites/{site}/ready"));
    let answer = request.header(ADDRESS_HEADER, address).send().await.expect("an answer");
    let again = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let (status, body) = (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"));
    (status, body["code"].as_str().unwrap_or_default().to_owned(), again)
}

#[tokio::test(flavor = "multi_thread")]
async fn site_1_however_many_come_a_site_is_asked_by_one_of_them_at_first_and_when_what_is_known_is_old() {
    let origin = FakeOrigin::start(AgentKey::new("k1", 7)).await;
    let stack = Stack::in_front_of(origin.port).await;
    origin.settings_take(Duration::from_millis(700));
    let come = async || {
        let questions = (0..200).map(|_| async { ask(&stack, "large", &anywhere()).await.0 });
        let links = (0..20).map(|_| async {
            let door = Door::visitor(stack.edge_port).of("large");
            RawLink::greeted(&door, None).await
        });
        let (before, began) = (site_calls(&stack).await, Instant::now());
        let (statuses, links) = tokio::join!(join_all(questions), join_all(links));
        let took_s = began.elapsed().as_secs_f64();
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        let calls = site_calls(&stack).await - before;
        println!("{} questions and {} links in {took_s:.1} s: {calls} calls", statuses.len(), links.len());
        (calls, took_s)
    };
    let (calls, took_s) = come().await;
    // What is known is old after two seconds, and then one asks again.
    assert!((1..=1 + (took_s / 2.0) as u64).contains(&calls), "{calls} calls at first, in {took_s} s");
    assert_eq!(origin.looked_up("large"), 1);
    let known_at = Instant::now();
    wait::until_true("it is old", 10, || async { known_at.elapsed() > Duration::from_millis(2_100) }).await;
    let (calls, took_s) = come().await;
    assert!((1..=1 + (took_s / 2.0) as u64).contains(&calls), "{calls} calls when it is old, in {took_s} s");
    assert_eq!(origin.looked_up("large"), 1);
    stack.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn site_1_made_up_sites_are_refused_after_some_and_neither_log_ins_nor_known_sites_notice() {
    let origin = FakeOrigin::start(AgentKey::new("k1", 7)).await;
    let stack = Stack::in_front_of(origin.port).await;
    origin.lets_in_for(3_600);
    let (one, before) = (anywhere(), site_calls(&stack).await);
    let mut answers = Vec::new();
    for n in 0..40 {
        answers.push(ask(&stack, &format!("made-up-{n}"), &one).await);
    }
    let there_is_none =
        answers.iter().filter(|(status, code, _)| (*status, code.as_str()) == (404, "unknown-site"));
    let none = there_is_none.count();
    assert!((20..=30).contains(&none), "twenty at once, and one more every three seconds: {none}");
    let (status, code, again) = answers.last().expect("40 answers").clone();
    assert_eq!((status, code.as_str()), (429, "too-many-unknown-sites"));
    assert!(again.is_some_and(|seconds| (1..=3).contains(&seconds)), "{again:?}");
    let asked = site_calls(&stack).await - before;
    assert!(asked <= none as u64 + 2, "refused before any object is called: {asked} calls");
    // Elsewhere the chat of such a site opens, and its link is told the same as every other one who comes too often.
    let door = Door { address: one.clone(), ..Door::visitor(stack.edge_port).of("made-up") };
    assert_eq!(RawLink::open(&door, None).await.end().await, End::Code(4429));
    let page = stack.edge(Method::GET, "localhost", "/frame/made-up").header(ADDRESS_HEADER, &one);
    assert_eq!(page.send().await.expect("a page").status(), 200);
    assert_eq!(ask(&stack, "large", &anywhere()).await.0, 200, "who comes from elsewhere is not affected");

    // From everywhere, at an origin that takes its time to say that there is no such site.
    origin.settings_take(Duration::from_millis(400));
    let (before, looked_up, began) = (site_calls(&stack).await, origin.looked_up_in_all(), Instant::now());
    let flood = join_all((0..600).map(|n| {
        let (stack, address) = (&stack, anywhere());
        async move { ask(stack, &format!("from-everywhere-{n}"), &address).await.0 }
    }));
    let log_ins = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let began = Instant::now();
            let answer = stack.log_in_request("demo", ADA).send().await.expect("an answer");
            assert_eq!(answer.status(), 200, "a log in");
            slowest = slowest.max(began.elapsed());
            let (_link, _) = RawLink::greeted(&Door::visitor(stack.edge_port), None).await;
        }
        slowest
    };
    let (statuses, slowest) = tokio::join!(flood, log_ins);
    let took_s = began.elapsed().as_secs();
    let refused = statuses.iter().filter(|status| **status == 429).count();
    let (calls, lookups) = (site_calls(&stack).await - before, origin.looked_up_in_all() - looked_up);
    println!(
        "600 made-up sites in {took_s} s: {refused} refused, {calls} calls of sites, {lookups} of the origin; slowest log in {slowest:?}"
    );
    assert!(refused >= 600 - 100 - 5 * (took_s as usize + 1), "{refused} refused");
    // And the known sites are asked again every other second.
    assert!(calls <= 100 + 5 * (took_s + 1) + took_s, "{calls} calls");
    assert!(lookups as u64 <= 3 * (took_s + 3), "one at a time goes to the origin: {lookups}");
    let (status, code, _) = ask(&stack, "demo", &anywhere()).await;
    assert_eq!((status, code.as_str()), (200, ""));
    stack.assert_calm();
}
