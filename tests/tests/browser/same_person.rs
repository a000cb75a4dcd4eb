//! An application that says on each of its pages who is there, which is mostly the same person.

use std::sync::OnceLock;

use fantoccini::elements::{Element, ElementRef};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look};
use tests::harness::cdp::Chromium;
use tests::harness::customer::{Page, website};
use tests::harness::ledger;
use tests::harness::owner::Owner;
use tests::harness::proxy::Proxy;
use tests::harness::sockets::Sockets;
use tests::harness::stack::Stack;
use tests::harness::tab::Tab;
use tests::harness::tokens::{now_s, of_the_shop_until};
use tests::harness::wait;

/// Another one each time, because another second is its last: counted from the first one on, so that what a test takes in
/// between does not make two of them the same.
fn token(n: u64) -> String {
    static FIRST_S: OnceLock<u64> = OnceLock::new();
    of_the_shop_until("a", "Vera Lund", FIRST_S.get_or_init(now_s) + 3 * 3_600 - n)
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_4_who_is_still_there_keeps_the_link_the_focus_and_the_chat_on_the_screen() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let owner = Owner::shop(sockets.port, "data-site=demo", "").await;
    owner.call(&format!("'identify', {{ token: '{}' }}", token(0))).await;
    owner.call("'open'").await;
    owner.says("On the first page").await;
    owner.browser.enter_chat().await;
    owner.browser.fill("Message", "A draft").await;
    owner.browser.leave_chat().await;
    owner.browser.script("heard.length = 0", vec![]).await;
    let panel =
        "return window.panel = document.querySelector('seawall-chat').shadowRoot.querySelector('div')";
    owner.browser.script(panel, vec![]).await;
    let seen = "window.covered = 0; new MutationObserver(() => covered ||= panel.inert).observe(panel, { attributes: true })";
    owner.browser.script(seen, vec![]).await;
    let last = token(3);
    let calls = [
        format!("'identify', {{ token: '{}' }}", token(1)),
        format!("'identify', async () => '{}'", token(2)),
        format!("'identify', () => new Promise((done) => setTimeout(done, 200, '{last}'))"),
    ];
    for (at, call) in calls.iter().enumerate() {
        owner.browser.enter_chat().await;
        let former = owner.browser.script("return window.visitor.token", vec![]).await;
        owner.browser.leave_chat().await;
        owner.call(call).await;
        if at == 0 {
            assert_eq!(owner.browser.script("return covered", vec![]).await, json!(0), "nothing is hidden");
        }
        owner.browser.enter_chat().await;
        wait::until_true("the chat has the new token", 30, || async {
            owner.browser.script("return window.visitor.token", vec![]).await != former
        })
        .await;
        let writes = "return [document.hasFocus(), document.activeElement.value]";
        assert_eq!(owner.browser.script(writes, vec![]).await, json!([true, "A draft"]), "{call}");
        owner.browser.leave_chat().await;
    }
    // What says nothing new asks nobody.
    let asked = "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/identity')).length";
    owner.call(&format!("'identify', {{ token: '{last}' }}")).await;
    owner.call("'send', 'On the last page'").await;
    owner.hears("sent", |_| true).await;
    owner.browser.enter_chat().await;
    assert_eq!(owner.browser.script(asked, vec![]).await, json!(4));
    owner.browser.leave_chat().await;
    assert_eq!(owner.heard("health").await, Vec::<Value>::new());
    assert_eq!(sockets.opened(), 1);
    owner.is_well().await;
}

/// While it is asked who is there, what the page sends waits; a second question in the meantime loses none of it.
#[tokio::test(flavor = "multi_thread")]
async fn identity_4_what_was_said_for_who_is_still_there_is_sent_however_often_the_page_asks() {
    let stack = Stack::start().await;
    let owner = Owner::shop(stack.edge_port, "data-site=demo", "").await;
    owner.call(&format!("'identify', {{ token: '{}' }}", token(0))).await;
    owner.call("'open'").await;
    owner.says("I am Vera").await;
    let ask = "'identify', () => new Promise((done) => (window.answers ??= []).push(done))";
    owner.call(ask).await;
    owner.call("'send', 'Said meanwhile'").await;
    owner.call(ask).await;
    owner.call(ask).await;
    owner.browser.script(&format!("answers.forEach((answer) => answer('{}'))", token(1)), vec![]).await;
    let lines = ledger::whole(&stack, 2, 30).await;
    assert_eq!(ledger::checked(&lines).len(), 1);
    assert_eq!(lines[1].text, "Said meanwhile");
    owner.is_well().await;
}

