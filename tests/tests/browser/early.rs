//! What visitors do before the chat can hear it: before its script has run, before its document is there whole, and before the page
//! outside has spoken to it.

use serde_json::json;
use shared::limits::MAX_TEXT_CHARS;
use tests::harness::cdp::Chromium;
use tests::harness::chat::Chat;
use tests::harness::ledger;
use tests::harness::proxy::{Proxy, Weather};
use tests::harness::stack::Stack;
use tests::harness::tab::Tab;

/// The page does not hear what the chat's frame says before `hear()`.
const DEAF: &str = r"<script nonce=n>
  const { set } = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage');
  window.MessageChannel = class extends MessageChannel {
    constructor() {
      super();
      const { port1 } = this;
      Object.defineProperty(port1, 'onmessage', { set: (heard) => (window.hear = () => set.call(port1, heard)) });
    }
  };
  // Nor does it give the frame up.
  const later = setTimeout;
  window.setTimeout = (act, ms, ...rest) => ms !== 2000 && later(act, ms, ...rest);
</script>";

/// A regression: what was pressed between the page's first word and the frame's answer was told to nobody, and the field never got
/// the focus.
#[tokio::test(flavor = "multi_thread")]
async fn a_click_before_the_frame_has_answered_opens_the_chat() {
    let chat = Chat::closed(DEAF).await;
    let tab = &chat.tab;
    let launcher = "document.querySelector('seawall-chat').shadowRoot.querySelector('button')";
    tab.page(&format!("{launcher}.dispatchEvent(new PointerEvent('pointerenter'))")).await;
    tab.until_page("!!window.hear").await;
    tab.page(&format!("{launcher}.click()")).await;
    tab.page("hear()").await;
    tab.until_app().await;
    // Only what is open can be closed by the visitor.
    let closes = format!("{launcher}.ariaExpanded == 'false'");
    tab.until_frame("document.hasFocus() && document.activeElement.ariaLabel == 'Message'").await;
    tab.press("Escape").await;
    tab.until_page(&closes).await;
}

/// The chat's script waits for the page outside, which is not heard here, and for a time that never ends; nor does the page give the
/// frame up.
const UNTOLD: &str = "
  const [later, never] = [setTimeout, top === window ? 2000 : 100];
  window.setTimeout = (act, ms, ...rest) => ms !== never && later(act, ms, ...rest);
  if (top !== window) addEventListener('message', (event) => event.stopImmediatePropagation(), true);
";

/// A chat that has just been opened, whose script has not run.
async fn before_the_script(stack: &Stack, browser: &Chromium, settings: &str) -> Tab {
    let tab = Tab::shop(browser, stack.edge_port, "", &format!("data-site=demo {settings}")).await;
    tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": UNTOLD })).await;
    tab.reload().await;
    tab.until_launcher().await;
    tab.press_launcher().await;
    tab.until_frame("!!document.querySelector('script[type=late]') && document.readyState == 'complete'")
        .await;
    tab
}

/// The chat has it, as it was written, and nothing else.
async fn is_sent(tab: &Tab, text: &str) {
    let said = format!(
        "[...document.querySelectorAll('[data-by=own] .text')].map((one) => one.innerText).join() == {}",
        json!(text)
    );
    tab.until_frame(&said).await;
    tab.until_frame("/Sent|Delivered/.test(document.querySelector('.state')?.textContent)").await;
    assert_eq!(tab.frame("document.querySelector('textarea').value").await, Some(json!("")));
}

/// The page outside speaks to the chat once all of its document is there. That it is shown it says before.
#[tokio::test(flavor = "multi_thread")]
async fn who_opens_the_chat_may_write_while_half_of_its_document_is_there() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let tab = Tab::shop(&browser, proxy.port, "", "data-site=demo").await;
    proxy.weather(Weather::Halting("new BroadcastChannel("));
    tab.press_launcher().await;
    tab.until_frame("document.hasFocus() && document.activeElement === document.querySelector('textarea')")
        .await;
    tab.insert("On a bad line").await;
    // It is said more than once, and who has turned to something else stays there.
    tab.frame("document.querySelector('.menu').focus(), window.words = 0, addEventListener('message', () => words++)").await;
    tab.until_frame("words > 2").await;
    assert_eq!(tab.frame("document.activeElement.className").await, Some(json!("menu")));
    assert_eq!(tab.frame("document.readyState").await, Some(json!("loading")), "half of it is there");
    proxy.mend();
    tab.until_app().await;
    assert_eq!(tab.frame("document.activeElement.className").await, Some(json!("menu")));
    tab.focus("textarea").await;
    tab.press("Enter").await;
    is_sent(&tab, "On a bad line").await;
    assert_eq!(tab.page("complaints").await, Some(json!([])));
}

