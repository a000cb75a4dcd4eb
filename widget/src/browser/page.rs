//! The page's life: network, sleep and visibility.

use std::cell::Cell;
use std::rc::Rc;

use shared::session::Input;
use wasm_bindgen::JsCast;
use web_sys::{Document, VisibilityState, Window};

use crate::driver::Feed;

use super::listen::Listener;

/// All of them reach the window: `visibilitychange` bubbles.
const EVENTS: [&str; 4] = ["online", "offline", "visibilitychange", "pageshow"];

pub(super) struct Page {
    shown: Rc<Cell<bool>>,
    _listener: Listener,
}

impl Page {
    pub(super) fn new(feed: Feed) -> Page {
        let shown = Rc::new(Cell::new(false));
        let looked = shown.clone();
        let _listener = Listener::new(window().into(), &EVENTS, move |_| {
            feed.input(Input::Online(online()));
            feed.input(Input::Looking(looked.get() && visible()));
            feed.input(Input::Shown(visible()));
        });
        Page { shown, _listener }
    }

    /// True where somebody looks now.
    pub(super) fn show(&self, shown: bool) -> bool {
        self.shown.set(shown);
        shown && visible()
    }
}

pub(super) fn online() -> bool {
    window().navigator().on_line()
}

pub(super) fn window() -> Window {
    js_sys::global().unchecked_into()
}

fn document() -> Option<Document> {
    window().document()
}

fn visible() -> bool {
    document().is_some_and(|document| document.visibility_state() == VisibilityState::Visible)
}
