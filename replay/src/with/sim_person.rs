//! Visitors and agents: the real session behind a link that takes its time.

use std::collections::btree_map::Entry;

use edge::arrivals::Comer;
use edge::conversation::{self, LinkId, Peer};
use shared::Millis;
use shared::close::CloseCode;
use shared::frame::{ClientFrame, EdgeFrame};
use shared::id::{AgentId, WriterId};
use shared::message::{Author, Side};
use shared::session::{Input, Link, Output, Role, Session};

use crate::people::{ChatNo, SiteNo};

use super::sim_conversation::{SimConversation, link_id};
use super::{Happening, PersonNo, With};

/// An agent opens a new conversation so long after the visitor's first word.
const AGENT_COMES_MS: Millis = 2_000;
/// Chats with this bit are widgets in which nobody says anything.
const IDLE: ChatNo = 1 << 31;

pub(super) struct SimPerson {
    session: Session,
    /// The link that is open or being opened.
    link: Option<Link>,
    timer: u64,
    acked: u64,
    /// The chat's numbers of what this person has written, in order.
    wrote: Vec<u32>,
}

impl SimPerson {
    /// Which of the chat's messages this person's k-th is.
    pub(super) fn wrote(&self, k: u64) -> Option<u32> {
        self.wrote.get(k.checked_sub(1)? as usize).copied()
    }

    /// Everything written is stored at the edge.
    pub(super) fn is_safe(&self) -> bool {
        self.acked >= self.wrote.len() as u64
    }

    fn new(person: PersonNo, seed: u64) -> SimPerson {
        let (role, letter) = match person.side {
            Side::Visitor => (Role::Visitor, 'v'),
            Side::Agent => (Role::Agent, 'a'),
        };
        let writer = WriterId::parse(&format!("{letter}{}", person.chat)).unwrap_or_default();
        SimPerson {
            session: Session::new(role, writer, seed),
            link: None,
            timer: 0,
            acked: 0,
            wrote: Vec::new(),
        }
    }
}

impl With {
    pub(super) fn write(&mut self, chat: ChatNo, site: SiteNo, n: u32, side: Side) {
        let person = PersonNo { chat, side };
        if let Entry::Vacant(new) = self.conversations.entry(chat) {
            new.insert(SimConversation::new(chat, site));
            self.clock.after(AGENT_COMES_MS, Happening::AgentComes(chat));
        }
        self.comes(person);
        if let Some(it) = self.people.get_mut(&person) {
            it.wrote.push(n);
        }
        self.person_input(person, Input::Write("hello".into()));
    }

    fn comes(&mut self, person: PersonNo) {
        if !self.people.contains_key(&person) {
            let seed = self.chance.seed();
            self.people.insert(person, SimPerson::new(person, seed));
            self.person_input(person, Input::Start { saved: Vec::new() });
            self.person_input(person, Input::Looking(true));
        }
    }

    pub(super) fn agent_comes(&mut self, chat: ChatNo) {
        self.comes(PersonNo { chat, side: Side::Agent });
    }

    pub(super) fn idle_widget(&mut self, widget: u64) {
        let chat = IDLE + widget as ChatNo;
        let site = (widget % self.cell.scenario.people.sites) as SiteNo;
        self.conversations.insert(chat, SimConversation::new(chat, site));
        self.comes(PersonNo { chat, side: Side::Visitor });
    }

    fn person_input(&mut self, person: PersonNo, input: Input) {
        let now = self.clock.now;
        let link_ms = self.cell.scenario.edge.link_ms;
        let Some(it) = self.people.get_mut(&person) else { return };
        it.session.handle(now, input);
        let mut frames: Vec<ClientFrame> = Vec::new();
        let mut opens = None;
        while let Some(output) = it.session.poll_output() {
            match output {
                Output::Open(link) => opens = Some(link),
                Output::Send(_, frame) => frames.push(frame),
                Output::Close(..) => it.link = None,
                Output::Save(_) | Output::Erase(_) | Output::Token(_) | Output::Changed => {}
            }
        }
        it.timer += 1;
        let (timer, wake_at, link) = (it.timer, it.session.poll_timeout(), it.link);
        if let Some(link) = opens {
            it.link = Some(link);
            self.meter.reconnects(now);
            // The handshake takes a way there and back.
            self.clock.after(2 * link_ms, Happening::Opened(person, link));
        } else if let (Some(link), false) = (link, frames.is_empty()) {
            let link = link_id(person, link.0);
            self.clock.after(link_ms, Happening::ToEdge(person, link, frames));
        }
        if let Some(at) = wake_at {
            self.clock.at(at, Happening::PersonTimer(person, timer));
        }
    }

    pub(super) fn person_timer(&mut self, person: PersonNo, timer: u64) {
        if self.people.get(&person).is_some_and(|it| it.timer == timer) {
            self.person_input(person, Input::Timeout);
        }
    }

