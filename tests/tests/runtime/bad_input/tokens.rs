//! Tokens of visitors and agents that are not what they should be, and pages that may not use them.

use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::fake_origin::FakeOrigin;
use tests::harness::neighbour::Neighbour;
use tests::harness::raw::{End, RawLink, send};
use tests::harness::stack::Stack;
use tests::harness::tokens::{self, AgentKey, now_s};
use tests::harness::wire::Door;

use super::{all_is_well, code_of, log_of};

#[tokio::test(flavor = "multi_thread")]
async fn token_2_a_forged_token_is_refused_and_an_expired_one_begins_a_new_conversation() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let door = Door::visitor(stack.edge_port);
    let (mut link, welcome) = RawLink::greeted(&door, None).await;
    let (token, conversation) = (welcome.token.expect("a token"), welcome.conversation.expect("its name"));
    link.say(send("own", 1, "my secret")).await;
    link.acked("own", 1).await;

    // Forged: the neighbour's conversation with one's own signature, another site's token, cut, made up.
    let (head, signature) = token.rsplit_once('.').expect("two dots");
    let neighbours = neighbour.token();
    let neighbours_head = neighbours.rsplit_once('.').expect("two dots").0;
    let other_site = tokens::visitor("other", conversation.as_str(), 0);
    for forged in [
        &format!("{neighbours_head}.{signature}"),
        &other_site,
        head,
        &token[..token.len() - 1],
        &token.replace("v1.", "v2."),
        "x",
        &"x".repeat(5_000),
    ] {
        assert_eq!(
            RawLink::open(&door, Some(forged)).await.end().await,
            End::Code(4401),
            "offered: {forged}"
        );
        let cookie = Door { cookie: Some(format!("seawall_visitor_demo={forged}")), ..door.clone() };
        assert_eq!(RawLink::open(&cookie, None).await.end().await, End::Code(4401), "cookie: {forged}");
        let post =
            stack.edge(Method::POST, "localhost", "/v1/sites/demo/link").bearer_auth(forged).body("[]");
        let answer = post.send().await.expect("an answer");
        assert_eq!((answer.status().as_u16(), closed_with(answer).await), (401, json!(4401)), "{forged}");
    }

    // Expired: somebody new, who sees nothing of the old conversation, whatever way the token comes.
    let expired = tokens::expired_visitor(conversation.as_str());
    let cookie = Door { cookie: Some(format!("seawall_visitor_demo={expired}")), ..door.clone() };
    for (door, token) in [(&door, Some(expired.as_str())), (&cookie, None)] {
        let (_link, welcome) = RawLink::greeted(door, token).await;
        assert_ne!(welcome.conversation.as_ref(), Some(&conversation));
        assert_eq!((welcome.last_seq, welcome.messages), (0, vec![]));
        assert_eq!(welcome.token.is_some(), door.cookie.is_none(), "a cookie is renewed as a cookie");
    }
    // A day before its end it still counts, and is renewed.
    let old = tokens::visitor("demo", conversation.as_str(), edge::token::LIFE_S - 86_400);
    let (_link, welcome) = RawLink::greeted(&door, Some(&old)).await;
    assert_eq!(welcome.conversation.as_ref(), Some(&conversation));
    assert!(welcome.token.is_some_and(|renewed| renewed != old));

    assert_eq!(log_of(&stack, &token).await, ["my secret"]);
    all_is_well(&stack, &neighbour, &["my secret"]).await;
}

