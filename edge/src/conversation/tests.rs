//! The conversation on a virtual clock. Each story was found by the simulation or by reading, and cost somebody a message.

use shared::close::CloseCode;
use shared::event::{Outcome, Receipt, Reply, SiteLimits};
use shared::frame::{Ack, ClientFrame, EdgeFrame, Hello, Resume, Send, Spread};
use shared::id::{AgentId, ConversationId, Epoch, MessageId, SiteId, WriterId};
use shared::limits::{MAX_LINKS_PER_CONVERSATION, MAX_NAME_CHARS};
use shared::message::{Author, Message};
use shared::mode::{Mode, Notice};

use super::{Conversation, Input, LinkId, Log, MAX_WRITERS, Output, Peer};
use crate::admission::Client;

#[derive(Default)]
struct Memory(Vec<Message>);

impl Log for Memory {
    fn after(&self, seq: u64, limit: u64) -> Vec<Message> {
        self.0.iter().filter(|message| message.seq > seq).take(limit as usize).cloned().collect()
    }

    fn before(&self, seq: u64, limit: u64) -> Vec<Message> {
        let before: Vec<_> = self.0.iter().filter(|message| message.seq < seq).cloned().collect();
        before[before.len().saturating_sub(limit as usize)..].to_vec()
    }

    fn unread(&self, seq: u64) -> u64 {
        self.0.iter().filter(|message| message.author == Author::Visitor && message.seq > seq).count() as u64
    }
}

/// A conversation with its log; performs the stores.
struct Desk {
    machine: Conversation,
    log: Memory,
}

impl Desk {
    fn new() -> Desk {
        let (site, id) = (SiteId::parse("demo").unwrap(), ConversationId::parse("c").unwrap());
        Desk { machine: Conversation::new(site, id), log: Memory::default() }
    }

    /// On a disk that is done at once.
    fn tell(&mut self, input: Input) -> Vec<Output> {
        let mut outputs = self.tell_slow_disk(input);
        if outputs.iter().any(|output| matches!(output, Output::Store { .. })) {
            outputs.extend(self.tell_slow_disk(Input::Stored));
        }
        outputs
    }

    fn tell_slow_disk(&mut self, input: Input) -> Vec<Output> {
        self.machine.handle(1_000, input, &self.log);
        let outputs: Vec<Output> = std::iter::from_fn(|| self.machine.poll_output()).collect();
        for output in &outputs {
            if let Output::Store { messages, .. } = output {
                self.log.0.extend(messages.iter().cloned());
            }
        }
        outputs
    }

    fn open(&mut self, link: u64, notice: Notice) -> Vec<Output> {
        self.tell(Input::Opened {
            link: LinkId(link),
            peer: Peer::Visitor,
            notice,
            token: None,
            client: Box::default(),
        })
    }

    fn say(&mut self, link: u64, frames: Vec<ClientFrame>) -> Vec<(LinkId, EdgeFrame)> {
        let outputs = self.tell(Input::Frames { link: LinkId(link), frames });
        let sent = outputs.into_iter().filter_map(|output| match output {
            Output::Send(link, frame) => Some((link, frame)),
            _ => None,
        });
        sent.collect()
    }
}

fn writer() -> WriterId {
    WriterId::parse("w").unwrap()
}

fn send(n: u64, text: &str) -> ClientFrame {
    let id = MessageId::parse(&format!("w.{n}")).unwrap();
    ClientFrame::Send(Send { id, writer: writer(), n, text: text.to_owned() })
}

fn hello(resume: Option<Resume>) -> ClientFrame {
    ClientFrame::Hello(Hello { protocol: 1, resume, unacked: vec![writer()] })
}

fn ack(upto_n: u64, seq: u64) -> EdgeFrame {
    EdgeFrame::Ack(Ack { writer: writer(), upto_n, seq })
}

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

#[test]
fn store_1_what_came_together_is_stored_together_and_then_acknowledged() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let outputs = desk.tell(Input::Frames { link: LinkId(1), frames: vec![send(1, "a"), send(2, "b")] });
    let stores: Vec<usize> =
        (0..outputs.len()).filter(|i| matches!(outputs[*i], Output::Store { .. })).collect();
    assert_eq!(stores, [0], "{outputs:?}");
    assert_eq!(outputs[1], Output::Send(LinkId(1), ack(2, 2)), "one acknowledgement for both");
}

