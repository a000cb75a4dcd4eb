//! Visitors for whom the site's server vouches, one after the other in the same browser.

use serde_json::{Value, json};
use shared::session::MessageState;
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::ledger;
use tests::harness::owner::Owner;
use tests::harness::person::Person;
use tests::harness::proxy::{Proxy, Weather};
use tests::harness::sockets::Sockets;
use tests::harness::stack::{ADA, Stack};
use tests::harness::tokens::of_the_shop;
use tests::harness::wait;

async fn identify(owner: &Owner, sub: &str, name: &str) {
    let token = of_the_shop(sub, name, 3_600);
    owner.call(&format!("'identify', {{ token: '{token}' }}")).await;
}

/// Vera has come to a shop that runs `early` before the script is there, and has said something.
async fn vera(edge_port: u16, early: &str) -> Owner {
    let owner = Owner::shop(edge_port, "data-site=demo", early).await;
    identify(&owner, "a", "Vera Lund").await;
    owner.call("'open'").await;
    owner.says("I am Vera").await;
    owner
}

/// What the chat reads once it is there for this visitor, whose log must hold the text.
pub(super) async fn sees(owner: &Owner, text: &str, but_not: &[&str]) {
    wait::until_ok(&format!("the chat reads {text:?}"), 30, || async {
        let log = log_text(owner).await;
        for foreign in but_not {
            assert!(!log.contains(foreign), "somebody else's words are there: {log}");
        }
        if log.contains(text) { Ok(()) } else { Err(format!("; it reads {log:?}")) }
    })
    .await;
}

