//! Events and receipts that are not what they should be, in both directions.

use reqwest::{Method, Response};
use serde_json::{Value, json};
use shared::event::BATCH_TYPE;
use shared::session::MessageState;
use shared::webhook::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER};
use tests::harness::fake_origin::{self, FakeOrigin};
use tests::harness::neighbour::Neighbour;
use tests::harness::person::Person;
use tests::harness::stack::{ORIGIN_SECRET, Stack};
use tests::harness::tokens::{AgentKey, now_s};
use tests::harness::wait;

use super::{all_is_well, code_of, log_of};

/// Where a batch goes and what both receivers agree on.
#[derive(Clone, Copy)]
enum To {
    Edge,
    Origin,
}

struct Headers {
    id: Option<&'static str>,
    timestamp: Option<String>,
    signature: Option<String>,
}

fn sign(secret: &str, id: &'static str, timestamp_s: u64, body: &str) -> Headers {
    let secret = Secret::parse(secret).expect("a secret");
    Headers {
        id: Some(id),
        timestamp: Some(timestamp_s.to_string()),
        signature: Some(secret.sign(id, timestamp_s, body.as_bytes())),
    }
}

async fn post(stack: &Stack, to: To, headers: Headers, body: &str) -> Response {
    let request = match to {
        To::Edge => stack.edge(Method::POST, "localhost", "/v1/events"),
        To::Origin => stack.admin(Method::POST, "/events"),
    };
    let mut request = request.header("content-type", BATCH_TYPE).body(body.to_owned());
    let Headers { id, timestamp, signature } = headers;
    let pairs =
        [(ID_HEADER, id.map(str::to_owned)), (TIMESTAMP_HEADER, timestamp), (SIGNATURE_HEADER, signature)];
    for (name, value) in pairs {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    request.send().await.expect("an answer")
}

fn reply(conversation: &str, n: u64, text: &str) -> Value {
    json!({
        "specversion": "1.0", "id": format!("r.{n}"), "source": format!("/sites/demo/conversations/{conversation}"),
        "type": "seawall.reply",
        "data": { "site": "demo", "conversation": conversation, "id": format!("r.{n}"), "writer": "r", "n": n,
            "agent": "ada", "name": "Ada Ferris", "text": text },
    })
}

/// As the edge would post a message of this conversation.
fn message(conversation: &str, seq: u64, text: &str) -> Value {
    json!({
        "specversion": "1.0", "id": format!("m.{seq}"), "source": format!("/sites/demo/conversations/{conversation}"),
        "type": "seawall.message",
        "data": { "site": "demo", "conversation": conversation, "epoch": 1, "seq": seq, "author": "visitor",
            "text": text, "at_ms": 1 },
    })
}

/// A visitor who waits for an answer, and the conversation.
async fn asked(stack: &Stack) -> (Person, String) {
    let visitor = Person::visitor(stack.edge_port);
    visitor.live().await;
    visitor.write("Is there an answer?");
    visitor.has_come("Is there an answer?", &MessageState::Delivered, 30).await;
    let conversation = visitor.view().conversation.expect("a live link has one");
    (visitor, conversation)
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_1_unsigned_forged_and_stale_batches_are_refused_as_a_whole_on_both_sides() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let (visitor, conversation) = asked(&stack).await;

    let foreign = "whsec_Zm9yZWlnbi1mb3JlaWduLWZvcmVpZ24tZm9yZWlnbi0=";
    for to in [To::Edge, To::Origin] {
        let bad = match to {
            To::Edge => reply(&conversation, 1, "forged"),
            To::Origin => message(&conversation, 9, "forged"),
        };
        let body = json!([bad]).to_string();
        let good = || sign(ORIGIN_SECRET, "id", now_s(), &body);
        let cases: [(&str, Headers, &str); 9] = [
            ("no header at all", Headers { id: None, timestamp: None, signature: None }, "unsigned"),
            ("no id", Headers { id: None, ..good() }, "unsigned"),
            ("no timestamp", Headers { timestamp: None, ..good() }, "unsigned"),
            ("no signature", Headers { signature: None, ..good() }, "unsigned"),
            ("another secret", sign(foreign, "id", now_s(), &body), "bad-signature"),
            ("another body", sign(ORIGIN_SECRET, "id", now_s(), "[]"), "bad-signature"),
            ("another id", Headers { id: Some("other"), ..good() }, "bad-signature"),
            ("stale", sign(ORIGIN_SECRET, "id", now_s() - 310, &body), "stale-signature"),
            ("from the future", sign(ORIGIN_SECRET, "id", now_s() + 310, &body), "stale-signature"),
        ];
        for (what, headers, code) in cases {
            let answer = code_of(post(&stack, to, headers, &body).await).await;
            assert_eq!(answer, (401, code.to_owned()), "{what}");
        }
    }

    assert_eq!(log_of(&stack, &visitor.token()).await, ["Is there an answer?"]);
    all_is_well(&stack, &neighbour, &["Is there an answer?"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn event_2_each_event_of_a_batch_is_judged_by_itself_and_a_repeated_one_is_a_success() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let (visitor, conversation) = asked(&stack).await;

    let signed = |body: &Value| {
        let body = body.to_string();
        let (stack, headers) = (&stack, sign(ORIGIN_SECRET, "id", now_s(), &body));
        async move { post(stack, To::Edge, headers, &body).await }
    };
    // What is no batch is refused as a whole.
    for (body, status, code) in [
        (json!({}), 400, "not-a-batch"),
        (json!("[]"), 400, "not-a-batch"),
        (json!(vec![1; 51]), 400, "not-a-batch"),
        (json!(["x".repeat(1024 * 1024)]), 413, "too-large"),
    ] {
        assert_eq!(code_of(signed(&body).await).await, (status, code.to_owned()));
    }

    let mut nowhere = reply("cnowhere", 1, "to nobody");
    let mut elsewhere = reply(&conversation, 1, "to an unknown site");
    elsewhere["data"]["site"] = json!("elsewhere");
    nowhere["id"] = json!("nowhere.1");
    let mut tomorrow = reply(&conversation, 1, "of a later version");
    tomorrow["type"] = json!("seawall.tomorrow");
    let batch = json!([
        1,
        {},
        tomorrow,
        nowhere,
        elsewhere,
        message(&conversation, 9, "the wrong way round"),
        reply(&conversation, 1, " "),
        reply(&conversation, 2, &"x".repeat(4_001)),
        reply(&conversation, 3, "Yes, this one."),
        reply(&conversation, 3, "Yes, this one."),
        reply(&conversation, 9, "after a gap"),
        reply(&conversation, 4, "after a later"),
    ]);
    let receipts: Value = signed(&batch).await.json().await.expect("receipts");
    let results: Vec<_> = receipts["receipts"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|receipt| (receipt["result"].as_str().unwrap_or(""), receipt["reason"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(
        results,
        [
            ("refused", "not-an-event"),
            ("refused", "not-an-event"),
            ("refused", "unknown-type"),
            ("refused", "unknown-conversation"),
            ("refused", "unknown-site"),
            ("refused", "unknown-type"),
            ("refused", "text-empty"),
            ("refused", "text-too-long"),
            ("accepted", ""),
            ("duplicate", ""),
            ("later", "gap"),
            ("later", "after-a-later"),
        ]
    );
    // The whole batch again, as after a lost answer.
    let again: Value =
        signed(&json!([reply(&conversation, 3, "Yes, this one.")])).await.json().await.unwrap();
    assert_eq!(again["receipts"][0]["result"], "duplicate");

    visitor.sees("the reply", 30, |view| view.texts().contains(&"Yes, this one.")).await;
    assert_eq!(log_of(&stack, &visitor.token()).await, ["Is there an answer?", "Yes, this one."]);
    all_is_well(&stack, &neighbour, &["Is there an answer?", "Yes, this one."]).await;
}

/// 200 and no receipt that counts: the edge holds, says why, keeps everything, and delivers it once it is taken.
#[tokio::test(flavor = "multi_thread")]
async fn receipt_5_receipts_for_events_never_sent_erase_nothing_and_hold_the_delivery() {
    let origin = FakeOrigin::start(AgentKey::new("k1", 7)).await;
    let stack = Stack::in_front_of(origin.port).await;
    let neighbour = Neighbour::of(&stack).await;
    let visitor = Person::visitor(stack.edge_port);
    visitor.live().await;

    type Lie = fn(&[shared::event::Event]) -> Value;
    let lies: [(&str, Lie, &str); 5] = [
        ("no receipts", |_| json!({ "receipts": [] }), "origin-takes-nothing"),
        (
            "receipts for others",
            |_| json!({ "receipts": [{ "id": "never.1", "result": "accepted" }, { "id": "", "result": "refused" }] }),
            "origin-takes-nothing",
        ),
        (
            "the right ids of another conversation",
            |events| {
                let mut receipts = fake_origin::accepted(events);
                for receipt in receipts["receipts"].as_array_mut().expect("a list") {
                    receipt["source"] = json!("/sites/demo/conversations/cother");
                }
                receipts
            },
            "origin-takes-nothing",
        ),
        ("something else", |_| json!({ "ok": true }), "origin-malformed"),
        (
            "an unknown result",
            |_| json!({ "receipts": [{ "id": 1, "result": "perhaps" }] }),
            "origin-malformed",
        ),
    ];
    let (mut written, mut taken) = (Vec::new(), Vec::new());
    for (what, lie, reason) in lies {
        origin.answers(lie);
        visitor.write(what);
        visitor.has_come(what, &MessageState::Sent, 30).await;
        written.push(what);
        stack.wait_for_mode("holding", 30).await;
        wait::until_true(reason, 30, || async { stack.reason().await == reason }).await;
        assert_eq!(visitor.kept(), 1, "{what}: erased without a receipt");
        assert_eq!(visitor.view().state(what), Some(MessageState::Sent), "{what}");

        let before = origin.posted().len();
        origin.answers_rightly();
        visitor.has_come(what, &MessageState::Delivered, 30).await;
        wait::until_true("the browser forgets it", 30, || async { visitor.kept() == 0 }).await;
        let posted = origin.posted();
        taken.extend(texts(&posted[before..], &visitor));
        neighbour.talks_on().await;
    }
    assert_eq!(taken, written, "each once after the truth came back, and in order");
    assert_eq!(log_of(&stack, &visitor.token()).await, written);
    stack.assert_calm();
}

fn texts(events: &[shared::event::Event], of: &Person) -> Vec<String> {
    let conversation = of.view().conversation.expect("a live link has one");
    let of_this = |event: &shared::event::Event| match &event.body {
        shared::event::Body::Message(stored) if stored.conversation.as_str() == conversation => {
            Some(stored.text.clone())
        }
        _ => None,
    };
    events.iter().filter_map(of_this).collect()
}
