//! Every sentence that a person reads, in one place. The English ones are built in; those of another language are
//! fetched by the frame's script and take their place (`www/words/`).

use std::cell::Cell;

use shared::close::CloseCode;
use shared::mode::{Mode, Notice};
use shared::session::{MessageState, Standing, WriteRefusal};

use crate::browser::{Keeping, count};

/// Names each sentence, in the order of the keys in `www/words/en.json`: a language comes as lines in this order.
macro_rules! words {
    ($($word:ident: $english:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Word { $($word,)* }

        const ENGLISH: &str = concat!($($english, "\n",)*);

        #[cfg(test)]
        const NAMES: &[&str] = &[$(stringify!($word),)*];
    };
}

words! {
    Agent: "Agent",
    Away: "Our agents are away. Leave a message: it is safe and will be answered.",
    Connecting: "Connecting… You can write already, your messages are kept.",
    ConnectingAgain: "Connecting again… Your messages are kept.",
    Conversation: "Conversation",
    Delivered: "Delivered",
    Discard: "Discard",
    Earlier: "Earlier messages",
    Edit: "Edit",
    ForeignPage: "This chat does not belong to this website and stays closed here.",
    Fresh: "New messages",
    FreshCount: "one={n} new message|{n} new messages",
    Greeting: "Hello! How can we help?",
    GreetingMore: "Write to us below. Your message is kept safe, even when the line is bad.",
    Holding: "Our agents are away. Your messages are safe and will be answered.",
    Latest: "Latest",
    Left: "one={n} character left|{n} characters left",
    Limited: "Too many messages at once. Yours are kept and will be sent.",
    LoginRequired: "You are logged out. Please log in again.",
    Message: "Message",
    NotAccepted: "It was not accepted.",
    NotAgreed: "Please leave this page open until then: without your consent nothing is stored in your browser.",
    NotKept: "Please leave this page open until then: your browser does not let us keep them longer.",
    NotSent: "Not sent",
    Offline: "You are offline. Your messages are kept here and send themselves.",
    OutboxFull: "Many messages are waiting already; they must be sent first.",
    Queued: "Queued",
    Seen: "Seen",
    Send: "Send",
    Sent: "Sent",
    Slow: "Chat is slow today; your messages are safe.",
    Stopped: "The chat has stopped. Please reload the page.",
    TokenRefused: "Your chat could not be recognised. Please reload the page.",
    TooLarge: "A message was too large to be sent. Please reload the page.",
    TooLong: "It is too long.",
    TooMany: "one={n} character too many|{n} characters too many",
    TryAgain: "Try again",
    Typing: "{name} is typing",
    UnknownSite: "This chat is not set up yet. Please contact the owner of this website.",
    Visitor: "Visitor",
    Write: "Write a message",
}

thread_local! {
    static SPOKEN: Cell<&'static str> = const { Cell::new(ENGLISH) };
}

/// From now on in another language, whose words stay for as long as the page does; none: in English.
pub fn speak(words: String) {
    if !words.is_empty() {
        SPOKEN.set(words.leak());
    }
}

/// A sentence in the language that is spoken. (Lines weigh less than a table, and there are few.)
pub fn say(word: Word) -> &'static str {
    let words = SPOKEN.get();
    let (mut from, mut before) = (0, word as u8);
    for (at, byte) in words.bytes().enumerate() {
        if byte == b'\n' {
            if before == 0 {
                return &words[from..at];
            }
            before -= 1;
            from = at + 1;
        }
    }
    &words[from..]
}

/// "Ada is typing".
pub fn typing(name: &str) -> String {
    let sentence = say(Word::Typing);
    let place = sentence.bytes().position(|byte| byte == b'{').unwrap_or_default();
    sentence[..place].to_owned() + name + &sentence[place + "{name}".len()..]
}

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
    /// Whether what was written here and has not reached the edge outlives the page.
    pub kept: Keeping,
}

/// The lines of the mode's status region, most important first; usually none.
pub fn status(situation: &Situation) -> Vec<(Tone, Word)> {
    let mut lines = Vec::new();
    lines.extend(standing(situation));
    if situation.limited {
        lines.push((Tone::Waiting, Word::Limited));
    }
    if situation.kept != Keeping::Kept && !situation.moment && situation.standing != Standing::Live {
        let denied = situation.kept == Keeping::Denied;
        lines.push((Tone::Waiting, if denied { Word::NotKept } else { Word::NotAgreed }));
    }
    lines
}

fn standing(situation: &Situation) -> Option<(Tone, Word)> {
    match situation.standing {
        Standing::Live => mode(situation.notice).map(|word| (Tone::Calm, word)),
        Standing::Stopped(code) => Some((Tone::Stopped, stopped(code))),
        Standing::Offline => Some((Tone::Waiting, Word::Offline)),
        Standing::Connecting | Standing::Retrying { .. } if situation.moment => None,
        _ if situation.welcomed => Some((Tone::Waiting, Word::ConnectingAgain)),
        _ => Some((Tone::Waiting, Word::Connecting)),
    }
}

/// With an agent connected to the edge the origin's trouble is nothing that a visitor notices, except that it is slow.
fn mode(notice: &Notice) -> Option<Word> {
    match (notice.mode, notice.agents) {
        (Mode::Holding, 0) => Some(Word::Holding),
        (_, 0) => Some(Word::Away),
        (Mode::Degraded, _) => Some(Word::Slow),
        (Mode::Normal | Mode::ChattingOnly | Mode::Holding, _) => None,
    }
}

