//! What a visitor has agreed to, and takes back: the last word counts, in every tab, and nothing is left behind.

use serde_json::json;
use tests::harness::browser::{Look, Storage};
use tests::harness::ledger;
use tests::harness::owner::Owner;
use tests::harness::proxy::Weather;
use tests::harness::stack::Stack;
use tests::harness::tab::Tab;
use tests::harness::wait;

use super::consent::Visitor;

const DELIVERED: [&str; 2] = ["delivered", "seen"];

/// What is taken back is taken back.
const OVER: &str = "(window.turn.then(() => (window.over = true)), window.over)";

async fn has_cookie(visitor: &Visitor) {
    visitor.is_stored(|stored| stored.iter().any(|one| one.contains("visitor")), "the cookie").await;
}

/// Somebody who has agreed, and has said something.
async fn with_leave(stack: &Stack, storage: Storage) -> Visitor {
    let visitor = Visitor::arrives(stack, storage).await;
    visitor.agrees(true).await;
    visitor.opens().await;
    visitor.says("Before").await;
    visitor.shows("Before", &DELIVERED).await;
    has_cookie(&visitor).await;
    visitor
}

/// The same on the next page: the conversation is the cookie's, not the document's.
async fn with_a_cookie(stack: &Stack, storage: Storage) -> Visitor {
    let visitor = with_leave(stack, storage).await;
    visitor.tab.reload().await;
    visitor.opens().await;
    visitor.shows("Before", &DELIVERED).await;
    visitor
}

/// As a banner of a website does it: denied by default, and then what the visitor has chosen.
#[tokio::test(flavor = "multi_thread")]
async fn consent_3_of_two_words_in_one_breath_the_last_one_counts() {
    let stack = Stack::start().await;
    for storage in Storage::BOTH {
        let mut visitor = Visitor::arrives(&stack, storage).await;
        visitor.agrees(true).await;
        visitor.opens().await;
        visitor.says("With leave").await;
        visitor.shows("With leave", &DELIVERED).await;
        has_cookie(&visitor).await;
        let twice =
            |first: bool| format!("Seawall('setConsent', {first}), Seawall('setConsent', {})", !first);
        visitor.tab.page(&twice(false)).await;
        visitor.tab.until_frame("window.agreed === true && window.keeps === true").await;
        visitor.says("Still with leave").await;
        visitor.shows("Still with leave", &DELIVERED).await;
        visitor.tab.reload().await;
        visitor.opens().await;
        visitor.shows("With leave", &DELIVERED).await;
        visitor.shows("Still with leave", &DELIVERED).await;

        // The second one comes while the first one is on its way to the edge.
        visitor.proxy.weather(Weather::Slow(400));
        visitor.agrees(false).await;
        visitor.tab.until_frame("window.keeps === false").await;
        visitor.agrees(true).await;
        visitor.tab.until_frame("window.keeps === true").await;
        visitor.proxy.mend();
        visitor.says("Agreed again").await;
        visitor.shows("Agreed again", &DELIVERED).await;
        has_cookie(&visitor).await;
        visitor.tab.reload().await;
        visitor.opens().await;
        visitor.shows("Agreed again", &DELIVERED).await;
        visitor.shows("With leave", &DELIVERED).await;

        visitor.agrees(false).await;
        visitor.is_stored(<[String]>::is_empty, "nothing is left").await;
        visitor.tab.page(&twice(true)).await;
        visitor.tab.until_frame("window.agreed === false").await;
        visitor.says("In memory").await;
        visitor.shows("In memory", &DELIVERED).await;
        visitor.has_nothing().await;
        visitor.tab.reload().await;
        visitor.has_nothing().await;
        visitor.browser.quit().await;
    }
    stack.assert_calm();
}

/// The document asks the edge to end the cookie, or (without `before`) hears the answer, when it is let go.
const HELD_UP: &str = "{ const ask = fetch; const go = new Promise((go) => (window.letGo = go));\
    window.fetch = async (url, how) => {\
        if (how?.method !== 'DELETE') return ask(url, how);\
        if (window.before) await go;\
        const answer = await ask(url, how);\
        window.answered = true;\
        if (!window.before) await go;\
        return answer;\
    } }; true";

