//! At most one drawing per animation frame, however many frames arrive. A hidden page draws when it is shown again.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::page::window;

#[derive(Clone)]
pub struct Paint(Rc<Brush>);

struct Brush {
    asked: Rc<Cell<bool>>,
    on_frame: Closure<dyn Fn()>,
}

impl Paint {
    pub fn new(draw: impl Fn() + 'static) -> Paint {
        let asked = Rc::new(Cell::new(false));
        let answered = asked.clone();
        let on_frame = Closure::new(move || {
            answered.set(false);
            draw();
        });
        Paint(Rc::new(Brush { asked, on_frame }))
    }

    pub fn ask(&self) {
        if !self.0.asked.replace(true) {
            let _ = window().request_animation_frame(self.0.on_frame.as_ref().unchecked_ref());
        }
    }
}
