//! What people who are not engineers read of the state: one headline, and what it means for whom.

use shared::event::Status;
use shared::mode::Mode;

use crate::durable::calls::GateStatus;

pub(super) struct Words {
    pub(super) headline: &'static str,
    pub(super) visitors: &'static str,
    pub(super) agents: &'static str,
}

/// The word climbs more slowly than messages flow (MODE-5), and people are told of both.
pub(super) fn of(status: &GateStatus) -> Words {
    let (headline, visitors) = match status.spell.mode {
        Mode::Normal => ("Chat works.", "Write at any time. Your messages arrive at once."),
        Mode::Degraded => (
            "Chat works, but more slowly than usual.",
            "Write as usual. Messages may arrive a little later, and none is lost.",
        ),
        Mode::ChattingOnly => (
            "Chat works; some things around it have to wait.",
            "Write as usual. Who is chatting already goes first; a new chat may wait longer for an answer.",
        ),
        Mode::Holding if status.progress.flows => (
            "Chat works; messages that had to wait are being delivered.",
            "Write as usual. Your messages are safe and are on their way.",
        ),
        Mode::Holding => (
            "Chat stays open; messages wait until the chat company can take them.",
            "Write as usual. Agents who are logged in can answer you at once; otherwise your messages are safe and will \
             be answered.",
        ),
    };
    let agents = match status.progress.accounts {
        Status::Pass if status.progress.sites_failing > 0 => {
            "Log in and answer as usual. At some customers' sites logging in fails just now."
        }
        Status::Pass => "Log in and answer as usual.",
        Status::Warn => "Who is logged in goes on as usual. Logging in may take longer than usual.",
        Status::Fail => "Stay logged in: you can go on answering. New log-ins have to wait.",
    };
    Words { headline, visitors, agents }
}
