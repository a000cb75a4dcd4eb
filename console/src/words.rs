//! Every sentence that an agent reads, beside those that they share with visitors. English for now.

use shared::close::CloseCode;
use shared::mode::Mode;
use shared::session::Standing;
pub use widget::words::Tone;

use crate::account::Reason;

pub const PRODUCT: &str = "Seawall";
pub const TITLE: &str = "Conversations";
pub const LOG_IN: &str = "Log in";
pub const LOGGING_IN: &str = "Logging in…";
pub const LOG_OUT: &str = "Log out";
pub const EMAIL: &str = "E-mail";
pub const PASSWORD: &str = "Password";
pub const LOG_IN_MORE: &str = "Answer your visitors, whatever the weather.";
pub const ASKING: &str = "One moment…";
pub const ASKING_AGAIN: &str = "The chat cannot be reached. Trying again by itself…";
pub const LOG_OUT_FAILED: &str =
    "You are still logged in: the chat cannot be reached. Try again in a moment.";

pub const BACK: &str = "Back to the conversations";
pub const HERE: &str = "Here now";
pub const GONE: &str = "Away";
pub const HERE_MORE: &str = "Has the chat open";
pub const GONE_MORE: &str = "Away. Your reply waits for them";
pub const DRAFT: &str = "Draft:";
pub const YOU: &str = "You:";
pub const AGENT: &str = "Agent:";
pub const UNSENT: &str = "Not sent yet";

pub const NOBODY_YET: &str = "All quiet";
pub const NOBODY_YET_MORE: &str = "As soon as a visitor writes, the conversation appears here.";
pub const LIST_COMING: &str = "Bringing the conversations…";
pub const PICK_ONE: &str = "Pick a conversation";
pub const PICK_ONE_MORE: &str = "Arrow keys move through the list, Enter opens.";
pub const COMING: &str = "Bringing the conversation…";
pub const NOTHING_SAID: &str = "Nothing has been said here yet.";

const LIVE: &str = "Live";
const DEGRADED: &str = "The origin is slow today. Messages flow; some details may come late.";
const CHATTING_ONLY: &str =
    "The origin has too much to do. You and your visitors go on talking; new log-ins may fail for a while.";
const HOLDING: &str = "The origin cannot be reached. You and your visitors can go on talking; everything is kept and will be delivered.";
const OFFLINE: &str = "You are offline. Your replies are kept here and send themselves.";
const CONNECTING: &str =
    "Connecting again… You can go on writing: your replies are kept and send themselves.";
const CONNECTING_FIRST: &str = "Connecting…";

/// Why the form stands there, and what mends it.
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Ended => "Your session has ended. Log in again; what you wrote is kept.",
        Reason::LoggedOut { unsent: false } => "You are logged out.",
        Reason::LoggedOut { unsent: true } => {
            "You are logged out. Some replies are not sent yet: they are kept in this browser and go out when you log in again."
        }
        Reason::EmailMissing => "Enter your e-mail address.",
        Reason::PasswordMissing => "Enter your password.",
        Reason::WrongCredentials => "E-mail or password is wrong. Check both and try again.",
        Reason::NotOfThisSite => {
            "You do not answer for this site. Ask whoever runs your account to add you, or use the address of your own site."
        }
        Reason::TooManyTries { wait_s } => return too_many_tries(*wait_s),
        Reason::OriginUnreachable => "New log-ins are not possible now; whoever is logged in goes on.",
        Reason::UnknownSite => "There is no such site. Check the part after “site=” in the address.",
        Reason::EdgeUnreachable => "The chat cannot be reached. Check your network and try again.",
        Reason::Refused => "That did not work. Try again in a moment.",
    }
    .to_owned()
}

/// Whether the sentence is no more than the answer to what the person did.
pub fn is_calm(reason: &Reason) -> bool {
    matches!(reason, Reason::LoggedOut { unsent: false })
}

fn too_many_tries(wait_s: u64) -> String {
    match wait_s {
        0 => "Too many tries. Wait a little, then try again.".to_owned(),
        1..100 => "Too many tries. Try again in ".to_owned() + &wait_s.to_string() + " seconds.",
        _ => "Too many tries. Try again in ".to_owned() + &wait_s.div_ceil(60).to_string() + " minutes.",
    }
}

/// Where the console stands, as far as the words depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    pub standing: Standing,
    /// The edge has spoken: the mode is its word, no default.
    pub welcomed: bool,
    /// Not live, but for so short a time that nobody should be bothered.
    pub moment: bool,
    pub mode: Mode,
}

