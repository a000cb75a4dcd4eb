//! Whose a writer is.

use std::cell::Cell;

use super::*;

fn agent_comes(desk: &mut Desk, link: u64) {
    let peer = Peer::Agent { id: AgentId::parse("ada").unwrap(), name: "Ada".into() };
    let (link, notice) = (LinkId(link), Notice::default());
    desk.tell(Input::Opened { link, peer, notice, token: None, client: Box::default() });
}

fn named(id: &str, writer: &str, n: u64) -> ClientFrame {
    let (id, writer) = (MessageId::parse(id).unwrap(), WriterId::parse(writer).unwrap());
    ClientFrame::Send(Send { id, writer, n, text: "a".into() })
}

fn answers(desk: &mut Desk, link: u64, frame: ClientFrame) -> Vec<String> {
    let said = desk.say(link, vec![frame]).into_iter().filter(|(to, _)| to.0 == link);
    let words = said.map(|(_, frame)| match frame {
        EdgeFrame::Ack(ack) => format!("ack {}", ack.upto_n),
        EdgeFrame::Nack(nack) => format!("{} {}", nack.reason, nack.retry),
        other => format!("{other:?}"),
    });
    words.collect()
}

/// A visitor who wrote under an agent's writer and next number made the agent's next message a duplicate: it was
/// acknowledged, erased in the console, and nowhere stored.
#[test]
fn writer_1_nobody_takes_a_number_or_a_name_of_the_other_sides_next_message() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None), send(1, "anybody?")]);
    agent_comes(&mut desk, 5);
    assert_eq!(answers(&mut desk, 5, named("aw.1", "aw", 1)), ["ack 1"]);
    let refused = ["foreign-writer false"];
    assert_eq!(answers(&mut desk, 1, named("aw.2", "aw", 2)), refused, "its number");
    let misnamed = ["misnamed false"];
    assert_eq!(
        answers(&mut desk, 1, named("aw.2", "w", 2)),
        misnamed,
        "its name, which the origin takes once"
    );
    assert_eq!(answers(&mut desk, 1, named("aw.1", "w", 2)), misnamed, "a name that stands already");
    assert_eq!(
        answers(&mut desk, 1, named("aw.2.1", "aw.2", 1)),
        refused,
        "what the agent's lane may be renamed to"
    );
    assert_eq!(answers(&mut desk, 5, named("w.2", "w", 2)), refused, "nor the other way round");
    assert_eq!(answers(&mut desk, 5, named("aw.2", "aw", 2)), ["ack 2"]);
    assert_eq!(answers(&mut desk, 1, named("w.2", "w", 2)), ["ack 2"]);
    assert_eq!(desk.log.0.len(), 4);
}

/// A visitor who called a message as the origin calls its next reply would have that reply dropped from the ledger.
#[test]
fn name_1_nobody_can_call_a_message_as_the_origin_calls_a_reply() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    for name in ["r-17", "r-18", "my-own", "w.3", "w.02", "x.2"] {
        assert_eq!(answers(&mut desk, 1, named(name, "w", 2)), ["misnamed false"], "{name}");
    }
    assert_eq!(
        answers(&mut desk, 1, named("w.2", "w", 2)),
        ["ack 2"],
        "and none of that has used up a number"
    );
    let id = |text: &str| MessageId::parse(text).unwrap();
    let mut says = |reply: Reply| {
        let outcome = desk.machine.reply(1_000, reply);
        desk.tell(Input::Stored);
        outcome
    };
    assert_eq!(says(Reply { id: id("r-17"), ..reply(1, "b") }).0, Outcome::Accepted);
    assert_eq!(says(Reply { id: id("x.2"), ..reply(2, "c") }), (Outcome::Refused, "misnamed".into()));
    assert_eq!(says(Reply { id: id("o.3"), ..reply(3, "d") }).0, Outcome::Accepted, "the number is used up");
    assert_eq!(
        says(Reply { writer: writer(), n: 3, ..reply(1, "e") }),
        (Outcome::Refused, "foreign-writer".into())
    );
}

/// Counts what is read of the log.
struct Counted<'a>(&'a Memory, Cell<usize>);

impl Counted<'_> {
    fn count<T>(&self, read: T) -> T {
        self.1.update(|reads| reads + 1);
        read
    }
}

impl Log for Counted<'_> {
    fn after(&self, seq: u64, limit: u64) -> Vec<Message> {
        self.count(self.0.after(seq, limit))
    }

    fn before(&self, seq: u64, limit: u64) -> Vec<Message> {
        self.count(self.0.before(seq, limit))
    }

    fn unread(&self, seq: u64) -> u64 {
        self.count(self.0.unread(seq))
    }
}

/// Each message whose name was not its page's own made the edge look through all of the log, up to 5,000 rows.
#[test]
fn name_1_whatever_a_message_is_called_no_row_of_the_log_is_read_for_it() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    (1..=3).for_each(|n| drop(desk.say(1, vec![send(n, "a")])));
    agent_comes(&mut desk, 5);
    let log = Counted(&desk.log, Cell::new(0));
    for (link, name, writer, n) in [
        (1, "w.4", "w", 4),
        (1, "x.9", "w", 5),
        (1, "w.9", "w.9", 1),
        (1, "w.2", "w.2", 1),
        (5, "w.2", "aw", 1),
    ] {
        let frames = vec![named(name, writer, n)];
        desk.machine.handle(1_000, Input::Frames { link: LinkId(link), frames }, &log);
        desk.machine.handle(1_000, Input::Stored, &log);
    }
    assert_eq!(log.1.get(), 0);
}

