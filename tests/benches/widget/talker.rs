//! An agent who writes more than a person could: frames on a socket, without the session machine.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use shared::codec;
use shared::frame::{ClientFrame, EdgeFrame, Hello, PROTOCOL, Send};
use shared::id::{MessageId, WriterId};
use tests::harness::stack::{ADA, Stack};
use tests::harness::wait;
use tests::harness::wire::Door;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// What everybody is told, with its number.
pub(crate) const TEXT: &str = "We have looked into it, and your order left our house this morning";

const IN_FLIGHT: u64 = 64;
const PATIENCE: Duration = Duration::from_secs(30);
/// LINK-2; the edge ends who never says it (LINK-7).
const PING_EVERY: Duration = Duration::from_secs(20);

pub(crate) struct Talker {
    socket: WebSocketStream<TcpStream>,
    writer: WriterId,
    n: u64,
    acknowledged: u64,
    pinged: Instant,
}

impl Talker {
    /// In the conversation that was begun last.
    pub(crate) async fn of_newest(stack: &Stack, before: &[String]) -> (Talker, String) {
        let cookie = stack.log_in(ADA).await;
        let inbox = tests::harness::person::Person::inbox(Door::inbox(stack.edge_port, &cookie));
        let new = |view: &tests::harness::person::View| {
            let ids = view.inbox.iter().map(|summary| summary.conversation.to_string());
            ids.into_iter().find(|id| !before.contains(id))
        };
        let view = inbox.sees("the new conversation", 30, |view| new(view).is_some()).await;
        let conversation = new(&view).expect("just seen");
        (Talker::open(&Door::conversation(stack.edge_port, &cookie, &conversation)).await, conversation)
    }

    async fn open(door: &Door) -> Talker {
        let socket = wait::until("the agent's link opens", 30, || door.connect(None)).await;
        let writer =
            WriterId::parse(&format!("bench-{}", tests::harness::wire::anywhere().replace('.', "-")));
        let writer = writer.expect("a writer's name");
        let mut talker = Talker { socket, writer, n: 0, acknowledged: 0, pinged: Instant::now() };
        let hello = ClientFrame::Hello(Hello { protocol: PROTOCOL, ..Hello::default() });
        talker.socket.send(Message::text(codec::encode(&[hello]))).await.expect("a hello");
        while !talker.hear().await.iter().any(|frame| matches!(frame, EdgeFrame::Welcome(_))) {}
        talker
    }

    /// So many messages as fast as they are stored.
    pub(crate) async fn say(&mut self, messages: u64) {
        if self.pinged.elapsed() > PING_EVERY {
            self.pinged = Instant::now();
            self.socket
                .send(Message::text(codec::encode(&[ClientFrame::Ping])))
                .await
                .expect("the link is up");
        }
        let upto = self.n + messages;
        while self.acknowledged < upto {
            while self.n < upto && self.n < self.acknowledged + IN_FLIGHT {
                self.n += 1;
                let (n, writer) = (self.n, self.writer.clone());
                let id = MessageId::parse(&format!("{writer}.{n}")).expect("a message's name");
                let send = ClientFrame::Send(Send { id, writer, n, text: format!("{TEXT} ({n}).") });
                self.socket.feed(Message::text(codec::encode(&[send]))).await.expect("the link is up");
            }
            self.socket.flush().await.expect("the link is up");
            self.hear().await;
        }
    }

    /// At this pace for so long; says how many.
    pub(crate) async fn chatter(mut self, per_s: u32, during: Duration) -> u64 {
        let began = Instant::now();
        let mut said = 0;
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_s);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        while began.elapsed() < during {
            ticks.tick().await;
            self.say(1).await;
            said += 1;
        }
        said
    }

    async fn hear(&mut self) -> Vec<EdgeFrame> {
        let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("an answer in time");
        let Message::Text(text) = message.expect("the link stays up").expect("the link stays up") else {
            return Vec::new();
        };
        let frames: Vec<EdgeFrame> = codec::decode(&text).expect("frames");
        for frame in &frames {
            match frame {
                EdgeFrame::Ack(ack) => self.acknowledged = self.acknowledged.max(ack.upto_n),
                EdgeFrame::Nack(nack) => panic!("refused: {}", nack.reason),
                _ => {}
            }
        }
        frames
    }
}
