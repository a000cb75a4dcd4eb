//! Why a link ended, and what the client does next.

/// A WebSocket close code. Those from 4400 on are ours and resemble HTTP's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode(pub u16);

/// What the client does after a link has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Connect again, after the backoff.
    Retry,
    /// An agent must log in first.
    Login,
    /// Connecting again cannot help before the page is loaded anew.
    Stop,
}

impl CloseCode {
    /// Ended on purpose: another tab has the link now.
    pub const NORMAL: CloseCode = CloseCode(1000);
    /// The browser's word for "the connection broke".
    pub const ABNORMAL: CloseCode = CloseCode(1006);
    pub const BAD_FRAME: CloseCode = CloseCode(4400);
    pub const TOKEN_REFUSED: CloseCode = CloseCode(4401);
    pub const FOREIGN_PAGE: CloseCode = CloseCode(4403);
    pub const UNKNOWN_SITE: CloseCode = CloseCode(4404);
    pub const SILENT: CloseCode = CloseCode(4408);
    /// An agent asked for a conversation in which nothing was ever said.
    pub const UNKNOWN_CONVERSATION: CloseCode = CloseCode(4410);
    /// The visitor wanted this conversation forgotten.
    pub const FORGOTTEN: CloseCode = CloseCode(4411);
    pub const FRAME_TOO_LARGE: CloseCode = CloseCode(4413);
    pub const TOO_MANY_LINKS: CloseCode = CloseCode(4429);
    /// More WebSocket messages than anybody who chats has a use for.
    pub const TOO_FAST: CloseCode = CloseCode(4430);
    pub const LOGIN_REQUIRED: CloseCode = CloseCode(4440);
    /// What the site's server said of the visitor no longer holds: the page has to ask it again.
    pub const IDENTITY_EXPIRED: CloseCode = CloseCode(4441);
    pub const EDGE_ERROR: CloseCode = CloseCode(4500);
    pub const SITE_NOT_KNOWN_YET: CloseCode = CloseCode(4503);

    pub fn reaction(self) -> Reaction {
        match self {
            CloseCode::LOGIN_REQUIRED => Reaction::Login,
            CloseCode::BAD_FRAME
            | CloseCode::TOKEN_REFUSED
            | CloseCode::FOREIGN_PAGE
            | CloseCode::UNKNOWN_SITE
            | CloseCode::FORGOTTEN
            | CloseCode::FRAME_TOO_LARGE => Reaction::Stop,
            // CLOSE-2: an unknown code may come from a later version; trying again with backoff harms nobody.
            _ => Reaction::Retry,
        }
    }

    /// The HTTP status of which a code from 4400 on reminds, for links without a socket.
    pub fn http_status(self) -> u16 {
        match self {
            CloseCode::LOGIN_REQUIRED | CloseCode::IDENTITY_EXPIRED => 401,
            CloseCode::TOO_FAST => 429,
            CloseCode(code @ 4400..4600) => code - 4000,
            _ => 503,
        }
    }

    /// The same word that problem+json carries as its code.
    pub fn name(self) -> &'static str {
        match self {
            CloseCode::NORMAL => "normal",
            CloseCode::BAD_FRAME => "bad-frame",
            CloseCode::TOKEN_REFUSED => "token-refused",
            CloseCode::FOREIGN_PAGE => "foreign-page",
            CloseCode::UNKNOWN_SITE => "unknown-site",
            CloseCode::SILENT => "silent",
            CloseCode::UNKNOWN_CONVERSATION => "unknown-conversation",
            CloseCode::FORGOTTEN => "forgotten",
            CloseCode::FRAME_TOO_LARGE => "frame-too-large",
            CloseCode::TOO_MANY_LINKS => "too-many-links",
            CloseCode::TOO_FAST => "too-fast",
            CloseCode::LOGIN_REQUIRED => "login-required",
            CloseCode::IDENTITY_EXPIRED => "identity-expired",
            CloseCode::EDGE_ERROR => "edge-error",
            CloseCode::SITE_NOT_KNOWN_YET => "site-not-known-yet",
            _ => "broken",
        }
    }
}
