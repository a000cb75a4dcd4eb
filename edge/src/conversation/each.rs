//! For the benchmark alone (feature `commit-each`): one commit per message, the edge without STORE-2.
//!
//! Frames stand in line, and none is looked at while a store is on its way to the disk. So a transaction holds one
//! message with its meta row, waits for a sync of its own and is acknowledged after it, and only then the next message
//! of this conversation is taken. All else is the same code.

use std::collections::VecDeque;

use shared::Millis;
use shared::frame::ClientFrame;

use super::{Conversation, LinkId, Log};

pub(super) type Line = VecDeque<(LinkId, ClientFrame)>;

impl Conversation {
    pub(super) fn frames_one_by_one(
        &mut self,
        now: Millis,
        link: LinkId,
        frames: Vec<ClientFrame>,
        log: &dyn Log,
    ) {
        self.line.extend(frames.into_iter().map(|frame| (link, frame)));
        self.next_in_line(now, log);
    }

    /// As far as the next message.
    pub(super) fn next_in_line(&mut self, now: Millis, log: &dyn Log) {
        while !self.storing
            && let Some((link, frame)) = self.line.pop_front()
        {
            self.frames(now, link, vec![frame], (u64::MAX, ""), log);
        }
    }
}
