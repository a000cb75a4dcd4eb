//! Chatting where no WebSocket gets through.

use std::time::Duration;

use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::ledger;
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;

#[tokio::test(flavor = "multi_thread")]
async fn poll_2_a_browser_that_gets_no_websocket_polls_by_itself() {
    let stack = Stack::start().await;
    let proxy = Proxy::without_websockets(stack.edge_port).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.open_chat(proxy.port).await;
    browser.say("First").await;
    browser.state("First", &["Delivered", "Seen"], 60).await;
    browser.say("Second").await;
    browser.state("Second", &["Delivered", "Seen"], 30).await;
    ledger::whole(&stack, 2, 30).await;
    browser.quit().await;
}

/// A form that posts would get through no sooner: its messages take the same way.
#[tokio::test(flavor = "multi_thread")]
async fn poll_1_messages_pass_also_where_every_request_that_waits_is_cut() {
    let stack = Stack::start().await;
    let proxy = std::sync::Arc::new(Proxy::without_websockets(stack.edge_port).await);
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.open_chat(proxy.port).await;
    let cutting = proxy.clone();
    let cutter = tokio::spawn(async move {
        loop {
            // The network's own time, which is what is tried here: an ordinary request is through long before.
            tokio::time::sleep(Duration::from_secs(1)).await;
            cutting.reset();
        }
    });
    for text in ["First", "Second", "Third"] {
        // Whatever link there is dies before this is sent.
        proxy.reset();
        browser.say(text).await;
        browser.state(text, &["Sent", "Delivered", "Seen"], 60).await;
    }
    let lines = ledger::whole(&stack, 3, 60).await;
    assert_eq!(ledger::checked(&lines).len(), 1);
    cutter.abort();
    browser.quit().await;
}
