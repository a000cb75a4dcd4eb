//! What is counted while an arm runs, second by second, and the figures that it comes to.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use shared::Millis;
use shared::message::Side;
use shared::mode::Mode;

use crate::people::ChatNo;
use crate::scenario::{Cell, Fault};

/// One second of one arm: what a chart shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Cost that arrived at the origin.
    pub arrivals: f64,
    pub p1_offered: u32,
    pub p1_receipts: u32,
    /// All classes: asked for by people, and answered as they wished.
    pub offered: u32,
    pub answered: u32,
    pub shed: u32,
    pub reconnects: u32,
    pub oldest_ms: u64,
    /// 0 normal … 3 holding; `with` alone.
    pub mode: u8,
    /// What the gate allows: events a second, and events in flight.
    pub pace: f64,
    pub limit: u64,
}

/// The figures of one run; `None` where a figure does not apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub messages_recovery_s: Option<f64>,
    pub recovery_s: Option<f64>,
    pub peak_arrivals_over_capacity_5s: Option<f64>,
    pub peak_arrivals_over_capacity_1s: Option<f64>,
    pub drain_over_ideal: Option<f64>,
    pub relapses: Option<f64>,
    pub p1_accepted: Option<f64>,
    pub p1_ceiling_share: Option<f64>,
    pub visitor_to_agent_p99_ms: Option<f64>,
    pub lost: Option<f64>,
    pub doubled: Option<f64>,
    pub reordered: Option<f64>,
    pub mode_changes: Option<f64>,
    pub peak_reconnects_over_admitted: Option<f64>,
    pub other_sites_p99_ratio: Option<f64>,
    pub peak_object_queue_ms: Option<f64>,
}

/// What one arm came to.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub figures: Figures,
    pub seconds: Vec<Second>,
    /// How long the backlog would take at 95 % of the capacity beside the live messages; where there is a drain.
    pub drain_ideal_s: Option<f64>,
}

pub struct Meter {
    cell: Cell,
    /// Cost that arrived, in tenths of a second.
    tenths: Vec<f64>,
    seconds: Vec<Second>,
    /// Messages without a receipt, by when they were written.
    waiting: HashMap<(ChatNo, u32), Millis>,
    waiting_since: std::collections::BTreeMap<Millis, u32>,
    written: u64,
    acknowledged: u64,
    accepted: HashMap<(ChatNo, u32), u32>,
    last_accepted: HashMap<(ChatNo, Side), u32>,
    doubled: u64,
    reordered: u64,
    /// From the trigger on, and before it: one site's and everybody's.
    to_agent_ms: Vec<u32>,
    others_before_ms: Vec<u32>,
    others_during_ms: Vec<u32>,
    mode: Mode,
    mode_changes: u32,
    relapses: u32,
    pub peak_queue_us: Option<u64>,
    /// When the backlog that the trigger has left was gone, and what it was at the trigger's end.
    backlog_at_end: Option<u64>,
    drained_at: Option<Millis>,
    peak_reconnects_over_admitted: Option<f64>,
    /// Whether this arm has modes at all.
    pub has_modes: bool,
}

/// Receipts of so much of what is offered count as recovered.
const RECOVERED: f64 = 0.9;
const WINDOW_S: usize = 5;
/// A mode that gets worse so soon after the trigger is a relapse.
const RELAPSE_MS: Millis = 600_000;

impl Meter {
    pub fn new(cell: &Cell) -> Meter {
        let seconds = (cell.end_ms() / 1_000) as usize + 1;
        Meter {
            cell: cell.clone(),
            tenths: vec![0.0; seconds * 10],
            seconds: vec![Second::default(); seconds],
            waiting: HashMap::new(),
            waiting_since: std::collections::BTreeMap::new(),
            written: 0,
            acknowledged: 0,
            accepted: HashMap::new(),
            last_accepted: HashMap::new(),
            doubled: 0,
            reordered: 0,
            to_agent_ms: Vec::new(),
            others_before_ms: Vec::new(),
            others_during_ms: Vec::new(),
            mode: Mode::Normal,
            mode_changes: 0,
            relapses: 0,
            peak_queue_us: None,
            backlog_at_end: None,
            drained_at: None,
            peak_reconnects_over_admitted: None,
            has_modes: false,
        }
    }

    fn second(&mut self, now: Millis) -> &mut Second {
        let at = (now / 1_000) as usize;
        if at >= self.seconds.len() {
            self.seconds.resize(at + 1, Second::default());
        }
        &mut self.seconds[at]
    }

