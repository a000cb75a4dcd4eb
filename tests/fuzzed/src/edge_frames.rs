//! What the edge tells a session, true or not, and what a person does meanwhile. The first byte chooses whose session.

use std::collections::BTreeSet;

use arbitrary::{Result, Unstructured};
use shared::Millis;
use shared::close::CloseCode;
use shared::codec::Saved;
use shared::frame::{Ack, ClientFrame, EdgeFrame, Marks, Nack, Spread, Summary, Welcome};
use shared::id::{Epoch, MessageId, WriterId};
use shared::limits::{MAX_OUTBOX, MAX_WRITERS_PER_HELLO};
use shared::message::{Author, Message};
use shared::session::{Input, Link, Output, Role, Session, Standing};

use crate::pick;

const WRITERS: [&str; 3] = ["w", "p", "q"];
const CONVERSATIONS: [&str; 3] = ["c", "d", "e"];
const CODES: [CloseCode; 6] = [
    CloseCode::NORMAL,
    CloseCode::ABNORMAL,
    CloseCode::BAD_FRAME,
    CloseCode::LOGIN_REQUIRED,
    CloseCode::TOO_MANY_LINKS,
    CloseCode(4999),
];
/// Whatever the edge says, a client comes back: nothing may let it wait for longer than some days.
const LONGEST_WAIT_MS: Millis = 4 * 86_400_000;

pub fn run(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(mut page) = Page::new(&mut u) else { return };
    pick::steps(&mut u, |u| page.step(u));
}

struct Page {
    session: Session,
    now: Millis,
    /// The link that is open or opening, by the session's own words.
    link: Option<Link>,
    last_link: Link,
    /// What the browser's storage holds.
    kept: BTreeSet<MessageId>,
    written: usize,
    /// The storage has not answered yet.
    starting: bool,
}

impl Page {
    fn new(u: &mut Unstructured) -> Result<Page> {
        let role = *u.choose(&[Role::Visitor, Role::Agent, Role::Inbox])?;
        let writer = WriterId::parse("w").expect("a valid name");
        Ok(Page {
            session: Session::new(role, writer, u.arbitrary()?),
            now: 1_767_225_600_000,
            link: None,
            last_link: Link(0),
            kept: BTreeSet::new(),
            written: 0,
            starting: true,
        })
    }

    fn step(&mut self, u: &mut Unstructured) -> Result<()> {
        match u.int_in_range(0..=31u8)? {
            0 | 1 => {
                if !std::mem::take(&mut self.starting) {
                    return Ok(());
                }
                let mut saved: Vec<Saved> = Vec::new();
                for _ in 0..pick::up_to(u, 5)? {
                    let another = saved_message(u)?;
                    // The storage keeps messages under their ids.
                    if self.kept.insert(another.id.clone()) {
                        saved.push(another);
                    }
                }
                self.written += saved.len();
                self.tell(Input::Start { saved });
            }
            2..=4 => {
                let link = self.some_link(u)?;
                self.tell(Input::Opened(link));
            }
            5..=16 => {
                let link = self.some_link(u)?;
                let mut frames = Vec::new();
                for _ in 0..=pick::up_to(u, 3)? {
                    frames.push(frame(u)?);
                }
                self.tell(Input::Frames(link, frames));
            }
            17 => {
                let link = self.some_link(u)?;
                self.tell(Input::Garbage(link));
            }
            18 => {
                let (link, code) = (self.some_link(u)?, *u.choose(&CODES)?);
                if self.link == Some(link) {
                    self.link = None;
                }
                self.tell(Input::Closed(link, code));
            }
            19..=22 => {
                self.written += 1;
                self.tell(Input::Write(pick::text(u)?));
            }
            23 => self.tell(Input::Retry(some_id(u)?)),
            24 => self.tell(Input::Discard(some_id(u)?)),
            25 => self.tell(Input::Typing(u.arbitrary()?)),
            26 => self.tell(Input::Looking(u.arbitrary()?)),
            27 => self.tell(Input::Online(u.arbitrary()?)),
            28 => self.tell(Input::Shown(u.arbitrary()?)),
            29 => self.tell(if u.arbitrary()? { Input::Earlier } else { Input::Reconnect }),
            _ => {
                self.now =
                    match self.session.poll_timeout().filter(|_| u.is_empty() || u.arbitrary() == Ok(true)) {
                        Some(at) => at.max(self.now),
                        None => self.now + pick::up_to(u, 40_000)?,
                    };
                // Given up, and without a pause opened again: then there is something to wait for.
                self.tell(Input::Timeout);
                self.tell(Input::Timeout);
                let next = self.session.poll_timeout();
                assert!(next.is_none_or(|at| at > self.now), "the timer is set for the past");
            }
        }
        Ok(())
    }

