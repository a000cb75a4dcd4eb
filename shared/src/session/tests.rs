//! The session on a virtual clock, against an edge played by the test. A test's name is the rule.

mod lanes;

use std::collections::BTreeMap;

use super::*;
use crate::codec::Saved;
use crate::frame::{Ack, EdgeFrame, Nack, Resume, Send, Welcome};
use crate::id::{AgentId, Epoch, MessageId};
use crate::message::{Author, Message};
use crate::mode::Mode;

const EPOCH: Epoch = Epoch(77);

/// A session, its clock, and what it has said.
struct Page {
    session: Session,
    now: Millis,
    said: Vec<ClientFrame>,
    saved: BTreeMap<MessageId, Saved>,
    others: Vec<Output>,
    link: Link,
}

impl Page {
    fn new(writer: &str, saved: Vec<Saved>) -> Page {
        let session = Session::new(Role::Visitor, WriterId::parse(writer).unwrap(), 1);
        let kept = saved.iter().map(|saved| (saved.id.clone(), saved.clone())).collect();
        let (said, others) = (Vec::new(), Vec::new());
        let mut page = Page { session, now: 1_000, said, saved: kept, others, link: Link(0) };
        page.input(Input::Start { saved });
        page
    }

    /// Connected to an edge that has stored nothing.
    fn live(writer: &str, saved: Vec<Saved>) -> Page {
        let mut page = Page::new(writer, saved);
        page.connect(welcome(EPOCH, 0));
        page
    }

    fn input(&mut self, input: Input) {
        self.session.handle(self.now, input);
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Open(link) => self.link = link,
                Output::Send(link, frame) => {
                    assert_eq!(link, self.link, "a frame for a link that is gone");
                    self.said.push(frame);
                }
                Output::Save(saved) => {
                    self.saved.insert(saved.id.clone(), saved);
                }
                Output::Erase(id) => {
                    self.saved.remove(&id);
                }
                Output::Changed => {}
                other => self.others.push(other),
            }
        }
    }

    fn hear(&mut self, frame: EdgeFrame) {
        self.input(Input::Frames(self.link, vec![frame]));
    }

    fn connect(&mut self, welcome: Welcome) {
        self.input(Input::Opened(self.link));
        self.hear(EdgeFrame::Welcome(Box::new(welcome)));
    }

    fn write(&mut self, text: &str) {
        self.input(Input::Write(text.to_owned()));
    }

    fn wait(&mut self, ms: Millis) {
        self.now += ms;
        self.input(Input::Timeout);
    }

    /// Loses the link and connects again.
    fn reconnect(&mut self, welcome: Welcome) {
        self.input(Input::Closed(self.link, CloseCode::ABNORMAL));
        self.now = self.session.poll_timeout().expect("it never gives up");
        self.input(Input::Timeout);
        self.connect(welcome);
    }

    /// What was sent since the last call: (writer, n, text).
    fn sends(&mut self) -> Vec<(String, u64, String)> {
        let said = std::mem::take(&mut self.said);
        let sends = said.into_iter().filter_map(|frame| match frame {
            ClientFrame::Send(Send { writer, n, text, .. }) => Some((writer.to_string(), n, text)),
            _ => None,
        });
        sends.collect()
    }

    fn hellos(&self) -> usize {
        self.said.iter().filter(|frame| matches!(frame, ClientFrame::Hello(_))).count()
    }

    fn states(&self) -> Vec<MessageState> {
        self.session.rows().into_iter().filter_map(|row| row.state).collect()
    }
}

fn welcome(epoch: Epoch, last_seq: u64) -> Welcome {
    let conversation = ConversationId::parse("c");
    Welcome { protocol: 1, conversation, epoch, replay: true, last_seq, ..Welcome::default() }
}

fn ack(writer: &str, upto_n: u64, seq: u64) -> EdgeFrame {
    EdgeFrame::Ack(Ack { writer: WriterId::parse(writer).unwrap(), upto_n, seq })
}

