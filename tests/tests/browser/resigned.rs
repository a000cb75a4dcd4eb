//! The tab that holds the link for a browser's others can have none itself any more, or not yet: another one has it (LINK-5).

use serde_json::json;
use tests::harness::browser::Storage;
use tests::harness::cdp::Chromium;
use tests::harness::customer::{Page, website};
use tests::harness::ledger;
use tests::harness::proxy::Proxy;
use tests::harness::sockets::Sockets;
use tests::harness::stack::Stack;
use tests::harness::tab::Tab;

/// The chat in a tab to whose frame this is done before it begins.
async fn chat_with(browser: &Chromium, port: u16, before: &str) -> Tab {
    let tab = Tab::open(browser, "about:blank").await;
    tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": before })).await;
    let tag = format!(r#"<script async src="http://localhost:{port}/seawall.js" data-site=demo></script>"#);
    let shop = website(vec![Page::html("/", "", &tag)]).await;
    tab.go(&format!("http://127.0.0.1:{shop}/")).await;
    tab.until_page("!!document.querySelector('seawall-chat')").await;
    tab
}

/// Whoever leads, the other tab's session has stopped, and stays open.
#[tokio::test(flavor = "multi_thread")]
async fn forget_1_the_chat_begins_anew_in_the_tab_that_has_forgotten_while_another_one_stays_open() {
    for storage in Storage::BOTH {
        for leads in [0, 1] {
            let stack = Stack::start().await;
            let sockets = Sockets::count(stack.edge_port).await;
            let browser = Chromium::start_with(storage).await;
            let tabs =
                [Tab::chat(&browser, sockets.port, "").await, Tab::chat(&browser, sockets.port, "").await];
            let (one, other) = (&tabs[leads], &tabs[1 - leads]);
            one.say_in_front("To be forgotten").await;
            other.say_in_front("And this").await;
            sockets.are(1).await;
            one.show().await;
            one.frame("window.before = true").await;
            one.page("Seawall('forget'); true").await;
            one.until_frame("!window.before && !!document.querySelector('textarea[aria-describedby]')").await;
            one.say_in_front("Anew").await;
            // The other one is told to be loaded anew, and has its part in the new conversation then.
            other.until_frame("document.querySelector('.banner').innerText.length > 9").await;
            other.reload().await;
            other.until_page("!!document.querySelector('seawall-chat')").await;
            other.open_chat().await;
            other.say_in_front("Here as well").await;
            sockets.are(1).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_that_runs_no_app_leaves_the_link_to_one_that_does() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let browser = Chromium::start_with(Storage::Allowed).await;
    let form = chat_with(&browser, sockets.port, "delete window.WebAssembly").await;
    form.press_launcher().await;
    form.until_frame("!!document.querySelector('.contact input')").await;
    sockets.are(0).await;
    let tab = Tab::chat(&browser, sockets.port, "").await;
    tab.say_in_front("From the app").await;
    let third = Tab::chat(&browser, sockets.port, "").await;
    third.say_in_front("From a third").await;
    sockets.are(1).await;
    ledger::whole(&stack, 2, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_whose_app_does_not_come_answers_nobody_once_its_first_link_is_gone() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let browser = Chromium::start_with(Storage::Allowed).await;
    // Neither does the form.
    let first = chat_with(&browser, proxy.port, "").await;
    first.order("Network.setBlockedURLs", json!({ "urls": ["*/widget*", "*/form*"] })).await;
    first.press_launcher().await;
    first.until_frame("!!document.querySelector('textarea')").await;
    let second = Tab::chat(&browser, proxy.port, "").await;
    second.say_in_front("Through the other one").await;
    proxy.reset();
    second.say_in_front("By myself").await;
    first.order("Network.setBlockedURLs", json!({ "urls": [] })).await;
    first.frame("Math.random = () => 0").await;
    first.until_frame("!!document.querySelector('textarea[aria-describedby]')").await;
    first.say_in_front("Here I am").await;
    second.say_in_front("Through it again").await;
    let lines = ledger::whole(&stack, 4, 30).await;
    assert_eq!(ledger::checked(&lines).len(), 1, "one conversation");
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_whose_app_has_broken_leaves_the_link_to_another() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let browser = Chromium::start_with(Storage::Allowed).await;
    let broken = Tab::chat(&browser, sockets.port, "").await;
    for _ in 0..4 {
        broken.until_frame("!!document.querySelector('textarea[aria-describedby]')").await;
        broken
            .frame("window.before = 1; Node.prototype.insertBefore = Node.prototype.appendChild = () => { throw Error('broken by a test') }; true")
            .await;
        broken.page("Seawall('send', 'Again'); true").await;
        broken
            .until_frame("!window.before || document.body.innerText.includes('Something went wrong')")
            .await;
    }
    broken.until_frame("document.body.innerText.includes('Something went wrong')").await;
    sockets.are(0).await;
    let tab = Tab::chat(&browser, sockets.port, "").await;
    tab.say_in_front("From a chat that works").await;
    sockets.are(1).await;
}
