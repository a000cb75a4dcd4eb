//! Whatever comes in that should not: a clear answer, nothing stored by half, nobody else affected, no panic.

mod frames;
mod headers;
mod load;
mod origin_events;
mod posts;
mod refusals;
mod texts;
mod tokens;

use serde_json::Value;
use tests::harness::ledger;
use tests::harness::neighbour::Neighbour;
use tests::harness::raw::RawLink;
use tests::harness::stack::Stack;
use tests::harness::wait;
use tests::harness::wire::Door;

/// The texts of a conversation's log, as a fresh link is told.
async fn log_of(stack: &Stack, token: &str) -> Vec<String> {
    let (_link, welcome) = RawLink::greeted(&Door::visitor(stack.edge_port), Some(token)).await;
    assert_eq!(welcome.last_seq, welcome.messages.len() as u64, "a seq without its message");
    welcome.messages.into_iter().map(|message| message.text).collect()
}

/// What every test of this folder ends with: the neighbour still talks, on the link of the beginning, nothing has
/// panicked, and the origin has these texts, once each and in this order, and the neighbour's.
async fn all_is_well(stack: &Stack, neighbour: &Neighbour, texts: &[impl AsRef<str>]) {
    neighbour.talks_on().await;
    let expected = neighbour.said() + texts.len();
    wait::until_true(&format!("{expected} messages in the ledger"), 30, || async {
        ledger::read(stack).await.len() >= expected
    })
    .await;
    let lines = ledger::read(stack).await;
    ledger::checked(&lines);
    let neighbours = neighbour.conversation();
    let (neighbours, others): (Vec<_>, Vec<_>) =
        lines.iter().partition(|line| line.conversation == neighbours);
    assert_eq!(neighbours.len(), neighbour.said());
    let others: Vec<_> = others.into_iter().map(|line| line.text.as_str()).collect();
    assert_eq!(others, texts.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    stack.assert_calm();
}

/// Status and `code` of an answer.
async fn code_of(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}
