//! The edge's process is killed: the memory of every object is gone, every link, every call under way, and whoever stood in
//! line. What was stored is there when it starts again.

use edge::arrivals::Arrivals;
use edge::origin_gate;
use edge::spread::Crowd;
use shared::Millis;

use crate::people::SiteNo;

use super::{Happening, PersonNo, With};

/// It is back after so long, by chance between the two.
const DEAD_MS: (Millis, Millis) = (200, 3_000);
/// It lives for so long, and longer once the trigger is over.
const LIVES_MS: (Millis, Millis) = (500, 15_000);

impl With {
    pub(super) fn edge_dies(&mut self) {
        self.dead = true;
        self.clock.retain(survives);
        let people: Vec<PersonNo> = self.people.keys().copied().collect();
        for person in people {
            self.loses_link(person);
        }
        self.callers_lose_the_edge();
        let dead_ms = self.between(DEAD_MS);
        self.clock.after(dead_ms, Happening::EdgeStarts);
    }

    pub(super) fn edge_starts(&mut self) {
        let now = self.clock.now;
        self.dead = false;
        let stored = *self.crowd.high_water();
        self.crowd = Crowd::default();
        self.crowd.recall(now, &stored);
        self.arrivals = Arrivals::default();
        for (chat, it) in &mut self.conversations {
            it.starts_again(*chat);
        }
        for site in 0..self.sites.len() {
            self.sites[site].starts_again(site as SiteNo);
            self.site_input(site as SiteNo, edge::site::Input::Timeout);
        }
        let seed = self.chance.seed();
        self.gate.starts_again(now, seed);
        self.gate_input(origin_gate::Input::Timeout);
        let dies_at = now + self.between(LIVES_MS);
        if dies_at < self.cell.trigger_ms().end {
            self.clock.at(dies_at, Happening::EdgeDies);
        }
    }

    fn between(&mut self, (least, most): (Millis, Millis)) -> Millis {
        least + self.chance.below(most - least + 1)
    }
}

/// What people do, their clocks, the handshakes that will be refused, and alarms that are rows.
fn survives(happening: &Happening) -> bool {
    match happening {
        Happening::PersonTimer(..)
        | Happening::Opened(..)
        | Happening::ConversationTimer(..)
        | Happening::AgentComes(_)
        | Happening::IdleComes(_)
        | Happening::Call(_)
        | Happening::Leaves(_)
        | Happening::Look
        | Happening::DropEverybody
        | Happening::EdgeDies
        | Happening::EdgeStarts => true,
        Happening::Arrives(_)
        | Happening::Done(..)
        | Happening::ToEdge(..)
        | Happening::ToPerson(..)
        | Happening::GateTimer(_)
        | Happening::SiteTimer(..)
        | Happening::Answered(..)
        | Happening::Refused(..)
        | Happening::Tell(_)
        | Happening::CallEnded(..) => false,
    }
}
