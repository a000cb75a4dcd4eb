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

#[tokio::test(flavor = "multi_thread")]
async fn keep_6_a_draft_outlives_a_reload_and_is_gone_when_it_was_sent() {
    let stack = Stack::start().await;
    let owner = Owner::shop(stack.edge_port, "data-site=demo", "").await;
    opens(&owner).await;
    holds(&owner, "").await;
    owner.browser.fill("Message", "I was about").await;
    for _ in 0..2 {
        owner.load().await;
        opens(&owner).await;
        holds(&owner, "I was about").await;
    }
    owner.browser.say("I was about to ask").await;
    owner.browser.state("I was about to ask", &["Sent", "Delivered"], 30).await;
    owner.load().await;
    opens(&owner).await;
    owner.browser.reads("I was about to ask", 30).await;
    holds(&owner, "").await;

    // Another tab of the same browser has its own.
    owner.browser.fill("Message", "In the first tab").await;
    let first = owner.browser.client.window().await.expect("a tab");
    let second = owner.browser.client.new_window(true).await.expect("another tab").handle;
    owner.browser.client.switch_to_window(second).await.expect("there");
    owner.load().await;
    opens(&owner).await;
    holds(&owner, "").await;
    owner.browser.client.switch_to_window(first).await.expect("there");
    owner.load().await;
    opens(&owner).await;
    holds(&owner, "In the first tab").await;

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
    opens(&owner).await;
    holds(&owner, "").await;
    owner.browser.leave_chat().await;
    owner.is_well().await;
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
        owner.load().await;
        opens(&owner).await;
        holds(&owner, "").await;
        owner.load().await;
        identify("b").await;
        holds(&owner, "").await;
        owner.load().await;
        identify("a").await;
        holds(&owner, if storage == Storage::Allowed { "Vera's draft" } else { "" }).await;
        owner.browser.leave_chat().await;
        owner.is_well().await;
    }
}
