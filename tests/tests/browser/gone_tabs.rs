//! Tabs that come and go while another one holds the link (LINK-5), and what they have left when a conversation is forgotten.

use serde_json::{Value, json};
use tests::harness::cdp::Chromium;
use tests::harness::chat::Chat;
use tests::harness::ledger;
use tests::harness::sockets::Sockets;
use tests::harness::stack::Stack;
use tests::harness::tab::Tab;

/// To whom a leader has told something since.
const NAMES: &str = "window.names = new Set(); window.post ??= BroadcastChannel.prototype.postMessage;\
    BroadcastChannel.prototype.postMessage = function (said) { said.to?.forEach((name) => names.add(name)); post.call(this, said) }; true";

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_leader_forgets_the_tabs_that_have_gone_after_many_page_views() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let browser = Chromium::start().await;
    let first = Tab::chat(&browser, sockets.port, "").await;
    first.say_in_front("I stay").await;
    let second = Tab::chat(&browser, sockets.port, "").await;
    for view in 0..6 {
        second.say_in_front(&format!("View {view}")).await;
        second.reload().await;
        second.until_page("!!document.querySelector('seawall-chat')").await;
        second.until_frame("document.querySelector('[role=log]')?.innerText.includes('View')").await;
        second.open_chat().await;
    }
    second.say_in_front("The last one").await;
    first.frame(NAMES).await;
    first.say_in_front("To whoever is there").await;
    assert_eq!(first.frame("names.size").await, Some(json!(1)), "{:?}", first.frame("[...names]").await);
    sockets.are(1).await;
    assert_eq!(sockets.opened(), 1);
}

/// A browser says `pagehide` of a page for its cache, and `freeze` after that; and the other way round when it is shown again.
#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_that_leaves_twice_throws_nothing_and_talks_on_a_fresh_link_when_it_is_back() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let browser = Chromium::start().await;
    let tabs = [Tab::chat(&browser, sockets.port, "").await, Tab::chat(&browser, sockets.port, "").await];
    tabs[0].say_in_front("First").await;
    for tab in [&tabs[1], &tabs[0]] {
        tab.show().await;
        tab.frame("window.wrong = []; addEventListener('error', ({ message }) => wrong.push(message)); true")
            .await;
        let leave = "dispatchEvent(new Event('pagehide')), document.dispatchEvent(new Event('freeze')), true";
        tab.frame(leave).await;
        assert_eq!(tab.frame("wrong").await, Some(json!([])));
        // What it had before is no link any more, and nothing goes there.
        let come = "document.dispatchEvent(new Event('resume')), dispatchEvent(new Event('pageshow')), true";
        tab.frame(come).await;
        tab.say_in_front("Back").await;
        assert_eq!(tab.frame("wrong").await, Some(json!([])));
        sockets.are(1).await;
    }
    let told: Option<Value> = tabs[1].frame(NAMES).await;
    assert_eq!(told, Some(json!(true)));
    tabs[1].say_in_front("To the other one").await;
    assert_eq!(tabs[1].frame("names.size").await, Some(json!(1)), "the one that came back has one name");
}

const WAITS: &str = "(async () => { const name = (await indexedDB.databases()).find(({ name }) => name == 'seawall-demo'); if (!name) return 0;\
    const database = await new Promise((done) => (indexedDB.open('seawall-demo').onsuccess = ({ target }) => done(target.result)));\
    const asked = database.transaction('outbox').objectStore('outbox').count();\
    return new Promise((done) => (asked.onsuccess = () => { database.close(); done(asked.result) })) })()";

#[tokio::test(flavor = "multi_thread")]
async fn forget_1_what_another_tab_has_written_is_forgotten_too() {
    let chat = Chat::open("").await;
    let first = &chat.tab;
    let second = chat.in_another_tab().await;
    // What the origin does not have is kept in the browser.
    chat.stack.fault(json!({ "kind": "down" })).await;
    first.say_in_front("Mine").await;
    second.say_in_front("My secret").await;
    second.frame("document.cookie = 'seawall-demo:1.1={}; Path=/frame/demo; Secure; SameSite=None; Partitioned', true").await;
    first.until_frame(&format!("{WAITS}.then((count) => count == 2)")).await;
    first.show().await;
    first.frame("window.before = true").await;
    first.page("Seawall('forget'); true").await;
    first.until_frame("!window.before && !!document.querySelector('textarea[aria-describedby]')").await;
    assert_eq!(first.frame(WAITS).await, Some(json!(0)), "nothing waits in the browser");
    assert_eq!(first.frame("document.cookie.includes('seawall-demo:')").await, Some(json!(false)));
    chat.stack.mend().await;
    first.say_in_front("Anew").await;
    let lines = ledger::whole(&chat.stack, 1, 30).await;
    assert_eq!(lines[0].text, "Anew");
    let log = first.frame("document.querySelector('[role=log]').innerText.includes('My secret')").await;
    assert_eq!(log, Some(json!(false)));
}
