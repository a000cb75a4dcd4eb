//! The visitor's chat.

use std::cell::Cell;
use std::rc::Rc;

use shared::Millis;
use shared::message::Side;
use shared::mode::Mode;
use shared::session::{Input, MessageState, Role, Row, Session, Standing, Upto, WriteRefusal};
use yew::prelude::*;

use crate::browser::{Keeping, Live, Paint, after, link_url, now};
use crate::views::banner::banner;
use crate::views::composer::Composer;
use crate::views::transcript::{Choices, Transcript};
use crate::words::{self, Situation, Word, say};

/// So long may a link take before we talk about it.
const MOMENT_MS: Millis = 1_500;

/// What the page that the chat stands in wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    pub unread: u64,
    /// Something has been said: on the next page the chat connects by itself.
    pub chatting: bool,
    pub standing: Standing,
    pub mode: Mode,
    pub agents: u64,
    /// The agent's name who is in this conversation (MODE-10).
    pub here: String,
    pub upto: Upto,
}

/// What the frame's script asks for.
pub enum Command {
    /// Whether the chat is open.
    Show(bool),
    Write(String),
}

#[derive(Clone, PartialEq, Properties)]
pub struct AppProps {
    pub site: String,
    /// Nothing: a text of the page's could not be taken.
    pub on_news: Callback<Option<News>>,
    /// Hands out the way of commands, once the chat is drawn.
    pub on_ready: Callback<Callback<Command>>,
}

pub enum Msg {
    /// The session has changed: told at once, drawn with the next animation frame.
    Changed,
    Draw,
    Input(Input),
    Command(Command),
}

pub struct App {
    live: Live,
    paint: Paint,
    choices: Choices,
    told: Option<News>,
    told_live: Rc<Cell<bool>>,
    /// A welcome has come at some time.
    welcomed: bool,
    /// When the link was lost, or not yet there.
    without_link_since: Option<Millis>,
}

impl Component for App {
    type Message = Msg;
    type Properties = AppProps;

    fn create(ctx: &Context<Self>) -> Self {
        let (link, props) = (ctx.link(), ctx.props());
        let url = link_url(&("/v1/sites/".to_owned() + &props.site + "/link?"));
        let draw = link.callback(|()| Msg::Draw);
        let paint = Paint::new(move || draw.emit(()));
        let (changed, resting) = (link.callback(|()| Msg::Changed), paint.clone());
        let told_live = Rc::new(Cell::new(false));
        let is_told = told_live.clone();
        // While much comes, the drawing tells as well, and nothing has to be looked at before. Not so before the page outside knows
        // that the chat is live: what it hears together with that has been there before, and what comes after is news.
        let on_change = move || {
            if is_told.get() && resting.rests() { resting.ask() } else { changed.emit(()) }
        };
        let live = Live::start(Role::Visitor, url, Some(""), on_change);
        link.send_message(Msg::Changed);
        App {
            live,
            paint,
            choices: Choices {
                retry: link.callback(|id| Msg::Input(Input::Retry(id))),
                discard: link.callback(|id| Msg::Input(Input::Discard(id))),
            },
            told: None,
            told_live,
            welcomed: false,
            without_link_since: None,
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if first {
            ctx.props().on_ready.emit(ctx.link().callback(Msg::Command));
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Changed => {
                self.tell(ctx);
                self.paint.ask();
                false
            }
            Msg::Draw => {
                self.tell(ctx);
                true
            }
            Msg::Input(input) => {
                self.live.input(input);
                false
            }
            Msg::Command(command) => {
                match command {
                    Command::Show(shown) => self.live.show(shown),
                    Command::Write(text) if self.live.read(|session| session.may_write(&text)).is_err() => {
                        ctx.props().on_news.emit(None);
                    }
                    Command::Write(text) => self.live.input(Input::Write(text)),
                }
                false
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        self.live.read(|session| {
            let rows = Rc::new(session.rows());
            html! {
                <>
                    { banner(&words::status(&self.situation(session, &rows))) }
                    <Transcript
                        rows={rows}
                        own={Side::Visitor}
                        welcomed={self.welcomed}
                        has_earlier={session.has_earlier()}
                        fresh_after={session.fresh_after()}
                        other_is_typing={session.other_is_typing()}
                        on_earlier={link.callback(|()| Msg::Input(Input::Earlier))}
                        choices={self.choices.clone()}
                        greeting={[say(Word::Greeting), say(Word::GreetingMore)]}
                    />
                    <Composer
                        full={session.may_write("x") == Err(WriteRefusal::OutboxFull)}
                        on_send={link.callback(|text| Msg::Input(Input::Write(text)))}
                        on_typing={link.callback(|on| Msg::Input(Input::Typing(on)))}
                    />
                </>
            }
        })
    }
}

impl App {
    fn situation<'a>(&self, session: &'a Session, rows: &[Row]) -> Situation<'a> {
        let queued = rows.iter().rev().any(|row| row.state == Some(MessageState::Queued));
        Situation {
            standing: session.standing(),
            welcomed: self.welcomed,
            moment: self.without_link_since.is_none_or(|since| now() < since + MOMENT_MS),
            notice: session.notice(),
            limited: session.limited(),
            kept: if queued { self.live.keeping() } else { Keeping::Kept },
        }
    }

    fn tell(&mut self, ctx: &Context<Self>) {
        self.note_link(ctx);
        let news = self.live.read(|session| News {
            unread: session.unread(),
            chatting: session.is_chatting(),
            standing: session.standing(),
            mode: session.notice().mode,
            agents: session.notice().agents,
            here: session.notice().here.clone(),
            upto: session.upto(),
        });
        self.told_live.set(news.standing == Standing::Live);
        if self.told.as_ref() != Some(&news) {
            ctx.props().on_news.emit(Some(news.clone()));
            self.told = Some(news);
        }
    }

    /// Begins to count when the link goes, and draws again once that is worth a word.
    fn note_link(&mut self, ctx: &Context<Self>) {
        if self.live.read(Session::standing) == Standing::Live {
            self.welcomed = true;
            self.without_link_since = None;
        } else if self.without_link_since.is_none() {
            self.without_link_since = Some(now());
            let draw = ctx.link().callback(|()| Msg::Draw);
            after(MOMENT_MS, move || draw.emit(()));
        }
    }
}
