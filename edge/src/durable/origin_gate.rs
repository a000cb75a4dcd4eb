//! OriginGate on workerd. Calls to conversations and to the origin are futures of their own; each brings its answer
//! back as an input. The alarm is the safety net after a crash; between, a timer in memory is enough.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_channel::oneshot;
use shared::Millis;
use shared::event::{Event, Receipt, Resource, ResourceStatus};
use shared::id::{AgentId, ConversationId, SiteId};
use shared::mode::Mode;
use worker::{
    Delay, DurableObject, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
    console_error, console_log, durable_object,
};

use crate::jwt::Jwks;
use crate::origin_gate::{Call, Class, Input, Key, OriginGate as Machine, Output, Spell, Told, Turn, Whose};

use super::calls::{
    AgentsAnswer, Announced, ConnectedAnswer, ConversationCall, GateCall, GateStatus, Keys, Pulled,
    SettingsAnswer, Settled, SiteCall, answer, body_of, to_conversation, to_site,
};
use super::counts::{self, Count, Object};
use super::origin::{Fetched, Origin, Outcome, Posted};
use super::sql::{self, Sql};
use super::{now_ms, random_id, random_seed};

/// The alarm that wakes a crashed gate while somebody waits.
const SAFETY_NET_MS: Millis = 2_000;
/// An unknown key is worth at most one look at the origin's keys in this time.
const JWKS_EVERY_MS: Millis = 60_000;
/// Without any key nobody can log in, so the first ones are asked for more often.
const FIRST_JWKS_EVERY_MS: Millis = 2_000;
/// How often a site is told of a mode before it is left to learn with its next question.
const TELL_ATTEMPTS: usize = 3;
/// A wrong configuration does not mend itself.
const NOT_CONFIGURED_AGAIN_MS: Millis = 60_000;
/// Conversations that the gate keeps an index of. Of more, the announcement is answered with a later one.
const MAX_INDEX: usize = 100_000;

/// A call about accounts that was not made.
struct Shed {
    retry_after_ms: Millis,
    of: Whose,
}

/// Nobody is there to make it any more.
const GONE: Shed = Shed { retry_after_ms: 0, of: Whose::Everybody };

#[durable_object]
pub struct OriginGate {
    driver: Rc<Driver>,
}

struct Driver {
    state: State,
    env: Env,
    sql: Sql,
    machine: RefCell<Machine>,
    spell: Cell<Spell>,
    alarm_at: Cell<Option<Millis>>,
    timer_at: Cell<Option<Millis>>,
    jwks_asked_at: Cell<Option<Millis>>,
    /// Who waits for the machine's leave to call the origin about accounts.
    calls: RefCell<BTreeMap<Call, oneshot::Sender<Told>>>,
    last_call: Cell<u64>,
}

