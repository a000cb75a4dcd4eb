//! The main stories in Firefox, whose frames from elsewhere have a storage per page's site, and whose cookies too.

use fantoccini::key::Key;
use serde_json::json;
use tempfile::TempDir;
use tests::harness::browser::Browser;
use tests::harness::customer::{Page, website};
use tests::harness::ledger;
use tests::harness::pair::Pair;
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;
use tests::harness::wait;

#[tokio::test(flavor = "multi_thread")]
async fn in_firefox_they_talk_on_while_the_origin_is_dead() {
    let stack = Stack::start().await;
    let pair = Pair::open_firefox().await;
    let (visitor, agent) = (&pair.visitor, &pair.agent);
    pair.begin(&stack).await;
    agent.fill("Message", "W").await;
    visitor.page_reads("is typing", 30).await;
    agent.say("We do, twice a week.").await;
    visitor.reads("We do, twice a week.", 30).await;

    stack.fault(json!({ "kind": "down" })).await;
    visitor.say("And to Sweden?").await;
    agent.reads("And to Sweden?", 30).await;
    agent.say("There as well.").await;
    visitor.reads("There as well.", 30).await;
    stack.wait_for_mode("holding", 30).await;

    // Both reload; the visitor is known by a cookie that only this frame on this page's site has.
    agent.client.refresh().await.expect("reloads");
    agent.find("[aria-label=Conversations]", "Conversations").await;
    let all = visitor.messages().await;
    visitor.leave_chat().await;
    visitor.client.refresh().await.expect("reloads");
    visitor.click("button", "Open chat").await;
    visitor.enter_chat().await;
    visitor.reads("There as well.", 30).await;
    assert_eq!(visitor.messages().await, all);
    // Escape closes, and the launcher has the focus.
    visitor.find("textarea", "Message").await.send_keys(&Key::Escape.to_string()).await.expect("a key");
    visitor.leave_chat().await;
    visitor.find("button", "Open chat").await;

    stack.mend().await;
    assert_eq!(ledger::texts(&stack, all.len(), 30).await, all);
    pair.agent.quit().await;
    pair.visitor.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_firefox_a_page_is_told_what_happens_and_what_was_queued_outlives_the_browser() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let head = "<script nonce=n>window.heard = []; window.Seawall = Object.assign((...call) => Seawall.q.push(call), { q: [] });\
                for (const event of ['ready', 'open', 'sent', 'delivered', 'health'])\
                Seawall('on', event, (detail) => heard.push(event + ' ' + JSON.stringify(detail)))</script>";
    let tag = format!(
        r#"<script async nonce=n src="http://localhost:{}/seawall.js" data-site=demo></script>"#,
        proxy.port
    );
    let port = website(vec![Page::html("/", head, &tag)]).await;
    let url = format!("http://127.0.0.1:{port}/");
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open_firefox(profile.path()).await;
    browser.go(&url).await;
    browser.find("button", "Open chat").await;
    browser.script("Seawall('open'); Seawall('send', 'Before the cut')", vec![]).await;
    let hears = async |what: &str| {
        wait::until_reads("what the page has heard", what, 30, || async {
            browser.script("return heard.join('\\n')", vec![]).await.as_str().unwrap_or_default().to_owned()
        })
        .await;
    };
    for what in ["ready", "open", "sent {\"seq\":1}", "delivered {\"seq\":1}", "\"truth\":\"away\""] {
        hears(what).await;
    }
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.enter_chat().await;
    proxy.cut();
    browser.say("Written without a network").await;
    browser.state("Written without a network", &["Queued"], 30).await;
    browser.quit().await;

    proxy.mend();
    let browser = Browser::open_firefox(profile.path()).await;
    browser.go(&url).await;
    assert_eq!(ledger::texts(&stack, 2, 60).await[1], "Written without a network");
    browser.quit().await;
}
