//! Links that end without a word, on the running edge: its objects sleep meanwhile, and the platform answers the pings.

use shared::session::{MessageState, Standing};
use tests::harness::person::Person;
use tests::harness::proxy::{Proxy, Weather};
use tests::harness::stack::{ADA, GRACE, Stack};
use tests::harness::wire::Door;

/// In place of 150 s, and longer than the 20 s after which a session says `ping`.
const SILENT_MS: u64 = 25_000;
/// That, 3 s in which an agent may come back, and room for a slow machine.
const GONE_WITHIN_S: u64 = 60;
/// In that time, per object: one for the safety net of a message, and two looks. Twice that is far from one for every ping.
const MOST_ALARMS: u64 = 6;

/// Two laptops are shut: an agent's, who was answering, and a visitor's. Nobody hangs up, and nothing comes any more.
#[tokio::test(flavor = "multi_thread")]
async fn link_7_who_has_gone_without_a_word_is_told_as_gone_and_who_is_there_keeps_the_link() {
    let stack = Stack::impatient(SILENT_MS).await;
    let laptop = Proxy::start(stack.edge_port).await;
    let (ada, grace) = (stack.log_in(ADA).await, stack.log_in(GRACE).await);
    let colleague = Person::inbox(Door::inbox(stack.edge_port, &grace));
    let inbox = Person::inbox(Door { port: laptop.port, ..Door::inbox(stack.edge_port, &ada) });
    let visitor = Person::visitor(stack.edge_port);
    visitor.write("anybody?");
    visitor.has_come("anybody?", &MessageState::Sent, 30).await;
    let conversation = visitor.view().conversation.expect("a conversation");
    let door = Door::conversation(stack.edge_port, &ada, &conversation);
    let agent = Person::agent(Door { port: laptop.port, ..door });
    agent.live().await;
    agent.write("I am");
    visitor.sees("who is there", 30, |view| view.here == "Ada Ferris" && view.agents == 2).await;
    let other = Person::visitor_at(Door { port: laptop.port, ..Door::visitor(stack.edge_port) });
    other.write("me too");
    other.has_come("me too", &MessageState::Sent, 30).await;
    let other_is = |view: &tests::harness::person::View, present: bool| {
        view.inbox.iter().any(|line| line.text == "me too" && line.present == present)
    };
    colleague.sees("that both are there", 30, |view| view.inbox.len() == 2 && other_is(view, true)).await;
    inbox.live().await;

    laptop.weather(Weather::Silent);
    visitor.sees("that nobody answers here any more", GONE_WITHIN_S, |view| view.here.is_empty()).await;
    visitor.sees("that one agent is left", 30, |view| view.agents == 1).await;
    colleague.sees("that one visitor has gone", 30, |view| other_is(view, false)).await;
    assert!(colleague.view().inbox.iter().any(|line| line.text == "I am" && line.present));
    for person in [&visitor, &colleague] {
        let view = person.view();
        assert_eq!((view.standing, view.links), (Some(Standing::Live), 1), "who is there keeps the link");
    }
    for (object, objects) in [("conversation", 2), ("site", 1)] {
        let alarms = stack.count(&format!("seawall_alarms_set_total{{object=\"{object}\"}}")).await;
        assert!(alarms <= objects * MOST_ALARMS, "{alarms} alarms of {objects} x {object}");
    }

    other.write("still there");
    laptop.mend();
    other.has_come("still there", &MessageState::Sent, 90).await;
    colleague.sees("that the visitor is back", 30, |view| view.inbox.iter().all(|line| line.present)).await;
    visitor.sees("that both agents are back", 90, |view| view.agents == 2).await;
    stack.assert_calm();
}
