//! The whole system on a virtual clock: the real session, conversation and gate between modelled browsers, links,
//! storages and an origin. A seed decides everything that happens; the same seed tells the same story.
//!
//! # Layout, in reading order
//!
//! - [`plan`], [`step`]: what a run is made of, and what can happen
//! - [`reference`], [`invariants`]: what should be true
//! - [`sim_browser`], [`sim_edge`], [`sim_gate`], [`sim_origin`], [`sim_replies`], [`network`]: the parties and their drivers
//! - [`awaits`], [`skew`], [`versions`]: evictions, wrong clocks, peers of another version
//! - [`bugs`]: planted bugs, to see them found
//! - [`clock`], [`trace`], [`shorten`]: time, the story of a failed seed, and the shortest one

pub mod awaits;
pub mod bugs;
pub mod clock;
pub mod invariants;
pub mod network;
pub mod plan;
pub mod reference;
pub mod shorten;
pub mod sim_browser;
pub mod sim_edge;
pub mod sim_gate;
pub mod sim_origin;
pub mod sim_replies;
pub mod skew;
pub mod step;
pub mod trace;
pub mod versions;

use shared::Millis;
use shared::mode::Notice;
use shared::random::Random;
use shared::session::{Input, Role};

use bugs::{Adapter, Bug};
use clock::{Clock, Happening};
use network::Network;
use plan::{Plan, Trouble};
use reference::Reference;
use sim_browser::{Browser, Tab, TabId};
use sim_edge::SimConversation;
use sim_gate::SimGate;
use sim_origin::{Fault, SimOrigin};
use sim_replies::SimReplies;
use skew::Skew;
use step::Weather;
use trace::Trace;

/// An invariant that broke, in words.
pub type Outcome = Result<(), String>;

/// After the last fault everything must be at rest within this: one backoff at its longest, one announcement that
/// was lost, and the drain.
const REST_WITHIN_MS: Millis = 240_000;
/// And everybody is told that all is well within this: three steps up, each after the longest dwell (five minutes).
const NORMAL_WITHIN_MS: Millis = 930_000;
/// Then it is watched for so long: nobody may go on talking.
const WATCH_MS: Millis = 60_000;
/// Per tab in that time: three pings and three pongs.
const IDLE_FRAMES_PER_TAB: u64 = 8;
/// An announcement that was under way costs a pull.
const IDLE_CALLS: u64 = 2;
/// More happenings than this in one run mean a loop.
const MAX_HAPPENINGS: u64 = 400_000;

pub struct World {
    pub plan: Plan,
    pub clock: Clock,
    pub random: Random,
    pub weather: Weather,
    /// Taken or left out so far.
    pub steps: u64,
    /// The faults are over.
    pub calm: bool,
    pub browsers: Vec<Browser>,
    pub tabs: Vec<Tab>,
    pub network: Network,
    pub conversations: Vec<SimConversation>,
    pub gate: SimGate,
    pub origin: SimOrigin,
    /// Per conversation, what people write in the origin.
    pub replies: Vec<SimReplies>,
    /// The site's word on the mode.
    pub notice: Notice,
    pub reference: Reference,
    pub bug: Box<dyn Adapter>,
    pub trace: Trace,
    /// Texts written so far; makes each one different.
    pub texts: u64,
    pub skew: Skew,
    /// Await points so far.
    pub awaits: u64,
    /// What conversations have done so far: outputs.
    pub edge_outputs: u64,
}

/// What a run was like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    pub written: u64,
    pub frames: u64,
    pub happenings: u64,
    /// Await points of the drivers at the edge, until all was well.
    pub awaits: u64,
    /// From the last fault to rest, and what was said and called in that time.
    pub rest_ms: Millis,
    pub rest_frames: u64,
    pub rest_calls: u64,
}

#[derive(Clone, Debug)]
pub struct Failure {
    pub plan: Plan,
    pub what: String,
    /// Steps until then.
    pub steps: u64,
}

pub struct Run {
    pub result: Result<Summary, Failure>,
    /// Empty where nobody asked for it.
    pub story: Vec<String>,
}

/// Runs one story; tells it where it is asked for.
pub fn run(plan: &Plan, told: bool) -> Run {
    let mut world = World::new(plan.clone(), told);
    let result = world.run().map_err(|what| Failure { plan: plan.clone(), what, steps: world.steps });
    Run { result, story: world.trace.lines }
}

