//! Where a message is written. The textarea keeps its own text; we only look when it matters.

use shared::limits::MAX_TEXT_CHARS;
use shared::session::WriteRefusal;
use web_sys::{Element, Event, HtmlTextAreaElement};
use yew::prelude::*;

use crate::browser::{Listener, compose, grow};
use crate::words::{self, Word, say};

use super::icon::{self, icon};

/// The count is shown for the last 200 characters.
const NEAR_LIMIT: usize = MAX_TEXT_CHARS - 200;

/// What was in the page's own textarea before this one took its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub text: String,
    /// Where the caret stood; nothing where the person was elsewhere.
    pub caret: Option<(u32, u32)>,
}

#[derive(Clone, PartialEq, Properties)]
pub struct ComposerProps {
    /// Too many messages wait already.
    #[prop_or_default]
    pub full: bool,
    pub on_send: Callback<String>,
    /// True: there is text, and it has changed.
    pub on_typing: Callback<bool>,
    #[prop_or_default]
    pub draft: Draft,
    /// Names the conversation: the text of one must not end up in another.
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
}

pub enum Msg {
    Changed,
    Send,
}

pub struct Composer {
    form: NodeRef,
    area: NodeRef,
    characters: usize,
    listener: Option<Listener>,
}

impl Component for Composer {
    type Message = Msg;
    type Properties = ComposerProps;

    fn create(_: &Context<Self>) -> Self {
        Composer { form: NodeRef::default(), area: NodeRef::default(), characters: 0, listener: None }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let Some(area) = self.area.cast::<HtmlTextAreaElement>() else { return false };
        let text = area.value();
        let before = (self.characters, ctx.props().full);
        match msg {
            Msg::Changed => {
                self.characters = text.chars().count();
                ctx.props().on_typing.emit(!text.trim().is_empty());
            }
            Msg::Send => {
                if text.trim().is_empty() || self.characters > MAX_TEXT_CHARS || ctx.props().full {
                    return false;
                }
                area.set_value("");
                grow(&area);
                self.characters = 0;
                let _ = area.focus();
                ctx.props().on_send.emit(text.trim().to_owned());
            }
        }
        before.0.max(self.characters) > NEAR_LIMIT
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let placeholder = ctx.props().placeholder.clone().unwrap_or(AttrValue::Static(say(Word::Write)));
        html! {
            <form ref={self.form.clone()} class="composer">
                if let Some(hint) = self.hint(ctx.props()) {
                    <p id="hint" class="hint">{ hint }</p>
                }
                <textarea
                    ref={self.area.clone()}
                    rows="1"
                    dir="auto"
                    aria-label={say(Word::Message)}
                    aria-describedby="hint"
                    placeholder={placeholder}
                    enterkeyhint="send"
                />
                <button type="submit" class="send" aria-label={say(Word::Send)}>{ icon(icon::SEND) }</button>
            </form>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if !first {
            return;
        }
        if let Some(form) = self.form.cast::<Element>() {
            compose(&form, NEAR_LIMIT as u32);
            let heard = ctx.link().callback(|event: Event| heard(&event));
            self.listener = Some(Listener::new(form.into(), &EVENTS, move |event| heard.emit(event)));
        }
        let Some(area) = self.area.cast::<HtmlTextAreaElement>() else { return };
        let draft = &ctx.props().draft;
        if !draft.text.is_empty() {
            area.set_value(&draft.text);
            grow(&area);
            ctx.link().send_message(Msg::Changed);
        }
        if let Some((start, end)) = draft.caret {
            let _ = area.focus();
            let _ = area.set_selection_range(start, end);
        }
    }
}

const EVENTS: [&str; 2] = ["written", "send"];

fn heard(event: &Event) -> Msg {
    if event.type_() == "send" { Msg::Send } else { Msg::Changed }
}

impl Composer {
    fn hint(&self, props: &ComposerProps) -> Option<String> {
        if props.full {
            words::refusal(WriteRefusal::OutboxFull)
        } else if self.characters > MAX_TEXT_CHARS {
            words::refusal(WriteRefusal::TooLong { over: self.characters - MAX_TEXT_CHARS })
        } else if self.characters > NEAR_LIMIT {
            Some(words::left(MAX_TEXT_CHARS - self.characters))
        } else {
            None
        }
    }
}
