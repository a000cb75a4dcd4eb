//! A frame that is denied storage: its outbox waits on the customer's page, which can neither read nor forge it.

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::customer::{Page, website};
use tests::harness::ledger;
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;
use tests::harness::wait;

const WORDS: &str = "My lantern is broken";
const FORGET_KEY: &str = "document.cookie = `seawall_key=; Path=${location.pathname}; Max-Age=0; Secure; SameSite=None; Partitioned`";

fn tag(port: u16, site: &str) -> String {
    format!(r#"<script async nonce=n src="http://localhost:{port}/seawall.js" data-site={site}></script>"#)
}

async fn open(profile: &TempDir) -> Browser {
    Browser::open(profile.path(), Storage::Denied, Look::WIDE).await
}

async fn open_chat(browser: &Browser, url: &str) {
    browser.go(url).await;
    browser.click("button", "Open chat").await;
    browser.enter_chat().await;
}

/// What the chat has put into the page's storage, by name.
async fn kept(browser: &Browser) -> Vec<(String, String)> {
    let script = "return Object.entries(localStorage).filter(([name]) => name.startsWith('seawall-demo:'))";
    serde_json::from_value(browser.script(script, vec![]).await).expect("texts by name")
}

/// One message has been delivered, and the next one waits on the page, without a network.
async fn let_one_wait(browser: &Browser, proxy: &Proxy) {
    browser.say("Before the cut").await;
    browser.state("Before the cut", &["Delivered", "Seen"], 30).await;
    proxy.cut();
    browser.say(WORDS).await;
    browser.state(WORDS, &["Queued"], 30).await;
    browser.leave_chat().await;
    wait::until_true("it waits on the page", 30, || async { kept(browser).await.len() == 1 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_4_what_waits_on_the_page_outside_can_neither_be_read_nor_forged_there() {
    let stack = Stack::start().await;
    stack.site("other", json!({})).await;
    let proxy = Proxy::start(stack.edge_port).await;
    let pages = ["demo", "other"].map(|site| Page::html(&format!("/{site}"), "", &tag(proxy.port, site)));
    let port = website(pages.into()).await;
    let url = format!("http://127.0.0.1:{port}/demo");
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = open(&profile).await;
    open_chat(&browser, &url).await;
    let_one_wait(&browser, &proxy).await;
    let all = "return JSON.stringify(localStorage) + document.cookie + \
               Object.values(localStorage).map((text) => { try { return atob(text) } catch { return '' } })";
    let all = browser.script(all, vec![]).await.to_string();
    for secret in ["lantern", "broken", "seawall_key", "writer"] {
        assert!(!all.contains(secret), "{secret} can be read in {all}");
    }

    let (name, text) = kept(&browser).await.remove(0);
    let flipped = format!("{}{}", &text[..text.len() - 6], "AAAAAA");
    let plain = json!({ "id": "forged.1", "writer": "forged", "n": 1, "text": "Forged", "at_ms": 1 });
    let forged: Vec<(String, String)> = vec![
        (name.replace(".", ".7"), text.clone()),
        ("seawall-demo:copied.1".to_owned(), text.clone()),
        (name.replace("demo", "other"), text.clone()),
        ("seawall-demo:flipped.1".to_owned(), flipped),
        ("seawall-demo:forged.1".to_owned(), plain.to_string()),
        ("seawall-demo:empty.1".to_owned(), String::new()),
    ];
    browser
        .script("for (const [name, text] of arguments[0]) localStorage[name] = text", vec![json!(forged)])
        .await;
    browser.quit().await;

    proxy.mend();
    let browser = open(&profile).await;
    open_chat(&browser, &url).await;
    browser.state(WORDS, &["Delivered", "Seen"], 60).await;
    browser.say("After it").await;
    assert_eq!(ledger::texts(&stack, 3, 60).await, ["Before the cut", WORDS, "After it"]);
    browser.leave_chat().await;
    // What is damaged is left alone, what was delivered is gone.
    wait::until_true("what was delivered is erased", 30, || async { kept(&browser).await.len() == 5 }).await;
    assert!(kept(&browser).await.iter().all(|(found, _)| *found != name));
    assert_eq!(browser.complaints().await, Vec::<String>::new());

    open_chat(&browser, &format!("http://127.0.0.1:{port}/other")).await;
    browser.say("To the other site").await;
    browser.state("To the other site", &["Sent", "Delivered"], 30).await;
    assert_eq!(browser.messages().await, ["To the other site"]);
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_4_where_the_key_is_lost_what_was_sealed_with_it_is_dropped_and_everything_works_anew() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let port = website(vec![Page::html("/", "", &tag(proxy.port, "demo"))]).await;
    let url = format!("http://127.0.0.1:{port}/");
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = open(&profile).await;
    open_chat(&browser, &url).await;
    let_one_wait(&browser, &proxy).await;
    browser.enter_chat().await;
    browser.script(FORGET_KEY, vec![]).await;
    browser.go("about:blank").await;
    proxy.mend();
    open_chat(&browser, &url).await;
    browser.reads("Before the cut", 30).await;
    browser.say("Anew").await;
    browser.state("Anew", &["Delivered", "Seen"], 30).await;
    assert_eq!(ledger::texts(&stack, 2, 60).await, ["Before the cut", "Anew"]);
    browser.leave_chat().await;
    wait::until_true("nothing is left", 30, || async { kept(&browser).await.is_empty() }).await;
    proxy.cut();
    browser.enter_chat().await;
    browser.say("Waits").await;
    browser.leave_chat().await;
    wait::until_true("it is kept with a new key", 30, || async { kept(&browser).await.len() == 1 }).await;
    browser.quit().await;
    proxy.mend();
    let browser = open(&profile).await;
    browser.go(&url).await;
    assert_eq!(ledger::texts(&stack, 3, 60).await, ["Before the cut", "Anew", "Waits"]);
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_3_where_the_page_can_keep_nothing_either_a_plain_sentence_says_what_no_cookie_holds_and_history_survives()
 {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let full = "try { for (let size = 1 << 22; size; ) try { localStorage['shop' + Math.random()] = 'x'.repeat(size) }\
                catch { size >>= 1 } } catch {}";
    let denied = "Object.defineProperty(window, 'localStorage', { get() { throw Error('denied') } })";
    let page =
        |path, code| Page::html(path, &format!("<script nonce=n>{code}</script>"), &tag(proxy.port, "demo"));
    let port = website(vec![page("/full", full), page("/denied", denied)]).await;
    for (path, before) in [("full", 0), ("denied", 1)] {
        let url = format!("http://127.0.0.1:{port}/{path}");
        let profile = TempDir::new().expect("a folder for the profile");
        let browser = open(&profile).await;
        open_chat(&browser, &url).await;
        browser.say(path).await;
        browser.state(path, &["Delivered", "Seen"], 30).await;
        proxy.cut();
        browser.say(WORDS).await;
        browser.state(WORDS, &["Queued"], 30).await;
        browser.status_reads("Your messages are kept", 30).await;
        assert!(!browser.status_text().await.contains("leave this page open"), "a cookie holds it: {path}");
        browser.leave_chat().await;
        browser.script("Seawall('send', 'Long '.repeat(700))", vec![]).await;
        browser.enter_chat().await;
        browser.state("Long", &["Queued"], 30).await;
        browser.status_reads("leave this page open until then: your browser does not let us", 30).await;
        browser.leave_chat().await;
        assert_eq!(browser.complaints().await, Vec::<String>::new(), "{path}");
        browser.quit().await;

        proxy.mend();
        let browser = open(&profile).await;
        open_chat(&browser, &url).await;
        browser.reads(path, 30).await;
        browser.state(WORDS, &["Delivered", "Seen"], 30).await;
        assert_eq!(browser.messages().await, [path, WORDS]);
        assert_eq!(ledger::read(&stack).await.len(), 2 * (before + 1));
        let cookie = "return document.cookie.includes('seawall-demo:')";
        wait::until_true("the cookie goes", 30, || async {
            browser.script(cookie, vec![]).await == json!(false)
        })
        .await;
        browser.quit().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forgetting_erases_what_waits_on_the_page_and_its_key() {
    let stack = Stack::start().await;
    let port = website(vec![Page::html("/", "", &tag(stack.edge_port, "demo"))]).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = open(&profile).await;
    open_chat(&browser, &format!("http://127.0.0.1:{port}/")).await;
    // What the origin does not have is kept.
    stack.fault(json!({ "kind": "down" })).await;
    browser.say(WORDS).await;
    browser.state(WORDS, &["Sent", "Delivered", "Seen"], 30).await;
    let key = "return document.cookie.includes('seawall_key')";
    assert_eq!(browser.script(key, vec![]).await, json!(true));
    browser.leave_chat().await;
    assert_eq!(kept(&browser).await.len(), 1);
    browser.script("Seawall('forget')", vec![]).await;
    // But that the fresh chat may have a cookie.
    let traces = "return Object.keys(localStorage).filter((name) => name.startsWith('seawall-'))";
    wait::until_true("no trace is left", 30, || async {
        browser.script(traces, vec![]).await == Value::Array(vec![])
    })
    .await;
    browser.enter_chat().await;
    wait::until_true("a fresh chat", 30, || async { browser.messages().await.is_empty() }).await;
    assert_eq!(browser.script(key, vec![]).await, json!(false));
    browser.quit().await;
}
