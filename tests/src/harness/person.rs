//! A visitor or an agent: the real session machine of the widget and the console, on a real socket. What a browser
//! would keep in its storage is kept here in memory, and survives [`Person::reload`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use shared::codec::Saved;
use shared::frame::ClientFrame;
use shared::id::{MessageId, WriterId};
use shared::limits::MAX_FRAMES_PER_MESSAGE;
use shared::session::{Input, Link, MessageState, Output, Role, Row, Session, Standing, Transport};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::ledger;
use super::stack::{ADA, Stack};
use super::wait;
use super::wire::{Door, Wire};

/// What can be seen of a person from outside; a copy of the session's view.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub standing: Option<Standing>,
    pub transport: Transport,
    pub conversation: Option<String>,
    pub rows: Vec<Row>,
    pub mode: String,
    pub agents: u64,
    /// The agent who has written and is still there.
    pub here: String,
    pub inbox: Vec<shared::frame::Summary>,
    pub other_is_typing: bool,
    pub unread: u64,
    pub limited: bool,
    /// How many links this page has opened: 1 is one that never broke.
    pub links: u64,
}

impl View {
    pub fn texts(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.text.as_str()).collect()
    }

    pub fn state(&self, text: &str) -> Option<MessageState> {
        self.rows.iter().rev().find(|row| row.text == text)?.state.clone()
    }
}

pub struct Person {
    commands: UnboundedSender<Input>,
    view: Arc<Mutex<View>>,
    kept: Arc<Mutex<Kept>>,
    door: Door,
    role: Role,
    task: tokio::task::JoinHandle<()>,
}

/// A browser's storage.
#[derive(Default)]
struct Kept {
    saved: BTreeMap<MessageId, Saved>,
    token: Option<String>,
}

impl Person {
    pub fn visitor(port: u16) -> Person {
        Person::visitor_at(Door::visitor(port))
    }

    pub fn visitor_at(door: Door) -> Person {
        Person::begin(Role::Visitor, door, Arc::default())
    }

    /// Somebody who has been here before, with nothing in the browser's storage but the token.
    pub fn visitor_with(door: Door, token: &str) -> Person {
        let kept = Kept { token: Some(token.to_owned()), ..Kept::default() };
        Person::begin(Role::Visitor, door, Arc::new(Mutex::new(kept)))
    }

    pub fn agent(door: Door) -> Person {
        Person::begin(Role::Agent, door, Arc::default())
    }

    /// Ada, an agent, with the first conversation open of which the origin has heard.
    pub async fn ada(stack: &Stack) -> Person {
        let first = || async { ledger::read(stack).await.into_iter().next() };
        let conversation = wait::until("a message in the ledger", 30, first).await.conversation;
        let cookie = stack.log_in(ADA).await;
        let ada = Person::agent(Door::conversation(stack.edge_port, &cookie, &conversation));
        ada.live().await;
        ada
    }

    pub fn inbox(door: Door) -> Person {
        Person::begin(Role::Inbox, door, Arc::default())
    }

    fn begin(role: Role, door: Door, kept: Arc<Mutex<Kept>>) -> Person {
        let (commands, inbox) = unbounded_channel();
        let view = Arc::new(Mutex::new(View::default()));
        let driver = Driver {
            session: Session::new(role, WriterId::parse(&random_name()).expect("a name"), rand_seed()),
            began: Instant::now(),
            door: door.clone(),
            view: Arc::clone(&view),
            kept: Arc::clone(&kept),
            wire: None,
            links: 0,
        };
        let task = tokio::spawn(driver.run(inbox));
        Person { commands, view, kept, door, role, task }
    }

    /// Closes the page without a word and opens it again.
    pub fn reload(self) -> Person {
        self.task.abort();
        Person::begin(self.role, self.door.clone(), Arc::clone(&self.kept))
    }

    pub fn write(&self, text: &str) {
        let _ = self.commands.send(Input::Write(text.to_owned()));
    }

    pub fn input(&self, input: Input) {
        let _ = self.commands.send(input);
    }

    pub fn view(&self) -> View {
        self.view.lock().expect("a view").clone()
    }

    /// The visitor's token, as a browser's cookie would hold it.
    pub fn token(&self) -> String {
        self.kept.lock().expect("a storage").token.clone().expect("a welcome has brought one")
    }

    /// What the browser still keeps for the origin.
    pub fn kept(&self) -> usize {
        self.kept.lock().expect("a storage").saved.len()
    }

