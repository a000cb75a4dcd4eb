//! Which agents are connected, as the origin is told (CONNECTED-1): at most once a second, and only what has changed since it
//! took it. Consoles that come and go within a moment are nobody's write.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
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

/// What is stored of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Row")]
pub struct Taken {
    pub agents: Vec<AgentId>,
    pub unsure: bool,
}

/// An earlier version stored the agents alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Row {
    Agents(Vec<AgentId>),
    Taken { agents: Vec<AgentId>, unsure: bool },
}

impl From<Row> for Taken {
    fn from(row: Row) -> Taken {
        match row {
            // Whether a call was under way then is not known.
            Row::Agents(agents) => Taken { agents, unsure: true },
            Row::Taken { agents, unsure } => Taken { agents, unsure },
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Connected {
    /// What the origin has taken. It is not sure while a call is under way, nor after one whose answer was lost.
    taken: BTreeSet<AgentId>,
    unsure: bool,
    now: BTreeSet<AgentId>,
    telling: Option<BTreeSet<AgentId>>,
    due_at: Option<Millis>,
    /// After a restart nothing is told before this.
    waits_until: Millis,
}

impl Connected {
    /// Those whom the origin believes to be there may come back.
    pub(super) fn restore(taken: Taken, now: BTreeSet<AgentId>) -> Connected {
        let Taken { agents, unsure } = taken;
        let mut it = Connected { taken: agents.into_iter().collect(), unsure, now, ..Connected::default() };
        it.due_at = it.is_news().then_some(RESTORED);
        it
    }

    pub(super) fn taken(&self) -> Taken {
        Taken { agents: self.taken.iter().cloned().collect(), unsure: self.unsure }
    }

    fn is_news(&self) -> bool {
        self.unsure || self.now != self.taken
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
        self.is_news().then(|| {
            self.telling = Some(self.now.clone());
            self.unsure = true;
            self.now.iter().cloned().collect()
        })
    }

    /// The origin has taken it, or is to be told again. True where something is to be stored.
    pub(super) fn told(&mut self, now: Millis, good: bool, retry_after_ms: Millis) -> bool {
        let Some(told) = self.telling.take() else { return false };
        if good {
            (self.taken, self.unsure) = (told, false);
        }
        if self.is_news() {
            let wait = if good { COLLECT_MS } else { AGAIN_MS.max(retry_after_ms) };
            self.due_at = Some(now + wait);
        }
        good
    }
}
