//! Conversation on workerd: SQLite for the log, hibernating sockets, one alarm as the safety net.

mod crowd;
mod disk;
mod news;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use shared::Millis;
use shared::close::CloseCode;
use shared::frame::ClientFrame;
use shared::id::{ConversationId, SiteId};
use shared::message::Side;
use worker::{
    DurableObject, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage, console_error,
    durable_object,
};

use crate::admission::TooMany;
use crate::conversation::{Conversation as Machine, Input, LinkId, LinkInfo, Output};
use crate::silence::Silence;

use super::alarm::Alarm;
use super::calls::{
    Announced, ConversationCall, ConversationLink, GateCall, Known, Pulled, Replied, Settled, ToConversation,
    Way, answer, body_of, link_of, to_gate,
};
use super::counts::{self, Count, Object};
use super::host::{self, Host};
use super::log::SqlLog;
use super::sockets::{Says, Sockets};
use super::sql::Sql;
use super::{admission, crowd, knowledge, now_ms, silent_ms};

use news::News;

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
    alarm: Rc<Alarm>,
    /// Links and whether they chat, as this instance has told the crowd.
    counted: Cell<Option<(u64, bool)>>,
    /// The latest news for the agents' list; of several that wait only the last is told.
    news: RefCell<Option<News>>,
    telling: Cell<bool>,
}

