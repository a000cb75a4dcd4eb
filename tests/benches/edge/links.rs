//! A client that costs little: frames on a socket, without the session machine.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use shared::codec;
use shared::frame::{Ack, ClientFrame, EdgeFrame, Hello, PROTOCOL, Send, Welcome};
use shared::id::{MessageId, WriterId};
use tests::harness::wire::Door;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// What a person writes: a short sentence.
const TEXT: &str = "Hello, my order has not arrived yet. Could you please have a look where it is?";

/// Nothing that is measured may take longer.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Link {
    socket: WebSocketStream<TcpStream>,
    pub(crate) conversation: String,
    writer: WriterId,
    n: u64,
}

/// Messages in one conversation: without the origin its log takes 5,000 (LOG-1).
const MOST: u64 = 4_900;

impl Link {
    /// Opened and welcomed.
    pub(crate) async fn open(door: &Door) -> Link {
        let mut socket = door.connect(None).await.unwrap_or_else(|| panic!("{} does not open", door.path));
        let hello = ClientFrame::Hello(Hello { protocol: PROTOCOL, ..Hello::default() });
        socket.send(Message::text(codec::encode(&[hello]))).await.expect("a hello");
        let welcome = loop {
            let frames = hear(&mut socket).await;
            let welcome = frames.into_iter().find_map(|frame| match frame {
                EdgeFrame::Welcome(welcome) => Some(welcome),
                EdgeFrame::Bye { code, .. } => panic!("{} is refused: {code}", door.path),
                _ => None,
            });
            if let Some(welcome) = welcome {
                break welcome;
            }
        };
        let Welcome { conversation, .. } = *welcome;
        let conversation = conversation.expect("a conversation").to_string();
        // Unique within the conversation is enough.
        let writer = WriterId::parse(&format!("w-{conversation}")).expect("a writer's name");
        Link { socket, conversation, writer, n: 0 }
    }

    /// One message, stored.
    pub(crate) async fn write_one(&mut self) {
        self.talk(1, Instant::now()).await;
    }

    /// Keeps `in_flight` messages unacknowledged until then, at least one round of them, and waits for the last. How
    /// long each acknowledgement took.
    pub(crate) async fn talk(&mut self, in_flight: usize, until: Instant) -> Vec<Duration> {
        let (mut under_way, mut took) = (VecDeque::new(), Vec::new());
        let mut more = true;
        while more || !under_way.is_empty() {
            if more {
                while under_way.len() < in_flight {
                    self.say().await;
                    under_way.push_back(Instant::now());
                }
                self.socket.flush().await.expect("the link is up");
            }
            for frame in hear(&mut self.socket).await {
                let upto_n = match frame {
                    EdgeFrame::Ack(Ack { upto_n, .. }) => upto_n,
                    EdgeFrame::Nack(nack) => panic!("refused: {}", nack.reason),
                    _ => continue,
                };
                let left = usize::try_from(self.n - upto_n).expect("what is under way is little");
                let acknowledged = under_way.len().saturating_sub(left);
                took.extend(under_way.drain(..acknowledged).map(|sent: Instant| sent.elapsed()));
            }
            more = Instant::now() < until && self.n < MOST;
        }
        took
    }

    /// Writes one message after the other and sees when each comes to the other's screen.
    pub(crate) async fn show(&mut self, other: &mut Link, until: Instant) -> Vec<Duration> {
        let mut took = Vec::new();
        while took.is_empty() || (Instant::now() < until && self.n < MOST) {
            let sent = Instant::now();
            self.say().await;
            self.socket.flush().await.expect("the link is up");
            let id = self.id();
            let is_it = |frame: &EdgeFrame| matches!(frame, EdgeFrame::Event(message) if message.id == id);
            while !hear(&mut other.socket).await.iter().any(is_it) {}
            took.push(sent.elapsed());
            let n = self.n;
            let acknowledged = |frame: &EdgeFrame| matches!(frame, EdgeFrame::Ack(ack) if ack.upto_n == n);
            while !hear(&mut self.socket).await.iter().any(acknowledged) {}
        }
        took
    }

    /// Hands the next message to the socket, which sends it with the next flush.
    async fn say(&mut self) {
        self.n += 1;
        let (id, writer) = (self.id(), self.writer.clone());
        let send = ClientFrame::Send(Send { id, writer, n: self.n, text: TEXT.to_owned() });
        self.socket.feed(Message::text(codec::encode(&[send]))).await.expect("the link is up");
    }

    fn id(&self) -> MessageId {
        MessageId::parse(&format!("{}.{}", self.writer, self.n)).expect("a message's name")
    }
}

async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Vec<EdgeFrame> {
    let message = tokio::time::timeout(PATIENCE, socket.next()).await.expect("an answer in time");
    match message.expect("the link stays up").expect("the link stays up") {
        Message::Text(text) => codec::decode(&text).expect("frames"),
        Message::Close(frame) => panic!("closed: {frame:?}"),
        _ => Vec::new(),
    }
}
