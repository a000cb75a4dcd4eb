//! What a visitor chooses in the chat's menu, and who is said to be there.

use serde_json::{Value, json};
use shared::session::Input;
use tests::harness::cdp::Chromium;
use tests::harness::chat::Chat;
use tests::harness::person::Person;
use tests::harness::stack::{ADA, Stack};
use tests::harness::tab::Tab;
use tests::harness::wait;
use tests::harness::wire::Door;

/// Counts the notes that would be heard.
const EAR: &str = "window.notes = 0; window.AudioContext = class { currentTime = 0; destination = {}; resume() {}\
    createOscillator() { return { frequency: {}, connect: (next) => next, start: () => notes++, stop() {} } }\
    createGain() { return { gain: { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (next) => next } } }";

/// Counts how often it would have rung, if that was wanted.
const RINGS: &str = "window.rings = 0; (window.bell ??= new BroadcastChannel('seawall-demo-bell')).onmessage = () => rings++; true";

const MENU: &str = "document.querySelector('.menu')";

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_is_worked_by_keys_closes_with_escape_and_remembers_what_was_chosen() {
    let chat = Chat::open("").await;
    let tab = &chat.tab;
    let sound = "[...document.querySelectorAll('.popup input')].find((one) => one.labels[0].innerText.includes('Sound'))";
    let open = async || {
        tab.focus(".menu").await;
        tab.press("Enter").await;
        tab.until_frame(&format!("{MENU}.ariaExpanded == 'true' && document.activeElement == {sound}")).await;
    };
    open().await;
    assert_eq!(tab.frame(&format!("{sound}.checked")).await, Some(json!(true)));
    tab.press(" ").await;
    tab.until_frame(&format!("!{sound}.checked")).await;
    tab.press("Escape").await;
    tab.until_frame(&format!(
        "{MENU}.ariaExpanded == 'false' && !document.querySelector('.popup') && document.activeElement == {MENU}"
    ))
    .await;
    assert_eq!(
        tab.page("document.querySelector('seawall-chat').shadowRoot.querySelector('div').className").await,
        Some(json!("true")),
        "the chat stays open"
    );
    // It stands between the button and the next one: whoever goes on leaves it.
    open().await;
    tab.press("Shift+Tab").await;
    tab.until_frame(&format!("document.activeElement == {MENU} && !document.querySelector('.popup')")).await;
    open().await;
    tab.until_frame("document.querySelectorAll('.popup input').length == 2").await;
    for focused in
        ["document.activeElement.type == 'checkbox'", "document.activeElement.className == 'close'"]
    {
        tab.press("Tab").await;
        tab.until_frame(focused).await;
    }
    tab.until_frame("!document.querySelector('.popup')").await;
    // The button closes it again, and so does whatever is done elsewhere.
    for _ in 0..2 {
        tab.frame(&format!("{MENU}.click(), true")).await;
        tab.until_frame("!!document.querySelector('.popup')").await;
        tab.frame(&format!("{MENU}.click(), true")).await;
        tab.until_frame(&format!("!document.querySelector('.popup') && {MENU}.ariaExpanded == 'false'"))
            .await;
    }
    open().await;
    tab.focus("textarea").await;
    tab.until_frame("!document.querySelector('.popup') && document.activeElement.tagName == 'TEXTAREA'")
        .await;

    tab.reload().await;
    tab.until_launcher().await;
    tab.open_chat().await;
    open().await;
    assert_eq!(tab.frame(&format!("{sound}.checked")).await, Some(json!(false)), "remembered");
    assert_eq!(tab.page("complaints").await, Some(json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_10_who_answers_is_named_and_whoever_does_not_look_hears_it_unless_muted() {
    let chat = Chat::open("").await;
    let tab = &chat.tab;
    tab.say("Do you ship to Norway?").await;
    tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": EAR })).await;
    tab.reload().await;
    tab.until_launcher().await;
    tab.until_app().await;
    let agent = Person::ada(&chat.stack).await;
    let presence =
        |words: &str| format!("document.querySelector('.presence').textContent == {}", json!(words));
    let console = Person::inbox(Door::inbox(chat.stack.edge_port, &chat.stack.log_in(ADA).await));
    console.live().await;
    tab.until_frame(&presence("We are here for you")).await;
    let unread = |count: u32| {
        format!(
            "document.querySelector('seawall-chat').shadowRoot.querySelector('b')?.textContent == '{count}'"
        )
    };

    // The chat is closed, and nobody has done anything on this page yet.
    tab.frame(RINGS).await;
    agent.write("We do.");
    tab.until_page(&unread(1)).await;
    tab.until_frame("/^Ada.* is here$/.test(document.querySelector('.presence').textContent)").await;
    tab.until_frame("rings == 1").await;
    assert_eq!(tab.frame("notes").await, Some(json!(0)), "nobody is startled");

    // A person has done something, and looks: no sound. Then the chat is closed: two notes.
    tab.open_chat().await;
    tab.say("How often?").await;
    agent.write("Twice a week.");
    tab.until_frame("document.querySelector('[role=log]').innerText.includes('Twice a week.')").await;
    tab.page("Seawall('close')").await;
    agent.write("On Mondays and Thursdays.");
    tab.until_page(&unread(1)).await;
    tab.until_frame("notes == 2").await;

    // Muted.
    tab.page("Seawall('open')").await;
    tab.focus(".menu").await;
    tab.press("Enter").await;
    tab.until_frame("document.activeElement.type == 'checkbox'").await;
    tab.press(" ").await;
    tab.until_frame("!document.activeElement.checked").await;
    tab.press("Escape").await;
    tab.page("Seawall('close')").await;
    tab.frame(RINGS).await;
    agent.write("By ship.");
    tab.until_frame("rings == 1").await;
    assert_eq!(tab.frame("notes").await, Some(json!(2)));

    // Who goes is not said to be there.
    agent.input(Input::Looking(false));
    drop(agent);
    tab.until_frame(&presence("We are here for you")).await;
    drop(console);
    tab.until_frame(&presence("Write to us at any time")).await;
}

/// Writes down what would be shown.
const SHOWN: &str = "window.shown = []; window.Notification = class extends Notification { constructor(words, more) { super(words, more); shown.push(words + ' ' + more.tag); window.last = this } };";

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_asked_for_by_a_click_shown_without_the_words_and_lead_back_to_the_chat() {
    let chat = Chat::open("").await;
    let tab = &chat.tab;
    let permit = async |setting: &str| {
        let permission = json!({ "permission": { "name": "notifications" }, "setting": setting });
        chat.browser.cdp.call("", "Browser.setPermission", permission).await;
    };
    tab.say("Do you ship to Norway?").await;
    let notify = "[...document.querySelectorAll('.popup input')].find((one) => one.labels[0].innerText.includes('Notifications'))";
    let menu = async || {
        tab.focus(".menu").await;
        tab.press("Enter").await;
        tab.until_frame(&format!("!!{notify}")).await;
    };
    // Refused for good: that is said, and nothing can be chosen.
    permit("denied").await;
    menu().await;
    tab.until_frame(&format!(
        "{notify}.disabled && document.querySelector('.popup').innerText.includes('does not allow')"
    ))
    .await;
    tab.press("Escape").await;
    permit("granted").await;
    tab.page(SHOWN).await;
    menu().await;
    tab.until_frame(&format!("!{notify}.checked && !{notify}.disabled")).await;
    tab.press("Tab").await;
    tab.press(" ").await;
    tab.until_frame("document.cookie.includes('seawall_notify=1')").await;
    tab.press("Escape").await;

    let agent = Person::ada(&chat.stack).await;
    tab.page("Seawall('close'); document.hasFocus = () => false; true").await;
    agent.write("Yes, we do: the secret is 4711.");
    tab.until_page("shown.join() == '1 new message seawall-demo'").await;
    tab.page("last.onclick(), true").await;
    tab.until_frame("document.querySelector('[role=log]').innerText.includes('4711')").await;
    let opened = "document.querySelector('seawall-chat').shadowRoot.querySelector('div').className == 'true'";
    tab.until_page(opened).await;
    // Who looks at the page needs none.
    tab.page("Seawall('close'); document.hasFocus = () => true; true").await;
    tab.frame(RINGS).await;
    agent.write("Anything else?");
    tab.until_frame("rings == 1").await;
    assert_eq!(tab.page("shown.length").await, Some(json!(1)));
    assert_eq!(tab.page("complaints").await, Some(json!([])));
}

/// When a tab would ring: after so much more than the shortest time, and `over` says that this and the time for an objection have passed.
fn rings_after(more: f64) -> String {
    let over_ms = 400.0 * (1.0 + more) + 200.0 + 100.0;
    format!(
        "Math.random = () => {more}; window.until = () => {{ window.over = false; setTimeout(() => window.over = true, {over_ms}) }}; true"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_tabs_one_rings_and_none_where_the_message_is_looked_at_in_another() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let permission = json!({ "permission": { "name": "notifications" }, "setting": "granted" });
    browser.cdp.call("", "Browser.setPermission", permission).await;
    let mut tabs = Vec::new();
    for text in ["Do you ship to Norway?", "And to Sweden?"] {
        let tab = Tab::chat(&browser, stack.edge_port, "").await;
        // Whoever has written may be heard, too.
        tab.say(text).await;
        tab.frame(EAR).await;
        tab.frame("window.choices = { notify: true }; true").await;
        tab.page(SHOWN).await;
        tab.page("document.hasFocus = () => false; Seawall('close')").await;
        tabs.push(tab);
    }
    let agent = Person::ada(&stack).await;
    let unread = |count: u32| {
        format!(
            "document.querySelector('seawall-chat').shadowRoot.querySelector('b')?.textContent == '{count}'"
        )
    };
    let mut rung = [0, 0];
    for (count, first) in [(1, 0), (2, 1)] {
        let last = 1 - first;
        tabs[first].frame(&rings_after(0.0)).await;
        tabs[last].frame(&rings_after(4.0)).await;
        agent.write("We do.");
        tabs[last].until_page(&unread(count)).await;
        tabs[last].frame("until(), true").await;
        rung[first] += 1;
        let done = format!("notes == {}", 2 * rung[first]);
        tabs[first].until_frame(&done).await;
        tabs[first].until_page(&format!("shown.length == {}", rung[first])).await;
        tabs[last].until_frame("over").await;
        for (tab, rung) in tabs.iter().zip(rung) {
            assert_eq!(tab.frame("notes").await, Some(json!(2 * rung)), "{count}");
            assert_eq!(tab.page("shown.length").await, Some(json!(rung)), "{count}");
        }
    }

    // Somebody looks in the second one.
    tabs[1].show().await;
    tabs[1].page("Seawall('open')").await;
    let nothing = "!document.querySelector('seawall-chat').shadowRoot.querySelector('b')";
    tabs[0].until_page(nothing).await;
    tabs[0].frame(&rings_after(9.0)).await;
    let told = "window.told = 0; Seawall('on', 'message', () => told++); true";
    tabs[0].page(told).await;
    agent.write("Twice a week.");
    tabs[0].until_page("told == 1").await;
    tabs[0].frame("until(), true").await;
    tabs[0].until_page(nothing).await;
    tabs[0].until_frame("over").await;
    for tab in &tabs {
        assert_eq!(tab.frame("notes").await, Some(json!(2)));
        assert_eq!(tab.page("complaints").await, Some(json!([])));
    }
}

/// What they say to each other takes its time: each has said it before it hears of the other.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_tabs_that_would_ring_at_the_same_time_one_does() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let mut tabs = Vec::new();
    for text in ["Do you ship to Norway?", "And to Sweden?"] {
        let tab = Tab::chat(&browser, stack.edge_port, "").await;
        tab.say(text).await;
        tab.frame(EAR).await;
        tab.page("document.hasFocus = () => false; Seawall('close')").await;
        let late = "const post = BroadcastChannel.prototype.postMessage;\
            BroadcastChannel.prototype.postMessage = function (said) {\
                this.name.endsWith('-bell') ? setTimeout(() => post.call(this, said), 20) : post.call(this, said) }; true";
        tab.frame(late).await;
        tabs.push(tab);
    }
    let agent = Person::ada(&stack).await;
    for count in 1..=3 {
        for tab in &tabs {
            tab.frame(&rings_after(0.0)).await;
        }
        agent.write("We do.");
        let unread = format!(
            "document.querySelector('seawall-chat').shadowRoot.querySelector('b')?.textContent == '{count}'"
        );
        for tab in &tabs {
            tab.until_page(&unread).await;
        }
        wait::until_true("one rings", 30, || async { notes(&tabs).await >= 2 * count }).await;
        for tab in &tabs {
            tab.frame("until(), true").await;
        }
        for tab in &tabs {
            tab.until_frame("over").await;
        }
        assert_eq!(notes(&tabs).await, 2 * count, "two notes for each message");
    }
}

/// How many have been played in all of them.
async fn notes(tabs: &[Tab]) -> u64 {
    let mut notes = 0;
    for tab in tabs {
        notes += tab.frame("notes").await.and_then(|notes| notes.as_u64()).unwrap_or_default();
    }
    notes
}

/// A tab that was opened and never touched is not allowed to sound.
#[tokio::test(flavor = "multi_thread")]
async fn of_several_tabs_one_that_can_be_heard_rings() {
    let chat = Chat::open("").await;
    let heard = &chat.tab;
    heard.say("Do you ship to Norway?").await;
    let mute = chat.in_another_tab().await;
    assert_eq!(mute.frame("navigator.userActivation.hasBeenActive").await, Some(json!(false)));
    for (tab, more) in [(heard, 0.5), (&mute, 0.0)] {
        tab.frame(EAR).await;
        tab.frame(&rings_after(more)).await;
        tab.page("document.hasFocus = () => false; Seawall('close')").await;
    }
    let agent = Person::ada(&chat.stack).await;
    agent.write("We do.");
    heard.until_frame("notes == 2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_browser_wants_a_click_on_the_page_it_is_offered_beside_the_launcher() {
    let chat = Chat::open("").await;
    let tab = &chat.tab;
    // A browser in which a click in the frame is none of the page's.
    let strict = "Object.defineProperty(navigator, 'userActivation', { value: { isActive: false } });\
        window.asked = 0; window.Notification = class { static permission = 'default'; static async requestPermission() { asked++; return 'granted' } }; true";
    tab.page(strict).await;
    tab.focus(".menu").await;
    tab.press("Enter").await;
    tab.until_frame("document.querySelectorAll('.popup input').length == 2").await;
    tab.press("Tab").await;
    tab.press(" ").await;
    tab.until_frame("document.querySelector('.popup').innerText.includes('Please confirm it on the page')")
        .await;
    let offered = "[...document.querySelector('seawall-chat').shadowRoot.querySelectorAll('button')].find((one) => one.innerText == 'Allow notifications')";
    tab.until_page(&format!("!!{offered}")).await;
    assert_eq!(tab.page("asked").await, Some(json!(0)));
    let box_of = format!(
        "(({{ width, height, right }}) => [width > 44, height >= 44, right < innerWidth])({offered}.getBoundingClientRect())"
    );
    assert_eq!(tab.page(&box_of).await, Some(json!([true, true, true])));
    // Taken back in the menu it is no longer offered, nor after the visit has ended.
    tab.focus(".popup label:nth-of-type(2) input").await;
    tab.press(" ").await;
    tab.until_page(&format!("!{offered}")).await;
    tab.press(" ").await;
    tab.until_page(&format!("!!{offered}")).await;
    tab.page(&format!("{offered}.click(), true")).await;
    tab.until_frame("document.cookie.includes('seawall_notify=1')").await;
    tab.until_page(&format!("asked == 1 && !{offered}")).await;
    let said: Option<Value> = tab.frame("document.querySelector('.popup [role=status]')?.textContent").await;
    assert_eq!(said, Some(json!("")));

    tab.page("Notification.requestPermission = () => {}; true").await;
    tab.press(" ").await;
    tab.until_frame("!document.cookie.includes('seawall_notify=1')").await;
    tab.press(" ").await;
    tab.until_page(&format!("!!{offered}")).await;
    tab.page("Seawall('shutdown'); Seawall('boot'); true").await;
    tab.until_page(&format!("!!document.querySelector('seawall-chat') && !{offered}")).await;
}
