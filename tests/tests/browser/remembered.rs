//! A file that few chats need comes broken at first. A browser remembers that it could not run it: it is fetched under a new name.

use serde_json::json;
use tests::harness::browser::Storage;
use tests::harness::cdp::Chromium;
use tests::harness::customer::{Page, website};
use tests::harness::proxy::{Proxy, Weather};
use tests::harness::stack::Stack;
use tests::harness::tab::Tab;
use tests::harness::tokens::of_the_shop;
use tests::harness::wait;

/// A chat that makes no pause before another try.
async fn hasty(browser: &Chromium, port: u16) -> Tab {
    let tab = refused(browser, port, "", &[]).await;
    tab.open_chat().await;
    tab
}

/// The same with a launcher that nobody has touched, where these files are not to be had.
async fn refused(browser: &Chromium, port: u16, settings: &str, files: &[&str]) -> Tab {
    let tab = Tab::open(browser, "about:blank").await;
    tab.order("Network.setBlockedURLs", json!({ "urls": files })).await;
    let hasty = "Math.random = ((random) => () => random() / 50)(Math.random)";
    tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": hasty })).await;
    let tag = format!(
        r#"<script async src="http://localhost:{port}/seawall.js" data-site=demo {settings}></script>"#
    );
    let shop = website(vec![Page::html("/", "", &tag)]).await;
    tab.go(&format!("http://127.0.0.1:{shop}/")).await;
    tab.until_launcher().await;
    tab
}

async fn allow(tab: &Tab) {
    tab.order("Network.setBlockedURLs", json!({ "urls": [] })).await;
}

/// Until the page or its frame has got the file.
async fn has_come(tab: &Tab, file: &str, page: bool) {
    let come =
        format!("performance.getEntriesByType('resource').some(({{ name }}) => name.includes('{file}'))");
    if page { tab.until_page(&come).await } else { tab.until_frame(&come).await }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launcher_gets_its_label_also_where_the_file_that_draws_it_came_broken() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let browser = Chromium::start().await;
    proxy.weather(Weather::Garbling(" as dress"));
    let tab = refused(&browser, proxy.port, "data-label=Ask", &[]).await;
    // Not all of its tries are over before the line is mended.
    tab.page("Math.random = () => 0.1").await;
    has_come(&tab, "/apart-", true).await;
    proxy.mend();
    tab.until_page(
        "document.querySelector('seawall-chat').shadowRoot.querySelector('button').textContent == 'Ask'",
    )
    .await;
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

/// Nothing can be kept before it is clear whose it is, and what would say so has not come.
#[tokio::test(flavor = "multi_thread")]
async fn keep_3_what_is_written_is_said_to_be_at_risk_also_where_the_file_that_knows_visitors_does_not_come()
{
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let tab = refused(&browser, stack.edge_port, "", &["*/visitor-*"]).await;
    let token = of_the_shop("a", "Vera Lund", 3_600);
    tab.page(&format!("Seawall('identify', {{ token: '{token}' }}), Seawall('open'), true")).await;
    let says = |sentence: &str| {
        format!("!!document.querySelector('[role=status]')?.innerText.includes('{sentence}')")
    };
    tab.until_frame(&says("The chat is still loading.")).await;
    tab.until_frame(&says("Please leave this page open until then: we do not know yet who you are.")).await;
    allow(&tab).await;
    tab.until_app().await;
    tab.say("Here I am").await;
    assert_eq!(tab.frame(&says("we do not know yet")).await, Some(json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_4_the_file_that_keeps_texts_on_the_page_is_tried_a_few_times_for_each_that_asks() {
    let stack = Stack::start().await;
    let browser = Chromium::start_with(Storage::Denied).await;
    let tab = refused(&browser, stack.edge_port, "", &["*/keep-*"]).await;
    tab.open_chat().await;
    let tries = "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('/keep-'))";
    tab.until_page(&format!("{tries}.length >= 5")).await;
    // No pause is longer here than 0.6 s.
    tab.page("window.since = performance.now()").await;
    tab.until_page("performance.now() > since + 1500").await;
    let names: Vec<String> = serde_json::from_value(tab.page(tries).await.expect("there")).expect("names");
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(names.iter().enumerate().all(|(at, name)| name.ends_with(&format!("?{at}"))), "{names:?}");
    allow(&tab).await;
    tab.say("Kept after all").await;
}
