//! Texts that somebody might mistake for something else than text.

use reqwest::Method;
use serde_json::json;
use shared::frame::EdgeFrame;
use shared::limits::{MAX_FRAME_BYTES, MAX_TEXT_CHARS};
use shared::session::MessageState;
use tests::harness::neighbour::Neighbour;
use tests::harness::person::Person;
use tests::harness::raw::{RawLink, send};
use tests::harness::stack::{ADA, Stack};
use tests::harness::wire::Door;
use tests::harness::{ledger, wait};
use tokio_tungstenite::tungstenite::Message;

use super::{all_is_well, log_of};

/// HTML, control characters, NUL, right-to-left and its overrides, combining and 4-byte characters, what SQL and
/// templates would take for theirs, line ends of every kind, and characters that JSON must or may escape.
const STRANGE: [&str; 12] = [
    "<img src=x onerror=\"document.title='broken'\"><script>alert(1)</script>&amp;&#60;",
    "before\0after",
    "bell\u{7} escape\u{1b}[31m delete\u{7f} next line\u{85}",
    "tab\tline\nreturn\rboth\r\nsep\u{2028}par\u{2029}",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627}",
    "\u{202e}gnp.exe\u{202c} \u{2066}isolated\u{2069} \u{200f}mark",
    "\u{1f469}\u{200d}\u{1f680} \u{1f1f3}\u{1f1f4} \u{10ffff} \u{1d11e}",
    "Z\u{351}\u{36b}a\u{301}\u{300}l e\u{301} is not \u{e9}",
    "'; DROP TABLE messages; --",
    "{{7*7}} ${7*7} %s %n \\u0041 \\",
    "\u{feff}byte order mark and \u{fffd} and \u{fffe}",
    "  spaces around  ",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_text_comes_out_as_it_was_written_at_the_agents_and_in_the_ledger() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let visitor = Person::visitor(stack.edge_port);
    visitor.live().await;
    for text in STRANGE {
        visitor.write(text);
    }
    visitor.has_come(STRANGE[11], &MessageState::Delivered, 30).await;

    let cookie = stack.log_in(ADA).await;
    let conversation = visitor.view().conversation.expect("a live link has one");
    let agent = Person::agent(Door::conversation(stack.edge_port, &cookie, &conversation));
    agent.sees("every text", 30, |view| view.texts() == STRANGE).await;
    // The other way: by the console, and by a reply out of the origin.
    for text in STRANGE {
        agent.write(text);
    }
    let path = format!("/sites/demo/conversations/{conversation}/replies");
    agent.has_come(STRANGE[11], &MessageState::Sent, 30).await;
    for text in STRANGE {
        let reply = json!({ "agent": "grace", "text": text });
        let answer = stack.admin(Method::POST, &path).json(&reply).send().await.expect("an answer");
        assert_eq!(answer.status(), 202, "{text:?}: {}", answer.text().await.unwrap_or_default());
    }
    let all: Vec<_> = STRANGE.into_iter().chain(STRANGE).chain(STRANGE).collect();
    visitor.sees("every answer", 30, |view| view.texts() == all).await;
    assert_eq!(log_of(&stack, &visitor.token()).await, all);
    all_is_well(&stack, &neighbour, &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nack_2_a_message_of_exactly_the_limit_is_accepted_and_one_character_more_refused() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let (mut link, welcome) = RawLink::greeted(&Door::visitor(stack.edge_port), None).await;
    let token = welcome.token.expect("a new visitor's token");

    let latin = "x".repeat(MAX_TEXT_CHARS);
    let flags = "\u{1f40b}".repeat(MAX_TEXT_CHARS);
    link.say(send("w", 1, &latin)).await;
    // 4-byte characters, each as an escaped pair: the longest way to write the longest message.
    let escaped = send("w", 2, "TEXT").to_string().replace("TEXT", &r"\ud83d\udc0b".repeat(MAX_TEXT_CHARS));
    assert!((48_000..MAX_FRAME_BYTES).contains(&escaped.len()), "{} bytes", escaped.len());
    link.message(Message::text(escaped)).await;
    link.acked("w", 2).await;

    for (n, text, reason) in [
        (3, "x".repeat(MAX_TEXT_CHARS + 1), "text-too-long"),
        (4, "\u{1f40b}".repeat(MAX_TEXT_CHARS + 1), "text-too-long"),
        (5, String::new(), "text-empty"),
        (6, " \n\t\u{a0}\u{2003}".to_owned(), "text-empty"),
    ] {
        link.say(send("w", n, &text)).await;
        let refused = |frame: &EdgeFrame| match frame {
            EdgeFrame::Nack(nack) if nack.n == n => Some((nack.reason.clone(), nack.retry)),
            _ => None,
        };
        assert_eq!(link.hear("the refusal", refused).await, (reason.to_owned(), false));
    }
    // A refused message has used up its number, and the link goes on.
    link.say(send("w", 7, "short")).await;
    link.acked("w", 7).await;

    assert_eq!(log_of(&stack, &token).await, [latin.as_str(), &flags, "short"]);
    all_is_well(&stack, &neighbour, &[&latin, &flags, "short"]).await;
    wait::until_true("the ledger's lengths", 30, || async {
        ledger::read(&stack).await.iter().filter(|line| line.text.chars().count() == MAX_TEXT_CHARS).count()
            == 2
    })
    .await;
}
