//! What a link is told: welcomes, news, and what was lost on the way.

use super::*;

#[test]
fn spread_1_a_welcome_tells_the_spread_and_spread_2_those_who_are_here_are_told_again_when_it_is_too_little()
{
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.open(2, Notice::default());
    let tell = |desk: &mut Desk, ms, again| {
        let spread = Spread { chatting_ms: ms, others_ms: 2 * ms };
        desk.tell(Input::Spread { spread, again })
    };
    assert_eq!(tell(&mut desk, 4_000, true), [], "nobody has been greeted");
    let said = desk.say(1, vec![hello(None)]);
    let [(_, EdgeFrame::Welcome(welcome))] = &said[..] else { panic!("{said:?}") };
    assert_eq!(welcome.spread, Spread { chatting_ms: 4_000, others_ms: 8_000 });
    assert_eq!(desk.machine.greeted(), 1);
    assert_eq!(tell(&mut desk, 4_000, false), [], "what they were told is enough");
    let spread = Spread { chatting_ms: 8_000, others_ms: 16_000 };
    assert_eq!(tell(&mut desk, 8_000, true), [Output::Send(LinkId(1), EdgeFrame::Spread(spread))]);
}

/// The answer to a hello spoke of a message and did not bring it: it had been accepted from the same WebSocket
/// message and was still on its way into the log. A page that asked for a snapshot never showed it.
#[test]
fn resume_4_a_welcome_brings_what_came_in_the_same_message() {
    for resume in [None, Some(Resume { epoch: Epoch(1_000), last_seq: 1 })] {
        let mut desk = Desk::new();
        desk.open(1, Notice::default());
        desk.say(1, vec![send(1, "a")]);
        let said = desk.say(1, vec![send(2, "b"), hello(resume)]);
        let welcome = said.iter().find_map(|(_, frame)| match frame {
            EdgeFrame::Welcome(welcome) => Some(welcome),
            _ => None,
        });
        let welcome = welcome.expect("an answer");
        assert_eq!(welcome.last_seq, 2);
        assert_eq!(welcome.messages.last().map(|message| message.seq), Some(2), "resume {resume:?}");
    }
}

/// A message was refused and the link broke before the page heard of it. After the reconnect the edge's
/// acknowledgement of a later number covered it: the page showed it as sent, and then erased it.
#[test]
fn nack_3_a_lost_refusal_is_said_again() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a"), send(2, " "), send(3, "c")]);
    desk.open(2, Notice::default());
    let said = desk.say(2, vec![hello(None)]);
    assert!(
        matches!(&said[0].1, EdgeFrame::Nack(nack) if nack.n == 2 && nack.reason == "text-empty" && !nack.retry),
        "{said:?}"
    );
    let said = desk.say(2, vec![send(2, " ")]);
    assert!(matches!(&said[0].1, EdgeFrame::Nack(nack) if !nack.retry), "{said:?}");
}

/// Seed 194: a new link brought the new mode before the site's own call did. The call was then old news, and
/// whoever was connected already kept the old mode for good.
#[test]
fn mode_2_news_that_comes_with_a_new_link_is_told_to_everybody() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None)]);
    let notice = Notice { mode: Mode::Holding, version: 7, ..Notice::default() };
    let outputs = desk.open(2, notice.clone());
    assert!(outputs.contains(&Output::Send(LinkId(1), EdgeFrame::Mode(notice))), "{outputs:?}");
}

#[test]
fn author_is_what_the_worker_has_checked_not_what_a_frame_says() {
    let mut desk = Desk::new();
    let peer = Peer::Agent { id: AgentId::parse("ada").unwrap(), name: "Ada".into() };
    desk.tell(Input::Opened {
        link: LinkId(1),
        peer,
        notice: Notice::default(),
        token: None,
        client: Box::default(),
    });
    desk.say(1, vec![send(1, "a")]);
    assert_eq!(desk.log.0[0].author.to_string(), "agent:ada");
    assert_eq!(desk.log.0[0].name, "Ada");
}

#[test]
fn mode_10_an_agent_who_has_written_here_and_is_still_here_is_named_and_nobody_else() {
    let mut desk = Desk::new();
    let come = |desk: &mut Desk, link, name: &str| {
        let peer = Peer::Agent { id: AgentId::parse(name).unwrap(), name: name.into() };
        let (link, notice) = (LinkId(link), Notice::default());
        desk.tell(Input::Opened { link, peer, notice, token: None, client: Box::default() });
        desk.say(link.0, vec![hello(None)]);
    };
    let named = |outputs: Vec<Output>| -> Vec<String> {
        let told = outputs.into_iter().filter_map(|output| match output {
            Output::Send(LinkId(1), EdgeFrame::Mode(notice)) => Some(notice.here),
            _ => None,
        });
        told.collect()
    };
    let write = |desk: &mut Desk, link, writer: &str, n: u64| {
        let id = MessageId::parse(&format!("{writer}.{n}")).unwrap();
        let send = Send { id, writer: WriterId::parse(writer).unwrap(), n, text: "a".into() };
        desk.tell(Input::Frames { link: LinkId(link), frames: vec![ClientFrame::Send(send)] })
    };
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None), send(1, "anybody?")]);
    desk.open(4, Notice::default());
    come(&mut desk, 5, "Ada");
    come(&mut desk, 6, "Grace");
    // They read along; the visitor does not know them.
    let said = desk.say(4, vec![hello(None)]);
    assert!(matches!(&said[0].1, EdgeFrame::Welcome(welcome) if welcome.notice.here.is_empty()), "{said:?}");
    assert_eq!(named(write(&mut desk, 5, "ada", 1)), ["Ada"]);
    assert_eq!(named(write(&mut desk, 5, "ada", 2)), [""; 0], "once");
    assert_eq!(named(write(&mut desk, 6, "grace", 1)), ["Grace"], "the one who wrote last");
    desk.open(7, Notice::default());
    let said = desk.say(7, vec![hello(None)]);
    assert!(matches!(&said[0].1, EdgeFrame::Welcome(welcome) if welcome.notice.here == "Grace"), "{said:?}");
    // A notice of the site's keeps the name.
    let notice = Notice { mode: Mode::Degraded, version: 9, ..Notice::default() };
    assert_eq!(named(desk.tell(Input::Notice(notice))), ["Grace"]);
    assert_eq!(named(desk.tell(Input::Closed { link: LinkId(6) })), ["Ada"]);
    assert_eq!(named(desk.tell(Input::Closed { link: LinkId(5) })), [""]);
}

