//! Which links are still there (LINK-7). Where a lid is shut or a network is left behind, no close comes, and whoever was there would
//! stay so for ever. A client that is there says `ping` again and again. The platform answers it, and only the platform
//! knows when it did, so the driver looks: when [`Silence::look_at`] says, and where [`Silence::is_look_due`] before whatever comes.

use std::collections::BTreeMap;

use shared::Millis;

use crate::conversation::LinkId;

/// A client says `ping` every 20 s, and its browser lets it do so once a minute where the page was hidden for five (Chromium's
/// "intensive throttling": developer.chrome.com/blog/timer-throttling-in-chrome-88). Two such minutes, and half of one for the way.
pub const SILENT_MS: Millis = 150_000;
/// Nothing new is to be seen before the next pings.
const LOOK_EVERY_MS: Millis = 20_000;

pub struct Silence {
    /// When each link was last heard; 0 where an instance that is gone has heard it.
    heard: BTreeMap<LinkId, Millis>,
    looked_at: Millis,
    silent_ms: Millis,
}

impl Default for Silence {
    fn default() -> Silence {
        Silence { heard: BTreeMap::new(), looked_at: 0, silent_ms: SILENT_MS }
    }
}

impl Silence {
    /// Of links whose object woke up. It is looked before anything else happens.
    pub fn restore(links: impl Iterator<Item = LinkId>) -> Silence {
        Silence { heard: links.map(|link| (link, 0)).collect(), ..Silence::default() }
    }

    /// Another time than [`SILENT_MS`], for tests that cannot wait so long.
    pub fn ends_after(&mut self, silent_ms: Millis) {
        self.silent_ms = silent_ms;
    }

    fn look_every_ms(&self) -> Millis {
        LOOK_EVERY_MS.min(self.silent_ms / 7)
    }

    pub fn begins(&mut self, now: Millis, link: LinkId) {
        self.heard.insert(link, now);
    }

    pub fn ends(&mut self, link: LinkId) {
        self.heard.remove(&link);
    }

    pub fn heard(&mut self, at: Millis, link: LinkId) {
        if let Some(heard) = self.heard.get_mut(&link) {
            *heard = at.max(*heard);
        }
    }

    pub fn is_look_due(&self, now: Millis) -> bool {
        // A clock that was set back has not made the last look fresh.
        !self.heard.is_empty() && now.abs_diff(self.looked_at) >= self.look_every_ms()
    }

    /// When the first of the links may have become silent.
    pub fn look_at(&self) -> Option<Millis> {
        let first = self.heard.values().min()?;
        Some((first + self.silent_ms).max(self.looked_at + self.look_every_ms()))
    }

    /// What the driver has seen; answers with the links that are to be ended.
    pub fn looks(&mut self, now: Millis, seen: &[(LinkId, Millis)]) -> Vec<LinkId> {
        for (link, at) in seen {
            self.heard(*at, *link);
        }
        self.looked_at = now;
        let silent = |(link, at): (&LinkId, &Millis)| (now >= at + self.silent_ms).then_some(*link);
        let silent: Vec<LinkId> = self.heard.iter().filter_map(silent).collect();
        silent.iter().for_each(|link| self.ends(*link));
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: LinkId = LinkId(1);
    const B: LinkId = LinkId(2);

    #[test]
    fn link_7_the_next_look_is_when_the_first_link_may_have_become_silent() {
        let mut it = Silence::default();
        assert_eq!((it.look_at(), it.is_look_due(1_000_000)), (None, false), "nobody is there");
        it.begins(1_000_000, A);
        it.begins(1_030_000, B);
        assert_eq!(it.look_at(), Some(1_000_000 + SILENT_MS));
        assert_eq!(it.looks(1_150_000, &[(A, 1_140_000), (B, 1_110_000)]), []);
        assert_eq!(it.look_at(), Some(1_110_000 + SILENT_MS));
        it.heard(1_160_000, B);
        assert_eq!(it.look_at(), Some(1_140_000 + SILENT_MS));
        assert_eq!(it.looks(1_290_000, &[(A, 1_140_000), (B, 1_160_001)]), [A]);
        it.heard(1_291_000, A);
        assert_eq!(it.look_at(), Some(1_160_001 + SILENT_MS), "who has ended stays so");
        it.ends(B);
        assert_eq!(it.look_at(), None);
    }

    #[test]
    fn link_7_nobody_looks_twice_within_the_time_between_two_pings() {
        let mut it = Silence::restore([A].into_iter());
        assert!(it.is_look_due(500_000), "before anything else after a restart");
        assert_eq!(it.looks(500_000, &[(A, 500_000 - SILENT_MS + 1)]), []);
        assert_eq!(it.look_at(), Some(500_000 + LOOK_EVERY_MS), "and not a moment later");
        assert!(!it.is_look_due(519_999) && it.is_look_due(520_000));
        assert!(it.is_look_due(400_000), "the clock was set back");
    }
}
