//! What a link says that is not the protocol.

use serde_json::json;
use shared::frame::EdgeFrame;
use shared::limits::{MAX_FRAME_BYTES, MAX_FRAMES_PER_MESSAGE};
use tests::harness::neighbour::Neighbour;
use tests::harness::raw::{End, RawLink, send};
use tests::harness::stack::Stack;
use tests::harness::wire::Door;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::{all_is_well, log_of};

const BAD_FRAME: End = End::Code(4400);
const TOO_LARGE: End = End::Code(4413);

#[tokio::test(flavor = "multi_thread")]
async fn frame_1_close_3_what_is_no_frame_ends_that_link_alone_and_stores_nothing() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let door = Door::visitor(stack.edge_port);
    let (mut tab, welcome) = RawLink::greeted(&door, None).await;
    let token = welcome.token.expect("a new visitor's token");
    tab.say(send("tab", 1, "before")).await;
    tab.acked("tab", 1).await;

    let good = send("bad", 1, "stored by half");
    let with = |broken: &str| format!("[{good},{broken}]");
    let many = vec![json!({ "type": "ping" }); MAX_FRAMES_PER_MESSAGE + 1];
    let messages: Vec<(&str, Message, End)> = vec![
        ("a byte over the limit", Message::text("x".repeat(MAX_FRAME_BYTES + 1)), TOO_LARGE),
        (
            "a frame over the limit",
            Message::text(send("bad", 1, &"x".repeat(MAX_FRAME_BYTES)).to_string()),
            TOO_LARGE,
        ),
        ("a megabyte", Message::text("x".repeat(1_000_000)), TOO_LARGE),
        ("broken JSON", Message::text(r#"{"type":"send","#), BAD_FRAME),
        ("nothing", Message::text(""), BAD_FRAME),
        ("null", Message::text("null"), BAD_FRAME),
        ("a binary message", Message::binary(good.to_string().into_bytes()), BAD_FRAME),
        ("65 frames", Message::text(json!(many).to_string()), BAD_FRAME),
        ("a deep pit", Message::text("[".repeat(60_000)), BAD_FRAME),
        ("half a surrogate pair", Message::text(with(r#"{"type":"typing","on":"\ud800"}"#)), BAD_FRAME),
        (
            "half a surrogate pair in a message",
            Message::text(good.to_string().replace("half", r"\ud83d")),
            BAD_FRAME,
        ),
        ("a raw control character", Message::text(good.to_string().replace("half", "\u{1}")), BAD_FRAME),
        ("a good frame and a bad one", Message::text(with(r#"{"type":"seen"}"#)), BAD_FRAME),
        ("a good frame and a number", Message::text(with("1")), BAD_FRAME),
        ("a number that is too great", Message::text(with(r#"{"type":"seen","upto_seq":1e40}"#)), BAD_FRAME),
        ("a number below zero", Message::text(with(r#"{"type":"seen","upto_seq":-1}"#)), BAD_FRAME),
        ("an id with a space", Message::text(good.to_string().replace("bad.1", "bad 1")), BAD_FRAME),
    ];
    for (what, message, end) in messages {
        let (mut link, _) = RawLink::greeted(&door, Some(&token)).await;
        link.message(message).await;
        assert_eq!(link.end().await, end, "{what}");
    }

    assert_eq!(log_of(&stack, &token).await, ["before"]);
    // The other tab of the same conversation has noticed nothing.
    tab.say(send("tab", 2, "after")).await;
    tab.acked("tab", 2).await;
    all_is_well(&stack, &neighbour, &["before", "after"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frame_2_strange_frames_and_the_greatest_numbers_change_nothing_for_anybody() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let (mut link, welcome) = RawLink::greeted(&Door::visitor(stack.edge_port), None).await;
    let token = welcome.token.expect("a new visitor's token");
    // The platform puts U+FFFD in the place of what is not UTF-8, so this is a frame of an unknown type.
    let not_utf8 = Frame::message(b"{\"type\":\"ping\xff\"}".to_vec(), OpCode::Data(Data::Text), true);
    link.message(Message::Frame(not_utf8)).await;
    for frame in [
        json!({ "type": "wave", "hand": "left" }),
        json!({ "type": "welcome", "token": "mine" }),
        json!({ "type": "seen", "upto_seq": u64::MAX }),
        json!({ "type": "delivered", "upto_seq": u64::MAX }),
        json!({ "type": "history", "before_seq": u64::MAX }),
        json!({ "type": "history", "before_seq": 0 }),
        json!({ "type": "hello", "protocol": u64::MAX, "resume": { "epoch": u64::MAX, "last_seq": u64::MAX } }),
        json!({ "type": "hello", "protocol": 1, "unacked": vec!["w"; 1_000] }),
        send("gap", u64::MAX, "a gap"),
        send("zero", 0, "no number"),
    ] {
        link.say(frame).await;
    }
    let refused = |frame: &EdgeFrame| match frame {
        EdgeFrame::Nack(nack) if nack.writer.as_str() == "gap" => Some((nack.reason.clone(), nack.retry)),
        _ => None,
    };
    assert_eq!(link.hear("the gap's refusal", refused).await, ("gap".to_owned(), true));
    assert_eq!(log_of(&stack, &token).await, [""; 0]);
    link.say(send("link", 1, "still here")).await;
    link.acked("link", 1).await;
    all_is_well(&stack, &neighbour, &["still here"]).await;
}
