//! One line of the list: who, what was said last, when, and whether anybody has to do something.

use yew::prelude::*;

use crate::browser::page::when;
use crate::list::Line;
use crate::words;

/// `reachable`: the one line that the Tab key leads to; arrow keys do the rest.
pub fn line(line: &Line, reachable: bool, on_select: Callback<MouseEvent>) -> Html {
    let class = match (line.selected, line.unread > 0) {
        (true, _) => "line-of selected",
        (_, true) => "line-of new",
        _ => "line-of",
    };
    html! {
        <li key={line.conversation.as_str()}>
            <button
                type="button"
                id={id(line)}
                class={class}
                tabindex={if reachable { "0" } else { "-1" }}
                aria-current={line.selected.then_some("true")}
                onclick={on_select}
            >
                { avatar(line.tint, line.present) }
                <span class="name">{ line.name.clone() }</span>
                <span class="unseen">{ if line.present { words::HERE } else { words::GONE } }{ ", " }</span>
                <span class="when">{ when(line.at_ms as f64) }</span>
                <span class="preview" dir="auto">
                    if let Some(label) = line.label {
                        <b>{ label }</b>{ " " }
                    }
                    { line.preview.clone() }
                </span>
                if line.unsent {
                    <span class="unsent">{ words::UNSENT }</span>
                }
                if line.unread > 0 {
                    <span class="unread" aria-hidden="true">{ shortened(line.unread) }</span>
                    <span class="unseen">{ ", " }{ words::unread(line.unread) }</span>
                }
            </button>
        </li>
    }
}

/// A visitor without a face: a tint, and whether they are here.
pub fn avatar(tint: u32, present: bool) -> Html {
    html! {
        <span class={"avatar tint".to_owned() + &tint.to_string()} aria-hidden="true">
            <svg viewBox="0 0 24 24"><path d="M12 12.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.8-3.6 3.8-5.6 7.5-5.6s6.7 2 7.5 5.6"/></svg>
            if present {
                <i class="dot"/>
            }
        </span>
    }
}

pub fn id(line: &Line) -> String {
    "line-".to_owned() + line.conversation.as_str()
}

fn shortened(count: u64) -> String {
    if count > 99 { "99+".to_owned() } else { count.to_string() }
}
