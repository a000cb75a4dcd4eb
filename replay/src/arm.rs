//! The three ways in which the same people meet the same origin.

use std::fmt;
use std::str::FromStr;

use shared::Millis;

use crate::direct::{self, Care};
use crate::meter::Run;
use crate::scenario::Cell;
use crate::with;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arm {
    Without,
    Careful,
    With,
}

impl Arm {
    pub const ALL: [Arm; 3] = [Arm::Without, Arm::Careful, Arm::With];

    pub fn name(self) -> &'static str {
        match self {
            Arm::Without => "without",
            Arm::Careful => "careful",
            Arm::With => "with",
        }
    }

    /// For a person who was not there.
    pub fn words(self) -> &'static str {
        match self {
            Arm::Without => "without",
            Arm::Careful => "careful clients",
            Arm::With => "with Seawall",
        }
    }

    pub fn run(self, cell: &Cell, seed: u64) -> Run {
        self.run_watched(cell, seed, &mut |_| {})
    }

    /// The same for somebody who waits: hears what time it is in the run, again and again, up to [`Cell::end_ms`].
    pub fn run_watched(self, cell: &Cell, seed: u64, watch: &mut dyn FnMut(Millis)) -> Run {
        match self {
            Arm::Without => direct::run(cell, seed, Care::Without, watch),
            Arm::Careful => direct::run(cell, seed, Care::Careful, watch),
            Arm::With => with::run(cell, seed, watch),
        }
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Arm {
    type Err = String;

    fn from_str(text: &str) -> Result<Arm, String> {
        let arm = Arm::ALL.into_iter().find(|arm| arm.name() == text);
        arm.ok_or_else(|| "an arm is `without`, `careful` or `with`".to_owned())
    }
}
