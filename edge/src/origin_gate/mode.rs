//! Which mode holds: down fast, up one step at a time after good evidence that nothing has interrupted, and more slowly
//! after each relapse. An operator's word is the site's matter.

use shared::Millis;
use shared::mode::Mode;

/// Good evidence for so long is worth one step up; twice as long after each relapse, up to the cap.
const DWELL_MS: Millis = 30_000;
const LONGEST_DWELL_MS: Millis = 300_000;
/// Going down again so soon after a step up is a relapse; normal for so long, and relapses are forgiven.
const RELAPSE_MS: Millis = 600_000;
/// Everybody is told of each reason; one that changes with every probe is told so often.
const REASON_EVERY_MS: Millis = 10_000;

#[derive(Debug, Default)]
pub(super) struct Modes {
    mode: Mode,
    reason: &'static str,
    reason_at: Option<Millis>,
    good_since: Option<Millis>,
    up_at: Option<Millis>,
    relapses: u32,
}

impl Modes {
    pub(super) fn now(&self) -> (Mode, &'static str) {
        (self.mode, self.reason)
    }

    /// A restart is no evidence: it continues where the former instance was.
    pub(super) fn resume(&mut self, mode: Mode, reason: &'static str) {
        self.mode = mode;
        self.reason = reason;
    }

    /// The mode that the evidence asks for; true where the mode has changed.
    pub(super) fn assess(&mut self, now: Millis, wanted: Mode, reason: &'static str) -> bool {
        if wanted > self.mode {
            // A fall in several steps is one relapse.
            if self.up_at.take().is_some_and(|at| now < at + RELAPSE_MS) {
                self.relapses += 1;
            }
            (self.mode, self.reason, self.reason_at) = (wanted, reason, Some(now));
            self.good_since = None;
            return true;
        }
        if wanted == self.mode {
            self.good_since = None;
            // Another trouble than before, in the mode that people ask about most.
            if self.mode == Mode::Holding
                && self.reason != reason
                && self.reason_at.is_none_or(|at| now >= at + REASON_EVERY_MS)
            {
                self.reason = reason;
                self.reason_at = Some(now);
                return true;
            }
            if self.mode == Mode::Normal && self.up_at.is_none_or(|at| now >= at + RELAPSE_MS) {
                self.relapses = 0;
            }
            return false;
        }
        let since = *self.good_since.get_or_insert(now);
        if now < since + self.dwell_ms() {
            return false;
        }
        self.good_since = Some(now);
        self.up_at = Some(now);
        self.mode = match self.mode {
            Mode::Holding => Mode::ChattingOnly,
            Mode::ChattingOnly => Mode::Degraded,
            Mode::Degraded | Mode::Normal => Mode::Normal,
        };
        if self.mode == Mode::Normal {
            self.reason = "";
        }
        true
    }

    fn dwell_ms(&self) -> Millis {
        (DWELL_MS << self.relapses.min(4)).min(LONGEST_DWELL_MS)
    }
}
