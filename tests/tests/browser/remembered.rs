//! A file that few chats need does not come at first. Browsers remember that an import has failed: it is tried under a new name.

use serde_json::json;
use tests::harness::browser::Storage;
use tests::harness::cdp::Chromium;
use tests::harness::customer::{Page, website};
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;
use tests::harness::tab::Tab;
use tests::harness::wait;

/// A shop in a tab that is refused this file, which it has asked for once `asked` holds.
async fn without(browser: &Chromium, port: u16, file: &str) -> Tab {
    let tab = Tab::open(browser, "about:blank").await;
    tab.order("Network.setBlockedURLs", json!({ "urls": [file] })).await;
    // No pause before another try, on either side.
    let hasty = "Math.random = ((random) => () => random() / 50)(Math.random)";
    tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": hasty })).await;
    let tag = format!(r#"<script async src="http://localhost:{port}/seawall.js" data-site=demo></script>"#);
    let shop = website(vec![Page::html("/", "", &tag)]).await;
    tab.go(&format!("http://127.0.0.1:{shop}/")).await;
    tab.until_page("!!document.querySelector('seawall-chat')").await;
    tab.open_chat().await;
    tab
}

const TRIED: &str = "performance.getEntriesByType('resource').some(({ name }) => name.includes";

async fn tried(tab: &Tab, file: &str, page: bool) {
    let condition = format!("{TRIED}('{file}'))");
    if page { tab.until_page(&condition).await } else { tab.until_frame(&condition).await }
}

async fn allow(tab: &Tab) {
    tab.order("Network.setBlockedURLs", json!({ "urls": [] })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_that_could_not_fetch_what_tabs_share_with_follows_when_it_can() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let first = Tab::chat(&browser, stack.edge_port, "").await;
    first.say("Good morning").await;
    let second = without(&browser, stack.edge_port, "*/tabs-*").await;
    tried(&second, "/tabs-", false).await;
    allow(&second).await;
    second.show().await;
    second.say("Here I am").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_2_polling_begins_also_where_what_it_takes_has_failed_to_come_once() {
    let stack = Stack::start().await;
    let proxy = Proxy::without_websockets(stack.edge_port).await;
    let browser = Chromium::start().await;
    let tab = without(&browser, proxy.port, "*/poll-*").await;
    tried(&tab, "/poll-", false).await;
    allow(&tab).await;
    tab.say("Through the wall").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_3_what_could_not_be_sealed_for_want_of_a_file_is_kept_with_the_next_message() {
    for (file, page) in [("/sealed-", false), ("/keep-", true)] {
        let stack = Stack::start().await;
        stack.fault(json!({ "kind": "down" })).await;
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let browser = Chromium::open(profile.path(), Storage::Denied).await;
        let tab = without(&browser, stack.edge_port, &format!("*{file}*")).await;
        tab.say("First").await;
        tried(&tab, file, page).await;
        allow(&tab).await;
        tab.say("Second").await;
        let kept = "Object.keys(localStorage).filter((name) => name.startsWith('seawall-demo:')).length";
        wait::until_ok(&format!("both are kept, without {file} at first"), 30, || async {
            let count = tab.page(kept).await;
            if count == Some(json!(2)) { Ok(()) } else { Err(format!("; {count:?} are")) }
        })
        .await;
    }
}
