//! The widget's codec against serde_json: what one writes the other reads, and what one refuses the other refuses.
#![cfg(feature = "serde")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;
use shared::codec::{Saved, decode, encode};
use shared::frame::{
    Ack, ClientFrame, EdgeFrame, Hello, Marks, Nack, Resume, Send, Spread, Summary, Welcome,
};
use shared::id::{AgentId, ConversationId, Epoch, MessageId, WriterId};
use shared::json::Json;
use shared::message::{Author, Message, Side};
use shared::mode::{Mode, Notice};

prop_compose! {
    fn words()(name in "[A-Za-z0-9._:-]{1,64}") -> String { name }
}

fn message_id() -> impl Strategy<Value = MessageId> {
    words().prop_filter_map("id", |name| MessageId::parse(&name))
}

fn writer() -> impl Strategy<Value = WriterId> {
    words().prop_filter_map("id", |name| WriterId::parse(&name))
}

fn conversation() -> impl Strategy<Value = ConversationId> {
    words().prop_filter_map("id", |name| ConversationId::parse(&name))
}

fn author() -> impl Strategy<Value = Author> {
    let agent =
        "[A-Za-z0-9._:-]{1,40}".prop_filter_map("id", |name| AgentId::parse(&name).map(Author::Agent));
    prop_oneof![Just(Author::Visitor), agent]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Visitor), Just(Side::Agent)]
}

prop_compose! {
    fn message()(
        seq: u64, id in message_id(), author in author(), name: String, text: String, at_ms: u64
    ) -> Message {
        Message { seq, id, author, name, text, at_ms }
    }
}

prop_compose! {
    fn notice()(mode in 0..4usize, reason: String, agents: u64, version: u64, here: String) -> Notice {
        Notice { mode: Mode::ALL[mode], reason, agents, version, here }
    }
}

prop_compose! {
    fn ack()(writer in writer(), upto_n: u64, seq: u64) -> Ack { Ack { writer, upto_n, seq } }
}

prop_compose! {
    fn summary()(
        conversation in conversation(), name: String, last_seq: u64, author in author(), text: String, at_ms: u64,
        unread: u64, present: bool
    ) -> Summary {
        Summary { conversation, name, last_seq, author, text, at_ms, unread, present }
    }
}

prop_compose! {
    fn welcome()(
        (protocol, epoch, last_seq, receipted_upto, replay) in any::<(u64, u64, u64, u64, bool)>(),
        (chatting_ms, others_ms) in any::<(u64, u64)>(),
        (delivered, seen) in any::<((u64, u64), (u64, u64))>(),
        conversation in option::of(conversation()),
        notice in notice(),
        token: Option<String>,
        messages in vec(message(), 0..3),
        acks in vec(ack(), 0..3),
        inbox in vec(summary(), 0..3),
    ) -> Welcome {
        let marks = |(visitor, agent)| Marks { visitor, agent };
        Welcome {
            protocol, conversation, epoch: Epoch(epoch), notice, spread: Spread { chatting_ms, others_ms }, token,
            replay, messages, last_seq, acks, receipted_upto, delivered: marks(delivered), seen: marks(seen), inbox,
        }
    }
}

fn client_frame() -> impl Strategy<Value = ClientFrame> {
    let resume = option::of(any::<(u64, u64)>());
    let hello = (any::<u64>(), resume, vec(writer(), 0..4)).prop_map(|(protocol, resume, unacked)| {
        let resume = resume.map(|(epoch, last_seq)| Resume { epoch: Epoch(epoch), last_seq });
        ClientFrame::Hello(Hello { protocol, resume, unacked })
    });
    let send = (message_id(), writer(), any::<u64>(), any::<String>())
        .prop_map(|(id, writer, n, text)| ClientFrame::Send(Send { id, writer, n, text }));
    prop_oneof![
        hello,
        send,
        any::<u64>().prop_map(|upto_seq| ClientFrame::Delivered { upto_seq }),
        any::<u64>().prop_map(|upto_seq| ClientFrame::Seen { upto_seq }),
        any::<u64>().prop_map(|before_seq| ClientFrame::History { before_seq }),
        any::<bool>().prop_map(|on| ClientFrame::Typing { on }),
        Just(ClientFrame::Ping),
    ]
}

fn edge_frame() -> impl Strategy<Value = EdgeFrame> {
    let nack = (message_id(), writer(), any::<(u64, u64, String, bool)>()).prop_map(
        |(id, writer, (n, upto_n, reason, retry))| {
            EdgeFrame::Nack(Nack { id, writer, n, upto_n, reason, retry })
        },
    );
    prop_oneof![
        welcome().prop_map(|welcome| EdgeFrame::Welcome(Box::new(welcome))),
        ack().prop_map(EdgeFrame::Ack),
        nack,
        message().prop_map(EdgeFrame::Event),
        any::<u64>().prop_map(|upto_seq| EdgeFrame::Receipted { upto_seq }),
        (side(), any::<u64>()).prop_map(|(side, upto_seq)| EdgeFrame::Delivered { side, upto_seq }),
        (side(), any::<u64>()).prop_map(|(side, upto_seq)| EdgeFrame::Seen { side, upto_seq }),
        (side(), any::<bool>()).prop_map(|(side, on)| EdgeFrame::Typing { side, on }),
        notice().prop_map(EdgeFrame::Mode),
        vec(message(), 0..4).prop_map(|messages| EdgeFrame::History { messages }),
        summary().prop_map(EdgeFrame::Summary),
        any::<(u64, u64)>()
            .prop_map(|(chatting_ms, others_ms)| EdgeFrame::Spread(Spread { chatting_ms, others_ms })),
        any::<(u64, u64)>().prop_map(|(code, retry_after_ms)| EdgeFrame::Bye { code, retry_after_ms }),
        Just(EdgeFrame::Pong),
    ]
}

