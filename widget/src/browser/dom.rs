//! Small things that are shorter in JavaScript (`dom.js`).

use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlTextAreaElement, Node, WebSocket};

#[wasm_bindgen(module = "/src/browser/dom.js")]
extern "C" {
    #[wasm_bindgen(js_name = writerName)]
    pub(super) fn writer_name() -> String;

    /// A path at the page's own host, as a WebSocket address.
    #[wasm_bindgen(js_name = linkUrl)]
    pub fn link_url(path: &str) -> String;

    /// The browser keeps no cookie: this document knows whose conversation it is.
    #[wasm_bindgen(js_name = holdToken)]
    pub(super) fn hold_token(token: &str);

    /// Throws where the browser refuses the address.
    #[wasm_bindgen(js_name = openLink, catch)]
    pub(super) fn open_link(url: &str, protocol: &str, polls: bool) -> Result<WebSocket, JsValue>;

    /// The time of day, as the person is used to read it.
    pub fn time(ms: f64) -> String;

    /// "today", "yesterday" or the date.
    pub fn day(ms: f64) -> String;

    /// A count in words: `forms` is a sentence for each kind of number, such as `one={n} day|{n} days`, the last one
    /// for all other numbers.
    pub fn count(forms: &str, number: f64) -> String;

    /// Makes a textarea as high as its text.
    pub fn grow(area: &HtmlTextAreaElement);

    /// Hears a composer's keys, and says `send` and `written` to its form. `near`: from here on each one counts, in UTF-16.
    pub fn compose(form: &Element, near: u32);

    /// Puts a text back into the textarea, before what stands there, and the caret with it.
    #[wasm_bindgen(js_name = putBack)]
    pub fn put_back(text: &str);

    /// Draws what the texts in a log mean: their marks, links and emoji.
    pub fn mark(log: &Node);

    /// What somebody hears or reads in one line: without the marks.
    pub fn plain(text: &str) -> String;

    /// How far down a row of the log stands, in px.
    pub fn height(id: &str) -> f64;

    /// Scrolls the log until the row stands there again.
    pub fn restore(id: &str, top: f64);
}