/// What the status says, and how serious it is. Nothing serious is a word, everything else a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    pub sentence: &'static str,
    /// Nothing: all is well.
    pub tone: Option<Tone>,
}

pub fn status(situation: &Situation) -> Status {
    let told = |tone, sentence| Status { sentence, tone: Some(tone) };
    match situation.standing {
        Standing::Stopped(code) => told(Tone::Stopped, stopped(code)),
        Standing::Offline => told(Tone::Waiting, OFFLINE),
        Standing::Connecting | Standing::Retrying { .. } if !situation.moment && situation.welcomed => {
            told(Tone::Waiting, CONNECTING)
        }
        Standing::Connecting | Standing::Retrying { .. } if !situation.welcomed => {
            Status { sentence: CONNECTING_FIRST, tone: (!situation.moment).then_some(Tone::Waiting) }
        }
        // Live, or not for a moment: the last word of the edge.
        _ => match situation.mode {
            Mode::Normal => Status { sentence: LIVE, tone: None },
            Mode::Degraded => told(Tone::Calm, DEGRADED),
            Mode::ChattingOnly => told(Tone::Calm, CHATTING_ONLY),
            Mode::Holding => told(Tone::Calm, HOLDING),
        },
    }
}

/// Why a link was ended for good, and what to do.
fn stopped(code: CloseCode) -> &'static str {
    match code {
        CloseCode::UNKNOWN_SITE => {
            "There is no such site any more. Check the address, or ask whoever runs your account."
        }
        CloseCode::FOREIGN_PAGE => "You do not answer for this site any more. Ask whoever runs your account.",
        CloseCode::LOGIN_REQUIRED => "Your session has ended. Please log in again.",
        _ => "The console has stopped. Please reload the page; what you wrote is kept.",
    }
}

/// "Write to Visitor 3F2A".
pub fn write_to(name: &str) -> String {
    "Write to ".to_owned() + name
}

pub fn unread(count: u64) -> String {
    count.to_string() + if count == 1 { " unread message" } else { " unread messages" }
}

/// Of the page: first what is waiting, which is what a row of tabs shows.
pub fn page_title(unread: u64, name: Option<&str>) -> String {
    let subject = name.unwrap_or(TITLE);
    match unread {
        0 => subject.to_owned() + " – " + PRODUCT,
        _ => "(".to_owned() + &unread.to_string() + ") " + subject + " – " + PRODUCT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE_IN: fn(Mode) -> Situation =
        |mode| Situation { standing: Standing::Live, welcomed: true, moment: true, mode };

    #[test]
    fn holding_says_that_talking_goes_on() {
        let status = status(&LIVE_IN(Mode::Holding));
        assert_eq!(
            status.sentence,
            "The origin cannot be reached. You and your visitors can go on talking; everything is kept and will be delivered."
        );
        assert_eq!(status.tone, Some(Tone::Calm));
    }

    #[test]
    fn all_well_is_one_word() {
        assert_eq!(status(&LIVE_IN(Mode::Normal)), Status { sentence: "Live", tone: None });
    }

    #[test]
    fn a_moment_without_a_link_changes_no_word() {
        let moment = Situation { standing: Standing::Connecting, ..LIVE_IN(Mode::Normal) };
        assert_eq!(status(&moment).sentence, "Live");
        let longer = status(&Situation { moment: false, ..moment });
        assert!(longer.sentence.starts_with("Connecting again…"));
        assert_eq!(longer.tone, Some(Tone::Waiting));
    }

    #[test]
    fn offline_and_stopped_win_over_the_mode() {
        let offline = Situation { standing: Standing::Offline, ..LIVE_IN(Mode::Holding) };
        assert!(status(&offline).sentence.starts_with("You are offline."));
        let stopped = Situation { standing: Standing::Stopped(CloseCode::BAD_FRAME), ..offline };
        assert_eq!(status(&stopped).tone, Some(Tone::Stopped));
    }

    #[test]
    fn what_waits_comes_first_in_the_title() {
        assert_eq!(page_title(0, None), "Conversations – Seawall");
        assert_eq!(page_title(3, Some("Visitor 3F2A")), "(3) Visitor 3F2A – Seawall");
    }

    #[test]
    fn every_refusal_names_what_to_do() {
        assert_eq!(reason(&Reason::TooManyTries { wait_s: 30 }), "Too many tries. Try again in 30 seconds.");
        assert_eq!(reason(&Reason::TooManyTries { wait_s: 870 }), "Too many tries. Try again in 15 minutes.");
        assert_eq!(
            reason(&Reason::OriginUnreachable),
            "New log-ins are not possible now; whoever is logged in goes on."
        );
    }
}
