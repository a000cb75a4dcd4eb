//! Requests to the edge. Each is answered exactly once.

use shared::Millis;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::*;
use yew::Callback;

use crate::account::Answer;

#[wasm_bindgen(module = "/src/browser/console.js")]
extern "C" {
    fn call(method: &str, path: &str, body: Option<&str>, done: JsValue);
}

/// What an agent's browser asks the edge for, beside its links.
#[derive(Clone, PartialEq)]
pub struct Agents {
    base: String,
}

impl Agents {
    pub fn of(site: &str) -> Agents {
        Agents { base: "/v1/sites/".to_owned() + site + "/agents/" }
    }

    pub fn me(&self, done: Callback<Answer>) {
        self.ask("GET", "me", None, done);
    }

    pub fn login(&self, credentials: &str, done: Callback<Answer>) {
        self.ask("POST", "login", Some(credentials), done);
    }

    pub fn renew(&self, done: Callback<Answer>) {
        self.ask("POST", "renew", Some("{}"), done);
    }

    pub fn logout(&self, done: Callback<Answer>) {
        self.ask("POST", "logout", Some("{}"), done);
    }

    /// The path of a link: of a conversation, or of the inbox.
    pub fn link(&self, conversation: Option<&str>) -> String {
        let query = conversation.map(|id| "?conversation=".to_owned() + id);
        self.base.clone() + "link" + &query.unwrap_or_default()
    }

    fn ask(&self, method: &str, what: &str, body: Option<&str>, done: Callback<Answer>) {
        let answered = Closure::once_into_js(move |status: u16, body: String, retry_after_s: f64| {
            done.emit(Answer { status, body, retry_after_s: retry_after_s as Millis });
        });
        call(method, &(self.base.clone() + what), body, answered);
    }
}
