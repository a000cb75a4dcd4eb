//! Links that end without a word (LINK-7).

use super::*;
use crate::silence::SILENT_MS;

const T: u64 = 1_000_000;

fn agent(desk: &mut Desk, now: u64, link: u64) {
    let peer = Peer::Agent { id: AgentId::parse("ada").unwrap(), name: "Ada".into() };
    let notice = Notice::default();
    desk.tell_at(
        now,
        Input::Opened { link: LinkId(link), peer, notice, token: None, client: Box::default() },
    );
    say_at(desk, now, link, vec![hello(None)]);
}

fn visitor(desk: &mut Desk, now: u64, link: u64) -> Vec<Output> {
    let (peer, notice) = (Peer::Visitor, Notice::default());
    let opened = Input::Opened { link: LinkId(link), peer, notice, token: None, client: Box::default() };
    let outputs = desk.tell_at(now, opened);
    say_at(desk, now, link, vec![hello(None)]);
    outputs
}

fn say_at(desk: &mut Desk, now: u64, link: u64, frames: Vec<ClientFrame>) {
    desk.tell_at(now, Input::Frames { link: LinkId(link), frames });
    desk.tell_at(now, Input::Stored);
}

fn named(id: &str, writer: &str, n: u64) -> ClientFrame {
    let (id, writer) = (MessageId::parse(id).unwrap(), WriterId::parse(writer).unwrap());
    ClientFrame::Send(Send { id, writer, n, text: "a".into() })
}

fn closed(outputs: &[Output]) -> Vec<u64> {
    let silent = |output: &Output| match output {
        Output::Close(link, CloseCode::SILENT) => Some(link.0),
        _ => None,
    };
    outputs.iter().filter_map(silent).collect()
}

fn present(outputs: &[Output]) -> Vec<bool> {
    let told = |output: &Output| match output {
        Output::Notify(summary) => Some(summary.present),
        _ => None,
    };
    outputs.iter().filter_map(told).collect()
}

/// A laptop was shut in the middle of a chat. The visitor went on reading that Ada was there.
#[test]
fn link_7_an_agent_whose_link_died_silently_is_told_as_gone() {
    let mut desk = Desk::new();
    visitor(&mut desk, T, 1);
    say_at(&mut desk, T, 1, vec![send(1, "anybody?")]);
    agent(&mut desk, T, 5);
    say_at(&mut desk, T, 5, vec![named("aw.1", "aw", 1)]);
    assert_eq!(desk.machine.look_at(), Some(T + SILENT_MS));
    let now = T + SILENT_MS;
    let heard = Input::Heard(vec![(LinkId(1), now - 20_000), (LinkId(5), T)]);
    let outputs = desk.tell_at(now, heard);
    assert_eq!(closed(&outputs), [5]);
    let here = |output: &Output| matches!(output, Output::Send(LinkId(1), EdgeFrame::Mode(notice)) if notice.here.is_empty());
    assert!(outputs.iter().any(here), "{outputs:?}");
    assert_eq!(desk.machine.look_at(), Some(now - 20_000 + SILENT_MS), "the visitor's, next");
    say_at(&mut desk, now, 5, vec![named("aw.2", "aw", 2)]);
    assert_eq!(desk.log.0.len(), 2, "LINK-1: it has ended");
}

#[test]
fn link_7_a_visitor_whose_link_died_silently_is_told_as_gone_and_the_alarm_rests() {
    let mut desk = Desk::new();
    visitor(&mut desk, T, 1);
    say_at(&mut desk, T, 1, vec![send(1, "anybody?")]);
    agent(&mut desk, T, 5);
    let now = T + SILENT_MS;
    let outputs = desk.tell_at(now, Input::Heard(vec![(LinkId(5), now)]));
    assert_eq!((closed(&outputs), present(&outputs)), (vec![1], vec![false]));
    assert_eq!(desk.machine.look_at(), None, "an agent alone is told to nobody");
    assert!(desk.machine.silence().is_look_due(now + 20_000), "whoever comes next is told what holds");
}

