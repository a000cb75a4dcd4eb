//! What this browser keeps of each conversation beside its outbox: a few words under its id, per site and agent.

use std::collections::BTreeMap;

use js_sys::Array;
use shared::id::{AgentId, ConversationId};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/browser/console.js")]
extern "C" {
    fn keep(name: &str, text: &str);
    fn kept(prefix: &str) -> Array;
}

pub struct Notes {
    /// No identifier contains a slash.
    prefix: String,
    texts: BTreeMap<ConversationId, String>,
}

impl Notes {
    pub fn open(kind: &str, site: &str, agent: &AgentId) -> Notes {
        let prefix = "seawall-".to_owned() + kind + "/" + site + "/" + agent.as_str() + "/";
        let kept: Vec<_> = kept(&prefix).iter().filter_map(|item| item.as_string()).collect();
        let texts = kept.chunks_exact(2);
        let texts = texts.filter_map(|pair| Some((ConversationId::parse(&pair[0])?, pair[1].clone())));
        Notes { texts: texts.collect(), prefix }
    }

    /// Empty where there is nothing.
    pub fn of(&self, conversation: &ConversationId) -> &str {
        self.texts.get(conversation).map_or("", String::as_str)
    }

    /// An empty text forgets.
    pub fn put(&mut self, conversation: &ConversationId, text: &str) {
        if self.of(conversation) == text {
            return;
        }
        keep(&(self.prefix.clone() + conversation.as_str()), text);
        if text.is_empty() {
            self.texts.remove(conversation);
        } else {
            self.texts.insert(conversation.clone(), text.to_owned());
        }
    }

    pub fn conversations(&self) -> impl Iterator<Item = &ConversationId> {
        self.texts.keys()
    }
}
