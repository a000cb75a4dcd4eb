//! The time, and the one alarm of a session.

use std::cell::Cell;
use std::rc::Rc;

use shared::Millis;
use shared::session::Input;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::driver::Feed;

use super::page::window;

pub(super) struct Timer {
    /// When, and the browser's number for it.
    pending: Rc<Cell<Option<(Millis, i32)>>>,
    on_time: Closure<dyn Fn()>,
}

impl Timer {
    pub(super) fn new(feed: Feed) -> Timer {
        let pending = Rc::new(Cell::new(None));
        let rung = pending.clone();
        let on_time = Closure::new(move || {
            rung.set(None);
            feed.input(Input::Timeout);
        });
        Timer { pending, on_time }
    }

    /// Every frame puts the next alarm off. An early one is harmless, the session looks at the clock and asks for the next: one
    /// that rings soon enough stays.
    pub(super) fn set(&mut self, at: Option<Millis>) {
        let Some(at) = at else { return self.clear() };
        if self.pending.get().is_some_and(|(rings, _)| rings <= at) {
            return;
        }
        self.clear();
        // A day is far within i32.
        let delay = at.saturating_sub(now()).min(86_400_000) as i32;
        let handler = self.on_time.as_ref().unchecked_ref();
        let number = window().set_timeout_with_callback_and_timeout_and_arguments_0(handler, delay);
        self.pending.set(number.ok().map(|number| (at, number)));
    }

    fn clear(&mut self) {
        if let Some((_, number)) = self.pending.take() {
            window().clear_timeout_with_handle(number);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Milliseconds since 1970.
pub fn now() -> Millis {
    js_sys::Date::now() as Millis
}

/// Calls once, later; whoever is gone by then must not mind.
pub fn after(delay: Millis, call: impl FnOnce() + 'static) {
    let handler = Closure::once_into_js(call);
    let _ =
        window().set_timeout_with_callback_and_timeout_and_arguments_0(handler.unchecked_ref(), delay as i32);
}