    /// Waits until this person sees what the condition asks for.
    pub async fn sees(&self, what: &str, limit_s: u64, condition: impl Fn(&View) -> bool) -> View {
        let look = || async {
            let view = self.view();
            condition(&view).then_some(view)
        };
        wait::until(&format!("{:?} sees {what}; now {:#?}", self.role, self.view()), limit_s, look).await
    }

    pub async fn live(&self) -> View {
        self.sees("a live link", 30, |view| view.standing == Some(Standing::Live)).await
    }

    /// Whether the edge knows the limit that lets a new visitor of the demo say less than four things at once.
    pub async fn is_limited(edge_port: u16) -> bool {
        let hasty = Person::visitor(edge_port);
        hasty.live().await;
        (1..=4).for_each(|n| hasty.write(&format!("{n}")));
        let all = |view: &View| view.state("4") == Some(MessageState::Sent);
        hasty.sees("that it has to wait, or all taken", 30, |view| view.limited || all(view)).await.limited
    }

    /// Waits until this own message has come at least as far.
    pub async fn has_come(&self, text: &str, state: &MessageState, limit_s: u64) {
        self.sees(&format!("{text:?} {state:?}"), limit_s, |view| {
            view.state(text).is_some_and(|now| rank(&now) >= rank(state))
        })
        .await;
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn rank(state: &MessageState) -> u8 {
    match state {
        MessageState::NotSent { .. } => 0,
        MessageState::Queued => 1,
        MessageState::Sent => 2,
        MessageState::Delivered => 3,
        MessageState::Seen => 4,
    }
}

/// The loop between the machine and its adapters, as the widget has one in the browser.
struct Driver {
    session: Session,
    began: Instant,
    door: Door,
    view: Arc<Mutex<View>>,
    kept: Arc<Mutex<Kept>>,
    wire: Option<Wire>,
    links: u64,
}

impl Driver {
    async fn run(mut self, mut commands: UnboundedReceiver<Input>) {
        let (feed, mut happened) = unbounded_channel();
        let saved = self.kept.lock().expect("a storage").saved.values().cloned().collect();
        self.input(Input::Start { saved }, &feed);
        loop {
            let now = self.now();
            let wake = self.session.poll_timeout().map(|at| Duration::from_millis(at.saturating_sub(now)));
            let timer = async move {
                match wake {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            let input = tokio::select! {
                Some(command) = commands.recv() => command,
                Some(input) = happened.recv() => input,
                () = timer => Input::Timeout,
            };
            self.input(input, &feed);
        }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn input(&mut self, input: Input, feed: &UnboundedSender<Input>) {
        let now = self.now();
        self.session.handle(now, input);
        let mut said = Vec::new();
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Send(link, frame) => said.push((link, frame)),
                other => self.perform(other, feed),
            }
        }
        self.say(said);
        let session = &self.session;
        *self.view.lock().expect("a view") = View {
            standing: Some(session.standing()),
            transport: session.transport(),
            conversation: session.conversation().map(ToString::to_string),
            rows: session.rows(),
            mode: session.notice().mode.as_str().to_owned(),
            agents: session.notice().agents,
            here: session.notice().here.clone(),
            inbox: session.inbox().to_vec(),
            other_is_typing: session.other_is_typing(),
            unread: session.unread(),
            limited: session.limited(),
            links: self.links,
        };
    }

    /// What is said at once goes out together, as the widget does it (FRAME-1).
    fn say(&self, said: Vec<(Link, ClientFrame)>) {
        let Some(wire) = &self.wire else { return };
        let frames: Vec<_> =
            said.into_iter().filter(|(link, _)| *link == wire.link).map(|(_, frame)| frame).collect();
        for together in frames.chunks(MAX_FRAMES_PER_MESSAGE) {
            wire.send(shared::codec::encode(together));
        }
    }

    fn perform(&mut self, output: Output, feed: &UnboundedSender<Input>) {
        match output {
            Output::Open(link) => {
                self.links += 1;
                let transport = self.door.transport.unwrap_or(self.session.transport());
                let token = self.kept.lock().expect("a storage").token.clone();
                self.wire = Some(Wire::open(&self.door, transport, token, link, feed.clone()));
            }
            Output::Close(link, _) => drop(self.wire.take_if(|wire| wire.link == link)),
            Output::Save(saved) => {
                self.kept.lock().expect("a storage").saved.insert(saved.id.clone(), saved);
            }
            Output::Erase(id) => {
                self.kept.lock().expect("a storage").saved.remove(&id);
            }
            Output::Token(token) => self.kept.lock().expect("a storage").token = Some(token),
            Output::Changed | Output::Send(..) => {}
        }
    }
}

fn rand_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

fn random_name() -> String {
    format!("w{:016x}{:016x}", rand_seed(), rand_seed())
}
