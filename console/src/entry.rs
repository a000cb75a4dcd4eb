//! What the page's script calls.

use wasm_bindgen::prelude::*;
use web_sys::Element;

use crate::app::App;

/// Puts the console into `root`.
#[wasm_bindgen(js_name = console)]
pub fn console(root: Element) {
    yew::Renderer::<App>::with_root(root).render();
}