fn nack(id: &str, writer: &str, n: u64, upto_n: u64, reason: &str, retry: bool) -> EdgeFrame {
    let (id, writer) = (MessageId::parse(id).unwrap(), WriterId::parse(writer).unwrap());
    EdgeFrame::Nack(Nack { id, writer, n, upto_n, reason: reason.into(), retry })
}

fn event(seq: u64) -> Message {
    let (id, author) = (MessageId::parse(&format!("a.{seq}")).unwrap(), AgentId::parse("ada").unwrap());
    Message { seq, id, author: Author::Agent(author), name: "Ada".into(), text: format!("{seq}"), at_ms: 1 }
}

fn saved(writer: &str, n: u64) -> Saved {
    let id = MessageId::parse(&format!("{writer}.{n}")).unwrap();
    Saved { id, writer: WriterId::parse(writer).unwrap(), n, text: format!("{n}"), at_ms: 1 }
}

fn sent(writer: &str, n: u64, text: &str) -> (String, u64, String) {
    (writer.to_owned(), n, text.to_owned())
}

#[test]
fn outbox_3_message_written_during_an_outage_is_sent_after_it() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.write("a");
    page.write("b");
    assert_eq!(page.sends(), []);
    assert_eq!(page.states(), [MessageState::Queued, MessageState::Queued]);
    assert_eq!(page.saved.len(), 2, "KEEP-1: they are in the browser's storage");
    // The nudge of writing has opened a link already.
    page.connect(welcome(EPOCH, 0));
    assert_eq!(page.sends(), [sent("w", 1, "a"), sent("w", 2, "b")]);
    page.hear(ack("w", 1, 1));
    page.reconnect(Welcome { last_seq: 1, ..welcome(EPOCH, 1) });
    assert_eq!(page.sends(), [sent("w", 2, "b")], "only what was not acknowledged is sent again");
}

#[test]
fn keep_2_a_message_is_kept_until_the_origin_has_it() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.hear(ack("w", 1, 1));
    assert_eq!((page.states(), page.saved.len()), (vec![MessageState::Sent], 1));
    page.hear(EdgeFrame::Receipted { upto_seq: 1 });
    assert_eq!((page.states(), page.saved.len()), (vec![MessageState::Delivered], 0));
}

#[test]
fn a_receipt_for_the_other_side_changes_nothing_that_is_seen_here() {
    let changes = |page: &mut Page, upto_seq| {
        page.session.handle(page.now, Input::Frames(page.link, vec![EdgeFrame::Receipted { upto_seq }]));
        std::iter::from_fn(|| page.session.poll_output()).any(|output| output == Output::Changed)
    };
    let mut page = Page::live("w", vec![]);
    page.hear(EdgeFrame::Event(event(1)));
    assert!(!changes(&mut page, 1), "it is an agent's");
    page.write("a");
    page.hear(ack("w", 1, 2));
    assert!(changes(&mut page, 2), "this one is our own, and was kept");
    assert!(!changes(&mut page, 2), "known already");
}

#[test]
fn link_1_frames_of_an_orphaned_link_are_ignored() {
    let mut page = Page::live("w", vec![]);
    let old = page.link;
    page.reconnect(welcome(EPOCH, 0));
    page.input(Input::Frames(
        old,
        vec![EdgeFrame::Event(event(1)), EdgeFrame::Bye { code: 1, retry_after_ms: 9 }],
    ));
    page.input(Input::Closed(old, CloseCode::TOKEN_REFUSED));
    assert_eq!(page.session.rows(), []);
    assert_eq!(page.session.standing(), Standing::Live);
}

#[test]
fn link_2_a_silent_link_is_asked_and_then_given_up() {
    let mut page = Page::live("w", vec![]);
    page.said.clear();
    page.wait(20_000);
    assert_eq!(page.said, [ClientFrame::Ping]);
    page.hear(EdgeFrame::Pong);
    page.wait(20_000);
    assert_eq!(page.said.len(), 2);
    page.wait(10_000);
    assert!(page.others.contains(&Output::Close(Link(1), CloseCode::SILENT)), "{:?}", page.others);
    assert!(matches!(page.session.standing(), Standing::Retrying { .. }));
}

