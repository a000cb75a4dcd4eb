//! Site on workerd.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use shared::Millis;
use shared::frame::{ClientFrame, Summary};
use shared::id::{AgentId, ConversationId, SiteId};
use shared::mode::Notice;
use worker::{
    Delay, DurableObject, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
    console_error, durable_object,
};

use crate::conversation::LinkId;
use crate::silence::Silence;
use crate::site::{InboxLink, Input, Output, Site as Machine, Stored};

use super::alarm::Alarm;
use super::calls::{
    ConnectedAnswer, ConversationCall, GateCall, Knowledge, Known, SettingsAnswer, SiteCall, SiteLink,
    ToSite, Way, answer, body_of, link_of, to_conversation, to_gate,
};
use super::counts::Object;
use super::host::{self, Host};
use super::sockets::Sockets;
use super::sql::{self, Sql};
use super::{crowd, now_ms, silent_ms};

/// How long "there is no such site" is believed.
const UNKNOWN_FOR_MS: Millis = 60_000;
/// How long an origin that could not be asked for a site is left alone.
const UNREACHABLE_FOR_MS: Millis = 2_000;
/// How often somebody who waits for another's answer looks.
const LOOK_EVERY_MS: Millis = 25;
/// Calls to conversations under way at once (an object has 6 outgoing connections).
const PUSHES_AT_ONCE: usize = 5;

#[durable_object]
pub struct Site {
    driver: Rc<Driver>,
}

struct Driver {
    state: State,
    env: Env,
    sql: Sql,
    sockets: Sockets,
    links: RefCell<Vec<InboxLink>>,
    machine: RefCell<Option<Machine>>,
    unknown_until: Cell<Millis>,
    /// Settings are on their way; whoever needs them waits for that one answer.
    fetching: Cell<bool>,
    /// Settings could not be had; nobody asks again before this.
    unreachable_until: Cell<Millis>,
    timer_at: Cell<Option<Millis>>,
    alarm: Rc<Alarm>,
    /// Links, as this instance has told the crowd.
    counted: Cell<Option<u64>>,
}

impl DurableObject for Site {
    fn new(state: State, env: Env) -> Self {
        let sql = Sql::of(Object::Site, &state);
        let (sockets, links) = Sockets::restore(&state, |info: &InboxLink| info.link);
        let site = links.first().map(|info| info.site.clone());
        let driver = Rc::new(Driver {
            state,
            env,
            sql,
            sockets,
            links: RefCell::new(links),
            machine: RefCell::new(None),
            unknown_until: Cell::new(0),
            fetching: Cell::new(false),
            unreachable_until: Cell::new(0),
            timer_at: Cell::new(None),
            alarm: Alarm::of(Object::Site),
            counted: Cell::new(None),
        });
        if let Some(site) = site {
            driver.know(&site);
        }
        Site { driver }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        if let Some(facts) = link_of::<SiteLink>(&request)? {
            return self.driver.link(facts, request).await;
        }
        let ToSite { site, call } = body_of(&mut request).await?;
        self.driver.know(&site);
        self.driver.call(site, call).await
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        host::message(&self.driver, &socket, &message);
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, _: usize, _: String, _: bool) -> Result<()> {
        host::hung_up(&self.driver, &socket);
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _: worker::Error) -> Result<()> {
        host::lost(&self.driver, &socket);
        Ok(())
    }

    async fn alarm(&self) -> Result<Response> {
        host::alarm(&self.driver);
        Response::ok("")
    }
}

impl Host for Driver {
    fn state(&self) -> &State {
        &self.state
    }

    fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    fn frames(self: &Rc<Self>, link: LinkId, frames: Vec<ClientFrame>) {
        self.spread();
        self.input(Input::Frames { link, frames });
    }

    fn closed(self: &Rc<Self>, link: LinkId) {
        self.input(Input::Closed { link });
    }

    fn timeout(self: &Rc<Self>) {
        self.input(Input::Timeout);
    }

    fn silence<T>(&self, ask: impl FnOnce(&mut Silence) -> T) -> Option<T> {
        self.with(|machine| ask(machine.silence()))
    }

    fn heard(&self, now: Millis, heard: Vec<(LinkId, Millis)>) {
        self.with(|machine| machine.handle(now, Input::Heard(heard)));
    }
}

