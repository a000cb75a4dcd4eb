//! The lines of the list of conversations.

use shared::Millis;
use shared::frame::Summary;
use shared::id::{AgentId, ConversationId};
use shared::message::Author;

use widget::words::{Word, say};

use crate::words;

/// Tints that tell visitors apart at a glance; the style sheet names them.
const TINTS: u32 = 6;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub conversation: ConversationId,
    pub name: String,
    pub tint: u32,
    /// Who speaks in the preview, where it is not the visitor.
    pub label: Option<&'static str>,
    pub preview: String,
    pub at_ms: Millis,
    pub unread: u64,
    pub present: bool,
    pub selected: bool,
    /// Replies that the edge does not have yet.
    pub unsent: bool,
}

/// What this browser knows beyond the edge's summary.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    pub selected: bool,
    /// The conversation is before somebody's eyes: its messages are being read.
    pub looked_at: bool,
    pub draft: &'a str,
    pub unsent: bool,
}

impl Line {
    /// `text` is the summary's without its marks.
    pub fn of(summary: &Summary, text: &str, me: &AgentId, known: &Known) -> Line {
        let label = match &summary.author {
            _ if !known.draft.is_empty() && !known.selected => Some(words::DRAFT),
            Author::Visitor => None,
            Author::Agent(id) if id == me => Some(words::YOU),
            Author::Agent(_) => Some(words::AGENT),
        };
        let preview = if label == Some(words::DRAFT) { known.draft } else { text };
        Line {
            conversation: summary.conversation.clone(),
            name: if summary.name.is_empty() { name(&summary.conversation) } else { summary.name.clone() },
            tint: tint(&summary.conversation),
            label,
            preview: preview.split_whitespace().collect::<Vec<_>>().join(" "),
            at_ms: summary.at_ms,
            unread: if known.looked_at { 0 } else { summary.unread },
            present: summary.present,
            selected: known.selected,
            unsent: known.unsent,
        }
    }
}

/// A visitor for whom nobody has vouched has no name; the beginning of the conversation's id tells them apart and never changes.
pub fn name(conversation: &ConversationId) -> String {
    let id = conversation.as_str();
    // The edge's ids are a letter and hexadecimal digits.
    let short: String = id.chars().skip(usize::from(id.len() > 4)).take(4).collect();
    say(Word::Visitor).to_owned() + " " + &short.to_ascii_uppercase()
}

pub fn tint(conversation: &ConversationId) -> u32 {
    let mix = |sum: u32, byte: u8| sum.wrapping_mul(31).wrapping_add(byte.into());
    (conversation.as_str().bytes().fold(0, mix) >> 8) % TINTS
}

/// Where the arrow keys lead from line `at` of `count`; nothing where the key is none of theirs.
pub fn step(key: &str, at: usize, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    match key {
        "ArrowDown" => Some(last.min(at + 1)),
        "ArrowUp" => Some(at.saturating_sub(1)),
        "Home" => Some(0),
        "End" => Some(last),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(author: Author) -> Summary {
        Summary {
            conversation: ConversationId::parse("c3f2a9d01").expect("valid"),
            name: String::new(),
            last_seq: 2,
            author,
            text: "Where is\nmy  lamp?".to_owned(),
            at_ms: 1_000,
            unread: 2,
            present: true,
        }
    }

    fn line(author: Author, known: &Known) -> Line {
        let summary = summary(author);
        Line::of(&summary, &summary.text, &ada(), known)
    }

    fn ada() -> AgentId {
        AgentId::parse("ada").expect("valid")
    }

    #[test]
    fn a_visitor_is_known_by_a_short_and_lasting_name() {
        let line = line(Author::Visitor, &Known::default());
        assert_eq!(line.name, "Visitor 3F2A");
        assert_eq!((line.label, line.preview.as_str()), (None, "Where is my lamp?"));
        assert_eq!(name(&ConversationId::parse("c1").expect("valid")), "Visitor C1");
    }

    #[test]
    fn the_preview_says_who_wrote_and_a_draft_comes_first() {
        assert_eq!(line(Author::Agent(ada()), &Known::default()).label, Some(words::YOU));
        let grace = Author::Agent(AgentId::parse("grace").expect("valid"));
        assert_eq!(line(grace, &Known::default()).label, Some(words::AGENT));
        let draft = line(Author::Visitor, &Known { draft: "Let me", ..Known::default() });
        assert_eq!((draft.label, draft.preview.as_str()), (Some(words::DRAFT), "Let me"));
        let open = line(Author::Visitor, &Known { draft: "Let me", selected: true, ..Known::default() });
        assert_eq!(open.label, None, "the draft of the selected one is in plain sight");
    }

    #[test]
    fn what_is_being_looked_at_is_not_unread() {
        let unread = |looked_at| line(Author::Visitor, &Known { looked_at, ..Known::default() }).unread;
        assert_eq!((unread(false), unread(true)), (2, 0));
    }

    #[test]
    fn arrow_keys_stay_within_the_list() {
        assert_eq!(step("ArrowDown", 0, 2), Some(1));
        assert_eq!(step("ArrowDown", 1, 2), Some(1));
        assert_eq!(step("ArrowUp", 0, 2), Some(0));
        assert_eq!(step("End", 0, 3), Some(2));
        assert_eq!(step("Enter", 0, 3), None);
        assert_eq!(step("Home", 0, 0), None);
    }
}
