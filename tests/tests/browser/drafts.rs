//! What is being written outlives a reload in its own tab, and is nobody else's.

use serde_json::json;
use tests::harness::browser::{Look, Storage};
use tests::harness::owner::Owner;
use tests::harness::stack::Stack;
use tests::harness::tokens::of_the_shop;
use tests::harness::wait;

const VALUE: &str = "return document.querySelector('textarea[aria-describedby]')?.value ?? null";

async fn opens(owner: &Owner) {
    owner.call("'open'").await;
    owner.browser.enter_chat().await;
}

async fn holds(owner: &Owner, text: &str) {
    wait::until_ok(&format!("the composer holds {text:?}"), 30, || async {
        let value = owner.browser.client.execute(VALUE, vec![]).await.unwrap_or_default();
        if value == json!(text) { Ok(()) } else { Err(format!("; it holds {value}")) }
    })
    .await;
}

/// Where the frame is denied storage, the page outside keeps it, a moment after it was written: that cannot be read there.
async fn is_sealed(owner: &Owner, storage: Storage, wanted: bool) {
    if storage == Storage::Allowed {
        return;
    }
    owner.browser.leave_chat().await;
    let what = if wanted { "a draft is on the page" } else { "no draft is on the page" };
    wait::until_true(what, 30, || async {
        let drafts =
            "return Object.keys(sessionStorage).filter((name) => /^seawall-demo.*:draft$/.test(name)).length";
        owner.browser.script(drafts, vec![]).await == json!(usize::from(wanted))
    })
    .await;
    let text = owner.browser.script("return JSON.stringify(sessionStorage)", vec![]).await;
    let reads = |words: &str| text.as_str().is_some_and(|text| text.contains(words));
    assert!(!["I was", "the first", "Vera's"].into_iter().any(reads), "{text}");
    owner.browser.enter_chat().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_6_a_draft_outlives_a_reload_and_is_gone_when_it_was_sent() {
    let stack = Stack::start().await;
    for storage in Storage::BOTH {
        let owner = Owner::with(stack.edge_port, "data-site=demo", "", storage, Look::WIDE).await;
        outlives_a_reload(&owner, storage).await;
        owner.is_well().await;
    }
}

async fn outlives_a_reload(owner: &Owner, storage: Storage) {
    opens(owner).await;
    holds(owner, "").await;
    owner.browser.fill("Message", "I was about").await;
    is_sealed(owner, storage, true).await;
    for _ in 0..2 {
        owner.load().await;
        opens(owner).await;
        holds(owner, "I was about").await;
    }
    // The browser has kept the page for "back", and the draft twice: what is sent then is gone from both.
    owner.browser.leave_chat().await;
    owner.leaves_and_comes_back("").await;
    owner.browser.enter_chat().await;
    holds(owner, "I was about").await;
    owner.browser.say("I was about to ask").await;
    owner.browser.state("I was about to ask", &["Sent", "Delivered"], 30).await;
    is_sealed(owner, storage, false).await;
    owner.load().await;
    opens(owner).await;
    owner.browser.reads("I was about to ask", 30).await;
    holds(owner, "").await;

    // Another tab of the same browser has its own.
    owner.browser.fill("Message", "In the first tab").await;
    is_sealed(owner, storage, true).await;
    let first = owner.browser.client.window().await.expect("a tab");
    let second = owner.browser.client.new_window(true).await.expect("another tab").handle;
    owner.browser.client.switch_to_window(second).await.expect("there");
    owner.load().await;
    opens(owner).await;
    holds(owner, "").await;
    owner.browser.client.switch_to_window(first).await.expect("there");
    owner.load().await;
    opens(owner).await;
    holds(owner, "In the first tab").await;

    // Forgotten is forgotten.
    owner.browser.leave_chat().await;
    owner.call("'forget'").await;
    wait::until_true("the chat begins anew", 30, || async {
        owner.browser.enter_chat().await;
        let empty = owner.browser.log_text().await.contains("How can we help?");
        owner.browser.leave_chat().await;
        empty
    })
    .await;
    owner.load().await;
    opens(owner).await;
    holds(owner, "").await;
    is_sealed(owner, storage, false).await;
    owner.browser.leave_chat().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_6_the_draft_of_somebody_who_is_known_is_shown_to_them_alone() {
    let stack = Stack::start().await;
    for storage in Storage::BOTH {
        let owner = Owner::with(stack.edge_port, "data-site=demo", "", storage, Look::WIDE).await;
        let identify = async |sub: &str| {
            let token = of_the_shop(sub, "Somebody", 3_600);
            owner.call(&format!("'identify', {{ token: '{token}' }}")).await;
            opens(&owner).await;
        };
        identify("a").await;
        holds(&owner, "").await;
        owner.browser.fill("Message", "Vera's draft").await;
        is_sealed(&owner, storage, true).await;
        owner.load().await;
        opens(&owner).await;
        holds(&owner, "").await;
        owner.load().await;
        identify("b").await;
        holds(&owner, "").await;
        owner.load().await;
        identify("a").await;
        holds(&owner, "Vera's draft").await;
        owner.browser.leave_chat().await;
        owner.is_well().await;
    }
}