#[test]
fn hello_1_the_first_frame_names_the_resume_point_and_the_unacknowledged_writers() {
    let mut page = Page::live("w", vec![saved("old", 3)]);
    page.write("a");
    page.hear(EdgeFrame::Event(event(1)));
    page.said.clear();
    page.reconnect(welcome(EPOCH, 1));
    let ClientFrame::Hello(hello) = &page.said[0] else { panic!("{:?}", page.said) };
    assert_eq!(hello.resume, Some(Resume { epoch: EPOCH, last_seq: 1 }));
    let unacked: Vec<_> = hello.unacked.iter().map(WriterId::as_str).collect();
    assert_eq!(unacked, ["w", "old"]);
}

#[test]
fn resume_1_a_snapshot_replaces_what_is_too_far_behind() {
    let mut page = Page::live("w", vec![]);
    page.hear(EdgeFrame::Event(event(1)));
    let messages = (301..=350).map(event).collect();
    page.reconnect(Welcome { replay: false, messages, ..welcome(EPOCH, 350) });
    let seqs: Vec<_> = page.session.rows().iter().filter_map(|row| row.seq).collect();
    assert_eq!(seqs, (301..=350).collect::<Vec<_>>());
    assert!(page.session.has_earlier());
    page.input(Input::Earlier);
    page.hear(EdgeFrame::History { messages: (251..=300).map(event).collect() });
    assert_eq!(page.session.rows().len(), 100);
}

#[test]
fn resume_3_a_hole_is_fetched_with_a_second_hello_on_the_same_link() {
    let mut page = Page::live("w", vec![]);
    page.said.clear();
    page.hear(EdgeFrame::Event(event(2)));
    page.hear(EdgeFrame::Event(event(3)));
    assert_eq!(page.hellos(), 1, "asked once");
    assert_eq!(page.session.rows(), [], "no message is shown before an earlier one");
    page.hear(EdgeFrame::Welcome(Box::new(Welcome {
        messages: (1..=3).map(event).collect(),
        ..welcome(EPOCH, 3)
    })));
    assert_eq!(page.session.rows().len(), 3);
}

/// Seed 730: a pause's end that fell into a resync made the browser spin until the edge answered.
#[test]
fn resume_3_a_page_that_waits_for_a_welcome_does_not_ask_for_the_past() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.hear(nack("w.1", "w", 1, 0, "gap", true));
    page.hear(EdgeFrame::Event(event(2)));
    page.wait(500);
    assert!(
        page.session.poll_timeout() > Some(page.now),
        "{:?} at {}",
        page.session.poll_timeout(),
        page.now
    );
}

#[test]
fn mark_1_what_is_on_the_screen_is_said_once() {
    let mut page = Page::live("w", vec![]);
    page.said.clear();
    page.hear(EdgeFrame::Event(event(1)));
    assert_eq!(page.said, [ClientFrame::Delivered { upto_seq: 1 }]);
    page.input(Input::Looking(true));
    assert_eq!(page.said[1..], [ClientFrame::Seen { upto_seq: 1 }]);
    assert_eq!(page.session.unread(), 0);
    page.hear(EdgeFrame::Event(event(1)));
    assert_eq!(page.said.len(), 2);
}

#[test]
fn what_came_while_nobody_looked_is_told_apart_until_they_look_again() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Looking(true));
    page.hear(EdgeFrame::Event(event(1)));
    assert_eq!(page.session.fresh_after(), None, "it came before somebody's eyes");
    page.input(Input::Looking(false));
    page.hear(EdgeFrame::Event(event(2)));
    page.hear(EdgeFrame::Event(event(3)));
    page.input(Input::Looking(true));
    assert_eq!(page.session.fresh_after(), Some(1));
    // Said again by the page, and more that comes meanwhile.
    page.input(Input::Looking(true));
    page.hear(EdgeFrame::Event(event(4)));
    assert_eq!(page.session.fresh_after(), Some(1));
    page.input(Input::Looking(false));
    page.input(Input::Looking(true));
    assert_eq!(page.session.fresh_after(), None);
}

