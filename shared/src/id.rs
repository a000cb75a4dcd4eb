//! Identifiers. All are short printable strings, except the epoch, which has an order.

use std::fmt;

/// The longest identifier in bytes: long enough for a UUID with a prefix, short enough for a header.
pub const MAX_ID_BYTES: usize = 64;

/// Whether `text` may be an identifier: 1 to 64 of `A-Z a-z 0-9 - _ . :`, so that it fits into a URL, a
/// header, a cookie's name and a log line without any quoting.
pub fn is_valid(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_ID_BYTES
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "String"))]
        pub struct $name(String);

        impl $name {
            /// The identifier, or nothing where the text cannot be one (see [`is_valid`]).
            pub fn parse(text: &str) -> Option<Self> {
                is_valid(text).then(|| Self(text.to_owned()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        #[cfg(feature = "serde")]
        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if is_valid(&text) { Ok(Self(text)) } else { Err(concat!("not a ", stringify!($name))) }
            }
        }
    )*};
}

ids! {
    /// One customer website and its settings.
    SiteId
    /// The durable exchange of one visitor with one site. Minted by the edge.
    ConversationId
    /// A message, unique within its conversation. Made by the writer.
    MessageId
    /// One browser's or console's outbox. Random, never used again by a later page.
    WriterId
    /// A person who answers.
    AgentId
}

/// Generation of a conversation's storage: the time in ms at which the storage was made, so that a later
/// epoch is greater. A new one means that the old log was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Epoch(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_needs_no_quoting_anywhere() {
        assert!(SiteId::parse("demo").is_some());
        assert!(MessageId::parse("w-1.2:3_4").is_some());
        for bad in ["", "a b", "a/b", "ä", "a;b", "a\n", "\"", &"x".repeat(65)] {
            assert!(SiteId::parse(bad).is_none(), "{bad:?}");
        }
    }
}
