//! What travels, word for word. A change of a golden file is a change of the protocol: PROTOCOL.md says what a
//! version may change (FRAME-3). `SEAWALL_BLESS=1` writes the files anew.
#![cfg(feature = "serde")]

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::codec::{Saved, decode, encode};
use shared::event::{
    AgentClaims, Contact, Event, Forgotten, IdentitySecret, Outcome, Receipt, Receipts, Reply, Resource,
    ResourceStatus, RosterAgent, RosterGroup, SiteLimits, SiteSettings, Status, Stored,
};
use shared::frame::{
    Ack, ClientFrame, EdgeFrame, Hello, Marks, Nack, Resume, Send, Spread, Summary, Welcome,
};
use shared::id::{AgentId, ConversationId, Epoch, MessageId, SiteId, WriterId};
use shared::message::{Author, Message, Side};
use shared::mode::{Mode, Notice};

const AT_MS: u64 = 1_767_225_600_000;

fn golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.json"));
    if std::env::var_os("SEAWALL_BLESS").is_some() {
        fs::write(&path, text).expect("a writable golden file");
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, known, "{name} has changed on the wire: PROTOCOL.md, then SEAWALL_BLESS=1");
}

fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let text = serde_json::to_string_pretty(value).expect("JSON") + "\n";
    golden(name, &text);
    assert_eq!(serde_json::from_str::<T>(&text).expect(name), *value);
    if let Some(former) = former(name) {
        // What the former version wrote says the same to us …
        let read: T = serde_json::from_str(&former).expect(name);
        // … and finds in what we write everything that it knows (FRAME-3).
        let (ours, theirs) = (serde_json::to_value(value).expect(name), value_of(&former));
        assert!(holds(&ours, &theirs), "{name} lacks something that the former version wrote");
        assert!(holds(&serde_json::to_value(read).expect(name), &theirs), "{name}");
    }
}

/// The same file as the former version had it. A release copies `golden/*.json` there before it changes any.
fn former(name: &str) -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/former");
    fs::read_to_string(folder.join(format!("{name}.json"))).ok()
}

fn value_of(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Whether everything in `theirs` is in `ours`, which may have more fields.
fn holds(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            theirs.iter().all(|(key, value)| ours.get(key).is_some_and(|ours| holds(ours, value)))
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| holds(ours, theirs))
        }
        _ => ours == theirs,
    }
}

