//! The arm `with`: the same people, and between them and the origin the real machines of Seawall. Every object of the edge
//! takes a while for each input and has a line of its own; links and calls take their time.

mod object;
mod restart;
mod sim_accounts;
mod sim_conversation;
mod sim_gate;
mod sim_person;
mod sim_site;

use std::collections::BTreeMap;

use edge::arrivals::{Arrivals, LINKS_PER_S};
use edge::conversation::{self, LinkId};
use edge::origin_gate::{self, Turn};
use edge::site;
use edge::spread::Crowd;
use shared::Millis;
use shared::frame::{ClientFrame, EdgeFrame};
use shared::message::Side;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::meter::{Meter, Run};
use crate::origin::Origin;
use crate::people::{Act, ChatNo, People, SiteNo};
use crate::scenario::{Cell, Fault};

use object::Object;
use sim_accounts::Accounts;
use sim_conversation::SimConversation;
use sim_gate::SimGate;
use sim_person::SimPerson;
use sim_site::SimSite;

/// Who sits at a link's other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PersonNo {
    chat: ChatNo,
    side: Side,
}

/// One input for one object of the edge.
enum Job {
    Conversation(ChatNo, ConversationJob),
    Site(SiteNo, SiteJob),
    Gate(origin_gate::Input),
}

enum ConversationJob {
    Input(conversation::Input),
    Pull { turn: Turn, max: usize },
    Settle { turn: Turn, receipts: Vec<shared::event::Receipt> },
}

enum SiteJob {
    Input(Box<site::Input>),
    /// A conversation's line, which is answered with the notice.
    Notify {
        from: ChatNo,
        summary: Box<shared::frame::Summary>,
    },
}

enum Happening {
    /// A job reaches its object.
    Arrives(Job),
    /// The object has finished its job, and what came out takes effect.
    Done(Job, Outcome),
    Opened(PersonNo, shared::session::Link),
    ToEdge(PersonNo, LinkId, Vec<ClientFrame>),
    ToPerson(PersonNo, LinkId, Vec<EdgeFrame>),
    PersonTimer(PersonNo, u64),
    ConversationTimer(ChatNo, Millis),
    GateTimer(u64),
    SiteTimer(SiteNo, u64),
    /// The origin's answer to a batch.
    Answered(Turn, origin_gate::Answer, Vec<(ChatNo, u32)>),
    AgentComes(ChatNo),
    IdleComes(u64),
    /// A handshake that was refused is heard of by its end.
    Refused(PersonNo, shared::session::Link, Millis),
    Tell(ChatNo),
    Call(sim_accounts::Wake),
    CallEnded(origin_gate::Call, bool),
    DropEverybody,
    EdgeDies,
    EdgeStarts,
    Leaves(ChatNo),
    Look,
}

/// What came out of an object's machine.
enum Outcome {
    Conversation(Vec<conversation::Output>, Option<Said>),
    Site(Vec<site::Output>, Option<(ChatNo, shared::mode::Notice)>),
    Gate(Vec<origin_gate::Output>),
}

/// What a conversation answers to the gate.
enum Said {
    Pulled(Turn, Vec<shared::event::Event>),
    Settled(Turn, u64),
}

pub struct With {
    cell: Cell,
    clock: Clock<Happening>,
    origin: Origin,
    chance: Chance,
    meter: Meter,
    conversations: BTreeMap<ChatNo, SimConversation>,
    people: BTreeMap<PersonNo, SimPerson>,
    sites: Vec<SimSite>,
    gate: SimGate,
    accounts: Accounts,
    /// All links of the edge, and who may open one now.
    crowd: Crowd<ChatNo>,
    arrivals: Arrivals,
    /// The edge's process is dead.
    dead: bool,
}

/// Widgets without a chat that come in a second before the trigger.
const IDLE_COME_PER_S: u64 = 1_500;
/// After the people have gone, what is left is delivered for as long as it takes; nothing for so long is never.
const STUCK_MS: Millis = 600_000;

