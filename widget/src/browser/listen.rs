//! Hears a few events of one element. Yew's own listeners know all hundred of the platform, and weigh 7 KB after brotli.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventTarget};

/// Stops hearing when it goes.
pub struct Listener {
    target: EventTarget,
    names: &'static [&'static str],
    on_event: Closure<dyn Fn(Event)>,
}

impl Listener {
    pub fn new(
        target: EventTarget,
        names: &'static [&'static str],
        on_event: impl Fn(Event) + 'static,
    ) -> Listener {
        let on_event = Closure::new(on_event);
        for name in names {
            let _ = target.add_event_listener_with_callback(name, on_event.as_ref().unchecked_ref());
        }
        Listener { target, names, on_event }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for name in self.names {
            let _ =
                self.target.remove_event_listener_with_callback(name, self.on_event.as_ref().unchecked_ref());
        }
    }
}
