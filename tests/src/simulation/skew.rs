//! Every host has a clock of its own, which may be wrong and may jump. The virtual clock is the true time.

use shared::Millis;

use super::World;
use super::clock::ConversationNo;
use super::plan::Trouble;

const DAY_MS: u64 = 86_400_000;
const TWO_HOURS_MS: u64 = 7_200_000;
/// An alarm is kept by the platform and waits for its clock, so how far an edge's clock goes back is how late the
/// safety net can come. A server's clock is corrected in small steps.
const EDGE_BACK_MS: u64 = 30_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    Browser(usize),
    Conversation(ConversationNo),
    Gate,
}

/// How far each host's clock is from the true time.
#[derive(Debug, Default)]
pub struct Skew {
    browsers: Vec<i64>,
    conversations: Vec<i64>,
    gate: i64,
}

impl Skew {
    pub fn none(browsers: usize, conversations: usize) -> Skew {
        Skew { browsers: vec![0; browsers], conversations: vec![0; conversations], gate: 0 }
    }

    fn of(&mut self, host: Host) -> &mut i64 {
        match host {
            Host::Browser(number) => &mut self.browsers[number],
            Host::Conversation(number) => &mut self.conversations[number],
            Host::Gate => &mut self.gate,
        }
    }
}

impl World {
    /// In some runs clocks are wrong from the start: people's by up to a day, servers' by minutes.
    pub fn set_clocks_wrong(&mut self) {
        if !self.strikes(Trouble::Clocks, 40) {
            return;
        }
        for host in self.hosts() {
            let most = if matches!(host, Host::Browser(_)) { DAY_MS } else { 300_000 };
            *self.skew.of(host) = self.random.below(2 * most).cast_signed() - most.cast_signed();
        }
    }

    pub fn hosts(&self) -> Vec<Host> {
        let browsers = (0..self.browsers.len()).map(Host::Browser);
        browsers.chain((0..self.conversations.len()).map(Host::Conversation)).chain([Host::Gate]).collect()
    }

    /// What the host's clock says.
    pub fn time_at(&mut self, host: Host) -> Millis {
        self.clock.now.saturating_add_signed(*self.skew.of(host))
    }

    /// When the host's clock will say so.
    pub fn when(&mut self, host: Host, at: Millis) -> Millis {
        at.saturating_add_signed(-*self.skew.of(host))
    }

    /// Somebody sets the clock, or a time server does.
    pub fn clock_jumps(&mut self, host: Host, far: bool, back: bool, share: u64) {
        let most = match host {
            _ if !far => 5_000,
            Host::Conversation(_) if back => EDGE_BACK_MS,
            _ => TWO_HOURS_MS,
        };
        let by = (share % most).cast_signed();
        let by = if back { -by } else { by };
        self.trace.tell(self.clock.now, || format!("the clock of {host:?} jumps by {by} ms"));
        *self.skew.of(host) += by;
        if let Host::Conversation(number) = host {
            self.plan_alarm(number);
        }
    }
}