#[test]
fn frame_3_a_field_that_is_gone_or_different_is_noticed() {
    let theirs = value_of(r#"{"a": [{"b": 1}], "c": "x"}"#);
    assert!(holds(&value_of(r#"{"a": [{"b": 1, "new": 2}], "c": "x", "d": 0}"#), &theirs));
    for ours in [r#"{"a": [{"b": 1}]}"#, r#"{"a": [{"b": "1"}], "c": "x"}"#, r#"{"a": [], "c": "x"}"#] {
        assert!(!holds(&value_of(ours), &theirs), "{ours}");
    }
}

#[test]
fn frame_3_the_widget_reads_what_the_former_version_wrote() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/former");
    let mut read = 0;
    for file in fs::read_dir(folder).expect("the former version's files").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let text = fs::read_to_string(file.path()).expect("a golden file");
        if name.starts_with("edge-") {
            let frame: EdgeFrame = serde_json::from_str(&text).expect("a frame");
            assert_eq!(decode(&text), Some(vec![frame]), "{name}");
            read += 1;
        }
    }
    assert!(read >= 15, "{read} frames");
    let saved = former("saved").expect("what a browser of the former version has kept");
    assert!(Saved::decode(&saved).is_some());
}

fn writer() -> WriterId {
    WriterId::parse("w7f3a9c21").expect("an id")
}

fn id(n: u64) -> MessageId {
    MessageId::parse(&format!("{}.{n}", writer())).expect("an id")
}

fn site() -> SiteId {
    SiteId::parse("demo").expect("an id")
}

fn conversation() -> ConversationId {
    ConversationId::parse("c-0b1d").expect("an id")
}

fn ada() -> AgentId {
    AgentId::parse("ada").expect("an id")
}

fn message() -> Message {
    let text = "Hello \"you\",\nhow are you? 😀".to_owned();
    Message { seq: 4, id: id(3), author: Author::Visitor, name: String::new(), text, at_ms: AT_MS }
}

fn answer() -> Message {
    let author = Author::Agent(ada());
    Message { seq: 5, id: id(9), author, name: "Ada".into(), text: "Fine.".into(), at_ms: AT_MS + 1 }
}

fn notice() -> Notice {
    Notice {
        mode: Mode::ChattingOnly,
        reason: "origin-slow".into(),
        agents: 2,
        version: 17,
        here: String::new(),
    }
}

fn summary() -> Summary {
    let text = "Hello".into();
    let author = Author::Visitor;
    Summary {
        conversation: conversation(),
        name: "Vera Lund".into(),
        last_seq: 4,
        author,
        text,
        at_ms: AT_MS,
        unread: 2,
        present: true,
    }
}

fn welcome() -> Welcome {
    Welcome {
        protocol: 1,
        conversation: Some(conversation()),
        epoch: Epoch(AT_MS),
        notice: notice(),
        spread: Spread { chatting_ms: 2_000, others_ms: 30_000 },
        token: Some("v1.abc.def".into()),
        replay: true,
        messages: vec![message(), answer()],
        last_seq: 5,
        acks: vec![Ack { writer: writer(), upto_n: 3, seq: 4 }],
        receipted_upto: 3,
        delivered: Marks { visitor: 5, agent: 4 },
        seen: Marks { visitor: 3, agent: 4 },
        inbox: Vec::new(),
    }
}

#[test]
fn frame_3_what_a_client_says() {
    let resume = Some(Resume { epoch: Epoch(AT_MS), last_seq: 3 });
    for (name, frame) in [
        ("client-hello", ClientFrame::Hello(Hello { protocol: 1, resume, unacked: vec![writer()] })),
        ("client-hello-first", ClientFrame::Hello(Hello { protocol: 1, ..Hello::default() })),
        ("client-send", ClientFrame::Send(Send { id: id(3), writer: writer(), n: 3, text: message().text })),
        ("client-delivered", ClientFrame::Delivered { upto_seq: 5 }),
        ("client-seen", ClientFrame::Seen { upto_seq: 5 }),
        ("client-typing", ClientFrame::Typing { on: true }),
        ("client-history", ClientFrame::History { before_seq: 51 }),
        ("client-ping", ClientFrame::Ping),
    ] {
        same(name, &frame);
        assert_eq!(
            encode(std::slice::from_ref(&frame)),
            serde_json::to_string(&frame).expect("JSON"),
            "{name}"
        );
    }
}

#[test]
fn frame_3_what_the_edge_says() {
    let side = Side::Agent;
    let (reason, retry) = ("gap".to_owned(), true);
    for (name, frame) in [
        ("edge-welcome", EdgeFrame::Welcome(Box::new(welcome()))),
        (
            "edge-welcome-inbox",
            EdgeFrame::Welcome(Box::new(Welcome {
                inbox: vec![summary()],
                protocol: 1,
                epoch: Epoch(AT_MS),
                ..Welcome::default()
            })),
        ),
        ("edge-ack", EdgeFrame::Ack(Ack { writer: writer(), upto_n: 3, seq: 4 })),
        ("edge-nack", EdgeFrame::Nack(Nack { id: id(3), writer: writer(), n: 3, upto_n: 1, reason, retry })),
        ("edge-event", EdgeFrame::Event(message())),
        ("edge-event-agent", EdgeFrame::Event(answer())),
        ("edge-receipted", EdgeFrame::Receipted { upto_seq: 4 }),
        ("edge-delivered", EdgeFrame::Delivered { side, upto_seq: 4 }),
        ("edge-seen", EdgeFrame::Seen { side, upto_seq: 4 }),
        ("edge-typing", EdgeFrame::Typing { side, on: true }),
        ("edge-mode", EdgeFrame::Mode(notice())),
        ("edge-mode-here", EdgeFrame::Mode(Notice { here: "Ada".into(), ..notice() })),
        ("edge-history", EdgeFrame::History { messages: vec![message(), answer()] }),
        ("edge-summary", EdgeFrame::Summary(summary())),
        ("edge-spread", EdgeFrame::Spread(Spread { chatting_ms: 5_000, others_ms: 64_000 })),
        ("edge-bye", EdgeFrame::Bye { code: 4503, retry_after_ms: 5_000 }),
        ("edge-pong", EdgeFrame::Pong),
    ] {
        same(name, &frame);
        let text = serde_json::to_string(&frame).expect("JSON");
        assert_eq!(decode(&text), Some(vec![frame]), "{name}");
    }
}

#[test]
fn event_1_what_travels_between_edge_and_origin() {
    let Message { seq, author, name, text, at_ms, .. } = answer();
    let (site_id, epoch) = (site(), Epoch(AT_MS));
    let stored =
        Stored { site: site_id, conversation: conversation(), epoch, seq, author, name, text, at_ms };
    same("event-message", &Event::message(&id(9), stored));
    let forgotten = Forgotten { site: site(), conversation: conversation(), epoch: Epoch(AT_MS) };
    same("event-forgotten", &Event::forgotten(forgotten));
    same("event-probe", &Event::probe("probe-1".into()));
    same("event-site-changed", &Event::site_changed("change-1".into(), site(), 8));
    same(
        "event-reply",
        &Event::reply(Reply {
            site: site(),
            conversation: conversation(),
            id: MessageId::parse("r-1").expect("an id"),
            writer: WriterId::parse("origin-1").expect("an id"),
            n: 1,
            agent: ada(),
            name: "Ada".into(),
            text: "From the origin.".into(),
        }),
    );
}

#[test]
fn status_1_what_the_origin_says_about_its_resources() {
    let output = "A request waits 6200 ms.".into();
    let (resource, status) = (Resource::Messages, Status::Fail);
    same("event-status", &Event::status("status-1".into(), ResourceStatus { resource, status, output }));
    let (resource, status, output) = (Resource::Accounts, Status::Pass, String::new());
    same("event-status-pass", &Event::status("status-2".into(), ResourceStatus { resource, status, output }));
    assert!(Status::Fail > Status::Warn && Status::Warn > Status::Pass);
}

#[test]
fn receipt_1_the_answer_to_a_batch() {
    let plain = |n: u64, result| Receipt {
        id: id(n).to_string(),
        source: String::new(),
        result,
        reason: String::new(),
        retry_after_ms: None,
    };
    let source = "/sites/demo/conversations/c-0b1d".to_owned();
    let receipts = vec![
        plain(1, Outcome::Accepted),
        plain(2, Outcome::Duplicate),
        Receipt { source, reason: "text-too-long".into(), ..plain(3, Outcome::Refused) },
        Receipt { retry_after_ms: Some(1_000), ..plain(4, Outcome::Later) },
    ];
    same("receipts", &Receipts { receipts });
}

#[test]
fn what_the_edge_must_know_about_a_site_and_an_agent() {
    same(
        "site-settings",
        &SiteSettings {
            site: site(),
            account: "demo".into(),
            version: 8,
            name: "Demo shop".into(),
            embed_origins: vec!["https://shop.example".into()],
            agents: vec![RosterAgent { id: ada(), name: "Ada".into() }],
            groups: vec![RosterGroup { id: "sales".into(), name: "Sales".into(), agents: vec![ada()] }],
            limits: SiteLimits::default(),
            identity_secrets: IdentitySecret::parse("a secret of thirty-two characters and more")
                .into_iter()
                .collect(),
            contact: Contact::Optional,
        },
    );
    let (name, account, sites) = ("Ada".into(), "demo".into(), vec![site()]);
    same("agent-claims", &AgentClaims { sub: ada(), name, account, sites, iat: 1_000, exp: 44_200 });
}

#[test]
fn keep_2_what_a_browser_keeps_is_read_by_its_next_version() {
    let saved = Saved { id: id(3), writer: writer(), n: 3, text: message().text, at_ms: AT_MS };
    golden("saved", &(saved.encode() + "\n"));
    assert_eq!(Saved::decode(&saved.encode()), Some(saved));
}
