//! At most one drawing per animation frame, however many frames arrive, and no more than a ninth of the thread: where much comes or
//! the device is slow, what has come meanwhile is drawn together, and keys are heard between two drawings. A hidden page draws when
//! it is shown again.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use shared::Millis;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::page::window;
use super::timer::{after, now};

/// After a drawing comes so many times its length without one.
const REST: Millis = 8;
/// A device that was asleep, or a clock that was put back, shall not hold a drawing up.
const MOST_REST_MS: Millis = 250;

#[derive(Clone)]
pub struct Paint(Rc<Brush>);

struct Brush {
    draw: Box<dyn Fn()>,
    asked: Cell<bool>,
    /// While it is asked for already, or drawing.
    asked_again: Cell<bool>,
    rests_until: Cell<Millis>,
    on_frame: Closure<dyn Fn()>,
}

impl Paint {
    pub fn new(draw: impl Fn() + 'static) -> Paint {
        Paint(Rc::new_cyclic(|brush: &Weak<Brush>| {
            let brush = brush.clone();
            Brush {
                draw: Box::new(draw),
                asked: Cell::default(),
                asked_again: Cell::default(),
                rests_until: Cell::default(),
                on_frame: Closure::new(move || {
                    if let Some(brush) = brush.upgrade() {
                        brush.draw();
                    }
                }),
            }
        }))
    }

    pub fn ask(&self) {
        if self.0.asked.replace(true) {
            return self.0.asked_again.set(true);
        }
        match self.rest() {
            0 => {
                let _ = window().request_animation_frame(self.0.on_frame.as_ref().unchecked_ref());
            }
            // Not by a frame, which a page that has been hidden meanwhile does not get: with the drawing others are told.
            rest => {
                let brush = self.0.clone();
                after(rest, move || brush.draw());
            }
        }
    }

    /// Whether a drawing that is asked for now waits for more than the next frame.
    pub fn rests(&self) -> bool {
        self.rest() > 0
    }

    fn rest(&self) -> Millis {
        self.0.rests_until.get().saturating_sub(now()).min(MOST_REST_MS)
    }
}

impl Brush {
    fn draw(self: Rc<Self>) {
        self.asked_again.set(false);
        let began = now();
        (self.draw)();
        // Style, layout and painting come before the next task, and count.
        after(0, move || {
            let ended = now();
            self.rests_until.set(ended + ended.saturating_sub(began) * REST);
            self.asked.set(false);
            if self.asked_again.get() {
                Paint(self).ask();
            }
        });
    }
}
