//! What is written with marks is shown as what they stand for, to both sides, and nothing else in a text becomes anything.

use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::pair::Pair;
use tests::harness::stack::{ADA, Stack};

const TEXT: &str =
    "**Yes**, *twice* a week: [our prices](https://shop.example/prices?for=you), `code` and snake_case";
const EVIL: &str =
    "[a](javascript:broken=1) ![b](https://evil.example/x.png) **<img src=x onerror=\"window.broken=1\">**";

#[tokio::test(flavor = "multi_thread")]
async fn marks_are_shown_as_what_they_stand_for_and_heard_without_them() {
    let stack = Stack::start().await;
    let pair = Pair::open(Storage::Allowed).await;
    let (visitor, agent) = (&pair.visitor, &pair.agent);
    visitor.open_chat(stack.edge_port).await;
    visitor.say("Do you ship to *Norway*?").await;
    visitor.state("Do you ship to Norway?", &["Sent", "Delivered"], 30).await;

    agent.log_in(stack.edge_port, ADA).await;
    // The list tells it in one line, without marks.
    agent.page_reads("Do you ship to Norway?", 30).await;
    agent.turn_to_first().await;
    agent.say(TEXT).await;
    agent.say(EVIL).await;
    agent.say("👍").await;
    for person in [agent, visitor] {
        person.reads("👍", 30).await;
        let drawn = "const log = document.querySelector('[role=log]'); const all = (name) => [...log.querySelectorAll(name)];\
            return [all('[role=strong]').map((one) => one.textContent), all('[role=emphasis]').map((one) => one.textContent),\
                all('[role=code]').map((one) => one.textContent), all('[role=note]').map((one) => one.textContent),\
                all('a').map((one) => one.getAttribute('href') + ' ' + one.rel + ' ' + one.target),\
                all('[data-large]').length, all('img, script').length, window.broken ?? 0]";
        let expected = json!([
            ["Yes", "<img src=x onerror=\"window.broken=1\">"],
            ["Norway", "twice"],
            ["code"],
            ["shop.example", "evil.example"],
            [
                "https://shop.example/prices?for=you noopener noreferrer _blank",
                "https://evil.example/x.png noopener noreferrer _blank"
            ],
            1,
            0,
            0
        ]);
        assert_eq!(person.script(drawn, vec![]).await, expected);
    }
    let heard = "return [...document.querySelectorAll('[aria-live=polite] p')].map((one) => one.textContent).join('|')";
    let heard = visitor.script(heard, vec![]).await;
    assert!(!heard.to_string().contains("**"), "{heard}");
    pair.visitor.quit().await;
    pair.agent.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "for the eye: SEAWALL_PICTURES=folder cargo xtask test browser -- --ignored pictures_of_marks"]
async fn pictures_of_marks() {
    let folder =
        PathBuf::from(std::env::var_os("SEAWALL_PICTURES").expect("SEAWALL_PICTURES names a folder"));
    let stack = Stack::start().await;
    for (name, look, language) in [
        ("light", Look { width: 420, height: 760, dark: false }, "en"),
        ("dark", Look { width: 420, height: 760, dark: true }, "en"),
        ("narrow", Look { width: 320, height: 760, dark: false }, "en"),
        ("right-to-left", Look { width: 420, height: 760, dark: false }, "ar"),
    ] {
        let profile = TempDir::new().expect("a folder");
        let browser = Browser::open(profile.path(), Storage::Allowed, look).await;
        browser.go(&format!("http://localhost:{}/frame/demo?lang={language}", stack.edge_port)).await;
        for text in [
            "**Hello**, I am looking for *two* things:\n- a `blue` coat\n- **boots**\n1. first\n2. second",
            "> Do you ship to Norway?\nYes, see [our prices](https://shop.example/prices).\n```rust\nlet x = 1;\nlet y = x + 1;\n```",
            "https://shop.example/a_b_c",
            "👍🎉",
        ] {
            let send = "const area = document.querySelector('textarea'); area.value = arguments[0];\
                area.dispatchEvent(new InputEvent('input', { bubbles: true })); document.querySelector('form').requestSubmit()";
            browser.script(send, vec![json!(text)]).await;
        }
        browser.reads("👍🎉", 30).await;
        browser.picture(&folder.join(format!("marks-{name}.png"))).await;
        browser.quit().await;
    }
}
