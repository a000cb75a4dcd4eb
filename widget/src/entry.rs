//! What the frame's script calls.

use std::cell::RefCell;

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::prelude::*;

use crate::app::{App, AppProps, News};
use crate::views::composer::Draft;

thread_local! {
    static SHOW: RefCell<Option<Callback<bool>>> = const { RefCell::new(None) };
}

/// Puts the chat into `root`, in place of the plain page. `caret` is empty where the textarea has no focus;
/// `sent` is what was sent before; `tell(unread, chatting)` is called when either changes.
#[wasm_bindgen]
pub fn start(root: Element, site: String, text: String, caret: Vec<u32>, sent: Array, tell: Function) {
    let on_news = move |news: News| {
        let _ = tell.call2(&JsValue::NULL, &(news.unread as f64).into(), &news.chatting.into());
    };
    let props = AppProps {
        site,
        draft: Draft { text, caret: caret.first().zip(caret.get(1)).map(|(start, end)| (*start, *end)) },
        sent: sent.iter().filter_map(|text| text.as_string()).collect(),
        on_news: on_news.into(),
        on_ready: (|show| SHOW.with_borrow_mut(|place| *place = Some(show))).into(),
    };
    yew::Renderer::<App>::with_root_and_props(root, props).render();
}

/// The chat is before the visitor, or no longer.
#[wasm_bindgen]
pub fn show(shown: bool) {
    if let Some(show) = SHOW.with_borrow(Clone::clone) {
        show.emit(shown);
    }
}
