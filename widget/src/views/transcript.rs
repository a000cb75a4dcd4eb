//! The conversation: a window over its rows that stays at the end while the person reads the end.
//!
//! The log is laid out from its bottom (`column-reverse` around one child), so the browser itself keeps the end in
//! sight when something is added or the keyboard opens; `scrollTop` is 0 there and negative above.

use std::rc::Rc;

use shared::id::MessageId;
use shared::message::Side;
use shared::session::Row;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event};
use yew::prelude::*;

use crate::browser::{Listener, count, day, height, mark, plain, put_back, restore};
use crate::words::{Word, say};

use super::icon::{self, icon};
use super::row::{continues, name, row, unnamed};
use super::typing::typing;
use super::window::Window;

/// This near to the end counts as the end: a finger never stops exactly there.
const NEAR_PX: i32 = 40;

/// What a refused message can be told to do.
#[derive(Clone, PartialEq)]
pub struct Choices {
    pub retry: Callback<MessageId>,
    pub discard: Callback<MessageId>,
}

#[derive(Clone, Properties)]
pub struct TranscriptProps {
    pub rows: Rc<Vec<Row>>,
    /// The reader's side.
    pub own: Side,
    /// The rows are what the edge has; before, they are what this browser kept. Only what comes later is news.
    pub welcomed: bool,
    /// The edge has more before the first row.
    pub has_earlier: bool,
    /// What follows came while nobody looked, and gets a line before it.
    pub fresh_after: Option<u64>,
    pub other_is_typing: bool,
    pub on_earlier: Callback<()>,
    pub choices: Choices,
    /// A heading and a sentence, shown where nothing has been said.
    pub greeting: [&'static str; 2],
}

/// The parent draws only when something has changed; looking for it row by row would cost more than drawing.
impl PartialEq for TranscriptProps {
    fn eq(&self, _: &TranscriptProps) -> bool {
        false
    }
}

pub enum Msg {
    Scrolled,
    Earlier,
    Latest,
    Retry(MessageId),
    Edit(MessageId),
    Discard(MessageId),
}

/// A row that stays where it stands on the screen.
struct Anchor {
    id: MessageId,
    top: f64,
    /// Whether it is the first row in the document, or the last.
    first: bool,
}

pub struct Transcript {
    window: Window,
    whole: NodeRef,
    log: NodeRef,
    listeners: Option<[Listener; 2]>,
    /// The last place when the person left the end: what comes after is counted.
    left_at: u64,
    /// The outermost row, which stays where it is while others come above or below.
    anchor: Option<Anchor>,
    heard: Heard,
}

impl Component for Transcript {
    type Message = Msg;
    type Properties = TranscriptProps;

