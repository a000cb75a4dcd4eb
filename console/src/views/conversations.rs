//! The list of conversations, newest first. Arrow keys move through it, Enter opens.

use shared::id::ConversationId;
use yew::prelude::*;

use crate::browser::page::focus;
use crate::list::{Line, step};
use crate::words;

use super::empty::empty;
use super::line::{id, line};

#[derive(Clone, PartialEq, Properties)]
pub struct ConversationsProps {
    pub lines: Vec<Line>,
    /// The list is what the edge has.
    pub welcomed: bool,
    pub on_select: Callback<ConversationId>,
}

/// Remembers the line where the arrow keys are.
pub struct Conversations {
    at: Option<ConversationId>,
}

pub enum Msg {
    Key(KeyboardEvent),
    Select(ConversationId),
}

impl Component for Conversations {
    type Message = Msg;
    type Properties = ConversationsProps;

    fn create(_: &Context<Self>) -> Self {
        Conversations { at: None }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let lines = &ctx.props().lines;
        match msg {
            Msg::Key(event) => {
                let Some(to) = step(&event.key(), self.reachable(lines), lines.len()) else { return false };
                event.prevent_default();
                self.at = Some(lines[to].conversation.clone());
                focus(&id(&lines[to]));
            }
            Msg::Select(conversation) => {
                self.at = Some(conversation.clone());
                ctx.props().on_select.emit(conversation);
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let ConversationsProps { lines, welcomed, .. } = ctx.props();
        let reachable = self.reachable(lines);
        let drawn = lines.iter().enumerate().map(|(index, this)| {
            let conversation = this.conversation.clone();
            let on_select = ctx.link().callback(move |_| Msg::Select(conversation.clone()));
            line(this, index == reachable, on_select)
        });
        html! {
            <nav class="conversations" aria-labelledby="conversations">
                <h1 id="conversations">{ words::TITLE }</h1>
                <ul role="list" aria-label={words::TITLE} onkeydown={ctx.link().callback(Msg::Key)}>
                    { for drawn }
                </ul>
                if lines.is_empty() && *welcomed {
                    { empty(words::NOBODY_YET, words::NOBODY_YET_MORE) }
                } else if lines.is_empty() {
                    <p class="coming">{ words::LIST_COMING }</p>
                }
            </nav>
        }
    }
}

impl Conversations {
    /// The line that the Tab key leads to: where the arrow keys were last, else the selected one, else the first.
    fn reachable(&self, lines: &[Line]) -> usize {
        let at = self.at.as_ref().and_then(|at| lines.iter().position(|line| line.conversation == *at));
        at.or_else(|| lines.iter().position(|line| line.selected)).unwrap_or(0)
    }
}
