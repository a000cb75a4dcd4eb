//! The tab that holds the link for a browser's others falls silent, is not the only one, sleeps, or has very many to serve (LINK-5).
//! Where the frame is denied storage it is denied locks, too, and the tabs elect who leads.

use serde_json::{Value, json};
use tests::harness::browser::Storage;
use tests::harness::cdp::Chromium;
use tests::harness::ledger::{self, Line};
use tests::harness::sockets::Sockets;
use tests::harness::stack::Stack;
use tests::harness::tab::{PATIENT, Tab};

/// What a tab says to the others is held up, as by a page that is busy, until `loosen()`. `but` is said at once.
fn gag(but: &str) -> String {
    format!(
        "const post = BroadcastChannel.prototype.postMessage; const kept = [];\
         BroadcastChannel.prototype.postMessage = function (said) {{ {but} ? post.call(this, said) : kept.push(() => post.call(this, said)) }};\
         window.loosen = () => {{ BroadcastChannel.prototype.postMessage = post; kept.splice(0).forEach((say) => say()) }}; true"
    )
}

async fn reads(tab: &Tab, text: &str) {
    tab.until_frame(&format!("document.querySelector('[role=log]').innerText.includes({})", json!(text)))
        .await;
}

/// What was said in these tabs, each once; each tab's own in the order of saying.
async fn all_said(stack: &Stack, by_tab: &[&[&str]]) {
    let lines: Vec<Line> = ledger::whole(stack, by_tab.iter().map(|texts| texts.len()).sum(), 30).await;
    assert_eq!(ledger::checked(&lines).len(), 1, "one conversation");
    for texts in by_tab {
        let found: Vec<_> =
            lines.iter().map(|line| &*line.text).filter(|text| texts.contains(text)).collect();
        assert_eq!(found, *texts);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_that_the_leading_one_does_not_answer_has_a_socket_of_its_own_until_it_does() {
    for storage in Storage::BOTH {
        let stack = Stack::start().await;
        let sockets = Sockets::count(stack.edge_port).await;
        let browser = Chromium::start_with(storage).await;
        let first = Tab::chat(&browser, sockets.port, "").await;
        first.say_in_front("From the one that leads").await;
        // It still says that it leads: in an election another one would take its place.
        first.frame(&gag("said.here")).await;
        let second = Tab::chat(&browser, sockets.port, "").await;
        reads(&second, "From the one that leads").await;
        second.say_in_front("Past the silent one").await;
        sockets.are(2).await;
        reads(&first, "Past the silent one").await;
        first.say_in_front("I am only slow").await;
        reads(&second, "I am only slow").await;

        first.frame("loosen(), true").await;
        sockets.are(1).await;
        second.say_in_front("Through it again").await;
        reads(&first, "Through it again").await;
        first.say_in_front("Here I am").await;
        reads(&second, "Here I am").await;
        sockets.are(1).await;
        let of_the_first: &[_] = &["From the one that leads", "I am only slow", "Here I am"];
        all_said(&stack, &[of_the_first, &["Past the silent one", "Through it again"]]).await;
    }
}

/// An election in which nobody is heard has two winners.
#[tokio::test(flavor = "multi_thread")]
async fn link_5_of_two_tabs_that_lead_one_gives_way_and_nothing_is_lost_or_doubled() {
    // Of two the lesser name goes on, and a name is the first thing that a frame makes by chance.
    for chances in [[0.2, 0.7], [0.7, 0.2]] {
        let stack = Stack::start().await;
        let sockets = Sockets::count(stack.edge_port).await;
        let browser = Chromium::start_with(Storage::Denied).await;
        let first = named(&browser, sockets.port, chances[0]).await;
        first.say_in_front("First").await;
        first.frame(&gag("false")).await;
        let second = named(&browser, sockets.port, chances[1]).await;
        reads(&second, "First").await;
        second.say_in_front("Second").await;
        sockets.are(2).await;
        reads(&first, "Second").await;

        // What is on its way when they hear of each other comes as well.
        let write = |text: &str| {
            format!(
                "(() => {{ const area = document.querySelector('textarea'); area.value = '{text}';\
                 area.dispatchEvent(new InputEvent('input', {{ bubbles: true }})); area.form.requestSubmit(); return true }})()"
            )
        };
        second.frame(&write("Third")).await;
        first.frame(&write("Fourth")).await;
        first.frame(&format!("loosen(); {}", write("Fifth"))).await;
        sockets.are(1).await;
        first.say_in_front("Sixth").await;
        second.say_in_front("Seventh").await;
        for tab in [&first, &second] {
            for text in ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh"] {
                reads(tab, text).await;
            }
            let rows = tab.frame("document.querySelectorAll('[data-by=own] .bubble').length").await;
            assert_eq!(rows, Some(json!(7)), "each once on the screen");
        }
        sockets.are(1).await;
        all_said(&stack, &[&["First", "Fourth", "Fifth", "Sixth"], &["Second", "Third", "Seventh"]]).await;
    }
}

/// The chat in a tab whose name among the others is made of this number.
async fn named(browser: &Chromium, port: u16, chance: f64) -> Tab {
    let once = format!("Math.random = ((random) => () => (Math.random = random, {chance}))(Math.random)");
    let tab = Tab::shop_after(browser, port, &once).await;
    tab.open_chat().await;
    tab
}

/// The chat in a tab that gives the others time.
async fn patient(browser: &Chromium, port: u16) -> Tab {
    let tab = Tab::shop_after(browser, port, PATIENT).await;
    tab.open_chat().await;
    tab
}

#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_leading_tab_that_the_browser_puts_to_sleep_hands_the_link_on_and_talks_again_when_awake() {
    for storage in Storage::BOTH {
        let stack = Stack::start().await;
        let sockets = Sockets::count(stack.edge_port).await;
        let browser = Chromium::start_with(storage).await;
        let first = patient(&browser, sockets.port).await;
        first.say_in_front("Good night").await;
        let second = patient(&browser, sockets.port).await;
        reads(&second, "Good night").await;
        second.say_in_front("I stay up").await;
        sockets.are(1).await;
        assert_eq!(sockets.opened(), 1, "{storage:?}");

        sleep(&first, true).await;
        sockets.opened_are(2).await;
        sockets.are(1).await;
        second.say_in_front("While the other one sleeps").await;

        sleep(&first, false).await;
        first.show().await;
        reads(&first, "While the other one sleeps").await;
        first.say_in_front("Good morning").await;
        reads(&second, "Good morning").await;
        sockets.are(1).await;

        // One that follows sleeps as well; nobody's socket is touched.
        let before = sockets.opened();
        second.show().await;
        sleep(&first, true).await;
        second.say_in_front("Again").await;
        sleep(&first, false).await;
        first.show().await;
        reads(&first, "Again").await;
        first.say_in_front("And here").await;
        sockets.are(1).await;
        assert_eq!(sockets.opened(), before, "{storage:?}");
        let of_the_second: &[_] = &["I stay up", "While the other one sleeps", "Again"];
        all_said(&stack, &[&["Good night", "Good morning", "And here"], of_the_second]).await;
    }
}

