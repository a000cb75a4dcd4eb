//! LIMIT-1 and FORGET-1 on the running system: who says too much is told so, and nobody else notices.

use reqwest::Method;
use serde_json::{Value, json};
use shared::close::CloseCode;
use shared::session::{Input, MessageState, Standing};
use tests::harness::person::Person;
use tests::harness::raw::{RawLink, send};
use tests::harness::stack::{ADA, Stack};
use tests::harness::wire::{ADDRESS_HEADER, Door, anywhere};
use tests::harness::{ledger, wait};

const NEIGHBOUR_S: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn limit_1_who_writes_too_much_waits_and_loses_nothing_and_nobody_else_waits() {
    let stack = Stack::start().await;
    let rate = |at_once: u64, per_minute: u64| json!({ "at_once": at_once, "per_minute": per_minute });
    let limits =
        json!({ "messages_per_conversation": rate(5, 300), "conversations_per_address": rate(2, 2) });
    stack.site("small", limits).await;
    let neighbour = Person::visitor_at(Door::visitor(stack.edge_port).of("small"));
    neighbour.live().await;

    let flooder = Person::visitor_at(Door::visitor(stack.edge_port).of("small"));
    flooder.live().await;
    let texts: Vec<String> = (1..=12).map(|n| format!("flood {n}")).collect();
    texts.iter().for_each(|text| flooder.write(text));
    flooder.sees("that it has to wait", 30, |view| view.limited).await;
    neighbour.write("beside a flood");
    neighbour.has_come("beside a flood", &MessageState::Sent, NEIGHBOUR_S).await;
    flooder.has_come("flood 12", &MessageState::Sent, 60).await;
    let seen = flooder.view();
    assert!(!seen.limited);
    assert_eq!(seen.texts(), texts.iter().map(String::as_str).collect::<Vec<_>>(), "in order, each once");
    assert!(stack.count("seawall_refused_total{reason=\"too-many-messages\"}").await > 0);

    // Two conversations from one address, and a third one.
    let door = Door::visitor(stack.edge_port).of("small");
    let many: Vec<Person> = (0..3).map(|_| Person::visitor_at(door.clone())).collect();
    for person in &many[..2] {
        person.write("one of two");
        person.has_come("one of two", &MessageState::Sent, 30).await;
    }
    many[2].write("one too many");
    many[2].sees("that it has to wait", 30, |view| view.limited).await;
    many[0].write("begun is begun");
    many[0].has_come("begun is begun", &MessageState::Sent, NEIGHBOUR_S).await;
    assert_eq!(many[2].view().state("one too many"), Some(MessageState::Queued));
    // Another half minute, and it is taken.
    many[2].has_come("one too many", &MessageState::Sent, 60).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limit_1_links_without_end_and_frames_without_end_are_cut_off_with_a_code() {
    let stack = Stack::start().await;
    let limits = json!({ "links_per_address": { "at_once": 3, "per_minute": 6 } });
    stack.site("small", limits).await;
    let door = Door::visitor(stack.edge_port).of("small");
    let three: Vec<Person> = (0..3).map(|_| Person::visitor_at(door.clone())).collect();
    for person in &three {
        person.live().await;
    }
    let calls = stack.count("seawall_object_calls_total{object=\"conversation\"}").await;
    let fourth = Person::visitor_at(door.clone());
    let refused =
        |view: &tests::harness::person::View| matches!(view.standing, Some(Standing::Retrying { .. }));
    fourth.sees("that it has to come back later", 30, refused).await;
    let after = stack.count("seawall_object_calls_total{object=\"conversation\"}").await;
    assert_eq!(after, calls, "refused before any object is called");
    Person::visitor_at(Door::visitor(stack.edge_port).of("small")).live().await;

    // More frames than a person has a use for: the link ends, the words do not.
    let chatter = Person::visitor_at(Door::visitor(stack.edge_port).of("small"));
    chatter.live().await;
    for n in 0..400 {
        chatter.input(Input::Typing(n % 2 == 0));
    }
    chatter.sees("the end of its link", 30, refused).await;
    assert_eq!(stack.count("seawall_refused_total{reason=\"too-fast\"}").await, 1);
    chatter.write("sorry");
    chatter.has_come("sorry", &MessageState::Sent, 60).await;
}

/// Each of them is a paid call of an object, whether or not the link is there.
#[tokio::test(flavor = "multi_thread")]
async fn limit_1_who_posts_or_deletes_without_end_is_told_so_before_any_object_is_called() {
    let stack = Stack::start().await;
    // Ten times as many for an address: 20 at once, and one every 3 s.
    stack.site("small", json!({ "frames_per_link": { "at_once": 2, "per_minute": 2 } })).await;
    let door = Door::visitor(stack.edge_port).of("small");
    let (mut link, welcome) = RawLink::greeted(&door, None).await;
    let token = welcome.token.expect("a token");
    let calls = || stack.count("seawall_object_calls_total{object=\"conversation\"}");
    let ask = async |method: Method, address: &str| {
        let request = stack.edge(method, door.host, &format!("{}?link=7", door.path)).body("[]");
        let answer =
            request.header(ADDRESS_HEADER, address).bearer_auth(&token).send().await.expect("an answer");
        let (status, again) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
        (status, again, answer.json::<Value>().await.expect("JSON")["close"].as_u64())
    };
    let too_fast = (429, true, Some(4430));
    for (method, taken) in [(Method::POST, (200, false, Some(4408))), (Method::DELETE, (200, false, None))] {
        let (here, before) = (anywhere(), calls().await);
        let mut answers = Vec::new();
        for _ in 0..40 {
            answers.push(ask(method.clone(), &here).await);
        }
        let called = calls().await - before;
        assert!((20..30).contains(&called), "{called} of 40 by {method} came to the object");
        let refused = answers.iter().filter(|answer| **answer == too_fast).count();
        assert_eq!(refused as u64, 40 - called, "{answers:?}");
        assert!(answers[..20].iter().all(|answer| *answer == taken), "{answers:?}");
        assert_eq!(ask(method.clone(), &anywhere()).await, taken, "who asks from elsewhere is not affected");
    }
    assert!(stack.count("seawall_refused_total{reason=\"too-fast\"}").await >= 20);
    link.say(send("own", 1, "beside a flood")).await;
    link.acked("own", 1).await;
    stack.assert_calm();
}

/// After a lost storage, or when the edge has kept it for as long as it does, the origin alone has what was said.
#[tokio::test(flavor = "multi_thread")]
async fn forget_1_the_origin_erases_also_what_the_edge_has_nothing_of_any_more() {
    let mut stack = Stack::start().await;
    let (visitor, other) = (Person::visitor(stack.edge_port), Person::visitor(stack.edge_port));
    for (person, text) in [(&visitor, "my address is 1 Main Street"), (&other, "keep this")] {
        person.write(text);
        person.has_come(text, &MessageState::Delivered, 30).await;
        wait::until_true("the browser keeps nothing", 30, || async { person.kept() == 0 }).await;
    }
    let token = visitor.token();
    drop((visitor, other));
    stack.kill_edge();
    stack.lose_conversations();
    stack.start_edge();
    stack.ready().await;
    assert_eq!(stack.stored_conversations(), 0);
    assert_eq!(ledger::read(&stack).await.len(), 2);

    let path = "/v1/sites/demo/conversation";
    let wish = stack.edge(Method::DELETE, "localhost", path).bearer_auth(&token).send();
    assert_eq!(wish.await.expect("an answer").status(), 200);
    wait::until_true("the origin has erased it", 60, || async {
        let lines = ledger::read(&stack).await;
        lines.iter().map(|line| line.text.as_str()).eq(["keep this"])
    })
    .await;
    stack.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn forget_1_a_conversation_is_erased_at_the_edge_at_once_and_at_the_origin_when_it_is_back() {
    let stack = Stack::start().await;
    let visitor = Person::visitor(stack.edge_port);
    visitor.live().await;
    visitor.write("my address is 1 Main Street");
    visitor.has_come("my address is 1 Main Street", &MessageState::Delivered, 30).await;
    let conversation = visitor.view().conversation.expect("a conversation");
    let other = Person::visitor(stack.edge_port);
    other.write("keep this");
    other.has_come("keep this", &MessageState::Delivered, 30).await;
    let cookie = stack.log_in(ADA).await;
    let inbox = Person::inbox(Door::inbox(stack.edge_port, &cookie));
    inbox.sees("both conversations", 30, |view| view.inbox.len() == 2).await;
    let agent = Person::agent(Door::conversation(stack.edge_port, &cookie, &conversation));
    agent.sees("what was said", 30, |view| view.texts() == ["my address is 1 Main Street"]).await;

    stack.fault(json!({ "kind": "down" })).await;
    visitor.write("and my telephone is 555");
    visitor.has_come("and my telephone is 555", &MessageState::Sent, 30).await;
    let token = visitor.token();
    let path = "/v1/sites/demo/conversation";
    let stranger = stack.edge(Method::DELETE, "localhost", path).bearer_auth("v1.e30.AAAA").send();
    assert_eq!(stranger.await.expect("an answer").status(), 401);
    let wish = stack.edge(Method::DELETE, "localhost", path).bearer_auth(&token).send();
    assert_eq!(wish.await.expect("an answer").status(), 200);

    let stopped =
        |view: &tests::harness::person::View| view.standing == Some(Standing::Stopped(CloseCode::FORGOTTEN));
    visitor.sees("the end", 30, stopped).await;
    agent.sees("the end", 30, stopped).await;
    inbox.sees("one conversation less", 30, |view| view.inbox.len() == 1).await;
    let texts = |entries: &[ledger::Line]| entries.iter().map(|entry| entry.text.clone()).collect::<Vec<_>>();
    let before = texts(&ledger::read(&stack).await);
    assert_eq!(before, ["my address is 1 Main Street", "keep this"], "the origin has not heard of it");

    stack.mend().await;
    wait::until_true("the origin has erased it", 60, || async {
        texts(&ledger::read(&stack).await) == ["keep this"]
    })
    .await;
    // The same token finds a conversation in which nothing was said.
    let again = visitor.reload();
    let seen = again.live().await;
    assert_eq!(seen.conversation.as_deref(), Some(conversation.as_str()));
    again
        .sees("its own messages only", 30, |view| !view.texts().contains(&"my address is 1 Main Street"))
        .await;
    other.write("still here");
    other.has_come("still here", &MessageState::Delivered, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limit_1_without_a_header_nobody_is_limited_because_of_a_proxy() {
    let mut stack = Stack::edge_without(&["SEAWALL_ADDRESS_HEADER"]).await;
    stack.start_origin();
    stack.ready().await;
    let limits = json!({ "links_per_address": { "at_once": 3, "per_minute": 6 } });
    stack.site("small", limits).await;
    // All from this machine, as if a proxy stood here.
    let doors = (0..8).map(|_| Door::visitor(stack.edge_port).of("small"));
    for person in doors.map(Person::visitor_at).collect::<Vec<_>>() {
        person.live().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_missing_is_named_and_every_request_is_answered() {
    let stack = Stack::edge_without(&["SEAWALL_TOKEN_SECRET"]).await;
    let answer = stack.edge(Method::GET, "localhost", "/v1/status").send().await.expect("an answer");
    assert_eq!(answer.status(), 500);
    let problem: Value = answer.json().await.expect("problem+json");
    assert_eq!(problem["code"], "edge-not-configured");
    assert!(stack.log("edge.log").contains("SEAWALL_TOKEN_SECRET is not set"));
}
