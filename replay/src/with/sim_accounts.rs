//! What people want of accounts, as the edge lets it through: an agent's status at most once per site and second, and only
//! what changed; a log in when the gate has room for it.

use std::collections::BTreeMap;

use edge::origin_gate::{Call, Class, Input, Told};
use edge::shedding::{Leave, Shedding};
use shared::Millis;

use crate::origin::{Ask, Reply};
use crate::people::SiteNo;

use super::sim_conversation::site_id;
use super::{Happening, Job, With};

/// A site's status goes out at most so often.
const COALESCE_MS: Millis = 1_000;
/// Who got no answer asks again after so long, and as much by chance.
const AGAIN_MS: Millis = 1_000;
/// Who wants to log in tries again after twice as long each time, and at most after so long.
const MOST_AGAIN_MS: Millis = 60_000;

#[derive(Clone, Copy, Debug)]
pub(super) enum Wake {
    /// The site's collected status.
    Status(SiteNo),
    /// A log in, and how often it was refused.
    Login(SiteNo, u32),
}

impl Wake {
    fn site(self) -> SiteNo {
        let (Wake::Status(site) | Wake::Login(site, _)) = self;
        site
    }
}

pub(super) struct Accounts {
    /// Who asks, and by which leave of the worker in front of the gate.
    calls: BTreeMap<Call, (Wake, Option<Leave>)>,
    /// The worker: one isolate.
    shedding: Shedding,
    last: u64,
    /// Sites whose status waits to be sent, or is on its way and has changed again since.
    pending: Vec<bool>,
    planned: Vec<bool>,
}

impl Accounts {
    pub(super) fn new(sites: u64) -> Accounts {
        let none = vec![false; sites as usize];
        Accounts {
            calls: BTreeMap::new(),
            shedding: Shedding::default(),
            last: 0,
            pending: none.clone(),
            planned: none,
        }
    }
}

impl With {
    pub(super) fn status(&mut self, site: SiteNo, changed: bool) {
        let now = self.clock.now;
        self.meter.offers(now);
        // The edge has it; the origin hears of it when it can.
        self.meter.answers(now);
        let at = usize::from(site);
        if changed {
            self.accounts.pending[at] = true;
            if !std::mem::replace(&mut self.accounts.planned[at], true) {
                self.clock.after(COALESCE_MS, Happening::Call(Wake::Status(site)));
            }
        }
    }

    pub(super) fn login(&mut self, site: SiteNo) {
        self.meter.offers(self.clock.now);
        self.wake_caller(Wake::Login(site, 0));
    }

    pub(super) fn wake_caller(&mut self, wake: Wake) {
        if self.dead {
            self.again(wake, AGAIN_MS);
            return;
        }
        let (class, leave) = match wake {
            Wake::Status(site) => {
                let at = usize::from(site);
                self.accounts.planned[at] = false;
                if !std::mem::take(&mut self.accounts.pending[at]) {
                    return;
                }
                self.accounts.planned[at] = true;
                (Class::P4, None)
            }
            Wake::Login(site, _) => match self.accounts.shedding.leave(self.clock.now, &site_id(site)) {
                Ok(leave) => (Class::P3, Some(leave)),
                Err(again_ms) => {
                    self.meter.sheds(self.clock.now);
                    self.again(wake, again_ms);
                    return;
                }
            },
        };
        self.accounts.last += 1;
        let call = Call(self.accounts.last);
        self.accounts.calls.insert(call, (wake, leave));
        let asked = Input::Asked { call, site: Some(site_id(wake.site())), class, timed: true };
        self.clock.after(self.cell.scenario.edge.call_ms, Happening::Arrives(Job::Gate(asked)));
    }

    /// The edge is gone, and with it whoever waited there: they ask again.
    pub(super) fn callers_lose_the_edge(&mut self) {
        self.accounts.shedding = Shedding::default();
        for (wake, _) in std::mem::take(&mut self.accounts.calls).into_values() {
            self.again(wake, AGAIN_MS);
        }
    }

    pub(super) fn told(&mut self, told: Told) {
        let now = self.clock.now;
        match told {
            Told::Begin { call, deadline_ms } => {
                let Some((wake, _)) = self.accounts.calls.get(&call).copied() else { return };
                let (cost, reply) = self.origin.ask(now, Ask::Save(wake.site()));
                self.meter.arrives(now, cost);
                let (at, good) = match reply {
                    Reply::Done(at) => (at, true),
                    Reply::Garbage(at) | Reply::Overloaded(at) | Reply::Refused(at) => (at, false),
                };
                let over = now + deadline_ms;
                self.clock.at(at.min(over), Happening::CallEnded(call, good && at <= over));
            }
            Told::Shed { call, retry_after_ms, of } => {
                self.meter.sheds(now);
                if let Some((wake, leave)) = self.accounts.calls.remove(&call) {
                    if let Some(leave) = leave {
                        let site = site_id(wake.site());
                        self.accounts.shedding.back(&site, leave);
                        self.accounts.shedding.refused(now, &site, retry_after_ms, of);
                    }
                    self.again(wake, retry_after_ms);
                }
            }
        }
    }

    pub(super) fn call_ended(&mut self, call: Call, good: bool) {
        let ended = Input::Ended { call, good, retry_after_ms: 0 };
        self.gate_input(ended);
        let Some((wake, leave)) = self.accounts.calls.remove(&call) else { return };
        leave.into_iter().for_each(|leave| self.accounts.shedding.back(&site_id(wake.site()), leave));
        match (wake, good) {
            (Wake::Login(..), true) => self.meter.answers(self.clock.now),
            (Wake::Status(site), true) => {
                // What changed meanwhile goes out with the next second's.
                self.clock.after(COALESCE_MS, Happening::Call(Wake::Status(site)));
            }
            (wake, false) => self.again(wake, AGAIN_MS),
        }
    }

    fn again(&mut self, wake: Wake, after_ms: Millis) {
        let (wake, after_ms) = match wake {
            Wake::Status(site) => {
                self.accounts.pending[usize::from(site)] = true;
                (wake, after_ms)
            }
            Wake::Login(site, refused) => {
                let patience_ms = (AGAIN_MS << refused.min(6)).min(MOST_AGAIN_MS);
                (Wake::Login(site, refused + 1), after_ms.max(patience_ms))
            }
        };
        let wait = after_ms + self.chance.jitter_ms(after_ms);
        self.clock.after(wait, Happening::Call(wake));
    }
}
