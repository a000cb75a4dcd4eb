//! A fresh document takes the place of the chat's, as the page wants it: with what is written, and only with whose it is.

use tests::harness::browser::{Look, Storage};
use tests::harness::chat::Chat;
use tests::harness::ledger;
use tests::harness::owner::Owner;
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;
use tests::harness::tokens::{now_s, of_the_shop};
use tests::harness::wait;

/// The token's time is over, and the page gives no other: what she has written since is hers, whoever the visitor is now.
#[tokio::test(flavor = "multi_thread")]
async fn identity_4_what_waits_for_a_known_person_is_sent_for_nobody_else_also_after_another_document() {
    for storage in Storage::BOTH {
        let stack = Stack::start().await;
        let proxy = Proxy::start(stack.edge_port).await;
        let owner = Owner::with(proxy.port, "data-site=demo", "", storage, Look::WIDE).await;
        let until_s = now_s() + 15;
        owner.call(&format!("'identify', {{ token: '{}' }}", of_the_shop("a", "Vera Lund", 15))).await;
        owner.call("'open'").await;
        owner.says("I am Vera").await;
        wait::until_true("her token's time is over", 30, || async { now_s() > until_s }).await;
        // The edge takes no link of hers any more.
        proxy.reset();
        owner.browser.enter_chat().await;
        owner.browser.say("Vera's last words").await;
        owner.browser.state("Vera's last words", &["Queued"], 30).await;
        owner.browser.leave_chat().await;
        owner.browser.script("heard.length = 0", vec![]).await;
        owner.call("'setLocale', 'fr'").await;
        owner.hears_error("identity-expired").await;
        owner.call("'send', 'I am nobody'").await;
        owner.hears("sent", |_| true).await;
        // Nothing of hers is shown either; the French call the field as the English do.
        owner.reads("I am nobody").await;
        owner.browser.enter_chat().await;
        let log = owner.browser.log_text().await;
        assert!(!log.contains("Vera"), "{storage:?}: {log}");
        owner.browser.leave_chat().await;
        let lines = ledger::whole(&stack, 2, 30).await;
        let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["I am Vera", "I am nobody"], "{storage:?}");

        owner.call(&format!("'identify', {{ token: '{}' }}", of_the_shop("a", "Vera Lund", 3_600))).await;
        let lines = ledger::whole(&stack, 3, 60).await;
        assert_eq!(lines[2].text, "Vera's last words", "{storage:?}");
        assert_eq!(lines[2].conversation, lines[0].conversation);
        assert_ne!(lines[2].conversation, lines[1].conversation);
        owner.is_well().await;
        stack.assert_calm();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_3_what_is_written_before_it_is_clear_who_writes_is_said_to_be_at_risk() {
    let mut chat = Chat::closed("").await;
    let tab = &chat.tab;
    let token = of_the_shop("a", "Vera Lund", 3_600);
    // The site's server takes its time.
    tab.page(&format!(
        "Seawall('identify', () => new Promise((done) => {{ window.answer = () => done('{token}') }})), Seawall('open'), 1"
    ))
    .await;
    tab.until_frame("document.querySelector('[role=status]').innerText.includes('leave this page open until then: we do not know yet who you are')")
        .await;
    tab.until_frame("document.querySelector('textarea').focus(), true").await;
    tab.focus("textarea").await;
    tab.insert("Early").await;
    tab.press("Enter").await;
    tab.until_frame("document.querySelector('[role=log]').innerText.includes('Early')").await;
    tab.until_page("!!window.answer && (answer(), true)").await;
    tab.until_frame("/delivered|seen/.test(document.querySelector('[role=log] .bubble')?.dataset.state)")
        .await;
    tab.until_frame("!document.body.innerText.includes('we do not know yet')").await;
    chat.browser.quit().await;
}
