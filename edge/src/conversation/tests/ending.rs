//! The end of a conversation.

use super::*;

fn ends(outputs: &[Output]) -> Vec<&'static str> {
    let name = |output: &Output| match output {
        Output::Forget { .. } => Some("forget"),
        Output::Announce => Some("announce"),
        Output::TellGone => Some("tell-gone"),
        Output::Delete => Some("delete"),
        _ => None,
    };
    outputs.iter().filter_map(name).collect()
}

const DAY_MS: u64 = 86_400_000;

#[test]
fn forget_1_what_was_said_is_erased_at_once_and_the_origin_hears_of_it_when_it_can() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None), send(1, "my secret"), send(2, "another")]);
    desk.machine.pull(1_000, 1, &desk.log);
    let told = desk.tell(Input::Forget);
    assert_eq!(ends(&told), ["forget", "announce", "tell-gone"]);
    let at = |wanted: fn(&Output) -> bool| told.iter().position(wanted);
    let closed = at(|output| *output == Output::Close(LinkId(1), CloseCode::FORGOTTEN));
    assert!(
        closed > at(|output| matches!(output, Output::Forget { .. })),
        "nobody hears of it before it is true"
    );
    desk.log = Memory::default();
    assert!(desk.open(2, Notice::default()).contains(&Output::Close(LinkId(2), CloseCode::FORGOTTEN)));
    // A batch that was under way is answered now; it does not count.
    assert_eq!(ends(&desk.tell(Input::Receipts(vec![receipt("w.1", Outcome::Accepted)]))), [""; 0]);
    assert_eq!(desk.machine.backlog(), 1);
    // Restored, as after a crash.
    let Some(Output::Forget { meta }) = told.into_iter().find(|o| matches!(o, Output::Forget { .. })) else {
        panic!("nothing to restore");
    };
    desk.machine = Conversation::restore(*meta, Vec::new(), &desk.log);
    assert_eq!(ends(&desk.tell(Input::Timeout)), ["tell-gone", "announce"]);
    let events = desk.machine.pull(1_000, 50, &desk.log);
    assert_eq!(events.len(), 1);
    assert!(!serde_json::to_string(&events).unwrap().contains("secret"));
    assert_eq!(ends(&desk.tell(Input::Receipts(vec![receipt(&events[0].id, Outcome::Later)]))), [""; 0]);
    assert_eq!(ends(&desk.tell(Input::Gone { told: false })), [""; 0]);
    assert_eq!(ends(&desk.tell(Input::Receipts(vec![receipt(&events[0].id, Outcome::Accepted)]))), [""; 0]);
    assert_eq!(ends(&desk.tell(Input::Gone { told: true })), ["delete"], "everybody has heard");
}

/// After its retention, or a lost storage, the edge has nothing of a conversation that the origin keeps. Its visitor
/// read that it was forgotten, and the origin never heard of it.
#[test]
fn forget_1_the_origin_hears_of_it_also_where_the_edge_has_nothing() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None)]);
    let told = desk.tell_at(40 * DAY_MS, Input::Forget);
    assert_eq!(ends(&told), ["forget", "announce", "tell-gone"]);
    assert_eq!(told.last(), Some(&Output::Close(LinkId(1), CloseCode::FORGOTTEN)));
    let events = desk.machine.pull(40 * DAY_MS, 50, &desk.log);
    let Body::Forgotten(forgotten) = &events[0].body else { panic!("{events:?}") };
    assert_eq!(forgotten.epoch, Epoch(40 * DAY_MS), "whatever was said up to now");
    let heard = vec![receipt(&events[0].id, Outcome::Accepted)];
    assert_eq!(ends(&desk.tell(Input::Forget)), [""; 0], "once");
    assert_eq!(ends(&desk.tell(Input::Receipts(heard))), [""; 0]);
    assert_eq!(ends(&desk.tell(Input::Gone { told: true })), ["delete"], "nothing is left of the wish");
}

#[test]
fn retention_1_a_conversation_ends_by_itself_when_it_was_quiet_and_nobody_has_it_open() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    desk.tell(Input::Closed { link: LinkId(1) });
    let late = 1_000 + 30 * DAY_MS;
    desk.machine.handle(late, Input::Timeout, &desk.log);
    let outputs: Vec<_> = std::iter::from_fn(|| desk.machine.poll_output()).collect();
    assert_eq!(ends(&outputs), ["announce"], "the origin has not got it");
    desk.open(1, Notice::default());
    desk.machine.pull(late, 50, &desk.log);
    desk.machine.handle(late, Input::Receipts(vec![receipt("w.1", Outcome::Accepted)]), &desk.log);
    desk.machine.handle(late, Input::Timeout, &desk.log);
    let outputs: Vec<_> = std::iter::from_fn(|| desk.machine.poll_output()).collect();
    assert_eq!(ends(&outputs), [""; 0], "somebody has it open");
    assert_eq!(desk.machine.poll_timeout(), Some(late + DAY_MS));
    desk.machine.handle(late, Input::Closed { link: LinkId(1) }, &desk.log);
    desk.machine.handle(late + DAY_MS, Input::Timeout, &desk.log);
    let outputs: Vec<_> = std::iter::from_fn(|| desk.machine.poll_output()).collect();
    assert_eq!(ends(&outputs), ["forget", "tell-gone"], "the origin keeps its own");
    assert_eq!(desk.machine.backlog(), 0);
    assert_eq!(ends(&desk.tell(Input::Gone { told: true })), ["delete"]);
}
