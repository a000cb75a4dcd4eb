//! A message written without a network outlives its tab.

use serde_json::json;
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::customer::{Page, website};
use tests::harness::ledger;
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;

const WAITING: [&str; 3] = ["Written without a network", "And a second one", "And a third"];

/// `later`: what the browser lets the frame keep when it is opened again.
async fn story(storage: Storage, later: Storage) {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), storage, Look::WIDE).await;
    browser.open_chat(proxy.port).await;
    browser.say("Before the cut").await;
    browser.state("Before the cut", &["Delivered", "Seen"], 30).await;

    proxy.cut();
    for text in WAITING {
        browser.say(text).await;
        browser.state(text, &["Queued"], 30).await;
    }
    browser.status_reads("Your messages are kept", 30).await;
    assert!(!browser.status_text().await.contains("leave this page open"), "they are kept");
    browser.quit().await;

    proxy.mend();
    let browser = Browser::open(profile.path(), later, Look::WIDE).await;
    // The page is opened, nothing is clicked: the chat sends by itself what waited.
    browser.go(&format!("http://127.0.0.1:{}/demo/", proxy.port)).await;
    let lines = ledger::whole(&stack, 4, 60).await;
    browser.click("button", "Open chat").await;
    browser.enter_chat().await;
    browser.state(WAITING[2], &["Delivered", "Seen"], 30).await;
    ledger::checked(&lines);
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["Before the cut", WAITING[0], WAITING[1], WAITING[2]]);
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_1_messages_queued_before_the_tab_was_closed_arrive_once_when_the_browser_is_opened_again() {
    story(Storage::Allowed, Storage::Allowed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_1_messages_queued_before_the_tab_was_closed_arrive_once_also_where_the_frame_is_denied_storage()
{
    story(Storage::Denied, Storage::Denied).await;
}

/// Somebody changes the browser's settings, or comes with a newer one.
#[tokio::test(flavor = "multi_thread")]
async fn keep_4_what_was_sealed_while_the_frame_was_denied_storage_is_sent_once_it_is_denied_that_no_longer()
{
    story(Storage::Denied, Storage::Allowed).await;
}

/// As docs/site-owner.md has it: the chat's host is a name of the customer's own, and no other site's frame.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_customers_own_subdomain_the_browser_denies_the_chat_nothing() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let tag = format!(
        r#"<script async nonce=n src="http://chat.shop.localhost:{}/seawall.js" data-site=demo></script>"#,
        proxy.port
    );
    let port = website(vec![Page::html("/", "", &tag)]).await;
    let url = format!("http://www.shop.localhost:{port}/");
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Denied, Look::WIDE).await;
    browser.go(&url).await;
    browser.click("button", "Open chat").await;
    browser.enter_chat().await;
    browser.say("Before the cut").await;
    browser.state("Before the cut", &["Delivered", "Seen"], 30).await;
    proxy.cut();
    browser.say(WAITING[0]).await;
    browser.state(WAITING[0], &["Queued"], 30).await;
    browser.leave_chat().await;
    let kept = browser.script("return Object.keys(localStorage).sort()", vec![]).await;
    assert_eq!(kept, json!(["seawall-demo", "seawall:demo"]), "nothing but the flags is on the page");
    browser.quit().await;

    proxy.mend();
    let browser = Browser::open(profile.path(), Storage::Denied, Look::WIDE).await;
    browser.go(&url).await;
    let lines = ledger::whole(&stack, 2, 60).await;
    ledger::checked(&lines);
    assert_eq!(lines[1].text, WAITING[0]);
    browser.quit().await;
}
