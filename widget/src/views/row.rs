//! One message, with its time and, where it is one's own, its state in words.

use shared::message::Side;
use shared::session::{MessageState, Row};
use yew::prelude::*;
use yew::virtual_dom::VText;

use crate::browser::time;
use crate::words::{self, Word, say};

/// Messages of one person within this time stand together.
const TOGETHER_MS: u64 = 5 * 60_000;

/// Whether `row` continues what `before` began.
pub fn continues(before: &Row, row: &Row) -> bool {
    before.side == row.side && before.name == row.name && row.at_ms.saturating_sub(before.at_ms) < TOGETHER_MS
}

/// `own` is the reader's side; `first` and `last` tell the row's place among those that stand together.
pub fn row(row: &Row, own: Side, first: bool, last: bool) -> Html {
    let by = if row.side == own { "own" } else { "theirs" };
    let place = match (first, last) {
        (true, true) => "first last",
        (true, false) => "first",
        (false, true) => "last",
        (false, false) => "",
    };
    let (state, refused) = match &row.state {
        Some(MessageState::Queued) => ("queued", None),
        Some(MessageState::Sent) => ("sent", None),
        Some(MessageState::Delivered) => ("delivered", None),
        Some(MessageState::Seen) => ("seen", None),
        Some(MessageState::NotSent { reason }) => ("refused", Some(reason)),
        None => ("", None),
    };
    html! {
        // Not as `id`: whoever writes chooses it, and an `id` is a variable of the page's.
        <div key={row.id.as_str()} data-id={row.id.as_str().to_owned()} class="row" data-by={by} data-place={place}>
            if first && row.side != own {
                <p class="name" dir="auto">
                    if !row.name.is_empty() {
                        <i class="face" data-tint={tint(&row.name)} aria-hidden="true">{ initials(&row.name) }</i>
                    }
                    { VText::new(name(row)) }
                </p>
            }
            <div class="bubble" data-state={state}>
                // Drawn as text, and then by `mark`. No class of its own for emoji: Yew brings 3 KB for classes that change.
                <div class="text" dir="auto">{ VText::new(row.text.clone()) }</div>
                <p class="meta">
                    <span>{ time(row.at_ms as f64) }</span>
                    if let Some(state) = &row.state {
                        <span class="state">{ words::state(state) }</span>
                    }
                </p>
            </div>
            if let Some(reason) = refused {
                <div class="choices">
                    <span>{ words::refused(reason) }</span>
                    { choice("retry", Word::TryAgain, row) }
                    { choice("edit", Word::Edit, row) }
                    { choice("discard", Word::Discard, row) }
                </div>
            }
        </div>
    }
}

fn choice(name: &'static str, word: Word, row: &Row) -> Html {
    html! { <button type="button" name={name} value={row.id.as_str().to_owned()}>{ say(word) }</button> }
}

/// The first letters of the first and the last part of a name; the style sheet makes them large.
fn initials(name: &str) -> String {
    let parts = || name.split(' ').filter_map(|part| part.chars().next());
    let mut initials = String::new();
    initials.extend(parts().next());
    // One part has one letter.
    initials.extend(parts().skip(1).last());
    initials
}

/// The same name has the same colour everywhere.
fn tint(name: &str) -> &'static str {
    let sum = name.bytes().fold(0, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte));
    ["0", "1", "2", "3"][usize::from(sum >> 3) % 4]
}

/// Who wrote it, for those who read it.
pub fn name(row: &Row) -> AttrValue {
    if row.name.is_empty() { unnamed(row.side) } else { AttrValue::from(row.name.clone()) }
}

/// Who writes on that side, where nobody has said their name.
pub fn unnamed(side: Side) -> AttrValue {
    AttrValue::Static(say(match side {
        Side::Agent => Word::Agent,
        Side::Visitor => Word::Visitor,
    }))
}

#[cfg(test)]
mod tests {
    use super::{initials, tint};

    #[test]
    fn a_face_has_the_letters_of_its_name() {
        for (name, letters) in
            [("Ada", "A"), ("Ada King Lovelace", "AL"), ("  ", ""), ("李 雷", "李雷"), ("éa ", "é")]
        {
            assert_eq!(initials(name), letters, "{name}");
        }
    }

    #[test]
    fn a_name_keeps_its_colour_and_names_differ() {
        assert_eq!(tint("Ada"), tint("Ada"));
        let tints: std::collections::BTreeSet<_> =
            ["Ada", "Grace", "Linus", "Mary", "Ken", "Barbara"].map(tint).into();
        assert!(tints.len() > 2, "{tints:?}");
    }
}
