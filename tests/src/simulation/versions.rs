//! A peer one version older or newer (FRAME-2, FRAME-3): what travels goes through the real codecs, as text, and
//! differs as the protocol allows: other frames, more fields, none of the optional ones.

use serde_json::{Value, json};
use shared::codec;
use shared::frame::{ClientFrame, EdgeFrame};
use shared::limits::MAX_FRAMES_PER_MESSAGE;

/// The other side, as seen from this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    Older,
    #[default]
    Same,
    Newer,
}

/// What the edge understands of a client of that version.
pub fn from_client(version: Version, frames: Vec<ClientFrame>) -> Result<Vec<ClientFrame>, String> {
    if version == Version::Same {
        return Ok(frames);
    }
    let spoken = codec::encode(&frames);
    let spoken: Value = serde_json::from_str(&spoken).map_err(|error| error.to_string())?;
    let mut items = match spoken {
        Value::Array(items) => items,
        one => vec![one],
    };
    for item in &mut items {
        match version {
            // It knows nothing of resuming: a snapshot does for it, and it sends everything again.
            Version::Older => leave_out(item, &["resume", "unacked"]),
            _ => add_fields(item),
        }
    }
    if version == Version::Newer && items.len() + 2 <= MAX_FRAMES_PER_MESSAGE {
        items.insert(0, json!({"type": "wave", "hand": "left"}));
        items.push(json!({"type": "mood", "of": [1, {"n": null}]}));
    }
    let text = Value::Array(items).to_string();
    edge::frames::parse(&text).map_err(|code| format!("the edge ends the link with {} for {text}", code.0))
}

/// What a client understands of an edge of that version.
pub fn from_edge(version: Version, frames: Vec<EdgeFrame>) -> Result<Vec<EdgeFrame>, String> {
    if version == Version::Same {
        return Ok(frames);
    }
    let spoken = serde_json::to_value(&frames).map_err(|error| error.to_string())?;
    let Value::Array(mut items) = spoken else { return Err("not a list of frames".to_owned()) };
    for item in &mut items {
        match version {
            Version::Older => leave_out(item, &["token", "acks", "inbox"]),
            _ => add_fields(item),
        }
    }
    if version == Version::Newer {
        items.insert(0, json!({"type": "weather", "seq": 1, "messages": []}));
        items.push(json!({"type": "mood", "of": [1, {"n": null}]}));
    }
    let mut understood = Vec::new();
    for text in items.iter().map(Value::to_string) {
        let frames = codec::decode(&text);
        understood.extend(frames.ok_or_else(|| format!("the browser does not understand {text}"))?);
    }
    Ok(understood)
}

fn leave_out(frame: &mut Value, fields: &[&str]) {
    if let Value::Object(frame) = frame {
        frame.retain(|name, _| !fields.contains(&name.as_str()));
    }
}

/// Fields of a later version, in the frame and in all that it holds.
fn add_fields(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(add_fields),
        Value::Object(fields) => {
            fields.values_mut().for_each(add_fields);
            if fields.contains_key("protocol") {
                fields.insert("protocol".to_owned(), json!(shared::frame::PROTOCOL + 1));
            }
            fields.insert("later_field".to_owned(), json!({"seq": 7, "text": "ü"}));
        }
        _ => {}
    }
}