/// The frame may be another one at any moment.
async fn log_text(owner: &Owner) -> String {
    let browser = &owner.browser;
    let _ = browser.client.clone().enter_parent_frame().await;
    let find = "return document.querySelector('seawall-chat')?.shadowRoot.querySelector('iframe')";
    let Ok(frame) = browser.client.execute(find, vec![]).await else { return String::new() };
    let Some(id) = frame.as_object().and_then(|object| object.values().next()).and_then(Value::as_str) else {
        return String::new();
    };
    let element = fantoccini::elements::Element::from_element_id(
        browser.client.clone(),
        fantoccini::elements::ElementRef::from(id.to_owned()),
    );
    let text = match element.enter_frame().await {
        Ok(()) => browser.log_text().await,
        Err(_) => String::new(),
    };
    let _ = browser.client.clone().enter_parent_frame().await;
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_4_who_comes_next_sees_nothing_of_the_former_and_sends_nothing_for_them() {
    for storage in Storage::BOTH {
        let mut stack = Stack::start().await;
        let owner = Owner::with(stack.edge_port, "data-site=demo", "", storage, Look::WIDE).await;
        identify(&owner, "a", "Vera Lund").await;
        owner.call("'open'").await;
        owner.says("I am Vera").await;

        // What she wrote last could not be sent, and what she began is in the composer.
        stack.kill_edge();
        owner.browser.enter_chat().await;
        owner.browser.say("Vera's last words").await;
        owner.browser.state("Vera's last words", &["Queued"], 30).await;
        owner.browser.fill("Message", "Vera's draft").await;
        owner.browser.leave_chat().await;
        owner.browser.script("heard.length = 0", vec![]).await;
        identify(&owner, "b", "Otto Berg").await;
        owner.call("'send', 'I am Otto'").await;
        stack.start_edge();
        stack.edge_answers().await;
        // The frame could not be loaded meanwhile.
        wait::until_true("it is sent", 90, || async { !owner.heard("sent").await.is_empty() }).await;
        let vera = ["I am Vera", "Vera's last words"];
        sees(&owner, "I am Otto", &vera).await;
        owner.browser.enter_chat().await;
        let draft = owner.browser.script("return document.querySelector('textarea').value", vec![]).await;
        assert_eq!(draft, json!(""), "{storage:?}");
        owner.browser.leave_chat().await;

        // Nobody in particular.
        owner.browser.script("Seawall('shutdown'); Seawall('boot'); Seawall('open')", vec![]).await;
        sees(&owner, "How can we help?", &["I am Vera", "Vera's last words", "I am Otto"]).await;
        owner.says("I am nobody").await;

        // Vera again, also on a page that is loaded anew.
        for _ in 0..2 {
            identify(&owner, "a", "Vera Lund").await;
            owner.call("'open'").await;
            sees(&owner, "Vera's last words", &["I am Otto"]).await;
            owner.load().await;
        }
        owner.call("'open'").await;
        sees(&owner, "I am nobody", &["I am Vera", "I am Otto", "Vera's last words"]).await;
        owner.is_well().await;
        // What the origin has is what each of them has said.
        stack.assert_calm();
    }
}

/// A browser keeps a page for "back", with the chat in it; meanwhile somebody else may have logged in, or nobody is any more.
#[tokio::test(flavor = "multi_thread")]
async fn identity_4_a_page_that_the_browser_has_kept_shows_whose_turn_it_is_and_never_the_former() {
    let stack = Stack::start().await;
    let polling = Proxy::without_websockets(stack.edge_port).await;
    let sockets = Sockets::count(stack.edge_port).await;
    let tokens =
        json!({ "a": of_the_shop("a", "Vera Lund", 3_600), "b": of_the_shop("b", "Otto Berg", 3_600) });
    // The site's server takes its time, but for the first answer.
    let early = format!(
        "addEventListener('pageshow', ({{ persisted }}) => {{ window.slow = persisted; if (!persisted) return;\
             const panel = document.querySelector('seawall-chat').shadowRoot.querySelector('div');\
             window.covered = panel.inert && getComputedStyle(panel).visibility == 'hidden' }});\
         localStorage.who = 'a'; const tokens = {tokens};\
         Seawall('identify', () => new Promise((done) => {{\
             window.answer = () => done(tokens[localStorage.who]); if (!window.slow) answer() }}))"
    );
    for (port, how) in [(sockets.port, "WebSocket"), (polling.port, "long poll")] {
        let owner = Owner::shop(port, "data-site=demo", &early).await;
        let mine = |name: &str| format!("This is {name} by {how}");
        let everybody = [mine("Vera"), mine("Otto"), mine("nobody")];
        owner.call("'open'").await;
        owner.says(&everybody[0]).await;
        for (who, is_new) in [("b", true), ("a", false), ("a", false), ("", true)] {
            let own = match who {
                "a" => &everybody[0],
                "b" => &everybody[1],
                _ => &everybody[2],
            };
            let others: Vec<_> = everybody.iter().filter(|text| *text != own).map(String::as_str).collect();
            let before = sockets.opened();
            owner.leaves_and_comes_back(&format!("localStorage.who = '{who}'")).await;
            // Nor has it a link: one is there within some 100 ms where it may be.
            owner.browser.script("window.since = performance.now()", vec![]).await;
            wait::until_true("it has had the time for a link", 30, || async {
                owner.browser.script("return performance.now() > since + 400", vec![]).await == json!(true)
            })
            .await;
            assert_eq!(sockets.opened(), before, "{who:?}");
            // Nothing is seen before it is known who asks.
            assert_eq!(
                owner.browser.script("return window.covered", vec![]).await,
                json!(true),
                "{how}, {who:?}"
            );
            owner.browser.script("answer()", vec![]).await;
            sees(&owner, if is_new { "How can we help?" } else { own }, &others).await;
            if is_new {
                owner.says(own).await;
            }
            sees(&owner, own, &others).await;
        }
        owner.is_well().await;
    }
    let lines = ledger::whole(&stack, 6, 30).await;
    let known: Vec<_> = lines.iter().filter(|line| line.conversation.starts_with('i')).collect();
    let text_of = |line: &ledger::Line| line.text.split(" by ").next().unwrap_or_default().to_owned();
    assert_eq!(known.len(), 4);
    for line in &known {
        let same: Vec<_> = known.iter().filter(|other| other.conversation == line.conversation).collect();
        assert!(same.len() == 2 && same.iter().all(|other| text_of(other) == text_of(line)), "{lines:#?}");
    }
}

/// Nobody was logged in when the browser kept the page.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_the_browser_has_kept_asks_who_is_there_also_where_it_was_nobody() {
    let stack = Stack::start().await;
    let token = json!(of_the_shop("a", "Vera Lund", 3_600));
    let early = format!(
        "window.asked = 0; Seawall('identify', async () => {{ asked++; return localStorage.who && {token} }})"
    );
    let owner = Owner::shop(stack.edge_port, "data-site=demo", &early).await;
    let asked = async |times: u32| {
        wait::until_true(&format!("asked {times} times"), 30, || async {
            owner.browser.script("return asked", vec![]).await == json!(times)
        })
        .await;
    };
    owner.call("'open'").await;
    owner.says("Somebody asks").await;
    owner.browser.enter_chat().await;
    owner.browser.fill("Message", "My order is").await;
    owner.browser.leave_chat().await;
    asked(1).await;

    // Still nobody: the chat stays as it is.
    owner.browser.enter_chat().await;
    owner.browser.script("window.same = true", vec![]).await;
    owner.browser.leave_chat().await;
    owner.leaves_and_comes_back("").await;
    asked(2).await;
    owner.browser.enter_chat().await;
    let same = "return [window.same, document.querySelector('textarea').value]";
    assert_eq!(owner.browser.script(same, vec![]).await, json!([true, "My order is"]));
    owner.browser.leave_chat().await;
    owner.call("'send', 'Still nobody'").await;
    sees(&owner, "Still nobody", &[]).await;

    // She has logged in on the other page. As anywhere, what she has begun to write stays.
    owner.leaves_and_comes_back("localStorage.who = 'a'").await;
    asked(3).await;
    sees(&owner, "How can we help?", &[]).await;
    owner.browser.enter_chat().await;
    owner.browser.find("textarea[aria-describedby]", "Message").await;
    let draft = "return document.querySelector('textarea').value";
    assert_eq!(owner.browser.script(draft, vec![]).await, json!("My order is"));
    owner.browser.leave_chat().await;
    owner.says("My order is late").await;

    // And out again, and in.
    owner.leaves_and_comes_back("localStorage.who = ''").await;
    sees(&owner, "Somebody asks", &["My order is late"]).await;
    owner.leaves_and_comes_back("localStorage.who = 'a'").await;
    sees(&owner, "My order is late", &[]).await;
    asked(5).await;

    // After "shutdown" the page has said nothing of anybody.
    owner.browser.script("Seawall('shutdown'); Seawall('boot'); Seawall('open')", vec![]).await;
    sees(&owner, "Somebody asks", &["My order is late"]).await;
    owner.leaves_and_comes_back("").await;
    owner.says("Nobody again").await;
    asked(5).await;
    let lines = ledger::whole(&stack, 4, 30).await;
    for line in &lines {
        assert_eq!(line.conversation.starts_with('i'), line.text == "My order is late", "{lines:#?}");
    }
    owner.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_4_where_no_websocket_gets_through_each_person_has_their_own_chat_as_well() {
    let stack = Stack::start().await;
    let proxy = Proxy::without_websockets(stack.edge_port).await;
    let owner = vera(proxy.port, "").await;

    // What she has written and the edge has not heard is hers, whoever comes next.
    proxy.weather(Weather::Silent);
    owner.browser.enter_chat().await;
    owner.browser.say("Vera's last words").await;
    owner.browser.leave_chat().await;
    identify(&owner, "b", "Otto Berg").await;
    owner.call("'send', 'I am Otto'").await;
    proxy.mend();
    let vera = ["I am Vera", "Vera's last words"];
    sees(&owner, "I am Otto", &vera).await;
    owner.says("And still am").await;
    identify(&owner, "a", "Vera Lund").await;
    sees(&owner, "Vera's last words", &["I am Otto", "And still am"]).await;

    let lines = ledger::whole(&stack, 4, 60).await;
    for line in &lines {
        let of_vera = |text: &str| text.contains("Vera");
        let theirs = lines.iter().filter(|other| other.conversation == line.conversation);
        assert!(
            theirs.clone().count() == 2
                && theirs.clone().all(|other| of_vera(&other.text) == of_vera(&line.text))
        );
    }
    assert_eq!(ledger::checked(&lines).len(), 2, "{lines:#?}");
    owner.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_4_while_it_is_not_clear_who_is_there_nothing_is_sent_and_nothing_counts_as_seen() {
    let stack = Stack::start().await;
    let owner = vera(stack.edge_port, "").await;
    let agent = Person::ada(&stack).await;
    agent.write("Good morning!");
    owner.reads("Good morning!").await;
    agent.has_come("Good morning!", &MessageState::Seen, 30).await;
    owner.browser.script("heard.length = 0", vec![]).await;
    owner.call("'identify', () => new Promise((done) => window.answer = done)").await;
    owner.hears("health", |health| health["link"] == "connecting").await;
    agent.write("How are you?");
    ledger::whole(&stack, 3, 30).await;
    assert_ne!(agent.view().state("How are you?"), Some(MessageState::Seen), "nobody looks");
    let token = of_the_shop("a", "Vera Lund", 3_600);
    owner.browser.script("answer(arguments[0])", vec![json!(token)]).await;
    owner.hears("health", |health| health["link"] == "live").await;
    agent.has_come("How are you?", &MessageState::Seen, 30).await;
    owner.says("Well, thank you").await;
    owner.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_next_and_who_ends_the_visit_have_nothing_unread_of_the_formers() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let owner = vera(proxy.port, "Math.random = () => 0.05;").await;
    owner.call("'close'").await;
    let agent = Person::ada(&stack).await;
    agent.write("Good morning!");
    let badge =
        "return document.querySelector('seawall-chat')?.shadowRoot.querySelector('b')?.textContent ?? null";
    let unread = async |count: u32| {
        owner.hears("unread", |unread| unread["count"] == count).await;
        let late = "let late; const hear = ({ count }) => late = count; Seawall('on', 'unread', hear); Seawall('off', 'unread', hear); return late";
        assert_eq!(owner.browser.script(late, vec![]).await, json!(count), "a late handler hears the same");
        let shown = if count > 0 { json!(count.to_string()) } else { json!(null) };
        assert_eq!(owner.browser.script(badge, vec![]).await, shown);
        owner.browser.script("heard.length = 0", vec![]).await;
    };
    unread(1).await;
    // The frame of whoever comes next is not there yet.
    proxy.cut();
    identify(&owner, "b", "Otto Berg").await;
    unread(0).await;
    proxy.mend();
    identify(&owner, "a", "Vera Lund").await;
    unread(1).await;
    owner.call("'shutdown'").await;
    unread(0).await;
    owner.browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_4_what_the_page_sends_for_somebody_waits_for_their_chat_however_long_it_takes_to_come() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let owner = Owner::shop(proxy.port, "data-site=demo", "").await;
    owner.call("'open'").await;
    owner.says("Somebody asks").await;
    owner.browser.enter_chat().await;
    owner.browser.script("Math.random = () => 0.1", vec![]).await;
    owner.browser.fill("Message", "My draft").await;
    owner.browser.leave_chat().await;
    proxy.cut();
    identify(&owner, "a", "Vera Lund").await;
    owner.call("'send', 'Vera asks'").await;
    // The language changes as well; who is known stays so.
    owner.call("'setLocale', 'de'").await;
    owner.browser.script("heard.length = 0", vec![]).await;
    proxy.mend();
    wait::until_true("it is sent", 60, || async { !owner.heard("sent").await.is_empty() }).await;
    sees(&owner, "Vera asks", &["Somebody asks"]).await;
    let lines = ledger::whole(&stack, 2, 30).await;
    let of = |text: &str| &lines.iter().find(|line| line.text == text).expect("there").conversation;
    assert!(of("Vera asks").starts_with('i') && of("Somebody asks").starts_with('c'), "{lines:?}");
    owner.browser.find("iframe", "").await.enter_frame().await.expect("the chat's frame");
    let draft = "return [document.documentElement.lang, document.querySelector('textarea').value]";
    assert_eq!(owner.browser.script(draft, vec![]).await, json!(["de", "My draft"]));
    owner.browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_known_wants_forgotten_is_gone_and_they_may_begin_anew() {
    let stack = Stack::start().await;
    let owner = Owner::shop(stack.edge_port, "data-site=demo", "").await;
    identify(&owner, "a", "Vera Lund").await;
    owner.call("'open'").await;
    owner.says("My number is 555").await;
    owner.call("'forget'").await;
    sees(&owner, "How can we help?", &[]).await;
    owner.says("Hello again").await;
    sees(&owner, "Hello again", &["555"]).await;
    owner.is_well().await;
}

/// Where the app cannot run, the form that takes its place knows the visitor as well.
#[tokio::test(flavor = "multi_thread")]
async fn identity_4_a_message_that_is_left_without_the_app_is_that_persons_and_nobody_elses() {
    let stack = Stack::start().await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::without_wasm("en-US,en", profile.path(), Look::WIDE).await;
    let owner = Owner::of(browser, profile, stack.edge_port, "data-site=demo", "").await;
    for (sub, name) in [("a", "Vera Lund"), ("b", "Otto Berg")] {
        identify(&owner, sub, name).await;
        owner.call("'open'").await;
        owner.browser.enter_chat().await;
        owner.browser.fill("Your e-mail address", "somebody@example.com").await;
        owner.browser.say(&format!("This is {name}")).await;
        owner.browser.state(&format!("This is {name}"), &["Sent", "Delivered"], 30).await;
        assert_eq!(owner.browser.messages().await.len(), 1, "nothing of the former visitor");
        owner.browser.leave_chat().await;
    }
    let lines = ledger::whole(&stack, 2, 30).await;
    let of_persons = lines.iter().all(|line| line.conversation.starts_with('i'));
    assert!(of_persons && lines[0].conversation != lines[1].conversation, "{lines:?}");
    owner.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_read_who_it_is_and_a_draft_from_before_the_log_in_stays() {
    let stack = Stack::start().await;
    let owner = Owner::shop(stack.edge_port, "data-site=demo", "").await;
    owner.call("'open'").await;
    owner.says("Somebody asks").await;
    owner.browser.enter_chat().await;
    owner.browser.fill("Message", "My order is").await;
    owner.browser.leave_chat().await;
    let token = of_the_shop("a", "Vera Lund", 3_600);
    let by_callback =
        format!("'identify', async () => {{ window.asked = (window.asked ?? 0) + 1; return '{token}' }}");
    owner.call(&by_callback).await;
    sees(&owner, "How can we help?", &[]).await;
    owner.browser.enter_chat().await;
    wait::until_true("the draft is there", 30, || async {
        let draft = "return document.querySelector('textarea[aria-describedby]')?.value";
        owner.browser.client.execute(draft, vec![]).await.is_ok_and(|draft| draft == json!("My order is"))
    })
    .await;
    owner.browser.leave_chat().await;
    owner.says("My order is late").await;

    let profile = TempDir::new().expect("a folder");
    let agent = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    agent.log_in(stack.edge_port, ADA).await;
    agent.page_reads("Vera Lund", 30).await;
    agent.quit().await;
    assert_eq!(owner.browser.script("return asked", vec![]).await, json!(1));
    owner.is_well().await;
}
