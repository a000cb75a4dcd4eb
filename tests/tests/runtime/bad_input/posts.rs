//! Links without a socket, and whoever speaks them wrongly (POLL-1).

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use reqwest::{Body, Method, Response};
use serde_json::{Value, json};
use shared::limits::{MAX_FRAME_BYTES, MAX_TEXT_CHARS};
use shared::session::Transport;
use tests::harness::neighbour::Neighbour;
use tests::harness::person::Person;
use tests::harness::raw::{RawHttp, RawLink, send};
use tests::harness::stack::{ADA, Stack};
use tests::harness::wire::Door;

use super::{all_is_well, log_of};

/// Somebody who posts.
struct Poster<'a> {
    stack: &'a Stack,
    door: Door,
    token: Option<String>,
}

impl Poster<'_> {
    async fn request(&self, method: Method, link: &str, body: impl Into<Body>) -> (u16, Value) {
        let mut path = self.door.path.clone();
        if !link.is_empty() {
            path.push_str(if path.contains('?') { "&" } else { "?" });
            path.push_str(&format!("link={link}"));
        }
        let mut request = self.stack.edge(method, self.door.host, &path).body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(cookie) = &self.door.cookie {
            request = request.header("cookie", cookie).header("origin", self.door.own_page());
        }
        let answer: Response = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn post(&self, link: &str, frames: Value) -> (u16, Value) {
        self.request(Method::POST, link, frames.to_string()).await
    }

    /// Opens a link; returns its number and the welcome.
    async fn open(&self) -> (String, Value) {
        let (status, answer) = self.post("", json!({ "type": "hello", "protocol": 1 })).await;
        assert_eq!(status, 200, "{answer}");
        (answer["link"].as_str().expect("a number").to_owned(), answer["frames"][0].clone())
    }
}

impl Poster<'_> {
    /// Fetches until nothing waits any more: what one says to oneself comes back.
    async fn fetch_all(&self, link: &str) {
        assert_eq!(self.post(link, json!({ "type": "ping" })).await, (200, json!({})));
        loop {
            let (_, answer) = self.post(link, json!([])).await;
            let frames = answer["frames"].as_array().cloned().unwrap_or_default();
            if frames.iter().any(|frame| frame["type"] == "pong") {
                return;
            }
        }
    }
}

fn ended(status: u16, code: u16) -> (u16, Value) {
    let bye = json!({ "type": "bye", "code": code, "retry_after_ms": 0 });
    (status, json!({ "frames": [bye], "close": code }))
}

