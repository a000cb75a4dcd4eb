//! One WebSocket message from a browser, parsed at the border.

use serde_json::Value;
use shared::close::CloseCode;
use shared::frame::ClientFrame;
use shared::limits::{MAX_FRAME_BYTES, MAX_FRAMES_PER_MESSAGE};

/// The frames of one WebSocket message, or the code with which the link ends.
pub fn parse(text: &str) -> Result<Vec<ClientFrame>, CloseCode> {
    if text.len() > MAX_FRAME_BYTES {
        return Err(CloseCode::FRAME_TOO_LARGE);
    }
    let value: Value = serde_json::from_str(text).map_err(|_| CloseCode::BAD_FRAME)?;
    let items = match value {
        Value::Array(items) if items.len() <= MAX_FRAMES_PER_MESSAGE => items,
        Value::Array(_) => return Err(CloseCode::BAD_FRAME),
        one => vec![one],
    };
    items.into_iter().map(|item| frame(item).ok_or(CloseCode::BAD_FRAME)).collect()
}

/// serde would also take a list of a frame's values for the frame.
fn frame(item: Value) -> Option<ClientFrame> {
    item.is_object().then(|| serde_json::from_value(item).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_1_one_frame_or_an_array_of_frames() {
        assert_eq!(parse(r#"{"type":"ping"}"#), Ok(vec![ClientFrame::Ping]));
        assert_eq!(parse(r#"[{"type":"ping"},{"type":"ping"}]"#).map(|frames| frames.len()), Ok(2));
        assert_eq!(parse("nonsense"), Err(CloseCode::BAD_FRAME));
        assert_eq!(parse(r#"{"type":"send"}"#), Err(CloseCode::BAD_FRAME));
        assert_eq!(parse(&"x".repeat(MAX_FRAME_BYTES + 1)), Err(CloseCode::FRAME_TOO_LARGE));
        let many = format!("[{}]", vec![r#"{"type":"ping"}"#; MAX_FRAMES_PER_MESSAGE + 1].join(","));
        assert_eq!(parse(&many), Err(CloseCode::BAD_FRAME));
    }

    #[test]
    fn frame_2_a_frame_is_an_object() {
        for list in [r#"[["ping"]]"#, r#"[["typing",true]]"#, r#"[["send","w.1","w",1,"a"]]"#, r#"["ping"]"#]
        {
            assert_eq!(parse(list), Err(CloseCode::BAD_FRAME), "{list}");
        }
    }

    #[test]
    fn frame_2_a_frame_of_a_later_version_is_ignored() {
        assert_eq!(parse(r#"{"type":"wave","hand":"left"}"#), Ok(vec![ClientFrame::Unknown]));
        assert_eq!(
            parse(r#"{"type":"typing","on":true,"with":"joy"}"#),
            Ok(vec![ClientFrame::Typing { on: true }])
        );
    }
}