impl DurableObject for OriginGate {
    fn new(state: State, env: Env) -> Self {
        let sql = Sql::of(Object::OriginGate, &state);
        let index = index(&sql).unwrap_or_else(|error| {
            // Conversations announce themselves again; nothing is lost, it only takes longer.
            console_error!("cannot read the index: {error}");
            Vec::new()
        });
        let mut machine = Machine::new(now_ms(), index, random_seed());
        let spell = spell(&sql);
        let learned = sql.load_value("learned").ok().flatten().unwrap_or_default();
        machine.resume(now_ms(), spell.unwrap_or_default().mode, &learned);
        let driver = Driver {
            state,
            env,
            sql,
            machine: RefCell::new(machine),
            spell: Cell::new(spell.unwrap_or_default()),
            alarm_at: Cell::new(None),
            timer_at: Cell::new(None),
            jwks_asked_at: Cell::new(None),
            calls: RefCell::default(),
            last_call: Cell::new(0),
        };
        OriginGate { driver: Rc::new(driver) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let driver = &self.driver;
        match body_of(&mut request).await? {
            GateCall::Announce { site, conversation, backlog } => {
                let key = Key { site, conversation };
                if driver.machine.borrow().backlogged() < MAX_INDEX {
                    driver.input(Input::Announced(key.clone()));
                }
                driver.machine.borrow_mut().waits(&key, backlog);
                answer(&Announced { again_ms: driver.machine.borrow().again_ms() })
            }
            GateCall::Connected { site, agents } => answer(&driver.connected(site, agents).await),
            GateCall::Settings { site } => answer(&driver.settings(site).await),
            GateCall::Jwks { unknown_kid } => answer(&driver.keys(unknown_kid).await),
            GateCall::Claimed { status } => {
                let ResourceStatus { resource, status, output } = status;
                console_log!("the origin says of its {resource:?}: {status:?} {output}");
                driver.input(Input::Claimed { resource, status });
                answer(&())
            }
            GateCall::Agents { site, path, bearer, body } => {
                answer(&driver.agents(site, path, bearer, body).await)
            }
            GateCall::Status {} => answer(&driver.status()),
        }
    }

    async fn websocket_message(&self, _: WebSocket, _: WebSocketIncomingMessage) -> Result<()> {
        Ok(())
    }

    async fn websocket_close(&self, _: WebSocket, _: usize, _: String, _: bool) -> Result<()> {
        Ok(())
    }

    async fn websocket_error(&self, _: WebSocket, _: worker::Error) -> Result<()> {
        Ok(())
    }

    async fn alarm(&self) -> Result<Response> {
        self.driver.alarm_at.set(None);
        self.driver.input(Input::Timeout);
        Response::ok("")
    }
}

impl Driver {
    fn input(self: &Rc<Self>, input: Input) {
        self.machine.borrow_mut().handle(now_ms(), input);
        loop {
            let Some(output) = self.machine.borrow_mut().poll_output() else { break };
            self.perform(output);
        }
        self.set_timers();
    }

    fn perform(self: &Rc<Self>, output: Output) {
        match output {
            Output::Remember(key) => self.stored(remember(&self.sql, &key)),
            Output::Forget(key) => self.stored(forget(&self.sql, &key)),
            Output::Pull { turn, key, max } => {
                self.later(move |driver| async move { driver.pull(turn, key, max).await });
            }
            Output::Post { turn, events, deadline_ms } => {
                self.later(move |driver| async move { driver.post(turn, events, deadline_ms).await });
            }
            Output::Probe { turn, deadline_ms } => {
                let probe = vec![Event::probe(format!("probe-{}", random_id()))];
                self.later(move |driver| async move { driver.post(turn, probe, deadline_ms).await });
            }
            Output::Call(told) => {
                let (Told::Begin { call, .. } | Told::Shed { call, .. }) = told;
                if let Some(caller) = self.calls.borrow_mut().remove(&call) {
                    // A caller that has gone wants nothing more.
                    let _ = caller.send(told);
                }
            }
            Output::Settle { turn, key, receipts } => {
                self.later(move |driver| async move { driver.settle(turn, key, receipts).await });
            }
            Output::Mode { mode, reason } => {
                console_log!("mode {} {reason}", mode.as_str());
                self.spell.set(self.spell.get().told(now_ms(), mode));
                self.stored(self.sql.save_value("mode", &self.spell.get()));
                self.later(move |driver| async move { driver.tell_sites(mode, reason).await });
            }
            Output::Learned(learned) => self.stored(self.sql.save_value("learned", &learned)),
            Output::AskHealth => self.later(|driver| async move { driver.ask_health().await }),
        }
    }

    fn stored(&self, result: Result<()>) {
        if let Err(error) = result {
            // The index is not the truth: a conversation announces itself again.
            console_error!("cannot store the index: {error}");
        }
    }

    fn later<F: Future<Output = ()> + 'static>(self: &Rc<Self>, task: impl FnOnce(Rc<Self>) -> F) {
        self.state.wait_until(task(Rc::clone(self)));
    }

