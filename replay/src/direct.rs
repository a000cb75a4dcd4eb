//! A chat without an edge: widgets and consoles talk to the origin. Two arms: `without` as most build it (a timeout,
//! three retries, a reconnect every 5 s), and `careful` as the textbooks advise (exponential backoff with full jitter, a retry
//! budget, a circuit breaker, messages with an idempotency key).

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use shared::Millis;
use shared::message::Side;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::meter::{Meter, Run};
use crate::origin::{Ask, Origin, Reply};
use crate::people::{Act, ChatNo, People, SiteNo};
use crate::scenario::{Cell, Fault};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    Without,
    Careful,
}

type CallNo = u64;

#[derive(Clone, Copy, Debug)]
enum What {
    Message {
        chat: ChatNo,
        n: u32,
        side: Side,
        written_at: Millis,
    },
    /// A page asks for its chat box.
    Boot {
        until: Millis,
    },
    /// A chat comes back: its account, then what it has missed.
    Resume {
        chat: ChatNo,
    },
    Status {
        agent: u64,
    },
    /// An agent's console comes back, if it was there before.
    Login {
        agent: Option<u64>,
    },
    /// A widget without a chat comes back after everybody was dropped.
    Idle,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    what: What,
    site: SiteNo,
    attempt: u32,
}

enum Happening {
    Try(CallNo),
    Ended { call: CallNo, good: bool },
    Reconnect(ChatNo),
    Again(Call),
    DropEverybody,
    Look,
}

#[derive(Default)]
struct Chat {
    site: SiteNo,
    broken: bool,
    queue: VecDeque<(u32, Side, Millis)>,
    sending: bool,
    attempts: u32,
    care: ClientCare,
    /// The visitor leaves at that time, whatever waits.
    leaves_at: Option<Millis>,
}

/// What a careful client keeps about its calls.
#[derive(Clone, Debug)]
struct ClientCare {
    tokens: f64,
    failures: u32,
}

impl Default for ClientCare {
    fn default() -> ClientCare {
        ClientCare { tokens: 1.0, failures: 0 }
    }
}

pub struct Direct {
    care: Care,
    cell: Cell,
    clock: Clock<Happening>,
    origin: Origin,
    chance: Chance,
    meter: Meter,
    chats: BTreeMap<ChatNo, Chat>,
    calls: HashMap<CallNo, Call>,
    last_call: CallNo,
    logged_out: BTreeSet<u64>,
}

pub fn run(cell: &Cell, seed: u64, care: Care, watch: &mut dyn FnMut(Millis)) -> Run {
    let mut it = Direct {
        care,
        cell: cell.clone(),
        clock: Clock::default(),
        origin: Origin::new(cell, seed),
        chance: Chance::new(seed, 3),
        meter: Meter::new(cell),
        chats: BTreeMap::new(),
        calls: HashMap::new(),
        last_call: 0,
        logged_out: BTreeSet::new(),
    };
    it.clock.at(999, Happening::Look);
    if cell.scenario.fault == Fault::Drop {
        it.clock.at(cell.trigger_ms().start, Happening::DropEverybody);
    }
    let mut people = People::new(cell, seed);
    while let Some((at, act)) = people.next_before(cell.end_ms()) {
        while let Some(happening) = it.clock.next_before(at) {
            it.happens(happening);
        }
        it.clock.now = at;
        it.act(act);
        watch(at);
    }
    while let Some(happening) = it.clock.next_before(cell.end_ms()) {
        it.happens(happening);
    }
    it.meter.finish(true)
}

impl Direct {
    fn act(&mut self, act: Act) {
        let now = self.clock.now;
        match act {
            Act::Write { chat, site, n, side, last } => {
                self.meter.writes(now, chat, n);
                let page_ms = (self.cell.scenario.clients.page_s * 1_000.0) as Millis;
                let it = self.chats.entry(chat).or_insert_with(|| Chat { site, ..Chat::default() });
                it.queue.push_back((n, side, now));
                if last {
                    it.leaves_at = Some(now + page_ms);
                }
                self.flush(chat);
            }
            Act::PageView { site } => {
                let until = now + (self.cell.scenario.clients.page_s * 1_000.0) as Millis;
                self.offer(What::Boot { until }, site);
            }
            Act::Status { site, .. } => {
                let agent = self.chance.below(self.cell.agents());
                // Whoever tries to log in reports nothing.
                if self.logged_out.contains(&agent) {
                    self.meter.offers(now);
                } else {
                    self.offer(What::Status { agent }, site);
                }
            }
            Act::Login { site } => self.offer(What::Login { agent: None }, site),
        }
    }

