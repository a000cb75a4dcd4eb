//! The page `/demo/outage/` as a person reads it.

use serde_json::json;

use super::browser::Browser;
use super::stack::Stack;
use super::wait;

pub const SEND: &str = "Send the same message on both sides";

/// What the page says of a message, on one of its sides.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    Naive = 0,
    Seawall = 1,
}

/// Opens it and waits until the origin is known and both chats are there.
pub async fn open(browser: &Browser, stack: &Stack) {
    browser
        .go(&format!("http://127.0.0.1:{}/demo/outage/?origin={}", stack.edge_port, stack.origin_port))
        .await;
    browser.page_reads("The origin is well.", 30).await;
    // The app has taken the place of the frame's plain page: it names a hint that the plain one does not have.
    let there = "const chat = document.querySelector('seawall-chat')?.shadowRoot.querySelector('iframe');\
                 return Boolean(chat?.contentDocument?.querySelector('textarea[aria-describedby]'))";
    wait::until_true("Seawall's chat is there", 30, || async {
        browser.script(there, vec![]).await == json!(true)
    })
    .await;
}

/// Writes to both sides with the page's own button.
pub async fn send(browser: &Browser, text: &str) {
    browser.fill("and write to both:", text).await;
    browser.click("button", SEND).await;
}

/// Waits until the page says so of the last message with this text.
pub async fn reads(browser: &Browser, text: &str, side: Side, words: &str, limit_s: u64) {
    let script = "const said = [...document.querySelectorAll('#messages li')]\
                  .findLast((li) => li.querySelector('.what').textContent == arguments[0]);\
                  return said?.querySelectorAll('.words')[arguments[1]].textContent || ''";
    wait::until_reads(&format!("{side:?} on {text:?}"), words, limit_s, || async {
        let words = browser.script(script, vec![json!(text), json!(side as u8)]).await;
        words.as_str().unwrap_or_default().to_owned()
    })
    .await;
}

/// The text of an element with this id.
pub async fn text_of(browser: &Browser, id: &str) -> String {
    let text =
        browser.script("return document.getElementById(arguments[0]).innerText", vec![json!(id)]).await;
    text.as_str().unwrap_or_default().to_owned()
}