#[test]
fn mode_2_of_two_notices_the_later_one_wins() {
    let mut page = Page::live("w", vec![]);
    let notice = |mode, version| EdgeFrame::Mode(Notice { mode, version, ..Notice::default() });
    page.hear(notice(Mode::Holding, 5));
    page.hear(notice(Mode::Normal, 4));
    assert_eq!(page.session.notice().mode, Mode::Holding);
}

#[test]
fn mode_9_who_looks_asks_what_holds_less_and_less_often() {
    // When hellos are said within half an hour in which the edge answers whatever it is asked, in seconds.
    let asked = |looking| {
        let mut page = Page::live("w", vec![]);
        page.input(Input::Looking(looking));
        page.said.clear();
        let (begun, mut times) = (page.now, Vec::new());
        while page.now < begun + 30 * 60_000 {
            let at = page.session.poll_timeout().expect("a link is asked for signs of life");
            page.wait(at - page.now);
            for frame in std::mem::take(&mut page.said) {
                page.hear(match frame {
                    ClientFrame::Hello(_) => {
                        times.push((page.now - begun) / 1_000);
                        EdgeFrame::Welcome(Box::new(welcome(EPOCH, 0)))
                    }
                    _ => EdgeFrame::Pong,
                });
            }
        }
        times
    };
    assert_eq!(asked(true), [5, 15, 35, 75, 155, 315, 615, 915, 1_215, 1_515, 1_815]);
    assert_eq!(asked(false), [0; 0]);
}

/// Found by the simulation: somebody set the clock back, and the next attempt was as much later.
#[test]
fn a_clock_that_goes_back_does_not_stop_the_session() {
    let mut page = Page::live("w", Vec::new());
    page.now = 10_000_000;
    page.write("before");
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.now = 2_000_000;
    page.input(Input::Timeout);
    let next = page.session.poll_timeout().expect("it never gives up");
    assert!(next <= page.now + 2_000, "{next}");
    assert_eq!(page.session.standing(), Standing::Retrying { until: next }, "on the clock of the page");
    page.write("after");
    let rows = page.session.rows();
    assert_eq!(rows.iter().map(|row| row.at_ms).collect::<Vec<_>>(), [10_000_000, 2_000_000]);
}

#[test]
fn close_1_each_code_says_what_the_client_does_next() {
    for (code, standing) in [
        (CloseCode::LOGIN_REQUIRED, Some(CloseCode::LOGIN_REQUIRED)),
        (CloseCode::UNKNOWN_SITE, Some(CloseCode::UNKNOWN_SITE)),
        (CloseCode::SITE_NOT_KNOWN_YET, None),
        // CLOSE-2: a code of a later version.
        (CloseCode(4999), None),
    ] {
        let mut page = Page::live("w", vec![]);
        page.input(Input::Closed(page.link, code));
        match standing {
            Some(code) => assert_eq!(page.session.standing(), Standing::Stopped(code)),
            None => assert!(matches!(page.session.standing(), Standing::Retrying { .. })),
        }
    }
}

#[test]
fn close_3_what_is_not_the_protocol_ends_the_link_and_not_the_session() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Garbage(page.link));
    assert!(page.others.contains(&Output::Close(Link(1), CloseCode::BAD_FRAME)));
    assert!(matches!(page.session.standing(), Standing::Retrying { .. }));
}

