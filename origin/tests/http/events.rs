//! `POST /events` and the ledger.

use serde_json::{Value, json};
use shared::event::{BATCH_TYPE, Outcome};

use crate::under_test::{ADMIN, UnderTest, message, now_s, problem, read};

fn accepted(n: usize) -> Vec<(Outcome, String)> {
    vec![(Outcome::Accepted, String::new()); n]
}

#[tokio::test]
async fn a_signed_batch_is_accepted_and_a_repeated_one_is_a_duplicate() {
    let origin = UnderTest::start().await;
    let batch = json!([message("c1", 1, "m1"), message("c1", 2, "m2")]);
    assert_eq!(origin.results(&batch).await, accepted(2));
    assert_eq!(origin.results(&batch).await, vec![(Outcome::Duplicate, String::new()); 2]);
    assert_eq!(origin.ledger_ids().await, ["m1", "m2"]);
}

#[tokio::test]
async fn a_receipt_names_its_event_by_id_and_source() {
    let origin = UnderTest::start().await;
    let batch = json!([message("c1", 1, "same"), message("c2", 1, "same")]);
    let answer: Value = read(origin.batch(&batch).send().await.unwrap()).await;
    assert_eq!(
        answer,
        json!({"receipts": [
            {"id": "same", "source": "/sites/demo/conversations/c1", "result": "accepted"},
            {"id": "same", "source": "/sites/demo/conversations/c2", "result": "accepted"},
        ]})
    );
}

#[tokio::test]
async fn a_message_sent_again_under_a_new_epoch_is_a_duplicate() {
    let origin = UnderTest::start().await;
    let mut again = message("c1", 7, "m1");
    again["data"]["epoch"] = json!(2);
    let results = origin.results(&json!([message("c1", 1, "m1"), again])).await;
    assert_eq!(results[1].0, Outcome::Duplicate);
}

#[tokio::test]
async fn sign_1_unsigned_stale_and_forged_batches_are_refused_and_nothing_is_kept() {
    let origin = UnderTest::start().await;
    let body = json!([message("c1", 1, "m1")]).to_string();
    let post = || origin.client.post(origin.url("/events")).header("content-type", BATCH_TYPE);
    let unsigned = post().body(body.clone());
    let stale = origin.signed(post(), "b", now_s() - 301, body.clone());
    let forged = origin.signed(post(), "b", now_s(), body.clone()).body(body.replace("m1", "m2"));
    for (request, code) in [(unsigned, "unsigned"), (stale, "stale-signature"), (forged, "bad-signature")] {
        assert_eq!(problem(request.send().await.unwrap()).await, (401, code.into()));
    }
    assert_eq!(origin.ledger_ids().await, [""; 0]);
}

#[tokio::test]
async fn one_bad_event_is_refused_with_its_reason_and_the_others_are_accepted() {
    let origin = UnderTest::start().await;
    let mut elsewhere = message("c1", 1, "m3");
    elsewhere["data"]["site"] = json!("nowhere");
    elsewhere["source"] = json!("/sites/nowhere/conversations/c1");
    let mut long = message("c1", 1, "m4");
    long["data"]["text"] = json!("x".repeat(4_001));
    let mut later = message("c1", 1, "m5");
    later["type"] = json!("seawall.of-a-later-version");
    let batch = json!([message("c1", 1, "m1"), "nonsense", elsewhere, long, later, message("c1", 2, "m2")]);
    let refused = |reason: &str| (Outcome::Refused, reason.to_owned());
    let mut expected = accepted(6);
    expected[1..5].clone_from_slice(&[
        refused("not-an-event"),
        refused("unknown-site"),
        refused("text-too-long"),
        refused("unknown-type"),
    ]);
    assert_eq!(origin.results(&batch).await, expected);
    assert_eq!(origin.ledger_ids().await, ["m1", "m2"]);
}

#[tokio::test]
async fn a_probe_is_receipted_and_never_kept() {
    let origin = UnderTest::start().await;
    let probe =
        json!({"specversion": "1.0", "id": "p", "source": "/probes", "type": "seawall.probe", "data": {}});
    assert_eq!(origin.results(&json!([probe])).await, accepted(1));
    assert_eq!(origin.ledger_ids().await, [""; 0]);
}