/// The page on which it is taken back has not loaded the chat and stores nothing itself, or has it open like the others.
#[tokio::test(flavor = "multi_thread")]
async fn consent_3_where_one_tab_takes_it_back_the_conversation_goes_on_in_the_others() {
    let stack = Stack::start().await;
    let each = Storage::BOTH.into_iter().flat_map(|storage| [(storage, false), (storage, true)]);
    for (round, (storage, opened)) in each.enumerate() {
        let mut visitor = Visitor::arrives(&stack, storage).await;
        visitor.opens().await;
        visitor.says("Before").await;
        visitor.shows("Before", &DELIVERED).await;
        // This document has begun without leave: its tabs' channel is its own.
        visitor.agrees(true).await;
        has_cookie(&visitor).await;
        let first = visitor.url.clone();
        let second = std::mem::replace(&mut visitor.tab, Tab::open(&visitor.browser, &first).await);
        visitor.opens().await;
        visitor.shows("Before", &DELIVERED).await;
        // What waits for the origin waits in the browser.
        stack.fault(json!({ "kind": "down" })).await;
        visitor.says("Kept").await;
        visitor.shows("Kept", &["sent"]).await;

        let bystander = Tab::open(&visitor.browser, &first).await;
        bystander.until_page("!!window.Seawall").await;
        if opened {
            bystander.press_launcher().await;
            bystander.until_app().await;
            // It is given the conversation's token, and tells the others of it only when they have been given none.
            bystander.frame(HELD_UP).await;
        }
        // The cookie has ended when these two ask: they have the token with the word, from a document that came with it.
        for late in [&visitor.tab, &second] {
            late.frame("window.before = true").await;
            late.frame(HELD_UP).await;
        }
        bystander.page("Seawall('setConsent', false)").await;
        visitor.tab.until_frame("window.keeps === false").await;
        second.until_frame("window.keeps === false").await;
        if opened {
            bystander.until_frame("window.answered").await;
        } else {
            visitor.is_stored(<[String]>::is_empty, "nothing is left").await;
        }
        // A link that begins in between waits for it.
        visitor.proxy.reset();
        for late in [&visitor.tab, &second] {
            late.frame("letGo(), true").await;
            late.until_frame("window.answered").await;
            // As when a network is back.
            late.frame("dispatchEvent(new Event('ready')), true").await;
        }
        if opened {
            bystander.frame("letGo(), true").await;
        }
        visitor.is_stored(<[String]>::is_empty, "nothing is left").await;
        visitor.tab.show().await;
        visitor.says("In memory").await;
        visitor.shows("In memory", &["sent", "delivered"]).await;
        visitor.has_nothing().await;
        // The conversation goes on where it is open, also over a new link.
        stack.fault(json!({ "kind": "none" })).await;
        visitor.proxy.reset();
        visitor.says("Over a new link").await;
        visitor.shows("Over a new link", &DELIVERED).await;
        visitor.shows("Before", &DELIVERED).await;
        let same = "document.querySelectorAll('[role=log] .bubble').length === 4";
        visitor.tab.until_frame(same).await;
        second.say_in_front("From the other tab").await;
        let lines = ledger::whole(&stack, 5 * (round + 1), 30).await;
        assert_eq!(ledger::checked(&lines).len(), round + 1, "one conversation: {lines:#?}");
        visitor.has_nothing().await;
        visitor.browser.quit().await;
    }
    stack.assert_calm();
}

