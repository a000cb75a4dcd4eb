//! One conversation: who it is with, the log, and where a reply is written. Log and composer are the widget's.

use std::rc::Rc;

use shared::message::Side;
use shared::session::{Input, WriteRefusal};
use web_sys::HtmlTextAreaElement;
use widget::views::composer::{Composer, Draft};
use widget::views::transcript::Choices;
use widget::views::transcript::Transcript;
use yew::prelude::*;

use crate::desk::Open;
use crate::list::{name, tint};
use crate::words;

use super::line::avatar;

/// What happens in a conversation.
#[derive(Clone, PartialEq)]
pub struct TalkEvents {
    pub input: Callback<Input>,
    /// The text in the composer is another one now.
    pub drafted: Callback<String>,
    /// Leave it.
    pub back: Callback<()>,
}

pub fn talk(open: &Open, present: bool, draft: Draft, events: &TalkEvents) -> Html {
    let name = open.live.read(|session| {
        let rows = session.rows();
        let named = rows.iter().rfind(|row| row.side == Side::Visitor && !row.name.is_empty());
        named.map_or_else(|| name(&open.conversation), |row| row.name.clone())
    });
    let key = open.conversation.as_str().to_owned();
    let on_input = &events.input;
    let choices = Choices { retry: on_input.reform(Input::Retry), discard: on_input.reform(Input::Discard) };
    let (sent, drafted) = (on_input.clone(), events.drafted.clone());
    let on_send = Callback::from(move |text| {
        drafted.emit(String::new());
        sent.emit(Input::Write(text));
    });
    let drafted = events.drafted.clone();
    let oninput = move |event: InputEvent| {
        if let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() {
            drafted.emit(area.value());
        }
    };
    let onkeydown = events.back.clone();
    let onkeydown = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !event.is_composing() {
            onkeydown.emit(());
        }
    };
    let back = events.back.reform(|_: MouseEvent| ());
    open.live.read(|session| {
        let greeting = if open.welcomed { words::NOTHING_SAID } else { words::COMING };
        html! {
            <section key={key.clone()} class="talk chat" aria-label={name.clone()} {oninput} {onkeydown}>
                <header class="who">
                    <button type="button" class="back" aria-label={words::BACK} onclick={back}>
                        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M15 5l-7 7 7 7"/></svg>
                    </button>
                    { avatar(tint(&open.conversation), present) }
                    <div>
                        <h2>{ name.clone() }</h2>
                        <p>{ if present { words::HERE_MORE } else { words::GONE_MORE } }</p>
                    </div>
                </header>
                <Transcript
                    key={key.clone() + "-log"}
                    rows={Rc::new(session.rows())}
                    own={Side::Agent}
                    welcomed={open.welcomed}
                    has_earlier={session.has_earlier()}
                    fresh_after={session.fresh_after()}
                    other_is_typing={session.other_is_typing()}
                    on_earlier={on_input.reform(|()| Input::Earlier)}
                    choices={choices}
                    greeting={[greeting, ""]}
                />
                <Composer
                    key={key + "-composer"}
                    full={session.may_write("x") == Err(WriteRefusal::OutboxFull)}
                    on_send={on_send}
                    on_typing={on_input.reform(Input::Typing)}
                    draft={draft}
                    placeholder={words::write_to(&name)}
                />
            </section>
        }
    })
}