impl Driver {
    async fn link(self: &Rc<Self>, facts: SiteLink, mut request: Request) -> Result<Response> {
        let SiteLink { site, agent, until_ms, way } = facts;
        self.know(&site);
        let owner = agent.to_string();
        let open = |link| self.input(Input::Opened { link, agent, until_ms });
        match way {
            Way::Socket { subprotocol } => {
                let (link, response) = self.sockets.accept(&self.state, subprotocol, None)?;
                open(link);
                Ok(response)
            }
            Way::Post { link } => {
                let text = request.text().await?;
                host::post(self, owner, link, &text, open).await.response(None)
            }
            Way::Leave { link } => host::leave(self, &owner, link).response(None),
        }
    }

    fn know(&self, site: &SiteId) {
        self.machine.borrow_mut().get_or_insert_with(|| {
            let stored: Stored = self.sql.load_value("site").ok().flatten().unwrap_or_default();
            let summaries = self.summaries().unwrap_or_else(|error| {
                console_error!("cannot read the list of conversations: {error}");
                Vec::new()
            });
            crowd(|crowd| crowd.recall(now_ms(), &stored.high_water));
            let mut machine = Machine::restore(site.clone(), stored, summaries, self.links.take());
            machine.silence().ends_after(silent_ms(&self.env));
            machine
        });
    }

    /// What this isolate's crowd has come to: told to the consoles, and stored where a restart must know of it.
    fn spread(self: &Rc<Self>) {
        let (spread, high_water) = crowd(|crowd| (crowd.spread(now_ms()), *crowd.high_water()));
        self.input(Input::Spread { spread, high_water });
    }

    /// Somebody waits for an agent, so consoles come back with those who chat.
    fn count(&self) {
        let Some((site, links)) = self.with(|machine| (machine.id().clone(), machine.greeted())) else {
            return;
        };
        if self.counted.replace(Some(links)) != Some(links) {
            crowd(|crowd| crowd.counts(now_ms(), (site, None), links, true));
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Machine) -> T) -> Option<T> {
        self.machine.borrow_mut().as_mut().map(act)
    }

    async fn call(self: &Rc<Self>, site: SiteId, call: SiteCall) -> Result<Response> {
        // Comes at least every other second while links come, through whoever opens them.
        self.spread();
        match call {
            SiteCall::Notify { summary } => {
                self.input(Input::Notified(*summary));
                answer(&self.notice())
            }
            SiteCall::Gone { conversation } => {
                self.input(Input::Gone(conversation));
                answer(&())
            }
            SiteCall::Mode { mode, reason } => {
                self.input(Input::Mode { mode, reason });
                answer(&())
            }
            SiteCall::Override { over } => {
                self.input(Input::Override(over));
                answer(&self.notice())
            }
            SiteCall::Knowledge {} => answer(&self.knowledge(&site).await),
            SiteCall::Changed {} => answer(&self.fetch_settings(&site).await),
        }
    }

    fn notice(&self) -> Notice {
        self.with(|machine| machine.notice().clone()).unwrap_or_default()
    }

    async fn knowledge(self: &Rc<Self>, site: &SiteId) -> Knowledge {
        let settled = |driver: &Self| driver.with(|machine| machine.settings().is_some()).unwrap_or(false);
        while !settled(self) && self.fetching.get() {
            Delay::from(Duration::from_millis(LOOK_EVERY_MS)).await;
        }
        let now = now_ms();
        let known = if settled(self) {
            Known::Yes
        } else if now < self.unknown_until.get() {
            Known::No
        } else if now < self.unreachable_until.get() {
            Known::NotYet
        } else {
            self.fetch_settings(site).await
        };
        let settings = self.with(|machine| machine.settings().cloned()).flatten().unwrap_or_default();
        Knowledge {
            known,
            notice: self.notice(),
            embed_origins: settings.embed_origins,
            limits: settings.limits,
            identity_secrets: settings.identity_secrets,
            contact: settings.contact,
        }
    }

    async fn fetch_settings(self: &Rc<Self>, site: &SiteId) -> Known {
        self.fetching.set(true);
        let answer = to_gate(&self.env, GateCall::Settings { site: site.clone() }).await;
        self.fetching.set(false);
        match answer {
            Ok(SettingsAnswer::Settings { settings, mode, reason }) => {
                self.input(Input::Settings(*settings));
                self.input(Input::Mode { mode, reason });
                Known::Yes
            }
            Ok(SettingsAnswer::UnknownSite) => {
                self.unknown_until.set(now_ms() + UNKNOWN_FOR_MS);
                Known::No
            }
            Ok(SettingsAnswer::Unreachable) | Err(_) => {
                self.unreachable_until.set(now_ms() + UNREACHABLE_FOR_MS);
                Known::NotYet
            }
        }
    }