/// A regression: the lock came to a tab that had let go of it already, which held it from then on and did not lead.
#[tokio::test(flavor = "multi_thread")]
async fn link_5_a_tab_that_falls_asleep_while_it_asks_for_the_lock_leads_when_it_is_awake_again() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let browser = Chromium::start().await;
    let tab = Tab::chat(&browser, sockets.port, "").await;
    tab.say("Good night").await;
    let asleep = "const say = (what) => document.dispatchEvent(new Event(what));\
        const { request } = LockManager.prototype;\
        LockManager.prototype.request = function (...asked) {\
            LockManager.prototype.request = request;\
            const answer = request.apply(this, asked);\
            say('freeze'), say('resume'), window.slept = true;\
            return answer;\
        };\
        say('freeze'), say('resume'), true";
    tab.frame(asleep).await;
    tab.until_frame("window.slept").await;
    tab.say("Good morning").await;
    let locks =
        "navigator.locks.query().then(({ held, pending }) => held.length === 1 && pending.length === 0)";
    tab.until_frame(locks).await;
    sockets.are(1).await;
    all_said(&stack, &[&["Good night", "Good morning"]]).await;
}

/// As a browser does it with tabs that nobody has looked at for a while.
async fn sleep(tab: &Tab, asleep: bool) {
    // One that is in front, or for which that is pretended, never sleeps.
    tab.tell("Emulation.setFocusEmulationEnabled", json!({ "enabled": !asleep })).await;
    let state = if asleep { "frozen" } else { "active" };
    tab.tell("Page.setWebLifecycleState", json!({ "state": state })).await;
}

