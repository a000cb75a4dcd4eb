//! The status page, as somebody sees it who is no engineer.

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::harness::axe;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::person::Person;
use tests::harness::stack::Stack;

const DARK_PHONE: Look = Look { width: 390, height: 800, dark: true };

async fn sideways(browser: &Browser) -> Value {
    let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    browser.script(script, vec![]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_says_what_is_true_without_being_reloaded() {
    let mut stack = Stack::start().await;
    let visitor = Person::visitor(stack.edge_port);
    visitor.live().await;
    let profiles = [TempDir::new().expect("a folder"), TempDir::new().expect("a folder")];
    let wide = Browser::open(profiles[0].path(), Storage::Allowed, Look::WIDE).await;
    let phone = Browser::open(profiles[1].path(), Storage::Allowed, DARK_PHONE).await;
    let both = [&wide, &phone];
    for browser in both {
        // Without the slash, as people type it.
        browser.go(&format!("{}/status", stack.edge_url("127.0.0.1"))).await;
        browser.status_reads("Chat works.", 30).await;
        browser.page_reads("Log in and answer as usual.", 10).await;
        assert_eq!(axe::violations(browser).await, [""; 0], "normal");
    }

    stack.fault(json!({ "kind": "down" })).await;
    visitor.write("Is anybody there?");
    for browser in both {
        browser.status_reads("Chat stays open; messages wait", 60).await;
        browser.page_reads("at least 1, in 1 conversation", 30).await;
        browser.page_reads("New log-ins have to wait", 10).await;
        assert_eq!(axe::violations(browser).await, [""; 0], "holding");
        assert_eq!(sideways(browser).await, json!(0));
    }

    // It does not go on saying so when nobody tells it any more.
    stack.kill_edge();
    for browser in both {
        browser.status_reads("This page cannot reach the chat.", 60).await;
        browser.status_reads("The last good answer came at", 10).await;
        browser.status_reads("Chat stays open; messages wait", 10).await;
        assert_eq!(axe::violations(browser).await, [""; 0], "unknown");
    }
    stack.mend().await;
    stack.start_edge();
    for browser in both {
        // By then its tries are up to a minute apart.
        browser.status_reads("Chat works", 120).await;
        assert!(!browser.status_text().await.contains("last good answer"));
    }
    wide.quit().await;
    phone.quit().await;
}
