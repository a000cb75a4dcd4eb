//! `kill -9` under load: what was acknowledged is there afterwards.

use std::env;
use std::time::Duration;

use shared::session::{MessageState, Row, Transport};
use tests::harness::person::Person;
use tests::harness::stack::{ADA, Stack};
use tests::harness::wire::Door;
use tests::harness::{ledger, wait};

const CONVERSATIONS: usize = 50;
/// Messages that each person writes between two kills.
const PER_ROUND: usize = 4;

/// The edge is killed so many times, or `SEAWALL_KILLS` times; the origin in two rounds of five.
const KILLS: usize = 5;

/// This shows what a dying process loses: nothing. It says nothing about power loss, which takes what the disk has
/// not written yet in spite of its promise.
#[tokio::test(flavor = "multi_thread")]
async fn store_1_no_acknowledged_message_is_lost_when_the_edge_is_killed_under_load() {
    let kills = env::var("SEAWALL_KILLS").map_or(KILLS, |count| count.parse().expect("a number of kills"));
    let mut stack = Stack::start().await;
    let people = talk(&stack).await;
    let (mut written, mut in_flight_at_kills, mut origin_kills) = (CONVERSATIONS, Vec::new(), 0);
    for round in 0..kills {
        // Every kill meets a system under full load: all that was written before is stored, all links are up.
        wait::until_true("everything so far is stored", 90, || async { stored(&people) == written }).await;
        let kills_origin = round % 5 == 1 || round % 5 == 3;
        for n in 0..PER_ROUND {
            for (who, person) in people.iter().enumerate() {
                person.write(&format!("{who}: {}", round * PER_ROUND + n));
            }
            written += people.len();
            if kills_origin && n == PER_ROUND / 2 {
                stack.kill_origin();
                origin_kills += 1;
            }
            // Load, not a condition: messages are under way in every state when the edge dies.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Killed in the middle: some of this round are acknowledged, the rest is on its way.
        let half = written - people.len() * PER_ROUND / 2;
        wait::until_true("half of the round is stored", 60, || async { stored(&people) >= half }).await;
        stack.kill_edge();
        in_flight_at_kills.push(written - stored(&people));
        stack.start_edge();
        stack.edge_answers().await;
        if kills_origin {
            stack.start_origin();
        }
    }
    wait::until_true("every message is stored", 90, || async { stored(&people) == written }).await;
    wait::until_true("the ledger has every message", 90, || async {
        ledger::read(&stack).await.len() >= written
    })
    .await;

    let lines = ledger::read(&stack).await;
    let by_conversation = ledger::checked(&lines);
    for (who, person) in people.iter().enumerate() {
        let conversation = person.view().conversation.unwrap_or_default();
        let mine = format!("{who}: ");
        let lines = by_conversation[&conversation].iter().filter(|line| line.text.starts_with(&mine));
        let expected: Vec<_> = (0..kills * PER_ROUND).map(|n| format!("{who}: {n}")).collect();
        assert_eq!(lines.map(|line| line.text.clone()).collect::<Vec<_>>(), expected, "person {who}");
    }
    println!(
        "{kills} kills of the edge, {origin_kills} of the origin; {CONVERSATIONS} conversations, a visitor and an agent \
         in each, half of them by WebSocket, half by long poll: {written} messages written, {in_flight_at_kills:?} of \
         them not yet acknowledged at the kills; in the ledger {}, lost 0, doubled 0, each sender's order kept",
        lines.len()
    );
}

/// Visitors, then their agents; transports in all four combinations.
async fn talk(stack: &Stack) -> Vec<Person> {
    let transport = |polls: bool| if polls { Transport::Poll } else { Transport::WebSocket };
    let mut people = Vec::new();
    for who in 0..CONVERSATIONS {
        people.push(Person::visitor_at(Door::visitor(stack.edge_port).by(transport(who % 2 == 1))));
    }
    for visitor in &people {
        visitor.live().await;
        visitor.write("Hello");
    }
    let cookie = stack.log_in(ADA).await;
    for who in 0..CONVERSATIONS {
        people[who].has_come("Hello", &MessageState::Sent, 60).await;
        let conversation = people[who].view().conversation.unwrap_or_default();
        let door = Door::conversation(stack.edge_port, &cookie, &conversation);
        let agent = Person::agent(door.by(transport(who % 4 >= 2)));
        agent.live().await;
        people.push(agent);
    }
    people
}

/// Own messages that are stored.
fn stored(people: &[Person]) -> usize {
    let acknowledged = |row: &&Row| row.state.as_ref().is_some_and(|state| *state != MessageState::Queued);
    people.iter().map(|person| person.view().rows.iter().filter(acknowledged).count()).sum()
}