#[test]
fn reconnect_4_a_bye_with_retry_after_is_obeyed() {
    let mut page = Page::live("w", vec![]);
    page.hear(EdgeFrame::Bye { code: 4503, retry_after_ms: 30_000 });
    page.input(Input::Closed(page.link, CloseCode::SITE_NOT_KNOWN_YET));
    assert!(page.session.poll_timeout() >= Some(page.now + 30_000));
}

#[test]
fn link_5_a_link_through_another_tab_is_taken_at_once_and_never_after_a_stop() {
    let mut page = Page::live("w", vec![]);
    for _ in 0..3 {
        let before = page.link;
        page.input(Input::Closed(before, CloseCode::ABNORMAL));
        page.input(Input::Ready);
        assert_ne!(page.link, before);
        page.connect(welcome(EPOCH, 0));
        page.input(Input::Ready);
        assert_eq!(page.session.standing(), Standing::Live);
    }
    page.input(Input::Closed(page.link, CloseCode::FORGOTTEN));
    page.input(Input::Ready);
    assert_eq!(page.session.standing(), Standing::Stopped(CloseCode::FORGOTTEN));
}

#[test]
fn reconnect_3_writing_tries_at_once() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.write("a");
    assert_eq!(page.link, Link(2));
}

#[test]
fn reconnect_3_coming_online_tries_at_once_and_being_online_does_not() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.input(Input::Online(true));
    assert_eq!(page.link, Link(1), "nothing new");
    page.input(Input::Online(false));
    page.input(Input::Online(true));
    assert_eq!(page.link, Link(2));
}

/// The waits before each of three attempts, of many visitors or agents who lose a link that told this.
fn waits(role: Role, chats: bool, spread: Spread) -> Vec<[Millis; 3]> {
    let wait = |seed| {
        let mut page = Page::new("w", vec![]);
        page.session = Session::new(role, WriterId::parse("w").unwrap(), seed);
        page.input(Input::Start { saved: vec![] });
        let messages: Vec<Message> = chats.then(|| event(1)).into_iter().collect();
        page.connect(Welcome { spread, last_seq: messages.len() as u64, messages, ..welcome(EPOCH, 0) });
        [(); 3].map(|()| {
            page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
            let wait = page.session.poll_timeout().expect("it never gives up") - page.now;
            page.wait(wait);
            wait
        })
    };
    (1..=400).map(wait).collect()
}

#[test]
fn reconnect_1_those_who_chat_are_through_before_the_others_begin() {
    let spread = Spread { chatting_ms: 5_000, others_ms: 50_000 };
    let first = |waits: &[[Millis; 3]]| {
        let firsts = || waits.iter().map(|wait| wait[0]);
        (firsts().min().unwrap(), firsts().max().unwrap())
    };
    for (role, chats) in
        [(Role::Visitor, true), (Role::Agent, true), (Role::Agent, false), (Role::Inbox, false)]
    {
        let (earliest, latest) = first(&waits(role, chats, spread));
        assert!(earliest < 100 && (4_900..=5_000).contains(&latest), "{role:?}: {earliest} {latest}");
    }
    let (earliest, latest) = first(&waits(Role::Visitor, false, spread));
    assert!((5_000..6_000).contains(&earliest) && (54_000..=55_000).contains(&latest), "{earliest} {latest}");
}

/// Everybody was dropped again before the links were stable: the others began after a second, among those who chat.
#[test]
fn reconnect_2_who_does_not_chat_lets_the_others_go_first_every_time() {
    let spread = Spread { chatting_ms: 5_000, others_ms: 50_000 };
    let others = waits(Role::Visitor, false, spread);
    assert!(others.iter().any(|wait| wait[1] > 100_000), "over the whole of their spread");
    for [_, second, third] in others {
        assert!(
            (56_000..=106_000).contains(&second) && (56_000..=106_000).contains(&third),
            "{second} {third}"
        );
    }
    for [_, second, third] in waits(Role::Visitor, true, spread) {
        assert!((6_000..=56_000).contains(&second) && (6_000..=56_000).contains(&third), "{second} {third}");
    }
}

