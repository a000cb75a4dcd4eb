//! The page's life: network, sleep and visibility.

use std::cell::Cell;
use std::rc::Rc;

use shared::session::Input;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, EventTarget, VisibilityState, Window};

use crate::driver::Feed;

/// All of them reach the window: `visibilitychange` bubbles.
const EVENTS: [&str; 4] = ["online", "offline", "visibilitychange", "pageshow"];

pub(super) struct Page {
    shown: Rc<Cell<bool>>,
    on_event: Closure<dyn Fn()>,
}

impl Page {
    pub(super) fn new(feed: Feed) -> Page {
        let shown = Rc::new(Cell::new(false));
        let looked = shown.clone();
        let on_event = Closure::<dyn Fn()>::new(move || {
            feed.input(Input::Online(online()));
            feed.input(Input::Looking(looked.get() && visible()));
            feed.input(Input::Shown(visible()));
        });
        let window = window();
        for name in EVENTS {
            let _ = target(&window).add_event_listener_with_callback(name, on_event.as_ref().unchecked_ref());
        }
        Page { shown, on_event }
    }

    /// True where somebody looks now.
    pub(super) fn show(&self, shown: bool) -> bool {
        self.shown.set(shown);
        shown && visible()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let window = window();
        for name in EVENTS {
            let _ = target(&window)
                .remove_event_listener_with_callback(name, self.on_event.as_ref().unchecked_ref());
        }
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

fn target(window: &Window) -> &EventTarget {
    window
}