    fn offer(&mut self, what: What, site: SiteNo) {
        self.meter.offers(self.clock.now);
        self.call(Call { what, site, attempt: 0 });
    }

    fn call(&mut self, call: Call) {
        self.last_call += 1;
        self.calls.insert(self.last_call, call);
        self.try_now(self.last_call);
    }

    /// One message after the other: what a chat's own order needs.
    fn flush(&mut self, chat: ChatNo) {
        let Some(it) = self.chats.get_mut(&chat) else { return };
        if it.broken || it.sending {
            return;
        }
        let Some(&(n, side, written_at)) = it.queue.front() else { return };
        it.sending = true;
        let site = it.site;
        self.call(Call { what: What::Message { chat, n, side, written_at }, site, attempt: 0 });
    }

    fn try_now(&mut self, number: CallNo) {
        let Some(call) = self.calls.get(&number).copied() else { return };
        let now = self.clock.now;
        let timeout_ms = self.cell.scenario.clients.timeout_ms;
        let asks = match call.what {
            What::Message { .. } => vec![Ask::Messages(1)],
            What::Boot { .. } | What::Idle => vec![Ask::Read(call.site)],
            What::Resume { .. } => vec![Ask::Read(call.site), Ask::Messages(1)],
            What::Status { .. } | What::Login { .. } => vec![Ask::Save(call.site)],
        };
        let mut ended: (Millis, bool) = (now, true);
        for ask in asks {
            let (cost, reply) = self.origin.ask(now, ask);
            self.meter.arrives(now, cost);
            let (at, good) = match reply {
                Reply::Done(at) => (at, true),
                Reply::Garbage(at) | Reply::Overloaded(at) | Reply::Refused(at) => (at, false),
            };
            // The work is done whether or not the client still waits for it.
            if let (What::Message { chat, n, side, .. }, true) = (call.what, good) {
                self.accepted(chat, n, side);
            }
            ended = (ended.0.max(at), ended.1 && good);
        }
        let in_time = ended.0 <= now + timeout_ms;
        let at = ended.0.min(now + timeout_ms);
        self.clock.at(at, Happening::Ended { call: number, good: ended.1 && in_time });
    }

    fn accepted(&mut self, chat: ChatNo, n: u32, side: Side) {
        // With an idempotency key the second one is recognised.
        if self.care == Care::Without || !self.meter.has_accepted(chat, n) {
            self.meter.accepts(chat, n, side);
        }
    }

    fn happens(&mut self, happening: Happening) {
        let now = self.clock.now;
        match happening {
            Happening::Try(number) => self.try_now(number),
            Happening::Ended { call, good: true } => self.good(call),
            Happening::Ended { call, good: false } => self.bad(call),
            Happening::Reconnect(chat) => self.reconnect(chat),
            Happening::Again(call) => {
                if matches!(call.what, What::Idle) {
                    self.meter.reconnects(now);
                }
                self.call(call);
            }
            Happening::DropEverybody => self.drop_everybody(),
            Happening::Look => {
                self.meter.look(now);
                self.clock.at(now + 1_000, Happening::Look);
            }
        }
    }

    fn good(&mut self, number: CallNo) {
        let Some(call) = self.calls.remove(&number) else { return };
        let now = self.clock.now;
        match call.what {
            What::Message { chat, n, written_at, .. } => {
                self.meter.acknowledges(now);
                self.meter.receipt(now, chat, n);
                self.meter.shows(now, written_at, call.site == 0);
                self.content(chat);
                if let Some(it) = self.chats.get_mut(&chat) {
                    it.queue.pop_front();
                    it.sending = false;
                    if it.queue.is_empty() && it.leaves_at.is_some() {
                        self.chats.remove(&chat);
                    }
                }
                self.flush(chat);
            }
            What::Resume { chat } => {
                self.content(chat);
                if let Some(it) = self.chats.get_mut(&chat) {
                    it.broken = false;
                    it.attempts = 0;
                }
                self.flush(chat);
            }
            What::Boot { .. } | What::Status { .. } | What::Login { agent: None } => self.meter.answers(now),
            What::Login { agent: Some(agent) } => {
                self.logged_out.remove(&agent);
            }
            What::Idle => {}
        }
    }

    /// A success: a careful client may retry a little more often again.
    fn content(&mut self, chat: ChatNo) {
        let budget = self.cell.scenario.clients.retry_budget;
        if let Some(it) = self.chats.get_mut(&chat) {
            it.care.failures = 0;
            it.care.tokens = (it.care.tokens + budget).min(3.0);
        }
    }

