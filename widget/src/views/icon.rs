//! The few drawings: a path each, in a square of 24.

use yew::prelude::*;

pub const SEND: &str = "M4 20l17-8L4 4v6l10 2-10 2z";
pub const DOWN: &str = "M6 9l6 6 6-6";

pub fn icon(path: &'static str) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={path}/></svg>
    }
}