#[test]
fn cost_1_nothing_is_stored_before_the_first_message() {
    let mut desk = Desk::new();
    let mut outputs = desk.open(1, Notice::default());
    outputs.extend(desk.tell(Input::Frames {
        link: LinkId(1),
        frames: vec![hello(None), send(1, "  "), ClientFrame::Typing { on: true }, ClientFrame::Ping],
    }));
    outputs.extend(desk.tell(Input::Closed { link: LinkId(1) }));
    let kept = |o: &Output| matches!(o, Output::Store { .. } | Output::Notify(_) | Output::Announce);
    assert!(!outputs.iter().any(kept), "{outputs:?}");
}

#[test]
fn order_1_nothing_is_stored_before_what_its_writer_wrote_earlier() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let said = desk.say(1, vec![send(2, "b"), send(1, "a")]);
    assert!(matches!(&said[0].1, EdgeFrame::Nack(nack) if nack.reason == "gap" && nack.upto_n == 0));
    assert_eq!(said[1].1, ack(1, 1));
    assert_eq!(desk.say(1, vec![send(1, "a"), send(2, "b")])[0].1, ack(2, 2));
    assert_eq!(desk.log.0.len(), 2);
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

#[test]
fn ack_1_an_acknowledgement_ends_with_a_stored_message() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a"), send(2, " ")]);
    assert_eq!(desk.say(1, vec![send(1, "a")]), [(LinkId(1), ack(1, 1))]);
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
fn link_3_more_links_than_a_conversation_keeps_are_refused() {
    let mut desk = Desk::new();
    for link in 0..MAX_LINKS_PER_CONVERSATION as u64 {
        desk.open(link, Notice::default());
    }
    let outputs = desk.open(99, Notice::default());
    assert_eq!(outputs, [Output::Close(LinkId(99), CloseCode::TOO_MANY_LINKS)]);
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
fn receipt_2_the_cursor_never_moves_over_a_hole() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None), send(1, "a"), send(2, "b"), send(3, "c")]);
    let ids = |desk: &mut Desk| -> Vec<String> {
        desk.machine.pull(1_000, 50, &desk.log).into_iter().map(|event| event.id).collect()
    };
    assert_eq!(ids(&mut desk), ["w.1", "w.2", "w.3"]);
    let receipt = |id: &str, result| Receipt {
        id: id.into(),
        source: String::new(),
        result,
        reason: String::new(),
        retry_after_ms: None,
    };
    let (taken, later) = (Outcome::Accepted, Outcome::Later);
    let receipts = vec![receipt("w.1", taken), receipt("w.2", later), receipt("w.3", taken)];
    let outputs = desk.tell(Input::Receipts(receipts));
    assert!(outputs.contains(&Output::Send(LinkId(1), EdgeFrame::Receipted { upto_seq: 1 })), "{outputs:?}");
    assert_eq!(ids(&mut desk), ["w.2", "w.3"]);
    assert_eq!(desk.machine.backlog(), 2);
}

/// Found by the simulation: the cursor went with the link that kept it, and an eviction made a backlog of what the
/// origin had.
#[test]
fn receipt_2_the_cursor_stays_when_the_link_that_kept_it_goes() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.open(2, Notice::default());
    desk.say(1, vec![hello(None), send(1, "a")]);
    desk.machine.pull(1_000, 50, &desk.log);
    let (id, source, reason) = ("w.1".into(), String::new(), String::new());
    let receipt = Receipt { id, source, result: Outcome::Accepted, reason, retry_after_ms: None };
    desk.tell(Input::Receipts(vec![receipt]));
    let outputs = desk.tell(Input::Closed { link: LinkId(1) });
    let keeper = outputs.iter().find_map(|output| match output {
        Output::Attach(info) if info.delivered_upto == 1 => Some(info.clone()),
        _ => None,
    });
    let keeper = keeper.expect("the other link keeps it");
    let mut stale = desk.machine.meta().clone();
    stale.delivered_upto = 0;
    let restored = Conversation::restore(stale, vec![*keeper], &desk.log);
    assert_eq!(restored.backlog(), 0);
}