    fn bad(&mut self, number: CallNo) {
        let Some(mut call) = self.calls.remove(&number) else { return };
        let clients = self.cell.scenario.clients.clone();
        call.attempt += 1;
        if call.attempt <= clients.retries && self.may_retry(&call) {
            let wait = match self.care {
                Care::Without => clients.retry_pause_ms,
                Care::Careful => self.backoff_ms(call.attempt),
            };
            self.calls.insert(number, call);
            self.clock.after(wait, Happening::Try(number));
            return;
        }
        self.failed(call);
    }

    fn may_retry(&mut self, call: &Call) -> bool {
        if self.care == Care::Without {
            return true;
        }
        match call.what {
            What::Message { chat, .. } | What::Resume { chat } => {
                let open = self.cell.scenario.clients.breaker_failures;
                let Some(it) = self.chats.get_mut(&chat) else { return false };
                it.care.failures += 1;
                if it.care.failures >= open || it.care.tokens < 1.0 {
                    return false;
                }
                it.care.tokens -= 1.0;
                true
            }
            // A page or a console that has just begun has earned one.
            _ => call.attempt <= 1,
        }
    }

    fn backoff_ms(&mut self, attempt: u32) -> Millis {
        let clients = &self.cell.scenario.clients;
        let window = clients.backoff_cap_ms.min(clients.backoff_ms << attempt.min(10));
        self.chance.jitter_ms(window)
    }

    /// All its retries were for nothing.
    fn failed(&mut self, call: Call) {
        let now = self.clock.now;
        let again_ms = |it: &mut Direct, attempt: u32| match it.care {
            Care::Without => it.cell.scenario.clients.reconnect_ms,
            Care::Careful => it.cell.scenario.clients.breaker_open_ms + it.backoff_ms(attempt),
        };
        match call.what {
            What::Message { chat, n, .. } => {
                let Some(it) = self.chats.get_mut(&chat) else { return };
                it.sending = false;
                it.broken = true;
                it.attempts += 1;
                let attempts = it.attempts;
                if self.care == Care::Without {
                    // "Your message could not be sent."
                    it.queue.pop_front();
                    self.meter.gives_up(chat, n);
                }
                let wait = again_ms(self, attempts);
                self.clock.after(wait, Happening::Reconnect(chat));
            }
            What::Resume { chat } => {
                let Some(it) = self.chats.get_mut(&chat) else { return };
                it.attempts += 1;
                let attempts = it.attempts;
                let wait = again_ms(self, attempts);
                self.clock.after(wait, Happening::Reconnect(chat));
            }
            What::Boot { until } => {
                let wait = again_ms(self, 3);
                if now + wait < until {
                    self.clock.after(wait, Happening::Again(Call { attempt: 0, ..call }));
                }
            }
            What::Status { agent } => {
                // The console believes that it is logged out.
                if !self.logged_out.insert(agent) {
                    return;
                }
                let wait = again_ms(self, 3);
                let what = What::Login { agent: Some(agent) };
                self.clock.after(wait, Happening::Again(Call { what, site: call.site, attempt: 0 }));
            }
            What::Login { .. } | What::Idle => {
                let wait = again_ms(self, 5);
                self.clock.after(wait, Happening::Again(Call { attempt: 0, ..call }));
            }
        }
    }

    fn reconnect(&mut self, chat: ChatNo) {
        let now = self.clock.now;
        let Some(it) = self.chats.get(&chat) else { return };
        if it.leaves_at.is_some_and(|at| now >= at) {
            if let Some(it) = self.chats.remove(&chat) {
                for (n, ..) in it.queue {
                    self.meter.gives_up(chat, n);
                }
            }
            return;
        }
        let site = it.site;
        self.meter.reconnects(now);
        self.call(Call { what: What::Resume { chat }, site, attempt: 0 });
    }

    fn drop_everybody(&mut self) {
        let wait = |it: &mut Direct| match it.care {
            Care::Without => it.cell.scenario.clients.reconnect_ms,
            Care::Careful => it.backoff_ms(1),
        };
        let chats: Vec<ChatNo> = self.chats.keys().copied().collect();
        for chat in chats {
            if let Some(it) = self.chats.get_mut(&chat) {
                it.broken = true;
            }
            let wait = wait(self);
            self.clock.after(wait, Happening::Reconnect(chat));
        }
        let sites = self.cell.scenario.people.sites;
        for widget in 0..self.cell.scenario.people.idle_widgets {
            let wait = wait(self);
            let call = Call { what: What::Idle, site: (widget % sites) as SiteNo, attempt: 0 };
            self.clock.after(wait, Happening::Again(call));
        }
    }
}
