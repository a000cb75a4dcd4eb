//! The console: the form of a log in, or an agent's desk.

use shared::Millis;
use shared::id::ConversationId;
use shared::session::{Input, Standing};
use widget::browser::{Paint, after, now};
use widget::views::composer::Draft;
use yew::prelude::*;

use crate::account::{Account, Agent, Answer, Reason, credentials};
use crate::browser::http::Agents;
use crate::browser::page;
use crate::desk::Desk;
use crate::list::{Line, name};
use crate::views::bar::bar;
use crate::views::conversations::Conversations;
use crate::views::empty::empty;
use crate::views::login::Login;
use crate::views::talk::{TalkEvents, talk};
use crate::words::{self, Situation, Status, Tone};

/// So long may a link take before we talk about it.
const MOMENT_MS: Millis = 1_500;
/// The log in is looked after, and the times in the list are drawn anew, this often.
const MINUTE_MS: Millis = 60_000;

pub enum Msg {
    /// The edge's answer to "who am I?".
    Asked {
        attempt: u32,
        answer: Answer,
    },
    Ask {
        attempt: u32,
    },
    LogIn {
        email: String,
        password: String,
    },
    LoggedIn(Answer),
    Renewed(Answer),
    LogOut,
    LoggedOut(Answer),
    Minute,
    /// A session has changed: looked after at once, drawn with the next animation frame.
    Changed,
    Draw,
    Select(Option<ConversationId>),
    /// The browser's Back or Forward.
    Address,
    /// For the conversation on screen.
    Input(Input),
    Drafted(String),
}

