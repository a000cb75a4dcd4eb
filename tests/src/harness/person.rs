//! A visitor or an agent: the real session machine of the widget and the console, on a real socket. What a browser
//! would keep in its storage is kept here in memory, and survives [`Person::reload`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use shared::close::CloseCode;
use shared::codec::Saved;
use shared::frame::{ClientFrame, EdgeFrame};
use shared::id::{MessageId, WriterId};
use shared::session::{Input, Link, MessageState, Output, Role, Row, Session, Standing};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, handshake::client::Request};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::wait;

type Socket = WebSocketStream<TcpStream>;

/// Where a person's links go, and with what.
#[derive(Clone)]
pub struct Door {
    /// The port that is connected to, which may be a proxy's.
    pub port: u16,
    pub host: &'static str,
    pub path: String,
    /// An agent's cookie.
    pub cookie: Option<String>,
}

impl Door {
    pub fn visitor(port: u16) -> Door {
        Door { port, host: "localhost", path: "/v1/sites/demo/link".into(), cookie: None }
    }

    pub fn inbox(port: u16, cookie: &str) -> Door {
        let path = "/v1/sites/demo/agents/link".into();
        Door { port, host: "console.localhost", path, cookie: Some(cookie.into()) }
    }

    pub fn conversation(port: u16, cookie: &str, conversation: &str) -> Door {
        let path = format!("/v1/sites/demo/agents/link?conversation={conversation}");
        Door { port, host: "console.localhost", path, cookie: Some(cookie.into()) }
    }
}

/// What can be seen of a person from outside; a copy of the session's view.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub standing: Option<Standing>,
    pub conversation: Option<String>,
    pub rows: Vec<Row>,
    pub mode: String,
    pub agents: u64,
    pub inbox: Vec<shared::frame::Summary>,
    pub other_is_typing: bool,
    pub unread: u64,
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
    commands: mpsc::UnboundedSender<Input>,
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
        Person::begin(Role::Visitor, Door::visitor(port), Arc::default())
    }

    pub fn agent(door: Door) -> Person {
        Person::begin(Role::Agent, door, Arc::default())
    }

    pub fn inbox(door: Door) -> Person {
        Person::begin(Role::Inbox, door, Arc::default())
    }

    fn begin(role: Role, door: Door, kept: Arc<Mutex<Kept>>) -> Person {
        let (commands, inbox) = mpsc::unbounded_channel();
        let view = Arc::new(Mutex::new(View::default()));
        let driver = Driver {
            session: Session::new(role, WriterId::parse(&random_name()).expect("a name"), rand_seed()),
            began: Instant::now(),
            door: door.clone(),
            view: Arc::clone(&view),
            kept: Arc::clone(&kept),
            sink: None,
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
    sink: Option<(Link, SplitSink<Socket, Message>)>,
}

enum Happened {
    Input(Input),
    Opened(Link, Box<Socket>),
}

impl Driver {
    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Input>) {
        let (happen, mut happened) = mpsc::unbounded_channel::<Happened>();
        let saved = self.kept.lock().expect("a storage").saved.values().cloned().collect();
        self.input(Input::Start { saved }, &happen).await;
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
                Some(what) = happened.recv() => match what {
                    Happened::Input(input) => input,
                    Happened::Opened(link, socket) => {
                        let (sink, stream) = (*socket).split();
                        self.sink = Some((link, sink));
                        tokio::spawn(listen(link, stream, happen.clone()));
                        Input::Opened(link)
                    }
                },
                () = timer => Input::Timeout,
            };
            self.input(input, &happen).await;
        }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    async fn input(&mut self, input: Input, happen: &mpsc::UnboundedSender<Happened>) {
        let now = self.now();
        self.session.handle(now, input);
        while let Some(output) = self.session.poll_output() {
            self.perform(output, happen).await;
        }
        let session = &self.session;
        *self.view.lock().expect("a view") = View {
            standing: Some(session.standing()),
            conversation: session.conversation().map(ToString::to_string),
            rows: session.rows(),
            mode: session.notice().mode.as_str().to_owned(),
            agents: session.notice().agents,
            inbox: session.inbox().to_vec(),
            other_is_typing: session.other_is_typing(),
            unread: session.unread(),
        };
    }

    async fn perform(&mut self, output: Output, happen: &mpsc::UnboundedSender<Happened>) {
        match output {
            Output::Open(link) => {
                let request = self.request();
                let (port, happen) = (self.door.port, happen.clone());
                tokio::spawn(async move {
                    let _ = happen.send(match connect(port, request).await {
                        Some(socket) => Happened::Opened(link, Box::new(socket)),
                        None => Happened::Input(Input::Closed(link, CloseCode::ABNORMAL)),
                    });
                });
            }
            Output::Send(link, frame) => self.send(link, &frame).await,
            Output::Close(link, _) => {
                if let Some((_, mut sink)) = self.sink.take_if(|(open, _)| *open == link) {
                    let _ = sink.close().await;
                }
            }
            Output::Save(saved) => {
                self.kept.lock().expect("a storage").saved.insert(saved.id.clone(), saved);
            }
            Output::Erase(id) => {
                self.kept.lock().expect("a storage").saved.remove(&id);
            }
            Output::Token(token) => self.kept.lock().expect("a storage").token = Some(token),
            Output::Changed => {}
        }
    }

    async fn send(&mut self, link: Link, frame: &ClientFrame) {
        if let Some((open, sink)) = &mut self.sink
            && *open == link
        {
            let text = shared::codec::encode(std::slice::from_ref(frame));
            let _ = sink.send(Message::text(text)).await;
        }
    }

    fn request(&self) -> Request {
        let Door { port, host, path, cookie } = &self.door;
        let mut request = format!("ws://{host}:{port}{path}").into_client_request().expect("a request");
        let headers = request.headers_mut();
        let mut offer = "seawall.v1".to_owned();
        if let Some(token) = &self.kept.lock().expect("a storage").token {
            offer.push_str(", token.");
            offer.push_str(token);
        }
        headers.insert("sec-websocket-protocol", offer.parse().expect("a header"));
        if let Some(cookie) = cookie {
            headers.insert("cookie", cookie.parse().expect("a header"));
            headers.insert("origin", format!("http://{host}:{port}").parse().expect("a header"));
        }
        request
    }
}

async fn connect(port: u16, request: Request) -> Option<Socket> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let handshake = client_async(request, stream);
    Some(tokio::time::timeout(Duration::from_secs(15), handshake).await.ok()?.ok()?.0)
}

async fn listen(
    link: Link,
    mut stream: futures_util::stream::SplitStream<Socket>,
    happen: mpsc::UnboundedSender<Happened>,
) {
    let mut code = CloseCode::ABNORMAL;
    while let Some(Ok(message)) = stream.next().await {
        match message {
            Message::Text(text) => {
                let frames: Option<Vec<EdgeFrame>> = shared::codec::decode(&text);
                let input = frames.map_or(Input::Garbage(link), |frames| Input::Frames(link, frames));
                if happen.send(Happened::Input(input)).is_err() {
                    return;
                }
            }
            Message::Close(frame) => {
                code = frame.map_or(CloseCode::ABNORMAL, |frame| CloseCode(frame.code.into()));
                break;
            }
            _ => {}
        }
    }
    let _ = happen.send(Happened::Input(Input::Closed(link, code)));
}

fn rand_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

fn random_name() -> String {
    format!("w{:016x}{:016x}", rand_seed(), rand_seed())
}
