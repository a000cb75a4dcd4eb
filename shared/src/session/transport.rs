//! WebSocket, or POSTs where something on the way lets no WebSocket through. Learned from what happens: a browser
//! does not say why a socket failed.

use crate::Millis;

/// What a link is made of. Both carry the same frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    #[default]
    WebSocket,
    /// HTTP POST, with one that waits for what the edge has to say.
    Poll,
}

/// A socket that ended this soon died young.
const YOUNG_MS: Millis = 10_000;
/// While polling works, a socket is tried again this long after the last try.
const SOCKET_AGAIN_MS: Millis = 10 * 60_000;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Transports {
    now: Transport,
    opened_at: Millis,
    welcomed: bool,
    /// Sockets that failed or died young, in a row.
    failures: u8,
    /// A socket was welcomed in this page's life, so one failure says little.
    socket_works: bool,
    /// The last polled link was welcomed.
    polling_works: bool,
    socket_tried_at: Millis,
}

impl Transports {
    pub(super) fn of_link(&self) -> Transport {
        self.now
    }

    /// Chooses for the next link.
    pub(super) fn open(&mut self, now: Millis) {
        let blocked = self.failures > u8::from(self.socket_works);
        let socket = match self.now {
            _ if !blocked => true,
            Transport::Poll => !self.polling_works || now >= self.socket_tried_at + SOCKET_AGAIN_MS,
            Transport::WebSocket => false,
        };
        self.now = if socket { Transport::WebSocket } else { Transport::Poll };
        if socket {
            self.socket_tried_at = now;
        }
        self.opened_at = now;
        self.welcomed = false;
    }

    pub(super) fn welcomed(&mut self) {
        self.welcomed = true;
        match self.now {
            Transport::WebSocket => self.socket_works = true,
            Transport::Poll => self.polling_works = true,
        }
    }

    /// It is about to end, and not because anything was wrong with it.
    pub(super) fn handed_over(&mut self) {
        (self.welcomed, self.opened_at) = (true, 0);
    }

    pub(super) fn ended(&mut self, now: Millis) {
        let young = !self.welcomed || now < self.opened_at + YOUNG_MS;
        match self.now {
            Transport::WebSocket if young => self.failures = self.failures.saturating_add(1),
            Transport::WebSocket => self.failures = 0,
            Transport::Poll => self.polling_works = self.welcomed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Transport::{Poll, WebSocket};
    use super::*;

    /// A link at this time that lives so long, or is never welcomed; says what it was made of.
    fn link(transports: &mut Transports, at: Millis, lives_ms: Option<Millis>) -> Transport {
        transports.open(at);
        if lives_ms.is_some() {
            transports.welcomed();
        }
        transports.ended(at + lives_ms.unwrap_or(1));
        transports.of_link()
    }

    #[test]
    fn poll_2_where_no_socket_opens_the_second_link_polls_and_stays_with_it() {
        let mut it = Transports::default();
        assert_eq!(link(&mut it, 0, None), WebSocket);
        for at in 1..5 {
            assert_eq!(link(&mut it, at * 100_000, Some(90_000)), Poll);
        }
        assert_eq!(link(&mut it, SOCKET_AGAIN_MS, None), WebSocket, "after ten minutes it is tried again");
        assert_eq!(link(&mut it, SOCKET_AGAIN_MS + 1, Some(1_000)), Poll);
    }

    #[test]
    fn poll_2_sockets_that_die_young_are_given_up_after_two_when_one_has_held_before() {
        let mut it = Transports::default();
        assert_eq!(link(&mut it, 0, Some(60_000)), WebSocket);
        assert_eq!(link(&mut it, 60_000, Some(2_000)), WebSocket);
        assert_eq!(link(&mut it, 63_000, Some(2_000)), WebSocket);
        assert_eq!(link(&mut it, 66_000, Some(2_000)), Poll);
    }

    #[test]
    fn poll_2_a_link_that_goes_to_another_tab_says_nothing_about_sockets() {
        let mut it = Transports::default();
        for at in 0..5 {
            it.open(60_000 + at * 1_000);
            it.handed_over();
            it.ended(60_000 + at * 1_000 + 500);
        }
        assert_eq!(it.of_link(), WebSocket);
        assert_eq!(link(&mut it, 70_000, Some(1_000)), WebSocket);
    }

    #[test]
    fn poll_2_while_nothing_gets_through_both_are_tried_in_turn() {
        let mut it = Transports::default();
        let tried: Vec<_> = (0..5).map(|at| link(&mut it, at * 1_000, None)).collect();
        assert_eq!(tried, [WebSocket, Poll, WebSocket, Poll, WebSocket]);
        assert_eq!(link(&mut it, 9_000, None), Poll);
        assert_eq!(link(&mut it, 10_000, Some(60_000)), WebSocket, "and the first that holds is kept");
        assert_eq!(link(&mut it, 80_000, Some(60_000)), WebSocket);
    }
}
