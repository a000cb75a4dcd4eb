//! Await points: wherever a driver at the edge waits, its object may be gone when the answer comes. Everything that
//! a driver waits for is a happening, so the place for it is just before one.

use super::clock::Happening;
use super::plan::Trouble;
use super::skew::Host;
use super::{Outcome, World};

impl World {
    /// The platform may have removed the object that this happening wakes.
    pub fn await_point(&mut self, what: &Happening) -> Outcome {
        if self.calm {
            return Ok(());
        }
        let Some(host) = self.woken(what) else { return Ok(()) };
        self.awaits += 1;
        if self.plan.evict_at != Some(self.awaits) && !self.strikes(Trouble::Evictions, 2) {
            return Ok(());
        }
        match host {
            Host::Conversation(number) => self.evict_conversation(number),
            Host::Gate => self.crash_gate(),
            Host::Browser(_) => {}
        }
        Ok(())
    }

    fn woken(&self, what: &Happening) -> Option<Host> {
        match what {
            Happening::Knocks(wire) | Happening::Up(wire, _) | Happening::ClosedAtEdge(wire) => {
                self.network.wires.get(wire).map(|wire| Host::Conversation(wire.conversation))
            }
            Happening::Alarm(conversation, _)
            | Happening::NoticeArrives(conversation, _)
            | Happening::AnnounceAnswered { conversation, .. }
            | Happening::PullArrives { conversation, .. }
            | Happening::SettleArrives { conversation, .. }
            | Happening::ReplyArrives(conversation) => Some(Host::Conversation(*conversation)),
            Happening::AnnounceArrives { .. }
            | Happening::PullAnswered { .. }
            | Happening::PostAnswered { .. }
            | Happening::Settled { .. }
            | Happening::GateTimer { .. } => Some(Host::Gate),
            _ => None,
        }
    }
}
