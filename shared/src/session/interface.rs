//! What a session hears, and what it asks for.

use crate::close::CloseCode;
use crate::codec::Saved;
use crate::frame::{ClientFrame, EdgeFrame};
use crate::id::MessageId;
use crate::message::Side;

/// A numbered physical connection. Events of any but the current one are ignored (LINK-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link(pub u32);

/// Which kind of link the session keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Visitor,
    Agent,
    /// The site's list of conversations; carries no messages.
    Inbox,
}

impl Role {
    pub fn side(self) -> Side {
        match self {
            Role::Visitor => Side::Visitor,
            Role::Agent | Role::Inbox => Side::Agent,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Input {
    /// The page is there; `saved` is what earlier pages left in the browser's storage. Comes again where the storage takes its
    /// time: nobody waits for a disk to be linked.
    Start {
        saved: Vec<Saved>,
    },
    Opened(Link),
    Frames(Link, Vec<EdgeFrame>),
    /// The edge sent what is not the protocol.
    Garbage(Link),
    Closed(Link, CloseCode),
    /// The person pressed Send. Checked before with [`Session::may_write`]; otherwise ignored.
    Write(String),
    /// Sends a refused message once more, as a new one.
    Retry(MessageId),
    /// Gives a refused message up.
    Discard(MessageId),
    /// The person changed the text in the composer; false: it is empty now.
    Typing(bool),
    /// The transcript is (not) before somebody's eyes.
    Looking(bool),
    /// The browser believes to be online or offline. A hint: it is often wrong.
    Online(bool),
    /// The tab was shown, or the page came back from sleep; false: nobody can see it.
    Shown(bool),
    /// Another tab of this browser has a link for this one, which costs the edge nothing.
    Ready,
    /// Wants older messages.
    Earlier,
    /// Log in has succeeded, or the person asks to connect again after a stop.
    Reconnect,
    /// `poll_timeout` has been reached.
    Timeout,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    Open(Link),
    Send(Link, ClientFrame),
    Close(Link, CloseCode),
    /// Keep this message in the browser's storage, under its id.
    Save(Saved),
    Erase(MessageId),
    /// The edge renewed the visitor token (clients without cookies).
    Token(String),
    /// What the person sees may have changed.
    Changed,
}
