//! Whose a writer is.

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
    assert_eq!(
        answers(&mut desk, 1, named("aw.2", "w", 2)),
        refused,
        "its name, which the origin takes once"
    );
    assert_eq!(answers(&mut desk, 1, named("aw.1", "w", 2)), refused, "a name that stands already");
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

#[test]
fn writer_1_a_name_that_the_origin_gave_a_reply_is_not_given_again() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    let id = MessageId::parse("r-17").unwrap();
    desk.machine.reply(1_000, Reply { id, ..reply(1, "b") });
    desk.tell(Input::Stored);
    assert_eq!(answers(&mut desk, 1, named("r-17", "w", 2)), ["foreign-writer false"]);
    assert_eq!(answers(&mut desk, 1, named("my-own", "w", 2)), ["ack 2"], "other names are as good as ours");
    let taken = Reply { writer: writer(), n: 3, ..reply(1, "c") };
    assert_eq!(desk.machine.reply(1_000, taken), (Outcome::Refused, "foreign-writer".into()));
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
