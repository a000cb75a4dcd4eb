//! A socket of a visitor's tab or of an agent's console.

use serde::{Deserialize, Serialize};
use shared::frame::Marks;
use shared::id::{AgentId, ConversationId, Epoch, SiteId};
use shared::limits::MAX_NAME_CHARS;
use shared::message::{Author, Side};
use shared::mode::Notice;

use crate::admission::Client;

/// Numbers links within one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LinkId(pub u64);

/// Who is at the other end, as the stateless worker has checked it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Peer {
    Visitor,
    /// One for whom the site's server has vouched.
    Identified {
        name: String,
    },
    Agent {
        id: AgentId,
        name: String,
    },
}

impl Peer {
    pub fn side(&self) -> Side {
        match self {
            Peer::Visitor | Peer::Identified { .. } => Side::Visitor,
            Peer::Agent { .. } => Side::Agent,
        }
    }

    pub fn author(&self) -> Author {
        match self {
            Peer::Visitor | Peer::Identified { .. } => Author::Visitor,
            Peer::Agent { id, .. } => Author::Agent(id.clone()),
        }
    }

    /// LINK-4: what a socket keeps has a limit, so a name has one.
    pub(super) fn shortened(self) -> Peer {
        match self {
            Peer::Visitor => Peer::Visitor,
            Peer::Identified { name } => Peer::Identified { name: shortened(&name) },
            Peer::Agent { id, name } => Peer::Agent { id, name: shortened(&name) },
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Peer::Visitor => "",
            Peer::Identified { name } | Peer::Agent { name, .. } => name,
        }
    }
}

pub(super) fn shortened(name: &str) -> String {
    name.chars().take(MAX_NAME_CHARS).collect()
}

/// What survives hibernation with the socket, in its attachment (at most 16,384 bytes; LINK-4 keeps it below 4,096).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkInfo {
    pub link: LinkId,
    pub peer: Peer,
    pub site: SiteId,
    pub conversation: ConversationId,
    pub epoch: Epoch,
    /// Has said hello; only then it is told of events.
    pub greeted: bool,
    /// A renewed visitor token that the welcome will carry.
    pub token: Option<String>,
    /// The cursor towards the origin, newer than the stored one.
    pub delivered_upto: u64,
    pub delivered: Marks,
    pub seen: Marks,
    pub notice: Notice,
    /// The place of the last message that an agent has written over this link; 0: none.
    #[serde(default)]
    pub answered: u64,
    #[serde(default)]
    pub client: Client,
}
