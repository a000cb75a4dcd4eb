//! When and how much may be sent, and which mode holds. This machine sees calls begin and end, and the clock; never a
//! message. Two resources of the origin are kept apart: messages, and accounts (settings, keys, log in, agents' status).

use shared::Millis;
use shared::event::{Resource, Status};
use shared::id::SiteId;
use shared::mode::Mode;
use shared::random::Random;

use super::breakers::Evidence;
use super::calls::{Calls, Refused, Wanted};
use super::drain::Breach;
use super::health::Verdict;
use super::lane::Lane;
use super::learned::Learned;
use super::limit::Class;
use super::mode::Modes;
use super::{Call, Rates, Told};

/// Of the 6 outgoing connections of a Durable Object, so many are for batches.
const MAX_TURNS: usize = 4;
/// Evidence is weighed so often while there is any.
const STEP_MS: Millis = 1_000;
/// The pause after the k-th bad answer is k times this: the way to holding takes 1.5 s, not 5 immediate failures.
const PAUSE_MS: Millis = 150;
/// So many bad answers in a row say that the origin was away, and not that too much was asked of it.
const AWAY: u32 = 3;
/// While holding one batch is tried every 1 s ± 20 %.
const PROBE_EVERY_MS: Millis = 1_000;
const PROBE_JITTER_MS: Millis = 400;
/// What an origin asks for is obeyed, but a wrong number must not stop everything for good.
const MAX_RETRY_AFTER_MS: Millis = 600_000;
/// The oldest message without a receipt.
pub const OLD_MS: Millis = 2_000;
pub const VERY_OLD_MS: Millis = 10_000;
/// Nobody who is refused is told to come sooner, or later.
const RETRY_AFTER_MS: (Millis, Millis) = (1_000, 60_000);
const ACCOUNTS_FAILING: &str = "accounts-failing";
/// What was learnt is stored so often at most, and only where it has changed.
const STORE_EVERY_MS: Millis = 30_000;
/// While there is traffic, and it gets through, the origin is asked so often what it says about itself.
const ASK_HEALTH_EVERY_MS: Millis = 15_000;

