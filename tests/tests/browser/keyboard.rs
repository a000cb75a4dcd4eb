//! The chat for whoever uses the keyboard alone, or listens to it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::session::Input;
use tests::harness::cdp::Chromium;
use tests::harness::chat::Chat;
use tests::harness::ledger;
use tests::harness::person::Person;
use tests::harness::proxy::{Proxy, Weather};
use tests::harness::stack::{ADA, Stack};
use tests::harness::tab::Tab;
use tests::harness::wait;
use tests::harness::wire::Door;

/// What comes before the chat on the page.
const GOODS: &str = r##"<a href="#goods">Goods</a>"##;

/// Where the focus is, on the page or in the frame.
const ON_PAGE: &str =
    "document.activeElement.shadowRoot?.activeElement.ariaLabel ?? document.activeElement.tagName";
const IN_FRAME: &str = "document.hasFocus() && document.activeElement.ariaLabel";

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_opens_writes_reads_and_closes() {
    let chat = Chat::closed(GOODS).await;
    let tab = &chat.tab;
    let focused = async |name: &str| tab.until_frame(&format!("({IN_FRAME}) == {}", json!(name))).await;

    // The launcher comes after what is on the page.
    tab.press("Tab").await;
    assert_eq!(tab.page(ON_PAGE).await, Some(json!("A")));
    tab.press("Tab").await;
    assert_eq!(tab.page(ON_PAGE).await, Some(json!("Open chat")));
    tab.press("Enter").await;
    tab.until_app().await;
    focused("Message").await;
    tab.insert("Do you ship to Norway?").await;
    tab.press("Enter").await;
    tab.until_frame("/Sent|Delivered/.test(document.querySelector('.state')?.textContent)").await;

    // In the order in which it is read, and back.
    tab.insert("And").await;
    for name in ["Send"] {
        tab.press("Tab").await;
        focused(name).await;
    }
    for name in ["Message", "Add an emoji", "Conversation", "Close chat", "Settings"] {
        tab.press("Shift+Tab").await;
        focused(name).await;
    }
    for name in ["Close chat", "Conversation"] {
        tab.press("Tab").await;
        focused(name).await;
    }

    // A long conversation is scrolled where it has the focus.
    let many = "for (let n = 1; n <= 30; n++) Seawall('send', `Message ${n}`); true";
    tab.page(many).await;
    tab.until_frame("document.querySelector('[role=log]').innerText.includes('Message 30')").await;
    for (key, there) in [("PageUp", "< -100"), ("PageDown", "> -40"), ("ArrowUp", "< 0")] {
        let there = format!("document.querySelector('[role=log]').scrollTop {there}");
        // As often as it takes, as a person does.
        wait::until_true(&format!("{key}: {there}"), 30, || async {
            tab.press(key).await;
            tab.frame(&there).await == Some(json!(true))
        })
        .await;
    }

    // Escape closes, and the focus is where it came from; what was being written stays.
    tab.press("Escape").await;
    tab.until_page(&format!("({ON_PAGE}) == 'Open chat'")).await;
    let shut = "getComputedStyle(document.querySelector('seawall-chat').shadowRoot.querySelector('div')).visibility == 'hidden'";
    tab.until_page(shut).await;
    tab.press("Tab").await;
    assert_ne!(
        tab.page("document.activeElement.tagName").await,
        Some(json!("IFRAME")),
        "what is hidden takes no focus"
    );
    tab.press("Shift+Tab").await;
    tab.press(" ").await;
    focused("Message").await;
    assert_eq!(tab.frame("document.querySelector('textarea').value").await, Some(json!("And")));
    // The close button is a button.
    for _ in 0..3 {
        tab.press("Shift+Tab").await;
    }
    focused("Close chat").await;
    tab.press("Enter").await;
    tab.until_page(&format!("({ON_PAGE}) == 'Open chat'")).await;
    assert_eq!(tab.page("complaints").await, Some(json!([])));
}

/// Roles and names, as assistive technology gets them.
async fn named(tab: &Tab, frame: bool) -> Vec<(String, String)> {
    let tree = if frame {
        tab.tell_frame("Accessibility.getFullAXTree", json!({})).await
    } else {
        tab.tell("Accessibility.getFullAXTree", json!({})).await
    };
    let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
    let told = nodes.iter().filter(|node| node["ignored"] != json!(true));
    let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
    told.map(|node| (text(&node["role"]), text(&node["name"]))).collect()
}

