//! One message, with its time and, where it is one's own, its state in words.

use shared::message::Side;
use shared::session::{MessageState, Row};
use yew::prelude::*;

use crate::browser::time;
use crate::words::{self, Word, say};

use super::text::text;

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
        <div key={row.id.as_str()} id={row.id.as_str().to_owned()} class="row" data-by={by} data-place={place}>
            if first && row.side != own {
                <p class="name" dir="auto">{ name(row) }</p>
            }
            <div class="bubble" data-state={state}>
                { text(&row.text) }
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
                    <button type="button" name="retry" value={row.id.as_str().to_owned()}>{ say(Word::TryAgain) }</button>
                    <button type="button" name="discard" value={row.id.as_str().to_owned()}>{ say(Word::Discard) }</button>
                </div>
            }
        </div>
    }
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
