//! A message written without a network outlives its tab.

use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::ledger;
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;

#[tokio::test(flavor = "multi_thread")]
async fn keep_1_a_message_queued_before_the_tab_was_closed_arrives_once_when_the_browser_is_opened_again() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.open_chat(proxy.port).await;
    browser.say("Before the cut").await;
    browser.state("Before the cut", &["Delivered", "Seen"], 30).await;

    proxy.cut();
    browser.say("Written without a network").await;
    browser.state("Written without a network", &["Queued"], 30).await;
    browser.quit().await;

    proxy.mend();
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    // The page is opened, nothing is clicked: the chat sends by itself what waited.
    browser.go(&format!("http://127.0.0.1:{}/demo/", proxy.port)).await;
    let lines = ledger::whole(&stack, 2, 60).await;
    browser.click("button", "Open chat").await;
    browser.enter_chat().await;
    browser.state("Written without a network", &["Delivered", "Seen"], 30).await;
    ledger::checked(&lines);
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["Before the cut", "Written without a network"]);
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_3_where_nothing_can_be_kept_a_plain_sentence_says_so_and_history_survives() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Denied, Look::WIDE).await;
    browser.open_chat(proxy.port).await;
    browser.say("Before the cut").await;
    browser.state("Before the cut", &["Delivered", "Seen"], 30).await;
    proxy.cut();
    browser.say("Written without a network").await;
    browser.state("Written without a network", &["Queued"], 30).await;
    browser.status_reads("leave this page open", 30).await;
    browser.quit().await;

    proxy.mend();
    let browser = Browser::open(profile.path(), Storage::Denied, Look::WIDE).await;
    browser.open_chat(proxy.port).await;
    browser.reads("Before the cut", 30).await;
    assert_eq!(browser.messages().await, ["Before the cut"]);
    browser.quit().await;
}
