//! Conversation on workerd: SQLite for the log, hibernating sockets, one alarm as the safety net.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use js_sys::Date as JsDate;
use shared::Millis;
use shared::close::CloseCode;
use shared::frame::{ClientFrame, Summary};
use shared::id::{ConversationId, MessageId, SiteId};
use shared::message::{Author, Message, Side};
use shared::mode::Notice;
use worker::{
    Delay, DurableObject, Env, Request, Response, Result, SqlStorage, State, WebSocket,
    WebSocketIncomingMessage, console_error, durable_object,
};

use crate::conversation::{Conversation as Machine, Input, LinkId, LinkInfo, Log, Meta, Output, Parked};

use super::calls::{
    Announced, ConversationCall, ConversationLink, GateCall, Pulled, Replied, Settled, SiteCall,
    ToConversation, Way, answer, body_of, link_of, to_gate, to_site,
};
use super::sockets::{self, Host, Says, Sockets, attachment, text};
use super::{now_ms, sql};

#[durable_object]
pub struct Conversation {
    driver: Rc<Driver>,
}

struct Driver {
    state: State,
    env: Env,
    log: SqlLog,
    sockets: Sockets,
    /// Nothing until the object knows which conversation it is.
    machine: RefCell<Option<Machine>>,
    /// How often frames have come so far.
    heard: Cell<u64>,
    /// When the alarm goes off, as far as this instance knows.
    alarm_at: Cell<Option<Millis>>,
    /// The latest line for the agents' list; of several that wait only the last is sent.
    summary: RefCell<Option<Summary>>,
    notifying: Cell<bool>,
}

impl DurableObject for Conversation {
    fn new(state: State, env: Env) -> Self {
        let log = SqlLog(state.storage().sql());
        let (sockets, links) = Sockets::restore(&state, |info: &LinkInfo| info.link);
        let machine = match (log.meta(), links.first().cloned()) {
            (Some(meta), _) => Some(Machine::restore(meta, links, &log)),
            (None, Some(first)) => Some(Machine::restore_unstored(first.site, first.conversation, links)),
            (None, None) => None,
        };
        let driver = Driver {
            state,
            env,
            log,
            sockets,
            machine: RefCell::new(machine),
            heard: Cell::new(0),
            alarm_at: Cell::new(None),
            summary: RefCell::new(None),
            notifying: Cell::new(false),
        };
        Conversation { driver: Rc::new(driver) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        if let Some(link) = link_of::<ConversationLink>(&request)? {
            return self.driver.link(link, request).await;
        }
        let ToConversation { site, conversation, call } = body_of(&mut request).await?;
        self.driver.call(site, conversation, call)
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        if let Some(LinkInfo { link, .. }) = attachment(&socket) {
            sockets::said(&self.driver, link, text(&message));
        }
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, _: usize, _: String, _: bool) -> Result<()> {
        let _ = socket.close(Some(CloseCode::NORMAL.0), Some("bye"));
        self.driver.socket_closed(&socket);
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _: worker::Error) -> Result<()> {
        self.driver.socket_closed(&socket);
        Ok(())
    }

    async fn alarm(&self) -> Result<Response> {
        self.driver.alarm_at.set(None);
        self.driver.input(Input::Timeout);
        Response::ok("")
    }
}

impl Host for Driver {
    fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    fn frames(self: &Rc<Self>, link: LinkId, frames: Vec<ClientFrame>) {
        self.heard.update(|heard| heard + 1);
        self.input(Input::Frames { link, frames });
    }

    fn closed(self: &Rc<Self>, link: LinkId) {
        self.input(Input::Closed { link });
    }
}

impl Driver {
    async fn link(self: &Rc<Self>, facts: ConversationLink, mut request: Request) -> Result<Response> {
        let set_cookie = facts.set_cookie.clone();
        let owner = facts.peer.author().to_string();
        match facts.way {
            Way::Socket { subprotocol } => {
                let (link, response) =
                    self.sockets.accept(&self.state, subprotocol, set_cookie.as_deref())?;
                self.open(facts, link);
                Ok(response)
            }
            Way::Post { link } => {
                let text = request.text().await?;
                let open = |link| self.open(facts, link);
                let answer = sockets::post(self, &self.state, owner, link, &text, open).await;
                answer.response(set_cookie.as_deref())
            }
            Way::Leave { link } => sockets::leave(self, &owner, link).response(None),
        }
    }

    fn open(self: &Rc<Self>, facts: ConversationLink, link: LinkId) {
        let ConversationLink { site, conversation, peer, notice, token, .. } = facts;
        let begun = self.log.meta().is_some();
        self.know(site, conversation);
        // A conversation begins with a visitor's message: an agent's address alone makes none.
        if peer.side() == Side::Agent && !begun {
            return self.sockets.close(link, CloseCode::UNKNOWN_CONVERSATION);
        }
        self.input(Input::Opened { link, peer, notice, token });
    }

