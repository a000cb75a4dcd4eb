//! What stands where nothing is.

use yew::prelude::*;

pub fn empty(title: &'static str, more: &'static str) -> Html {
    html! {
        <div class="empty">
            <svg viewBox="0 0 56 56" aria-hidden="true"><path d="M12 24q8-8 16 0t16 0M12 35q8-8 16 0t16 0"/></svg>
            <p class="title">{ title }</p>
            <p>{ more }</p>
        </div>
    }
}