/// The answer to a POST for a link that is not there, or not for whoever asks.
fn not_here() -> (u16, Value) {
    (200, json!({ "close": 4408 }))
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_5_frame_1_a_post_that_is_no_frame_ends_its_link_with_the_code_of_a_socket() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let newcomer = Poster { stack: &stack, door: Door::visitor(stack.edge_port), token: None };
    let (first, welcome) = newcomer.open().await;
    let token = welcome["token"].as_str().expect("a token").to_owned();
    let visitor = Poster { token: Some(token.clone()), ..newcomer };
    assert_eq!(visitor.post(&first, send("own", 1, "before")).await, (200, json!({})));

    let bad = send("bad", 1, "stored by half");
    let large = send("bad", 1, &"x".repeat(MAX_FRAME_BYTES));
    let not_utf8: &[u8] = b"{\"type\":\"typing\",\"on\":true,\"with\":\"\xff\"}";
    // A POST that opens a link and is none: no link.
    assert_eq!(visitor.post("", large.clone()).await, ended(413, 4413));
    assert_eq!(undeclared(&stack, &token).await, Some(413));
    assert_eq!(visitor.request(Method::POST, "", not_utf8).await, ended(400, 4400));
    let (status, answer) = visitor.request(Method::POST, "", "nonsense").await;
    assert_eq!((status, &answer["close"]), (200, &json!(4400)), "{answer}");
    // One of a link that is open: that link ends, and whoever waits on it hears so.
    for (what, body, answer) in [
        ("too large", Body::from(large.to_string()), ended(413, 4413)),
        ("not UTF-8", Body::from(not_utf8), ended(400, 4400)),
        ("broken JSON", Body::from(r#"{"type":"send","#), (200, json!({}))),
        ("a good frame and a bad one", Body::from(format!("[{bad},1]")), (200, json!({}))),
    ] {
        let (link, _) = visitor.open().await;
        let waits = visitor.post(&link, json!([]));
        let says = visitor.request(Method::POST, &link, body);
        let (heard, said) = tokio::join!(waits, says);
        assert_eq!(said, answer, "{what}");
        assert!(heard.1["close"] == 4400 || heard.1["close"] == 4408, "{what}: {}", heard.1);
        assert_eq!(visitor.post(&link, bad.clone()).await, not_here(), "{what}");
    }

    assert_eq!(log_of(&stack, &token).await, ["before"]);
    assert_eq!(
        visitor.post(&first, send("own", 2, "after")).await,
        (200, json!({})),
        "the first link is well"
    );
    all_is_well(&stack, &neighbour, &["before", "after"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_3_a_link_belongs_to_whoever_opened_it() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let newcomer = Poster { stack: &stack, door: Door::visitor(stack.edge_port), token: None };
    let (link, welcome) = newcomer.open().await;
    let own = Poster { token: welcome["token"].as_str().map(str::to_owned), ..newcomer };
    assert_eq!(own.post(&link, send("own", 1, "mine")).await, (200, json!({})));
    let conversation = welcome["conversation"].as_str().expect("its name").to_owned();
    let cookie = stack.log_in(ADA).await;
    let door = Door::conversation(stack.edge_port, &cookie, &conversation);
    let agent = Poster { stack: &stack, door, token: None };
    let (agents, _) = agent.open().await;

    let stranger =
        Poster { stack: &stack, door: Door::visitor(stack.edge_port), token: Some(neighbour.token()) };
    let nobody = Poster { stack: &stack, door: Door::visitor(stack.edge_port), token: None };
    let forged = "send says who writes, not the number";
    for (who, link) in [(&stranger, &link), (&stranger, &agents), (&own, &agents), (&agent, &link)] {
        assert_eq!(who.post(link, send("x", 1, forged)).await, not_here());
        assert_eq!(who.post(link, json!([])).await, not_here());
        assert_eq!(who.request(Method::DELETE, link, "").await, (200, json!({})));
    }
    assert_eq!(nobody.post(&link, send("x", 1, forged)).await, ended(408, 4408));
    assert_eq!(nobody.request(Method::DELETE, &link, "").await, ended(408, 4408));
    for number in ["abc", "-1", "1e3", "99999999999999999999999"] {
        assert_eq!(own.post(number, send("x", 1, forged)).await, ended(400, 4400), "{number}");
        assert_eq!(own.request(Method::DELETE, number, "").await, ended(400, 4400), "{number}");
    }
    assert_eq!(own.request(Method::DELETE, "", "").await, ended(400, 4400), "leaving what?");
    assert_eq!(own.post("7", json!([])).await, not_here());

    // Both links are where they were.
    let says = async { own.post(&link, send("own", 2, "still mine")).await };
    let (heard, said) = tokio::join!(agent.post(&agents, json!([])), says);
    assert_eq!(said, (200, json!({})));
    assert_eq!(heard.1["frames"][0]["text"], "still mine", "{}", heard.1);
    assert_eq!(log_of(&stack, own.token.as_deref().unwrap_or_default()).await, ["mine", "still mine"]);
    all_is_well(&stack, &neighbour, &["mine", "still mine"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_3_who_leaves_is_gone_at_once_and_not_after_30_s_of_silence() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let newcomer = Poster { stack: &stack, door: Door::visitor(stack.edge_port), token: None };
    let (link, welcome) = newcomer.open().await;
    let own = Poster { token: welcome["token"].as_str().map(str::to_owned), ..newcomer };
    assert_eq!(own.post(&link, send("own", 1, "I must go")).await, (200, json!({})));
    let conversation = welcome["conversation"].as_str().expect("its name").to_owned();
    let cookie = stack.log_in(ADA).await;
    let inbox = Person::inbox(Door::inbox(stack.edge_port, &cookie));
    let present = |wanted: bool| {
        let conversation = conversation.clone();
        move |view: &tests::harness::person::View| {
            view.inbox.iter().any(|line| line.conversation.as_str() == conversation && line.present == wanted)
        }
    };
    inbox.sees("the visitor", 30, present(true)).await;

    own.fetch_all(&link).await;
    let began = Instant::now();
    let (heard, left) = tokio::join!(own.post(&link, json!([])), own.request(Method::DELETE, &link, ""));
    assert_eq!(left, (200, json!({})));
    assert_eq!(heard, not_here(), "whoever waits on it hears that it is over");
    inbox.sees("that the visitor has left", 10, present(false)).await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(own.post(&link, json!([])).await, not_here());
    all_is_well(&stack, &neighbour, &["I must go"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_1_of_two_posts_that_wait_the_second_is_answered() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let newcomer = Poster { stack: &stack, door: Door::visitor(stack.edge_port), token: None };
    let (link, welcome) = newcomer.open().await;
    let own = Poster { token: welcome["token"].as_str().map(str::to_owned), ..newcomer };
    // Whichever comes later waits in the other's place, which comes back with nothing and long before its 15 s.
    let (first, second) = (pin!(own.post(&link, json!([]))), pin!(own.post(&link, json!([]))));
    let began = Instant::now();
    let (replaced, waits) = match select(first, second).await {
        Either::Left((replaced, waits)) | Either::Right((replaced, waits)) => (replaced, waits),
    };
    assert_eq!(replaced, (200, json!({})));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let says = async {
        let (mut tab, _) = RawLink::greeted(&Door::visitor(stack.edge_port), own.token.as_deref()).await;
        tab.say(send("tab", 1, "once")).await;
        tab.acked("tab", 1).await;
    };
    let ((status, heard), ()) = tokio::join!(waits, says);
    assert_eq!((status, &heard["frames"][0]["text"]), (200, &json!("once")), "{heard}");
    all_is_well(&stack, &neighbour, &["once"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_4_a_link_for_which_more_than_a_megabyte_waits_is_ended_and_leaves() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let newcomer = Poster { stack: &stack, door: Door::visitor(stack.edge_port), token: None };
    let (link, welcome) = newcomer.open().await;
    let own = Poster { token: welcome["token"].as_str().map(str::to_owned), ..newcomer };
    let token = own.token.clone().expect("a token");
    assert_eq!(own.post(&link, send("own", 1, "first")).await, (200, json!({})));
    let conversation = welcome["conversation"].as_str().expect("its name").to_owned();
    let cookie = stack.log_in(ADA).await;
    let inbox = Person::inbox(Door::inbox(stack.edge_port, &cookie));
    let agent = Person::agent(Door::conversation(stack.edge_port, &cookie, &conversation));
    agent.live().await;
    inbox.sees("the visitor", 30, |view| view.inbox.iter().filter(|line| line.present).count() == 2).await;

    // 70 messages of 16,000 bytes come from the agent, and nobody fetches them.
    let whale = "\u{1f40b}".repeat(MAX_TEXT_CHARS);
    let (mut console, _) = RawLink::greeted(&agent_door(&stack, &cookie, &conversation), None).await;
    for n in 1..=70 {
        console.say(send("console", n, &whale)).await;
    }
    console.acked("console", 70).await;
    // A console is shown all of them: the limit is the poller's alone.
    agent.sees("the last", 30, |view| view.rows.len() > 70).await;

    assert_eq!(own.post(&link, json!([])).await, (200, json!({ "close": 4408 })), "only the code is left");
    inbox
        .sees("that the visitor's link is gone", 3, |view| {
            view.inbox.iter().any(|line| line.conversation.as_str() == conversation && !line.present)
        })
        .await;
    assert_eq!(own.post(&link, json!([])).await, not_here());
    // The client comes back and has everything that a screen shows.
    let visitor = Person::visitor_with(Door::visitor(stack.edge_port).by(Transport::Poll), &token);
    visitor.sees("the snapshot", 30, |view| view.rows.len() == 50).await;
    tests::harness::ledger::whole(&stack, 71 + neighbour.said(), 30).await;
    let mut texts = vec!["first"];
    texts.extend(vec![whale.as_str(); 70]);
    all_is_well(&stack, &neighbour, &texts).await;
}

fn agent_door(stack: &Stack, cookie: &str, conversation: &str) -> Door {
    Door::conversation(stack.edge_port, cookie, conversation)
}

/// A body that does not say how long it is and has no end: the status with which the edge stops reading.
async fn undeclared(stack: &Stack, token: &str) -> Option<u16> {
    let mut connection = RawHttp::connect(stack.edge_port).await.expect("the edge takes connections");
    let head = format!(
        "POST /v1/sites/demo/link HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    connection.write(head.as_bytes()).await;
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    // A hundred times the limit.
    for _ in 0..400 {
        if connection.is_answered().await || !connection.write(chunk.as_bytes()).await {
            break;
        }
    }
    connection.status().await
}
