//! What happened, for the reader of a failed seed. Lines are made only when somebody will read them.

use shared::Millis;

use super::clock::BEGINNING_MS;

/// The last lines that a failure prints.
pub const TOLD: usize = 60;

#[derive(Debug, Default)]
pub struct Trace {
    pub on: bool,
    pub lines: Vec<String>,
}

impl Trace {
    pub fn tell(&mut self, now: Millis, line: impl FnOnce() -> String) {
        if self.on {
            self.lines.push(format!("{:>9} {}", now - BEGINNING_MS, line()));
        }
    }
}
