//! Chatting where no WebSocket gets through.

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