/// Why the link was ended for good, and what to do.
pub fn stopped(code: CloseCode) -> Word {
    match code {
        CloseCode::UNKNOWN_SITE => Word::UnknownSite,
        CloseCode::FOREIGN_PAGE => Word::ForeignPage,
        CloseCode::TOKEN_REFUSED => Word::TokenRefused,
        CloseCode::LOGIN_REQUIRED => Word::LoginRequired,
        CloseCode::FRAME_TOO_LARGE => Word::TooLarge,
        _ => Word::Stopped,
    }
}

/// The state of one's own message.
pub fn state(state: &MessageState) -> &'static str {
    say(match state {
        MessageState::Queued => Word::Queued,
        MessageState::Sent => Word::Sent,
        MessageState::Delivered => Word::Delivered,
        MessageState::Seen => Word::Seen,
        MessageState::NotSent { .. } => Word::NotSent,
    })
}

/// Why a message was refused.
pub fn refused(reason: &str) -> &'static str {
    say(match reason {
        "text-too-long" => Word::TooLong,
        _ => Word::NotAccepted,
    })
}

/// Why a text cannot be sent now; nothing for an empty one, which everybody understands.
pub fn refusal(refusal: WriteRefusal) -> Option<String> {
    match refusal {
        WriteRefusal::Empty => None,
        WriteRefusal::TooLong { over } => Some(count(say(Word::TooMany), over as f64)),
        WriteRefusal::OutboxFull => Some(say(Word::OutboxFull).to_owned()),
    }
}

/// Shown when the limit is near.
pub fn left(characters: usize) -> String {
    count(say(Word::Left), characters as f64)
}

#[cfg(test)]
mod tests {
    use shared::json::Json;

    use super::*;

    #[test]
    fn built_in_are_the_sentences_of_the_english_file_in_its_order() {
        let file = Json::parse(include_str!("../../www/words/en.json")).expect("JSON");
        let Json::Object(words) = &file else { panic!("no object: {file:?}") };
        // Those of the plain page are its script's.
        let mut own: Vec<_> = words.iter().filter(|(key, _)| !key.starts_with("page-")).collect();
        own.sort_by_key(|(key, _)| key);
        let keys: Vec<_> = own.iter().map(|(key, _)| key.clone()).collect();
        assert_eq!(NAMES.iter().map(|name| key(name)).collect::<Vec<_>>(), keys);
        for ((key, word), built_in) in own.into_iter().zip(ENGLISH.lines()) {
            let text = |name| word.field(name).and_then(Json::text).expect("a sentence");
            let sentence = match word {
                Json::Text(sentence) => sentence.clone(),
                _ => format!("one={}|{}", text("one"), text("other")),
            };
            assert_eq!(built_in, sentence, "{key}");
        }
    }

    /// `GreetingMore` is `greeting-more`.
    fn key(name: &str) -> String {
        let mut key = String::new();
        for letter in name.chars() {
            if letter.is_uppercase() && !key.is_empty() {
                key.push('-');
            }
            key.extend(letter.to_lowercase());
        }
        key
    }

    #[test]
    fn another_language_is_spoken_once_it_has_come() {
        speak(String::new());
        assert_eq!((say(Word::Send), typing("Ada").as_str()), ("Send", "Ada is typing"));
        let mut german: Vec<_> = NAMES.iter().map(|name| format!("{name} auf Deutsch")).collect();
        german[Word::Typing as usize] = "Es schreibt: {name}…".to_owned();
        german.push("for the page alone".to_owned());
        speak(german.join("\n"));
        assert_eq!((say(Word::Agent), say(Word::Write)), ("Agent auf Deutsch", "Write auf Deutsch"));
        assert_eq!(typing("Ada"), "Es schreibt: Ada…");
    }

    fn lines(standing: Standing, mode: Mode, agents: u64) -> Vec<&'static str> {
        let notice = Notice { mode, agents, ..Notice::default() };
        let situation = Situation {
            standing,
            welcomed: true,
            moment: false,
            notice: &notice,
            limited: false,
            kept: Keeping::Kept,
        };
        status(&situation).into_iter().map(|(_, word)| say(word)).collect()
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
            kept: Keeping::Denied,
        };
        assert!(status(&situation).is_empty());
        situation.moment = false;
        let lines = status(&situation);
        assert!(say(lines[0].1).starts_with("Connecting…"));
        assert_eq!(lines[1].1, Word::NotKept);
        // Where the visitor has not agreed, the browser is not to blame.
        situation.kept = Keeping::NotAgreed;
        assert_eq!(status(&situation)[1].1, Word::NotAgreed);
        situation.limited = true;
        assert!(status(&situation).contains(&(Tone::Waiting, Word::Limited)));
        // A default notice says "no agents"; before a welcome that is nobody's word.
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn every_stop_names_what_to_do_and_no_code() {
        for code in [4400, 4401, 4403, 4404, 4413, 4440] {
            let sentence = say(stopped(CloseCode(code)));
            assert!(sentence.ends_with('.') && !sentence.contains(char::is_numeric), "{sentence}");
        }
    }
}