/// Sockets of the frame, with what they offered; and how often a session has wanted a link.
const SOCKETS: &str = "window.sockets = []; window.WebSocket = class extends WebSocket {\
    constructor(...of) { super(...of); this.offered = of[1]; sockets.push(this) } }";
const COUNT: &str =
    "window.links = 0; const take = takeLink; window.takeLink = (make) => (links++, take(make)); true";
/// Whether a link is wanted at once when the edge ends the one that there is.
const END: &str = "(() => { const before = links; sockets.at(-1).onclose(new CloseEvent('close', { code: 4441 }));\
    return links > before })()";

#[tokio::test(flavor = "multi_thread")]
async fn identity_3_a_link_that_ends_with_its_token_goes_on_at_once_where_there_is_a_newer_one() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let mut tabs = Vec::new();
    for at in 0..2 {
        let tab = Tab::open(&browser, "about:blank").await;
        tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": SOCKETS })).await;
        let tag = format!(
            r#"<script async src="http://localhost:{}/seawall.js" data-site=demo></script>"#,
            stack.edge_port
        );
        let shop = website(vec![Page::html("/", "", &tag)]).await;
        tab.go(&format!("http://127.0.0.1:{shop}/")).await;
        tab.until_launcher().await;
        tab.page(&format!("Seawall('identify', {{ token: '{}' }}), true", token(at))).await;
        tab.open_chat().await;
        tab.show().await;
        tab.say("Here I am").await;
        tab.frame(COUNT).await;
        tabs.push(tab);
    }
    let [first, second] = &tabs[..] else { unreachable!() };
    second.frame("window.ended = 0; addEventListener('4441', () => ended++), true").await;
    // Once there is a newer token, and once there is none.
    for newer in [true, false] {
        if newer {
            let former = first.frame("visitor.token").await.expect("a token");
            first.page(&format!("Seawall('identify', {{ token: '{}' }}), true", token(2))).await;
            first.until_frame(&format!("visitor.token !== {former}")).await;
        }
        assert_eq!(first.frame(END).await, Some(json!(newer)));
        if newer {
            let offered = "sockets.length === 2 && sockets[1].offered.includes('token.' + visitor.token)";
            assert_eq!(first.frame(offered).await, Some(json!(true)));
        }
        second.until_frame("ended > 0 && !(ended = 0)").await;
        first.show().await;
        first.say(if newer { "Still here" } else { "And again" }).await;
    }
    ledger::checked(&ledger::whole(&stack, 4, 30).await);
}

/// The chat's frame, which nobody can see.
async fn enter_covered(browser: &Browser) {
    let find = "return document.querySelector('seawall-chat').shadowRoot.querySelector('iframe')";
    let frame = browser.script(find, vec![]).await;
    let id = frame.as_object().and_then(|object| object.values().next()).and_then(Value::as_str);
    let id = ElementRef::from(id.expect("a frame").to_owned());
    Element::from_element_id(browser.client.clone(), id).enter_frame().await.expect("its document");
}

/// Where the app cannot run, the form has stopped as well.
#[tokio::test(flavor = "multi_thread")]
async fn identity_4_a_form_sends_nothing_while_it_is_not_clear_who_is_there() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::without_wasm("en-US,en", profile.path(), Look::WIDE).await;
    let owner = Owner::of(browser, profile, proxy.port, "data-site=demo", "").await;
    owner.call(&format!("'identify', {{ token: '{}' }}", token(0))).await;
    owner.call("'open'").await;
    owner.browser.enter_chat().await;
    owner.browser.fill("Your e-mail address", "vera@example.com").await;
    proxy.cut();
    owner.browser.say("This is Vera").await;
    owner.browser.state("This is Vera", &["Queued"], 30).await;
    let watch = "window.slept = false; document.addEventListener('freeze', () => window.slept = true);\
                 const fetched = fetch; window.fetch = (...of) => { window.asked = String(of[0]); return fetched(...of) }";
    owner.browser.script(watch, vec![]).await;
    owner.browser.leave_chat().await;
    owner.call("'identify', () => new Promise((done) => window.answer = done)").await;
    enter_covered(&owner.browser).await;
    wait::until_true("the chat sleeps", 30, || async {
        owner.browser.script("return slept", vec![]).await == json!(true)
    })
    .await;
    proxy.mend();
    // What makes it try at once.
    let tried = "window.asked = null; dispatchEvent(new Event('online')); return asked";
    assert_eq!(owner.browser.script(tried, vec![]).await, json!(null));
    owner.browser.leave_chat().await;
    owner.browser.script("answer(arguments[0])", vec![json!(token(1))]).await;
    let lines = ledger::whole(&stack, 1, 30).await;
    assert!(lines[0].text.starts_with("This is Vera"), "{lines:?}");
    owner.browser.quit().await;
}
