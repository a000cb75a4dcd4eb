//! What this side says to the edge, and what it keeps before it does.

use super::{Link, Live, Output, Role, Session, State};
use crate::Millis;
use crate::frame::{ClientFrame, Hello, PROTOCOL};
use crate::limits::MAX_WRITERS_PER_HELLO;

/// "Typing" is said again at most this often, and believed for twice as long.
pub(super) const TYPING_EVERY_MS: Millis = 3_000;

impl Session {
    pub(super) fn say(&mut self, link: Link, frame: ClientFrame) {
        self.outputs.push_back(Output::Send(link, frame));
    }

    pub(super) fn say_hello(&mut self, link: Link) {
        let mut unacked = Vec::new();
        for writer in self.lanes.unacked_writers().take(MAX_WRITERS_PER_HELLO) {
            unacked.push(writer.clone());
        }
        let hello = Hello { protocol: PROTOCOL, resume: self.transcript.resume(), unacked };
        self.say(link, ClientFrame::Hello(hello));
    }

    pub(super) fn write(&mut self, now: Millis, text: String) {
        if self.may_write(&text).is_err() {
            return;
        }
        let saved = self.lanes.write(text, self.clock.host(now));
        self.outputs.push_back(Output::Save(saved));
        self.typing_told_at = None;
        self.changed();
        self.flush(now);
        self.nudge(now);
    }

    pub(super) fn save_renamed(&mut self) {
        // Here and elsewhere a loop, because every kind of iterator that is collected has its own code in the wasm.
        for saved in self.lanes.take_renamed() {
            self.outputs.push_back(Output::Save(saved));
        }
    }

    pub(super) fn flush(&mut self, now: Millis) {
        if let State::Live(Live { link, resync_until: None, .. }) = self.state {
            for send in self.lanes.take_to_send(now) {
                self.say(link, ClientFrame::Send(send));
            }
        }
    }

    pub(super) fn tell_typing(&mut self, now: Millis, on: bool) {
        let due = match self.typing_told_at {
            Some(at) => !on || now >= at + TYPING_EVERY_MS,
            None => on,
        };
        if let State::Live(live) = self.state
            && due
        {
            self.typing_told_at = on.then_some(now);
            self.say(live.link, ClientFrame::Typing { on });
        }
    }

    /// Says what is on this side's screen now, where that is more than was said before.
    pub(super) fn tell_marks(&mut self) {
        let State::Live(live) = self.state else { return };
        let side = self.role.side();
        let upto = self.transcript.last_of(side.other());
        let mut moved = self.transcript.delivered.raise(side, upto);
        if self.looking {
            let seen = self.transcript.seen.of(side);
            let more = self.transcript.seen.raise(side, upto);
            // Who has seen nothing at all knows what is new.
            if std::mem::take(&mut self.begins_to_look) && more && seen > 0 {
                self.fresh_after = Some(seen);
            }
            moved |= more;
        }
        if moved && self.role != Role::Inbox {
            self.say_marks(live.link);
        }
    }

    pub(super) fn say_marks(&mut self, link: Link) {
        let side = self.role.side();
        let delivered = self.transcript.last_of(side.other());
        let seen = self.transcript.seen.of(side);
        if seen < delivered {
            self.say(link, ClientFrame::Delivered { upto_seq: delivered });
        }
        if seen > 0 {
            self.say(link, ClientFrame::Seen { upto_seq: seen });
        }
    }
}