/// Twenty changes of network, and the visitor was shut out of the own conversation.
#[test]
fn link_7_links_that_died_silently_do_not_count_among_those_of_link_3() {
    let mut desk = Desk::new();
    for link in 1..=MAX_LINKS_PER_CONVERSATION as u64 {
        visitor(&mut desk, T + link, link);
    }
    let now = T + SILENT_MS + 5;
    let outputs = visitor(&mut desk, now, 30);
    assert!(outputs.contains(&Output::Close(LinkId(30), CloseCode::TOO_MANY_LINKS)), "{outputs:?}");
    assert!(desk.machine.silence().is_look_due(now));
    assert_eq!(closed(&desk.tell_at(now, Input::Heard(vec![(LinkId(2), T + 9)]))), [1, 3, 4, 5]);
    let outputs = visitor(&mut desk, now, 31);
    assert!(!outputs.iter().any(|output| matches!(output, Output::Close(..))), "{outputs:?}");
}

#[test]
fn link_7_what_a_link_says_is_a_sign_of_life_as_good_as_a_ping() {
    let mut desk = Desk::new();
    visitor(&mut desk, T, 1);
    say_at(&mut desk, T + SILENT_MS - 1, 1, vec![ClientFrame::Typing { on: true }]);
    assert_eq!(closed(&desk.tell_at(T + SILENT_MS, Input::Heard(vec![(LinkId(1), T)]))), [0; 0]);
}

#[test]
fn link_7_cost_1_nobody_is_woken_for_a_conversation_in_which_nothing_was_said() {
    let mut desk = Desk::new();
    visitor(&mut desk, T, 1);
    assert_eq!(desk.machine.look_at(), None);
    say_at(&mut desk, T, 1, vec![send(1, "a")]);
    assert_eq!(desk.machine.look_at(), Some(T + SILENT_MS));
    desk.tell_at(T, Input::Closed { link: LinkId(1) });
    assert_eq!(desk.machine.look_at(), None);
}

/// The object sleeps between two looks, and remembers nothing of what it heard.
#[test]
fn link_7_an_object_that_was_woken_looks_before_it_hears_anything() {
    let mut desk = Desk::new();
    let mut links = Vec::new();
    for output in visitor(&mut desk, T, 1) {
        if let Output::Attach(info) = output {
            links.push(*info);
        }
    }
    say_at(&mut desk, T, 1, vec![send(1, "a")]);
    let meta = desk.machine.meta().clone();
    let now = T + 100_000;
    for (heard, silent) in [(now - SILENT_MS + 1, vec![]), (now - SILENT_MS, vec![1])] {
        desk.machine = Conversation::restore(meta.clone(), links.clone(), &desk.log);
        assert!(desk.machine.silence().is_look_due(now));
        assert_eq!(closed(&desk.tell_at(now, Input::Heard(vec![(LinkId(1), heard)]))), silent);
    }
}

/// The edge died, and its visitor did not come back: the list told agents for good that somebody was there.
#[test]
fn link_7_a_visitor_who_went_while_the_edge_was_dead_is_told_as_gone_by_the_alarm() {
    let mut desk = Desk::new();
    visitor(&mut desk, T, 1);
    say_at(&mut desk, T, 1, vec![send(1, "a")]);
    let meta = desk.machine.meta().clone();
    desk.machine = Conversation::restore(meta.clone(), Vec::new(), &desk.log);
    assert_eq!(present(&desk.tell_at(T + SILENT_MS, Input::Timeout)), [false]);
    assert_eq!(present(&desk.tell_at(T + 2 * SILENT_MS, Input::Timeout)), [false; 0], "once");
    desk.machine = Conversation::restore(meta, Vec::new(), &desk.log);
    visitor(&mut desk, T + 1, 2);
    assert_eq!(present(&desk.tell_at(T + SILENT_MS, Input::Timeout)), [false; 0], "who came back is there");
}
