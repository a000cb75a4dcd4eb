//! The page that compares, before and during an outage.

use serde_json::json;
use tests::harness::browser::{Browser, Look};
use tests::harness::outage_page::{self as page, Side};
use tests::harness::stack::Stack;

use super::{PHONE, browser, file};

/// High enough for both chats.
const TALL: Look = Look { width: 1280, height: 1560, dark: false };
const TALL_DARK: Look = Look { dark: true, ..TALL };
const LIGHT_PHONE: Look = Look { dark: false, ..PHONE };

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a command of its own: cargo xtask screenshots"]
async fn outage_page() {
    for (look, name) in [(TALL, ""), (TALL_DARK, "-dark"), (LIGHT_PHONE, "-phone"), (PHONE, "-phone-dark")] {
        let stack = Stack::start().await;
        let (reader, _folder) = browser(look).await;
        page::open(&reader, &stack).await;
        reader.picture(&file(&format!("compared-before{name}"))).await;
        page::send(&reader, "Is the storm lantern in stock?").await;
        page::reads(&reader, "Is the storm lantern in stock?", Side::Naive, "Delivered after", 30).await;
        page::reads(&reader, "Is the storm lantern in stock?", Side::Seawall, "elivered after", 30).await;
        reader.click("button", "Down").await;
        for text in ["Does the rope come in blue?", "Do you ship to Norway?"] {
            page::send(&reader, text).await;
            page::reads(&reader, text, Side::Naive, "Not sent", 30).await;
        }
        reader.page_reads("The edge says: holding.", 30).await;
        // On a phone the chats do not stand side by side: what became of the messages says more.
        if look.width > 500 {
            reader.picture(&file(&format!("compared-during{name}"))).await;
            scroll_to_timeline(&reader).await;
            reader.picture(&file(&format!("compared-timeline{name}"))).await;
        } else {
            scroll_to_timeline(&reader).await;
            reader.picture(&file(&format!("compared-during{name}"))).await;
        }
        stack.fault(json!({ "kind": "none" })).await;
        reader.quit().await;
    }
}

async fn scroll_to_timeline(reader: &Browser) {
    let down = "document.querySelector('.happened').scrollIntoView({ behavior: 'instant' })";
    reader.script(down, vec![]).await;
}