fn obeyed(retry_after_ms: Millis) -> Millis {
    retry_after_ms.min(MAX_RETRY_AFTER_MS)
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Permit {
    No,
    Events(u64),
    /// Like `Events`, and to be replaced by a synthetic probe where nothing waits.
    Probe(u64),
}

#[derive(Debug)]
enum Phase {
    Open { bad: u32, paused_until: Millis },
    Holding { probe_at: Millis },
}

#[derive(Debug)]
pub(super) struct Deciding {
    phase: Phase,
    modes: Modes,
    changed: bool,
    reason: &'static str,
    messages: Lane,
    accounts: Lane,
    in_flight: u64,
    calls: Calls,
    /// No call about accounts before.
    accounts_paused_until: Millis,
    /// The origin's quota for messages is spent until then.
    spent_until: Millis,
    health_asked_at: Option<Millis>,
    asks_health: bool,
    step_at: Option<Millis>,
    /// When the oldest message without a receipt was announced.
    oldest: Option<Millis>,
    /// The mode that accounts alone would ask for.
    by_accounts: Mode,
    /// What was last worth a row, since when, and what is worth one now.
    stored: Learned,
    stored_at: Option<Millis>,
    worth_storing: Option<Box<Learned>>,
    random: Random,
}

impl Deciding {
    pub(super) fn new(seed: u64) -> Deciding {
        Deciding {
            phase: Phase::Open { bad: 0, paused_until: 0 },
            modes: Modes::default(),
            changed: false,
            reason: "",
            messages: Lane::default(),
            accounts: Lane::yielding(),
            in_flight: 0,
            calls: Calls::default(),
            accounts_paused_until: 0,
            spent_until: 0,
            health_asked_at: None,
            asks_health: false,
            step_at: None,
            oldest: None,
            by_accounts: Mode::Normal,
            stored: Learned::default(),
            stored_at: None,
            worth_storing: None,
            random: Random::new(seed),
        }
    }

    pub(super) fn mode(&self) -> (Mode, &'static str) {
        self.modes.now()
    }

    pub(super) fn take_mode_change(&mut self) -> Option<(Mode, &'static str)> {
        std::mem::take(&mut self.changed).then(|| self.mode())
    }

    pub(super) fn take_learned(&mut self) -> Option<Box<Learned>> {
        self.worth_storing.take()
    }

    // ---- messages ----

    /// Somebody has a backlog: from now on evidence is weighed.
    pub(super) fn wakes(&mut self, now: Millis) {
        self.step_at.get_or_insert(now + STEP_MS);
    }

    pub(super) fn permit(&mut self, now: Millis, turns: usize, waiting: bool) -> Permit {
        if turns >= self.max_turns() || now < self.spent_until {
            return Permit::No;
        }
        match self.phase {
            Phase::Open { paused_until, .. } if waiting && now >= paused_until => {
                let credit = self.messages.limit.events().saturating_sub(self.in_flight);
                match self.messages.pace.events(now).min(credit) {
                    0 => Permit::No,
                    events => Permit::Events(events),
                }
            }
            Phase::Holding { probe_at } if now >= probe_at => Permit::Probe(1),
            _ => Permit::No,
        }
    }

    /// When `permit` may say yes by the clock alone: not while it waits for a turn to end.
    fn next_permit_at(&self, turns: usize, waiting: bool) -> Option<Millis> {
        match self.phase {
            _ if turns >= self.max_turns() => None,
            Phase::Holding { probe_at } => Some(probe_at.max(self.spent_until)),
            Phase::Open { paused_until, .. } if waiting => {
                let credit = self.messages.limit.events() > self.in_flight;
                let next_at = paused_until.max(self.spent_until).max(self.messages.pace.next_at());
                credit.then_some(next_at)
            }
            Phase::Open { .. } => None,
        }
    }

    pub(super) fn next_at(&self, turns: usize, waiting: bool) -> Option<Millis> {
        [self.next_permit_at(turns, waiting), self.next_call_at(), self.step_at].into_iter().flatten().min()
    }

    /// After a bad answer one call at a time, until a good one.
    fn max_turns(&self) -> usize {
        match self.phase {
            Phase::Open { bad: 0, .. } => MAX_TURNS,
            Phase::Open { .. } | Phase::Holding { .. } => 1,
        }
    }

    pub(super) fn reserve(&mut self, events: u64) {
        self.messages.pace.spend(events);
        self.in_flight += events;
        self.messages.limit.in_flight(self.in_flight);
    }

    pub(super) fn refund(&mut self, events: u64) {
        self.messages.pace.refund(events);
        self.in_flight = self.in_flight.saturating_sub(events);
    }

    pub(super) fn probing(&mut self, now: Millis) {
        if let Phase::Holding { probe_at } = &mut self.phase {
            let jitter = self.random.below(PROBE_JITTER_MS + 1);
            *probe_at = now + PROBE_EVERY_MS - PROBE_JITTER_MS / 2 + jitter;
        }
    }

    /// A batch is on its way; after so long its answer is none.
    pub(super) fn posted(&mut self, now: Millis, turn: u64) -> Millis {
        self.messages.health.began(now, turn, true);
        self.step_at.get_or_insert(now + STEP_MS);
        self.messages.health.deadline_ms()
    }

    /// A batch of so many events was answered.
    pub(super) fn good(&mut self, now: Millis, turn: u64, events: u64) {
        self.in_flight = self.in_flight.saturating_sub(events);
        let units = events as u32;
        self.messages.health.ended(now, turn, Verdict::Good { units });
        self.messages.pace.delivered(events);
        let was_away = match self.phase {
            // MODE-4: the first good answer starts the drain at once. What was before says nothing any more.
            Phase::Holding { .. } => {
                self.messages.health.start_over();
                self.messages.pace.begin(now);
                true
            }
            Phase::Open { bad, .. } if bad >= AWAY => {
                self.messages.pace.back();
                true
            }
            Phase::Open { .. } => false,
        };
        self.messages.failed &= !was_away;
        self.phase = Phase::Open { bad: 0, paused_until: 0 };
    }

    pub(super) fn bad(
        &mut self,
        now: Millis,
        turn: u64,
        events: u64,
        reason: &'static str,
        retry_after_ms: Millis,
    ) {
        self.in_flight = self.in_flight.saturating_sub(events);
        self.messages.health.ended(now, turn, Verdict::Bad);
        self.messages.limit.failed(now);
        self.messages.failed = true;
        self.reason = reason;
        if let Phase::Open { bad, paused_until } = &mut self.phase {
            *bad += 1;
            *paused_until = now + (PAUSE_MS * Millis::from(*bad)).max(obeyed(retry_after_ms));
        }
        self.weigh(now);
        // What the answer that began the holding asks for counts, too.
        if let Phase::Holding { probe_at } = &mut self.phase {
            *probe_at = (*probe_at).max(now + obeyed(retry_after_ms));
        }
    }

    /// Continues where a former instance was.
    pub(super) fn resume(&mut self, now: Millis, mode: Mode, reason: &'static str, learned: &Learned) {
        self.messages.resume(now, &learned.messages);
        self.accounts.resume(now, &learned.accounts);
        self.stored = *learned;
        self.modes.resume(mode, reason);
        if mode == Mode::Holding {
            self.phase = Phase::Holding { probe_at: now };
            self.probing(now);
        }
        self.step_at.get_or_insert(now + STEP_MS);
    }

    // ---- accounts ----

    /// A call about accounts is wanted. What the classes' shares do not allow is refused at once.
    pub(super) fn asked(
        &mut self,
        now: Millis,
        call: Call,
        site: Option<SiteId>,
        class: Class,
        timed: bool,
    ) -> Option<Told> {
        self.step_at.get_or_insert(now + STEP_MS);
        let overload = self.accounts.limit.overload().max(self.messages.limit.overload());
        let room = self.accounts.limit.of(class, overload);
        let wanted = Wanted { call, site, class, timed, since: now };
        self.calls.ask(now, wanted, room).err().map(|refused| self.shed(refused))
    }

    /// Whoever is refused may come again after what waits already, where nothing better is known.
    fn shed(&self, Refused { call, of, retry_after_ms }: Refused) -> Told {
        let seconds = (1.0 + self.calls.waiting() as f64) / self.accounts.pace.per_s();
        let retry_after_ms = retry_after_ms.unwrap_or((seconds * 1_000.0) as Millis);
        Told::Shed { call, retry_after_ms: retry_after_ms.clamp(RETRY_AFTER_MS.0, RETRY_AFTER_MS.1), of }
    }

    /// The next call that may begin, or that has waited for too long.
    pub(super) fn next_call(&mut self, now: Millis) -> Option<Told> {
        if let Some(refused) = self.calls.late(now) {
            return Some(self.shed(refused));
        }
        if !self.calls.has_next() || now < self.accounts_paused_until || self.accounts.pace.events(now) == 0 {
            return None;
        }
        let deadline_ms = self.accounts.health.deadline_ms();
        match self.calls.begin(now, deadline_ms)? {
            Err(refused) => Some(self.shed(refused)),
            Ok(Wanted { call, timed, class, .. }) => {
                self.accounts.pace.spend(1);
                self.messages.pace.spend(1);
                self.accounts.limit.in_flight(self.calls.under_way() as u64);
                if class != Class::P5 {
                    self.accounts.health.began(now, call.0, timed);
                }
                Some(Told::Begin { call, deadline_ms })
            }
        }
    }

    fn next_call_at(&self) -> Option<Millis> {
        let late_at = self.calls.late_at()?;
        if !self.calls.has_next() {
            return Some(late_at);
        }
        Some(late_at.min(self.accounts.pace.next_at().max(self.accounts_paused_until)))
    }

    pub(super) fn call_ended(&mut self, now: Millis, call: Call, good: bool, retry_after_ms: Millis) {
        match self.calls.ended(now, call, good) {
            None => {}
            Some(Evidence::OfSite { as_well }) => self.accounts.health.left_out(call.0, as_well),
            Some(Evidence::OfOrigin) if good => {
                self.accounts.health.ended(now, call.0, Verdict::Good { units: 1 });
                self.accounts.pace.delivered(1);
                self.messages.pace.delivered(1);
            }
            Some(Evidence::OfOrigin) => {
                self.accounts.health.ended(now, call.0, Verdict::Bad);
                self.accounts.limit.failed(now);
                self.accounts.failed = true;
                let until = now + obeyed(retry_after_ms).max(PAUSE_MS);
                self.accounts_paused_until = self.accounts_paused_until.max(until);
            }
        }
    }

    pub(super) fn claims(&mut self, now: Millis, resource: Resource, claim: Status) {
        let lane = match resource {
            Resource::Accounts => &mut self.accounts,
            Resource::Messages => &mut self.messages,
        };
        lane.health.claims(now, claim);
        self.step_at.get_or_insert(now + STEP_MS);
    }

    /// The origin's word on its quota.
    pub(super) fn spent(&mut self, now: Millis, resource: Resource, pause_ms: Millis) {
        let until = match resource {
            Resource::Accounts => &mut self.accounts_paused_until,
            Resource::Messages => &mut self.spent_until,
        };
        *until = (*until).max(now + obeyed(pause_ms));
    }

    pub(super) fn asks_health(&mut self) -> bool {
        std::mem::take(&mut self.asks_health)
    }

    // ---- evidence ----

    pub(super) fn is_due(&self, now: Millis) -> bool {
        self.step_at.is_some_and(|at| now >= at)
    }

    /// Weighs the evidence, once a second.
    pub(super) fn step(&mut self, now: Millis, oldest: Option<Millis>, busy: bool) {
        self.oldest = oldest;
        let normal = self.mode().0 == Mode::Normal;
        let (mut messages, accounts) = (self.messages.breach(now), self.accounts.breach(now));
        // Who talks comes first: accounts give way before the pace of messages is touched.
        if messages == Some(Breach::Slow) && self.accounts.pace.give_way(now) {
            messages = Some(Breach::SlowByOthers);
        }
        self.messages.step(now, messages, normal);
        self.accounts.step(now, accounts, normal);
        self.weigh(now);
        self.remember(now);
        self.ask_health(now);
        // Nothing to weigh, and nothing that a dwell waits for: the object may sleep.
        let idle = !busy && self.mode().0 == Mode::Normal && self.quiet(now);
        self.step_at = (!idle).then_some(now + STEP_MS);
    }

    fn remember(&mut self, now: Millis) {
        if now < *self.stored_at.get_or_insert(now) + STORE_EVERY_MS {
            return;
        }
        self.stored_at = Some(now);
        let learned = Learned { messages: self.messages.learned(), accounts: self.accounts.learned() };
        if learned.is_worth_storing_over(&self.stored) {
            self.stored = learned;
            self.worth_storing = Some(Box::new(learned));
        }
    }

    /// While nothing gets through, probes ask already.
    fn ask_health(&mut self, now: Millis) {
        if self.flows() && self.health_asked_at.is_none_or(|at| now >= at + ASK_HEALTH_EVERY_MS) {
            self.health_asked_at = Some(now);
            self.asks_health = true;
        }
    }

    fn quiet(&mut self, now: Millis) -> bool {
        self.in_flight == 0
            && self.calls.waiting() == 0
            && self.calls.under_way() == 0
            && self.messages.health.evidence(now).calls == 0
            && self.accounts.health.evidence(now).calls == 0
    }

    fn weigh(&mut self, now: Millis) {
        let old_ms = self.oldest.map_or(0, |at| now.saturating_sub(at));
        let by_age = match old_ms {
            age if age > VERY_OLD_MS => (Mode::ChattingOnly, "backlog"),
            age if age > OLD_MS => (Mode::Degraded, "backlog"),
            _ => (Mode::Normal, ""),
        };
        let failing = if self.reason.is_empty() { "origin-failing" } else { self.reason };
        let by_messages = self.messages.wanted(now, failing);
        // Without accounts people talk on: that is what chatting-only is.
        let (by_accounts, _) = self.accounts.wanted(now, "");
        self.by_accounts = by_accounts;
        let by_accounts = (by_accounts.min(Mode::ChattingOnly), ACCOUNTS_FAILING);
        if by_messages.0 == Mode::Holding && matches!(self.phase, Phase::Open { .. }) {
            self.phase = Phase::Holding { probe_at: now };
            self.probing(now);
        }
        let still = matches!(self.phase, Phase::Holding { .. }).then_some((Mode::Holding, failing));
        let all = [Some(by_messages), Some(by_accounts), Some(by_age), still];
        let worst = all.into_iter().flatten().max_by_key(|(mode, _)| *mode);
        let (mode, reason) = worst.unwrap_or((Mode::Normal, ""));
        self.changed |= self.modes.assess(now, mode, reason);
    }

    // ---- what an operator sees ----

    pub(super) fn rates(&self) -> Rates {
        let Lane { pace, limit, .. } = &self.messages;
        Rates {
            per_s: pace.per_s(),
            normal_per_s: pace.normal_per_s(),
            limit_events: limit.events(),
            normal_limit_events: limit.normal_events(),
        }
    }

    /// Whether messages go to the origin, and not a probe now and then.
    pub(super) fn flows(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// Sites whose calls about accounts fail, while those of others pass.
    pub(super) fn sites_failing(&self) -> usize {
        self.calls.sites_failing()
    }

    /// How it is with accounts; fails where a log in would be refused.
    pub(super) fn accounts(&self) -> Status {
        let overload = self.accounts.limit.overload().max(self.messages.limit.overload());
        let refused = self.accounts.limit.of(Class::P3, overload) == 0;
        match self.by_accounts {
            _ if refused || !self.flows() => Status::Fail,
            Mode::Holding => Status::Fail,
            Mode::Degraded | Mode::ChattingOnly => Status::Warn,
            // MODE-5: the word is taken back as slowly as the mode's.
            Mode::Normal if self.mode().1 == ACCOUNTS_FAILING => Status::Warn,
            Mode::Normal => Status::Pass,
        }
    }
}