pub fn run(cell: &Cell, seed: u64, watch: &mut dyn FnMut(Millis)) -> Run {
    let sites = (0..cell.scenario.people.sites).map(|site| SimSite::new(site as SiteNo)).collect();
    let mut chance = Chance::new(seed, 4);
    let mut meter = Meter::new(cell);
    meter.has_modes = true;
    let mut it = With {
        cell: cell.clone(),
        clock: Clock::default(),
        origin: Origin::new(cell, seed),
        meter,
        conversations: BTreeMap::new(),
        people: BTreeMap::new(),
        sites,
        gate: SimGate::new(chance.seed()),
        accounts: Accounts::new(cell.scenario.people.sites),
        crowd: Crowd::default(),
        arrivals: Arrivals::default(),
        dead: false,
        chance,
    };
    it.clock.at(999, Happening::Look);
    match cell.scenario.fault {
        Fault::Drop => it.clock.at(cell.trigger_ms().start, Happening::DropEverybody),
        Fault::Restart => it.clock.at(cell.trigger_ms().start, Happening::EdgeDies),
        _ => {}
    }
    // They came one after the other, as fast as the edge admits at most.
    for widget in 0..cell.scenario.people.idle_widgets {
        let at = 10_000 + widget * 1_000 / IDLE_COME_PER_S;
        it.clock.at(at, Happening::IdleComes(widget));
    }
    let mut people = People::new(cell, seed);
    while let Some((at, act)) = people.next_before(cell.end_ms()) {
        it.until(at);
        it.clock.now = at;
        it.act(act);
        watch(at);
    }
    // What waits still is not lost, as long as it becomes less.
    let mut end = cell.end_ms();
    it.until(end);
    let (mut least, mut least_at) = (it.meter.backlog(), end);
    while least > 0 && end < least_at + STUCK_MS {
        end += 1_000;
        it.until(end);
        watch(end);
        if it.meter.backlog() < least {
            (least, least_at) = (it.meter.backlog(), end);
        }
    }
    if matches!(cell.scenario.fault, Fault::Drop | Fault::Restart) {
        it.meter.reconnect_peak_over(LINKS_PER_S as f64);
    }
    it.meter.finish(true)
}

impl With {
    fn until(&mut self, end: Millis) {
        while let Some(happening) = self.clock.next_before(end) {
            self.happens(happening);
        }
    }

    fn act(&mut self, act: Act) {
        let now = self.clock.now;
        match act {
            Act::Write { chat, site, n, side, last } => {
                self.meter.writes(now, chat, n);
                self.write(chat, site, n, side);
                if last {
                    self.clock.after(60_000, Happening::Leaves(chat));
                }
            }
            Act::PageView { .. } => {
                // Settings and roster are at the edge: the origin hears nothing of it.
                self.meter.offers(now);
                self.meter.answers(now);
            }
            Act::Status { site, changed } => self.status(site, changed),
            Act::Login { site } => self.login(site),
        }
    }

    fn happens(&mut self, happening: Happening) {
        let now = self.clock.now;
        match happening {
            Happening::Arrives(job) => self.arrives(job),
            Happening::Done(job, outcome) => self.done(job, outcome),
            Happening::Opened(person, link) => self.opened(person, link),
            Happening::ToEdge(person, link, frames) => self.reaches_edge(person, link, frames),
            Happening::ToPerson(person, link, frames) => self.reaches_person(person, link, frames),
            Happening::PersonTimer(person, timer) => self.person_timer(person, timer),
            Happening::ConversationTimer(chat, at) => self.conversation_timer(chat, at),
            Happening::GateTimer(timer) => self.gate_timer(timer),
            Happening::SiteTimer(site, timer) => self.site_timer(site, timer),
            Happening::Answered(turn, answer, messages) => self.batch_answered(turn, answer, messages),
            Happening::AgentComes(chat) => self.agent_comes(chat),
            Happening::IdleComes(widget) => self.idle_widget(widget),
            Happening::Refused(person, link, retry_after_ms) => self.refused(person, link, retry_after_ms),
            Happening::Tell(chat) => self.tell(chat),
            Happening::Call(wake) => self.wake_caller(wake),
            Happening::CallEnded(call, good) => self.call_ended(call, good),
            Happening::DropEverybody => self.drop_everybody(),
            Happening::EdgeDies => self.edge_dies(),
            Happening::EdgeStarts => self.edge_starts(),
            Happening::Leaves(chat) => self.leaves(chat),
            Happening::Look => {
                self.meter.look(now);
                let (pace, limit) = self.gate.pace(now);
                self.meter.gate(now, pace, limit);
                self.clock.at(now + 1_000, Happening::Look);
            }
        }
    }
}
