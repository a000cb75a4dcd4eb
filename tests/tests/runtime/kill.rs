//! `kill -9` under load: what was acknowledged is there afterwards.

use std::time::Duration;

use shared::session::{MessageState, Row};
use tests::harness::person::Person;
use tests::harness::stack::Stack;
use tests::harness::{ledger, wait};

const CONVERSATIONS: usize = 50;
const KILLS: usize = 5;
/// Messages that each visitor writes between two kills.
const PER_ROUND: usize = 8;

/// This shows what a dying process loses: nothing. It says nothing about power loss, which takes what the disk has
/// not written yet in spite of its promise.
#[tokio::test(flavor = "multi_thread")]
async fn store_1_no_acknowledged_message_is_lost_when_the_edge_is_killed_under_load() {
    let mut stack = Stack::start().await;
    let visitors: Vec<Person> = (0..CONVERSATIONS).map(|_| Person::visitor(stack.edge_port)).collect();
    for visitor in &visitors {
        visitor.live().await;
    }
    let (mut written, mut in_flight_at_kills) = (0, Vec::new());
    for round in 0..KILLS {
        // Every kill meets a system under full load: all that was written before is stored, all links are up.
        wait::until_true("everything so far is stored", 90, || async { stored(&visitors) == written }).await;
        for n in 0..PER_ROUND {
            for (who, visitor) in visitors.iter().enumerate() {
                visitor.write(&format!("{who}: {}", round * PER_ROUND + n));
            }
            written += CONVERSATIONS;
            // Load, not a condition: messages are under way in every state when the edge dies.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Killed in the middle: some of this round are acknowledged, the rest is on its way.
        let half = written - CONVERSATIONS * PER_ROUND / 2;
        wait::until_true("half of the round is stored", 60, || async { stored(&visitors) >= half }).await;
        stack.kill_edge();
        in_flight_at_kills.push(written - stored(&visitors));
        stack.start_edge();
        stack.edge_answers().await;
    }
    wait::until_true("every message is stored", 90, || async { stored(&visitors) == written }).await;
    wait::until_true("the ledger has every message", 90, || async {
        ledger::read(&stack).await.len() >= written
    })
    .await;

    let lines = ledger::read(&stack).await;
    let by_conversation = ledger::checked(&lines);
    for (who, visitor) in visitors.iter().enumerate() {
        let conversation = visitor.view().conversation.unwrap_or_default();
        let texts: Vec<_> = by_conversation[&conversation].iter().map(|line| line.text.clone()).collect();
        let expected: Vec<_> = (0..KILLS * PER_ROUND).map(|n| format!("{who}: {n}")).collect();
        assert_eq!(texts, expected, "visitor {who}");
    }
    println!(
        "{KILLS} kills, {CONVERSATIONS} conversations: {written} messages written, {in_flight_at_kills:?} of them not \
         yet acknowledged at the kills; in the ledger {}, lost 0, doubled 0, order kept",
        lines.len()
    );
}

fn stored(visitors: &[Person]) -> usize {
    let acknowledged = |row: &&Row| row.state != Some(MessageState::Queued);
    visitors.iter().map(|visitor| visitor.view().rows.iter().filter(acknowledged).count()).sum()
}
