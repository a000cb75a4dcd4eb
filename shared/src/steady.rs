//! A clock that never goes back, made of one that may: a person sets the time, a time server corrects it. Without it
//! everything that waits would wait for as long as the clock went back.

use crate::Millis;

#[derive(Clone, Debug, Default)]
pub struct Steady {
    last: Millis,
    /// How much the host's clock has gone back in all.
    lost_ms: Millis,
}

impl Steady {
    /// The steady time at which the host's clock says `host`.
    pub fn time(&mut self, host: Millis) -> Millis {
        let time = host.saturating_add(self.lost_ms);
        self.lost_ms += self.last.saturating_sub(time);
        self.last = self.last.max(time);
        self.last
    }

    /// What the host's clock says, or will say, at a steady time.
    pub fn host(&self, time: Millis) -> Millis {
        time.saturating_sub(self.lost_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_back_costs_no_time() {
        let mut clock = Steady::default();
        assert_eq!(clock.time(10_000), 10_000);
        assert_eq!(clock.time(4_000), 10_000, "it stands still for a moment");
        assert_eq!(clock.time(4_500), 10_500, "and goes on");
        assert_eq!(clock.host(11_000), 5_000);
        assert_eq!(clock.time(20_000), 26_000, "a clock that goes forward is believed");
        assert_eq!(clock.time(19_000), 26_000);
        assert_eq!(clock.host(26_000), 19_000);
    }
}
