//! What outlives the page: the outbox (`www/frame/storage.js`), which was there before the app.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Array;
use shared::codec::Saved;
use shared::id::MessageId;
use shared::session::Input;
use wasm_bindgen::prelude::*;

use crate::driver::Feed;

use super::page::online;

/// Whether unsent messages outlive the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeping {
    /// As far as we know.
    #[default]
    Kept,
    /// Some could not be saved: they live as long as the page.
    Denied,
    /// The same, because the visitor has not agreed to it (CONSENT-3).
    NotAgreed,
}

#[wasm_bindgen(module = "/src/browser/dom.js")]
extern "C" {
    type Store;

    fn store(name: &str) -> Store;

    #[wasm_bindgen(method)]
    fn load(this: &Store, keeps: &Closure<dyn Fn(bool, bool)>, loaded: &Closure<dyn Fn(Array)>);

    #[wasm_bindgen(method)]
    fn save(this: &Store, id: &str, text: &str);

    #[wasm_bindgen(method)]
    fn erase(this: &Store, id: &str);

    #[wasm_bindgen(method)]
    fn forget(this: &Store);
}

pub(super) struct Storage {
    store: Store,
    keeping: Rc<Cell<Keeping>>,
    _on_keeps: Closure<dyn Fn(bool, bool)>,
    _on_loaded: Closure<dyn Fn(Array)>,
}

impl Storage {
    /// What was found comes as [`Input::Start`]. The chat's page has given its own a name.
    pub(super) fn open(name: &str, feed: Feed) -> Storage {
        let keeping = Rc::new(Cell::new(Keeping::Kept));
        let (told, redraw) = (keeping.clone(), feed.clone());
        let on_keeps = Closure::<dyn Fn(bool, bool)>::new(move |all, agreed| {
            let now = match (all, agreed) {
                (true, _) => Keeping::Kept,
                (_, true) => Keeping::Denied,
                _ => Keeping::NotAgreed,
            };
            if told.replace(now) != now {
                redraw.input(Input::Online(online()));
            }
        });
        let on_loaded = Closure::<dyn Fn(Array)>::new(move |texts: Array| {
            let mut saved = Vec::new();
            for text in texts.iter() {
                saved.extend(text.as_string().and_then(|text| Saved::decode(&text)));
            }
            feed.input(Input::Start { saved });
        });
        let store = store(name);
        store.load(&on_keeps, &on_loaded);
        Storage { store, keeping, _on_keeps: on_keeps, _on_loaded: on_loaded }
    }

    pub(super) fn save(&self, message: &Saved) {
        self.store.save(message.id.as_str(), &message.encode());
    }

    pub(super) fn erase(&self, id: &MessageId) {
        self.store.erase(id.as_str());
    }

    pub(super) fn keeping(&self) -> Keeping {
        self.keeping.get()
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.store.forget();
    }
}
