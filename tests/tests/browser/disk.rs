//! IndexedDB that is full, hangs, or is deleted under us: everything works, and a plain sentence says what may be lost.

use serde_json::json;
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::ledger;
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;
use tests::harness::wait;

const AT_RISK: &str = "leave this page open until then: your browser does not let us";

/// A disk without room: a transaction that writes is aborted.
const FULL: &str = "IDBObjectStore.prototype.put = function () { this.transaction.abort() }";
/// A disk that never answers.
const HANGS: &str =
    "IDBDatabase.prototype.transaction = () => ({ objectStore: () => ({ put() {}, delete() {} }) })";

async fn chat(profile: &TempDir, port: u16) -> Browser {
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.open_chat(port).await;
    browser
}

async fn works(browser: &Browser, text: &str) {
    browser.say(text).await;
    browser.state(text, &["Delivered", "Seen"], 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_3_where_the_disk_is_full_or_hangs_everything_works_and_a_sentence_says_what_may_be_lost() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    for (name, script) in [("full", FULL), ("hangs", HANGS)] {
        let profile = TempDir::new().expect("a folder for the profile");
        let browser = chat(&profile, proxy.port).await;
        works(&browser, "Before").await;
        browser.script(script, vec![]).await;
        works(&browser, name).await;
        assert!(!browser.status_text().await.contains(AT_RISK), "{name}: nothing waits");
        proxy.cut();
        browser.say("Waits").await;
        browser.status_reads(AT_RISK, 30).await;
        proxy.mend();
        browser.state("Waits", &["Delivered", "Seen"], 60).await;
        wait::until_true("the sentence goes", 30, || async {
            !browser.status_text().await.contains(AT_RISK)
        })
        .await;
        browser.quit().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_3_what_did_not_fit_on_the_disk_is_kept_with_the_next_message_that_does() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let script = "const put = IDBObjectStore.prototype.put;\
                  IDBObjectStore.prototype.put = function (...what) { window.full ? this.transaction.abort() : put.apply(this, what) }";
    let browser = chat(&profile, proxy.port).await;
    works(&browser, "Before").await;
    browser.script(script, vec![]).await;
    proxy.cut();
    browser.script("window.full = true", vec![]).await;
    browser.say("Did not fit").await;
    browser.status_reads(AT_RISK, 30).await;
    browser.script("window.full = false", vec![]).await;
    browser.say("Fits").await;
    wait::until_true("nothing is at risk", 30, || async { !browser.status_text().await.contains(AT_RISK) })
        .await;
    arrives_later(&stack, &proxy, &profile, browser, &["Before", "Did not fit", "Fits"]).await;
}

/// Somebody clears the site's data, or the browser needs the room, while messages wait in an open page.
#[tokio::test(flavor = "multi_thread")]
async fn keep_1_a_database_deleted_under_an_open_page_hinders_nobody_and_gets_what_waits_anew() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = chat(&profile, proxy.port).await;
    works(&browser, "Before").await;
    proxy.cut();
    browser.say("Waits").await;
    browser.state("Waits", &["Queued"], 30).await;
    let delete = "const done = arguments[0]; const asked = indexedDB.deleteDatabase('seawall-demo');\
                  asked.onsuccess = () => done('deleted'); asked.onblocked = () => done('blocked')";
    let deleted = browser.client.execute_async(delete, vec![]).await.expect("an answer");
    assert_eq!(deleted, json!("deleted"));
    let count = "const done = arguments[0]; const asked = indexedDB.open('seawall-demo');\
                 asked.onsuccess = () => { const all = asked.result.transaction('outbox').objectStore('outbox').count();\
                 all.onsuccess = () => { asked.result.close(); done(all.result) } }";
    wait::until_true("it is there again", 30, || async {
        browser.client.execute_async(count, vec![]).await.is_ok_and(|count| count == json!(1))
    })
    .await;
    arrives_later(&stack, &proxy, &profile, browser, &["Before", "Waits"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_4_where_a_newer_chat_has_changed_the_database_the_page_outside_keeps_what_waits() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = chat(&profile, proxy.port).await;
    works(&browser, "Before").await;
    let newer = "const done = arguments[0]; const asked = indexedDB.open('seawall-demo', 7);\
                 asked.onsuccess = () => done('changed'); asked.onblocked = () => done('blocked')";
    let changed = browser.client.execute_async(newer, vec![]).await.expect("an answer");
    assert_eq!(changed, json!("changed"));
    works(&browser, "With the newer one").await;
    browser.quit().await;

    let browser = chat(&profile, proxy.port).await;
    works(&browser, "With the older one").await;
    proxy.cut();
    browser.say("Waits").await;
    browser.state("Waits", &["Queued"], 30).await;
    browser.status_reads("Your messages are kept", 30).await;
    assert!(!browser.status_text().await.contains(AT_RISK));
    let texts = ["Before", "With the newer one", "With the older one", "Waits"];
    arrives_later(&stack, &proxy, &profile, browser, &texts).await;
}

/// The browser ends, the network comes back, and the next page sends what waited.
async fn arrives_later(stack: &Stack, proxy: &Proxy, profile: &TempDir, browser: Browser, texts: &[&str]) {
    browser.quit().await;
    proxy.mend();
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.go(&format!("http://127.0.0.1:{}/demo/", proxy.port)).await;
    let lines = ledger::whole(stack, texts.len(), 60).await;
    ledger::checked(&lines);
    assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), texts);
    browser.quit().await;
}
