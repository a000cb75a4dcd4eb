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
            if self.up_at.is_some_and(|at| now < at + RELAPSE_MS) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn down_at_once_and_up_one_step_after_each_dwell() {
        let mut modes = Modes::default();
        assert!(modes.assess(0, Mode::Holding, "origin-unreachable"));
        assert_eq!(modes.now(), (Mode::Holding, "origin-unreachable"));
        let mut ups = Vec::new();
        for second in 0..=120 {
            if modes.assess(second * 1_000, Mode::Normal, "") {
                ups.push((second, modes.now().0));
            }
        }
        assert_eq!(ups, [(30, Mode::ChattingOnly), (60, Mode::Degraded), (90, Mode::Normal)]);
        assert_eq!(modes.now().1, "");
    }

    #[test]
    fn while_holding_another_reason_is_told() {
        let mut modes = Modes::default();
        modes.assess(0, Mode::Holding, "origin-unreachable");
        assert!(!modes.assess(1_000, Mode::Holding, "origin-unreachable"));
        assert!(!modes.assess(9_999, Mode::Holding, "origin-malformed"), "not with every probe");
        assert!(modes.assess(10_000, Mode::Holding, "origin-malformed"));
        assert_eq!(modes.now(), (Mode::Holding, "origin-malformed"));
    }

    #[test]
    fn one_bad_moment_starts_the_dwell_again() {
        let mut modes = Modes::default();
        modes.assess(0, Mode::Degraded, "origin-slow");
        modes.assess(1_000, Mode::Normal, "");
        modes.assess(29_000, Mode::Degraded, "origin-slow");
        assert!(!modes.assess(40_000, Mode::Normal, ""));
        assert!(!modes.assess(69_999, Mode::Normal, ""));
        assert!(modes.assess(70_000, Mode::Normal, ""));
    }

    #[test]
    fn each_relapse_doubles_the_dwell_up_to_five_minutes() {
        let (mut modes, mut now, mut dwells) = (Modes::default(), 0, Vec::new());
        for _ in 0..6 {
            modes.assess(now, Mode::Degraded, "origin-slow");
            let since = now;
            while !modes.assess(now, Mode::Normal, "") {
                now += 1_000;
            }
            dwells.push((now - since) / 1_000);
        }
        assert_eq!(dwells, [30, 60, 120, 240, 300, 300]);
        now += RELAPSE_MS;
        modes.assess(now, Mode::Normal, "");
        modes.assess(now, Mode::Degraded, "origin-slow");
        modes.assess(now, Mode::Normal, "");
        assert!(modes.assess(now + 30_000, Mode::Normal, ""), "forgiven after ten good minutes");
    }

    /// 20 s up and 20 s down for ten minutes, and what comes after.
    #[test]
    fn an_origin_that_flaps_changes_the_mode_four_times_at_most() {
        let (mut modes, mut changes) = (Modes::default(), 0);
        for second in 0..1_200u64 {
            let down = second < 600 && (second / 20).is_multiple_of(2);
            let wanted = if down { Mode::Holding } else { Mode::Normal };
            changes += u32::from(modes.assess(second * 1_000, wanted, "origin-unreachable"));
        }
        assert_eq!((changes, modes.now().0), (4, Mode::Normal));
    }
}
