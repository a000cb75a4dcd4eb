//! What the origin has, in the order in which it accepted it.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;

use super::stack::Stack;
use super::wait;

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Line {
    pub position: u64,
    pub id: String,
    pub conversation: String,
    pub epoch: u64,
    pub seq: u64,
    pub author: String,
    pub text: String,
}

pub async fn read(stack: &Stack) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    loop {
        let after = lines.last().map_or(0, |line| line.position);
        let path = format!("/ledger/demo/messages?after={after}&limit=1000");
        let answer = stack.admin(Method::GET, &path).send().await.expect("the ledger is never faulted");
        let page: Vec<Line> = answer.json().await.expect("a JSON array");
        if page.is_empty() {
            return lines;
        }
        lines.extend(page);
    }
}

/// Waits until there are so many lines; in vain, the failure shows what there was.
pub async fn whole(stack: &Stack, written: usize, limit_s: u64) -> Vec<Line> {
    wait::until_ok(&format!("{written} messages in the ledger"), limit_s, || async {
        let lines = read(stack).await;
        if lines.len() == written {
            Ok(lines)
        } else {
            Err(format!(", which has {}: {lines:#?}", lines.len()))
        }
    })
    .await
}

/// What they say, in the ledger's order; each was there once.
pub async fn texts(stack: &Stack, written: usize, limit_s: u64) -> Vec<String> {
    let lines = whole(stack, written, limit_s).await;
    checked(&lines);
    lines.into_iter().map(|line| line.text).collect()
}

/// Every message id once, and within each conversation in the order of seq. Returns lines by conversation.
pub fn checked(lines: &[Line]) -> BTreeMap<String, Vec<Line>> {
    let mut by_conversation: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in lines {
        by_conversation.entry(line.conversation.clone()).or_default().push(line.clone());
    }
    for (conversation, lines) in &by_conversation {
        let mut ids: Vec<_> = lines.iter().map(|line| &line.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), lines.len(), "doubled in {conversation}: {lines:#?}");
        let places: Vec<_> = lines.iter().map(|line| (line.epoch, line.seq)).collect();
        assert!(places.is_sorted(), "out of order in {conversation}: {lines:#?}");
    }
    by_conversation
}