/// What is said before the field is there counts only where nothing else has been said since.
#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_closed_again_before_its_field_has_come_leaves_the_focus_where_it_is() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let tab = Tab::shop(&browser, proxy.port, "<input>", "data-site=demo").await;
    proxy.weather(Weather::Halting("class=\"transcript\""));
    tab.press_launcher().await;
    tab.until_frame("window.word?.data.shown === true").await;
    tab.press_launcher().await;
    tab.until_frame("word.data.shown === false").await;
    tab.page("document.querySelector('input').focus(), true").await;
    proxy.mend();
    tab.until_app().await;
    assert_eq!(tab.frame("document.activeElement === document.body").await, Some(json!(true)));
    assert_eq!(tab.page("document.hasFocus() && document.activeElement.tagName").await, Some(json!("INPUT")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_only_loaded_leaves_the_focus_where_it_is() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let tab = Tab::shop(&browser, stack.edge_port, "<input>", "data-site=demo").await;
    tab.page("document.querySelector('input').focus(), true").await;
    tab.page(
        "document.querySelector('seawall-chat').shadowRoot.querySelector('button')\
              .dispatchEvent(new PointerEvent('pointerenter'))",
    )
    .await;
    tab.until_app().await;
    assert_eq!(tab.frame("document.activeElement === document.body").await, Some(json!(true)));
    assert_eq!(tab.page("document.hasFocus() && document.activeElement.tagName").await, Some(json!("INPUT")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enter_a_click_and_a_submit_from_before_the_chats_script_has_run_send() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    for how in ["Enter", "click", "submit"] {
        let tab = before_the_script(&stack, &browser, "").await;
        tab.focus("textarea").await;
        let text = format!("At once, by {how}");
        tab.insert(&text).await;
        assert_eq!(tab.frame("!!document.querySelector('script[type=late]')").await, Some(json!(true)));
        match how {
            "Enter" => tab.press("Enter").await,
            "click" => tab.click(".send").await,
            // As tools for those who speak to their browser do it.
            _ => drop(tab.frame("document.querySelector('form').requestSubmit(), true").await),
        }
        let said = format!("document.querySelector('[role=log]').innerText.includes({})", json!(text));
        tab.until_frame(&said).await;
        let sent =
            "[...document.querySelectorAll('.state')].every((one) => /Sent|Delivered/.test(one.textContent))";
        // The app may be there a moment before what it finds in the storage.
        tab.until_app().await;
        tab.until_frame(&format!("{said} && {sent}")).await;
        let times = format!("document.querySelector('[role=log]').innerText.split({}).length", json!(text));
        assert_eq!(tab.frame(&times).await, Some(json!(2)), "once");
        assert_eq!(tab.page("complaints").await, Some(json!([])));
        tab.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_on_menu_or_emoji_from_before_the_chats_script_has_run_opens_it() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    for button in ["menu", "emoji"] {
        let tab = before_the_script(&stack, &browser, "").await;
        tab.click(&format!(".{button}")).await;
        tab.until_frame("!!document.querySelector('.popup input, .popup button')").await;
        let open = format!("document.querySelector('.{button}').ariaExpanded == 'true'");
        tab.until_frame(&open).await;
        tab.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_first_seen_in_its_sites_theme_and_colour() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let tab = before_the_script(&stack, &browser, "data-color=#7a1f5c data-theme=dark").await;
    let seen = "[getComputedStyle(document.body).backgroundColor, document.documentElement.style.colorScheme, \
        document.documentElement.style.getPropertyValue('--site'), !!document.querySelector('script[type=late]')]";
    assert_eq!(tab.frame(seen).await, Some(json!(["rgb(18, 25, 31)", "dark", "#7a1f5c", true])));
}

/// As in a window behind another one, which is opened with a chat that had stood open.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_paints_nothing_does_not_hold_the_chats_script_up() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let tab = Tab::shop(&browser, stack.edge_port, "", "data-site=demo").await;
    let source = "if (top !== window) window.requestAnimationFrame = () => 0";
    tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
    tab.reload().await;
    tab.until_launcher().await;
    tab.page("document.querySelector('seawall-chat').shadowRoot.querySelector('button').click(), true").await;
    tab.until_frame("!!document.querySelector('textarea') && !document.querySelector('[type=late]')").await;
}

/// KEEP-6
#[tokio::test(flavor = "multi_thread")]
async fn keep_6_what_is_being_written_before_the_chats_script_has_run_outlives_a_reload() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let value = "document.querySelector('textarea').value";
    let tab = before_the_script(&stack, &browser, "").await;
    tab.focus("textarea").await;
    tab.insert("I was about").await;
    // Twice: the second document is left before it has taken what the first one has kept.
    for _ in 0..2 {
        assert_eq!(tab.frame("!!document.querySelector('script[type=late]')").await, Some(json!(true)));
        tab.reload().await;
        tab.until_launcher().await;
        tab.press_launcher().await;
        tab.until_frame("!!document.querySelector('textarea') && document.readyState == 'complete'").await;
    }
    tab.forget_order("Page.addScriptToEvaluateOnNewDocument");
    tab.reload().await;
    tab.until_launcher().await;
    tab.open_chat().await;
    tab.until_frame(&format!("{value} == 'I was about'")).await;
    // It is kept in one place: what is sent meanwhile does not come back.
    tab.focus("textarea").await;
    tab.press("Enter").await;
    is_sent(&tab, "I was about").await;
    tab.reload().await;
    tab.until_launcher().await;
    tab.open_chat().await;
    assert_eq!(tab.frame(value).await, Some(json!("")));
}

/// The page outside speaks once the frame has loaded all that it begins with, which takes as long as the network does.
#[tokio::test(flavor = "multi_thread")]
async fn escape_and_the_close_button_close_a_chat_that_is_still_loading() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    for how in ["Escape", "click"] {
        let tab = Tab::shop(&browser, stack.edge_port, "", "data-site=demo").await;
        // What the page says is held up, and not lost.
        let source = "if (top === window) { const { postMessage } = window; \
            const get = Object.getOwnPropertyDescriptor(HTMLIFrameElement.prototype, 'contentWindow').get;\
            Object.defineProperty(HTMLIFrameElement.prototype, 'contentWindow', { get() { const frame = get.call(this);\
            return { postMessage: (...word) => word[2] && (window.speak = () => frame.postMessage(...word)) } } }) }\
            const later = setTimeout; if (top === window) window.setTimeout = (act, ms, ...rest) => ms !== 2000 && later(act, ms, ...rest)";
        tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
        tab.reload().await;
        tab.until_launcher().await;
        let launcher = "document.querySelector('seawall-chat').shadowRoot.querySelector('button')";
        tab.page(&format!("{launcher}.click(), true")).await;
        tab.until_page("!!window.speak").await;
        tab.focus("textarea").await;
        tab.insert("What I was about to say").await;
        match how {
            "Escape" => tab.press("Escape").await,
            _ => tab.click(".close").await,
        }
        tab.page("speak(), true").await;
        tab.until_page(&format!("{launcher}.ariaExpanded == 'false'")).await;
        // Once: it can be opened again.
        tab.page(&format!("{launcher}.click(), true")).await;
        tab.until_app().await;
        tab.until_frame("document.querySelector('textarea').value == 'What I was about to say'").await;
        tab.until_page(&format!("{launcher}.ariaExpanded == 'true'")).await;
        tab.close().await;
    }
}

/// "On a bad line", sent with Enter or a click while half of the chat's document is there.
async fn sent_on_half_a_document(stack: &Stack, browser: &Chromium, how: &str) -> (Proxy, Tab) {
    // Each time somebody who has said nothing yet.
    browser.cdp.call("", "Storage.clearCookies", json!({})).await;
    let proxy = Proxy::start(stack.edge_port).await;
    let tab = Tab::shop(browser, proxy.port, "", "data-site=demo").await;
    proxy.weather(Weather::Halting("new BroadcastChannel("));
    tab.press_launcher().await;
    tab.until_frame("!!document.querySelector('script[type=late]')").await;
    tab.focus("textarea").await;
    tab.insert("On a bad line").await;
    match how {
        "Enter" => tab.press("Enter").await,
        _ => tab.click(".send").await,
    }
    assert_eq!(tab.frame("document.readyState").await, Some(json!("loading")), "half of it is there");
    (proxy, tab)
}

/// A regression: half the script was run, and the chat never came.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_while_half_of_the_chats_document_is_there_is_done_once_it_is_whole() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    for how in ["Enter", "click"] {
        let (proxy, tab) = sent_on_half_a_document(&stack, &browser, how).await;
        proxy.mend();
        is_sent(&tab, "On a bad line").await;
        assert_eq!(tab.page("complaints").await, Some(json!([])));
        tab.close().await;
    }
}

