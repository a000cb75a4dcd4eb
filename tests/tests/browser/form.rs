//! Where the app cannot be had, the plain page takes a message and an e-mail address.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use tests::harness::axe::violations;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::ledger;
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;
use tests::harness::wait;

const OFFERED: &str = "The chat cannot run here. Leave us a message: we answer by e-mail.";
const LEFT: &str = "Your message is safe with us and will be answered by e-mail.";
const EMAIL: &str = "Your e-mail address";
const PHONE: Look = Look { width: 320, height: 640, dark: false };

/// A browser that is offered the form; the second value keeps its profile.
async fn without_wasm(port: u16) -> (Browser, TempDir) {
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::without_wasm("en-US,en", profile.path(), Look::WIDE).await;
    browser.open_chat(port).await;
    browser.status_reads(OFFERED, 30).await;
    (browser, profile)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_webassembly_a_message_is_left_with_an_address_and_agents_read_it() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let (browser, profile) = without_wasm(proxy.port).await;
    assert_eq!(browser.script("return typeof WebAssembly", vec![]).await, json!("undefined"));
    assert_eq!(violations(&browser).await, [""; 0]);

    // An address that is none: the field says so, has the focus, and what was written stays.
    browser.fill("Message", "Do you ship to Norway?").await;
    for wrong in ["", "ada"] {
        browser.fill(EMAIL, wrong).await;
        browser.click("button", "Send").await;
        let told = "const field = document.activeElement; const about = field.getAttribute('aria-describedby');\
                    return [field.type, field.ariaInvalid, document.getElementById(about)?.textContent.slice(0, 32)]";
        let said = json!(["email", "true", "Please give an e-mail address su"]);
        assert_eq!(browser.script(told, vec![]).await, said, "{wrong:?}");
        assert_eq!(browser.messages().await, [""; 0]);
        assert_eq!(violations(&browser).await, [""; 0]);
    }
    browser.fill(EMAIL, "ada@example.com").await;
    browser.say("Do you ship to Norway?").await;
    browser.status_reads(LEFT, 30).await;
    browser.say("And to Iceland?").await;
    assert_eq!(
        ledger::texts(&stack, 2, 60).await,
        ["Do you ship to Norway?\n\n✉ ada@example.com", "And to Iceland?"]
    );
    browser.state("And to Iceland?", &["Delivered"], 30).await;
    assert_eq!(violations(&browser).await, [""; 0]);

    // What the page asks for goes the same way.
    browser.leave_chat().await;
    browser.script("Seawall('send', 'From the page')", vec![]).await;
    assert_eq!(ledger::texts(&stack, 3, 60).await[2], "From the page");

    // Kept over a closed browser, and sent by the next one, which runs the app.
    browser.enter_chat().await;
    proxy.cut();
    browser.say("Written without a network").await;
    browser.status_reads("Your messages are kept", 30).await;
    browser.quit().await;
    proxy.mend();
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.go(&format!("http://127.0.0.1:{}/demo/", proxy.port)).await;
    assert_eq!(ledger::texts(&stack, 4, 60).await[3], "Written without a network");
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_while_the_edge_was_away_is_sent_when_it_is_back() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let (browser, _profile) = without_wasm(proxy.port).await;
    stack.fault(json!({ "kind": "down" })).await;
    browser.fill(EMAIL, "ada@example.com").await;
    browser.say("Stored while the origin is away").await;
    browser.status_reads(LEFT, 30).await;
    browser.state("Stored while the origin is away", &["Sent"], 30).await;
    proxy.cut();
    for text in ["Second", "Third"] {
        browser.say(text).await;
        browser.state(text, &["Queued"], 30).await;
    }
    stack.mend().await;
    proxy.mend();
    browser.state("Third", &["Delivered"], 60).await;
    browser.status_reads(LEFT, 30).await;
    let texts = ledger::texts(&stack, 3, 60).await;
    assert_eq!(texts, ["Stored while the origin is away\n\n✉ ada@example.com", "Second", "Third"]);
    browser.quit().await;
}

