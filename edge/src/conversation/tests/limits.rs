//! What is too much.

use super::*;

#[test]
fn link_3_more_links_than_a_conversation_keeps_are_refused() {
    let mut desk = Desk::new();
    for link in 0..MAX_LINKS_PER_CONVERSATION as u64 {
        desk.open(link, Notice::default());
    }
    let outputs = desk.open(99, Notice::default());
    assert_eq!(outputs, [Output::Close(LinkId(99), CloseCode::TOO_MANY_LINKS)]);
}

#[test]
fn writers_whose_messages_are_refused_are_remembered_up_to_the_limit() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    for number in 0..2 * MAX_WRITERS {
        let writer = WriterId::parse(&format!("o{number}")).unwrap();
        assert_eq!(desk.machine.reply(1_000, Reply { writer, ..reply(7, " ") }).0, Outcome::Refused);
    }
    let row = serde_json::to_value(desk.machine.meta()).unwrap();
    assert_eq!(row["writers"].as_object().map(serde_json::Map::len), Some(MAX_WRITERS));
}

/// Refusals of hundreds of writers made the row that is written with each message some 500 KB long.
#[test]
fn nack_3_a_conversation_remembers_its_last_hundred_refusals() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    for number in 0..MAX_WRITERS - 1 {
        let writer = WriterId::parse(&format!("o{number}")).unwrap();
        assert_eq!(desk.machine.reply(1_000, Reply { writer, ..reply(7, " ") }).0, Outcome::Refused);
    }
    let row = serde_json::to_value(desk.machine.meta()).unwrap();
    let kept = |written: &serde_json::Value| written["refused"].as_array().map_or(0, Vec::len);
    assert_eq!(row["writers"].as_object().unwrap().values().map(kept).sum::<usize>(), 100);
    // A forgotten refusal is none the less a refusal.
    for number in [0, MAX_WRITERS - 2] {
        let writer = WriterId::parse(&format!("o{number}")).unwrap();
        assert_eq!(
            desk.machine.reply(1_000, Reply { writer, ..reply(7, "b") }).0,
            Outcome::Refused,
            "{number}"
        );
    }
}

/// Limits count WebSocket messages; with 64 frames in each, one link told the others of 1,920 of them a second.
#[test]
fn hello_3_of_many_marks_and_keystrokes_in_one_message_each_is_told_once() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.open(2, Notice::default());
    desk.say(1, vec![hello(None), send(1, "a"), send(2, "b"), send(3, "c")]);
    desk.say(2, vec![hello(None)]);
    let (delivered, seen) =
        (|upto_seq| ClientFrame::Delivered { upto_seq }, |upto_seq| ClientFrame::Seen { upto_seq });
    let typing = |on| ClientFrame::Typing { on };
    let many = vec![typing(false), delivered(1), delivered(2), seen(3), seen(1), typing(false), typing(true)];
    let told = desk.say(1, many);
    let side = shared::message::Side::Visitor;
    let expected = [
        EdgeFrame::Delivered { side, upto_seq: 2 },
        EdgeFrame::Seen { side, upto_seq: 3 },
        EdgeFrame::Typing { side, on: true },
    ];
    assert_eq!(
        told,
        expected.map(|frame| (LinkId(2), frame)),
        "of marks the highest, of several tabs' as well"
    );
}

#[test]
fn hello_1_of_more_writers_than_16_the_first_16_count() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a"), send(2, " ")]);
    let unacked = vec![writer(); 5_000];
    let said = desk.say(1, vec![ClientFrame::Hello(Hello { protocol: 1, resume: None, unacked })]);
    assert_eq!(said.len(), 16 + 1, "refusals, and the welcome");
    assert!(matches!(&said[16].1, EdgeFrame::Welcome(welcome) if welcome.acks.len() == 16));
}

