//! A message that was refused: sent again, taken back into the field, or discarded, with a pointer and with keys.

use serde_json::json;
use tests::harness::chat::Chat;
use tests::harness::ledger;
use tests::harness::tab::Tab;

/// Is refused by the edge as long as `window.grows`, because on the wire it is too long; the widget would not let it go.
const REFUSE: &str = "window.grows = true; { const send = WebSocket.prototype.send; WebSocket.prototype.send = function (text) {\
    return send.call(this, window.grows ? text.replace(/refuse [a-z]+/g, 'x'.repeat(4001)) : text) } }";

async fn chat() -> Chat {
    let chat = Chat::open("").await;
    let tab = &chat.tab;
    tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": REFUSE })).await;
    tab.reload().await;
    tab.until_launcher().await;
    tab.open_chat().await;
    chat
}

/// Says it, and waits for the buttons below it.
async fn refused(tab: &Tab, text: &str) {
    tab.focus("textarea").await;
    tab.insert(text).await;
    tab.press("Enter").await;
    tab.until_frame(&format!("!!{}", choice(text, "retry"))).await;
}

/// The button of that name under that message.
fn choice(text: &str, name: &str) -> String {
    format!(
        "[...document.querySelectorAll('.row')].findLast((row) => row.querySelector('.text')?.textContent == {})?.querySelector('[name={name}]')",
        json!(text)
    )
}

async fn click(tab: &Tab, button: &str) {
    let place = format!(
        "(({{ left, top, width, height }}) => [left + width / 2, top + height / 2])({button}.getBoundingClientRect())"
    );
    tab.still().await;
    let place = tab.frame(&place).await.expect("a place");
    for kind in ["mousePressed", "mouseReleased"] {
        let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
        tab.tell_frame("Input.dispatchMouseEvent", event).await;
    }
}

/// With `Shift+Tab` from the field, as a person finds it.
async fn walk(tab: &Tab, button: &str) {
    tab.focus("textarea").await;
    for _ in 0..8 {
        tab.press("Shift+Tab").await;
        if tab.frame(&format!("document.activeElement === {button}")).await == Some(json!(true)) {
            return tab.press("Enter").await;
        }
    }
    panic!("no way to {button} with Tab; {}", tab.looks().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_edited_sent_again_or_discarded_with_a_pointer_and_with_keys() {
    let chat = chat().await;
    let tab = &chat.tab;
    let gone =
        |text: &str| format!("!document.querySelector('[role=log]').innerText.includes({})", json!(text));
    for keys in [false, true] {
        let press = async |text: &str, name: &str| {
            let button = choice(text, name);
            if keys { walk(tab, &button).await } else { click(tab, &button).await }
        };
        let one = if keys { "b" } else { "a" };
        let (edited, again, discarded) =
            (format!("refuse edit{one}"), format!("refuse again{one}"), format!("refuse gone{one}"));

        // Into the field, before what stands there, with the caret; the refused one goes.
        refused(tab, &edited).await;
        tab.focus("textarea").await;
        tab.insert("A draft").await;
        press(&edited, "edit").await;
        tab.until_frame(&format!(
            "document.querySelector('textarea').value == {}",
            json!(format!("{edited}\nA draft"))
        ))
        .await;
        tab.until_frame("document.activeElement.tagName == 'TEXTAREA'").await;
        tab.until_frame(&gone(&edited)).await;
        let write = format!(
            "document.querySelector('textarea').value = 'Written anew {one}', document.querySelector('textarea').dispatchEvent(new InputEvent('input', {{ bubbles: true }}))"
        );
        tab.frame(&write).await;
        tab.press("Enter").await;
        tab.until_frame(&format!(
            "document.querySelector('[role=log]').innerText.includes('Written anew {one}')"
        ))
        .await;

        refused(tab, &discarded).await;
        press(&discarded, "discard").await;
        tab.until_frame(&gone(&discarded)).await;

        refused(tab, &again).await;
        tab.frame("window.grows = false").await;
        press(&again, "retry").await;
        tab.until_frame(&format!(
            "!{} && !document.querySelector('[data-state=queued]')",
            choice(&again, "retry")
        ))
        .await;
        tab.frame("window.grows = true").await;
    }
    let lines = ledger::whole(&chat.stack, 4, 30).await;
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["Written anew a", "refuse againa", "Written anew b", "refuse againb"]);
    // What was given up does not come back.
    tab.reload().await;
    tab.until_launcher().await;
    tab.open_chat().await;
    tab.until_frame("document.querySelector('[role=log]').innerText.includes('refuse againb')").await;
    assert_eq!(tab.frame("document.querySelectorAll('[data-state=refused]').length").await, Some(json!(0)));
    assert_eq!(tab.page("complaints").await, Some(json!([])));
}
