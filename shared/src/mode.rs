//! What the edge does now, in one word told to everybody.

/// The mode of a site. Ordered from good to bad, so that "worse" is `>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Mode {
    #[default]
    Normal,
    Degraded,
    ChattingOnly,
    Holding,
}

impl Mode {
    pub const ALL: [Mode; 4] = [Mode::Normal, Mode::Degraded, Mode::ChattingOnly, Mode::Holding];

    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Normal => "normal",
            Mode::Degraded => "degraded",
            Mode::ChattingOnly => "chatting-only",
            Mode::Holding => "holding",
        }
    }

    pub fn parse(text: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

/// The mode with what a client needs to choose its words: they depend on mode × whether an agent is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Notice {
    pub mode: Mode,
    /// A code for people and logs, such as `origin-unreachable`; empty in normal mode.
    #[cfg_attr(feature = "serde", serde(default))]
    pub reason: String,
    /// Agents of the site who are connected to the edge now.
    #[cfg_attr(feature = "serde", serde(default))]
    pub agents: u64,
    /// Grows with every change at the site, so that of two notices the later one wins whatever way it came.
    #[cfg_attr(feature = "serde", serde(default))]
    pub version: u64,
    /// Of the agents who have written in this conversation and still have it open, the one who wrote last (MODE-10). The visitor
    /// knows that name from the message.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "String::is_empty"))]
    pub here: String,
}
