//! Any text into the widget's codec, into serde_json and into the edge's border, side by side.

use edge::frames;
use serde_json::Value;
use shared::codec::{Saved, decode, encode};
use shared::frame::EdgeFrame;
use shared::json::Json;
use shared::limits::{MAX_FRAME_BYTES, MAX_FRAMES_PER_MESSAGE};

/// Deeper nesting than this is read by serde_json and not by the codec: frames nest three deep.
const CODECS_DEPTH: usize = 16;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let tree = Json::parse(text);
    let value = match serde_json::from_str::<Value>(text) {
        Ok(value) => value,
        // The codec reads numbers that no field of ours can hold, and ignores them.
        Err(error) if error.to_string().starts_with("number out of range") => return,
        Err(_) => {
            assert_eq!(tree, None, "the codec reads what is not JSON");
            assert_eq!(decode(text), None);
            assert!(frames::parse(text).is_err());
            return;
        }
    };
    if depth(&value) > CODECS_DEPTH {
        assert_eq!(tree, None, "nothing may nest so deep");
    } else {
        let tree = tree.expect("the codec refuses JSON");
        assert!(same(&tree, &value), "{tree:?} is not {value:?}");
        // Of a repeated name the codec takes the first one and serde_json the last: no peer of ours writes that.
        if !repeats_a_name(&tree) {
            what_the_edge_says(text, &value);
        }
    }
    what_a_client_says(text, &value);
    what_a_browser_keeps(text);
}

fn what_the_edge_says(text: &str, value: &Value) {
    match (decode(text), by_serde(value)) {
        (Some(ours), Some(theirs)) => {
            assert_eq!(ours, theirs);
            let written = serde_json::to_string(&ours).expect("frames can be written");
            assert_eq!(decode(&written), Some(ours), "read back from {written}");
        }
        (Some(frames), None) => panic!("only the codec reads {frames:?}"),
        // serde takes a list of the fields' values for an object; nobody of ours writes that.
        (None, Some(frames)) => assert!(list_for_object(value, "messages"), "the codec refuses {frames:?}"),
        (None, None) => {}
    }
}

fn what_a_client_says(text: &str, value: &Value) {
    let Ok(said) = frames::parse(text) else { return };
    assert!(text.len() <= MAX_FRAME_BYTES && said.len() <= MAX_FRAMES_PER_MESSAGE);
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    assert!(items.iter().all(|item| item["type"].is_string()), "FRAME-2: a frame is an object with a type");
    let written = encode(&said);
    let expected = match &said[..] {
        [one] => serde_json::to_string(one),
        many => serde_json::to_string(many),
    };
    assert_eq!(written, expected.expect("frames can be written"));
    if written.len() <= MAX_FRAME_BYTES {
        assert_eq!(frames::parse(&written), Ok(said));
    }
}

fn what_a_browser_keeps(text: &str) {
    let Some(saved) = Saved::decode(text) else { return };
    let written = saved.encode();
    let value: Value = serde_json::from_str(&written).expect("a record is JSON");
    assert_eq!(value["text"].as_str(), Some(saved.text.as_str()));
    assert_eq!(value["n"].as_u64(), Some(saved.n));
    assert_eq!(Saved::decode(&written), Some(saved));
}

fn by_serde(value: &Value) -> Option<Vec<EdgeFrame>> {
    match value {
        Value::Array(items) if items.len() > MAX_FRAMES_PER_MESSAGE => None,
        Value::Array(items) => items.iter().map(|item| serde_json::from_value(item.clone()).ok()).collect(),
        one => Some(vec![serde_json::from_value(one.clone()).ok()?]),
    }
}

fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn same(ours: &Json, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (Json::Number(ours), Value::Number(theirs)) => theirs.as_u64() == Some(*ours),
        (Json::Other, Value::Number(theirs)) => theirs.as_u64().is_none(),
        (Json::Text(ours), Value::String(theirs)) => ours == theirs,
        (Json::List(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Json::Object(ours), Value::Object(theirs)) => {
            let last = |name: &String| ours.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value);
            ours.iter().all(|(name, _)| theirs.contains_key(name))
                && theirs.iter().all(|(name, value)| last(name).is_some_and(|ours| same(ours, value)))
        }
        _ => false,
    }
}

fn repeats_a_name(tree: &Json) -> bool {
    match tree {
        Json::List(items) => items.iter().any(repeats_a_name),
        Json::Object(fields) => fields.iter().enumerate().any(|(index, (name, value))| {
            fields[..index].iter().any(|(earlier, _)| earlier == name) || repeats_a_name(value)
        }),
        _ => false,
    }
}

/// Whether a list stands anywhere but where frames have lists, under `name`.
fn list_for_object(value: &Value, name: &str) -> bool {
    match value {
        Value::Array(items) => {
            !["messages", "acks", "inbox"].contains(&name)
                || items.iter().any(|item| list_for_object(item, ""))
        }
        Value::Object(fields) => fields.iter().any(|(name, value)| list_for_object(value, name)),
        _ => false,
    }
}
