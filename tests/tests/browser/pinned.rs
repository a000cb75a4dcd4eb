//! Pages that pin the chat's script: what runs there is what was looked at, or nothing.

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::customer::{Page, website};
use tests::harness::stack::Stack;
use tests::harness::wait;

async fn pinned(stack: &Stack) -> (String, String) {
    let answer = stack.edge(Method::GET, "localhost", "/integrity.json").send().await.expect("an answer");
    let told: Value = answer.json().await.expect("JSON");
    let text = |name: &str| told[name].as_str().expect("a text").to_owned();
    (text("script"), text("integrity"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_script_is_all_that_runs_on_the_page_and_its_hash_all_that_the_policy_allows() {
    let stack = Stack::start().await;
    let (script, integrity) = pinned(&stack).await;
    let file = stack.edge(Method::GET, "localhost", &script).send().await.expect("an answer");
    assert_eq!(file.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(file.headers()["access-control-allow-origin"], "*");
    let here = format!("http://localhost:{}", stack.edge_port);
    let tag = format!(
        r#"<script async src="{here}{script}" integrity="{integrity}" crossorigin data-site=demo></script>"#
    );
    let policy = format!(
        "content-security-policy: default-src 'none'; script-src 'nonce-n' '{integrity}'; frame-src {here}"
    );
    let port = website(vec![Page::html("/", "", &tag).with(&policy)]).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.go(&format!("http://127.0.0.1:{port}/")).await;
    // With calls that are in files of their own elsewhere.
    browser.find("button", "Open chat").await;
    browser.script("Seawall('update', { label: 'Ask us' })", vec![]).await;
    browser.click("button", "Ask us").await;
    browser.enter_chat().await;
    browser.say("Do you ship to Norway?").await;
    browser.state("Do you ship to Norway?", &["Sent", "Delivered", "Seen"], 30).await;
    browser.leave_chat().await;
    let scripts = "return performance.getEntriesByType('resource').map((one) => one.name).filter((name) => /\\.js/.test(name))";
    assert_eq!(browser.script(scripts, vec![]).await, json!([format!("{here}{script}")]));
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_script_that_was_tampered_with_does_not_run_and_the_page_is_unharmed() {
    let stack = Stack::start().await;
    let (script, integrity) = pinned(&stack).await;
    let file = stack.edge(Method::GET, "localhost", &script).send().await.expect("an answer");
    let genuine = file.text().await.expect("a script");
    for (body, runs) in [(genuine.clone() + ";window.tampered=1", false), (genuine, true)] {
        let file = Page { path: script.clone(), body, ..Page::default() };
        let portal = website(vec![file]).await;
        let tag = format!(
            r#"<script async src="http://localhost:{portal}{script}" integrity="{integrity}" crossorigin data-site=demo></script>"#
        );
        let port = website(vec![Page::html("/", "", &tag)]).await;
        let profile = TempDir::new().expect("a folder for the profile");
        let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
        browser.go(&format!("http://127.0.0.1:{port}/")).await;
        if runs {
            browser.find("button", "Open chat").await;
        } else {
            let refused = async || !browser.complaints().await.is_empty();
            wait::until_true("the browser refuses the script", 30, refused).await;
        }
        let there = "return [document.querySelectorAll('seawall-chat').length, typeof window.Seawall,\
                     window.tampered ?? 0, document.querySelector('h1').innerText]";
        let (count, kind) = if runs { (1, "function") } else { (0, "undefined") };
        assert_eq!(browser.script(there, vec![]).await, json!([count, kind, 0, "Lanterns"]));
        let complaints = browser.complaints().await;
        // The tag's own error, and nothing of ours.
        assert_eq!(complaints.len(), usize::from(!runs), "{complaints:?}");
        browser.quit().await;
    }
}
