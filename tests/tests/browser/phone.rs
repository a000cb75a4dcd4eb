//! The chat on a telephone: all of the screen that can be seen, and nothing of it behind a keyboard or an edge.

use serde_json::json;
use tests::harness::chat::Chat;

/// A keyboard as browsers tell of it that leave the page's viewport as it is. No emulation opens a real one.
const KEYBOARD: &str = "window.keyboard = (height, top = 0) => { for (const [name, value] of Object.entries({ height, offsetTop: top, scale: 1 }))\
    Object.defineProperty(visualViewport, name, { value, configurable: true }); visualViewport.dispatchEvent(new Event('resize')) }; true";

/// Open on a telephone that has something in its screen above and below, with a keyboard that the page is told of by `keyboard`.
async fn on_a_telephone() -> Chat {
    let chat = Chat::open("").await;
    let tab = &chat.tab;
    tab.page("Seawall('close')").await;
    tab.size(390, 800, true).await;
    tab.until_page("innerWidth == 390").await;
    tab.tell("Emulation.setSafeAreaInsetsOverride", json!({ "insets": { "top": 47, "bottom": 34 } })).await;
    tab.page("document.querySelector('meta[name=viewport]').content += ',viewport-fit=cover'").await;
    tab.page(KEYBOARD).await;
    tab.page("Seawall('open')").await;
    chat
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_telephone_the_chat_stays_above_the_keyboard_and_clear_of_the_screens_edges() {
    let chat = on_a_telephone().await;
    let tab = &chat.tab;
    let whole = "innerWidth == 390 && innerHeight == 800";
    tab.until_frame(whole).await;
    // Header and composer pad themselves, so that their colours reach the edges.
    tab.until_frame("parseFloat(getComputedStyle(document.querySelector('.head')).paddingTop) == 12 + 47")
        .await;
    tab.until_frame("parseFloat(getComputedStyle(document.querySelector('.composer')).paddingBottom) == 34")
        .await;

    tab.focus("textarea").await;
    tab.page("keyboard(420, 60)").await;
    let panel = "(({ top, height }) => `${top} ${height}`)(document.querySelector('seawall-chat').shadowRoot.querySelector('div').getBoundingClientRect())";
    tab.until_page(&format!("{panel} == '60 420'")).await;
    tab.until_frame(
        "innerHeight == 420 && document.querySelector('textarea').getBoundingClientRect().bottom <= 420 &&\
        document.querySelector('.head').getBoundingClientRect().top == 0",
    )
    .await;
    // The keyboard lies over that edge.
    tab.until_frame("parseFloat(getComputedStyle(document.querySelector('.composer')).paddingBottom) == 8")
        .await;
    tab.page("keyboard(800)").await;
    tab.until_frame(whole).await;
    // An address bar that comes and goes, and a person who looks closer, move nothing.
    tab.page("keyboard(740)").await;
    tab.page("Object.defineProperty(visualViewport, 'scale', { value: 2, configurable: true }); Object.defineProperty(visualViewport, 'height', { value: 400, configurable: true }); visualViewport.dispatchEvent(new Event('resize'))").await;
    assert_eq!(tab.page(panel).await, Some(json!("0 800")));
    // Turned to its side there is room beside it again.
    tab.page("keyboard(390)").await;
    tab.size(800, 390, true).await;
    tab.until_frame("parseFloat(getComputedStyle(document.querySelector('.head')).paddingTop) == 12").await;
    assert_eq!(tab.page("complaints").await, Some(json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_chat_on_a_telephone_knows_the_screens_edges_and_the_keyboard_as_well() {
    let chat = on_a_telephone().await;
    let tab = &chat.tab;
    let clear = "parseFloat(getComputedStyle(document.querySelector('.head')).paddingTop) == 12 + 47";
    tab.until_frame(clear).await;
    let font = "/Charter/.test(getComputedStyle(document.querySelector('textarea')).fontFamily)";
    tab.page("Seawall('update', { font: 'serif' })").await;
    tab.until_frame(font).await;

    // Another document in the same frame: in another language, and after everything was forgotten.
    for (call, is_fresh) in [
        ("Seawall('setLocale', 'de')", "document.documentElement.lang == 'de'"),
        ("Seawall('forget')", "document.documentElement.lang == 'de'"),
    ] {
        tab.frame("window.before = true").await;
        tab.page(call).await;
        tab.until_frame(&format!("!window.before && {is_fresh}")).await;
        tab.until_frame(clear).await;
        tab.until_frame(font).await;
    }
    // And another chat.
    tab.page("Seawall('destroy')").await;
    let again = "const s = document.createElement('script'), old = document.querySelector('script[data-site]'); old.remove();\
                 s.src = old.src; s.dataset.site = 'demo'; document.body.append(s); true";
    tab.page(again).await;
    tab.until_page("!!document.querySelector('seawall-chat')").await;
    tab.open_chat().await;
    tab.until_frame(clear).await;
    tab.page("keyboard(420, 60)").await;
    tab.until_frame("innerHeight == 420").await;
    assert_eq!(tab.page("complaints").await, Some(json!([])));
}
