//! What no client of ours would say: a link that says exactly what a test wants and hears everything, and HTTP byte by
//! byte.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::{Value, json};
use shared::frame::{EdgeFrame, Welcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::wire::Door;

/// An answer that takes longer is none.
const LIMIT: Duration = Duration::from_secs(10);

pub struct RawLink {
    socket: WebSocketStream<TcpStream>,
    heard: Vec<EdgeFrame>,
}

/// How a link has ended, as far as the client can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Code(u16),
    /// Without a close frame.
    Broken,
    /// It says nothing any more, and stays.
    Never,
}

impl RawLink {
    /// A link that has said nothing yet.
    pub async fn open(door: &Door, token: Option<&str>) -> RawLink {
        let stream = TcpStream::connect(("127.0.0.1", door.port)).await.expect("the edge takes connections");
        let handshake = tokio::time::timeout(LIMIT, client_async(door.handshake(token), stream));
        let (socket, _) = handshake.await.expect("an answer in time").expect("a handshake");
        RawLink { socket, heard: Vec::new() }
    }

    /// A link that has been welcomed.
    pub async fn greeted(door: &Door, token: Option<&str>) -> (RawLink, Welcome) {
        let mut link = RawLink::open(door, token).await;
        let welcome = link.hello().await;
        (link, welcome)
    }

    pub async fn hello(&mut self) -> Welcome {
        self.say(json!({ "type": "hello", "protocol": 1 })).await;
        self.hear("a welcome", |frame| match frame {
            EdgeFrame::Welcome(welcome) => Some(*welcome.clone()),
            _ => None,
        })
        .await
    }

    pub async fn say(&mut self, frames: Value) {
        self.message(Message::text(frames.to_string())).await;
    }

    /// Any WebSocket message at all. A link that the edge is closing takes none.
    pub async fn message(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    /// Waits for a frame; what comes before it is left for later.
    pub async fn hear<T>(&mut self, what: &str, wanted: impl Fn(&EdgeFrame) -> Option<T>) -> T {
        let mut passed = Vec::new();
        loop {
            let frame = match self.heard.is_empty() {
                false => self.heard.remove(0),
                true => {
                    if let Err(end) = self.read().await {
                        panic!("the link ended with {end:?} before {what}; heard {passed:?}");
                    }
                    continue;
                }
            };
            if let Some(found) = wanted(&frame) {
                passed.append(&mut self.heard);
                self.heard = passed;
                return found;
            }
            passed.push(frame);
        }
    }

    /// Waits until everything of this writer up to `n` is acknowledged.
    pub async fn acked(&mut self, writer: &str, n: u64) {
        let acked = |frame: &EdgeFrame| match frame {
            EdgeFrame::Ack(ack) => (ack.writer.as_str() == writer && ack.upto_n >= n).then_some(()),
            _ => None,
        };
        self.hear(&format!("the acknowledgement of {writer}.{n}"), acked).await;
    }

    /// Waits until the edge has ended the link.
    pub async fn end(self) -> End {
        self.told_until_its_end().await.1
    }

    /// The same, with what was heard and not asked for.
    pub async fn told_until_its_end(mut self) -> (Vec<EdgeFrame>, End) {
        loop {
            if let Err(end) = self.read().await {
                return (self.heard, end);
            }
        }
    }

    async fn read(&mut self) -> Result<(), End> {
        let Ok(message) = tokio::time::timeout(LIMIT, self.socket.next()).await else {
            return Err(End::Never);
        };
        match message {
            Some(Ok(Message::Text(text))) => {
                let frames: Option<Vec<EdgeFrame>> = shared::codec::decode(&text);
                self.heard.extend(frames.unwrap_or_else(|| panic!("the edge says {text:?}")));
                Ok(())
            }
            Some(Ok(Message::Close(frame))) => {
                Err(frame.map_or(End::Broken, |frame| End::Code(frame.code.into())))
            }
            Some(Ok(_)) => Ok(()),
            Some(Err(_)) | None => Err(End::Broken),
        }
    }
}

/// A `send` frame of a writer who names its messages as pages do.
pub fn send(writer: &str, n: u64, text: &str) -> Value {
    json!({ "type": "send", "id": format!("{writer}.{n}"), "writer": writer, "n": n, "text": text })
}

/// A request of which the test writes every byte.
pub struct RawHttp {
    stream: TcpStream,
}

impl RawHttp {
    pub async fn connect(port: u16) -> std::io::Result<RawHttp> {
        Ok(RawHttp { stream: TcpStream::connect(("127.0.0.1", port)).await? })
    }

    /// Whether the other side still takes anything.
    pub async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Whether an answer, or the end, has come.
    pub async fn is_answered(&self) -> bool {
        self.stream.peek(&mut [0]).now_or_never().is_some()
    }

    /// The status of the answer; nothing where the connection ended without one.
    pub async fn status(&mut self) -> Option<u16> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let read = tokio::time::timeout(LIMIT, self.stream.read_u8()).await;
            head.push(read.expect("an answer in time").ok()?);
        }
        String::from_utf8_lossy(&head).split(' ').nth(1)?.parse().ok()
    }
}