/// Fifty-one tabs, as many as share. They are frames of one page on the edge's own host, which costs less than as many windows; to
/// each other they are what tabs are: documents with one storage.
#[tokio::test(flavor = "multi_thread")]
async fn link_5_fifty_tabs_follow_one_that_has_the_only_socket_and_read_the_same() {
    let stack = Stack::start().await;
    let sockets = Sockets::count(stack.edge_port).await;
    let browser = Chromium::start().await;
    let page = Tab::open(&browser, "about:blank").await;
    page.tell("Page.setBypassCSP", json!({ "enabled": true })).await;
    page.tell("Page.addScriptToEvaluateOnNewDocument", json!({ "source": UNWEARIED })).await;
    page.go(&format!("http://localhost:{}/v1/status", sockets.port)).await;
    let grow = async |by: u32| {
        let add = format!(
            "for (let n = 0; n < {by}; n++) document.body.appendChild(document.createElement('iframe')).src = '/frame/demo'"
        );
        page.page(&format!("{CHATS}; {add}; true")).await;
    };
    let all = async |what: &str, limit_s: u64| {
        let condition = format!("chats().every((chat) => {what})");
        page.until_page_within(&condition, limit_s).await;
    };
    let read = |text: &str| format!("chat.querySelector('[role=log]')?.innerText.includes('{text}')");
    let say = async |chat: u32, text: &str| {
        let write = format!(
            "(() => {{ const area = chats()[{chat}].querySelector('textarea'); area.value = '{text}';\
             area.dispatchEvent(new InputEvent('input', {{ bubbles: true }})); area.form.requestSubmit(); return true }})()"
        );
        assert_eq!(page.page(&write).await, Some(Value::Bool(true)));
        all(&read(text), 60).await;
    };
    grow(1).await;
    // The first one also says who the visitor is.
    all("!!chat.querySelector('textarea[aria-describedby]')", 30).await;
    say(0, "From the first").await;
    grow(50).await;
    all(&read("From the first"), 120).await;
    sockets.are(1).await;
    say(50, "From the last").await;
    say(25, "From one between").await;
    sockets.are(1).await;
    assert_eq!(sockets.opened(), 1);
    let texts = ["From the first", "From the last", "From one between"];
    all_said(&stack, &[&texts]).await;

    // One more is one too many, and talks all the same.
    page.page("window.impatient = true").await;
    grow(1).await;
    all(&read("From one between"), 60).await;
    sockets.are(2).await;
    say(51, "By a socket of my own").await;
    let of_them = "[...chat.querySelectorAll('[data-by=own] .text')].map((text) => text.innerText).join()";
    all(&format!("{of_them} == '{},By a socket of my own'", texts.join(",")), 60).await;
}

/// However busy the machine is that has so many chats to load, nobody takes the leading one for gone (after 1 s), until it is said.
const UNWEARIED: &str = "{ const later = setTimeout;\
    window.setTimeout = (act, ms, ...rest) => (ms !== 1000 || top.impatient) && later(act, ms, ...rest) }";

const CHATS: &str =
    "window.chats = () => [...document.querySelectorAll('iframe')].map((frame) => frame.contentDocument)";
