//! "Ada is typing": three dots, and the words for those who do not see them.

use yew::prelude::*;

use crate::words;

pub fn typing(name: &str) -> Html {
    html! {
        <div key="typing" class="row theirs first last">
            <div class="bubble typing">
                <span class="unseen">{ name }{ " " }{ words::TYPING }</span>
                <i/><i/><i/>
            </div>
        </div>
    }
}