    async fn pull(self: Rc<Self>, turn: Turn, key: Key, max: usize) {
        let call = ConversationCall::Pull { max };
        let pulled = to_conversation::<Pulled>(&self.env, &key.site, &key.conversation, call).await;
        let events = pulled.ok().map(|Pulled { events, backlog }| {
            self.machine.borrow_mut().waits(&key, backlog);
            events
        });
        self.input(Input::Pulled { turn, key, events });
    }

    async fn post(self: Rc<Self>, turn: Turn, events: Vec<Event>, deadline_ms: Millis) {
        let Posted { answer, pause_ms } = match Origin::new(&self.env) {
            Ok(origin) => origin.post(&events, deadline_ms).await,
            Err(error) => {
                console_error!("{error}");
                Posted::bad("origin-not-configured")
            }
        };
        self.spent(Resource::Messages, pause_ms);
        self.input(Input::Answered { turn, answer });
    }

    fn spent(self: &Rc<Self>, resource: Resource, pause_ms: Millis) {
        if pause_ms > 0 {
            console_log!("the origin's quota for {resource:?} is spent for {} s", pause_ms / 1_000);
            self.input(Input::Spent { resource, pause_ms });
        }
    }

    /// What the origin says about itself. Where it says nothing, its deeds speak.
    async fn ask_health(self: Rc<Self>) {
        let Ok(origin) = Origin::new(&self.env) else { return };
        for (resource, status) in origin.health().await {
            self.input(Input::Claimed { resource, status });
        }
    }

    async fn settle(self: Rc<Self>, turn: Turn, key: Key, receipts: Vec<Receipt>) {
        let call = ConversationCall::Receipts { receipts };
        let settled = to_conversation::<Settled>(&self.env, &key.site, &key.conversation, call).await;
        let backlog = settled.map(|settled| settled.backlog).ok();
        self.input(Input::Settled { turn, key, backlog });
    }

    async fn tell_sites(self: Rc<Self>, mode: Mode, reason: &'static str) {
        let sites: Vec<SiteId> = self.sql.load_value("sites").ok().flatten().unwrap_or_default();
        for site in sites {
            for _ in 0..TELL_ATTEMPTS {
                // A newer mode is told by its own task.
                if self.machine.borrow().mode().0 != mode {
                    return;
                }
                let call = SiteCall::Mode { mode, reason: reason.to_owned() };
                match to_site::<()>(&self.env, &site, call).await {
                    Ok(()) => break,
                    Err(error) => console_error!("a site was not told of the mode: {error}"),
                }
            }
        }
    }

    /// Makes a call about accounts once the machine allows it, and tells the machine what came of it; where it
    /// is shed, after how long it may be wanted again. The call is a task of its own: whoever asked may hang up, and the machine hears of its end all the same.
    async fn about_accounts<T: 'static, F: Future<Output = (T, Outcome)> + 'static>(
        self: &Rc<Self>,
        site: Option<SiteId>,
        class: Class,
        timed: bool,
        make: impl FnOnce(Origin, Millis) -> F + 'static,
    ) -> std::result::Result<T, Shed> {
        let not_configured = |error: worker::Error| {
            console_error!("{error}");
            Shed { retry_after_ms: NOT_CONFIGURED_AGAIN_MS, of: Whose::Everybody }
        };
        let origin = Origin::new(&self.env).map_err(not_configured)?;
        let call = Call(self.last_call.get() + 1);
        self.last_call.set(call.0);
        let (allow, told) = oneshot::channel();
        let (bring, answer) = oneshot::channel();
        self.calls.borrow_mut().insert(call, allow);
        self.later(move |driver| async move {
            let answer = match told.await {
                Ok(Told::Begin { deadline_ms, .. }) => {
                    let (answer, Outcome { good, retry_after_ms, pause_ms }) =
                        make(origin, deadline_ms).await;
                    driver.spent(Resource::Accounts, pause_ms);
                    driver.input(Input::Ended { call, good, retry_after_ms });
                    Ok(answer)
                }
                Ok(Told::Shed { retry_after_ms, of, .. }) => Err(Shed { retry_after_ms, of }),
                Err(oneshot::Canceled) => Err(GONE),
            };
            // Whoever has hung up wants nothing more.
            let _ = bring.send(answer);
        });
        self.input(Input::Asked { call, site, class, timed });
        answer.await.unwrap_or(Err(GONE))
    }

