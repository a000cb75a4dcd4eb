//! The tab that holds the link for a browser's others can have none itself any more, or not yet: another one has it (LINK-5).

use serde_json::json;
use tests::harness::browser::Storage;
use tests::harness::cdp::Chromium;
use tests::harness::ledger;
use tests::harness::proxy::Proxy;
use tests::harness::sockets::Sockets;
use tests::harness::stack::Stack;
use tests::harness::tab::{PATIENT, Tab};
use tests::harness::tokens::{now_s, of_the_shop};
use tests::harness::wait;

/// Whoever leads, the other tab's session has stopped, and stays open.
#[tokio::test(flavor = "multi_thread")]
async fn forget_1_the_chat_begins_anew_in_the_tab_that_has_forgotten_while_another_one_stays_open() {
    for storage in Storage::BOTH {
        for leads in [0, 1] {
            let stack = Stack::start().await;
            let sockets = Sockets::count(stack.edge_port).await;
            let browser = Chromium::start_with(storage).await;
            let tabs =
                [Tab::chat(&browser, sockets.port, "").await, Tab::chat(&browser, sockets.port, "").await];
            let (one, other) = (&tabs[leads], &tabs[1 - leads]);
            one.say_in_front("To be forgotten").await;
            other.say_in_front("And this").await;
            sockets.are(1).await;
            one.show().await;
            one.frame("window.before = true").await;
            one.page("Seawall('forget'); true").await;
            one.until_frame("!window.before && !!document.querySelector('textarea[aria-describedby]')").await;
            one.say_in_front("Anew").await;
            // The other one is told to be loaded anew, and has its part in the new conversation then.
            other.until_frame("document.querySelector('.banner').innerText.length > 9").await;
            other.reload().await;
            other.until_page("!!document.querySelector('seawall-chat')").await;
            other.open_chat().await;
            other.say_in_front("Here as well").await;
            sockets.are(1).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_that_runs_no_app_leaves_the_link_to_one_that_does() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let browser = Chromium::start_with(Storage::Allowed).await;
    let form = Tab::shop_after(&browser, sockets.port, "delete window.WebAssembly").await;
    form.press_launcher().await;
    form.until_frame("!!document.querySelector('.contact input')").await;
    sockets.are(0).await;
    let tab = Tab::chat(&browser, sockets.port, "").await;
    tab.say_in_front("From the app").await;
    let third = Tab::chat(&browser, sockets.port, "").await;
    third.say_in_front("From a third").await;
    sockets.are(1).await;
    ledger::whole(&stack, 2, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_whose_app_does_not_come_answers_nobody_once_its_first_link_is_gone() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let browser = Chromium::start_with(Storage::Allowed).await;
    // Neither does the form.
    let first = Tab::shop(&browser, proxy.port, "", "data-site=demo").await;
    first.order("Network.setBlockedURLs", json!({ "urls": ["*/widget*", "*/form*"] })).await;
    first.press_launcher().await;
    first.until_frame("!!document.querySelector('textarea')").await;
    let second = Tab::chat(&browser, proxy.port, "").await;
    second.say_in_front("Through the other one").await;
    proxy.reset();
    second.say_in_front("By myself").await;
    first.order("Network.setBlockedURLs", json!({ "urls": [] })).await;
    first.frame("Math.random = () => 0").await;
    first.until_frame("!!document.querySelector('textarea[aria-describedby]')").await;
    first.say_in_front("Here I am").await;
    second.say_in_front("Through it again").await;
    let lines = ledger::whole(&stack, 4, 30).await;
    assert_eq!(ledger::checked(&lines).len(), 1, "one conversation");
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_whose_app_has_broken_leaves_the_link_to_another() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let browser = Chromium::start_with(Storage::Allowed).await;
    let broken = Tab::chat(&browser, sockets.port, "").await;
    for _ in 0..4 {
        broken.until_frame("!!document.querySelector('textarea[aria-describedby]')").await;
        broken
            .frame("window.before = 1; Node.prototype.insertBefore = Node.prototype.appendChild = () => { throw Error('broken by a test') }; true")
            .await;
        broken.page("Seawall('send', 'Again'); true").await;
        broken
            .until_frame("!window.before || document.body.innerText.includes('Something went wrong')")
            .await;
    }
    broken.until_frame("document.body.innerText.includes('Something went wrong')").await;
    sockets.are(0).await;
    let tab = Tab::chat(&browser, sockets.port, "").await;
    tab.say_in_front("From a chat that works").await;
    sockets.are(1).await;
}

/// The chat of somebody for whom the page vouches once, with this token, in a tab that gives the others time.
async fn vouched(browser: &Chromium, port: u16, token: &str) -> Tab {
    vouched_after(PATIENT, browser, port, token).await
}

async fn vouched_after(script: &str, browser: &Chromium, port: u16, token: &str) -> Tab {
    let tab = Tab::shop_after(browser, port, script).await;
    tab.page(&format!("Seawall('identify', {{ token: '{token}' }}), true")).await;
    tab.open_chat().await;
    tab
}

/// A regression: what another tab had said while it led, heard after the lock had come, left nobody to lead.
#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_that_holds_the_lock_leads_whatever_another_one_says_late() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let browser = Chromium::start().await;
    let first = Tab::chat(&browser, sockets.port, "").await;
    first.say_in_front("I hold it").await;
    let second = Tab::chat(&browser, sockets.port, "").await;
    second.say_in_front("I do not").await;
    let late = "navigator.locks.query().then(({ held }) => new BroadcastChannel(held[0].name).postMessage({ here: '0' })), true";
    second.frame(late).await;
    second.say_in_front("And now").await;
    first.say_in_front("Still me").await;
    sockets.are(1).await;
    second.say_in_front("Still you").await;
    assert_eq!(sockets.opened(), 1);
    ledger::whole(&stack, 5, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn link_6_where_the_leading_tabs_token_is_over_another_ones_holds_the_link_and_all_go_on() {
    for storage in Storage::BOTH {
        let stack = Stack::start().await;
        let sockets = Sockets::count(stack.edge_port).await;
        let browser = Chromium::start_with(storage).await;
        let life_s = 15;
        let until_s = now_s() + life_s;
        let first = vouched(&browser, sockets.port, &of_the_shop("a", "Vera Lund", life_s as i64)).await;
        first.frame("window.ended = 0; addEventListener('4441', () => ended++), true").await;
        first.say_in_front("From the one that leads").await;
        let newer = of_the_shop("a", "Vera Lund", 3_600);
        let second = vouched(&browser, sockets.port, &newer).await;
        let third = vouched(&browser, sockets.port, &newer).await;
        second.say_in_front("From the second").await;
        third.say_in_front("From the third").await;
        sockets.are(1).await;
        wait::until_true("the leading tab's token is over", 30, || async { now_s() > until_s }).await;
        // With this the edge ends the link.
        second.say_in_front("Over a link that ends").await;
        first.until_frame("ended > 0").await;
        third.say_in_front("And over the next").await;
        // Its page has no newer token; the chat goes on by the others'.
        first.say_in_front("Still here").await;
        sockets.are(1).await;
        let all = [
            "From the one that leads",
            "From the second",
            "From the third",
            "Over a link that ends",
            "And over the next",
            "Still here",
        ];
        for tab in [&first, &second, &third] {
            let own = "[...document.querySelectorAll('[data-by=own] .text')].map((text) => text.innerText)";
            tab.until_frame(&format!("{own}.join() == '{}'", all.join(","))).await;
        }
        let lines = ledger::whole(&stack, all.len(), 30).await;
        assert_eq!(ledger::checked(&lines).len(), 1, "one conversation");
        assert_eq!(lines.iter().map(|line| &*line.text).collect::<Vec<_>>(), all);
    }
}

/// No app tries again by itself from now on, however soon or late it would; `quiet()` once the tabs have nothing to say to each other.
const LEFT_TO_OTHERS: &str = "{ const later = setTimeout; window.setTimeout = (act, ms, ...rest) => (ms > 1000 ? 0 : later(act, ms, ...rest));\
    const { postMessage } = BroadcastChannel.prototype; let said = 0;\
    BroadcastChannel.prototype.postMessage = function (what) { said = Date.now(); postMessage.call(this, what) };\
    addEventListener('left', (event) => event.stopImmediatePropagation(), true);\
    window.quiet = () => Date.now() - said > 1500 }; true";

/// A regression: where the place to lead had gone round in vain, the newer token waited until the leading tab tried again (RECONNECT-2).
#[tokio::test(flavor = "multi_thread")]
async fn link_6_where_every_tabs_token_is_over_a_newer_one_in_any_of_them_is_enough_for_all() {
    for storage in Storage::BOTH {
        let stack = Stack::start().await;
        let sockets = Sockets::count(stack.edge_port).await;
        let browser = Chromium::start_with(storage).await;
        let life_s = 30;
        let until_s = now_s() + life_s;
        let token = of_the_shop("a", "Vera Lund", life_s as i64);
        // Quicker than the others, which are as slow as a browser makes tabs that nobody sees: where they elect who leads, it would have
        // taken the place back that it had just left.
        let mut tabs = vec![vouched_after("", &browser, sockets.port, &token).await];
        tabs[0].say_in_front("While it lasts").await;
        for _ in 0..3 {
            tabs.push(vouched(&browser, sockets.port, &token).await);
        }
        for tab in &tabs {
            tab.frame(LEFT_TO_OTHERS).await;
        }
        wait::until_true("the token is over", 60, || async { now_s() > until_s }).await;
        for tab in [&tabs[0], &tabs[3]] {
            tab.show().await;
            tab.page("Seawall('send', 'After that'), true").await;
            tab.until_frame("!!document.querySelector('[data-state=queued]')").await;
        }
        for tab in &tabs {
            tab.until_frame("quiet()").await;
        }
        // Whoever leads by now, and whoever is next.
        let newer = of_the_shop("a", "Vera Lund", 3_600);
        tabs[3].page(&format!("Seawall('identify', {{ token: '{newer}' }}), true")).await;
        for tab in &tabs {
            tab.until_frame(
                "document.querySelectorAll('[data-by=own]:has([data-state=delivered])').length == 3",
            )
            .await;
        }
        sockets.are(1).await;
        let lines = ledger::whole(&stack, 3, 30).await;
        assert_eq!(ledger::checked(&lines).len(), 1, "one conversation");
    }
}