    pub fn arrives(&mut self, now: Millis, cost: f64) {
        let tenth = (now / 100) as usize;
        if tenth >= self.tenths.len() {
            self.tenths.resize(tenth + 1, 0.0);
        }
        self.tenths[tenth] += cost;
        self.second(now).arrivals += cost;
    }

    pub fn writes(&mut self, now: Millis, chat: ChatNo, n: u32) {
        self.written += 1;
        self.waiting.insert((chat, n), now);
        *self.waiting_since.entry(now).or_default() += 1;
        let second = self.second(now);
        second.offered += 1;
        second.p1_offered += u32::from(n > 1);
    }

    pub fn offers(&mut self, now: Millis) {
        self.second(now).offered += 1;
    }

    pub fn answers(&mut self, now: Millis) {
        self.second(now).answered += 1;
    }

    pub fn sheds(&mut self, now: Millis) {
        self.second(now).shed += 1;
    }

    pub fn reconnects(&mut self, now: Millis) {
        self.second(now).reconnects += 1;
    }

    /// The writer knows that its message is safe.
    pub fn acknowledges(&mut self, _now: Millis) {
        self.acknowledged += 1;
    }

    /// The message is on the other side's screen.
    pub fn shows(&mut self, now: Millis, written_at: Millis, of_site_0: bool) {
        let took = (now - written_at) as u32;
        let trigger = self.cell.trigger_ms();
        if written_at >= trigger.start {
            self.to_agent_ms.push(took);
        }
        if !of_site_0 {
            if trigger.contains(&written_at) {
                self.others_during_ms.push(took);
            } else if written_at < trigger.start {
                self.others_before_ms.push(took);
            }
        }
    }

    /// The origin has put it into its ledger.
    pub fn accepts(&mut self, chat: ChatNo, n: u32, side: Side) {
        let times = self.accepted.entry((chat, n)).or_default();
        *times += 1;
        if *times > 1 {
            self.doubled += 1;
            return;
        }
        let last = self.last_accepted.entry((chat, side)).or_default();
        if n < *last {
            self.reordered += 1;
        }
        *last = n.max(*last);
    }

    pub fn has_accepted(&self, chat: ChatNo, n: u32) -> bool {
        self.accepted.contains_key(&(chat, n))
    }

    /// The origin's receipt is there.
    pub fn receipt(&mut self, now: Millis, chat: ChatNo, n: u32) {
        let Some(written_at) = self.waiting.remove(&(chat, n)) else { return };
        if let Some(count) = self.waiting_since.get_mut(&written_at) {
            *count -= 1;
            if *count == 0 {
                self.waiting_since.remove(&written_at);
            }
        }
        let second = self.second(now);
        second.answered += 1;
        second.p1_receipts += u32::from(n > 1);
    }

    /// Nobody will try this message again.
    pub fn gives_up(&mut self, chat: ChatNo, n: u32) {
        if let Some(written_at) = self.waiting.remove(&(chat, n))
            && let Some(count) = self.waiting_since.get_mut(&written_at)
        {
            *count -= 1;
            if *count == 0 {
                self.waiting_since.remove(&written_at);
            }
        }
    }

    pub fn mode(&mut self, now: Millis, mode: Mode) {
        if mode == self.mode {
            return;
        }
        let trigger = self.cell.trigger_ms();
        let after = now.checked_sub(trigger.end).is_some_and(|after| after < RELAPSE_MS);
        if mode > self.mode && after {
            self.relapses += 1;
        }
        if now >= trigger.start {
            self.mode_changes += 1;
        }
        self.mode = mode;
    }

    pub fn reconnect_peak_over(&mut self, admitted_per_s: f64) {
        let start = (self.cell.trigger_ms().start / 1_000) as usize;
        let peak = self.seconds.iter().skip(start).map(|second| second.reconnects).max().unwrap_or(0);
        self.peak_reconnects_over_admitted = Some(f64::from(peak) / admitted_per_s);
    }

    pub fn backlog(&self) -> usize {
        self.waiting.len()
    }

    pub fn gate(&mut self, now: Millis, pace: f64, limit: u64) {
        let second = self.second(now);
        (second.pace, second.limit) = (pace, limit);
    }

