//! The session on a virtual clock, against an edge played by the test. A test's name is the rule.

mod lanes;
mod limits;
mod links;
mod marks;
mod notice;
mod outbox;
mod reconnect;
mod welcome;

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
        Page::seeded(writer, saved, 1)
    }

    fn seeded(writer: &str, saved: Vec<Saved>, seed: u64) -> Page {
        let session = Session::new(Role::Visitor, WriterId::parse(writer).unwrap(), seed);
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
