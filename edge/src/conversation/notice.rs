//! What the links are told of mode and agents: the site's word, and who answers here.

use shared::frame::EdgeFrame;
use shared::mode::Notice;

use super::Conversation;

impl Conversation {
    pub(super) fn noticed(&mut self, notice: Notice) {
        // MODE-2: of two notices the later one wins.
        if notice.version <= self.notice.version {
            return;
        }
        self.notice = notice;
        self.broadcast(None, &EdgeFrame::Mode(self.told_notice()));
        if let Some(&link) = self.links.keys().next() {
            self.attach(link);
        }
    }

    /// MODE-10: whoever only reads is nobody's business.
    pub(super) fn here(&self) -> String {
        let last = self.links.values().filter(|info| info.answered > 0).max_by_key(|info| info.answered);
        last.map(|info| info.peer.name().to_owned()).unwrap_or_default()
    }

    pub(super) fn told_notice(&self) -> Notice {
        Notice { here: self.here(), ..self.notice.clone() }
    }

    /// Where it was somebody else before.
    pub(super) fn tell_who_is_here(&mut self, before: &str) {
        if self.here() != before {
            self.broadcast(None, &EdgeFrame::Mode(self.told_notice()));
        }
    }
}
