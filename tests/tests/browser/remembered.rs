//! A file that few chats need comes broken at first. A browser remembers that it could not run it: it is fetched under a new name.

use serde_json::json;
use tests::harness::browser::Storage;
use tests::harness::cdp::Chromium;
use tests::harness::customer::{Page, website};
use tests::harness::proxy::{Proxy, Weather};
use tests::harness::stack::Stack;
use tests::harness::tab::Tab;
use tests::harness::wait;

/// A chat that makes no pause before another try.
async fn hasty(browser: &Chromium, port: u16) -> Tab {
    let tab = Tab::open(browser, "about:blank").await;
    let hasty = "Math.random = ((random) => () => random() / 50)(Math.random)";
    tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": hasty })).await;
    let tag = format!(r#"<script async src="http://localhost:{port}/seawall.js" data-site=demo></script>"#);
    let shop = website(vec![Page::html("/", "", &tag)]).await;
    tab.go(&format!("http://127.0.0.1:{shop}/")).await;
    tab.until_launcher().await;
    tab.open_chat().await;
    tab
}

/// Until the page or its frame has got the file.
async fn has_come(tab: &Tab, file: &str, page: bool) {
    let come =
        format!("performance.getEntriesByType('resource').some(({{ name }}) => name.includes('{file}'))");
    if page { tab.until_page(&come).await } else { tab.until_frame(&come).await }
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_to_which_what_tabs_share_with_came_broken_follows_when_it_can() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let browser = Chromium::start().await;
    let first = Tab::chat(&browser, proxy.port, "").await;
    first.say("Good morning").await;
    proxy.weather(Weather::Garbling(" as follow"));
    let second = hasty(&browser, proxy.port).await;
    has_come(&second, "/tabs-", false).await;
    proxy.mend();
    second.say_in_front("Here I am").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_2_polling_begins_also_where_what_it_takes_came_broken_once() {
    let stack = Stack::start().await;
    let proxy = Proxy::without_websockets(stack.edge_port).await;
    let browser = Chromium::start().await;
    proxy.weather(Weather::Garbling(" as poll}"));
    let tab = hasty(&browser, proxy.port).await;
    has_come(&tab, "/poll-", false).await;
    proxy.mend();
    tab.say("Through the wall").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_3_what_could_not_be_sealed_because_a_file_came_broken_is_kept_with_the_next_message() {
    for (file, text, page) in [("/sealed-", " as seal}", false), ("/keep-", " as keep}", true)] {
        let stack = Stack::start().await;
        stack.fault(json!({ "kind": "down" })).await;
        let proxy = Proxy::start(stack.edge_port).await;
        let browser = Chromium::start_with(Storage::Denied).await;
        proxy.weather(Weather::Garbling(text));
        let tab = hasty(&browser, proxy.port).await;
        tab.say("First").await;
        has_come(&tab, file, page).await;
        proxy.mend();
        tab.say("Second").await;
        let kept = "Object.keys(localStorage).filter((name) => name.startsWith('seawall-demo:')).length";
        wait::until_ok(&format!("both are kept, with {file} broken at first"), 30, || async {
            let count = tab.page(kept).await;
            if count == Some(json!(2)) { Ok(()) } else { Err(format!("; {count:?} are")) }
        })
        .await;
    }
}