    fn create(ctx: &Context<Self>) -> Self {
        let mut heard = Heard::default();
        heard.listen(ctx.props());
        Transcript {
            window: Window::default(),
            whole: NodeRef::default(),
            log: NodeRef::default(),
            listeners: None,
            left_at: 0,
            anchor: None,
            heard,
        }
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &TranscriptProps) -> bool {
        let props = ctx.props();
        self.heard.listen(props);
        if let Some(anchor) = &mut self.anchor {
            // The person may have gone on while older rows were fetched.
            anchor.top = height(anchor.id.as_str());
        }
        // Whoever writes wants to see it.
        let wrote = |rows: &[Row]| rows.last().filter(|row| row.side == props.own).map(|row| row.id.clone());
        let now = wrote(&props.rows);
        if props.rows.len() > old.rows.len() && now.is_some() && now != wrote(&old.rows) {
            self.latest();
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let props = ctx.props();
        let rows = &props.rows;
        match msg {
            Msg::Scrolled => {
                let at_end = self.log.cast::<Element>().is_none_or(|log| log.scroll_top() > -NEAR_PX);
                match (at_end, self.window.is_following()) {
                    (true, false) => {
                        self.hold_still(rows, false);
                        self.window.later(rows);
                        true
                    }
                    (false, true) => {
                        self.window.hold(rows);
                        self.left_at = last_seq(rows);
                        false
                    }
                    _ => false,
                }
            }
            Msg::Earlier => {
                self.hold_still(rows, true);
                if self.window.is_following() {
                    self.left_at = last_seq(rows);
                }
                self.window.earlier(rows);
                if self.window.range(rows).start == 0 && props.has_earlier {
                    props.on_earlier.emit(());
                }
                true
            }
            Msg::Latest => {
                self.latest();
                true
            }
            Msg::Retry(id) => {
                props.choices.retry.emit(id);
                false
            }
            Msg::Edit(id) => {
                if let Some(row) = rows.iter().rfind(|row| row.id == id) {
                    put_back(&row.text);
                    props.choices.discard.emit(id);
                }
                false
            }
            Msg::Discard(id) => {
                props.choices.discard.emit(id);
                false
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let props = ctx.props();
        let rows = &props.rows;
        let range = self.window.range(rows);
        let (more_before, more_after) = (range.start > 0 || props.has_earlier, range.end < rows.len());
        html! {
            <div ref={self.whole.clone()} class="transcript">
                <div
                    ref={self.log.clone()}
                    class="log"
                    role="log"
                    aria-label={say(Word::Conversation)}
                    aria-live="off"
                    tabindex="0"
                >
                    <div class="rows">
                        if more_before {
                            <button key="earlier" type="button" class="pill" name="earlier">
                                { say(Word::Earlier) }
                            </button>
                        }
                        if rows.is_empty() {
                            <div key="greeting" class="greeting">
                                <h2>{ props.greeting[0] }</h2>
                                <p>{ props.greeting[1] }</p>
                            </div>
                        }
                        { drawn(&rows[range], props) }
                        if props.other_is_typing && !more_after {
                            { typing(&rows.iter().rfind(|row| row.side != props.own).map_or_else(|| unnamed(props.own.other()), name)) }
                        }
                    </div>
                </div>
                if more_after {
                    <button type="button" class="pill latest" name="latest">
                        { self.latest_words(props) }{ icon(icon::DOWN) }
                    </button>
                }
                <div class="unseen" aria-live="polite">
                    { for self.heard.news.iter().map(|(id, text)| html! { <p key={id.as_str()}>{ text.clone() }</p> }) }
                </div>
            </div>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if first {
            let pressed = ctx.link().batch_callback(|event: Event| pressed(&event));
            let scrolled = ctx.link().callback(|_: Event| Msg::Scrolled);
            self.listeners = self.whole.get().zip(self.log.get()).map(|(whole, log)| {
                [
                    Listener::new(whole.into(), &["click"], move |event| pressed.emit(event)),
                    Listener::new(log.into(), &["scroll"], move |event| scrolled.emit(event)),
                ]
            });
        }
        if let Some(log) = self.log.get() {
            mark(&log);
        }
        let rows = &ctx.props().rows;
        // Older rows may still be on their way from the edge; until then there is nothing to make up for.
        if let Some(anchor) = &self.anchor
            && self.outermost(rows, anchor.first).is_some_and(|row| row.id != anchor.id)
        {
            restore(anchor.id.as_str(), anchor.top);
            self.anchor = None;
        }
    }
}

impl Transcript {
    fn outermost<'a>(&self, rows: &'a [Row], first: bool) -> Option<&'a Row> {
        let range = self.window.range(rows);
        rows.get(if first { range.start } else { range.end.wrapping_sub(1) })
    }

    fn hold_still(&mut self, rows: &[Row], first: bool) {
        self.anchor = self.outermost(rows, first).map(|row| Anchor {
            id: row.id.clone(),
            top: height(row.id.as_str()),
            first,
        });
    }

    fn latest_words(&self, props: &TranscriptProps) -> String {
        let mut fresh = 0;
        for row in props.rows.iter().rev() {
            if row.seq.is_some_and(|seq| seq <= self.left_at) {
                break;
            }
            fresh += usize::from(row.side != props.own);
        }
        if fresh == 0 { say(Word::Latest).to_owned() } else { count(say(Word::FreshCount), fresh as f64) }
    }

    fn latest(&mut self) {
        self.window.follow();
        self.anchor = None;
        if let Some(log) = self.log.cast::<Element>() {
            log.set_scroll_top(0);
        }
    }
}

/// Which of the transcript's buttons it was, by its name.
fn pressed(event: &Event) -> Option<Msg> {
    let target = event.target()?;
    let button = target.unchecked_ref::<Element>();
    let id = || MessageId::parse(&button.get_attribute("value")?);
    match button.get_attribute("name")?.as_str() {
        "earlier" => Some(Msg::Earlier),
        "latest" => Some(Msg::Latest),
        "edit" => id().map(Msg::Edit),
        "retry" => id().map(Msg::Retry),
        "discard" => id().map(Msg::Discard),
        _ => None,
    }
}

/// The rows with a line before each new day. A list of its own, in which everything has a key: beside something without
/// one, every row after a new or a vanished one would be made anew.
fn drawn(rows: &[Row], props: &TranscriptProps) -> Html {
    let mut drawn = Vec::with_capacity(rows.len() + 4);
    let (mut today, mut told) = (String::new(), false);
    let after = |row: &Row| props.fresh_after.is_some_and(|after| row.seq.is_some_and(|seq| seq > after));
    for (index, this) in rows.iter().enumerate() {
        let its_day = day(this.at_ms as f64);
        let new_day = its_day != today;
        if new_day {
            drawn.push(divider(its_day.clone(), false));
            today = its_day;
        }
        // Where everything is new, nothing has to be told apart.
        let fresh = !told && index > 0 && after(this) && this.side != props.own;
        if fresh {
            told = true;
            drawn.push(divider(say(Word::Fresh).to_owned(), true));
        }
        let first = new_day || fresh || index == 0 || !continues(&rows[index - 1], this);
        let last =
            rows.get(index + 1).is_none_or(|next| !continues(this, next) || after(next) && !after(this));
        drawn.push(row(this, props.own, first, last));
    }
    drawn.into_iter().collect()
}

fn divider(words: String, fresh: bool) -> Html {
    html! { <p key={words.clone()} class="day" data-fresh={fresh.then_some("")}><span>{ words }</span></p> }
}

/// What is read aloud: each message of the other side once, and nothing that was there from the start.
#[derive(Default)]
struct Heard {
    upto_seq: Option<u64>,
    /// With the row's id.
    news: Vec<(MessageId, String)>,
}

impl Heard {
    fn listen(&mut self, props: &TranscriptProps) {
        if !props.welcomed {
            return;
        }
        let last = last_seq(&props.rows);
        if let Some(upto) = self.upto_seq.filter(|upto| last > *upto) {
            let new = |row: &&Row| row.side != props.own && row.seq.is_some_and(|seq| seq > upto);
            self.news = props.rows.iter().filter(new).map(said).collect();
        }
        // A new epoch counts from 1 again.
        self.upto_seq = Some(last);
    }
}

fn last_seq(rows: &[Row]) -> u64 {
    rows.iter().rev().find_map(|row| row.seq).unwrap_or(0)
}

fn said(row: &Row) -> (MessageId, String) {
    let mut said = name(row).as_str().to_owned();
    said.push_str(": ");
    said.push_str(&plain(&row.text));
    (row.id.clone(), said)
}