    /// Mostly the present one.
    fn some_link(&self, u: &mut Unstructured) -> Result<Link> {
        Ok(if u.ratio(7, 8)? { self.last_link } else { Link(u.int_in_range(0..=9)?) })
    }

    fn tell(&mut self, input: Input) {
        self.session.handle(self.now, input);
        // Everything that is kept may be sent, saved and erased at once.
        let limit = 3 * (self.written + MAX_WRITERS_PER_HELLO) + 16;
        let mut count = 0;
        while let Some(output) = self.session.poll_output() {
            count += 1;
            assert!(count <= limit, "{count} outputs for one input");
            self.output(output);
        }
        self.look();
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Open(link) => {
                assert!(link > self.last_link && self.link.is_none(), "LINK-1");
                (self.link, self.last_link) = (Some(link), link);
            }
            Output::Send(link, frame) => {
                assert_eq!(self.link, Some(link), "LINK-1: {frame:?} for a link that is gone");
                match frame {
                    ClientFrame::Send(send) => {
                        assert!(self.kept.contains(&send.id), "KEEP-1: {send:?} is not kept");
                        assert!(send.n > 0);
                    }
                    ClientFrame::Hello(hello) => assert!(hello.unacked.len() <= MAX_WRITERS_PER_HELLO),
                    _ => {}
                }
            }
            Output::Close(link, _) => {
                assert_eq!(self.link, Some(link));
                self.link = None;
            }
            Output::Save(saved) => {
                assert_eq!(Saved::decode(&saved.encode()).as_ref(), Some(&saved));
                self.kept.insert(saved.id);
            }
            Output::Erase(id) => {
                self.kept.remove(&id);
            }
            Output::Token(_) | Output::Changed => {}
        }
    }

    /// What a person sees.
    fn look(&self) {
        let session = &self.session;
        let rows = session.rows();
        // The outbox, what earlier pages left, and what the edge has brought.
        assert!(rows.len() <= 5_000 + MAX_OUTBOX + self.written);
        let _ = (session.unread(), session.is_chatting(), session.has_earlier(), session.other_is_typing());
        let timeout = session.poll_timeout();
        assert!(
            timeout.is_none_or(|at| at <= self.now + LONGEST_WAIT_MS),
            "it never comes back: {timeout:?}"
        );
        match session.standing() {
            Standing::Live => assert!(self.link.is_some()),
            Standing::Retrying { .. } | Standing::Stopped(_) => assert!(self.link.is_none()),
            Standing::Connecting | Standing::Offline => {}
        }
    }
}

fn some_id(u: &mut Unstructured) -> Result<MessageId> {
    let writer = pick::writer(u, &WRITERS)?;
    Ok(pick::message_id(&writer, pick::number(u)?))
}

/// Under the name of the page that wrote it, or renamed since.
fn saved_message(u: &mut Unstructured) -> Result<Saved> {
    // A page's name is its own: "w" writes now, the others wrote before.
    let page = pick::writer(u, &WRITERS[1..])?;
    let (id, at_ms, text) = (pick::message_id(&page, pick::number(u)?), pick::number(u)?, "a".to_owned());
    let (page, n) = id.as_str().rsplit_once('.').expect("ids are made here");
    let (writer, n) = match u.int_in_range(0..=3u8)? {
        0 => (page.to_owned() + ".1", pick::number(u)?),
        1 => (page.to_owned(), pick::number(u)?),
        _ => (page.to_owned(), n.parse().expect("ids are made here")),
    };
    let writer = WriterId::parse(&writer).expect("a valid name");
    Ok(Saved { id, writer, n, text, at_ms })
}

