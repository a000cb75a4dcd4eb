//! The page's life: network, sleep and visibility.

use std::cell::Cell;
use std::rc::Rc;

use shared::session::Input;
use wasm_bindgen::JsCast;
use web_sys::{Document, VisibilityState, Window};

use crate::driver::Feed;

use super::listen::Listener;

/// All of them reach the window: `visibilitychange` bubbles. The last two are the page's own (`www/frame/link.js`): another tab
/// of this browser wants a link, which is as good as being seen, or there is one to be had.
const EVENTS: [&str; 6] = ["online", "offline", "visibilitychange", "pageshow", NUDGE, READY];
const NUDGE: &str = "nudge";
const READY: &str = "ready";

pub(super) struct Page {
    shown: Rc<Cell<bool>>,
    _listener: Listener,
}

impl Page {
    pub(super) fn new(feed: Feed) -> Page {
        let shown = Rc::new(Cell::new(false));
        let looked = shown.clone();
        let _listener = Listener::new(window().into(), &EVENTS, move |event| {
            let name = event.type_();
            if name == READY {
                return feed.input(Input::Ready);
            }
            feed.input(Input::Online(online()));
            feed.input(Input::Looking(looked.get() && visible()));
            feed.input(Input::Shown(visible() || name == NUDGE));
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
