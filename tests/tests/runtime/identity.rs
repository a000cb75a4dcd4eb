//! A visitor for whom the site's server vouches, and all who only say that it does.

use reqwest::{Method, Response};
use serde_json::{Value, json};
use shared::frame::EdgeFrame;
use tests::harness::fake_origin::FakeOrigin;
use tests::harness::raw::{End, RawLink, send};
use tests::harness::stack::{ADA, IDENTITY_SECRET, OPERATOR, Stack};
use tests::harness::tokens::{self, AgentKey, now_s};
use tests::harness::wait;
use tests::harness::wire::Door;

async fn ask(stack: &Stack, body: &str) -> Response {
    let request = stack.edge(Method::POST, "localhost", "/v1/sites/demo/identity");
    let request = request.header("origin", stack.edge_url("localhost")).body(body.to_owned());
    request.send().await.expect("an answer")
}

async fn identify(stack: &Stack, token: &str) -> (u16, Value) {
    let answer = ask(stack, &json!({ "token": token }).to_string()).await;
    assert!(answer.headers().get("set-cookie").is_none(), "no cookie tells who somebody is");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn token_of(stack: &Stack, sub: &str, name: &str) -> String {
    let (status, answer) = identify(stack, &tokens::of_the_shop(sub, name, 600)).await;
    assert_eq!(status, 200, "{answer}");
    answer["token"].as_str().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_3_a_person_has_the_same_conversation_everywhere_and_agents_read_the_name_that_was_checked()
{
    let stack = Stack::start().await;
    let door = Door::visitor(stack.edge_port);
    let (phone, laptop) =
        (token_of(&stack, "4711", "Vera Lund").await, token_of(&stack, "4711", "Vera Lund").await);
    let (mut link, welcome) = RawLink::greeted(&door, Some(&phone)).await;
    let conversation = welcome.conversation.expect("its name");
    assert_eq!(welcome.token, None, "nothing renews it but the site's server");
    // What a frame says of itself is not heard.
    let mut first = send("own", 1, "Where is my lantern?");
    first["name"] = json!("Somebody else");
    link.say(first).await;
    link.acked("own", 1).await;

    let (_other, welcome) = RawLink::greeted(&door, Some(&laptop)).await;
    assert_eq!(welcome.conversation.as_ref(), Some(&conversation));
    assert_eq!(welcome.messages[0].name, "Vera Lund");
    let (_stranger, welcome) =
        RawLink::greeted(&door, Some(&token_of(&stack, "4712", "Vera Lund").await)).await;
    assert_ne!(welcome.conversation.as_ref(), Some(&conversation));
    assert_eq!(welcome.messages, []);

    let cookie = stack.log_in(ADA).await;
    let (_inbox, welcome) = RawLink::greeted(&Door::inbox(stack.edge_port, &cookie), None).await;
    let line = welcome.inbox.iter().find(|line| line.conversation == conversation).expect("its line");
    assert_eq!(line.name, "Vera Lund");
    let door = Door::conversation(stack.edge_port, &cookie, conversation.as_str());
    let (mut agent, welcome) = RawLink::greeted(&door, None).await;
    assert_eq!(welcome.messages[0].name, "Vera Lund");
    link.say(send("own", 2, "The blue one")).await;
    let name = |frame: &EdgeFrame| match frame {
        EdgeFrame::Event(message) => Some(message.name.clone()),
        _ => None,
    };
    assert_eq!(agent.hear("the second message", name).await, "Vera Lund");
    stack.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_1_what_is_forged_too_old_or_for_another_site_gets_nothing() {
    let stack = Stack::start().await;
    let (hs256, exp) = (json!({ "alg": "HS256" }), now_s() + 600);
    let claims = json!({ "sub": "4711", "aud": "demo", "exp": exp });
    let of_site = |site: &str| json!({ "sub": "4711", "aud": site, "exp": exp });
    let good = tokens::identity(IDENTITY_SECRET, &hs256, &claims);
    let (signed, _) = good.rsplit_once('.').expect("two dots");
    let none = tokens::identity(IDENTITY_SECRET, &json!({ "alg": "none" }), &claims);
    let foreign = "the identity secret of somebody else";
    let long = json!({ "sub": "4711", "aud": "demo", "exp": exp + 86_400 });
    for (token, code) in [
        (tokens::identity(foreign, &hs256, &claims), "identity-refused"),
        (none.rsplit_once('.').expect("two dots").0.to_owned() + ".", "identity-refused"),
        (none, "identity-refused"),
        (format!("{signed}."), "identity-refused"),
        (tokens::identity(IDENTITY_SECRET, &hs256, &of_site("other")), "identity-refused"),
        (tokens::identity(IDENTITY_SECRET, &hs256, &long), "identity-refused"),
        (tokens::of_the_shop("4711", "Vera", -1), "identity-expired"),
    ] {
        let (status, answer) = identify(&stack, &token).await;
        assert_eq!((status, answer["code"].as_str()), (401, Some(code)), "{token}");
    }
    for (body, status) in [("", 401), ("[]", 401), ("{", 401), (&"x".repeat(9_000), 413)] {
        assert_eq!(ask(&stack, body).await.status().as_u16(), status, "{body:.20}");
    }
    // A page that is not the frame's cannot ask at all.
    let body = json!({ "token": good });
    for page in [Some("https://shop.example"), None] {
        let request = stack.edge(Method::POST, "localhost", "/v1/sites/demo/identity").json(&body);
        let request = page.into_iter().fold(request, |request, page| request.header("origin", page));
        assert_eq!(request.send().await.expect("an answer").status().as_u16(), 403);
    }

    // The edge's own token: not in a cookie, not changed, not after its time.
    let token = token_of(&stack, "4711", "Vera").await;
    let door = Door::visitor(stack.edge_port);
    let cookie = Door { cookie: Some(format!("seawall_visitor_demo={token}")), ..door.clone() };
    assert_eq!(RawLink::open(&cookie, None).await.end().await, End::Code(4401));
    for forged in [token.replace("i1.", "v1."), format!("{token}x"), token[..token.len() - 2].to_owned()] {
        assert_eq!(RawLink::open(&door, Some(&forged)).await.end().await, End::Code(4401), "{forged}");
    }
    let expired = tokens::identified("4711", now_s() - 1);
    assert_eq!(RawLink::open(&door, Some(&expired)).await.end().await, End::Code(4441));
    let request =
        stack.edge(Method::DELETE, "localhost", "/v1/sites/demo/conversation").bearer_auth(&expired);
    assert_eq!(request.send().await.expect("an answer").status().as_u16(), 401);
    let (_open, _) = RawLink::greeted(&door, Some(&tokens::identified("4711", now_s() + 60))).await;

    // Nobody reads the secret anywhere.
    let mut told =
        stack.whole_log("edge.log") + &stack.whole_log("origin.log") + &stack.status().await.to_string();
    let metrics = stack.edge(Method::GET, "127.0.0.1", "/metrics").bearer_auth(OPERATOR);
    told += &metrics.send().await.expect("metrics").text().await.expect("text");
    assert!(!told.contains(IDENTITY_SECRET) && !told.contains(&token) && !told.contains(&good));
    stack.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_1_a_sites_secrets_are_its_own_to_change_and_to_end() {
    let stack = Stack::start().await;
    let save = async |secrets: Value| {
        let save = json!({ "identity_secrets": secrets });
        stack.admin(Method::PUT, "/admin/sites/demo").json(&save).send().await.expect("an answer").status()
    };
    let claims = json!({ "sub": "4711", "aud": "demo", "exp": now_s() + 600 });
    let by = |secret: &str| tokens::identity(secret, &json!({ "alg": "HS256" }), &claims);
    let newer = "another secret that takes its place.";
    let becomes = async |secret: &str, wanted: (u16, Value)| {
        wait::until_true("the edge knows", 30, || async {
            let (status, answer) = identify(&stack, &by(secret)).await;
            (status, answer["code"].clone()) == wanted
        })
        .await;
    };
    assert!(save(json!([newer, IDENTITY_SECRET])).await.is_success());
    becomes(newer, (200, Value::Null)).await;
    becomes(IDENTITY_SECRET, (200, Value::Null)).await;
    assert!(save(json!([newer])).await.is_success());
    becomes(IDENTITY_SECRET, (401, json!("identity-refused"))).await;
    assert!(save(json!([])).await.is_success());
    becomes(newer, (403, json!("identity-off"))).await;
    for bad in [json!(["short"]), json!(["ä".repeat(40)]), json!([newer, newer, newer, newer])] {
        assert_eq!(save(bad.clone()).await.as_u16(), 400, "{bad}");
    }
}

/// What a link was told after its welcome.
fn is_news(frame: &EdgeFrame) -> bool {
    matches!(frame, EdgeFrame::Event(_) | EdgeFrame::Summary(_) | EdgeFrame::Receipted { .. })
}

/// Whoever was let in by a word that has an end read and wrote on for as long as the socket held.
#[tokio::test(flavor = "multi_thread")]
async fn link_6_a_link_that_is_open_ends_with_the_word_that_has_opened_it() {
    let key = AgentKey::new("k1", 7);
    let origin = FakeOrigin::start(key.clone()).await;
    let stack = Stack::in_front_of(origin.port).await;
    let door = Door::visitor(stack.edge_port);
    let lasting = tokens::identified("4711", now_s() + 600);
    let (mut other, welcome) = RawLink::greeted(&door, Some(&lasting)).await;
    let conversation = welcome.conversation.expect("its name");
    other.say(send("other", 1, "before")).await;
    other.acked("other", 1).await;

    let until_s = now_s() + 4;
    let (mut visitor, _) = RawLink::greeted(&door, Some(&tokens::identified("4711", until_s))).await;
    let cookie = key.cookie_of(json!({ "alg": "EdDSA", "kid": key.kid }), &["demo"], until_s);
    let (inbox, _) = RawLink::greeted(&Door::inbox(stack.edge_port, &cookie), None).await;
    let in_conversation = Door::conversation(stack.edge_port, &cookie, conversation.as_str());
    let (mut agent, _) = RawLink::greeted(&in_conversation, None).await;
    agent.say(send("agent", 1, "while it holds")).await;
    agent.acked("agent", 1).await;
    visitor.say(send("visitor", 1, "while it holds")).await;
    visitor.acked("visitor", 1).await;
    assert!(now_s() < until_s, "this machine is too slow for this test");

    wait::until_true("it is over", 10, || async { now_s() >= until_s }).await;
    let both = "while it holds";
    agent.say(send("agent", 2, "too late")).await;
    visitor.say(send("visitor", 2, "too late")).await;
    other.say(send("other", 2, "secret")).await;
    other.acked("other", 2).await;
    for link in [visitor, agent, inbox] {
        let (told, end) = link.told_until_its_end().await;
        assert_eq!(end, End::Code(4441), "{told:?}");
        let tells =
            |text: &str| told.iter().any(|frame| is_news(frame) && format!("{frame:?}").contains(text));
        assert!(!tells("secret") && !tells("too late"), "{told:?}");
    }

    // The next handshake says what is missing, and brings what was too late where a newer word is there.
    assert_eq!(RawLink::open(&in_conversation, None).await.end().await, End::Code(4440));
    let (mut again, welcome) = RawLink::greeted(&door, Some(&lasting)).await;
    let texts: Vec<&str> = welcome.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["before", both, both, "secret"]);
    again.say(send("visitor", 2, "too late")).await;
    again.acked("visitor", 2).await;
}