fn stores(outputs: &[Output]) -> Vec<usize> {
    let count = |output: &Output| match output {
        Output::Store { messages, .. } => Some(messages.len()),
        _ => None,
    };
    outputs.iter().filter_map(count).collect()
}

#[test]
fn store_2_what_comes_while_the_disk_is_busy_is_stored_together() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None)]);
    let frames = |n| Input::Frames { link: LinkId(1), frames: vec![send(n, "x")] };
    assert_eq!(stores(&desk.tell_slow_disk(frames(1))), [1], "a lone message does not wait");
    for n in 2..=5 {
        assert_eq!(
            desk.tell_slow_disk(frames(n)),
            [],
            "n {n} waits for the disk, and so does its acknowledgement"
        );
    }
    let outputs = desk.tell_slow_disk(Input::Stored);
    assert_eq!(stores(&outputs), [4]);
    let acks: Vec<u64> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Send(_, EdgeFrame::Ack(ack)) => Some(ack.upto_n),
            _ => None,
        })
        .collect();
    assert_eq!(acks, [5], "one acknowledgement for all of them");
    assert_eq!(stores(&desk.tell_slow_disk(Input::Stored)), [] as [usize; 0]);
}

/// Outputs where the first message that is told of comes after the store.
fn stored_before_told(outputs: &[Output]) -> bool {
    let place = |of: fn(&Output) -> bool| outputs.iter().position(of);
    place(|output| matches!(output, Output::Store { .. }))
        < place(|output| matches!(output, Output::Send(..)))
}

#[test]
fn store_2_whoever_asks_for_the_log_is_told_of_what_was_collected_after_it_is_stored() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None)]);
    let on = |link, frame| Input::Frames { link: LinkId(link), frames: vec![frame] };
    desk.tell_slow_disk(on(1, send(1, "x")));
    desk.tell_slow_disk(on(1, send(2, "x")));
    // The same message comes on another link: its acknowledgement waits for the store, too.
    let peer = Peer::Visitor;
    desk.tell_slow_disk(Input::Opened {
        link: LinkId(2),
        peer,
        notice: Notice::default(),
        token: None,
        client: Box::default(),
    });
    assert_eq!(desk.tell_slow_disk(on(2, send(2, "x"))), []);

    let outputs = desk.tell_slow_disk(on(2, hello(None)));
    assert_eq!(stores(&outputs), [1]);
    assert!(stored_before_told(&outputs), "{outputs:?}");
    let welcome = outputs.iter().find_map(|output| match output {
        Output::Send(_, EdgeFrame::Welcome(welcome)) => Some(welcome),
        _ => None,
    });
    assert_eq!(welcome.map(|welcome| (welcome.last_seq, welcome.messages.len())), Some((2, 2)));

    desk.tell_slow_disk(on(1, send(3, "x")));
    let events = desk.machine.pull(1_000, 10, &desk.log);
    assert_eq!(events.len(), 3, "the origin, too, gets it");
    let outputs: Vec<Output> = std::iter::from_fn(|| desk.machine.poll_output()).collect();
    assert_eq!(stores(&outputs), [1], "and the driver stores it before it answers");
}

#[test]
fn store_2_a_cursor_is_never_stored_without_the_messages_that_its_row_counts() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None)]);
    let frames = |n| Input::Frames { link: LinkId(1), frames: vec![send(n, "x")] };
    desk.tell_slow_disk(frames(1));
    desk.tell_slow_disk(frames(2));
    desk.tell_slow_disk(Input::Closed { link: LinkId(1) });
    let receipt = Receipt {
        id: "w.1".to_owned(),
        source: String::new(),
        result: Outcome::Accepted,
        reason: String::new(),
        retry_after_ms: None,
    };
    let outputs = desk.tell_slow_disk(Input::Receipts(vec![receipt]));
    for output in &outputs {
        if let Output::Store { meta, .. } = output {
            let stored = desk.log.0.iter().filter(|message| message.seq <= meta.last_seq).count() as u64;
            assert_eq!(stored, meta.last_seq);
            assert_eq!(meta.upto_n(&writer()), meta.last_seq);
        }
    }
    assert_eq!(desk.log.0.len(), 2);
}

