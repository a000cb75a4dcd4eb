//! Which agents are connected, as the origin is told (CONNECTED-1): at most once a second, and only what has changed since it
//! took it. Consoles that come and go within a moment are nobody's write.

use std::collections::BTreeSet;

use shared::Millis;
use shared::id::AgentId;

/// Changes are collected for so long; an agent who has gone may only be reloading the console.
const COLLECT_MS: Millis = 1_000;
const GRACE_MS: Millis = 3_000;
/// After a restart of the edge consoles come back within this.
const RESTORED_MS: Millis = 30_000;
/// What could not be told is told again after so long, or when the gate says.
const AGAIN_MS: Millis = 5_000;
/// In place of a time: as soon as there is one.
const RESTORED: Millis = 0;

#[derive(Debug, Default)]
pub(super) struct Connected {
    /// What the origin has taken.
    taken: BTreeSet<AgentId>,
    now: BTreeSet<AgentId>,
    telling: Option<BTreeSet<AgentId>>,
    due_at: Option<Millis>,
    /// After a restart nothing is told before this.
    waits_until: Millis,
}

impl Connected {
    /// Those whom the origin believes to be there may come back.
    pub(super) fn restore(taken: Vec<AgentId>, now: BTreeSet<AgentId>) -> Connected {
        let taken: BTreeSet<AgentId> = taken.into_iter().collect();
        let due_at = (taken != now).then_some(RESTORED);
        Connected { taken, now, due_at, ..Connected::default() }
    }

    pub(super) fn due_at(&self) -> Option<Millis> {
        self.due_at.filter(|_| self.telling.is_none())
    }

    pub(super) fn are(&mut self, now: Millis, agents: BTreeSet<AgentId>) {
        if agents == self.now {
            return;
        }
        self.clock_starts(now);
        let wait = if agents.is_superset(&self.now) { COLLECT_MS } else { GRACE_MS };
        let at = self.due_at.map_or(now + wait, |due| due.min(now + wait));
        self.due_at = Some(at.max(self.waits_until));
        self.now = agents;
    }

    fn clock_starts(&mut self, now: Millis) {
        if self.due_at == Some(RESTORED) {
            self.waits_until = now + RESTORED_MS;
            self.due_at = Some(self.waits_until);
        }
    }

    /// What the origin is to be told now.
    pub(super) fn timeout(&mut self, now: Millis) -> Option<Vec<AgentId>> {
        self.clock_starts(now);
        if self.due_at().is_none_or(|at| now < at) {
            return None;
        }
        self.due_at = None;
        (self.now != self.taken).then(|| {
            self.telling = Some(self.now.clone());
            self.now.iter().cloned().collect()
        })
    }

    /// The origin has taken it, or is to be told again; what it now believes, where that is new.
    pub(super) fn told(&mut self, now: Millis, good: bool, retry_after_ms: Millis) -> Option<Vec<AgentId>> {
        let told = self.telling.take()?;
        if good {
            self.taken = told;
        }
        if self.now != self.taken {
            let wait = if good { COLLECT_MS } else { AGAIN_MS.max(retry_after_ms) };
            self.due_at = Some(now + wait);
        }
        good.then(|| self.taken.iter().cloned().collect())
    }
}
