//! Bugs planted from outside, to prove that the simulation finds such things. The machines are the real ones.

use std::collections::BTreeMap;

use edge::conversation;
use shared::frame::{Ack, ClientFrame, EdgeFrame};
use shared::id::{MessageId, WriterId};
use shared::session;

/// Stands between the parties and the network. Everything passes unchanged by default.
pub trait Adapter {
    /// What a browser says, before anybody has looked at it.
    fn browser_says(&mut self, frames: Vec<ClientFrame>) -> Vec<ClientFrame> {
        frames
    }

    /// The same, at the machine's door.
    fn edge_hears(&mut self, frames: Vec<ClientFrame>) -> Vec<ClientFrame> {
        frames
    }

    fn edge_does(&mut self, outputs: Vec<conversation::Output>) -> Vec<conversation::Output> {
        outputs
    }

    fn browser_does(&mut self, outputs: Vec<session::Output>) -> Vec<session::Output> {
        outputs
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    AckBeforeStore,
    NoDedupe,
    ResumeOffByOne,
    /// The browser erases a message when it is sent, instead of waiting for the origin.
    EraseOnSend,
    /// The edge says that the origin has everything that was stored.
    ReceiptBeforeOrigin,
}

impl Bug {
    pub fn plant(bug: Option<Bug>) -> Box<dyn Adapter> {
        match bug {
            None => Box::new(Faithful),
            Some(Bug::AckBeforeStore) => Box::new(AckBeforeStore),
            Some(Bug::NoDedupe) => Box::<NoDedupe>::default(),
            Some(Bug::ResumeOffByOne) => Box::new(ResumeOffByOne),
            Some(Bug::EraseOnSend) => Box::<EraseOnSend>::default(),
            Some(Bug::ReceiptBeforeOrigin) => Box::new(ReceiptBeforeOrigin),
        }
    }
}

struct Faithful;

impl Adapter for Faithful {}

struct AckBeforeStore;

impl Adapter for AckBeforeStore {
    fn edge_does(&mut self, mut outputs: Vec<conversation::Output>) -> Vec<conversation::Output> {
        outputs.sort_by_key(|output| !matches!(output, conversation::Output::Send(_, EdgeFrame::Ack(_))));
        outputs
    }
}

/// Every send gets a writer of its own on its way in; its acknowledgement gets the old name on its way out.
#[derive(Default)]
struct NoDedupe {
    names: BTreeMap<WriterId, (WriterId, u64)>,
}

impl Adapter for NoDedupe {
    fn edge_hears(&mut self, mut frames: Vec<ClientFrame>) -> Vec<ClientFrame> {
        for frame in &mut frames {
            if let ClientFrame::Send(send) = frame {
                let name = WriterId::parse(&format!("new{}", self.names.len())).unwrap_or_default();
                self.names.insert(name.clone(), (std::mem::replace(&mut send.writer, name), send.n));
                send.n = 1;
            }
        }
        frames
    }

    fn edge_does(&mut self, mut outputs: Vec<conversation::Output>) -> Vec<conversation::Output> {
        for output in &mut outputs {
            if let conversation::Output::Send(_, EdgeFrame::Ack(ack)) = output
                && let Some((writer, n)) = self.names.get(&ack.writer)
            {
                *ack = Ack { writer: writer.clone(), upto_n: *n, seq: ack.seq };
            }
        }
        outputs
    }
}

struct ResumeOffByOne;

impl Adapter for ResumeOffByOne {
    fn browser_says(&mut self, mut frames: Vec<ClientFrame>) -> Vec<ClientFrame> {
        for frame in &mut frames {
            if let ClientFrame::Hello(hello) = frame
                && let Some(resume) = &mut hello.resume
            {
                resume.last_seq += 1;
            }
        }
        frames
    }
}

/// "Sent" is taken for "safe".
#[derive(Default)]
struct EraseOnSend {
    sent: BTreeMap<MessageId, u32>,
}

impl Adapter for EraseOnSend {
    fn browser_does(&mut self, outputs: Vec<session::Output>) -> Vec<session::Output> {
        let mut out = Vec::new();
        for output in outputs {
            let erased = match &output {
                session::Output::Send(_, ClientFrame::Send(send)) => {
                    let times = self.sent.entry(send.id.clone()).or_default();
                    *times += 1;
                    (*times == 1).then(|| send.id.clone())
                }
                _ => None,
            };
            out.push(output);
            out.extend(erased.map(session::Output::Erase));
        }
        out
    }
}

struct ReceiptBeforeOrigin;

impl Adapter for ReceiptBeforeOrigin {
    fn edge_does(&mut self, outputs: Vec<conversation::Output>) -> Vec<conversation::Output> {
        let mut out = Vec::new();
        for mut output in outputs {
            let mut early = None;
            match &mut output {
                conversation::Output::Send(_, EdgeFrame::Welcome(welcome)) => {
                    welcome.receipted_upto = welcome.last_seq;
                }
                conversation::Output::Send(link, EdgeFrame::Ack(ack)) => {
                    early = Some((*link, EdgeFrame::Receipted { upto_seq: ack.seq }));
                }
                _ => {}
            }
            out.push(output);
            out.extend(early.map(|(link, frame)| conversation::Output::Send(link, frame)));
        }
        out
    }
}
