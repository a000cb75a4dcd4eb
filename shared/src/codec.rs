//! The widget's codec: writes what a client says, reads what the edge says. The same bytes as serde_json
//! writes and the same frames as it reads; golden files and property tests hold it to that.

use crate::frame::{Ack, ClientFrame, EdgeFrame, Marks, Nack, Spread, Summary, Welcome};
use crate::id::{ConversationId, Epoch, MessageId, WriterId};
use crate::json::{Json, Writer};
use crate::limits::MAX_FRAMES_PER_MESSAGE;
use crate::message::{Author, Message, Side};
use crate::mode::{Mode, Notice};

/// One WebSocket message holding all of `frames`: a single frame as an object, several as an array.
pub fn encode(frames: &[ClientFrame]) -> String {
    let mut out = Writer::default();
    match frames {
        [one] => write(&mut out, one),
        many => {
            out.raw("[");
            for (index, frame) in many.iter().enumerate() {
                if index > 0 {
                    out.raw(",");
                }
                write(&mut out, frame);
            }
            out.raw("]");
        }
    }
    out.0
}

fn write(out: &mut Writer, frame: &ClientFrame) {
    match frame {
        ClientFrame::Hello(hello) => {
            out.raw(r#"{"type":"hello","protocol":"#).number(hello.protocol);
            if let Some(resume) = hello.resume {
                out.raw(r#","resume":{"epoch":"#).number(resume.epoch.0);
                out.raw(r#","last_seq":"#).number(resume.last_seq).raw("}");
            }
            if !hello.unacked.is_empty() {
                out.raw(r#","unacked":["#);
                for (index, writer) in hello.unacked.iter().enumerate() {
                    out.raw(if index > 0 { "," } else { "" }).text(writer.as_str());
                }
                out.raw("]");
            }
        }
        ClientFrame::Send(send) => {
            out.raw(r#"{"type":"send","id":"#).text(send.id.as_str());
            out.raw(r#","writer":"#).text(send.writer.as_str());
            out.raw(r#","n":"#).number(send.n);
            out.raw(r#","text":"#).text(&send.text);
        }
        ClientFrame::Delivered { upto_seq } => {
            out.raw(r#"{"type":"delivered","upto_seq":"#).number(*upto_seq);
        }
        ClientFrame::Seen { upto_seq } => {
            out.raw(r#"{"type":"seen","upto_seq":"#).number(*upto_seq);
        }
        ClientFrame::Typing { on } => {
            out.raw(r#"{"type":"typing","on":"#).bool(*on);
        }
        ClientFrame::History { before_seq } => {
            out.raw(r#"{"type":"history","before_seq":"#).number(*before_seq);
        }
        ClientFrame::Ping => {
            out.raw(r#"{"type":"ping""#);
        }
        ClientFrame::Unknown => {
            out.raw(r#"{"type":"unknown""#);
        }
    }
    out.raw("}");
}

/// The frames of one WebSocket message; nothing where it is not one. Frames of an unknown type come as
/// [`EdgeFrame::Unknown`] (FRAME-2).
pub fn decode(text: &str) -> Option<Vec<EdgeFrame>> {
    match Json::parse(text)? {
        Json::List(items) if items.len() <= MAX_FRAMES_PER_MESSAGE => read_all(&items, read),
        Json::List(_) => None,
        one => Some(vec![read(&one)?]),
    }
}

fn read(json: &Json) -> Option<EdgeFrame> {
    Some(match text(json, "type")? {
        "welcome" => EdgeFrame::Welcome(Box::new(welcome(json)?)),
        "ack" => EdgeFrame::Ack(ack(json)?),
        "nack" => EdgeFrame::Nack(Nack {
            id: MessageId::parse(text(json, "id")?)?,
            writer: WriterId::parse(text(json, "writer")?)?,
            n: number(json, "n")?,
            upto_n: number(json, "upto_n")?,
            reason: text(json, "reason")?.to_owned(),
            retry: json.field("retry")?.bool()?,
        }),
        "event" => EdgeFrame::Event(message(json)?),
        "receipted" => EdgeFrame::Receipted { upto_seq: number(json, "upto_seq")? },
        "delivered" => EdgeFrame::Delivered { side: side(json)?, upto_seq: number(json, "upto_seq")? },
        "seen" => EdgeFrame::Seen { side: side(json)?, upto_seq: number(json, "upto_seq")? },
        "typing" => EdgeFrame::Typing { side: side(json)?, on: json.field("on")?.bool()? },
        "mode" => EdgeFrame::Mode(notice(json)?),
        "spread" => EdgeFrame::Spread(spread(json)?),
        "history" => {
            json.field("messages")?;
            EdgeFrame::History { messages: list(json, "messages", message)? }
        }
        "summary" => EdgeFrame::Summary(summary(json)?),
        "bye" => EdgeFrame::Bye {
            code: number(json, "code")?,
            retry_after_ms: number_or_0(json, "retry_after_ms")?,
        },
        "pong" => EdgeFrame::Pong,
        _ => EdgeFrame::Unknown,
    })
}

fn text<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    json.field(name)?.text()
}

fn number(json: &Json, name: &str) -> Option<u64> {
    json.field(name)?.number()
}

/// Absent, a number is 0; of another type, the frame is malformed.
fn number_or_0(json: &Json, name: &str) -> Option<u64> {
    json.field(name).map_or(Some(0), Json::number)
}

fn text_or_empty(json: &Json, name: &str) -> Option<String> {
    json.field(name).map_or(Some(""), Json::text).map(str::to_owned)
}

/// An absent list is an empty one.
fn list<T>(json: &Json, name: &str, item: fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    read_all(json.field(name).map_or(Some([].as_slice()), Json::list)?, item)
}

/// A loop, because `collect` into an Option costs half a kilobyte of wasm for every type.
fn read_all<T>(values: &[Json], item: fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    let mut list = Vec::new();
    for value in values {
        list.push(item(value)?);
    }
    Some(list)
}

fn side(json: &Json) -> Option<Side> {
    Side::parse(text(json, "side")?)
}

fn welcome(json: &Json) -> Option<Welcome> {
    Some(Welcome {
        protocol: number(json, "protocol")?,
        conversation: optional(json, "conversation", ConversationId::parse)?,
        epoch: Epoch(number(json, "epoch")?),
        notice: notice(json.field("notice")?)?,
        spread: spread(json.field("spread")?)?,
        token: optional(json, "token", |token| Some(token.to_owned()))?,
        replay: json.field("replay")?.bool()?,
        messages: list(json, "messages", message)?,
        last_seq: number(json, "last_seq")?,
        acks: list(json, "acks", ack)?,
        receipted_upto: number(json, "receipted_upto")?,
        delivered: marks(json.field("delivered")?)?,
        seen: marks(json.field("seen")?)?,
        inbox: list(json, "inbox", summary)?,
    })
}

/// A text field that may be absent or null, but not malformed.
fn optional<T>(json: &Json, name: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match json.field(name) {
        None | Some(Json::Null) => Some(None),
        Some(value) => parse(value.text()?).map(Some),
    }
}

fn spread(json: &Json) -> Option<Spread> {
    Some(Spread { chatting_ms: number(json, "chatting_ms")?, others_ms: number(json, "others_ms")? })
}

fn marks(json: &Json) -> Option<Marks> {
    Some(Marks { visitor: number(json, "visitor")?, agent: number(json, "agent")? })
}

fn notice(json: &Json) -> Option<Notice> {
    Some(Notice {
        mode: Mode::parse(text(json, "mode")?)?,
        reason: text_or_empty(json, "reason")?,
        agents: number_or_0(json, "agents")?,
        version: number_or_0(json, "version")?,
        here: text_or_empty(json, "here")?,
    })
}

fn ack(json: &Json) -> Option<Ack> {
    Some(Ack {
        writer: WriterId::parse(text(json, "writer")?)?,
        upto_n: number(json, "upto_n")?,
        seq: number(json, "seq")?,
    })
}

fn message(json: &Json) -> Option<Message> {
    Some(Message {
        seq: number(json, "seq")?,
        id: MessageId::parse(text(json, "id")?)?,
        author: Author::parse(text(json, "author")?)?,
        name: text_or_empty(json, "name")?,
        text: text(json, "text")?.to_owned(),
        at_ms: number(json, "at_ms")?,
    })
}

fn summary(json: &Json) -> Option<Summary> {
    Some(Summary {
        conversation: ConversationId::parse(text(json, "conversation")?)?,
        name: text_or_empty(json, "name")?,
        last_seq: number(json, "last_seq")?,
        author: Author::parse(text(json, "author")?)?,
        text: text(json, "text")?.to_owned(),
        at_ms: number(json, "at_ms")?,
        unread: number(json, "unread")?,
        present: json.field("present")?.bool()?,
    })
}

/// A message that the browser keeps until the origin has it (KEEP-1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub id: MessageId,
    pub writer: WriterId,
    pub n: u64,
    pub text: String,
    /// When it was written, on the browser's clock.
    pub at_ms: u64,
}

impl Saved {
    pub fn encode(&self) -> String {
        let mut out = Writer::default();
        out.raw(r#"{"id":"#).text(self.id.as_str());
        out.raw(r#","writer":"#).text(self.writer.as_str());
        out.raw(r#","n":"#).number(self.n);
        out.raw(r#","text":"#).text(&self.text);
        out.raw(r#","at_ms":"#).number(self.at_ms).raw("}");
        out.0
    }

    /// Nothing where a damaged or foreign record was found: it is left alone.
    pub fn decode(record: &str) -> Option<Saved> {
        let json = Json::parse(record)?;
        Some(Saved {
            id: MessageId::parse(text(&json, "id")?)?,
            writer: WriterId::parse(text(&json, "writer")?)?,
            n: number(&json, "n")?,
            text: text(&json, "text")?.to_owned(),
            at_ms: number(&json, "at_ms")?,
        })
    }
}