    fn input(self: &Rc<Self>, input: Input) {
        host::look(&**self);
        self.with(|machine| machine.handle(now_ms(), input));
        while let Some(output) = self.with(Machine::poll_output).flatten() {
            let stored = match output {
                Output::Store(stored) => self.sql.save_value("site", &stored),
                Output::StoreSummary(summary) => self.store_summary(&summary),
                Output::ForgetSummary(conversation) => self.forget_summary(&conversation),
                Output::Send(link, frame) => {
                    self.sockets.send(link, &[frame]);
                    Ok(())
                }
                Output::Close(link, code) => {
                    self.sockets.close(link, code);
                    Ok(())
                }
                Output::Attach(info) => {
                    self.sockets.attach(info.link, &info);
                    Ok(())
                }
                Output::TellConnected(agents) => {
                    self.tell_connected(agents);
                    Ok(())
                }
                Output::Push { notice, conversations } => {
                    self.push(notice, conversations);
                    Ok(())
                }
            };
            if let Err(error) = stored {
                // The list is rebuilt from the next messages; no message depends on it.
                console_error!("cannot store: {error}");
            }
        }
        self.count();
        self.set_timer();
        if let Some(at) = self.with(|machine| machine.look_at()).flatten() {
            self.alarm.wake_at(&self.state, at);
        }
    }

    /// A short timer in memory: what it would tell after a restart is told by then anyway.
    fn set_timer(self: &Rc<Self>) {
        let Some(at) = self.with(|machine| machine.poll_timeout()).flatten() else { return };
        if self.timer_at.get().is_some_and(|set| set <= at) {
            return;
        }
        self.timer_at.set(Some(at));
        let driver = Rc::clone(self);
        self.state.wait_until(async move {
            Delay::from(Duration::from_millis(at.saturating_sub(now_ms()))).await;
            driver.timer_at.set(None);
            driver.input(Input::Timeout);
        });
    }

    fn tell_connected(self: &Rc<Self>, agents: Vec<AgentId>) {
        let Some(site) = self.with(|machine| machine.id().clone()) else { return };
        let driver = Rc::clone(self);
        self.state.wait_until(async move {
            let answer = to_gate(&driver.env, GateCall::Connected { site, agents }).await;
            let ConnectedAnswer { good, retry_after_ms } = answer.unwrap_or_else(|error| {
                console_error!("the gate was not told who is connected: {error}");
                ConnectedAnswer { good: false, retry_after_ms: 0 }
            });
            driver.input(Input::ToldConnected { good, retry_after_ms });
        });
    }

    fn push(self: &Rc<Self>, notice: Notice, conversations: Vec<ConversationId>) {
        let Some(site) = self.with(|machine| machine.id().clone()) else { return };
        let driver = Rc::clone(self);
        self.state.wait_until(async move {
            for some in conversations.chunks(PUSHES_AT_ONCE) {
                let tell = some.iter().map(|conversation| {
                    let call = ConversationCall::Notice { notice: notice.clone() };
                    to_conversation::<()>(&driver.env, &site, conversation, call)
                });
                for told in futures_util::future::join_all(tell).await {
                    if let Err(error) = told {
                        // It learns with its next message.
                        console_error!("a conversation was not told of the mode: {error}");
                    }
                }
            }
        });
    }

    // ---- the list of conversations ----

    fn summaries(&self) -> Result<Vec<Summary>> {
        if !self.sql.has_table("summaries")? {
            return Ok(Vec::new());
        }
        let rows = self.sql.rows("SELECT summary FROM summaries", vec![])?;
        let text = rows.into_iter().filter_map(|row| row.into_iter().next().and_then(sql::as_text));
        Ok(text.filter_map(|text| serde_json::from_str(&text).ok()).collect())
    }

    fn store_summary(&self, summary: &Summary) -> Result<()> {
        let columns = "(conversation TEXT PRIMARY KEY, summary TEXT NOT NULL) WITHOUT ROWID";
        self.sql.make_table("summaries", columns)?;
        self.sql.run(
            "INSERT INTO summaries (conversation, summary) VALUES (?, ?) \
             ON CONFLICT (conversation) DO UPDATE SET summary = excluded.summary",
            vec![summary.conversation.as_str().into(), sql::json(summary)?],
        )
    }

    fn forget_summary(&self, conversation: &ConversationId) -> Result<()> {
        self.sql.run("DELETE FROM summaries WHERE conversation = ?", vec![conversation.as_str().into()])
    }
}
