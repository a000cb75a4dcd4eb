//! "Ada is typing": three dots, and the words for those who do not see them.

use yew::prelude::*;

use crate::words;

pub fn typing(name: &str) -> Html {
    html! {
        <div key="typing" class="row" data-by="theirs" data-place="first last">
            <div class="bubble" data-state="typing">
                <span class="unseen">{ words::typing(name) }</span>
                <i></i><i></i><i></i>
            </div>
        </div>
    }
}
