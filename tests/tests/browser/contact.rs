//! A site that wants to know who its visitors are.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use tests::harness::axe::violations;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::ledger;
use tests::harness::stack::Stack;

const WHO: &str = "Whom are we talking to?";
const BY_EMAIL: &str = "Get the answer by e-mail";
const NAME: &str = "Your name";
const EMAIL: &str = "Your e-mail address";

async fn stack_that_asks(contact: &str) -> Stack {
    let stack = Stack::start().await;
    stack.asks("demo", contact).await;
    stack
}

async fn open(stack: &Stack, profile: &TempDir) -> Browser {
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.go(&format!("{}/frame/demo", stack.edge_url("localhost"))).await;
    browser
}

async fn texts(stack: &Stack, count: usize) -> Vec<String> {
    let lines = ledger::whole(stack, count, 60).await;
    lines.into_iter().map(|line| line.text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn contact_1_a_site_that_requires_it_hears_who_a_visitor_is_before_anything_is_said() {
    let stack = stack_that_asks("required").await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = open(&stack, &profile).await;
    browser.page_reads(WHO, 30).await;
    browser.gone("textarea", "Message").await;
    assert_eq!(violations(&browser).await, [""; 0]);
    for (name, email, complaint) in [
        ("", "", "Please give your name."),
        ("Ada", "", "Please give an e-mail address"),
        ("Ada", "ada@", "Please give an e-mail address"),
    ] {
        browser.fill(NAME, name).await;
        browser.fill(EMAIL, email).await;
        browser.click("button", "Continue").await;
        browser.page_reads(complaint, 10).await;
        let tied = "const field = document.activeElement; return field.ariaInvalid == 'true'\
                    && document.getElementById(field.getAttribute('aria-describedby')).textContent.startsWith(arguments[0])";
        assert_eq!(browser.script(tied, vec![json!(complaint)]).await, json!(true), "{name:?} {email:?}");
        assert_eq!(violations(&browser).await, [""; 0]);
    }
    browser.fill(EMAIL, "ada@example.com").await;
    browser.click("button", "Continue").await;
    browser.say("Do you ship to Norway?").await;
    assert_eq!(texts(&stack, 2).await, ["Ada\n✉ ada@example.com", "Do you ship to Norway?"]);
    // Once is enough, also where the answer is awaited with nobody there.
    browser.client.refresh().await.expect("reloaded");
    browser.reads("Do you ship to Norway?", 30).await;
    browser.status_reads("Our agents are away.", 30).await;
    browser.find("textarea", "Message").await;
    assert_eq!(browser.script("return document.querySelector('.contact')", vec![]).await, json!(null));
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contact_1_where_it_is_optional_a_visitor_may_skip_it() {
    let stack = stack_that_asks("optional").await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = open(&stack, &profile).await;
    browser.page_reads(WHO, 30).await;
    browser.click("button", "Skip").await;
    browser.say("Just a question").await;
    browser.state("Just a question", &["Sent", "Delivered"], 30).await;
    assert_eq!(texts(&stack, 1).await, ["Just a question"]);
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contact_1_with_nobody_there_a_visitor_who_has_written_may_leave_an_address_for_the_answer() {
    let stack = stack_that_asks("away").await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = open(&stack, &profile).await;
    browser.status_reads("Our agents are away.", 30).await;
    assert_eq!(browser.script("return document.querySelector('.contact')", vec![]).await, json!(null));
    browser.say("Do you ship to Norway?").await;
    browser.page_reads(BY_EMAIL, 30).await;
    assert_eq!(violations(&browser).await, [""; 0]);
    // It takes nothing away: one can go on writing.
    browser.say("And to Iceland?").await;
    browser.fill(BY_EMAIL, "ada@example.com").await;
    browser.click(".go", "Send").await;
    let said = ["Do you ship to Norway?", "And to Iceland?", "✉ ada@example.com"];
    assert_eq!(texts(&stack, 3).await, said);
    browser.gone("input", BY_EMAIL).await;
    browser.quit().await;
}

/// To be looked at: `SEAWALL_PICTURES=/tmp cargo xtask test browser -- --ignored pictures_of_who_is_asked`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "for people"]
async fn pictures_of_who_is_asked() {
    let folder = std::env::var("SEAWALL_PICTURES").expect("a folder for the pictures");
    for (name, contact, language, dark) in [
        ("required", "required", "en-US,en", false),
        ("optional", "optional", "de,en", true),
        ("away", "away", "en-US,en", false),
        ("arabic", "optional", "ar,en", false),
    ] {
        let stack = stack_that_asks(contact).await;
        let profile = TempDir::new().expect("a folder for the profile");
        let look = Look { width: 320, height: 640, dark };
        let browser = Browser::open_in(language, profile.path(), Storage::Allowed, look).await;
        browser.go(&format!("{}/frame/demo", stack.edge_url("localhost"))).await;
        if contact == "away" {
            browser.say("Do you ship to Norway?").await;
        }
        browser.find(".contact input", "").await;
        if contact == "required" {
            browser.click(".go", "").await;
        }
        browser.picture(&Path::new(&folder).join(format!("contact-{name}.png"))).await;
        browser.quit().await;
    }
}
