//! How far messages are delivered and seen. Marks cost no row: the links keep them, and give them back after a restart.

use shared::frame::{ClientFrame, EdgeFrame};
use shared::message::Side;

use crate::silence::Silence;

use super::ahead::Ahead;
use super::{Conversation, LinkId, LinkInfo, Log, Output};

/// HELLO-3: of the marks and keystrokes that came together one of each kind is left, in the place of the last: of several tabs'
/// marks the highest (LINK-5).
pub(super) fn once(frames: Vec<ClientFrame>) -> Vec<ClientFrame> {
    let (mut typing, mut delivered, mut seen) = (false, None, None);
    for frame in &frames {
        match frame {
            ClientFrame::Delivered { upto_seq } => delivered = delivered.max(Some(*upto_seq)),
            ClientFrame::Seen { upto_seq } => seen = seen.max(Some(*upto_seq)),
            _ => {}
        }
    }
    let mut left = Vec::with_capacity(frames.len());
    for frame in frames.into_iter().rev() {
        left.extend(match frame {
            ClientFrame::Typing { .. } if std::mem::replace(&mut typing, true) => None,
            ClientFrame::Delivered { .. } => {
                delivered.take().map(|upto_seq| ClientFrame::Delivered { upto_seq })
            }
            ClientFrame::Seen { .. } => seen.take().map(|upto_seq| ClientFrame::Seen { upto_seq }),
            other => Some(other),
        });
    }
    left.reverse();
    left
}

impl Conversation {
    pub(super) fn mark(&mut self, link: LinkId, side: Side, upto_seq: u64, seen: bool, log: &dyn Log) {
        // What is not stored is on nobody's screen.
        let upto_seq = upto_seq.min(self.meta.last_seq - self.batch.len());
        let mut moved = self.meta.delivered.raise(side, upto_seq);
        if seen {
            moved |= self.meta.seen.raise(side, upto_seq);
        }
        if !moved {
            return;
        }
        let frame =
            if seen { EdgeFrame::Seen { side, upto_seq } } else { EdgeFrame::Delivered { side, upto_seq } };
        self.broadcast(Some(link), &frame);
        self.attach(link);
        if seen && side == Side::Agent {
            self.meta.unread = Ahead::of(log, &self.outputs).unread(self.meta.seen.agent);
            self.notify();
        }
    }

    /// Keeps marks and cursor with a link, where they survive hibernation without a row.
    pub(super) fn attach(&mut self, link: LinkId) {
        let Some(info) = self.links.get_mut(&link) else { return };
        info.delivered_upto = self.outbox.acked_upto();
        info.delivered = self.meta.delivered;
        info.seen = self.meta.seen;
        info.notice = self.notice.clone();
        self.outputs.push_back(Output::Attach(Box::new(info.clone())));
    }

    pub(super) fn adopt_links(&mut self, links: Vec<LinkInfo>) {
        for info in links {
            if !self.stored {
                self.meta.epoch = self.meta.epoch.max(info.epoch);
            }
            if info.epoch == self.meta.epoch {
                for side in [Side::Visitor, Side::Agent] {
                    self.meta.delivered.raise(side, info.delivered.of(side));
                    self.meta.seen.raise(side, info.seen.of(side));
                }
                self.outbox.acked(info.delivered_upto);
            }
            if info.notice.version >= self.notice.version {
                self.notice = info.notice.clone();
            }
            self.links.insert(info.link, info);
        }
        self.silence = Silence::restore(self.links.keys().copied());
        self.meta.delivered_upto = self.outbox.acked_upto();
    }
}