/// It has been taken back, in another tab or in this one. The cookie has ended, the other tab has been given what takes its place,
/// and has not told it yet (until `letGo()`).
async fn taken_back(stack: &Stack, storage: Storage, here: bool) -> (Visitor, Tab) {
    let visitor = with_a_cookie(stack, storage).await;
    let other = Tab::open(&visitor.browser, &visitor.url).await;
    other.press_launcher().await;
    other.until_app().await;
    other.frame(HELD_UP).await;
    visitor.tab.frame("window.before = true").await;
    visitor.tab.frame(HELD_UP).await;
    let says = if here { &visitor.tab } else { &other };
    says.page("Seawall('setConsent', false)").await;
    visitor.tab.until_frame("window.keeps === false").await;
    other.until_frame("window.answered").await;
    visitor.tab.frame("letGo(), true").await;
    visitor.tab.until_frame("window.answered").await;
    (visitor, other)
}

/// A link is wanted before the other tab has told; it would have been opened by now.
async fn link_in_between(visitor: &Visitor) {
    let watch = "{ const take = takeLink; window.wanted = new Promise((wanted) =>\
        (window.takeLink = (make) => (setTimeout(wanted, 50, true), take(make)))) } true";
    visitor.tab.frame(watch).await;
    visitor.proxy.reset();
    // As when a network is back.
    visitor.tab.until_frame("(dispatchEvent(new Event('ready')), Promise.race([wanted, new Promise((done) => setTimeout(done, 100))]))").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_3_a_tab_whose_own_word_finds_the_cookie_gone_goes_on_with_the_conversation() {
    let stack = Stack::start().await;
    for (round, storage) in Storage::BOTH.into_iter().enumerate() {
        let (mut visitor, other) = taken_back(&stack, storage, true).await;
        link_in_between(&visitor).await;
        other.frame("letGo(), true").await;
        visitor.tab.show().await;
        visitor.says("In memory").await;
        visitor.shows("In memory", &DELIVERED).await;
        visitor.shows("Before", &DELIVERED).await;
        visitor.has_nothing().await;
        let lines = ledger::whole(&stack, 2 * (round + 1), 30).await;
        assert_eq!(ledger::checked(&lines).len(), round + 1, "one conversation: {lines:#?}");
        visitor.browser.quit().await;
    }
    stack.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_3_where_nobody_ever_answers_a_link_begins_all_the_same() {
    let stack = Stack::start().await;
    let mut visitor = with_a_cookie(&stack, Storage::Allowed).await;
    visitor.tab.frame("window.before = true").await;
    visitor.tab.frame(HELD_UP).await;
    visitor.agrees(false).await;
    visitor.tab.until_frame("window.keeps === false").await;
    visitor.tab.show().await;
    link_in_between(&visitor).await;
    visitor.says("Anybody there?").await;
    visitor.shows("Anybody there?", &DELIVERED).await;
    visitor.browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_3_who_agrees_again_before_it_is_all_taken_back_goes_on_with_the_conversation() {
    let stack = Stack::start().await;
    for (round, storage) in Storage::BOTH.into_iter().enumerate() {
        let (mut visitor, other) = taken_back(&stack, storage, false).await;
        visitor.agrees(true).await;
        visitor.tab.until_frame("window.agreed === true").await;
        link_in_between(&visitor).await;
        other.frame("letGo(), true").await;
        visitor.tab.until_frame("window.keeps === true").await;
        visitor.tab.show().await;
        visitor.says("Agreed again").await;
        visitor.shows("Agreed again", &DELIVERED).await;
        visitor.shows("Before", &DELIVERED).await;
        has_cookie(&visitor).await;
        visitor.tab.reload().await;
        visitor.opens().await;
        visitor.shows("Before", &DELIVERED).await;
        visitor.shows("Agreed again", &DELIVERED).await;
        let lines = ledger::whole(&stack, 2 * (round + 1), 30).await;
        assert_eq!(ledger::checked(&lines).len(), round + 1, "one conversation: {lines:#?}");
        visitor.browser.quit().await;
    }
    stack.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_3_who_agrees_again_in_time_is_not_told_afterwards_that_it_was_taken_back() {
    let stack = Stack::start().await;
    let (mut visitor, _other) = taken_back(&stack, Storage::Allowed, false).await;
    visitor.agrees(true).await;
    visitor.tab.until_frame("window.keeps === true").await;
    // The other tab says nothing more, and this one waits for it no longer.
    visitor.tab.until_frame(OVER).await;
    // The next chat of this page begins with what the page outside was told.
    visitor.tab.page("Seawall('shutdown')").await;
    visitor.tab.page("Seawall('boot', { site: 'demo' })").await;
    visitor.opens().await;
    visitor.tab.until_frame("window.keeps === true").await;
    visitor.browser.quit().await;
}

/// Nobody has written anything: the pointer has been over the launcher once.
#[tokio::test(flavor = "multi_thread")]
async fn consent_3_a_cookie_of_a_chat_that_was_only_loaded_is_erased_as_well() {
    let stack = Stack::start().await;
    for attributes in ["data-site=demo", "data-site=demo data-consent=given"] {
        let mut visitor = Visitor::arrives_at(&stack, Storage::Allowed, attributes).await;
        let hover = "document.querySelector('seawall-chat')?.shadowRoot.querySelector('button')\
                     .dispatchEvent(new PointerEvent('pointerenter')) ?? false";
        visitor.tab.until_page(hover).await;
        has_cookie(&visitor).await;
        visitor.tab.until_frame("!!document.querySelector('textarea')").await;
        visitor.tab.reload().await;
        visitor.agrees(false).await;
        visitor.is_stored(<[String]>::is_empty, "nothing is left").await;
        visitor.browser.quit().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_3_what_is_said_before_boot_holds_for_the_site_that_boot_names() {
    let stack = Stack::start().await;
    let mut visitor = Visitor::arrives_at(&stack, Storage::Allowed, "data-consent=required").await;
    visitor.agrees(true).await;
    visitor.tab.page("Seawall('boot', { site: 'demo' })").await;
    let shown = "document.querySelector('seawall-chat').shadowRoot.querySelector('button').hidden === false";
    visitor.tab.until_page(shown).await;
    visitor.opens().await;
    has_cookie(&visitor).await;
    visitor.tab.reload().await;
    visitor.agrees(false).await;
    visitor.tab.page("Seawall('boot', { site: 'demo' })").await;
    visitor.is_stored(<[String]>::is_empty, "nothing is left").await;
    visitor.browser.quit().await;
}

/// What has been said while it slept comes a moment after the chat has woken.
const LATE: &str = "window.BroadcastChannel = class extends BroadcastChannel {\
    set onmessage(heard) {\
        super.onmessage = this.name === 'seawall:demo' ? (event) => setTimeout(heard, 20, event) : heard;\
    } }";

/// A tab that nobody has looked at for a while hears nothing until it wakes.
#[tokio::test(flavor = "multi_thread")]
async fn consent_3_what_is_taken_back_while_a_tab_sleeps_is_taken_back_there_when_it_wakes_and_its_chat_goes_on()
 {
    let stack = Stack::start().await;
    // The conversation is the document's, or the cookie's.
    let each = Storage::BOTH.into_iter().flat_map(|storage| [(storage, false), (storage, true)]);
    for (round, (storage, reloaded)) in each.enumerate() {
        let mut visitor = with_leave(&stack, storage).await;
        if reloaded {
            visitor.tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": LATE })).await;
            visitor.tab.reload().await;
            visitor.opens().await;
            visitor.shows("Before", &DELIVERED).await;
        }
        let other = Tab::open(&visitor.browser, &visitor.url).await;
        sleep(&visitor.tab, true).await;
        other.until_launcher().await;
        other.page("Seawall('setConsent', false)").await;
        let sleeper = std::mem::replace(&mut visitor.tab, other);
        // A database waits for whoever sleeps with it.
        let but_it = |stored: &[String]| stored.iter().all(|one| one == "frame: seawall-demo");
        visitor.is_stored(but_it, "nothing else is left").await;

        let other = std::mem::replace(&mut visitor.tab, sleeper);
        sleep(&visitor.tab, false).await;
        visitor.tab.show().await;
        visitor.tab.until_frame("window.keeps === false").await;
        visitor.says("After").await;
        visitor.shows("After", &DELIVERED).await;
        visitor.shows("Before", &DELIVERED).await;
        visitor.is_stored(<[String]>::is_empty, "nothing is left").await;
        // By this the page's next chat goes, whether or not the page has said anything itself.
        visitor
            .tab
            .until_page("document.querySelector('script[data-site]').dataset.consent === 'refused'")
            .await;
        let lines = ledger::whole(&stack, 2 * (round + 1), 30).await;
        assert_eq!(ledger::checked(&lines).len(), round + 1, "one conversation: {lines:#?}");
        drop(other);
        visitor.browser.quit().await;
    }
    stack.assert_calm();
}

/// A tab that has slept hears an old word. Meanwhile somebody may have agreed again in another one: what there is, is of that.
#[tokio::test(flavor = "multi_thread")]
async fn consent_3_a_word_that_is_more_than_a_minute_old_erases_nothing() {
    let stack = Stack::start().await;
    for storage in Storage::BOTH {
        let mut visitor = with_a_cookie(&stack, storage).await;
        let word = "new BroadcastChannel('seawall:demo').postMessage({ at: Date.now() - 61000 }), true";
        visitor.tab.frame(word).await;
        visitor.tab.until_frame("window.keeps === false").await;
        visitor.tab.until_frame(OVER).await;
        has_cookie(&visitor).await;
        visitor.tab.reload().await;
        visitor.opens().await;
        visitor.tab.until_frame("window.keeps === true").await;
        visitor.shows("Before", &DELIVERED).await;
        visitor.browser.quit().await;
    }
    stack.assert_calm();
}

/// As a browser does it with tabs that nobody has looked at for a while.
async fn sleep(tab: &Tab, asleep: bool) {
    // One that is in front, or for which that is pretended, never sleeps.
    tab.tell("Emulation.setFocusEmulationEnabled", json!({ "enabled": !asleep })).await;
    let state = if asleep { "frozen" } else { "active" };
    tab.tell("Page.setWebLifecycleState", json!({ "state": state })).await;
}

/// A browser keeps a page for "back". Whatever it shows then, the chat in it stores nothing.
#[tokio::test(flavor = "multi_thread")]
async fn consent_3_what_is_taken_back_in_another_tab_is_taken_back_on_a_page_that_the_browser_has_kept() {
    let stack = Stack::start().await;
    for storage in Storage::BOTH {
        let owner =
            Owner::with(stack.edge_port, "data-site=demo data-consent=required", "", storage, Look::WIDE)
                .await;
        owner.call("'setConsent', true").await;
        owner.call("'open'").await;
        owner.says("Before").await;
        let in_frame = async |script: &str| {
            owner.browser.enter_chat().await;
            let said = owner.browser.script(script, vec![]).await;
            owner.browser.leave_chat().await;
            said
        };
        wait::until_true("it is agreed", 30, || async {
            in_frame("return window.keeps === true").await == json!(true)
        })
        .await;
        // Without another word it comes back as it was.
        owner.leaves_and_comes_back("").await;
        owner.says("As it was").await;

        owner.leaves().await;
        let client = &owner.browser.client;
        let kept = client.window().await.expect("a window");
        let other = client.new_window(true).await.expect("a tab").handle;
        client.switch_to_window(other).await.expect("the tab");
        owner.load().await;
        owner.call("'setConsent', false").await;
        let marks = "return Object.keys(localStorage).filter((name) => name.startsWith('seawall'))";
        wait::until_true("nothing is left", 30, || async {
            owner.browser.script(marks, vec![]).await == json!([])
        })
        .await;
        client.switch_to_window(kept).await.expect("the tab");
        owner.goes_back().await;
        owner.browser.script("Seawall('open')", vec![]).await;
        owner.says("After").await;
        let stored = "return (async () => [!!window.keeps, document.cookie,\
                      await indexedDB.databases().then((all) => all.length, () => 0)])()";
        assert_eq!(in_frame(stored).await, json!([false, "", 0]), "{storage:?}");
        assert_eq!(owner.browser.script(marks, vec![]).await, json!([]), "{storage:?}");
        owner.browser.quit().await;
    }
}