    /// A log in hashes a password: how long it takes says nothing.
    async fn agents(
        self: &Rc<Self>,
        site: SiteId,
        path: String,
        bearer: Option<String>,
        body: String,
    ) -> AgentsAnswer {
        let call = async move |origin: Origin, _| {
            let answered = origin.agents(&path, bearer.as_deref(), &body).await.ok();
            let good = matches!(&answered, Some(AgentsAnswer::Answered { status, .. }) if *status < 500);
            (answered.unwrap_or(AgentsAnswer::Unreachable), Outcome::silent(good))
        };
        match self.about_accounts(Some(site), Class::P3, false, call).await {
            Ok(answer) => answer,
            Err(Shed { retry_after_ms, of }) => AgentsAnswer::Shed { retry_after_ms, of },
        }
    }

    /// Telling is P4: it waits for whatever people wait for.
    async fn connected(self: &Rc<Self>, site: SiteId, agents: Vec<AgentId>) -> ConnectedAnswer {
        let whose = site.clone();
        let call = async move |origin: Origin, deadline_ms| {
            let told = origin.connected(&whose, agents, deadline_ms).await;
            (told, told)
        };
        match self.about_accounts(Some(site), Class::P4, true, call).await {
            Ok(Outcome { good, retry_after_ms, .. }) => ConnectedAnswer { good, retry_after_ms },
            Err(Shed { retry_after_ms, .. }) => ConnectedAnswer { good: false, retry_after_ms },
        }
    }

    fn status(&self) -> GateStatus {
        let machine = self.machine.borrow();
        GateStatus {
            spell: self.spell.get(),
            reason: machine.mode().1.to_owned(),
            progress: machine.progress(now_ms()),
        }
    }

    async fn settings(self: &Rc<Self>, site: SiteId) -> SettingsAnswer {
        let wanted = site.clone();
        let call = async move |origin: Origin, deadline_ms| origin.settings(&wanted, deadline_ms).await;
        let sites: Vec<SiteId> = self.sql.load_value("sites").ok().flatten().unwrap_or_default();
        // SITE-1: one that was never known may be made up.
        let (whose, class) =
            if sites.contains(&site) { (Some(site.clone()), Class::P3) } else { (None, Class::P5) };
        match self.about_accounts(whose, class, true, call).await.unwrap_or(Fetched::Failed) {
            Fetched::Good(settings) => {
                let mut sites: Vec<SiteId> = self.sql.load_value("sites").ok().flatten().unwrap_or_default();
                if !sites.contains(&site) {
                    sites.push(site);
                    self.stored(self.sql.save_value("sites", &sites));
                }
                let (mode, reason) = self.machine.borrow().mode();
                SettingsAnswer::Settings { settings: Box::new(settings), mode, reason: reason.to_owned() }
            }
            Fetched::NotFound => SettingsAnswer::UnknownSite,
            Fetched::Failed => SettingsAnswer::Unreachable,
        }
    }