#[test]
fn limit_1_what_is_too_much_is_refused_for_now_and_in_order() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let frames = vec![send(1, "a"), send(2, "b"), send(3, "c"), send(4, " ")];
    let (taken, reason) = (1, "too-many-messages");
    let told = desk.tell(Input::TooMany { link: LinkId(1), frames, taken, reason });
    let nacks: Vec<_> = told
        .iter()
        .filter_map(|output| match output {
            Output::Send(_, EdgeFrame::Nack(nack)) => {
                Some((nack.n, nack.reason.as_str(), nack.retry, nack.upto_n))
            }
            _ => None,
        })
        .collect();
    assert_eq!(nacks, [(2, "too-many-messages", true, 1), (3, "gap", true, 1), (4, "gap", true, 1)]);
    assert!(told.contains(&Output::Send(LinkId(1), ack(1, 1))));
    assert_eq!(
        desk.say(1, vec![send(2, "b"), send(3, "c")]),
        [(LinkId(1), ack(3, 3))],
        "later they are taken"
    );
}

#[test]
fn limit_1_a_conversation_too_many_stores_nothing_and_says_so() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let (frames, reason) = (vec![send(1, "a")], "too-many-conversations");
    let told = desk.tell(Input::TooMany { link: LinkId(1), frames, taken: 0, reason });
    assert!(
        matches!(&told[..], [Output::Send(_, EdgeFrame::Nack(nack))] if nack.retry && nack.reason == reason)
    );
    assert!(!desk.machine.has_begun());
}

#[test]
fn log_1_what_the_origin_has_leaves_a_long_log_and_nothing_else_does() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let write = |desk: &mut Desk, from: u64, upto: u64| {
        let mut answers = Vec::new();
        for first in (from..=upto).step_by(50) {
            let frames = (first..(first + 50).min(upto + 1)).map(|n| send(n, "x")).collect();
            answers = desk.tell(Input::Frames { link: LinkId(1), frames });
        }
        answers
    };
    write(&mut desk, 1, 5_000);
    let full = write(&mut desk, 5_001, 5_001);
    let refused = |output: &Output| matches!(output, Output::Send(_, EdgeFrame::Nack(nack)) if nack.reason == "log-full" && nack.retry);
    assert!(full.iter().any(refused), "the origin has nothing of it: nothing may go. {full:?}");
    let receipts = (1..=300).map(|n| receipt(&format!("w.{n}"), Outcome::Accepted)).collect();
    desk.machine.pull(1_000, 50, &desk.log);
    desk.tell(Input::Receipts(receipts));
    let told = write(&mut desk, 5_001, 5_099);
    assert!(!told.iter().any(|o| matches!(o, Output::Trim { .. })), "not one by one: each costs a row");
    let told = write(&mut desk, 5_100, 5_100);
    assert!(told.contains(&Output::Trim { upto_seq: 100 }), "{told:?}");
    assert_eq!(desk.machine.meta().last_seq, 5_100);
}

#[test]
fn link_4_what_a_socket_keeps_fits_the_platforms_limit() {
    let long = "x".repeat(64);
    let mut desk = Desk::new();
    let name = "\u{1}".repeat(MAX_NAME_CHARS);
    let agent = AgentId::parse(&long).unwrap();
    let notice = Notice { reason: "\u{1}".repeat(200), version: u64::MAX, ..Notice::default() };
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    let client =
        Client { address: "2001:0db8:0000:0000::".into(), until_ms: Some(u64::MAX), ..Client::default() };
    let told = desk.tell(Input::Opened {
        link: LinkId(u64::MAX),
        peer: Peer::Agent { id: agent, name },
        notice,
        token: Some("t".repeat(400)),
        client: Box::new(client),
    });
    let Some(Output::Attach(info)) = told.iter().find(|output| matches!(output, Output::Attach(_))) else {
        panic!("{told:?}");
    };
    let bytes = serde_json::to_string(info).unwrap().len();
    assert!(bytes < 4_096, "{bytes} bytes of at most 16,384");
}
