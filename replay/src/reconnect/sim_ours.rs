//! Our clients: the real session, told by the edge's real machines how to come back. As in `edge/tests/reconnect.rs`, with a way
//! between them that takes its time.

use edge::arrivals::Comer;
use edge::spread::Crowd;
use shared::Millis;
use shared::close::CloseCode;
use shared::frame::{ClientFrame, EdgeFrame, Welcome};
use shared::id::{ConversationId, Epoch, MessageId, WriterId};
use shared::message::{Author, Message};
use shared::session::{Input, Link, Output, Role, Session};

use crate::chance::Chance;
use crate::clock::Clock;

use super::browser::Browser;
use super::door::{Answer, Door};
use super::figures::Figures;
use super::{LOOKS_MS, Outage};

/// As fast as they come before the outage.
const COME_PER_S: u64 = 1_500;
/// From the last one to the outage.
const REST_MS: Millis = 31_000;
/// A tenth of the visitors chat.
const CHATS_EVERY: usize = 10;

enum Happening {
    Comes(usize),
    /// With the number of the timer: a later one has replaced it.
    Timer(usize, u64),
    Knocks(usize, Link),
    Hears(usize, Link, Answer),
    /// The edge is gone, and with it all links.
    Lost(usize),
}

struct Client {
    session: Session,
    browser: Browser,
    link: Link,
    timer: u64,
}

struct World {
    clock: Clock<Happening>,
    chance: Chance,
    clients: Vec<Client>,
    door: Door,
    crowd: Crowd<usize>,
}

pub(super) fn run(outage: &Outage, seed: u64) -> Figures {
    let mut chance = Chance::new(seed, 7);
    let client = |number| Client {
        session: Session::new(Role::Visitor, writer(number), chance.seed()),
        browser: Browser::new(&outage.round_trip_ms, outage.chromium, &mut chance),
        link: Link::default(),
        timer: 0,
    };
    let clients: Vec<Client> = (0..outage.clients).map(client).collect();
    let gone_at = outage.clients * 1_000 / COME_PER_S + REST_MS;
    let gone = gone_at..gone_at + outage.gone_ms;
    let (clock, door, crowd) = (Clock::default(), Door::new(gone.clone()), Crowd::default());
    let mut world = World { clock, chance, clients, door, crowd };
    for number in 0..world.clients.len() {
        world.clock.at(number as u64 * 1_000 / COME_PER_S, Happening::Comes(number));
        world.clock.at(gone.start + world.clients[number].browser.way_ms, Happening::Lost(number));
    }
    world.run_until(gone.start);
    // The process is gone; what it had stored is there when it returns.
    let stored = *world.crowd.high_water();
    world.crowd = Crowd::default();
    world.crowd.recall(gone.end, &stored);
    world.run_until(gone.end + LOOKS_MS);
    // A session never gives up by itself.
    world.door.figures(outage.clients, 0)
}

fn writer(number: u64) -> WriterId {
    WriterId::parse(&format!("w{number}")).unwrap_or_default()
}

impl World {
    fn run_until(&mut self, end: Millis) {
        while self.door.back() < self.clients.len()
            && let Some(happening) = self.clock.next_before(end)
        {
            match happening {
                Happening::Comes(number) => self.input(number, Input::Start { saved: Vec::new() }),
                Happening::Timer(number, timer) => {
                    if self.clients[number].timer == timer {
                        self.input(number, Input::Timeout);
                    }
                }
                Happening::Knocks(number, link) => self.knocks(number, link),
                Happening::Hears(number, link, answer) => self.hears(number, link, answer),
                Happening::Lost(number) => {
                    self.crowd.counts(self.clock.now, number, 0, chats(number));
                    let link = self.clients[number].link;
                    self.input(number, Input::Closed(link, CloseCode::ABNORMAL));
                }
            }
        }
    }

    fn input(&mut self, number: usize, input: Input) {
        let now = self.clock.now;
        self.clients[number].session.handle(now, input);
        while let Some(output) = self.clients[number].session.poll_output() {
            match output {
                Output::Open(link) => {
                    let client = &mut self.clients[number];
                    client.link = link;
                    let way_ms = client.browser.sets_out(now, &mut self.chance);
                    self.clock.after(way_ms, Happening::Knocks(number, link));
                }
                Output::Send(link, ClientFrame::Hello(_)) => self.greets(number, link),
                Output::Send(link, ClientFrame::Ping) => self.says(number, link, EdgeFrame::Pong),
                _ => {}
            }
        }
        let client = &mut self.clients[number];
        client.timer += 1;
        if let Some(at) = client.session.poll_timeout() {
            self.clock.at(at, Happening::Timer(number, client.timer));
        }
    }

    fn says(&mut self, number: usize, link: Link, frame: EdgeFrame) {
        self.input(number, Input::Frames(link, vec![frame]));
    }

    fn knocks(&mut self, number: usize, link: Link) {
        let now = self.clock.now;
        let comer = if chats(number) { Comer::Chatting } else { Comer::Other };
        let answer = self.door.knock(now, comer);
        let browser = &mut self.clients[number].browser;
        if answer != Answer::Open {
            browser.failed(now);
        }
        self.clock.after(browser.way_ms, Happening::Hears(number, link, answer));
    }

    fn hears(&mut self, number: usize, link: Link, answer: Answer) {
        match answer {
            Answer::Open => self.input(number, Input::Opened(link)),
            Answer::Gone => self.input(number, Input::Closed(link, CloseCode::ABNORMAL)),
            Answer::Full { retry_after_ms } => {
                let code = CloseCode::TOO_MANY_LINKS;
                self.says(number, link, EdgeFrame::Bye { code: code.0.into(), retry_after_ms });
                self.input(number, Input::Closed(link, code));
            }
        }
    }

    /// A conversation, of which nothing but its first message plays a part.
    fn greets(&mut self, number: usize, link: Link) {
        let now = self.clock.now;
        let (spread, _) = self.crowd.greets(now, &number);
        let said = chats(number).then(|| Message {
            seq: 1,
            id: MessageId::parse("w.1").unwrap_or_default(),
            author: Author::Visitor,
            name: String::new(),
            text: "Hello".to_owned(),
            at_ms: 1,
        });
        let messages: Vec<Message> = said.into_iter().collect();
        let welcome = Welcome {
            protocol: 1,
            conversation: ConversationId::parse("c"),
            epoch: Epoch(7),
            spread,
            last_seq: messages.len() as u64,
            messages,
            ..Welcome::default()
        };
        self.says(number, link, EdgeFrame::Welcome(Box::new(welcome)));
        self.crowd.counts(now, number, 1, chats(number));
        // SPREAD-2: while the crowd outgrows its mark, a few who were told too little are told again.
        while let Some(behind) = self.crowd.outgrown(now) {
            let (spread, link) = (self.crowd.spread(now), self.clients[behind].link);
            self.says(behind, link, EdgeFrame::Spread(spread));
        }
    }
}

fn chats(number: usize) -> bool {
    number.is_multiple_of(CHATS_EVERY)
}
