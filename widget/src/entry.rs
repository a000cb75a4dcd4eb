//! What the frame's script calls.

use std::cell::RefCell;

use shared::session::Standing;
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::prelude::*;

use crate::app::{App, AppProps, Command, News};
use crate::words::speak;

#[wasm_bindgen]
extern "C" {
    /// The function that hears the news, whenever any of it has changed.
    pub type Tell;

    #[wasm_bindgen(method)]
    // Plain numbers and words need no glue.
    #[allow(clippy::too_many_arguments)]
    fn call(
        this: &Tell,
        nothing: &JsValue,
        unread: f64,
        chatting: bool,
        link: &str,
        mode: &str,
        agents: f64,
        here: &str,
        theirs: f64,
        sent: f64,
        delivered: f64,
    );

    /// A text that was not written by hand could not be taken.
    #[wasm_bindgen(method)]
    fn refused(this: &Tell);

    /// The chat stands in its root.
    #[wasm_bindgen(method)]
    fn drawn(this: &Tell);
}

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

thread_local! {
    /// The way of commands to the app, and those from before it is there: Yew makes it a moment after `start`.
    static APP: RefCell<(Option<Callback<Command>>, Vec<Command>)> = RefCell::default();
}

/// Draws the chat into `root`, which is not in the document yet: whoever types meanwhile does so in the plain page. `words` are
/// those of another language, line by line. (Texts come as values, which need less between page and wasm.)
#[wasm_bindgen]
pub fn start(root: Element, site: JsValue, tell: Tell, words: JsValue) {
    let [site, words] = [site, words].map(|value| value.as_string().unwrap_or_default());
    speak(words);
    let drawn: Tell = tell.clone().unchecked_into();
    let on_news = move |news: Option<News>| {
        let Some(news) = news else { return tell.refused() };
        let link = match news.standing {
            Standing::Live => "live",
            Standing::Offline => "offline",
            Standing::Stopped(_) => "stopped",
            Standing::Connecting | Standing::Retrying { .. } => "connecting",
        };
        let (mode, upto) = (news.mode.as_str(), news.upto);
        tell.call(
            &JsValue::NULL,
            news.unread as f64,
            news.chatting,
            link,
            mode,
            news.agents as f64,
            &news.here,
            upto.theirs as f64,
            upto.sent as f64,
            upto.delivered as f64,
        );
    };
    let props = AppProps {
        site,
        on_news: on_news.into(),
        on_ready: (move |app: Callback<Command>| {
            for command in APP.take().1 {
                app.emit(command);
            }
            APP.set((Some(app), Vec::new()));
            drawn.drawn();
        })
        .into(),
    };
    yew::Renderer::<App>::with_root_and_props(root, props).render();
}

/// The chat is before the visitor, or no longer.
#[wasm_bindgen]
pub fn show(shown: bool) {
    command(Command::Show(shown));
}

/// Sends a text of the page's.
#[wasm_bindgen]
pub fn write(text: JsValue) {
    command(Command::Write(text.as_string().unwrap_or_default()));
}

fn command(command: Command) {
    let app = APP.with_borrow(|(app, _)| app.clone());
    match app {
        Some(app) => app.emit(command),
        None => APP.with_borrow_mut(|(_, waiting)| waiting.push(command)),
    }
}