    /// The last good keys. The origin is asked on first need, at most every 2 s, and for an unknown key at most once a
    /// minute.
    async fn keys(self: &Rc<Self>, unknown_kid: bool) -> Keys {
        let stored: Option<Jwks> = self.sql.load_value("jwks").ok().flatten();
        let now = now_ms();
        let every_ms = if stored.is_some() { JWKS_EVERY_MS } else { FIRST_JWKS_EVERY_MS };
        let asked_lately = self.jwks_asked_at.get().is_some_and(|at| now < at + every_ms);
        if asked_lately || (stored.is_some() && !unknown_kid) {
            return Keys { keys: stored };
        }
        self.jwks_asked_at.set(Some(now));
        let call = async |origin: Origin, deadline_ms| origin.jwks(deadline_ms).await;
        match self.about_accounts(None, Class::P3, true, call).await.unwrap_or(Fetched::Failed) {
            Fetched::Good(keys) => {
                if stored.as_ref() != Some(&keys) {
                    self.stored(self.sql.save_value("jwks", &keys));
                }
                Keys { keys: Some(keys) }
            }
            Fetched::NotFound | Fetched::Failed => Keys { keys: stored },
        }
    }

    fn set_timers(self: &Rc<Self>) {
        let (wake_at, urgent) = {
            let machine = self.machine.borrow();
            // What must happen although the object may die before: a delivery, and the way back to normal.
            (machine.poll_timeout(), machine.backlogged() > 0 || machine.mode().0 != Mode::Normal)
        };
        let now = now_ms();
        if urgent && self.alarm_at.get().is_none_or(|at| at <= now) {
            self.alarm_at.set(Some(now + SAFETY_NET_MS));
            counts::add(Count::AlarmsSet(Object::OriginGate), 1);
            let storage = self.state.storage();
            self.state.wait_until(async move {
                if let Err(error) = storage.set_alarm(SAFETY_NET_MS as i64).await {
                    console_error!("cannot set the alarm: {error}");
                }
            });
        }
        let Some(at) = wake_at else { return };
        if self.timer_at.get().is_some_and(|set| set <= at) {
            return;
        }
        self.timer_at.set(Some(at));
        self.later(move |driver| async move {
            Delay::from(Duration::from_millis(at.saturating_sub(now_ms()))).await;
            // A timer that was replaced by an earlier one finds another time here.
            if driver.timer_at.get() == Some(at) {
                driver.timer_at.set(None);
                driver.input(Input::Timeout);
            }
        });
    }
}

/// The mode in which a former instance ended. One of an earlier version stored it alone.
fn spell(sql: &Sql) -> Option<Spell> {
    let earlier = || sql.load_value("mode").ok().flatten().map(|mode| Spell { mode, ..Spell::default() });
    sql.load_value("mode").ok().flatten().or_else(earlier)
}

// ---- the stored index of who has a backlog ----

fn index(sql: &Sql) -> Result<Vec<Key>> {
    if !sql.has_table("backlog")? {
        return Ok(Vec::new());
    }
    let rows = sql.rows("SELECT site, conversation FROM backlog", vec![])?;
    let key = |row: Vec<worker::SqlStorageValue>| {
        let [site, conversation] = <[_; 2]>::try_from(row).ok()?;
        Some(Key {
            site: SiteId::parse(&sql::as_text(site)?)?,
            conversation: ConversationId::parse(&sql::as_text(conversation)?)?,
        })
    };
    Ok(rows.into_iter().filter_map(key).collect())
}

fn remember(sql: &Sql, key: &Key) -> Result<()> {
    let columns = "(site TEXT, conversation TEXT, PRIMARY KEY (site, conversation)) WITHOUT ROWID";
    sql.make_table("backlog", columns)?;
    let insert = "INSERT OR IGNORE INTO backlog (site, conversation) VALUES (?, ?)";
    sql.run(insert, vec![key.site.as_str().into(), key.conversation.as_str().into()])
}

fn forget(sql: &Sql, key: &Key) -> Result<()> {
    let delete = "DELETE FROM backlog WHERE site = ? AND conversation = ?";
    sql.run(delete, vec![key.site.as_str().into(), key.conversation.as_str().into()])
}
