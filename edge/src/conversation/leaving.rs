//! Links end: a client goes, goes without a word, or the word by which it was let in is over.

use shared::Millis;
use shared::close::CloseCode;
use shared::message::Side;

use super::{Conversation, LinkId, LinkInfo, Output};

impl Conversation {
    /// All of them before anybody hears of it: what is told then is for none of them.
    pub(super) fn left(&mut self, links: &[LinkId]) {
        let here = self.here();
        links.iter().for_each(|link| self.silence.ends(*link));
        let gone: Vec<LinkInfo> = links.iter().filter_map(|link| self.links.remove(link)).collect();
        if gone.iter().any(|info| info.peer.side() == Side::Visitor) {
            self.notify_presence();
        }
        self.tell_who_is_here(&here);
        self.hand_cursor_on();
    }

    /// LINK-6: before anything is told or heard. Nobody is woken for it: where nothing happens, nothing is read.
    pub(super) fn end_expired(&mut self, now: Millis) {
        let is_over = |info: &&LinkInfo| info.client.until_ms.is_some_and(|until| now >= until);
        let over: Vec<LinkId> = self.links.values().filter(is_over).map(|info| info.link).collect();
        self.end_links(&over, CloseCode::IDENTITY_EXPIRED);
    }

    /// LINK-7: the platform has told when each of them was last heard.
    pub(super) fn end_silent(&mut self, now: Millis, heard: &[(LinkId, Millis)]) {
        let silent = self.silence.looks(now, heard);
        self.end_links(&silent, CloseCode::SILENT);
    }

    fn end_links(&mut self, links: &[LinkId], code: CloseCode) {
        if links.is_empty() {
            return;
        }
        self.outputs.extend(links.iter().map(|link| Output::Close(*link, code)));
        self.left(links);
    }
}
