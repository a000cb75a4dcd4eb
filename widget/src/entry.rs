//! What the frame's script calls.

use std::cell::RefCell;

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::prelude::*;

use crate::app::{App, AppProps, News};
use crate::views::composer::Draft;
use crate::words::speak;

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

thread_local! {
    /// The app's switch, once it is there, and how it was last set.
    static SHOW: RefCell<(Callback<bool>, bool)> = RefCell::new((Callback::noop(), false));
}

/// Puts the chat into `root`, in place of the plain page. `caret` is empty where the textarea has no focus;
/// `sent` is what was sent before; `tell(unread, chatting)` is called when either changes. `words` are those of
/// another language, line by line.
#[wasm_bindgen]
pub fn start(
    root: Element,
    site: String,
    text: String,
    caret: Vec<u32>,
    sent: Array,
    tell: Function,
    words: String,
) {
    speak(words);
    let on_news = move |news: News| {
        let _ = tell.call2(&JsValue::NULL, &(news.unread as f64).into(), &news.chatting.into());
    };
    let props = AppProps {
        site,
        draft: Draft { text, caret: caret.first().zip(caret.get(1)).map(|(start, end)| (*start, *end)) },
        sent: sent.iter().filter_map(|text| text.as_string()).collect(),
        on_news: on_news.into(),
        on_ready: (|switch: Callback<bool>| {
            let shown = SHOW.with_borrow_mut(|place| {
                place.0 = switch.clone();
                place.1
            });
            switch.emit(shown);
        })
        .into(),
    };
    yew::Renderer::<App>::with_root_and_props(root, props).render();
}

/// The chat is before the visitor, or no longer.
#[wasm_bindgen]
pub fn show(shown: bool) {
    let switch = SHOW.with_borrow_mut(|place| {
        place.1 = shown;
        place.0.clone()
    });
    switch.emit(shown);
}
