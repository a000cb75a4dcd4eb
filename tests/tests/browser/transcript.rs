//! A long conversation, and messages that are refused, with the buttons that are for them.

use serde_json::json;
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::stack::Stack;
use tests::harness::wait;

/// More than twice what is in the document at once.
const MESSAGES: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_is_read_back_to_its_beginning_and_to_its_end_again() {
    let stack = Stack::start().await;
    let much = json!({ "messages_per_conversation": { "at_once": 1000, "per_minute": 1000 } });
    stack.site("much", much).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.go(&format!("http://127.0.0.1:{}/demo/?site=much", stack.edge_port)).await;
    browser.click("button", "Open chat").await;
    let listen = "window.heard = []; window.link = ''; Seawall('on', 'error', (error) => heard.push(error.code));\
                  Seawall('on', 'health', (health) => (window.link = health.link))";
    browser.script(listen, vec![]).await;
    wait::until_true("the chat is live", 30, || async {
        browser.script("return window.link", vec![]).await == json!("live")
    })
    .await;
    let say = format!("for (let n = 1; n <= {MESSAGES}; n++) Seawall('send', `Message ${{n}} of many`)");
    browser.script(&say, vec![]).await;
    browser.script("Seawall('send', 'x'.repeat(4001))", vec![]).await;
    wait::until_true("a text that is too long is refused", 30, || async {
        browser.script("return heard", vec![]).await == json!(["text-too-long"])
    })
    .await;
    browser.enter_chat().await;
    let last = format!("Message {MESSAGES} of many");
    browser.state(&last, &["Sent", "Delivered"], 60).await;
    let shown = async || browser.messages().await;
    assert!(shown().await.len() <= 50, "only a window of them is in the document");

    let scroll = "document.querySelector('[role=log]').scrollTop = arguments[0]";
    let first = "Message 1 of many".to_owned();
    wait::until_true("the beginning is reached", 60, || async {
        let list = shown().await;
        if list.first() == Some(&first) {
            return true;
        }
        // As a finger does; the driver cannot scroll a log that is laid out from its end.
        browser.script(scroll, vec![json!(-1_000_000)]).await;
        browser.click("button", "Earlier messages").await;
        false
    })
    .await;
    browser.gone("button", "Earlier messages").await;
    let list = shown().await;
    let wanted: Vec<String> = (1..=list.len()).map(|n| format!("Message {n} of many")).collect();
    assert_eq!(list, wanted, "in order and without a hole");

    browser.click("button", "Latest").await;
    wait::until_true("the end is reached", 30, || async { shown().await.last() == Some(&last) }).await;
    browser.gone("button", "Latest").await;
    // Scrolled up, what is read stays; at the end again it follows.
    browser.script(scroll, vec![json!(-2000)]).await;
    browser.leave_chat().await;
    browser.script("Seawall('send', 'One more')", vec![]).await;
    browser.enter_chat().await;
    // Whoever writes wants to see it.
    wait::until_true("it is in sight", 30, || async {
        shown().await.last().is_some_and(|one| one == "One more")
    })
    .await;
    browser.quit().await;
}
