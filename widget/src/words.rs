//! Every sentence that a person reads, in one place. English for now.

use shared::close::CloseCode;
use shared::json::Writer;
use shared::mode::{Mode, Notice};
use shared::session::{MessageState, Standing, WriteRefusal};

pub const TITLE: &str = "Chat with us";
pub const CLOSE: &str = "Close chat";
pub const CONVERSATION: &str = "Conversation";
pub const MESSAGE: &str = "Message";
pub const WRITE: &str = "Write a message";
pub const SEND: &str = "Send";
pub const TRY_AGAIN: &str = "Try again";
pub const DISCARD: &str = "Discard";
pub const EARLIER: &str = "Earlier messages";
pub const LATEST: &str = "Latest";
pub const AGENT: &str = "Agent";
pub const VISITOR: &str = "Visitor";
pub const TYPING: &str = "is typing";

pub const GREETING: &str = "Hello! How can we help?";
pub const GREETING_MORE: &str = "Write to us below. Your message is kept safe, even when the line is bad.";

pub const AGENTS_HERE: &str = "We are here for you";
pub const ANY_TIME: &str = "Write to us at any time";

const OFFLINE: &str = "You are offline. Your messages are kept here and send themselves.";
const CONNECTING: &str = "Connecting… You can write already, your messages are kept.";
const CONNECTING_AGAIN: &str = "Connecting again… Your messages are kept.";
const HOLDING: &str = "Our agents are away. Your messages are safe and will be answered.";
const AWAY: &str = "Our agents are away. Leave a message: it is safe and will be answered.";
const SLOW: &str = "Chat is slow today; your messages are safe.";
const LIMITED: &str = "Too many messages at once. Yours are kept and will be sent.";
const NOT_KEPT: &str =
    "Please leave this page open until then: your browser does not let us keep them longer.";

/// How serious a line is; decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Things are as they are.
    Calm,
    /// It will pass by itself.
    Waiting,
    /// The person has to do something.
    Stopped,
}

/// Where a chat stands, as far as the words depend on it.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    pub standing: Standing,
    /// A welcome has come at some time: the notice is the edge's word, no default.
    pub welcomed: bool,
    /// Not live, but for so short a time that nobody should be bothered.
    pub moment: bool,
    pub notice: &'a Notice,
    /// The edge takes no more messages for now (LIMIT-2).
    pub limited: bool,
    /// Something written here has not reached the edge, and the browser does not let us keep it.
    pub at_risk: bool,
}

/// The lines of the mode's status region, most important first; usually none.
pub fn status(situation: &Situation) -> Vec<(Tone, &'static str)> {
    let mut lines = Vec::new();
    lines.extend(standing(situation));
    if situation.limited {
        lines.push((Tone::Waiting, LIMITED));
    }
    if situation.at_risk && !situation.moment && situation.standing != Standing::Live {
        lines.push((Tone::Waiting, NOT_KEPT));
    }
    lines
}

fn standing(situation: &Situation) -> Option<(Tone, &'static str)> {
    match situation.standing {
        Standing::Live => mode(situation.notice).map(|sentence| (Tone::Calm, sentence)),
        Standing::Stopped(code) => Some((Tone::Stopped, stopped(code))),
        Standing::Offline => Some((Tone::Waiting, OFFLINE)),
        Standing::Connecting | Standing::Retrying { .. } if situation.moment => None,
        _ if situation.welcomed => Some((Tone::Waiting, CONNECTING_AGAIN)),
        _ => Some((Tone::Waiting, CONNECTING)),
    }
}

/// With an agent connected to the edge the origin's trouble is nothing that a visitor notices, except that it is slow.
fn mode(notice: &Notice) -> Option<&'static str> {
    match (notice.mode, notice.agents) {
        (Mode::Holding, 0) => Some(HOLDING),
        (_, 0) => Some(AWAY),
        (Mode::Degraded, _) => Some(SLOW),
        (Mode::Normal | Mode::ChattingOnly | Mode::Holding, _) => None,
    }
}

