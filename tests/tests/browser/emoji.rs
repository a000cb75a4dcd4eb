//! Emoji, chosen by keys or pointer.

use serde_json::json;
use tests::harness::chat::Chat;
use tests::harness::ledger;

#[tokio::test(flavor = "multi_thread")]
async fn an_emoji_is_chosen_by_keys_and_stands_where_the_caret_was() {
    let chat = Chat::open("").await;
    let tab = &chat.tab;
    tab.focus("textarea").await;
    tab.insert("Thanks!").await;
    tab.frame("document.querySelector('textarea').setSelectionRange(6, 6)").await;
    let open = async || {
        tab.focus(".emoji").await;
        tab.press("Enter").await;
        tab.until_frame("document.querySelector('.emoji').ariaExpanded == 'true' && document.activeElement.textContent == '🙂'")
            .await;
    };
    let focused =
        async |sign: &str| tab.until_frame(&format!("document.activeElement.textContent == '{sign}'")).await;
    open().await;
    for (key, sign) in [
        ("ArrowRight", "😀"),
        ("ArrowRight", "😄"),
        ("ArrowLeft", "😀"),
        ("End", "🐶"),
        ("ArrowRight", "🐶"),
        ("Home", "🙂"),
        ("ArrowUp", "🙂"),
        ("ArrowLeft", "🙂"),
    ] {
        tab.press(key).await;
        focused(sign).await;
    }
    // Down and up again in one column, over the end of a group.
    let column = "document.activeElement.offsetLeft";
    let left = tab.frame(column).await;
    let mut seen = vec![];
    for _ in 0..5 {
        tab.press("ArrowDown").await;
        assert_eq!(tab.frame(column).await, left);
        seen.push(tab.frame("document.activeElement.textContent").await);
    }
    seen.dedup();
    assert_eq!(seen.len(), 5, "{seen:?}");
    for _ in 0..5 {
        tab.press("ArrowUp").await;
    }
    focused("🙂").await;
    // Escape gives the focus back and writes nothing; the chat stays.
    tab.press("Escape").await;
    tab.until_frame("!document.querySelector('.popup') && document.activeElement.className == 'emoji'").await;
    open().await;
    tab.press("ArrowRight").await;
    tab.press("Enter").await;
    tab.until_frame("document.querySelector('textarea').value == 'Thanks😀!' && document.activeElement.tagName == 'TEXTAREA'")
        .await;
    tab.press("Enter").await;
    let lines = ledger::whole(&chat.stack, 1, 30).await;
    assert_eq!(lines[0].text, "Thanks😀!");
    // By pointer, and one at a time.
    let press = "document.querySelector('.emoji').click(), true";
    tab.frame(press).await;
    tab.until_frame("!!document.querySelector('.popup')").await;
    tab.frame(
        "[...document.querySelectorAll('.popup button')].find((one) => one.textContent == '🚚').click()",
    )
    .await;
    tab.until_frame("document.querySelector('textarea').value == '🚚' && !document.querySelector('.popup')")
        .await;
    assert_eq!(tab.page("complaints").await, Some(json!([])));
}