/// As serde_json reads one message.
fn by_serde(text: &str) -> Option<Vec<EdgeFrame>> {
    match serde_json::from_str::<Value>(text).ok()? {
        Value::Array(items) => items.into_iter().map(|item| serde_json::from_value(item).ok()).collect(),
        one => Some(vec![serde_json::from_value(one).ok()?]),
    }
}

/// Puts something else in place of the value that comes `at`-th, counted from the root.
fn change(value: &mut Value, at: &mut usize, how: u8) {
    if *at == 0 {
        *at = usize::MAX;
        match how % 6 {
            0 => *value = Value::Null,
            1 => *value = Value::from("odd"),
            2 => *value = Value::from(1.5),
            3 => *value = Value::from(-1),
            4 => *value = Value::Array(Vec::new()),
            _ => {
                if let Value::Object(fields) = value {
                    fields.insert("later".into(), Value::from(vec![1, 2]));
                }
            }
        }
        return;
    }
    *at = at.saturating_sub(usize::from(*at != usize::MAX));
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| change(item, at, how)),
        Value::Object(fields) => fields.values_mut().for_each(|field| change(field, at, how)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frame_1_the_codec_writes_what_serde_writes(frames in vec(client_frame(), 1..5)) {
        let expected = match &frames[..] {
            [one] => serde_json::to_string(one).unwrap(),
            many => serde_json::to_string(many).unwrap(),
        };
        prop_assert_eq!(encode(&frames), expected);
    }

    #[test]
    fn frame_1_the_codec_reads_what_serde_writes(frames in vec(edge_frame(), 1..4)) {
        prop_assert_eq!(decode(&serde_json::to_string(&frames).unwrap()), Some(frames.clone()));
        prop_assert_eq!(decode(&serde_json::to_string_pretty(&frames[0]).unwrap()), Some(frames[..1].to_vec()));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text: String, deep in 0..200usize) {
        let _ = (decode(&text), Json::parse(&text), Saved::decode(&text));
        let nested = format!("{}{text}", "[{\"a\":".repeat(deep));
        let _ = (decode(&nested), Json::parse(&nested));
    }

    #[test]
    fn no_damage_makes_the_reader_panic(frame in edge_frame(), at: prop::sample::Index, with: char, cut: bool) {
        let text = serde_json::to_string(&frame).unwrap();
        let mut chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        if cut { chars.truncate(at) } else { chars[at] = with }
        let damaged: String = chars.into_iter().collect();
        let _ = decode(&damaged);
        // JSON or not: both say the same, but that serde_json refuses numbers beyond those that we read.
        match serde_json::from_str::<Value>(&damaged) {
            Ok(_) => prop_assert!(Json::parse(&damaged).is_some(), "{}", damaged),
            Err(error) if error.to_string().starts_with("number out of range") => {}
            Err(_) => prop_assert!(Json::parse(&damaged).is_none(), "{}", damaged),
        }
    }

    #[test]
    fn frame_2_unknown_fields_and_frames_are_ignored(frame in edge_frame(), kind in "[a-z]{1,12}-x") {
        let mut value = serde_json::to_value(&frame).unwrap();
        value["later"] = serde_json::json!({"deep": [1, -2.5, null]});
        prop_assert_eq!(decode(&value.to_string()), Some(vec![frame]));
        value["type"] = Value::from(kind);
        prop_assert_eq!(decode(&value.to_string()), Some(vec![EdgeFrame::Unknown]));
    }

    /// Wrong types, missing and additional fields: what serde refuses the codec refuses, and where both accept
    /// they understand the same.
    #[test]
    fn frame_2_both_readers_accept_the_same(frame in edge_frame(), mut at in 0..60usize, how: u8, drop: bool) {
        let mut value = serde_json::to_value(&frame).unwrap();
        if drop {
            let fields = value.as_object_mut().unwrap();
            let name = fields.keys().nth(at % fields.len()).unwrap().clone();
            fields.remove(&name);
        } else {
            change(&mut value, &mut at, how);
        }
        let text = value.to_string();
        prop_assert_eq!(decode(&text), by_serde(&text), "{}", text);
    }

    #[test]
    fn keep_2_a_saved_message_is_read_back(
        id in message_id(), writer in writer(), n: u64, text: String, at_ms: u64
    ) {
        let saved = Saved { id, writer, n, text, at_ms };
        prop_assert_eq!(Saved::decode(&saved.encode()), Some(saved));
    }
}