#[tokio::test]
async fn batches_over_a_limit_or_in_another_form_are_refused_with_a_code() {
    let origin = UnderTest::start().await;
    let code = async |body: String, media: &str| {
        let post = origin.client.post(origin.url("/events")).header("content-type", media);
        problem(origin.signed(post, "b", now_s(), body).send().await.unwrap()).await
    };
    let many: Vec<_> = (1..=51).map(|seq| message("c1", seq, &format!("m{seq}"))).collect();
    assert_eq!(code(json!(many).to_string(), BATCH_TYPE).await, (413, "too-many-events".into()));
    assert_eq!(code(" ".repeat(1024 * 1024 + 1), BATCH_TYPE).await, (413, "batch-too-large".into()));
    assert_eq!(code("{}".into(), BATCH_TYPE).await, (400, "not-a-batch".into()));
    assert_eq!(code("[".repeat(10_000), BATCH_TYPE).await, (400, "not-a-batch".into()));
    assert_eq!(code("[]".into(), "application/json").await, (415, "wrong-media-type".into()));
    assert_eq!(origin.results(&json!([])).await, []);
    assert_eq!(origin.results(&json!(many[..50])).await, accepted(50));
}

#[tokio::test]
async fn the_ledger_is_read_in_the_order_of_acceptance_page_by_page() {
    let origin = UnderTest::start().await;
    let mut of_agent = message("c1", 2, "m3");
    of_agent["data"]["author"] = json!("agent:ada");
    origin.results(&json!([message("c2", 1, "m1"), message("c1", 1, "m2"), of_agent])).await;
    origin.results(&json!([message("c2", 2, "m4")])).await;

    let first = origin.ledger("?limit=3").await;
    assert_eq!(first.len(), 3);
    assert_eq!(first[2]["author"], "agent:ada");
    assert_eq!(first[1]["conversation"], "c1");
    assert_eq!((&first[1]["epoch"], &first[1]["seq"]), (&json!(1), &json!(1)));
    assert_eq!(first[1]["text"], "text of m2");
    let rest = origin.ledger(&format!("?after={}", first[2]["position"])).await;
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0]["id"], "m4");
}

#[tokio::test]
async fn admin_routes_want_the_admin_token_and_are_off_without_one() {
    let origin = UnderTest::start().await;
    let ledger = || origin.get("/ledger/demo/messages");
    assert_eq!(problem(ledger().send().await.unwrap()).await, (401, "bad-token".into()));
    assert_eq!(problem(ledger().bearer_auth("wrong").send().await.unwrap()).await, (401, "bad-token".into()));
    let elsewhere = origin.get("/ledger/nowhere/messages").bearer_auth(ADMIN).send().await.unwrap();
    assert_eq!(problem(elsewhere).await, (404, "unknown-site".into()));

    let origin = UnderTest::without_admin().await;
    for request in
        [origin.get("/ledger/demo/messages"), origin.get("/faults"), origin.put("/faults", &json!({}))]
    {
        let response = request.bearer_auth("").send().await.unwrap();
        assert_eq!(problem(response).await, (403, "admin-disabled".into()));
    }
}

#[tokio::test]
async fn a_restart_keeps_what_was_acknowledged_and_forgets_the_fault() {
    let mut origin = UnderTest::start().await;
    origin.results(&json!([message("c1", 1, "m1")])).await;
    let token: Value = read(origin.login("demo", "ada@demo.example", "demo-password").await).await;
    origin.fault(json!({"kind": "down"})).await;
    origin.restart().await;
    assert_eq!(origin.ledger_ids().await, ["m1"]);
    assert_eq!(origin.results(&json!([message("c1", 1, "m1")])).await[0].0, Outcome::Duplicate);
    let fault: Value = read(origin.get("/faults").bearer_auth(ADMIN).send().await.unwrap()).await;
    assert_eq!(fault, json!({"kind": "none"}));
    let renew =
        origin.post("/sites/demo/agents/renew", &json!({})).bearer_auth(token["token"].as_str().unwrap());
    assert_eq!(renew.send().await.unwrap().status(), 200, "the signing key is kept");
}
