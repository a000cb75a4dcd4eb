//! What the frame's script calls.

use std::cell::RefCell;

use js_sys::Array;
use shared::session::Standing;
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::prelude::*;

use crate::app::{App, AppProps, Command, News};
use crate::views::composer::Draft;
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
        theirs: f64,
        sent: f64,
        delivered: f64,
    );

    /// A text that was not written by hand could not be taken.
    #[wasm_bindgen(method)]
    fn refused(this: &Tell);
}

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

thread_local! {
    /// The way of commands to the app, and those from before it is there: Yew makes it a moment after `start`.
    static APP: RefCell<(Option<Callback<Command>>, Vec<Command>)> = RefCell::default();
}

/// Puts the chat into `root`, in place of the plain page. `caret` is empty where the textarea has no focus;
/// `sent` is what was sent before. `words` are those of another language, line by line.
#[wasm_bindgen]
pub fn start(
    root: Element,
    site: String,
    text: String,
    caret: Vec<u32>,
    sent: Array,
    tell: Tell,
    words: String,
) {
    speak(words);
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
            upto.theirs as f64,
            upto.sent as f64,
            upto.delivered as f64,
        );
    };
    let props = AppProps {
        site,
        draft: Draft { text, caret: caret.first().zip(caret.get(1)).map(|(start, end)| (*start, *end)) },
        sent: sent.iter().filter_map(|text| text.as_string()).collect(),
        on_news: on_news.into(),
        on_ready: (|app: Callback<Command>| {
            for command in APP.take().1 {
                app.emit(command);
            }
            APP.set((Some(app), Vec::new()));
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
pub fn write(text: String) {
    command(Command::Write(text));
}

fn command(command: Command) {
    let app = APP.with_borrow(|(app, _)| app.clone());
    match app {
        Some(app) => app.emit(command),
        None => APP.with_borrow_mut(|(_, waiting)| waiting.push(command)),
    }
}
