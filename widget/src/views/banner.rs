//! The mode's status region: always there, so that assistive technology hears what is put into it.

use yew::prelude::*;

use crate::words::Tone;

pub fn banner(lines: &[(Tone, &'static str)]) -> Html {
    let line = |(tone, sentence): &(Tone, &'static str)| {
        let tone = match tone {
            Tone::Calm => "calm",
            Tone::Waiting => "waiting",
            Tone::Stopped => "stopped",
        };
        html! { <p class="line" data-tone={tone}>{ *sentence }</p> }
    };
    html! { <div class="banner" role="status">{ for lines.iter().map(line) }</div> }
}
