//! The mode's status region: always there, so that assistive technology hears what is put into it.

use yew::prelude::*;

use crate::words::Tone;

pub fn banner(lines: &[(Tone, &'static str)]) -> Html {
    let line = |(tone, sentence): &(Tone, &'static str)| {
        let class = match tone {
            Tone::Calm => "line calm",
            Tone::Waiting => "line waiting",
            Tone::Stopped => "line stopped",
        };
        html! { <p class={class}>{ *sentence }</p> }
    };
    html! { <div class="banner" role="status">{ for lines.iter().map(line) }</div> }
}
