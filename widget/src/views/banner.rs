//! The mode's status region: always there, so that assistive technology hears what is put into it.

use yew::prelude::*;

use crate::words::{Tone, Word, say};

pub fn banner(lines: &[(Tone, Word)]) -> Html {
    let line = |(tone, word): &(Tone, Word)| {
        let tone = match tone {
            Tone::Calm => "calm",
            Tone::Waiting => "waiting",
            Tone::Stopped => "stopped",
        };
        html! { <p class="line" data-tone={tone}>{ say(*word) }</p> }
    };
    html! { <div class="banner" role="status">{ for lines.iter().map(line) }</div> }
}