/// By the frame's policy, as an extension or a company's proxy does it; and where the app's file never comes.
#[tokio::test(flavor = "multi_thread")]
async fn where_webassembly_is_forbidden_or_never_comes_a_message_can_be_left_and_what_was_typed_stays() {
    let stack = Stack::start().await;
    let forbidden = ("'wasm-unsafe-eval'", "'wasm-unsafe-none'");
    let missing = ("/widget/widget_bg-", "/widget/widget_xx-");
    for (name, change) in [("forbidden", forbidden), ("missing", missing)] {
        let proxy = Proxy::changing(stack.edge_port, change).await;
        let profile = TempDir::new().expect("a folder for the profile");
        let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
        browser.open_chat(proxy.port).await;
        browser.fill("Message", "A draft").await;
        browser.status_reads(OFFERED, 90).await;
        assert_eq!(
            browser.find("textarea", "Message").await.prop("value").await.ok().flatten().as_deref(),
            Some("A draft")
        );
        browser.fill(EMAIL, "ada@example.com").await;
        browser.say(name).await;
        browser.state(name, &["Sent", "Delivered"], 30).await;
        browser.quit().await;
    }
    assert_eq!(
        ledger::texts(&stack, 2, 60).await,
        ["forbidden\n\n✉ ada@example.com", "missing\n\n✉ ada@example.com"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_before_the_form_came_is_sent_by_it_and_the_address_may_follow_alone() {
    let stack = Stack::start().await;
    let proxy = Proxy::changing(stack.edge_port, ("/widget/widget_bg-", "/widget/widget_xx-")).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.open_chat(proxy.port).await;
    browser.say("Before the form").await;
    browser.status_reads(OFFERED, 90).await;
    browser.state("Before the form", &["Sent", "Delivered"], 30).await;
    browser.fill(EMAIL, "ada@example.com").await;
    browser.click("button", "Send").await;
    browser.status_reads(LEFT, 30).await;
    assert_eq!(ledger::texts(&stack, 2, 60).await, ["Before the form", "✉ ada@example.com"]);
    browser.quit().await;
}

/// To be looked at: `SEAWALL_PICTURES=/tmp cargo xtask test browser -- --ignored pictures_of_the_form`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "for people"]
async fn pictures_of_the_form() {
    let folder = std::env::var("SEAWALL_PICTURES").expect("a folder for the pictures");
    let stack = Stack::start().await;
    for (name, language, look) in [
        ("wide", "en-US,en", Look { width: 800, height: 640, dark: false }),
        ("dark", "de,en", Look { dark: true, ..PHONE }),
        ("phone", "en-US,en", PHONE),
        ("arabic", "ar,en", PHONE),
    ] {
        let profile = TempDir::new().expect("a folder for the profile");
        let browser = Browser::without_wasm(language, profile.path(), look).await;
        browser.go(&format!("{}/frame/demo", stack.edge_url("localhost"))).await;
        browser.find("input", "").await;
        wait::until_true("the form is there", 30, || async { !browser.status_text().await.is_empty() }).await;
        browser.picture(&Path::new(&folder).join(format!("form-{name}.png"))).await;
        browser.click("button.send", "").await;
        browser.picture(&Path::new(&folder).join(format!("form-{name}-wrong.png"))).await;
        let email = browser.find("input", "").await;
        email.send_keys("ada@example.com").await.expect("typed");
        browser.find("textarea", "").await.send_keys("Do you ship to Norway?").await.expect("typed");
        browser.click("button.send", "").await;
        wait::until_true("it is left", 30, || async { browser.messages().await.len() == 1 }).await;
        browser.picture(&Path::new(&folder).join(format!("form-{name}-left.png"))).await;
        browser.quit().await;
    }
}