impl World {
    fn new(plan: Plan, told: bool) -> World {
        let mut random = Random::new(plan.seed);
        let weather = Weather {
            faulty_ms: 10_000 + random.below(90_000),
            every_ms: 300 + random.below(3_000),
            writes: 20 + random.below(60),
            loses_storage: random.percent(15),
            bursts: random.percent(5),
        };
        let network = Network::new(random.percent(40) && !plan.without.contains(&Trouble::Network));
        let conversations = if random.percent(40) { 2 } else { 1 };
        let browser = |role, conversation| Browser { role, conversation, storage: Default::default() };
        World {
            clock: Clock::new(),
            random,
            weather,
            steps: 0,
            calm: false,
            browsers: (0..conversations)
                .flat_map(|number| [browser(Role::Visitor, number), browser(Role::Agent, number)])
                .collect(),
            tabs: Vec::new(),
            network,
            conversations: (0..conversations).map(SimConversation::new).collect(),
            gate: SimGate::default(),
            origin: SimOrigin::default(),
            replies: (0..conversations).map(|_| SimReplies::default()).collect(),
            notice: Notice { version: 1, ..Notice::default() },
            reference: Reference::default(),
            bug: Bug::plant(plan.bug),
            plan,
            trace: Trace { on: told, lines: Vec::new() },
            texts: 0,
            skew: Skew::none(2 * conversations, conversations),
            awaits: 0,
            edge_outputs: 0,
        }
    }

    fn run(&mut self) -> Result<Summary, String> {
        let mut happenings = 0;
        self.set_clocks_wrong();
        self.open_tab(0)?;
        // Visitor and agent at once, and two tabs, are common enough not to wait for a step.
        for (browser, percent) in [(1, 50), (0, 30)] {
            if self.random.percent(percent) {
                self.open_tab(browser)?;
            }
        }
        self.clock.after(0, Happening::Step);
        let faults_end = self.clock.now + self.weather.faulty_ms;
        self.run_until(faults_end, &mut happenings)?;
        self.calm_down()?;
        let calm_since = self.clock.now;
        let (frames, calls) = (self.network.frames, self.gate.calls);
        self.wait("at rest", calm_since + REST_WITHIN_MS, Self::restless, &mut happenings)?;
        let rest_ms = self.clock.now - calm_since;
        let (rest_frames, rest_calls) = (self.network.frames - frames, self.gate.calls - calls);
        self.wait("normal", calm_since + NORMAL_WITHIN_MS, Self::troubled, &mut happenings)?;
        self.check_rest()?;
        self.watch(&mut happenings)?;
        self.visitors_leave()?;
        let gone_by = self.clock.now + REST_WITHIN_MS;
        self.wait("told as gone", gone_by, |world| world.ghost(), &mut happenings)?;
        let written = self.reference.written.len() as u64;
        let (frames, awaits) = (self.network.frames, self.awaits);
        Ok(Summary { written, frames, happenings, awaits, rest_ms, rest_frames, rest_calls })
    }

    /// Until nothing is left of what this names, and at most until then.
    fn wait(
        &mut self,
        wanted: &str,
        until: Millis,
        left: fn(&mut Self) -> Option<String>,
        happenings: &mut u64,
    ) -> Outcome {
        while let Some(what) = left(self) {
            if self.clock.now > until {
                return Err(format!("not {wanted} at {until} ms, long after the last fault: {what}"));
            }
            self.run_until(self.clock.now + 500, happenings)?;
        }
        Ok(())
    }

    fn run_until(&mut self, end: Millis, happenings: &mut u64) -> Outcome {
        self.clock.at(end, Happening::OriginHeals(u64::MAX));
        while self.clock.now < end && (self.calm || !self.plan.is_over(self.steps)) {
            let Some(what) = self.clock.advance() else { return Ok(()) };
            *happenings += 1;
            if *happenings > MAX_HAPPENINGS {
                return Err("too much happens: somebody is in a loop".to_owned());
            }
            self.happen(what)?;
        }
        Ok(())
    }

    /// The faults are over: good network, good origin, and a tab wherever something may be saved.
    fn calm_down(&mut self) -> Outcome {
        self.trace.tell(self.clock.now, || "from here on all is well".to_owned());
        self.calm = true;
        self.origin.fault = Fault::None;
        self.gate.crash_after = None;
        for conversation in &mut self.conversations {
            conversation.crash_after = None;
        }
        for browser in 0..self.browsers.len() {
            // ADOPT-1: what a closed tab left behind is taken over by the next page.
            let left_behind = !self.browsers[browser].storage.is_empty();
            if left_behind || !self.tabs.iter().any(|tab| tab.open && tab.browser == browser) {
                self.open_tab(browser)?;
            }
        }
        Ok(())
    }