/// A regression: the frame had no name before all of its document was there.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_hears_what_they_are_in_while_the_chats_document_is_on_its_way() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let tab = Tab::shop(&browser, proxy.port, "", "data-site=demo").await;
    proxy.weather(Weather::Halting("new BroadcastChannel("));
    tab.press_launcher().await;
    tab.until_frame("!!document.querySelector('textarea')").await;
    let page = named(&tab, false).await;
    assert!(page.contains(&("Iframe".into(), "Chat".into())), "{page:?}");
    proxy.mend();
    tab.until_app().await;
    let page = named(&tab, false).await;
    assert!(page.contains(&("Iframe".into(), "Chat".into())), "{page:?}");
    let tree = tab.tell("Accessibility.getFullAXTree", json!({})).await.to_string();
    assert!(
        !tree.contains(r#""description":{"type":"computedString","value":"Chat"}"#),
        "said twice: {tree}"
    );
}

/// What live regions say, each time that something is put into them.
const LISTEN: &str = "window.said = []; for (const region of document.querySelectorAll('[role=status], [aria-live=polite]'))\
    new MutationObserver((changes) => changes.forEach(({ addedNodes, target, type }) => (type == 'characterData' ? [target] : [...addedNodes].filter((node) => node.nodeType == 1))\
    .forEach((node) => node.textContent.trim() && said.push(node.textContent.trim()))))\
    .observe(region, { childList: true, subtree: true, characterData: true }); true";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_hears_names_new_messages_once_and_what_is_going_on_once() {
    let mut chat = Chat::closed(GOODS).await;
    let tab = &chat.tab;
    let cookie = chat.stack.log_in(ADA).await;
    let page = named(tab, false).await;
    assert!(page.contains(&("button".into(), "Open chat".into())), "{page:?}");
    tab.press_launcher().await;
    tab.until_app().await;
    tab.focus("textarea").await;
    tab.insert("Hello").await;
    tab.press("Enter").await;
    tab.until_frame("/Sent|Delivered/.test(document.querySelector('.state')?.textContent)").await;
    tab.still().await;

    let page = named(tab, false).await;
    assert!(page.contains(&("button".into(), "Close chat".into())), "{page:?}");
    assert!(page.contains(&("Iframe".into(), "Chat".into())), "{page:?}");
    let frame = named(tab, true).await;
    let mut count = BTreeMap::<(&str, &str), usize>::new();
    for (role, name) in &frame {
        *count.entry((role, name)).or_default() += 1;
    }
    for wanted in [("main", ""), ("heading", "Chat with us"), ("log", "Conversation"), ("textbox", "Message")]
        .into_iter()
        .chain([("button", "Send"), ("button", "Add an emoji"), ("button", "Settings")])
        .chain([("button", "Close chat"), ("status", "")])
    {
        assert_eq!(count.get(&wanted), Some(&1), "{wanted:?} once in {frame:#?}");
    }

    // A console is opened, and its agent answers.
    let conversation = ledger::whole(&chat.stack, 1, 30).await[0].conversation.clone();
    let console = Person::inbox(Door::inbox(chat.stack.edge_port, &cookie));
    tab.until_frame("!document.querySelector('.line')").await;
    tab.frame(LISTEN).await;
    let agent = Person::agent(Door::conversation(chat.stack.edge_port, &cookie, &conversation));
    agent.live().await;
    for text in ["Good morning!", "What can I do?", "We are open till six."] {
        agent.input(Input::Typing(true));
        agent.write(text);
        tab.until_frame(&format!("said.join().includes({})", json!(text))).await;
    }
    let said = tab.frame("said").await.expect("a list");
    let wanted = ["Good morning!", "What can I do?", "We are open till six."];
    for text in wanted {
        let heard = said
            .as_array()
            .expect("a list")
            .iter()
            .filter(|one| one.as_str().is_some_and(|one| one.contains(text)));
        assert_eq!(heard.count(), 1, "{text:?} once in {said}");
    }
    assert!(!said.to_string().contains("Hello"), "nobody is told what they wrote themselves: {said}");

    // The link is lost and comes again.
    tab.frame("said.length = 0").await;
    drop((console, agent));
    chat.stack.kill_edge();
    tab.until_frame("said.join().includes('Connecting again')").await;
    chat.stack.start_edge();
    chat.stack.edge_answers().await;
    tab.until_frame("said.join().includes('agents are away')").await;
    let said = tab.frame("said").await.expect("a list");
    let twice = said
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one.as_str().is_some_and(|one| one.contains("Connecting")));
    assert_eq!(twice.count(), 1, "{said}");
    assert!(!said.to_string().contains("Good morning"), "old messages are no news: {said}");
}
