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

/// A browser with a profile of its own; the second value keeps the folder.
async fn chromium(storage: Storage) -> (Chromium, tempfile::TempDir) {
    let profile = tempfile::tempdir().expect("a folder for the profile");
    (Chromium::open(profile.path(), storage).await, profile)
}

/// In the tab that is in front: no other has the focus.
async fn say(tab: &Tab, text: &str) {
    tab.show().await;
    tab.say(text).await;
}

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

async fn press_launcher(tab: &Tab) {
    tab.page("document.querySelector('seawall-chat').shadowRoot.querySelector('button').click(), true").await;
}

/// Whoever leads, the other tab's session has stopped, and stays open.
#[tokio::test(flavor = "multi_thread")]
async fn forget_1_the_chat_begins_anew_in_the_tab_that_has_forgotten_while_another_one_stays_open() {
    for storage in Storage::BOTH {
        for leads in [0, 1] {
            let stack = Stack::start().await;
            let sockets = Sockets::count(stack.edge_port).await;
            let (browser, _profile) = chromium(storage).await;
            let tabs =
                [Tab::chat(&browser, sockets.port, "").await, Tab::chat(&browser, sockets.port, "").await];
            let (one, other) = (&tabs[leads], &tabs[1 - leads]);
            say(one, "To be forgotten").await;
            say(other, "And this").await;
            sockets.are(1).await;
            one.show().await;
            one.frame("window.before = true").await;
            one.page("Seawall('forget'); true").await;
            one.until_frame("!window.before && !!document.querySelector('textarea[aria-describedby]')").await;
            say(one, "Anew").await;
            // The other one is told to be loaded anew, and has its part in the new conversation then.
            other.until_frame("document.querySelector('.banner').innerText.length > 9").await;
            other.reload().await;
            other.until_page("!!document.querySelector('seawall-chat')").await;
            other.open_chat().await;
            say(other, "Here as well").await;
            sockets.are(1).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_that_runs_no_app_leaves_the_link_to_one_that_does() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let (browser, _profile) = chromium(Storage::Allowed).await;
    let form = chat_with(&browser, sockets.port, "delete window.WebAssembly").await;
    press_launcher(&form).await;
    form.until_frame("!!document.querySelector('.contact input')").await;
    sockets.are(0).await;
    let tab = Tab::chat(&browser, sockets.port, "").await;
    say(&tab, "From the app").await;
    let third = Tab::chat(&browser, sockets.port, "").await;
    say(&third, "From a third").await;
    sockets.are(1).await;
    ledger::whole(&stack, 2, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_whose_app_does_not_come_answers_nobody_once_its_first_link_is_gone() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let (browser, _profile) = chromium(Storage::Allowed).await;
    // Neither does the form.
    let first = chat_with(&browser, proxy.port, "").await;
    first.order("Network.setBlockedURLs", json!({ "urls": ["*/widget*", "*/form*"] })).await;
    press_launcher(&first).await;
    first.until_frame("!!document.querySelector('textarea')").await;
    let second = Tab::chat(&browser, proxy.port, "").await;
    say(&second, "Through the other one").await;
    proxy.reset();
    say(&second, "By myself").await;
    first.order("Network.setBlockedURLs", json!({ "urls": [] })).await;
    first.frame("Math.random = () => 0").await;
    first.until_frame("!!document.querySelector('textarea[aria-describedby]')").await;
    say(&first, "Here I am").await;
    say(&second, "Through it again").await;
    let lines = ledger::whole(&stack, 4, 30).await;
    assert_eq!(ledger::checked(&lines).len(), 1, "one conversation");
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_whose_app_has_broken_leaves_the_link_to_another() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let (browser, _profile) = chromium(Storage::Allowed).await;
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
    let tab = Tab::chat(&browser, sockets.port, "").await;
    say(&tab, "From a chat that works").await;
    sockets.are(1).await;
}