/// A regression: who went on writing after it had that sent in the middle of a word.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_written_on_since_they_sent_on_half_a_document_sends_when_they_have_done_so() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    // How, what they make of it until the document is whole, and what then.
    let more: [(&str, &str, &str); 3] = [
        ("Enter", "value += 'I have more to s'", "On a bad line\nI have more to say"),
        ("Enter", "value = 'On a bad l'", "On a bad lay"),
        ("click", "value += ','", "On a bad line,ay"),
    ];
    for (how, change, said) in more {
        let (proxy, tab) = sent_on_half_a_document(&stack, &browser, how).await;
        tab.frame(&format!("document.querySelector('textarea').{change}, true")).await;
        proxy.mend();
        tab.until_app().await;
        tab.focus("textarea").await;
        tab.insert("ay").await;
        tab.press("Enter").await;
        is_sent(&tab, said).await;
        assert_eq!(tab.page("complaints").await, Some(json!([])));
        tab.close().await;
    }
    let texts: Vec<_> =
        ledger::whole(&stack, more.len(), 30).await.into_iter().map(|line| line.text).collect();
    assert_eq!(texts, more.map(|(_, _, said)| said));
}

/// A regression: it was sent, the edge ended the link over it, and so it did after every reload.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_to_be_sent_stays_in_the_field_before_the_app_is_there_as_well() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    // The last one is one character, and two for JavaScript.
    let longest = "a".repeat(MAX_TEXT_CHARS - 1) + "𠮷";
    for too_long in ["A lantern. ".repeat(10_000), format!("{longest}!")] {
        let tab = before_the_script(&stack, &browser, "").await;
        tab.focus("textarea").await;
        tab.insert(&too_long).await;
        tab.press("Enter").await;
        tab.until_frame("document.querySelector('#chat').innerText.includes('too many')").await;
        let there =
            "[document.querySelector('textarea').value.length, document.querySelectorAll('.bubble').length]";
        assert_eq!(tab.frame(there).await, Some(json!([too_long.encode_utf16().count(), 0])));
        // Made shorter, it goes.
        tab.frame("document.querySelector('textarea').select(), true").await;
        tab.insert("Lanterns").await;
        tab.press("Enter").await;
        is_sent(&tab, "Lanterns").await;
        tab.close().await;
        // The next one is somebody who has said nothing yet.
        browser.cdp.call("", "Storage.clearCookies", json!({})).await;
    }
    let tab = before_the_script(&stack, &browser, "").await;
    tab.focus("textarea").await;
    tab.insert(&longest).await;
    tab.press("Enter").await;
    is_sent(&tab, &longest).await;
}

