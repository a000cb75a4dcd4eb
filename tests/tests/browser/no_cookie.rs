//! A browser that keeps nothing at all, not even a cookie: the document knows whose conversation it is, as long as it is there.

use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::ledger;
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;

/// Each new link once began another conversation: the visitor's words went there again, and answers to the former one.
async fn stays_in_its_conversation(stack: &Stack, proxy: &Proxy) {
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Blocked, Look::WIDE).await;
    browser.open_chat(proxy.port).await;
    for text in ["First", "Second", "Third"] {
        browser.say(text).await;
        browser.state(text, &["Delivered", "Seen"], 60).await;
        proxy.reset();
    }
    assert_eq!(browser.messages().await, ["First", "Second", "Third"]);
    let lines = ledger::whole(stack, 3, 60).await;
    assert_eq!(ledger::checked(&lines).len(), 1, "{lines:?}");
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn token_1_where_no_cookie_is_kept_the_next_link_goes_on_with_the_conversation() {
    let stack = Stack::start().await;
    stays_in_its_conversation(&stack, &Proxy::start(stack.edge_port).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn token_1_where_no_cookie_is_kept_and_no_websocket_gets_through_either() {
    let stack = Stack::start().await;
    stays_in_its_conversation(&stack, &Proxy::without_websockets(stack.edge_port).await).await;
}
