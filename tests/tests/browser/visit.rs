//! A visit begins, changes its settings and ends as the page wants it.

use serde_json::json;
use tests::harness::owner::Owner;
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;
use tests::harness::tokens::of_the_shop;
use tests::harness::wait;

const SHADOW: &str = "const root = document.querySelector('seawall-chat').shadowRoot; const button = root.querySelector('button');";

#[tokio::test(flavor = "multi_thread")]
async fn without_a_site_the_chat_waits_for_boot_and_a_visit_may_end_and_begin_again() {
    let stack = Stack::start().await;
    let owner = Owner::shop(stack.edge_port, "", "").await;
    owner.hears("ready", |_| true).await;
    let buttons = format!("{SHADOW} return button.getClientRects().length");
    assert_eq!(owner.browser.script(&buttons, vec![]).await, json!(0), "nothing is shown");
    owner.call("'open'").await;
    owner.hears_error("not-booted").await;
    owner.call("'boot'").await;
    owner.hears_error("no-site").await;
    owner.call("'boot', { site: 'demo', label: 'Ask us' }").await;
    owner.call("'boot'").await;
    owner.browser.click("button", "Ask us").await;
    owner.says("Do you ship to Norway?").await;

    for _ in 0..2 {
        owner.call("'shutdown'").await;
        owner.call("'shutdown'").await;
        let left = "return document.querySelectorAll('seawall-chat').length + frames.length";
        assert_eq!(owner.browser.script(left, vec![]).await, json!(0), "launcher and frame are gone");
        owner.browser.script("heard.length = 0", vec![]).await;
        owner.call("'send', 'To nobody'").await;
        owner.call("'open'").await;
        owner.hears_error("not-booted").await;
        // In one breath, as a page that is built anew does it.
        owner.browser.script("Seawall('boot'); Seawall('send', 'Here again'); Seawall('open')", vec![]).await;
        owner.reads("Do you ship to Norway?").await;
        owner.browser.enter_chat().await;
        owner.browser.state("Here again", &["Sent", "Delivered", "Seen"], 30).await;
        assert!(!owner.browser.log_text().await.contains("To nobody"));
        owner.browser.leave_chat().await;
    }
    owner.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_from_before_the_script_are_done_in_order_once_it_is_there() {
    let stack = Stack::start().await;
    let early = "Seawall('shutdown'); Seawall('boot'); Seawall('update', { label: 'Ask us' }); Seawall('boot', {});\
                 Seawall('open'); Seawall('send', 'Early bird')";
    let owner = Owner::shop(stack.edge_port, "data-site=demo", early).await;
    owner.hears("sent", |sent| sent["seq"] == 1).await;
    owner.reads("Early bird").await;
    assert_eq!(owner.heard("open").await.len(), 1);
    assert_eq!(owner.heard("error").await.len(), 0);
    owner.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chat_speaks_another_language_with_what_is_written_in_it() {
    let stack = Stack::start().await;
    let owner = Owner::shop(stack.edge_port, "data-site=demo data-lang=de", "").await;
    let browser = &owner.browser;
    owner.call("'open'").await;
    let enter = async |name: &str| {
        browser.leave_chat().await;
        browser.find("iframe", "").await.enter_frame().await.expect("the chat's frame");
        browser.find("textarea[aria-describedby]", name).await;
    };
    enter("Nachricht").await;
    browser.fill("Nachricht", "Ein Entwurf").await;
    browser.leave_chat().await;
    owner.call("'setLocale', 'fr-CA'").await;
    wait::until_true("French", 30, || async {
        browser.leave_chat().await;
        let frame = browser.find("iframe", "").await;
        let entered = frame.enter_frame().await.is_ok();
        let lang = browser.client.execute("return document.documentElement.lang", vec![]).await;
        entered && lang.is_ok_and(|lang| lang == json!("fr"))
    })
    .await;
    enter("Message").await;
    let draft = "return document.querySelector('textarea').value";
    wait::until_true("the draft is there", 30, || async {
        browser.script(draft, vec![]).await == json!("Ein Entwurf")
    })
    .await;
    browser.leave_chat().await;
    owner.call("'setLocale', 'no such language'").await;
    owner.hears_error("unknown-language").await;
    owner.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_launchers_sign_is_seen_on_every_colour_and_stands_where_the_page_wants_it() {
    let stack = Stack::start().await;
    let owner =
        Owner::shop(stack.edge_port, "data-site=demo data-position=left data-color=#ffd400", "").await;
    let browser = &owner.browser;
    browser.find("button", "Open chat").await;
    let looks = format!(
        "{SHADOW} const sign = getComputedStyle(button, ':before').backgroundColor;\
         const ground = getComputedStyle(button).backgroundColor;\
         const make = (color) => {{ const c = document.createElement('canvas').getContext('2d', {{ willReadFrequently: true }});\
         c.fillStyle = color; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data].slice(0, 3)\
         .map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); }};\
         const light = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;\
         const [a, b] = [light(make(sign)), light(make(ground))];\
         const box = button.getBoundingClientRect();\
         return {{ contrast: Math.max(a, b) / Math.min(a, b), left: box.left, right: innerWidth - box.right, ground }}"
    );
    let look = browser.script(&looks, vec![]).await;
    assert_eq!((look["left"].as_f64(), look["ground"].as_str()), (Some(20.0), Some("rgb(255, 212, 0)")));
    owner.call("'update', { position: 'right' }").await;
    wait::until_true("on the right", 30, || async {
        browser.script(&looks, vec![]).await["right"].as_f64() == Some(20.0)
    })
    .await;
    owner.call("'update', { position: null }").await;
    // Every brightness, and hues around the one at which black takes the place of white.
    let mut colors: Vec<String> = (0..=255).step_by(15).map(|v| format!("rgb({v} {v} {v})")).collect();
    colors.extend((0..360).step_by(20).map(|hue| format!("hsl({hue} 80% 50%)")));
    colors.extend((40..=50).map(|l| format!("hsl(210 12% {l}%)")));
    for color in colors {
        owner.call(&format!("'update', {{ color: '{color}' }}")).await;
        let look = browser.script(&looks, vec![]).await;
        assert!(look["contrast"].as_f64().is_some_and(|contrast| contrast >= 4.5), "{color}: {look}");
    }
    assert_eq!(browser.script(&looks, vec![]).await["right"].as_f64(), Some(20.0));
    for (settings, code) in [
        ("{ color: 'mauvish' }", "unknown-color"),
        ("{ position: 'top' }", "unknown-position"),
        ("{ label: '' }", "bad-label"),
        ("{ size: 7 }", "unknown-setting"),
        ("7", "no-settings"),
    ] {
        owner.call(&format!("'update', {settings}")).await;
        owner.hears_error(code).await;
    }
    owner.is_well().await;
}

/// The launcher is clicked as soon as it is there, and the second script is still on its way.
const AT_ONCE: &str = "new MutationObserver((_, observer) => { const chat = document.querySelector('seawall-chat'); if (!chat) return;\
    observer.disconnect(); chat.shadowRoot.querySelector('button').click() }).observe(document.documentElement, { childList: true });";

#[tokio::test(flavor = "multi_thread")]
async fn a_click_before_the_second_script_is_there_is_heard_by_every_handler_that_was_there() {
    let stack = Stack::start().await;
    // One of them stands behind a call that waits for another file.
    let early = format!(
        "{AT_ONCE} Seawall('setTheme', 'dark'); window.behind = 0; Seawall('on', 'open', () => behind++)"
    );
    let owner = Owner::shop(stack.edge_port, "data-site=demo", &early).await;
    owner.hears("health", |health| health["link"] == "live").await;
    owner.hears("open", |_| true).await;
    assert_eq!(owner.browser.script("return behind", vec![]).await, json!(1));
    owner.call("'close'").await;
    owner.hears("close", |_| true).await;
    assert_eq!((owner.heard("open").await.len(), owner.heard("close").await.len()), (1, 1));
    owner.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_that_ended_before_its_chat_came_by_itself_begins_again_with_the_chat_of_its_site() {
    let stack = Stack::start().await;
    let owner = Owner::shop(stack.edge_port, "data-site=demo", "").await;
    owner.call("'open'").await;
    owner.says("Do you ship to Norway?").await;
    // Whoever has talked gets the chat two seconds later by itself.
    owner.load().await;
    let end = "window.panel = document.querySelector('seawall-chat').shadowRoot.querySelector('div'); Seawall('shutdown')";
    owner.browser.script(end, vec![]).await;
    wait::until_true("the two seconds are over", 30, || async {
        owner.browser.script("return !!panel.querySelector('iframe')", vec![]).await == json!(true)
    })
    .await;
    owner.call("'boot'").await;
    owner.call("'open'").await;
    let address = "return panel.querySelector('iframe').src";
    let address = owner.browser.script(address, vec![]).await;
    assert!(address.as_str().is_some_and(|address| address.contains("/frame/demo?")), "{address}");
    owner.reads("Do you ship to Norway?").await;
    owner.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_cannot_be_had_in_another_language_yet_goes_on_in_this_one_and_may_be_closed() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let owner = Owner::shop(proxy.port, "data-site=demo", "").await;
    let browser = &owner.browser;
    owner.call("'open'").await;
    owner.says("Do you ship to Norway?").await;
    let draft = "return document.querySelector('textarea[aria-describedby]')?.value";
    let shown = format!("{SHADOW} return root.querySelector('div').className");
    browser.enter_chat().await;
    browser.fill("Message", "My draft").await;
    // First what a change of language takes is not there, then the document alone.
    for (before, lang) in [("Close chat", "de"), ("Chat schließen", "fr")] {
        browser.script("Math.random = () => 0.1", vec![]).await;
        browser.leave_chat().await;
        proxy.cut();
        owner.call(&format!("'setLocale', '{lang}'")).await;
        browser.find("iframe", "").await.enter_frame().await.expect("the chat's frame");
        browser.click(".close", before).await;
        browser.leave_chat().await;
        wait::until_true("it is closed", 30, || async {
            browser.script(&shown, vec![]).await == json!("false")
        })
        .await;
        owner.call("'open'").await;
        browser.find("iframe", "").await.enter_frame().await.expect("the chat's frame");
        assert_eq!(browser.script(draft, vec![]).await, json!("My draft"));
        browser.leave_chat().await;
        proxy.mend();
        wait::until_true(lang, 40, || async {
            browser.leave_chat().await;
            let frame = browser.find("iframe", "").await;
            let entered = frame.enter_frame().await.is_ok();
            let there = "return document.documentElement.lang == arguments[0] && document.querySelector('textarea[aria-describedby]')?.value";
            let there = browser.client.execute(there, vec![json!(lang)]).await;
            entered && there.is_ok_and(|draft| draft == json!("My draft"))
        })
        .await;
    }
    browser.leave_chat().await;
    owner.reads("Do you ship to Norway?").await;
    browser.client.clone().close().await.expect("closed");
}

/// What is on the launcher, and how it looks.
const LOOKS: &str = "const root = document.querySelector('seawall-chat')?.shadowRoot; const button = root?.querySelector('button');\
    return root && [button.innerText, button.offsetWidth > 100, getComputedStyle(root.querySelector('div')).borderRadius]";

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_comes_again_after_destroy_looks_as_before_and_asks_for_nobody() {
    let stack = Stack::start().await;
    let attributes = "data-site=demo data-label='Ask us' data-round=4";
    let owner = Owner::shop(stack.edge_port, attributes, "").await;
    let browser = &owner.browser;
    let looks = json!(["Ask us", true, "4px"]);
    wait::until_true("it looks so", 30, || async { browser.script(LOOKS, vec![]).await == looks }).await;
    let token = of_the_shop("a", "Vera Lund", 3_600);
    owner
        .call(&format!(
            "'identify', async () => {{ window.asked = (window.asked ?? 0) + 1; return '{token}' }}"
        ))
        .await;
    owner.call("'open'").await;
    owner.hears("health", |health| health["link"] == "live").await;
    owner.call("'destroy'").await;
    let again = "const s = document.createElement('script'), old = document.querySelector('script[data-site]'); old.remove();\
                 s.src = old.src; Object.assign(s.dataset, old.dataset); document.body.append(s)";
    browser.script(again, vec![]).await;
    wait::until_true("it looks so again", 30, || async { browser.script(LOOKS, vec![]).await == looks })
        .await;
    // The browser shows the page again.
    browser.script("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))", vec![]).await;
    assert_eq!(browser.script("return asked", vec![]).await, json!(1));
    owner.is_well().await;
}
