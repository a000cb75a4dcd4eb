//! Something in the chat breaks: a fresh one takes its place, with what was written.

use serde_json::json;
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::stack::Stack;
use tests::harness::wait;

/// The next time that something is drawn there is no way to put it into the page.
const BREAK: &str = "const broken = () => { throw Error('broken by a test') };\
    Node.prototype.insertBefore = Node.prototype.appendChild = broken; window.before = 1";
const DRAFT: &str = "I was about to say";

async fn story(storage: Storage) {
    let stack = Stack::start().await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), storage, Look::WIDE).await;
    browser.open_chat(stack.edge_port).await;
    browser.say("First").await;
    browser.state("First", &["Sent", "Delivered"], 30).await;
    browser.fill("Message", DRAFT).await;
    browser.script(BREAK, vec![]).await;
    browser.leave_chat().await;
    browser.script("Seawall('send', 'Second')", vec![]).await;
    browser.enter_chat().await;
    let fresh = "return window.before === undefined && document.querySelector('textarea')?.value";
    wait::until_true("a fresh chat with the draft", 30, || async {
        browser.script(fresh, vec![]).await == json!(DRAFT)
    })
    .await;
    // Both are there, each once.
    browser.state("Second", &["Sent", "Delivered"], 30).await;
    browser.say("Third").await;
    browser.state("Third", &["Sent", "Delivered"], 30).await;
    assert_eq!(browser.messages().await, ["First", "Second", "Third"]);

    // Who breaks again and again is not begun again for ever.
    for _ in 0..3 {
        wait::until_true("the app is there", 30, || async {
            browser.script("return !document.querySelector('.greeting')", vec![]).await == json!(true)
        })
        .await;
        browser.script(BREAK, vec![]).await;
        browser.leave_chat().await;
        browser.script("Seawall('send', 'Again')", vec![]).await;
        browser.enter_chat().await;
        wait::until_true("it has begun anew, or says that it stays as it is", 30, || async {
            let anew = browser.script("return window.before === undefined", vec![]).await == json!(true);
            anew || browser.status_text().await.contains("Something went wrong")
        })
        .await;
    }
    browser.status_reads("Something went wrong", 30).await;
    browser.click("button", "Start it again").await;
    browser.say("Fourth").await;
    browser.state("Fourth", &["Sent", "Delivered"], 30).await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_breaks_begins_anew_with_what_was_written() {
    story(Storage::Allowed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_breaks_begins_anew_with_what_was_written_also_where_nothing_is_kept() {
    story(Storage::Denied).await;
}