    /// At rest nobody talks but to ask whether the other is still there.
    fn watch(&mut self, happenings: &mut u64) -> Outcome {
        let (before, calls) = (self.network.frames, self.gate.calls);
        self.run_until(self.clock.now + WATCH_MS, happenings)?;
        let calls = self.gate.calls - calls;
        if calls > IDLE_CALLS {
            return Err(format!("{calls} calls of the gate in {WATCH_MS} ms in which nothing happened"));
        }
        let open = self.tabs.iter().filter(|tab| tab.open).count() as u64;
        let said = self.network.frames - before;
        if said > open * IDLE_FRAMES_PER_TAB {
            return Err(format!("{said} frames in {WATCH_MS} ms in which nothing happened"));
        }
        match self.restless() {
            Some(what) => Err(format!("was at rest, and is no more: {what}")),
            None => self.check_rest(),
        }
    }

    /// Some close the page, some shut the lid, and some go with an edge that dies.
    fn visitors_leave(&mut self) -> Outcome {
        self.trace.tell(self.clock.now, || "the visitors leave".to_owned());
        for number in 0..self.conversations.len() {
            let how = self.random.below(3);
            let visitor = |tab: &TabId| {
                let it = &self.tabs[tab.0];
                let browser = &self.browsers[it.browser];
                it.open && browser.role == Role::Visitor && browser.conversation == number
            };
            let tabs: Vec<TabId> = (0..self.tabs.len()).map(TabId).filter(visitor).collect();
            for tab in tabs {
                if let Some(wire) = self.tabs[tab.0].wire().filter(|_| how > 0) {
                    self.cut_without_a_word(wire);
                }
                self.close_tab(tab);
            }
            if how == 2 {
                self.crash_conversation(number)?;
            }
        }
        Ok(())
    }

    fn happen(&mut self, what: Happening) -> Outcome {
        self.await_point(&what)?;
        match what {
            Happening::Step => self.step(),
            Happening::TabTimer { tab, timer } => self.tab_timer(tab, timer),
            Happening::TabSpeaks(tab) => {
                self.tab_speaks(tab);
                Ok(())
            }
            Happening::StorageRead { tab, saved } => self.tab_input(tab, Input::Start { saved }),
            Happening::StorageLands(tab) => {
                self.storage_lands(tab);
                Ok(())
            }
            Happening::Knocks(wire) => self.knocks(wire),
            Happening::OpenedAtBrowser(wire) => self.tab_opened(wire),
            Happening::Up(wire, frames) => self.up_arrives(wire, frames),
            Happening::Down(wire, frames) => self.down_arrives(wire, frames),
            Happening::ClosedAtBrowser(wire, code) => self.tab_closed(wire, code),
            Happening::ClosedAtEdge(wire) => self.closed_at_edge(wire),
            Happening::Alarm(conversation, at) => self.alarm(conversation, at),
            Happening::OnDisk { conversation, life } => self.on_disk(conversation, life),
            Happening::NoticeArrives(conversation, notice) => self.notice_arrives(conversation, notice),
            Happening::AnnounceArrives { conversation, life } => self.announce_arrives(conversation, life),
            Happening::AnnounceAnswered { conversation, life, again_ms } => {
                self.announce_answered(conversation, life, again_ms)
            }
            Happening::PullArrives { gate, turn, conversation, max } => {
                self.pull_arrives(gate, turn, conversation, max)
            }
            Happening::PullAnswered { gate, turn, conversation, events } => {
                self.pull_answered(gate, turn, conversation, events)
            }
            Happening::PostArrives { gate, turn, events } => self.post_arrives(gate, turn, events),
            Happening::PostAnswered { gate, turn, answer } => self.post_answered(gate, turn, answer),
            Happening::SettleArrives { gate, turn, conversation, receipts } => {
                self.settle_arrives(gate, turn, conversation, receipts)
            }
            Happening::Settled { gate, turn, conversation, backlog } => {
                self.settled(gate, turn, conversation, backlog)
            }
            Happening::ReplyArrives(conversation) => self.reply_arrives(conversation),
            Happening::ReplyAnswered(conversation, verdict) => {
                self.reply_answered(conversation, verdict);
                Ok(())
            }
            Happening::GateTimer { gate, timer } => self.gate_timer(gate, timer),
            Happening::GateStarts(life) => self.gate_starts(life),
            Happening::OriginHeals(fault) => {
                self.origin_heals(fault);
                Ok(())
            }
        }
    }
}