pub struct App {
    site: String,
    agents: Agents,
    account: Account,
    /// Outlives the end of a log in: whoever logs in again finds everything as it was.
    desk: Option<Desk>,
    paint: Paint,
    /// When a link was lost, or not yet there.
    without_link_since: Option<Millis>,
    log_out_failed: bool,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link();
        let site = page::site();
        let (draw, address) = (link.callback(|()| Msg::Draw), link.callback(|()| Msg::Address));
        page::on_address(move || address.emit(()));
        link.send_message(Msg::Ask { attempt: 0 });
        minute_later(ctx);
        App {
            agents: Agents::of(&site),
            site,
            account: Account::Asking { attempt: 0 },
            desk: None,
            paint: Paint::new(move || draw.emit(())),
            without_link_since: None,
            log_out_failed: false,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let link = ctx.link();
        match msg {
            Msg::Ask { attempt } => {
                self.agents.me(link.callback(move |answer| Msg::Asked { attempt, answer }));
            }
            Msg::Asked { attempt, answer } => {
                let (account, again) = Account::asked(attempt, &answer);
                self.account = account;
                if let Some(delay) = again {
                    let ask = link.callback(move |()| Msg::Ask { attempt: attempt + 1 });
                    after(delay, move || ask.emit(()));
                }
                self.sit_down(ctx);
            }
            Msg::LogIn { email, password } => match credentials(&email, &password) {
                Err(reason) => self.account = Account::out(reason),
                Ok(credentials) => {
                    self.account = Account::Out { reason: None, busy: true };
                    self.agents.login(&credentials, link.callback(Msg::LoggedIn));
                }
            },
            Msg::LoggedIn(answer) => {
                self.account = match answer.agent() {
                    Ok(agent) => Account::In { agent, renewed_at: None },
                    Err(reason) => Account::out(reason),
                };
                self.sit_down(ctx);
            }
            Msg::Renewed(answer) => {
                self.account.renewed(&answer);
                return false;
            }
            Msg::LogOut => self.agents.logout(link.callback(Msg::LoggedOut)),
            Msg::LoggedOut(answer) => {
                self.log_out_failed = answer.status != 200;
                if !self.log_out_failed {
                    let unsent = self.desk.take().is_some_and(|desk| desk.has_unsent());
                    self.account = Account::out(Reason::LoggedOut { unsent });
                    page::select("");
                    self.tell_title(&[]);
                }
            }
            Msg::Minute => {
                minute_later(ctx);
                self.log_out_failed = false;
                if self.account.renew(now()) {
                    self.agents.renew(link.callback(Msg::Renewed));
                }
                self.paint.ask();
                return false;
            }
            Msg::Changed => {
                self.note_change(ctx);
                self.paint.ask();
                return false;
            }
            Msg::Draw => {}
            Msg::Select(conversation) => {
                let former = self.desk.as_ref().and_then(Desk::selected).cloned();
                page::select(conversation.as_ref().map_or("", ConversationId::as_str));
                self.select(ctx, conversation.clone());
                // Whoever leaves a conversation goes on in the list, where they came from.
                if let (None, Some(former)) = (conversation, former) {
                    after(0, move || page::focus(&("line-".to_owned() + former.as_str())));
                }
            }
            Msg::Address => self.select(ctx, ConversationId::parse(&page::selected())),
            Msg::Input(input) => {
                if let Some(open) = self.desk.as_ref().and_then(Desk::open) {
                    open.live.input(input);
                }
                return false;
            }
            Msg::Drafted(text) => {
                if let Some(desk) = &mut self.desk {
                    desk.note_draft(&text);
                }
                return false;
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        match (&self.account, &self.desk) {
            (Account::In { agent, .. }, Some(desk)) => self.at_work(ctx, agent, desk),
            (Account::Out { reason, busy }, _) => html! {
                <Login
                    reason={reason.clone()}
                    busy={*busy}
                    on_login={ctx.link().callback(|(email, password)| Msg::LogIn { email, password })}
                />
            },
            (Account::Asking { attempt: 0 }, _) | (Account::In { .. }, None) => html! {
                <main class="login" aria-busy="true"><p role="status" class="coming">{ words::ASKING }</p></main>
            },
            (Account::Asking { .. }, _) => html! {
                <main class="login"><p role="status" class="sentence">{ words::ASKING_AGAIN }</p></main>
            },
        }
    }
}

impl App {
    /// Whoever is logged in gets the desk: the one they left, or a new one.
    fn sit_down(&mut self, ctx: &Context<Self>) {
        let Some(agent) = self.account.agent() else { return };
        match &self.desk {
            Some(desk) if *desk.agent() == agent.id => {
                desk.look(true);
                desk.reconnect();
            }
            _ => {
                let on_change = ctx.link().callback(|()| Msg::Changed);
                self.desk = Some(Desk::new(&self.site, &self.agents, &agent.id, on_change));
                self.without_link_since = None;
                self.select(ctx, ConversationId::parse(&page::selected()));
            }
        }
        ctx.link().send_message(Msg::Changed);
    }

    fn select(&mut self, ctx: &Context<Self>, conversation: Option<ConversationId>) {
        if let Some(desk) = &mut self.desk
            && desk.select(conversation)
        {
            ctx.link().send_message(Msg::Changed);
        }
    }

    fn note_change(&mut self, ctx: &Context<Self>) {
        let Some(desk) = &mut self.desk else { return };
        desk.tidy();
        if desk.has_ended() && self.account.agent().is_some() {
            self.account = Account::out(Reason::Ended);
            desk.look(false);
        }
        if desk.standing() == Standing::Live {
            self.without_link_since = None;
        } else if self.without_link_since.is_none() {
            self.without_link_since = Some(now());
            let draw = ctx.link().callback(|()| Msg::Draw);
            after(MOMENT_MS, move || draw.emit(()));
        }
        // Not left to the next animation frame: a tab in the background has none.
        let lines = desk.lines();
        self.tell_title(&lines);
    }

    fn tell_title(&self, lines: &[Line]) {
        let unread = lines.iter().map(|line| line.unread).sum();
        let selected = self.desk.as_ref().and_then(Desk::selected).map(name);
        page::title(&match self.account {
            Account::In { .. } => words::page_title(unread, selected.as_deref()),
            _ => words::page_title(0, Some(words::LOG_IN)),
        });
    }

    fn status(&self, desk: &Desk) -> Status {
        if self.log_out_failed {
            return Status { sentence: words::LOG_OUT_FAILED, tone: Some(Tone::Stopped) };
        }
        words::status(&Situation {
            standing: desk.standing(),
            welcomed: desk.welcomed(),
            moment: self.without_link_since.is_none_or(|since| now() < since + MOMENT_MS),
            mode: desk.notice().mode,
        })
    }

    fn at_work(&self, ctx: &Context<Self>, agent: &Agent, desk: &Desk) -> Html {
        let link = ctx.link();
        let lines = desk.lines();
        let events = TalkEvents {
            input: link.callback(Msg::Input),
            drafted: link.callback(Msg::Drafted),
            back: link.callback(|()| Msg::Select(None)),
        };
        let class = if desk.open().is_some() { "desk with-talk" } else { "desk" };
        let present = lines.iter().any(|line| line.selected && line.present);
        let idle = match (lines.is_empty(), desk.welcomed()) {
            (false, _) => empty(words::PICK_ONE, words::PICK_ONE_MORE),
            (true, true) => empty(words::NOBODY_YET, words::NOBODY_YET_MORE),
            (true, false) => Html::default(),
        };
        html! {
            <>
                { bar(&self.site, &self.status(desk), &agent.name, link.callback(|_| Msg::LogOut)) }
                <div class={class}>
                    <Conversations
                        lines={lines}
                        welcomed={desk.welcomed()}
                        on_select={link.callback(|conversation| Msg::Select(Some(conversation)))}
                    />
                    <main>
                        if let Some(open) = desk.open() {
                            { talk(open, present, draft(desk, &open.conversation), &events) }
                        } else {
                            { idle }
                        }
                    </main>
                </div>
            </>
        }
    }
}

/// What was being written there. With a keyboard the caret waits behind it.
fn draft(desk: &Desk, conversation: &ConversationId) -> Draft {
    let text = desk.draft(conversation).to_owned();
    let end = text.encode_utf16().count() as u32;
    Draft { text, caret: page::fine_pointer().then_some((end, end)) }
}

fn minute_later(ctx: &Context<App>) {
    let minute = ctx.link().callback(|()| Msg::Minute);
    after(MINUTE_MS, move || minute.emit(()));
}