fn reply(n: u64, text: &str) -> Reply {
    let (site, conversation) = (SiteId::parse("demo").unwrap(), ConversationId::parse("c").unwrap());
    let (id, writer) = (MessageId::parse(&format!("o.{n}")).unwrap(), WriterId::parse("o").unwrap());
    let (agent, name, text) = (AgentId::parse("ada").unwrap(), "Ada".to_owned(), text.to_owned());
    Reply { site, conversation, id, writer, n, agent, name, text }
}

/// The receipt of a refused reply got lost. Sent again, the reply was called a duplicate, which is a success: the origin
/// took it for delivered.
#[test]
fn nack_3_a_refused_reply_that_comes_again_is_refused_again() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    for _ in 0..2 {
        let (outcome, reason) = desk.machine.reply(1_000, reply(1, " "));
        assert_eq!((outcome, reason.as_str()), (Outcome::Refused, "text-empty"));
    }
    assert_eq!(desk.machine.reply(1_000, reply(2, "b")).0, Outcome::Accepted);
    assert_eq!(desk.machine.reply(1_000, reply(2, "b")).0, Outcome::Duplicate);
    assert_eq!(desk.machine.reply(1_000, reply(0, "c")).0, Outcome::Refused, "numbers begin with 1");
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

/// "Delivered" moved over a message that was still waiting for the disk. Had the object died then, whatever came to
/// stand at that place would have been called delivered.
#[test]
fn mark_1_what_is_not_stored_is_on_nobodys_screen() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None)]);
    let frames = |frame| Input::Frames { link: LinkId(1), frames: vec![frame] };
    desk.tell_slow_disk(frames(send(1, "x")));
    desk.tell_slow_disk(frames(send(2, "x")));
    desk.tell_slow_disk(frames(ClientFrame::Delivered { upto_seq: u64::MAX }));
    assert_eq!(desk.machine.meta().delivered.visitor, 1);
    desk.tell_slow_disk(Input::Stored);
    desk.tell_slow_disk(frames(ClientFrame::Delivered { upto_seq: u64::MAX }));
    assert_eq!(desk.machine.meta().delivered.visitor, 2);
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

/// Only messages were counted, so a disk that took long let answers to repeated and out-of-order messages pile up.
#[test]
fn store_2_no_more_answers_than_256_are_collected() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let frames = |n| Input::Frames { link: LinkId(1), frames: vec![send(n, "x"); 64] };
    desk.tell_slow_disk(frames(1));
    let answered: Vec<usize> = (0..8).map(|_| desk.tell_slow_disk(frames(9)).len()).collect();
    assert_eq!(answered, [0, 0, 0, 256, 0, 0, 0, 256]);
}

// ---- limits and the end ----

const DAY_MS: u64 = 86_400_000;

fn receipt(id: &str, result: Outcome) -> Receipt {
    Receipt { id: id.to_owned(), source: String::new(), result, reason: String::new(), retry_after_ms: None }
}

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
fn hello_3_one_message_costs_one_snapshot_and_one_page_of_history() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let back = ClientFrame::History { before_seq: 9 };
    let frames = (0..64).map(|n| if n % 2 == 0 { hello(None) } else { back.clone() }).collect();
    let told = desk.say(1, frames);
    assert_eq!(told.len(), 2, "{told:?}");
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
fn forget_1_what_was_said_is_erased_at_once_and_the_origin_hears_of_it_when_it_can() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None), send(1, "my secret"), send(2, "another")]);
    desk.machine.pull(1_000, 1, &desk.log);
    let told = desk.tell(Input::Forget);
    assert_eq!(ends(&told), ["forget", "announce", "tell-gone"]);
    assert!(told.contains(&Output::Close(LinkId(1), CloseCode::FORGOTTEN)));
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

#[test]
fn forget_1_where_nothing_was_said_nothing_is_stored() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let told = desk.tell(Input::Forget);
    assert_eq!(told, [Output::Close(LinkId(1), CloseCode::FORGOTTEN), Output::Delete]);
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

#[test]
fn link_4_what_a_socket_keeps_fits_the_platforms_limit() {
    let long = "x".repeat(64);
    let mut desk = Desk::new();
    let name = "\u{1}".repeat(MAX_NAME_CHARS);
    let agent = AgentId::parse(&long).unwrap();
    let notice = Notice { reason: "\u{1}".repeat(200), version: u64::MAX, ..Notice::default() };
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    let client = Client { address: "2001:0db8:0000:0000::".into(), limits: SiteLimits::default() };
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
