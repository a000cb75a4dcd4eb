//! What a person wrote, as the conversation's log keeps it.

use crate::Millis;
use crate::id::{AgentId, MessageId};

/// Who wrote. On the wire and in the origin's ledger: `visitor` or `agent:{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "String", try_from = "String")
)]
pub enum Author {
    Visitor,
    Agent(AgentId),
}

impl Author {
    pub fn side(&self) -> Side {
        match self {
            Author::Visitor => Side::Visitor,
            Author::Agent(_) => Side::Agent,
        }
    }

    pub fn parse(text: &str) -> Option<Author> {
        match text.strip_prefix("agent:") {
            Some(id) => AgentId::parse(id).map(Author::Agent),
            None => (text == "visitor").then_some(Author::Visitor),
        }
    }
}

impl std::fmt::Display for Author {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Author::Visitor => f.write_str("visitor"),
            Author::Agent(id) => write!(f, "agent:{id}"),
        }
    }
}

impl From<Author> for String {
    fn from(author: Author) -> String {
        author.to_string()
    }
}

impl TryFrom<String> for Author {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Author::parse(&text).ok_or("not an author")
    }
}

/// The two ends of a conversation. Marks (delivered, seen) and typing are kept per side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Side {
    #[default]
    Visitor,
    Agent,
}

impl Side {
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Visitor => "visitor",
            Side::Agent => "agent",
        }
    }

    pub fn parse(text: &str) -> Option<Side> {
        match text {
            "visitor" => Some(Side::Visitor),
            "agent" => Some(Side::Agent),
            _ => None,
        }
    }

    pub fn other(self) -> Side {
        match self {
            Side::Visitor => Side::Agent,
            Side::Agent => Side::Visitor,
        }
    }
}

/// One message in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Message {
    /// Place in the conversation, given by the edge, from 1.
    pub seq: u64,
    pub id: MessageId,
    pub author: Author,
    /// The agent's name as shown to the visitor, or that of a visitor for whom the site's server has vouched; empty for others.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "String::is_empty"))]
    pub name: String,
    pub text: String,
    /// When the edge stored it, on the edge's clock, ms since 1970.
    pub at_ms: Millis,
}