    fn call(
        self: &Rc<Self>,
        site: SiteId,
        conversation: ConversationId,
        call: ConversationCall,
    ) -> Result<Response> {
        let stored = self.log.meta().is_some();
        self.know(site, conversation);
        match call {
            ConversationCall::Pull { max } => {
                let events = self.with(|machine| machine.pull(now_ms(), max, &self.log)).unwrap_or_default();
                self.perform();
                answer(&Pulled { events })
            }
            ConversationCall::Receipts { receipts } => {
                self.input(Input::Receipts(receipts));
                answer(&Settled { backlog: self.with(|machine| machine.backlog()).unwrap_or(0) })
            }
            ConversationCall::Notice { notice } => {
                self.input(Input::Notice(notice));
                answer(&())
            }
            ConversationCall::Reply { reply } => {
                // A reply never begins a conversation.
                let outcome = stored.then(|| self.with(|machine| machine.reply(now_ms(), *reply))).flatten();
                self.perform();
                let unknown = (shared::event::Outcome::Refused, "unknown-conversation".to_owned());
                let (result, reason) = outcome.unwrap_or(unknown);
                answer(&Replied { result, reason })
            }
        }
    }

    fn know(&self, site: SiteId, conversation: ConversationId) {
        self.machine.borrow_mut().get_or_insert_with(|| match self.log.meta() {
            Some(meta) => Machine::restore(meta, Vec::new(), &self.log),
            None => Machine::new(site, conversation),
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Machine) -> T) -> Option<T> {
        self.machine.borrow_mut().as_mut().map(act)
    }

    fn socket_closed(self: &Rc<Self>, socket: &WebSocket) {
        if let Some(LinkInfo { link, .. }) = attachment(socket) {
            self.sockets.forget(link);
            self.closed(link);
        }
    }

    fn input(self: &Rc<Self>, input: Input) {
        self.with(|machine| machine.handle(now_ms(), input, &self.log));
        self.perform();
    }

    fn perform(self: &Rc<Self>) {
        let mut says = Says::default();
        while let Some(output) = self.with(Machine::poll_output).flatten() {
            match output {
                Output::Store { messages, meta } => {
                    if let Err(error) = self.log.store(&self.state, &messages, &meta) {
                        self.cannot_store(&error);
                        return;
                    }
                    self.when_on_disk();
                }
                Output::Park(parked) => {
                    if let Err(error) = self.log.park(&parked) {
                        console_error!("cannot park: {error}");
                    }
                }
                Output::Send(link, frame) => says.push(link, frame),
                Output::Close(link, code) => {
                    says.say(&self.sockets);
                    self.sockets.close(link, code);
                }
                Output::Attach(info) => self.sockets.attach(info.link, &info),
                Output::Announce => self.announce(),
                Output::Notify(summary) => self.notify(summary),
            }
        }
        says.say(&self.sockets);
        if let Some(at) = self.with(|machine| machine.poll_timeout()).flatten() {
            self.wake_at(at);
        }
    }

    /// STORE-1: nothing that was not stored may be acknowledged. Without this instance the clients come back and send
    /// again.
    fn cannot_store(&self, error: &worker::Error) {
        console_error!("cannot store: {error}");
        self.machine.borrow_mut().take();
        for socket in self.state.get_websockets() {
            let _ = socket.close(Some(CloseCode::EDGE_ERROR.0), Some(CloseCode::EDGE_ERROR.name()));
        }
    }

    /// The platform holds the answers back by itself; the machine hears of it to store together what came meanwhile.
    fn when_on_disk(self: &Rc<Self>) {
        let driver = Rc::clone(self);
        let heard = self.heard.get();
        self.state.wait_until(async move {
            match sql::on_disk(&driver.state).await {
                Ok(()) => {
                    if !cfg!(feature = "commit-each") {
                        driver.hear_all(heard).await;
                    }
                    driver.input(Input::Stored);
                }
                Err(error) => driver.cannot_store(&error),
            }
        });
    }

    /// workerd syncs on the thread that reads the sockets, so most of what came meanwhile still waits in them, and is
    /// handed over message by message. Once something came, the rest is let in first, so that the next store takes
    /// it all together (STORE-2). Where nothing came, nothing waits.
    async fn hear_all(&self, mut heard: u64) {
        for _ in 0..MOST_TURNS {
            if self.heard.get() == heard {
                return;
            }
            heard = self.heard.get();
            Delay::from(Duration::ZERO).await;
        }
    }

    /// Setting an alarm costs a row, so one that goes off earlier is left alone.
    fn wake_at(&self, at: Millis) {
        if self.alarm_at.get().is_some_and(|set| set <= at) {
            return;
        }
        self.alarm_at.set(Some(at));
        let storage = self.state.storage();
        self.state.wait_until(async move {
            let date = JsDate::new(&(at as f64).into());
            if let Err(error) = storage.set_alarm(worker::ScheduledTime::new(date)).await {
                console_error!("cannot set the alarm: {error}");
            }
        });
    }

    fn announce(self: &Rc<Self>) {
        let Some((site, conversation)) = self.name() else { return };
        let driver = Rc::clone(self);
        self.state.wait_until(async move {
            let call = GateCall::Announce { site, conversation };
            driver.input(match to_gate::<Announced>(&driver.env, call).await {
                Ok(Announced { again_ms }) => Input::Announced { again_ms },
                Err(_) => Input::AnnounceFailed,
            });
        });
    }

    fn notify(self: &Rc<Self>, summary: Summary) {
        *self.summary.borrow_mut() = Some(summary);
        let Some((site, _)) = self.name() else { return };
        if self.notifying.replace(true) {
            return;
        }
        let driver = Rc::clone(self);
        self.state.wait_until(async move {
            loop {
                let Some(summary) = driver.summary.borrow_mut().take() else { break };
                let call = SiteCall::Notify { summary: Box::new(summary) };
                match to_site::<Notice>(&driver.env, &site, call).await {
                    Ok(notice) => driver.input(Input::Notice(notice)),
                    // The next message brings a newer line.
                    Err(error) => console_error!("the site was not told: {error}"),
                }
            }
            driver.notifying.set(false);
        });
    }

    fn name(&self) -> Option<(SiteId, ConversationId)> {
        self.with(|machine| (machine.meta().site.clone(), machine.meta().conversation.clone()))
    }
}

/// Of the platform's loop, in each of which something came: then it is stored, although more may come.
const MOST_TURNS: usize = 64;

/// The log in SQLite. Tables are made with the first message.
struct SqlLog(SqlStorage);

const COLUMNS: &str = "seq, id, author, name, text, at_ms";

impl SqlLog {
    fn meta(&self) -> Option<Meta> {
        sql::load_value(&self.0, "meta").unwrap_or_else(|error| {
            console_error!("cannot read the meta row: {error}");
            None
        })
    }