/// In a crowd that takes a minute to come back, those who came first would come a second time among its last ones.
#[test]
fn reconnect_2_a_link_is_stable_once_the_whole_crowd_can_be_back() {
    let after = |spread: Spread, lived_ms: Millis| {
        let mut page = Page::live("w", vec![]);
        page.reconnect(Welcome { spread, ..welcome(EPOCH, 0) });
        let end = page.now + lived_ms;
        while page.now < end {
            page.wait((end - page.now).min(15_000));
            page.hear(EdgeFrame::Pong);
        }
        page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
        page.session.poll_timeout().expect("it never gives up") - page.now
    };
    let large = Spread { chatting_ms: 5_000, others_ms: 50_000 };
    let [unstable, stable] = [54_999, 55_000].map(|lived_ms| after(large, lived_ms));
    assert!(unstable >= 56_000 && stable <= 55_000, "{unstable} {stable}");
    let small = Spread { chatting_ms: 2_000, others_ms: 2_000 };
    let [unstable, stable] = [29_999, 30_000].map(|lived_ms| after(small, lived_ms));
    assert!(unstable >= 5_000 && stable <= 4_000, "{unstable} {stable}");
}

#[test]
fn spread_2_what_is_told_after_the_welcome_counts() {
    let mut page = Page::live("w", vec![]);
    page.hear(EdgeFrame::Spread(Spread { chatting_ms: 40_000, others_ms: 50_000 }));
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    assert!(page.session.poll_timeout() >= Some(page.now + 40_000));
}

#[test]
fn reconnect_5_a_hidden_tab_without_a_chat_waits_until_it_is_shown() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Shown(false));
    assert_eq!(page.session.standing(), Standing::Live, "a link that is there stays");
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    assert_eq!(page.session.poll_timeout(), None);
    page.input(Input::Online(false));
    page.input(Input::Online(true));
    page.wait(3_600_000);
    assert_eq!(page.link, Link(1));
    page.input(Input::Shown(true));
    assert_eq!(page.link, Link(2));
    page.connect(welcome(EPOCH, 0));

    // A visitor who chats waits for an answer, seen or not.
    page.write("a");
    page.input(Input::Shown(false));
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    let at = page.session.poll_timeout().expect("it never gives up");
    page.wait(at - page.now);
    assert_eq!(page.link, Link(3));
}

/// Seed 2517: frames of the new log overtook its welcome and were counted to the old one.
#[test]
fn hello_2_before_the_welcome_nothing_is_believed() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.hear(ack("w", 1, 1));
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.now += 100_000;
    page.input(Input::Timeout);
    page.input(Input::Opened(page.link));
    page.hear(EdgeFrame::Receipted { upto_seq: 1 });
    assert_eq!(page.saved.len(), 1, "the origin has another message, of another log");
    page.said.clear();
    page.hear(EdgeFrame::Welcome(Box::new(welcome(Epoch(99), 0))));
    assert_eq!(page.hellos(), 1, "RESUME-3: asked again, for what was passed over");
}

/// Seed 6141: an answer that was made before the latest notice arrived after it.
#[test]
fn mode_2_a_late_welcome_does_not_bring_an_old_mode_back() {
    let mut page = Page::live("w", vec![]);
    page.hear(EdgeFrame::Event(event(2)));
    page.hear(EdgeFrame::Mode(Notice { mode: Mode::Holding, version: 3, ..Notice::default() }));
    let notice = Notice { version: 2, ..Notice::default() };
    page.hear(EdgeFrame::Welcome(Box::new(Welcome { notice, ..welcome(EPOCH, 0) })));
    assert_eq!(page.session.notice().mode, Mode::Holding);
}