impl DurableObject for Conversation {
    fn new(state: State, env: Env) -> Self {
        let log = SqlLog(Sql::of(Object::Conversation, &state));
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
            alarm: Alarm::of(Object::Conversation),
            counted: Cell::new(None),
            news: RefCell::new(None),
            telling: Cell::new(false),
        };
        driver.with(|machine| machine.silence().ends_after(silent_ms(&driver.env)));
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
        self.heard.update(|heard| heard + 1);
        if frames.iter().any(|frame| matches!(frame, ClientFrame::Hello(_))) {
            self.spread();
            if self.with(|machine| machine.link(link).is_some_and(|info| info.greeted)) == Some(true) {
                self.ask_what_holds();
            }
        }
        match self.admitted(link, &frames) {
            Ok(()) => self.input(Input::Frames { link, frames }),
            Err(too_many) if too_many.reason == CloseCode::TOO_FAST.name() => {
                self.sockets.close(link, CloseCode::TOO_FAST);
                self.closed(link);
            }
            Err(TooMany { reason, taken, .. }) => {
                self.input(Input::TooMany { link, frames, taken, reason });
            }
        }
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
        self.with(|machine| machine.handle(now, Input::Heard(heard), &self.log));
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
                let answer = host::post(self, owner, link, &text, open).await;
                answer.response(set_cookie.as_deref())
            }
            Way::Leave { link } => host::leave(self, &owner, link).response(None),
        }
    }

    fn open(self: &Rc<Self>, facts: ConversationLink, link: LinkId) {
        let ConversationLink { site, conversation, peer, notice, token, client, .. } = facts;
        let client = Box::new(client);
        self.know(site, conversation);
        let begun = self.is_stored();
        // A conversation begins with a visitor's message: an agent's address alone makes none.
        if peer.side() == Side::Agent && !begun {
            return self.sockets.close(link, CloseCode::UNKNOWN_CONVERSATION);
        }
        self.input(Input::Opened { link, peer, notice, token, client });
    }

    fn call(
        self: &Rc<Self>,
        site: SiteId,
        conversation: ConversationId,
        call: ConversationCall,
    ) -> Result<Response> {
        self.know(site, conversation);
        let stored = self.is_stored();
        match call {
            ConversationCall::Pull { max } => {
                let events = self.with(|machine| machine.pull(now_ms(), max, &self.log)).unwrap_or_default();
                self.perform()?;
                answer(&Pulled { events, backlog: self.with(|machine| machine.backlog()).unwrap_or(0) })
            }
            ConversationCall::Receipts { receipts } => {
                self.told(Input::Receipts(receipts))?;
                answer(&Settled { backlog: self.with(|machine| machine.backlog()).unwrap_or(0) })
            }
            ConversationCall::Notice { notice } => {
                self.input(Input::Notice(notice));
                answer(&())
            }
            ConversationCall::Forget {} => {
                self.told(Input::Forget)?;
                answer(&())
            }
            ConversationCall::Spread {} => {
                let spread = crowd(|crowd| crowd.spread(now_ms()));
                self.input(Input::Spread { spread, again: true });
                answer(&())
            }
            ConversationCall::Reply { reply } => {
                // A reply never begins a conversation.
                let outcome = stored.then(|| self.with(|machine| machine.reply(now_ms(), *reply))).flatten();
                self.perform()?;
                let unknown = (shared::event::Outcome::Refused, "unknown-conversation".to_owned());
                let (result, reason) = outcome.unwrap_or(unknown);
                answer(&Replied { result, reason })
            }
        }
    }

    /// MODE-9: a silent conversation is not on the site's list, and nobody else would tell it.
    fn ask_what_holds(self: &Rc<Self>) {
        let Some((site, _)) = self.name() else { return };
        let driver = Rc::clone(self);
        self.state.wait_until(async move {
            let knowledge = knowledge::of(&driver.env, &site).await;
            if knowledge.known == Known::Yes {
                driver.input(Input::Notice(knowledge.notice));
            }
        });
    }

    /// LIMIT-1, asked of this isolate's memory: nobody waits for it.
    fn admitted(&self, link: LinkId, frames: &[ClientFrame]) -> std::result::Result<(), TooMany> {
        let machine = self.machine.borrow();
        let Some(machine) = machine.as_ref() else { return Ok(()) };
        let Some(info) = machine.link(link) else { return Ok(()) };
        let begins = !machine.has_begun();
        let sends = frames.iter().filter(|frame| matches!(frame, ClientFrame::Send(_))).count() as u64;
        let (now, here) = (now_ms(), (&info.site, &info.conversation));
        let admitted = admission(|admission| {
            admission.heard(now, here, link, &info.client.limits)?;
            match (sends, info.peer.side()) {
                (0, _) => Ok(()),
                (_, Side::Visitor) => admission.messages(now, here, &info.client, sends, begins),
                (_, Side::Agent) => admission.answers(now, here, &info.client.limits, sends),
            }
        });
        if let Err(TooMany { reason, taken, .. }) = admitted {
            counts::add(Count::Refused(reason), sends.max(1) - taken);
        }
        admitted
    }

    fn know(&self, site: SiteId, conversation: ConversationId) {
        self.machine.borrow_mut().get_or_insert_with(|| {
            let mut machine = match self.log.meta() {
                Some(meta) => Machine::restore(meta, Vec::new(), &self.log),
                None => Machine::new(site, conversation),
            };
            machine.silence().ends_after(silent_ms(&self.env));
            machine
        });
    }

    fn is_stored(&self) -> bool {
        self.with(|machine| machine.is_stored()).unwrap_or(false)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Machine) -> T) -> Option<T> {
        self.machine.borrow_mut().as_mut().map(act)
    }

    fn input(self: &Rc<Self>, input: Input) {
        // A link's client hears of a failure by its end.
        let _ = self.told(input);
    }

    /// The same for whoever waits for the outcome.
    fn told(self: &Rc<Self>, input: Input) -> Result<()> {
        host::look(&**self);
        self.with(|machine| machine.handle(now_ms(), input, &self.log));
        self.perform()
    }

    /// An error where something could not be stored: then nothing has happened.
    fn perform(self: &Rc<Self>) -> Result<()> {
        let mut says = Says::default();
        while let Some(output) = self.with(Machine::poll_output).flatten() {
            match output {
                Output::Store { messages, meta } => {
                    self.log
                        .store(&self.state, &messages, &meta)
                        .inspect_err(|error| self.cannot_store(error))?;
                    self.when_on_disk();
                }
                Output::Trim { upto_seq } => {
                    if let Err(error) = self.log.trim(upto_seq) {
                        console_error!("cannot trim: {error}");
                    }
                }
                Output::Forget { meta } => {
                    self.log.forget(&self.state, &meta).inspect_err(|error| self.cannot_store(error))?;
                }
                Output::TellGone => self.tell(News::Gone),
                Output::Delete => self.delete(),
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
                Output::Notify(summary) => self.tell(News::Line(summary)),
            }
        }
        says.say(&self.sockets);
        self.count();
        let wake_at = self.with(|machine| machine.poll_timeout().into_iter().chain(machine.look_at()).min());
        if let Some(at) = wake_at.flatten() {
            self.alarm.wake_at(&self.state, at);
        }
        Ok(())
    }

    /// Nothing of the conversation is left; the next link would find a new one.
    fn delete(self: &Rc<Self>) {
        self.machine.borrow_mut().take();
        self.alarm.unsure();
        self.log.0.unsure();
        let driver = Rc::clone(self);
        self.state.wait_until(async move {
            if let Err(error) = driver.state.storage().delete_all().await {
                console_error!("cannot delete: {error}");
            }
        });
    }

    fn announce(self: &Rc<Self>) {
        let Some((site, conversation)) = self.name() else { return };
        let driver = Rc::clone(self);
        self.state.wait_until(async move {
            let backlog = driver.with(|machine| machine.backlog()).unwrap_or(1);
            let call = GateCall::Announce { site, conversation, backlog };
            driver.input(match to_gate::<Announced>(&driver.env, call).await {
                Ok(Announced { again_ms }) => Input::Announced { again_ms },
                Err(_) => Input::AnnounceFailed,
            });
        });
    }

    fn name(&self) -> Option<(SiteId, ConversationId)> {
        self.with(|machine| (machine.meta().site.clone(), machine.meta().conversation.clone()))
    }
}