/// A cookie goes along from any page: only the frame's own page may use it, and only the console's the agent's.
#[tokio::test(flavor = "multi_thread")]
async fn close_1_a_foreign_page_cannot_use_somebodys_cookie() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let (mut link, welcome) = RawLink::greeted(&Door::visitor(stack.edge_port), None).await;
    let token = welcome.token.expect("a token");
    link.say(send("own", 1, "mine")).await;
    link.acked("own", 1).await;
    let cookie =
        Door { cookie: Some(format!("seawall_visitor_demo={token}")), ..Door::visitor(stack.edge_port) };
    let agent = Door::inbox(stack.edge_port, &stack.log_in(tests::harness::stack::ADA).await);
    let (_own, welcome) = RawLink::greeted(&cookie, None).await;
    assert_eq!(welcome.messages.len(), 1, "the own page gets in");
    let (_own, _) = RawLink::greeted(&agent, None).await;

    let port = stack.edge_port;
    for page in [
        "https://shop.example".to_owned(),
        "null".to_owned(),
        format!("http://localhost:{}", port.wrapping_add(1)),
        format!("https://localhost:{port}"),
        format!("http://evil.localhost:{port}"),
        "http://localhost".to_owned(),
    ] {
        for door in [&cookie, &agent] {
            let foreign = door.clone().with("origin", page.clone());
            assert_eq!(RawLink::open(&foreign, None).await.end().await, End::Code(4403), "{page}");
            let path = format!("{}?link=1", door.path);
            for (method, path) in [(Method::POST, &door.path), (Method::POST, &path), (Method::DELETE, &path)]
            {
                let post = stack.edge(method.clone(), door.host, path).header("origin", &page);
                let post = post.header("cookie", door.cookie.as_deref().unwrap_or_default()).body("[]");
                let answer = post.send().await.expect("an answer");
                let answered = (answer.status().as_u16(), closed_with(answer).await);
                assert_eq!(answered, (403, json!(4403)), "{method} {path} from {page}");
            }
        }
    }
    all_is_well(&stack, &neighbour, &["mine"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_and_foreign_tokens_of_agents_and_agents_of_another_account_get_in_nowhere() {
    let key = AgentKey::new("k1", 7);
    let origin = FakeOrigin::start(key.clone()).await;
    let stack = Stack::in_front_of(origin.port).await;
    let neighbour = Neighbour::of(&stack).await;
    let conversation = neighbour.conversation();
    let impostor = AgentKey::new("k1", 8);
    let stranger = AgentKey::new("k2", 9);
    let in_an_hour = now_s() + 3_600;
    let no_algorithm = key.cookie_of(json!({ "alg": "none", "kid": "k1" }), &["demo"], in_an_hour);
    let unsigned = key.cookie(&["demo"], 3_600).rsplit_once('.').expect("two dots").0.to_owned() + ".";
    let (login, foreign) = ((401, "login-required", 4440), (403, "not-of-this-site", 4403));
    for (what, cookie, (status, code, close)) in [
        ("expired", key.cookie(&["demo"], -1), login),
        ("of a key that only claims its name", impostor.cookie(&["demo"], 3_600), login),
        ("of an unknown key", stranger.cookie(&["demo"], 3_600), login),
        ("without an algorithm", no_algorithm, login),
        ("without a signature", unsigned, login),
        ("of another account's site", key.cookie(&["other"], 3_600), foreign),
        ("of no site", key.cookie(&[], 3_600), foreign),
    ] {
        let me = stack.edge(Method::GET, "console.localhost", "/v1/sites/demo/agents/me");
        let answer = me.header("cookie", &cookie).send().await.expect("an answer");
        assert_eq!(code_of(answer).await, (status, code.to_owned()), "{what}");
        let inbox = Door::inbox(stack.edge_port, &cookie);
        for door in [inbox.clone(), Door::conversation(stack.edge_port, &cookie, &conversation)] {
            assert_eq!(
                RawLink::open(&door, None).await.end().await,
                End::Code(close),
                "{what}: {}",
                door.path
            );
            let post = stack.edge(Method::POST, door.host, &door.path).header("origin", door.own_page());
            let answer = post.header("cookie", &cookie).body("[]").send().await.expect("an answer");
            assert_eq!(closed_with(answer).await, json!(close), "{what}: POST {}", door.path);
        }
    }
    // The same key's good token gets in: it was not the way of asking.
    let good = Door::inbox(stack.edge_port, &key.cookie(&["other", "demo"], 3_600));
    let (_inbox, welcome) = RawLink::greeted(&good, None).await;
    assert_eq!(welcome.inbox.len(), 1, "the neighbour's conversation");
    neighbour.talks_on().await;
    assert_eq!(origin.posted().len(), neighbour.said());
    stack.assert_calm();
}

/// The code with which the answer to a POST says that the link has ended.
async fn closed_with(answer: reqwest::Response) -> Value {
    let body: Value = answer.json().await.unwrap_or_default();
    assert_eq!(body["frames"][0]["type"], "bye", "{body}");
    assert_eq!(body["frames"][0]["code"], body["close"], "{body}");
    body["close"].clone()
}
