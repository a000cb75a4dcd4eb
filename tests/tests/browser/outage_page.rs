//! The page that shows a naive chat and Seawall side by side, on one origin that its reader breaks.

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::outage_page::{self as page, Side};
use tests::harness::stack::Stack;
use tests::harness::{axe, ledger, wait};

/// A message to both is tried four times by the naive chat, with a second between.
const GIVES_UP_WITHIN_S: u64 = 30;

async fn texts(stack: &Stack) -> Vec<String> {
    let lines = ledger::read(stack).await;
    ledger::checked(&lines);
    lines.into_iter().map(|line| line.text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_the_origin_is_down_is_given_up_by_the_naive_chat_and_safe_with_seawall() {
    let stack = Stack::start().await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    page::open(&browser, &stack).await;
    let at_rest = browser.script("return [scrollY, document.activeElement.tagName]", vec![]).await;
    assert_eq!(at_rest, json!([0, "BODY"]), "the opened chat has left the page where it was");
    assert_eq!(axe::violations(&browser).await, [""; 0]);

    page::send(&browser, "Before").await;
    page::reads(&browser, "Before", Side::Naive, "Delivered after", 30).await;
    page::reads(&browser, "Before", Side::Seawall, "elivered after", 30).await;

    browser.click("button", "Down").await;
    browser.page_reads("The origin closes every connection without an answer.", 30).await;
    page::send(&browser, "During").await;
    let focused = browser.script("return document.activeElement.innerText", vec![]).await;
    assert_eq!(focused, json!(page::SEND), "the focus stays with whoever uses the page");
    page::reads(&browser, "During", Side::Seawall, "Sent: safe at the edge after", 30).await;
    page::reads(&browser, "During", Side::Naive, "Not sent: gave up after", GIVES_UP_WITHIN_S).await;
    page::reads(&browser, "During", Side::Naive, "4 tries", 1).await;
    assert_eq!(axe::violations(&browser).await, [""; 0]);
    browser.enter_chat().await;
    browser.state("During", &["Sent"], 30).await;
    browser.leave_chat().await;

    browser.click("button", "Well").await;
    page::reads(&browser, "During", Side::Seawall, "delivered after", 60).await;
    browser.enter_chat().await;
    browser.state("During", &["Delivered"], 30).await;
    assert_eq!(browser.messages().await, ["Before", "During"]);
    browser.leave_chat().await;
    page::reads(&browser, "During", Side::Naive, "Not sent: gave up after", 1).await;
    assert_eq!(texts(&stack).await, ["Before", "During"]);
    let naive: Vec<Value> = stack
        .admin(Method::GET, "/ledger/naive-chat/messages")
        .send()
        .await
        .expect("it answers")
        .json()
        .await
        .expect("a JSON array");
    assert_eq!(naive.iter().map(|entry| &entry["text"]).collect::<Vec<_>>(), ["Before"]);

    // Told to, it tries once more, and what was one message stays one.
    browser.click(".naive button", "Try again").await;
    page::reads(&browser, "During", Side::Naive, "Delivered after", 30).await;
    stack.assert_calm();
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guided_outage_ends_with_what_was_measured() {
    let stack = Stack::start().await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    page::open(&browser, &stack).await;
    browser.click("button", "Show me an outage").await;
    wait::until_reads("what is told", "stand in the origin's ledger", 90, || page::text_of(&browser, "told"))
        .await;
    let told = page::text_of(&browser, "told").await;
    for sentence in [
        "Of 5 messages the naive chat gave up 5 and delivered 0.",
        "Seawall had 5 of 5 safe at the edge, the slowest after ",
        "All 5 were delivered ",
        "5 of 5 stand in the origin's ledger, each once.",
    ] {
        assert!(told.contains(sentence), "{sentence:?} is missing in {told:?}");
    }
    assert_eq!(texts(&stack).await.len(), 5);
    let fault: Value =
        stack.admin(Method::GET, "/faults").send().await.expect("it answers").json().await.expect("JSON");
    assert_eq!(fault, json!({ "kind": "none" }));
    assert_eq!(page::text_of(&browser, "naive-score").await, "0 of 5 delivered, 5 given up");
    let score = "5 of 5 safe at the edge, 5 delivered";
    // It is drawn a little later than told.
    wait::until_reads("the score", score, 30, || page::text_of(&browser, "seawall-score")).await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_in_the_chats_themselves_and_answered_is_shown_too() {
    let stack = Stack::start().await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    page::open(&browser, &stack).await;
    browser.enter_chat().await;
    browser.say("Only here").await;
    browser.leave_chat().await;
    page::reads(&browser, "Only here", Side::Seawall, "elivered after", 30).await;
    page::reads(&browser, "Only here", Side::Naive, "Not written here", 1).await;
    browser.fill("Message in the naive chat", "Only there").await;
    browser.click(".naive button", "Send").await;
    page::reads(&browser, "Only there", Side::Naive, "Delivered after", 30).await;
    // Ada's answer comes back with the naive chat's own poll.
    browser.fill("Answer here as Ada, the agent", "Hello!").await;
    browser.click(".ada button", "Answer").await;
    browser.page_reads("Ada Ferris", 30).await;
    browser.quit().await;
}
