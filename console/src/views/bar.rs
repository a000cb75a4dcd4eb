//! The head of the page: what this is, how it stands, who is logged in.

use yew::prelude::*;

use crate::words::{self, Status, Tone};

/// The status is one region that is always there, so that assistive technology hears what changes in it: a word
/// beside the name while all is well, a line below it otherwise.
pub fn bar(site: &str, status: &Status, name: &str, on_log_out: Callback<MouseEvent>) -> Html {
    let class = match status.tone {
        None => "status well",
        Some(Tone::Calm) => "status told calm",
        Some(Tone::Waiting) => "status told waiting",
        Some(Tone::Stopped) => "status told stopped",
    };
    html! {
        <header class="bar">
            <div class="brand">
                <svg viewBox="0 0 32 32" aria-hidden="true"><path d="M6 13q5-5 10 0t10 0M6 20q5-5 10 0t10 0"/></svg>
                <span>{ words::PRODUCT }</span>
                <span class="site" dir="auto">{ site.to_owned() }</span>
            </div>
            <p class={class} role="status">{ status.sentence }</p>
            <div class="me">
                <span class="agent" dir="auto">{ name.to_owned() }</span>
                <button type="button" onclick={on_log_out}>{ words::LOG_OUT }</button>
            </div>
        </header>
    }
}