/// Seed 19390: the latest mode overtook the first welcome of a link, which then brought the older one.
#[test]
fn hello_2_a_mode_that_overtakes_the_welcome_is_asked_for_again() {
    let mut page = Page::new("w", vec![]);
    page.input(Input::Opened(page.link));
    page.said.clear();
    page.hear(EdgeFrame::Mode(Notice { version: 3, ..Notice::default() }));
    let notice = Notice { mode: Mode::Holding, version: 2, ..Notice::default() };
    page.hear(EdgeFrame::Welcome(Box::new(Welcome { notice, ..welcome(EPOCH, 0) })));
    assert_eq!(page.hellos(), 1);
    let notice = Notice { version: 3, ..Notice::default() };
    page.hear(EdgeFrame::Welcome(Box::new(Welcome { notice, ..welcome(EPOCH, 0) })));
    assert_eq!(page.session.notice().mode, Mode::Normal);
}

/// Sums with numbers at the end of their range left it: a tab that is built with checks would have died.
#[test]
fn numbers_at_the_end_of_their_range_are_numbers_like_others() {
    let mut page = Page::live("w", vec![saved("p", u64::MAX)]);
    assert_eq!(page.sends(), [sent("p", u64::MAX, &u64::MAX.to_string())]);
    page.hear(nack(&format!("p.{}", u64::MAX), "p", u64::MAX, u64::MAX, "gap", true));
    page.hear(EdgeFrame::History { messages: vec![event(u64::MAX)] });
    page.hear(EdgeFrame::Receipted { upto_seq: u64::MAX });
    page.reconnect(welcome(Epoch(78), u64::MAX));
    page.hear(EdgeFrame::Event(event(u64::MAX)));
    assert!(page.session.has_earlier());
}

/// A pause of some million years is a mistake of whoever asks for it.
#[test]
fn reconnect_4_no_number_keeps_a_client_away_for_good() {
    for ms in [u64::MAX, u64::MAX - 1, 1 << 50] {
        let mut page = Page::live("w", vec![]);
        page.hear(EdgeFrame::Bye { code: 4500, retry_after_ms: ms });
        page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
        let day = 86_400_000;
        assert!(
            page.session.poll_timeout().is_some_and(|at| at >= page.now + day && at <= page.now + 2 * day)
        );
        page.input(Input::Reconnect);
        let spread = Spread { chatting_ms: ms, others_ms: ms };
        page.connect(Welcome { spread, ..welcome(EPOCH, 0) });
        page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
        assert!(page.session.poll_timeout().is_some_and(|at| at > page.now && at <= page.now + 3 * day));
    }
}

#[test]
fn the_list_of_conversations_has_an_end() {
    let mut page = Page::live("w", vec![]);
    for number in 0..1_500u64 {
        page.hear(EdgeFrame::Summary(Summary {
            conversation: ConversationId::parse(&format!("c{number}")).unwrap(),
            name: String::new(),
            last_seq: 1,
            author: Author::Visitor,
            text: "a".into(),
            at_ms: number,
            unread: 1,
            present: true,
        }));
    }
    assert_eq!(page.session.inbox().len(), 1_000);
    assert_eq!(page.session.inbox()[0].at_ms, 1_499, "the newest are kept");
    let newest = page.session.inbox()[0].clone();
    // FORGET-4
    page.hear(EdgeFrame::Summary(Summary { last_seq: 0, ..newest }));
    assert_eq!(page.session.inbox()[0].at_ms, 1_498);
}

#[test]
fn limit_2_what_is_refused_for_now_waits_and_the_person_is_told() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Write("a".into()));
    page.input(Input::Write("b".into()));
    page.said.clear();
    page.hear(nack("w.1", "w", 1, 0, "too-many-messages", true));
    page.hear(nack("w.2", "w", 2, 0, "gap", true));
    assert!(page.session.limited());
    page.now += 5_000;
    page.input(Input::Timeout);
    assert_eq!(page.sends(), [sent("w", 1, "a"), sent("w", 2, "b")], "both, and in their order");
    page.hear(EdgeFrame::Ack(Ack { writer: WriterId::parse("w").unwrap(), upto_n: 2, seq: 2 }));
    assert!(!page.session.limited());
}
