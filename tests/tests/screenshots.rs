//! Takes the pictures of the README and of `docs/`, on the real system. Run by `cargo xtask screenshots`.

#[path = "screenshots/outage_page.rs"]
mod outage_page;
#[path = "screenshots/states.rs"]
mod states;

use std::path::PathBuf;

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::fake_origin::FakeOrigin;
use tests::harness::person::Person;
use tests::harness::stack::{ADA, Stack, program};
use tests::harness::tokens::AgentKey;
use tests::harness::wait;

const PHONE: Look = Look { width: 390, height: 800, dark: true };
const DARK: Look = Look { dark: true, ..Look::WIDE };

/// A browser with a profile of its own.
async fn browser(look: Look) -> (Browser, TempDir) {
    let profile = TempDir::new().expect("a folder for the profile");
    (Browser::open(profile.path(), Storage::Allowed, look).await, profile)
}

/// The status page once its headline and all of it say this much.
async fn status_page(port: u16, look: Look, says: [&str; 2], name: &str) {
    let (somebody, _profile) = browser(Look { height: 1_240, ..look }).await;
    somebody.go(&format!("http://127.0.0.1:{port}/status/")).await;
    somebody.status_reads(says[0], 30).await;
    somebody.page_reads(says[1], 30).await;
    somebody.picture(&file(name)).await;
    somebody.quit().await;
}

fn file(name: &str) -> PathBuf {
    program("SEAWALL_SCREENSHOTS").join(format!("{name}.png"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a command of its own: cargo xtask screenshots"]
async fn screenshots() {
    let stack = Stack::start().await;
    let port = stack.edge_port;
    let (visitor, _one) = browser(Look::WIDE).await;
    visitor.go(&format!("http://127.0.0.1:{port}/demo/")).await;
    visitor.find("button", "Open chat").await;
    visitor.picture(&file("demo")).await;
    visitor.open_chat(port).await;
    visitor.say("Hello! Do you ship to Norway?").await;
    visitor.state("Do you ship to Norway?", &["Sent", "Delivered"], 30).await;

    status_page(port, Look::WIDE, ["Chat works.", ""], "status").await;
    status_page(port, PHONE, ["Chat works.", ""], "status-phone-dark").await;

    let (agent, _two) = browser(Look::WIDE).await;
    agent.go(&format!("http://console.localhost:{port}/?site=demo")).await;
    agent.find("button", "Log in").await;
    agent.picture(&file("console-login")).await;
    agent.log_in(port, ADA).await;
    agent.picture(&file("console-list")).await;
    agent.turn_to_first().await;
    agent.reads("Do you ship to Norway?", 30).await;
    agent.say("Good morning! We do, twice a week: Tuesdays and Fridays.").await;
    visitor.reads("Tuesdays and Fridays", 30).await;
    visitor.say("Lovely. And the blue lantern, is it in stock?").await;
    visitor.state("is it in stock?", &["Seen"], 30).await;
    agent.fill("Message", "Let me look").await;
    visitor.page_reads("is typing", 30).await;
    visitor.picture(&file("story-1-visitor")).await;
    agent.picture(&file("story-2-agent")).await;

    // New log-ins need the origin, so the console in the dark is opened before it dies.
    let (dark, _three) = browser(DARK).await;
    dark.log_in(port, ADA).await;

    // The origin dies; both talk on.
    stack.fault(json!({ "kind": "down" })).await;
    visitor.say("Take your time.").await;
    stack.wait_for_mode("holding", 30).await;
    agent.say("Let me look: yes, eleven of them.").await;
    visitor.reads("eleven of them", 30).await;
    visitor.say("Then I take two, please.").await;
    visitor.state("Then I take two", &["Seen"], 30).await;
    visitor.picture(&file("outage-visitor")).await;
    agent.status_reads("origin", 30).await;
    agent.picture(&file("outage-agent")).await;

    for (look, name) in
        [(Look::WIDE, "status-holding"), (DARK, "status-holding-dark"), (PHONE, "status-holding-phone-dark")]
    {
        status_page(port, look, ["Chat stays open; messages wait", ""], name).await;
    }

    // The same in the dark and on a phone.
    dark.turn_to_first().await;
    dark.reads("eleven of them", 30).await;
    dark.picture(&file("console-dark")).await;
    dark.quit().await;
    agent.quit().await;
    visitor.status_reads("Our agents are away", 30).await;
    visitor.picture(&file("away")).await;
    visitor.quit().await;
    stack.mend().await;

    let few = json!({ "limits": { "messages_per_conversation": { "at_once": 2, "per_minute": 2 } } });
    let saved = stack.admin(Method::PUT, "/admin/sites/demo").json(&few).send().await;
    assert!(saved.is_ok_and(|answer| answer.status().is_success()));
    let (phone, _four) = browser(PHONE).await;
    phone.open_chat(port).await;
    phone.say("Hello from my phone").await;
    phone.state("Hello from my phone", &["Delivered"], 30).await;
    phone.picture(&file("visitor-phone-dark")).await;
    phone.quit().await;

    wait::until_true("the edge has heard of the limits", 120, || Person::is_limited(port)).await;
    for (look, name) in [(Look::WIDE, "limited"), (PHONE, "limited-phone-dark")] {
        let (hasty, _five) = browser(look).await;
        hasty.open_chat(port).await;
        for text in ["Hello?", "Is anybody there?", "I have a question.", "About the lantern."] {
            hasty.say(text).await;
        }
        hasty.status_reads("Too many messages at once", 30).await;
        hasty.picture(&file(name)).await;
        hasty.quit().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a command of its own: cargo xtask screenshots"]
async fn screenshots_of_one_account_that_fails() {
    let origin = FakeOrigin::start(AgentKey::new("k1", 7)).await;
    let stack = Stack::in_front_of(origin.port).await;
    origin.fails_for(Some("large"));
    wait::until_true("it is this account", 60, || async {
        for site in ["large", "demo"] {
            let _ = stack.log_in_request(site, (ADA.0, "wrong")).send().await;
        }
        stack.status().await["checks"]["origin:sites-failing"][0]["observedValue"] == 1
    })
    .await;
    for (look, name) in [(Look::WIDE, "status-account"), (PHONE, "status-account-phone-dark")] {
        status_page(
            stack.edge_port,
            look,
            ["Chat works.", "At some customers' sites logging in fails"],
            name,
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a command of its own: cargo xtask screenshots"]
async fn screenshots_of_the_replay() {
    let stack = Stack::start().await;
    let tall = Look { height: 1400, ..Look::WIDE };
    for (look, name) in [(tall, "replay"), (PHONE, "replay-phone-dark")] {
        let (browser, _profile) = browser(look).await;
        browser.go(&format!("http://127.0.0.1:{}/demo/replay/", stack.edge_port)).await;
        browser.status_reads("With Seawall: messages flowed 0 s after the trigger", 120).await;
        if look.width < Look::WIDE.width {
            let down = "document.querySelector('.result').scrollIntoView({ behavior: 'instant' })";
            browser.script(down, vec![]).await;
        }
        browser.picture(&file(name)).await;
        browser.quit().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a command of its own: cargo xtask screenshots"]
async fn screenshots_of_a_report() {
    let report = format!("file://{}", program("SEAWALL_REPORT").display());
    let tall = Look { height: 1_700, ..Look::WIDE };
    let phone = Look { height: 1_700, ..PHONE };
    for (look, name) in [(tall, "report"), (phone, "report-phone-dark")] {
        let (browser, _profile) = browser(look).await;
        browser.go(&report).await;
        browser.picture(&file(name)).await;
        browser.quit().await;
    }
}