/// The edge logged such a message twice, and the origin kept the first one only, whatever the second one said.
#[test]
fn name_2_a_message_is_taken_once_whichever_name_its_lane_has() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    for n in 1..=3 {
        assert_eq!(answers(&mut desk, 1, send(n, "a")), [format!("ack {n}")]);
    }
    assert_eq!(answers(&mut desk, 1, named("w.2", "w.2", 1)), ["ack 1"]);
    assert_eq!(answers(&mut desk, 1, named("w.3", "w.2", 2)), ["ack 2"]);
    assert_eq!(answers(&mut desk, 1, named("w.4", "w.2", 3)), ["ack 3"], "and what is new comes in");
    assert_eq!(answers(&mut desk, 1, send(4, "b")), ["ack 4"], "the other way round");
    assert_eq!(answers(&mut desk, 1, send(5, " ")), ["text-empty false"]);
    assert_eq!(
        answers(&mut desk, 1, named("w.5", "w.5", 1)),
        ["text-empty false"],
        "what was refused stays so"
    );
    assert_eq!(answers(&mut desk, 1, send(6, "c")), ["ack 6"]);
    let log: Vec<_> = desk.log.0.iter().map(|message| (message.id.as_str(), message.text.as_str())).collect();
    assert_eq!(log, [("w.1", "a"), ("w.2", "a"), ("w.3", "a"), ("w.4", "a"), ("w.6", "c")]);
}

/// The place in such an acknowledgement is that of the lane's last message. A reader who hears of it first would show the wrong words there.
#[test]
fn name_2_what_stands_already_is_acknowledged_after_whatever_stands_before_its_place() {
    let mut desk = Desk::new();
    for link in [1, 2] {
        desk.open(link, Notice::default());
        desk.say(link, vec![hello(None)]);
    }
    (1..=2).for_each(|n| drop(desk.say(1, vec![send(n, "a")])));
    desk.tell_slow_disk(Input::Frames { link: LinkId(1), frames: vec![send(3, "a")] });
    desk.tell_slow_disk(Input::Frames { link: LinkId(1), frames: vec![send(4, "a")] });
    desk.tell_slow_disk(Input::Frames { link: LinkId(2), frames: vec![named("w.2", "w.2", 1)] });
    let outputs = desk.tell(Input::Stored);
    let heard: Vec<(&str, u64)> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Send(LinkId(2), EdgeFrame::Event(message)) => Some(("event", message.seq)),
            Output::Send(LinkId(2), EdgeFrame::Ack(ack)) => Some(("ack", ack.seq)),
            _ => None,
        })
        .collect();
    assert_eq!(heard, [("event", 4), ("ack", 4)]);
    assert_eq!(stores(&outputs), [1]);
}

/// What a closed tab has left is sent under that tab's name, by whichever of the visitor's tabs comes (ADOPT-1).
#[test]
fn writer_1_any_tab_of_the_visitor_writes_under_the_name_of_any_other() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    desk.tell(Input::Closed { link: LinkId(1) });
    desk.open(2, Notice::default());
    assert_eq!(answers(&mut desk, 2, send(2, "b")), ["ack 2"]);
    assert_eq!(answers(&mut desk, 2, named("w.4", "w.3", 2)), ["gap true"]);
    assert_eq!(answers(&mut desk, 2, named("w.3", "w.3", 1)), ["ack 1"], "a lane that was renamed (ADOPT-2)");
}

/// A row of the former version does not tell whose a writer is; the log does.
#[test]
fn writer_1_whose_a_writer_was_before_an_update_is_read_from_the_log() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    agent_comes(&mut desk, 5);
    answers(&mut desk, 5, named("aw.1", "aw", 1));
    let mut row = serde_json::to_value(desk.machine.meta()).unwrap();
    for written in row["writers"].as_object_mut().unwrap().values_mut() {
        written.as_object_mut().unwrap().remove("side");
    }
    let meta = serde_json::from_value(row).unwrap();
    desk.machine = Conversation::restore(meta, Vec::new(), &desk.log);
    desk.open(1, Notice::default());
    agent_comes(&mut desk, 5);
    assert_eq!(answers(&mut desk, 1, named("aw.2", "aw", 2)), ["foreign-writer false"]);
    assert_eq!(answers(&mut desk, 1, send(2, "b")), ["ack 2"]);
    assert_eq!(answers(&mut desk, 5, named("aw.2", "aw", 2)), ["ack 2"]);
}

#[test]
fn adopt_5_no_number_of_a_visitors_writers_makes_the_edge_forget_an_agents() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    agent_comes(&mut desk, 5);
    answers(&mut desk, 5, named("aw.1", "aw", 1));
    for page in 0..MAX_WRITERS {
        answers(&mut desk, 1, named(&format!("p{page}.1"), &format!("p{page}"), 1));
    }
    assert_eq!(answers(&mut desk, 5, named("aw.2", "aw", 2)), ["ack 2"]);
    assert_eq!(answers(&mut desk, 1, send(2, "b")), ["gap true"], "the visitor's own first one");
}