    /// All of it or nothing.
    fn store(&self, state: &State, messages: &[Message], meta: &Meta) -> Result<()> {
        sql::transaction(state, || self.write(messages, meta))
    }

    fn write(&self, messages: &[Message], meta: &Meta) -> Result<()> {
        sql::run(
            &self.0,
            "CREATE TABLE IF NOT EXISTS messages (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, author TEXT NOT NULL, \
             name TEXT NOT NULL, text TEXT NOT NULL, at_ms INTEGER NOT NULL)",
            vec![],
        )?;
        for message in messages {
            sql::run(
                &self.0,
                "INSERT INTO messages (seq, id, author, name, text, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
                vec![
                    sql::number(message.seq),
                    message.id.as_str().into(),
                    message.author.to_string().into(),
                    message.name.as_str().into(),
                    message.text.as_str().into(),
                    sql::number(message.at_ms),
                ],
            )?;
        }
        sql::save_value(&self.0, "meta", meta)
    }

    fn park(&self, parked: &Parked) -> Result<()> {
        let table = "CREATE TABLE IF NOT EXISTS parked (seq INTEGER PRIMARY KEY, reason TEXT NOT NULL)";
        sql::run(&self.0, table, vec![])?;
        let insert = "INSERT OR REPLACE INTO parked (seq, reason) VALUES (?, ?)";
        sql::run(&self.0, insert, vec![sql::number(parked.seq), parked.reason.as_str().into()])
    }

    fn read(&self, query: &str, bindings: [u64; 2]) -> Vec<Message> {
        let has_log = sql::has_table(&self.0, "messages").unwrap_or(false);
        let bindings = bindings.map(sql::number).to_vec();
        let rows = if has_log { sql::rows(&self.0, query, bindings) } else { Ok(Vec::new()) };
        let rows = rows.unwrap_or_else(|error| {
            console_error!("cannot read the log: {error}");
            Vec::new()
        });
        rows.into_iter().filter_map(message).collect()
    }
}

impl Log for SqlLog {
    fn after(&self, seq: u64, limit: u64) -> Vec<Message> {
        self.read(&format!("SELECT {COLUMNS} FROM messages WHERE seq > ? ORDER BY seq LIMIT ?"), [seq, limit])
    }

    fn before(&self, seq: u64, limit: u64) -> Vec<Message> {
        let query = format!("SELECT {COLUMNS} FROM messages WHERE seq < ? ORDER BY seq DESC LIMIT ?");
        let mut messages = self.read(&query, [seq, limit]);
        messages.reverse();
        messages
    }

    fn unread(&self, seq: u64) -> u64 {
        let query = "SELECT COUNT(*) FROM messages WHERE author = 'visitor' AND seq > ?";
        let rows = sql::rows(&self.0, query, vec![sql::number(seq)]).unwrap_or_default();
        rows.first().and_then(|row| row.first()).map_or(0, sql::as_number)
    }
}

fn message(row: Vec<worker::SqlStorageValue>) -> Option<Message> {
    let [seq, id, author, name, text, at_ms] = <[_; 6]>::try_from(row).ok()?;
    Some(Message {
        seq: sql::as_number(&seq),
        id: MessageId::parse(&sql::as_text(id)?)?,
        author: Author::parse(&sql::as_text(author)?)?,
        name: sql::as_text(name)?,
        text: sql::as_text(text)?,
        at_ms: sql::as_number(&at_ms),
    })
}
