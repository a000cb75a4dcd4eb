//! What messages are called (NAME-1). Writer and n tell the name, so whether it was used before is known without the log.

use shared::id::WriterId;

/// `{page}.{number}`: who wrote a message, and its place in what that page wrote. A renamed lane is called after the first
/// of its messages (ADOPT-2), so its name is such a one as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) page: &'a str,
    number: u64,
}

impl<'a> Name<'a> {
    pub(super) fn of(text: &'a str) -> Option<Name<'a>> {
        let (page, digits) = text.rsplit_once('.')?;
        // One way to write each number, or two names would stand for one message.
        let is_plain = digits == "0" || !digits.starts_with('0');
        Some(Name { page, number: digits.parse().ok().filter(|_| is_plain)? })
    }

    /// The n under which this writer says it; nothing where it is none of that writer's.
    pub(super) fn n_of(self, writer: &WriterId) -> Option<u64> {
        if self.page == writer.as_str() {
            return Some(self.number);
        }
        let first = Name::of(writer.as_str()).filter(|first| first.page == self.page)?;
        self.number.checked_sub(first.number)?.checked_add(1)
    }
}

/// What may be the page of a lane: what precedes the last dot.
pub(super) fn page_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(page, _)| page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_1_writer_and_n_tell_the_name() {
        let n_of = |name: &str, writer: &str| Name::of(name)?.n_of(&WriterId::parse(writer)?);
        assert_eq!(n_of("w.7", "w"), Some(7));
        assert_eq!(n_of("w.7", "w.5"), Some(3), "a lane that was renamed after the fifth");
        assert_eq!(n_of("w.7", "w.7"), Some(1));
        assert_eq!(n_of("a.b.7", "a.b"), Some(7), "a page may have a dot in its name");
        for (name, writer) in
            [("w.4", "w.5"), ("v.7", "w"), ("v.7", "w.5"), ("w.07", "w"), ("w.x", "w"), ("w", "w")]
        {
            assert_eq!(n_of(name, writer), None, "{name} by {writer}");
        }
        let last = format!("w.{}", u64::MAX);
        assert_eq!((n_of(&last, "w"), n_of(&last, "w.0")), (Some(u64::MAX), None));
    }
}
