//! The token of a visitor for whom the site's server vouches ends while they chat, and a newer one takes its place.

use serde_json::{Value, json};
use shared::session::MessageState;
use tests::harness::cdp::Chromium;
use tests::harness::ledger;
use tests::harness::owner::Owner;
use tests::harness::person::Person;
use tests::harness::stack::Stack;
use tests::harness::tab::Tab;
use tests::harness::tokens::{now_s, of_the_shop};
use tests::harness::wait;

use super::identity::sees;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_before_its_end_and_what_goes_wrong_is_told_while_the_visitor_may_chat() {
    let stack = Stack::start().await;
    let owner = Owner::shop(stack.edge_port, "data-site=demo", "").await;
    // One ends every eight seconds; the page's function has each time the first that lasts four more.
    let now: Vec<String> = (1..=12).map(|n| of_the_shop("a", "Vera Lund", 8 * n)).collect();
    let list = json!(now);
    let lasts = "JSON.parse(atob(token.split('.')[1])).exp > Date.now() / 1000 + 4";
    owner
        .call(&format!(
            "'identify', () => {{ (window.given ??= []).push({list}.find((token) => {lasts})); return given.at(-1) }}"
        ))
        .await;
    owner.call("'open'").await;
    owner.says("I am Vera").await;
    wait::until_true("another token was asked for", 60, || async {
        owner.browser.script("return new Set(given).size > 1", vec![]).await == json!(true)
    })
    .await;
    owner.says("And I still am").await;
    assert_eq!(owner.heard("error").await, Vec::<Value>::new());

    // Another page's token, none, and one of nobody's: the visitor is nobody, and may chat.
    for (given, code) in
        [("{ token: 'a.b.c' }", "identity-refused"), ("async () => undefined", "no-token"), ("7", "no-token")]
    {
        owner.load().await;
        owner.call(&format!("'identify', {given}")).await;
        owner.call("'open'").await;
        owner.hears_error(code).await;
        owner.call("'send', 'May I ask?'").await;
        owner.hears("sent", |_| true).await;
        sees(&owner, "May I ask?", &["I am Vera"]).await;
    }
    owner.browser.quit().await;
}

/// A regression: it was asked for when the timer came, which stands still while a computer sleeps.
#[tokio::test(flavor = "multi_thread")]
async fn identity_3_a_token_that_ran_out_while_a_computer_slept_is_renewed_when_its_link_ends() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let slept = "{ const later = setTimeout; window.setTimeout = (act, ms, ...rest) => (ms > 9000 ? 1 : later(act, ms, ...rest)) }";
    let tab = Tab::shop_after(&browser, stack.edge_port, slept).await;
    let life_s = 15;
    let until_s = now_s() + life_s;
    let tokens = json!([of_the_shop("a", "Vera Lund", life_s as i64), of_the_shop("a", "Vera Lund", 3_600)]);
    tab.page(&format!("window.tokens = {tokens}; Seawall('identify', () => tokens.shift()), true")).await;
    tab.open_chat().await;
    tab.say("Good night").await;
    wait::until_true("the token is over", 30, || async { now_s() > until_s }).await;
    tab.say("Good morning").await;
    assert_eq!(tab.page("tokens.length").await, Some(json!(0)), "each was asked for once");
    let lines = ledger::whole(&stack, 2, 30).await;
    assert_eq!(ledger::checked(&lines).len(), 1, "one conversation");
}

/// A link ends with the token that has opened it, whatever the page has been given since.
#[tokio::test(flavor = "multi_thread")]
async fn link_6_a_page_that_has_a_newer_token_links_again_at_the_end_of_the_old_one_and_loses_nothing() {
    let stack = Stack::start().await;
    let owner = Owner::shop(stack.edge_port, "data-site=demo", "").await;
    let life_s = 15;
    let until_s = now_s() + life_s;
    let both = json!([of_the_shop("a", "Vera Lund", life_s as i64), of_the_shop("a", "Vera Lund", 3_600)]);
    owner.call(&format!("'identify', () => {{ window.tokens ??= {both}; return tokens.shift() }}")).await;
    owner.call("'open'").await;
    owner.says("I am Vera").await;
    let agent = Person::ada(&stack).await;
    wait::until_true("the newer token was asked for, and the old one is over", 60, || async {
        now_s() >= until_s && owner.browser.script("return tokens.length", vec![]).await == json!(0)
    })
    .await;
    agent.write("Good morning!");
    owner.reads("Good morning!").await;
    agent.has_come("Good morning!", &MessageState::Seen, 30).await;
    owner.says("And to you").await;
    let texts: Vec<String> = ledger::whole(&stack, 3, 30).await.into_iter().map(|line| line.text).collect();
    assert_eq!(texts, ["I am Vera", "Good morning!", "And to you"]);
    assert_eq!(owner.heard("error").await, Vec::<Value>::new());
    owner.is_well().await;
}
