//! The time, and the one alarm of a session.

use shared::Millis;
use shared::session::Input;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::driver::Feed;

use super::page::window;

pub(super) struct Timer {
    pending: Option<i32>,
    on_time: Closure<dyn Fn()>,
}

impl Timer {
    pub(super) fn new(feed: Feed) -> Timer {
        Timer { pending: None, on_time: Closure::new(move || feed.input(Input::Timeout)) }
    }

    pub(super) fn set(&mut self, delay: Option<Millis>) {
        self.clear();
        if let Some(delay) = delay {
            // An early alarm is harmless, the session looks at the clock; a day is far within i32.
            let delay = delay.min(86_400_000) as i32;
            let handler = self.on_time.as_ref().unchecked_ref();
            self.pending =
                window().set_timeout_with_callback_and_timeout_and_arguments_0(handler, delay).ok();
        }
    }

    fn clear(&mut self) {
        if let Some(pending) = self.pending.take() {
            window().clear_timeout_with_handle(pending);
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
