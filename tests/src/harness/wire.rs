//! What carries a person's link: a WebSocket, or POSTs where none gets through (POLL-1).

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::value::RawValue;
use shared::close::CloseCode;
use shared::frame::EdgeFrame;
use shared::session::{Input, Link, Transport};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Where a person's links go, and with what.
#[derive(Clone)]
pub struct Door {
    /// The port that is connected to, which may be a proxy's.
    pub port: u16,
    pub host: &'static str,
    pub path: String,
    /// An agent's cookie.
    pub cookie: Option<String>,
    /// Nothing leaves the choice to the session.
    pub transport: Option<Transport>,
    /// Whether WebSockets get through.
    pub websocket: bool,
    /// Where the client seems to be.
    pub address: String,
    /// Headers besides, or in place of those that the page would send.
    pub headers: Vec<(&'static str, String)>,
}

impl Door {
    pub fn visitor(port: u16) -> Door {
        Door {
            port,
            host: "localhost",
            path: "/v1/sites/demo/link".into(),
            cookie: None,
            transport: None,
            websocket: true,
            address: anywhere(),
            headers: Vec::new(),
        }
    }

    pub fn inbox(port: u16, cookie: &str) -> Door {
        let path = "/v1/sites/demo/agents/link".into();
        Door { path, host: "console.localhost", cookie: Some(cookie.into()), ..Door::visitor(port) }
    }

    pub fn conversation(port: u16, cookie: &str, conversation: &str) -> Door {
        let path = format!("/v1/sites/demo/agents/link?conversation={conversation}");
        Door { path, ..Door::inbox(port, cookie) }
    }

    /// Another site than the demo.
    pub fn of(self, site: &str) -> Door {
        Door { path: self.path.replace("/sites/demo/", &format!("/sites/{site}/")), ..self }
    }

    pub fn by(self, transport: Transport) -> Door {
        Door { transport: Some(transport), ..self }
    }

    pub fn with(mut self, header: &'static str, value: impl Into<String>) -> Door {
        self.headers.push((header, value.into()));
        self
    }

    /// A socket through this door.
    pub async fn connect(&self, token: Option<&str>) -> Option<WebSocketStream<TcpStream>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let handshake = client_async(self.handshake(token), stream);
        Some(tokio::time::timeout(Duration::from_secs(15), handshake).await.ok()?.ok()?.0)
    }

    pub fn own_page(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    pub fn handshake(&self, token: Option<&str>) -> Request {
        let Door { port, host, path, .. } = self;
        let mut request = format!("ws://{host}:{port}{path}").into_client_request().expect("a request");
        let headers = request.headers_mut();
        let token = token.map(|token| format!(", token.{token}")).unwrap_or_default();
        headers.insert("sec-websocket-protocol", format!("seawall.v1{token}").parse().expect("a header"));
        headers.insert(ADDRESS_HEADER, self.address.parse().expect("a header"));
        if let Some(cookie) = &self.cookie {
            headers.insert("cookie", cookie.parse().expect("a header"));
            headers.insert("origin", self.own_page().parse().expect("a header"));
        }
        for (name, value) in &self.headers {
            headers.insert(*name, value.parse().expect("a header"));
        }
        request
    }
}

/// The header of the tests' edge in which clients say where they are.
pub const ADDRESS_HEADER: &str = "x-test-address";

/// An address of one's own, so that nobody is limited because of somebody else.
pub fn anywhere() -> String {
    static LAST: AtomicU32 = AtomicU32::new(1 << 16);
    let [_, b, c, d] = LAST.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("10.{b}.{c}.{d}")
}

/// The way out of a link. Dropping it breaks the link without a word.
pub struct Wire {
    pub link: Link,
    texts: UnboundedSender<String>,
    task: tokio::task::JoinHandle<()>,
}

impl Wire {
    pub fn open(
        door: &Door,
        transport: Transport,
        token: Option<String>,
        link: Link,
        feed: UnboundedSender<Input>,
    ) -> Wire {
        let (texts, outgoing) = unbounded_channel();
        let door = door.clone();
        let task = tokio::spawn(async move {
            let code = match transport {
                Transport::WebSocket => socket(&door, token.as_deref(), link, outgoing, &feed).await,
                Transport::Poll => poll(&door, token, link, outgoing, &feed).await,
            };
            let _ = feed.send(Input::Closed(link, code.unwrap_or(CloseCode::ABNORMAL)));
        });
        Wire { link, texts, task }
    }