    /// LIMIT-3: the worker lets in as many as it can bear, whoever chats first.
    pub(super) fn opened(&mut self, person: PersonNo, link: Link) {
        let now = self.clock.now;
        let Some(it) = self.people.get(&person) else { return };
        if it.link != Some(link) {
            return;
        }
        if self.dead {
            self.loses_link(person);
            return;
        }
        let chats = person.side == Side::Agent || it.session.is_chatting();
        let comer = if chats { Comer::Chatting } else { Comer::Other };
        if let Err(retry_after_ms) = self.arrivals.take(now, comer) {
            let link_ms = self.cell.scenario.edge.link_ms;
            self.clock.after(link_ms, Happening::Refused(person, link, retry_after_ms));
            return;
        }
        let Some(conversation) = self.conversations.get(&person.chat) else { return };
        let notice = self.sites[usize::from(conversation.site)].notice();
        let peer = match person.side {
            Side::Visitor => Peer::Visitor,
            Side::Agent => Peer::Agent { id: AgentId::parse("ada").unwrap_or_default(), name: "Ada".into() },
        };
        let input = conversation::Input::Opened {
            link: link_id(person, link.0),
            peer,
            notice,
            token: None,
            client: Box::default(),
        };
        self.counted(person.chat);
        let (spread, again) = self.crowd.greets(now, &person.chat);
        self.conversation_input(person.chat, input);
        self.conversation_input(person.chat, conversation::Input::Spread { spread, again });
        // SPREAD-2: while the crowd outgrows its mark, a few who were told too little are told again.
        while let Some(behind) = self.crowd.outgrown(now) {
            let spread = self.crowd.spread(now);
            self.conversation_input(behind, conversation::Input::Spread { spread, again: true });
        }
        self.person_input(person, Input::Opened(link));
    }

    /// The page is closed. What was written stays known by its number.
    pub(super) fn goes(&mut self, person: PersonNo) {
        let Some(it) = self.people.get_mut(&person) else { return };
        it.timer += 1;
        if let Some(link) = it.link.take() {
            let closed = conversation::Input::Closed { link: link_id(person, link.0) };
            self.conversation_input(person.chat, closed);
            self.counted(person.chat);
        }
    }

    pub(super) fn refused(&mut self, person: PersonNo, link: Link, retry_after_ms: Millis) {
        let Some(it) = self.people.get_mut(&person) else { return };
        if it.link == Some(link) {
            let bye = EdgeFrame::Bye { code: u64::from(CloseCode::TOO_MANY_LINKS.0), retry_after_ms };
            self.person_input(person, Input::Frames(link, vec![bye]));
            if let Some(it) = self.people.get_mut(&person) {
                it.link = None;
            }
            self.person_input(person, Input::Closed(link, CloseCode::TOO_MANY_LINKS));
        }
    }

    /// How many links a conversation has, for the crowd.
    fn counted(&mut self, chat: ChatNo) {
        let links = [Side::Visitor, Side::Agent].map(|side| {
            let it = self.people.get(&PersonNo { chat, side });
            u64::from(it.is_some_and(|it| it.link.is_some()))
        });
        let chatting = chat < IDLE;
        self.crowd.counts(self.clock.now, chat, links.iter().sum(), chatting);
    }

    pub(super) fn reaches_edge(&mut self, person: PersonNo, link: LinkId, frames: Vec<ClientFrame>) {
        let current = self.people.get(&person).and_then(|it| it.link).map(|it| link_id(person, it.0));
        if current == Some(link) {
            // Pings are answered by the platform.
            let (pings, frames): (Vec<_>, Vec<_>) =
                frames.into_iter().partition(|frame| matches!(frame, ClientFrame::Ping));
            if !pings.is_empty() {
                let link_ms = self.cell.scenario.edge.link_ms;
                self.clock.after(link_ms, Happening::ToPerson(person, link, vec![EdgeFrame::Pong]));
            }
            if !frames.is_empty() {
                self.conversation_input(person.chat, conversation::Input::Frames { link, frames });
            }
        }
    }

    pub(super) fn reaches_person(&mut self, person: PersonNo, link: LinkId, frames: Vec<EdgeFrame>) {
        let now = self.clock.now;
        let Some(it) = self.people.get_mut(&person) else { return };
        let Some(current) = it.link.filter(|it| link_id(person, it.0) == link) else { return };
        let of_site_0 = self.conversations.get(&person.chat).is_some_and(|it| it.site == 0);
        for frame in &frames {
            match frame {
                EdgeFrame::Ack(ack) => {
                    for _ in it.acked..ack.upto_n {
                        self.meter.acknowledges(now);
                    }
                    it.acked = it.acked.max(ack.upto_n);
                }
                EdgeFrame::Welcome(welcome) => {
                    for ack in &welcome.acks {
                        for _ in it.acked..ack.upto_n {
                            self.meter.acknowledges(now);
                        }
                        it.acked = it.acked.max(ack.upto_n);
                    }
                }
                EdgeFrame::Event(message)
                    if person.side == Side::Agent && message.author == Author::Visitor =>
                {
                    self.meter.shows(now, message.at_ms, of_site_0);
                }
                _ => {}
            }
        }
        self.person_input(person, Input::Frames(current, frames));
    }

    pub(super) fn drop_everybody(&mut self) {
        let people: Vec<PersonNo> = self.people.keys().copied().collect();
        for person in people {
            let Some(link) = self.loses_link(person) else { continue };
            let closed = conversation::Input::Closed { link: link_id(person, link.0) };
            self.conversation_input(person.chat, closed);
            self.counted(person.chat);
        }
    }

    /// It breaks, or could not be opened.
    pub(super) fn loses_link(&mut self, person: PersonNo) -> Option<Link> {
        let link = self.people.get_mut(&person)?.link.take()?;
        self.person_input(person, Input::Closed(link, CloseCode::ABNORMAL));
        Some(link)
    }
}
