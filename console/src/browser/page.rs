//! Address, title, focus, and how a moment reads.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/browser/console.js")]
extern "C" {
    /// The site that the address names.
    pub fn site() -> String;

    /// The conversation that the address names; may be empty.
    pub fn selected() -> String;

    /// Names a conversation in the address; an empty one names none.
    pub fn select(id: &str);

    #[wasm_bindgen(js_name = onAddress)]
    fn listen_to_address(call: JsValue);

    pub fn title(text: &str);

    pub fn visible() -> bool;

    #[wasm_bindgen(js_name = outboxIsRead)]
    pub fn outbox_is_read(name: &str) -> bool;

    #[wasm_bindgen(js_name = finePointer)]
    pub fn fine_pointer() -> bool;

    pub fn focus(id: &str);

    /// Short, for a list: the time of today, or the day.
    pub fn when(ms: f64) -> String;
}

/// The browser's own Back and Forward were used. For the life of the page.
pub fn on_address(call: impl Fn() + 'static) {
    listen_to_address(Closure::<dyn Fn()>::new(call).into_js_value());
}
