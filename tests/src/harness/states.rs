//! Everything that a visitor can see of the chat, one state after the other. Whoever looks at them (for barriers, or for
//! pictures) sees the same ones; [`super::scene`] brings them about.

/// In the order in which they are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Closed,
    /// The frame's page, before the app.
    Opening,
    /// The same where the app does not come.
    Loading,
    Form,
    Asked,
    AskedAway,
    Away,
    Greeting,
    Conversation,
    Menu,
    Emoji,
    OwnColour,
    Unread,
    Marks,
    Typing,
    LongTexts,
    NotSent,
    ConnectingAgain,
    Offline,
    Degraded,
    Holding,
    Identified,
    Limited,
    Earlier,
    OutboxFull,
    Stopped,
    Unreachable,
}

impl State {
    pub const ALL: [State; 27] = [
        State::Closed,
        State::Opening,
        State::Loading,
        State::Form,
        State::Asked,
        State::AskedAway,
        State::Away,
        State::Greeting,
        State::Conversation,
        State::Menu,
        State::Emoji,
        State::OwnColour,
        State::Unread,
        State::Marks,
        State::Typing,
        State::LongTexts,
        State::NotSent,
        State::ConnectingAgain,
        State::Offline,
        State::Degraded,
        State::Holding,
        State::Identified,
        State::Limited,
        State::Earlier,
        State::OutboxFull,
        State::Stopped,
        State::Unreachable,
    ];

    /// For files and headings.
    pub fn name(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Opening => "opening",
            State::Loading => "loading",
            State::Form => "form",
            State::Asked => "asked",
            State::AskedAway => "asked-away",
            State::Away => "away",
            State::Greeting => "greeting",
            State::Conversation => "conversation",
            State::Menu => "menu",
            State::Emoji => "emoji",
            State::OwnColour => "own-colour",
            State::Unread => "unread",
            State::Marks => "marks",
            State::Typing => "typing",
            State::LongTexts => "long-texts",
            State::NotSent => "not-sent",
            State::ConnectingAgain => "connecting-again",
            State::Offline => "offline",
            State::Degraded => "degraded",
            State::Holding => "holding",
            State::Identified => "identified",
            State::Limited => "limited",
            State::Earlier => "earlier",
            State::OutboxFull => "outbox-full",
            State::Stopped => "stopped",
            State::Unreachable => "unreachable",
        }
    }

    pub fn sentence(self) -> &'static str {
        match self {
            State::Closed => "The launcher, drawn without any backend.",
            State::Opening => {
                "A moment after the click: plain HTML that takes typing, before the app is there."
            }
            State::Loading => "The app does not come; what is written and sent waits for it.",
            State::Form => "No WebAssembly: a message and an address can be left.",
            State::Asked => "The site wants to know who its visitors are.",
            State::AskedAway => "Somebody has written, and nobody is there.",
            State::Away => "Nobody has the console open.",
            State::Greeting => "An agent is there, nothing has been said.",
            State::Conversation => "Both have written; own messages say how far they have come.",
            State::Menu => "What a visitor chooses for this browser.",
            State::Emoji => "Emoji to choose from (the signs are the system's own).",
            State::OwnColour => "In a site's colour.",
            State::Unread => "Something has come while the chat was closed.",
            State::Marks => "Messages with marks.",
            State::Typing => "The agent writes.",
            State::LongTexts => "Long words, long addresses, and a text near the limit.",
            State::NotSent => "The edge has refused a message for good.",
            State::ConnectingAgain => "The link is lost; a message is queued.",
            State::Offline => "The visitor's own network is gone.",
            State::Degraded => "The chat company is slow.",
            State::Holding => "The chat company is down and no agent is connected.",
            State::Identified => "The page says who the visitor is.",
            State::Limited => "Too many messages at once.",
            State::Earlier => "Scrolled up in a long conversation.",
            State::OutboxFull => "500 messages wait for a link.",
            State::Stopped => "The edge does not take this visitor's token.",
            State::Unreachable => "The frame cannot be reached.",
        }
    }

    /// Whether there is a frame to look into.
    pub fn has_frame(self) -> bool {
        !matches!(self, State::Closed | State::Unreachable)
    }
}
