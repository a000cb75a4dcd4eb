//! Since when a mode holds, and since when there has been trouble: told to people, and kept over a restart.

use serde::{Deserialize, Serialize};
use shared::Millis;
use shared::mode::Mode;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spell {
    pub mode: Mode,
    /// Nothing where the mode has held ever since the first day.
    #[serde(default)]
    pub since_ms: Option<Millis>,
    /// When it was last normal; nothing while it is.
    #[serde(default)]
    pub trouble_since_ms: Option<Millis>,
}

impl Spell {
    /// As a mode is told; another reason for the same one begins nothing.
    pub fn told(self, now: Millis, mode: Mode) -> Spell {
        if mode == self.mode {
            return self;
        }
        let trouble_since_ms = (mode != Mode::Normal).then(|| self.trouble_since_ms.unwrap_or(now));
        Spell { mode, since_ms: Some(now), trouble_since_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_lasts_from_the_first_bad_word_to_the_next_normal() {
        let spell = Spell::default().told(1_000, Mode::Degraded).told(5_000, Mode::Holding);
        let holding = Spell { mode: Mode::Holding, since_ms: Some(5_000), trouble_since_ms: Some(1_000) };
        assert_eq!(spell, holding);
        assert_eq!(spell.told(6_000, Mode::Holding), holding, "another reason is no other mode");
        let normal = Spell { mode: Mode::Normal, since_ms: Some(9_000), trouble_since_ms: None };
        assert_eq!(spell.told(9_000, Mode::Normal), normal);
    }
}