#[test]
fn link_1_an_answer_that_waited_for_the_disk_is_not_sent_to_a_link_that_has_gone() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let frames = |n| Input::Frames { link: LinkId(1), frames: vec![send(n, "x")] };
    desk.tell_slow_disk(frames(1));
    desk.tell_slow_disk(frames(2));
    desk.tell_slow_disk(Input::Closed { link: LinkId(1) });
    let outputs = desk.tell_slow_disk(Input::Stored);
    assert_eq!(stores(&outputs), [1]);
    assert!(!outputs.iter().any(|output| matches!(output, Output::Send(..))), "{outputs:?}");
}

/// A person whose log in at the site was over, and an agent whose own was, read and wrote on for as long as the socket held.
#[test]
fn link_6_a_link_ends_with_the_word_that_has_opened_it() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None), send(1, "a")]);
    let ada = Peer::Agent { id: AgentId::parse("ada").unwrap(), name: "Ada".into() };
    for (link, peer) in [(2, Peer::Identified { name: "Eve".into() }), (3, ada)] {
        let client = Box::new(Client { until_ms: Some(5_000), ..Client::default() });
        let (link, notice) = (LinkId(link), Notice::default());
        desk.tell(Input::Opened { link, peer, notice, token: None, client });
        desk.say(link.0, vec![hello(None)]);
    }
    // She is named to the visitor, so the others hear when she goes.
    let own = Send {
        id: MessageId::parse("v.1").unwrap(),
        writer: WriterId::parse("v").unwrap(),
        n: 1,
        text: "b".into(),
    };
    desk.say(3, vec![ClientFrame::Send(own)]);
    let over = [2, 3].map(|link| Output::Close(LinkId(link), CloseCode::IDENTITY_EXPIRED));
    let reads = |told: &[Output], link| {
        told.iter().any(|output| matches!(output, Output::Send(LinkId(to), _) if *to == link))
    };
    let frames = |link, n| Input::Frames { link: LinkId(link), frames: vec![send(n, "c")] };
    let told = desk.tell_at(4_999, frames(1, 2));
    assert!(
        reads(&told, 2) && reads(&told, 3) && !told.iter().any(|output| over.contains(output)),
        "{told:?}"
    );
    desk.tell_at(4_999, Input::Stored);
    // Hibernation keeps the end.
    let kept = |link: u64| serde_json::to_value(desk.machine.link(LinkId(link)).unwrap()).unwrap();
    let links = [1, 2, 3].map(|link| serde_json::from_value(kept(link)).unwrap()).to_vec();
    desk.machine = Conversation::restore(desk.machine.meta().clone(), links, &desk.log);
    let told = desk.tell_at(5_000, frames(2, 3));
    assert_eq!(told[..2], over, "before anything else, and both before the visitor hears that she has gone");
    assert!(stores(&told).is_empty(), "nothing is heard over it: {told:?}");
    assert!(reads(&told, 1) && !reads(&told, 2) && !reads(&told, 3), "{told:?}");
    let told = desk.tell_at(5_001, frames(1, 3));
    assert!(
        stores(&told) == [1] && !reads(&told, 2) && !reads(&told, 3),
        "nothing is told over it: {told:?}"
    );
}

/// A reply of the origin's enters beside the machine's inputs.
#[test]
fn link_6_a_reply_of_the_origin_is_not_told_over_a_link_that_is_over() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    let (peer, notice) = (Peer::Identified { name: "Eve".into() }, Notice::default());
    let client = Box::new(Client { until_ms: Some(5_000), ..Client::default() });
    desk.tell(Input::Opened { link: LinkId(2), peer, notice, token: None, client });
    desk.say(2, vec![hello(None)]);
    assert_eq!(desk.machine.reply(5_000, reply(1, "secret")).0, Outcome::Accepted);
    let told: Vec<Output> = std::iter::from_fn(|| desk.machine.poll_output()).collect();
    assert_eq!(told.first(), Some(&Output::Close(LinkId(2), CloseCode::IDENTITY_EXPIRED)));
    assert!(!told.iter().any(|output| matches!(output, Output::Send(LinkId(2), _))), "{told:?}");
}