/// Whoever is used to icons on a desktop clicks twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_opens_the_chat_and_does_not_close_it_again() {
    let chat = Chat::closed("").await;
    let tab = &chat.tab;
    let launcher = "document.querySelector('seawall-chat').shadowRoot.querySelector('button')";
    let center = format!("(({{ x, y }}) => [x + 28, y + 28])({launcher}.getBoundingClientRect())");
    let center = tab.page(&center).await.expect("a launcher");
    let mouse = async |kind: &str, clicks: u32| {
        let button = if clicks > 0 { "left" } else { "none" };
        let event =
            json!({ "type": kind, "x": center[0], "y": center[1], "button": button, "clickCount": clicks });
        tab.tell("Input.dispatchMouseEvent", event).await;
    };
    mouse("mouseMoved", 0).await;
    tab.page("Seawall('on', 'ready', () => (window.isReady = true)), true").await;
    tab.until_page("!!window.isReady").await;
    for clicks in [1, 2] {
        mouse("mousePressed", clicks).await;
        mouse("mouseReleased", clicks).await;
    }
    tab.until_frame("!!document.querySelector('textarea[aria-describedby]')").await;
    assert_eq!(tab.page(&format!("{launcher}.ariaExpanded")).await, Some(json!("true")));
    // A single one closes it.
    mouse("mousePressed", 1).await;
    mouse("mouseReleased", 1).await;
    assert_eq!(tab.page(&format!("{launcher}.ariaExpanded")).await, Some(json!("false")));
}