    /// Called once a second.
    pub fn look(&mut self, now: Millis) {
        let oldest = self.waiting_since.keys().next().copied().unwrap_or(now);
        let mode = self.mode as u8;
        let second = self.second(now);
        second.oldest_ms = now.saturating_sub(oldest);
        second.mode = mode;
        let end = self.cell.trigger_ms().end;
        if now >= end {
            let backlog = self.waiting.len() as u64;
            self.backlog_at_end.get_or_insert(backlog);
            // Drained when nothing waits that was written during the trigger.
            if self.drained_at.is_none() && oldest >= end {
                self.drained_at = Some(now);
            }
        }
    }

    pub fn finish(mut self, lost_count: bool) -> Run {
        let trigger = self.cell.trigger_ms();
        let capacity = self.cell.capacity;
        let down = matches!(self.cell.scenario.fault, Fault::Down | Fault::Flapping);
        let lost = if lost_count { self.written - self.accepted.len() as u64 } else { 0 };
        let ceiling_share = (!down).then(|| {
            let during = |per: fn(&Second) -> u32| {
                let seconds = self.seconds.iter().enumerate();
                seconds
                    .filter(|(at, _)| trigger.contains(&(*at as u64 * 1_000)))
                    .map(|(_, second)| f64::from(per(second)))
                    .sum::<f64>()
            };
            let offered = during(|second| second.p1_offered);
            during(|second| second.p1_receipts) / offered.min(capacity * self.cell.trigger_s as f64)
        });
        let drain_ideal_s = self.backlog_at_end.filter(|backlog| *backlog as f64 > capacity).map(|backlog| {
            let live = self.cell.load * self.cell.scenario.people.messages_share * capacity;
            backlog as f64 / (0.95 * capacity - live)
        });
        let drain = drain_ideal_s.map(|ideal_s| match self.drained_at {
            Some(at) => (at - trigger.end) as f64 / 1_000.0 / ideal_s,
            None => f64::INFINITY,
        });
        let shows = |flag: bool, count: u32| flag.then_some(f64::from(count));
        let figures = Figures {
            messages_recovery_s: Some(self.recovery_s(|s| (s.p1_offered, s.p1_receipts))),
            recovery_s: Some(self.recovery_s(|s| (s.offered, s.answered))),
            peak_arrivals_over_capacity_5s: Some(self.peak_arrivals(50) / capacity),
            peak_arrivals_over_capacity_1s: Some(self.peak_arrivals(10) / capacity),
            drain_over_ideal: drain,
            relapses: shows(self.has_modes, self.relapses),
            p1_accepted: Some(self.acknowledged as f64 / self.written.max(1) as f64),
            p1_ceiling_share: ceiling_share,
            visitor_to_agent_p99_ms: p99(&mut self.to_agent_ms),
            lost: Some(lost as f64),
            doubled: Some(self.doubled as f64),
            reordered: Some(self.reordered as f64),
            mode_changes: shows(self.has_modes, self.mode_changes),
            peak_reconnects_over_admitted: self.peak_reconnects_over_admitted,
            other_sites_p99_ratio: (self.cell.scenario.fault == Fault::Surge)
                .then(|| Some(p99(&mut self.others_during_ms)? / p99(&mut self.others_before_ms)?.max(1.0)))
                .flatten(),
            peak_object_queue_ms: self.peak_queue_us.map(|us| us as f64 / 1_000.0),
        };
        Run { figures, seconds: self.seconds, drain_ideal_s }
    }

    /// Start of the first window of 5 s after the trigger in which 90 % of what was offered was answered.
    fn recovery_s(&self, of: fn(&Second) -> (u32, u32)) -> f64 {
        let end = (self.cell.trigger_ms().end / 1_000) as usize;
        let after: Vec<(u32, u32)> = self.seconds[end.min(self.seconds.len())..].iter().map(of).collect();
        let recovered = |window: &[(u32, u32)]| {
            let (offered, answered) = window.iter().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
            offered > 0 && f64::from(answered) >= RECOVERED * f64::from(offered)
        };
        after.windows(WINDOW_S).position(recovered).map_or(f64::INFINITY, |at| at as f64)
    }

    /// The most that arrived in so many tenths of a second after the trigger, per second.
    fn peak_arrivals(&self, tenths: usize) -> f64 {
        let end = (self.cell.trigger_ms().end / 100) as usize;
        let after = self.tenths.get(end..).unwrap_or_default();
        let peak = after.windows(tenths).map(|window| window.iter().sum::<f64>()).fold(0.0, f64::max);
        peak * 10.0 / tenths as f64
    }
}

fn p99(values: &mut [u32]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let at = (values.len() * 99 / 100).min(values.len() - 1);
    Some(f64::from(*values.select_nth_unstable(at).1))
}