fn frame(u: &mut Unstructured) -> Result<EdgeFrame> {
    Ok(match u.int_in_range(0..=20u8)? {
        0..=4 => EdgeFrame::Welcome(Box::new(welcome(u)?)),
        5 | 6 => EdgeFrame::Ack(ack(u)?),
        7 | 8 => {
            let (id, writer, n) = (some_id(u)?, some_writer(u)?, pick::number(u)?);
            let reason = (*u.choose(&["gap", "text-empty", "busy"])?).to_owned();
            EdgeFrame::Nack(Nack { id, writer, n, upto_n: pick::number(u)?, reason, retry: u.arbitrary()? })
        }
        9 | 10 => EdgeFrame::Event(message(u, None)?),
        11 => EdgeFrame::Receipted { upto_seq: pick::number(u)? },
        12 => EdgeFrame::Delivered { side: pick::side(u)?, upto_seq: pick::number(u)? },
        13 => EdgeFrame::Seen { side: pick::side(u)?, upto_seq: pick::number(u)? },
        14 => EdgeFrame::Typing { side: pick::side(u)?, on: u.arbitrary()? },
        15 => EdgeFrame::Mode(pick::notice(u)?),
        16 => EdgeFrame::History { messages: messages(u)? },
        17 => EdgeFrame::Summary(summary(u)?),
        18 => EdgeFrame::Bye { code: pick::number(u)?, retry_after_ms: pick::number(u)? },
        19 => EdgeFrame::Spread(spread(u)?),
        _ => EdgeFrame::Pong,
    })
}

fn welcome(u: &mut Unstructured) -> Result<Welcome> {
    let messages = messages(u)?;
    let last = messages.last().map(|message| message.seq);
    let mut acks = Vec::new();
    for _ in 0..pick::up_to(u, 2)? {
        acks.push(ack(u)?);
    }
    let mut inbox = Vec::new();
    for _ in 0..pick::up_to(u, 2)? {
        inbox.push(summary(u)?);
    }
    Ok(Welcome {
        protocol: pick::number(u)?,
        conversation: Some(pick::conversation(u, &CONVERSATIONS[..2])?),
        epoch: Epoch(pick::up_to(u, 2)?),
        notice: pick::notice(u)?,
        spread: spread(u)?,
        token: None,
        replay: u.arbitrary()?,
        messages,
        last_seq: if u.ratio(1, 4)? { pick::number(u)? } else { last.unwrap_or(0) },
        acks,
        receipted_upto: pick::number(u)?,
        delivered: Marks { visitor: pick::number(u)?, agent: pick::number(u)? },
        seen: Marks { visitor: pick::number(u)?, agent: pick::number(u)? },
        inbox,
    })
}

/// Mostly a stretch of a log, as an edge has it.
fn messages(u: &mut Unstructured) -> Result<Vec<Message>> {
    let first = pick::number(u)?;
    let in_order = u.ratio(7, 8)?;
    let mut messages = Vec::new();
    for place in 0..pick::up_to(u, 4)? {
        messages.push(message(u, in_order.then(|| first.saturating_add(place)))?);
    }
    Ok(messages)
}

fn message(u: &mut Unstructured, seq: Option<u64>) -> Result<Message> {
    let seq = seq.map_or_else(|| pick::number(u), Ok)?;
    let author = if u.arbitrary()? { Author::Visitor } else { Author::Agent(pick::agent(u)?) };
    Ok(Message { seq, id: some_id(u)?, author, name: String::new(), text: "a".into(), at_ms: 1 })
}

fn spread(u: &mut Unstructured) -> Result<Spread> {
    Ok(Spread { chatting_ms: pick::number(u)?, others_ms: pick::number(u)? })
}

fn some_writer(u: &mut Unstructured) -> Result<WriterId> {
    pick::writer(u, &["w", "p", "q", "w.1", "p.1", "p.2", "q.3"])
}

fn ack(u: &mut Unstructured) -> Result<Ack> {
    Ok(Ack { writer: some_writer(u)?, upto_n: pick::number(u)?, seq: pick::number(u)? })
}

fn summary(u: &mut Unstructured) -> Result<Summary> {
    Ok(Summary {
        conversation: pick::conversation(u, &CONVERSATIONS)?,
        name: String::new(),
        last_seq: pick::number(u)?,
        author: Author::Visitor,
        text: "a".into(),
        at_ms: pick::number(u)?,
        unread: pick::number(u)?,
        present: u.arbitrary()?,
    })
}
