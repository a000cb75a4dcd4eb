//! A long conversation, and messages that are refused, with the buttons that are for them.

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::cdp::Chromium;
use tests::harness::chat::Chat;
use tests::harness::ledger;
use tests::harness::pair::Pair;
use tests::harness::person::Person;
use tests::harness::stack::{ADA, Stack};
use tests::harness::tab::Tab;
use tests::harness::wait;
use tests::harness::wire::Door;

/// More than twice what is in the document at once.
const MESSAGES: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_is_read_back_to_its_beginning_and_to_its_end_again() {
    let stack = Stack::start().await;
    let much = json!({ "messages_per_conversation": { "at_once": 1000, "per_minute": 1000 } });
    stack.site("much", much).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.go(&format!("http://127.0.0.1:{}/demo/?site=much", stack.edge_port)).await;
    browser.click("button", "Open chat").await;
    let listen = "window.heard = []; window.link = ''; Seawall('on', 'error', (error) => heard.push(error.code));\
                  Seawall('on', 'health', (health) => (window.link = health.link))";
    browser.script(listen, vec![]).await;
    wait::until_true("the chat is live", 30, || async {
        browser.script("return window.link", vec![]).await == json!("live")
    })
    .await;
    let say = format!("for (let n = 1; n <= {MESSAGES}; n++) Seawall('send', `Message ${{n}} of many`)");
    browser.script(&say, vec![]).await;
    browser.script("Seawall('send', 'x'.repeat(4001))", vec![]).await;
    wait::until_true("a text that is too long is refused", 30, || async {
        browser.script("return heard", vec![]).await == json!(["text-too-long"])
    })
    .await;
    browser.enter_chat().await;
    let last = format!("Message {MESSAGES} of many");
    browser.state(&last, &["Sent", "Delivered"], 60).await;
    let shown = async || browser.messages().await;
    assert!(shown().await.len() <= 50, "only a window of them is in the document");

    let scroll = "document.querySelector('[role=log]').scrollTop = arguments[0]";
    let first = "Message 1 of many".to_owned();
    wait::until_true("the beginning is reached", 60, || async {
        let list = shown().await;
        if list.first() == Some(&first) {
            return true;
        }
        // As a finger does; the driver cannot scroll a log that is laid out from its end.
        browser.script(scroll, vec![json!(-1_000_000)]).await;
        browser.click("button", "Earlier messages").await;
        false
    })
    .await;
    browser.gone("button", "Earlier messages").await;
    let list = shown().await;
    let wanted: Vec<String> = (1..=list.len()).map(|n| format!("Message {n} of many")).collect();
    assert_eq!(list, wanted, "in order and without a hole");

    browser.click("button", "Latest").await;
    wait::until_true("the end is reached", 30, || async { shown().await.last() == Some(&last) }).await;
    browser.gone("button", "Latest").await;
    // Scrolled up, what is read stays; at the end again it follows.
    browser.script(scroll, vec![json!(-2000)]).await;
    browser.leave_chat().await;
    browser.script("Seawall('send', 'One more')", vec![]).await;
    browser.enter_chat().await;
    // Whoever writes wants to see it.
    wait::until_true("it is in sight", 30, || async {
        shown().await.last().is_some_and(|one| one == "One more")
    })
    .await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_meanwhile_stands_under_a_line_and_is_counted_on_the_way_back_to_the_end() {
    let stack = Stack::start().await;
    let pair = Pair::open(Storage::Allowed).await;
    let (visitor, agent) = (&pair.visitor, &pair.agent);
    pair.begin(&stack).await;
    agent.say("We do.").await;
    visitor.reads("We do.", 30).await;
    let face =
        "return [...document.querySelectorAll('.face')].map((face) => face.textContent + face.ariaHidden)";
    assert_eq!(
        visitor.script(face, vec![]).await,
        json!(["AFtrue"]),
        "Ada has a face, and her name is not read twice"
    );
    visitor.gone("[role=log] [data-fresh]", "").await;

    visitor.leave_chat().await;
    visitor
        .script(
            "Seawall('close'); document.querySelector('script[data-site]').dataset.titleBadge = ''",
            vec![],
        )
        .await;
    let title = visitor.script("return document.title", vec![]).await;
    agent.say("Twice a week.").await;
    agent.say("By ship.").await;
    wait::until_true("two are unread", 30, || async {
        visitor
            .script(
                "return document.querySelector('seawall-chat').shadowRoot.querySelector('b')?.textContent",
                vec![],
            )
            .await
            == json!("2")
    })
    .await;
    let named = visitor.script("return document.title", vec![]).await;
    assert_eq!(named.as_str(), Some(format!("(2) {}", title.as_str().unwrap_or_default())).as_deref());
    visitor.script("Seawall('open')", vec![]).await;
    wait::until_true("the page has its title again", 30, || async {
        visitor.script("return document.title", vec![]).await == title
    })
    .await;
    visitor.enter_chat().await;
    visitor.find("[role=log] [data-fresh]", "New messages").await;
    let after = "return document.querySelector('[data-fresh]').nextElementSibling.textContent.includes('Twice a week.')";
    assert_eq!(visitor.script(after, vec![]).await, json!(true));

    // Who reads further up is told how many have come since.
    let much = "x\n".repeat(60);
    let fill = "const area = document.querySelector('textarea'); area.value = arguments[0];\
        area.dispatchEvent(new InputEvent('input', { bubbles: true })); document.querySelector('form').requestSubmit()";
    visitor.script(fill, vec![json!(much)]).await;
    // What one writes oneself brings one to the end; only then somebody scrolls up.
    visitor.state("x", &["Sent", "Delivered", "Seen"], 30).await;
    agent.reads("x", 30).await;
    visitor.script("document.querySelector('[role=log]').scrollTop = -400", vec![]).await;
    agent.say("Anything else?").await;
    visitor.find("button", "1 new message").await;
    visitor.click("button", "1 new message").await;
    visitor.gone("button", "1 new message").await;
    visitor.reads("Anything else?", 30).await;
    pair.visitor.quit().await;
    pair.agent.quit().await;
}

/// Much comes, and each drawing takes 40 ms: what has come meanwhile is drawn together, and in between there is time for keys.
#[tokio::test(flavor = "multi_thread")]
async fn drawing_takes_no_more_than_a_sixth_of_the_thread() {
    let stack = Stack::start().await;
    let much = json!({ "messages_per_conversation": { "at_once": 1000, "per_minute": 1000 } });
    stack.site("much", much).await;
    let browser = Chromium::start().await;
    let tab = Tab::shop(&browser, stack.edge_port, "", "data-site=much").await;
    tab.open_chat().await;
    tab.say("Is anybody there?").await;
    let slow = "window.drawn = []; new MutationObserver(() => { const now = performance.now(); drawn.push(now); \
                while (performance.now() < now + 40); }).observe(document.querySelector('.rows'), { childList: true })";
    tab.frame(slow).await;
    let flood = "window.heard = 0; Seawall('on', 'sent', ({ seq }) => (heard = seq)); \
                 let n = 0; const timer = setInterval(() => ++n > 90 ? clearInterval(timer) : Seawall('send', 'Message ' + n), 25)";
    tab.page(flood).await;
    tab.until_frame("document.querySelector('[role=log]').innerText.includes('Message 90')").await;
    tab.until_page("heard == 91").await;
    let drawn = tab.frame("drawn").await.expect("times");
    let drawn: Vec<f64> = drawn.as_array().expect("times").iter().filter_map(Value::as_f64).collect();
    let mut gaps: Vec<f64> = drawn.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_by(f64::total_cmp);
    // Scrolling draws as well, in between. After 40 ms it is 250 ms without.
    assert!(gaps.len() > 3 && gaps[gaps.len() / 2] > 260.0, "{gaps:?} ms between two drawings");
}

/// The new log counts from 1 again.
#[tokio::test(flavor = "multi_thread")]
async fn epoch_2_what_an_agent_says_after_the_edge_has_lost_the_conversation_is_read_aloud() {
    let mut chat = Chat::open("").await;
    let tab = &chat.tab;
    for n in 1..=4 {
        tab.say(&format!("Message {n}")).await;
    }
    let conversation = ledger::whole(&chat.stack, 4, 30).await[0].conversation.clone();
    let cookie = chat.stack.log_in(ADA).await;
    chat.stack.kill_edge();
    let stored = chat.stack.data().join("edge/seawall-conversation");
    std::fs::remove_dir_all(&stored).unwrap_or_else(|error| panic!("{}: {error}", stored.display()));
    chat.stack.start_edge();
    chat.stack.ready().await;
    tab.say("Is anybody there?").await;
    let agent = Person::agent(Door::conversation(chat.stack.edge_port, &cookie, &conversation));
    agent.live().await;
    agent.write("Good morning");
    tab.until_frame("[...document.querySelectorAll('[aria-live=polite] p')].some((one) => one.textContent.includes('Good morning'))")
        .await;
}