/// Why the link was ended for good, and what to do.
pub fn stopped(code: CloseCode) -> &'static str {
    match code {
        CloseCode::UNKNOWN_SITE => "This chat is not set up yet. Please contact the owner of this website.",
        CloseCode::FOREIGN_PAGE => "This chat does not belong to this website and stays closed here.",
        CloseCode::TOKEN_REFUSED => "Your chat could not be recognised. Please reload the page.",
        CloseCode::LOGIN_REQUIRED => "You are logged out. Please log in again.",
        CloseCode::FRAME_TOO_LARGE => "A message was too large to be sent. Please reload the page.",
        _ => "The chat has stopped. Please reload the page.",
    }
}

/// The state of one's own message.
pub fn state(state: &MessageState) -> &'static str {
    match state {
        MessageState::Queued => "Queued",
        MessageState::Sent => "Sent",
        MessageState::Delivered => "Delivered",
        MessageState::Seen => "Seen",
        MessageState::NotSent { .. } => "Not sent",
    }
}

/// Why a message was refused.
pub fn refused(reason: &str) -> &'static str {
    match reason {
        "text-too-long" => "It is too long.",
        _ => "It was not accepted.",
    }
}

/// Why a text cannot be sent now; nothing for an empty one, which everybody understands.
pub fn refusal(refusal: WriteRefusal) -> Option<String> {
    match refusal {
        WriteRefusal::Empty => None,
        WriteRefusal::TooLong { over } => Some(count(over, " characters too many")),
        WriteRefusal::OutboxFull => {
            Some("Many messages are waiting already; they must be sent first.".to_owned())
        }
    }
}

/// Shown when the limit is near.
pub fn left(characters: usize) -> String {
    count(characters, " characters left")
}

fn count(number: usize, of: &str) -> String {
    let mut text = Writer::default();
    text.number(number as u64).raw(of);
    text.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(standing: Standing, mode: Mode, agents: u64) -> Vec<&'static str> {
        let notice = Notice { mode, agents, ..Notice::default() };
        let situation = Situation {
            standing,
            welcomed: true,
            moment: false,
            notice: &notice,
            limited: false,
            at_risk: false,
        };
        status(&situation).into_iter().map(|(_, sentence)| sentence).collect()
    }

    #[test]
    fn holding_without_an_agent_reads_as_agreed() {
        assert_eq!(
            lines(Standing::Live, Mode::Holding, 0),
            ["Our agents are away. Your messages are safe and will be answered."]
        );
    }

    #[test]
    fn holding_with_an_agent_is_an_ordinary_chat() {
        assert!(lines(Standing::Live, Mode::Holding, 1).is_empty());
        assert!(lines(Standing::Live, Mode::Normal, 1).is_empty());
        assert!(lines(Standing::Live, Mode::ChattingOnly, 2).is_empty());
    }

    #[test]
    fn three_truths_have_three_sentences() {
        let offline = lines(Standing::Offline, Mode::Holding, 0);
        let slow = lines(Standing::Live, Mode::Degraded, 1);
        let away = lines(Standing::Live, Mode::Normal, 0);
        assert!(offline[0].starts_with("You are offline."));
        assert_eq!(slow, ["Chat is slow today; your messages are safe."]);
        assert!(away[0].starts_with("Our agents are away."));
    }

    #[test]
    fn a_moment_without_a_link_is_not_worth_a_word() {
        let notice = Notice::default();
        let mut situation = Situation {
            standing: Standing::Connecting,
            welcomed: false,
            moment: true,
            notice: &notice,
            limited: false,
            at_risk: true,
        };
        assert!(status(&situation).is_empty());
        situation.moment = false;
        let lines = status(&situation);
        assert!(lines[0].1.starts_with("Connecting…"));
        assert_eq!(lines[1].1, NOT_KEPT);
        situation.limited = true;
        assert!(status(&situation).contains(&(Tone::Waiting, LIMITED)));
        // A default notice says "no agents"; before a welcome that is nobody's word.
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn every_stop_names_what_to_do_and_no_code() {
        for code in [4400, 4401, 4403, 4404, 4413, 4440] {
            let sentence = stopped(CloseCode(code));
            assert!(sentence.ends_with('.') && !sentence.contains(char::is_numeric), "{sentence}");
        }
    }
}