    pub fn send(&self, text: String) {
        let _ = self.texts.send(text);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn heard(link: Link, text: &str) -> Input {
    let frames: Option<Vec<EdgeFrame>> = shared::codec::decode(text);
    frames.map_or(Input::Garbage(link), |frames| Input::Frames(link, frames))
}

/// Until the link ends; nothing where it broke.
async fn socket(
    door: &Door,
    token: Option<&str>,
    link: Link,
    mut outgoing: UnboundedReceiver<String>,
    feed: &UnboundedSender<Input>,
) -> Option<CloseCode> {
    if !door.websocket {
        return None;
    }
    let (mut sink, mut stream) = door.connect(token).await?.split();
    feed.send(Input::Opened(link)).ok()?;
    loop {
        tokio::select! {
            text = outgoing.recv() => sink.send(Message::text(text?)).await.ok()?,
            message = stream.next() => match message?.ok()? {
                Message::Text(text) => feed.send(heard(link, &text)).ok()?,
                Message::Close(frame) => return frame.map(|frame| CloseCode(frame.code.into())),
                _ => {}
            },
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    link: Option<String>,
    frames: Option<Box<RawValue>>,
    close: Option<u16>,
}

/// The same by POSTs, as `www/poll.js` does it.
async fn poll(
    door: &Door,
    token: Option<String>,
    link: Link,
    mut outgoing: UnboundedReceiver<String>,
    feed: &UnboundedSender<Input>,
) -> Option<CloseCode> {
    let posts = Posts {
        client: Client::builder().timeout(Duration::from_secs(30)).build().ok()?,
        door: door.clone(),
        token,
        number: Arc::default(),
        link,
        feed: feed.clone(),
    };
    feed.send(Input::Opened(link)).ok()?;
    if let Some(code) = posts.post(outgoing.recv().await?).await? {
        return Some(code);
    }
    let sending = async {
        loop {
            match posts.post(outgoing.recv().await?).await {
                Some(None) => {}
                ended => return ended.flatten(),
            }
        }
    };
    let listening = async {
        loop {
            match posts.post("[]".to_owned()).await {
                Some(None) => posts.feed.send(heard(link, "[]")).ok()?,
                ended => return ended.flatten(),
            }
        }
    };
    tokio::select! { code = sending => code, code = listening => code }
}

struct Posts {
    client: Client,
    door: Door,
    token: Option<String>,
    /// The link's number at the edge.
    number: Arc<Mutex<Option<String>>>,
    link: Link,
    feed: UnboundedSender<Input>,
}

impl Posts {
    /// Nothing where the POST failed; otherwise the code with which the link ended, if it did.
    async fn post(&self, body: String) -> Option<Option<CloseCode>> {
        let mut url = format!("http://127.0.0.1:{}{}", self.door.port, self.door.path);
        if let Some(number) = &*self.number.lock().expect("a number") {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&format!("link={number}"));
        }
        let mut request = self
            .client
            .request(Method::POST, url)
            .header("host", format!("{}:{}", self.door.host, self.door.port))
            .header(ADDRESS_HEADER, &self.door.address)
            .body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(cookie) = &self.door.cookie {
            request = request.header("cookie", cookie).header("origin", self.door.own_page());
        }
        let answer: Answer = request.send().await.ok()?.json().await.ok()?;
        if let Some(number) = answer.link {
            *self.number.lock().expect("a number") = Some(number);
        }
        if let Some(frames) = answer.frames {
            self.feed.send(heard(self.link, frames.get())).ok()?;
        }
        Some(answer.close.map(CloseCode))
    }
}
