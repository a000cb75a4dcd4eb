//! Randomness of the replay: one seed, and a generator of its own for each purpose, so that two arms meet the same people.

use shared::random::Random;

pub struct Chance(Random);

impl Chance {
    /// `purpose` keeps the draws of one part from moving those of another.
    pub fn new(seed: u64, purpose: u64) -> Chance {
        let mut random = Random::new(seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.next_u64();
        Chance(random)
    }

    /// In [0, 1).
    pub fn share(&mut self) -> f64 {
        // 53 bits are what a double holds.
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn happens(&mut self, share: f64) -> bool {
        self.share() < share
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0.below(end)
    }

    /// Milliseconds to the next of so many a second that come independently of each other.
    pub fn gap_ms(&mut self, per_s: f64) -> f64 {
        -(1.0 - self.share()).ln() * 1_000.0 / per_s
    }

    /// Between 0 and `window_ms`: full jitter.
    pub fn jitter_ms(&mut self, window_ms: u64) -> u64 {
        self.0.below(window_ms + 1)
    }

    pub fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }
}
