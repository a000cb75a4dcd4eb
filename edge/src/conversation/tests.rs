//! The conversation on a virtual clock. Each story was found by the simulation or by reading, and cost somebody a message.

mod ending;
mod limits;
mod links;
mod origin;
mod silence;
mod store;
mod writers;

use shared::close::CloseCode;
use shared::event::{Body, Outcome, Receipt, Reply};
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
        self.tell_at(1_000, input)
    }

    fn tell_at(&mut self, now: u64, input: Input) -> Vec<Output> {
        self.machine.handle(now, input, &self.log);
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

fn stores(outputs: &[Output]) -> Vec<usize> {
    let count = |output: &Output| match output {
        Output::Store { messages, .. } => Some(messages.len()),
        _ => None,
    };
    outputs.iter().filter_map(count).collect()
}

fn reply(n: u64, text: &str) -> Reply {
    let (site, conversation) = (SiteId::parse("demo").unwrap(), ConversationId::parse("c").unwrap());
    let (id, writer) = (MessageId::parse(&format!("o.{n}")).unwrap(), WriterId::parse("o").unwrap());
    let (agent, name, text) = (AgentId::parse("ada").unwrap(), "Ada".to_owned(), text.to_owned());
    Reply { site, conversation, id, writer, n, agent, name, text }
}

fn receipt(id: &str, result: Outcome) -> Receipt {
    Receipt { id: id.to_owned(), source: String::new(), result, reason: String::new(), retry_after_ms: None }
}
