//! What the edge says, and what the session makes of it.

use crate::Millis;
use crate::frame::{Ack, EdgeFrame, Nack, Summary, Welcome};
use crate::inbox::Verdict;
use crate::message::{Message, Side};

use super::lanes::{AfterNack, Keep};
use super::say::TYPING_EVERY_MS;
use super::{ASK_AFTER_MS, Link, Live, Output, Session, State};

/// Lines of the list of conversations: as many as the edge keeps of a site.
const MAX_INBOX: usize = 1_000;

impl Session {
    pub(super) fn frame(&mut self, now: Millis, link: Link, frame: EdgeFrame) {
        let greeted = matches!(self.state, State::Live(_));
        match frame {
            EdgeFrame::Welcome(welcome) => self.welcome(now, link, *welcome),
            // HELLO-2: before the welcome we do not know which log they speak of, nor what the welcome will say.
            EdgeFrame::Ack(_) | EdgeFrame::Event(_) | EdgeFrame::Receipted { .. } | EdgeFrame::Mode(_)
                if !greeted =>
            {
                self.overtaken = true;
            }
            EdgeFrame::Ack(ack) => self.ack(&ack),
            EdgeFrame::Nack(nack) => self.nack(now, &nack),
            EdgeFrame::Event(message) => self.event(message),
            EdgeFrame::Receipted { upto_seq } => {
                self.heard_of_seq = self.heard_of_seq.max(upto_seq);
                // Mostly it speaks of the other side's messages, of which nobody here sees it.
                let before = self.upto();
                let erased = self.receipted(upto_seq);
                if self.upto() == before && !erased {
                    return;
                }
            }
            EdgeFrame::Delivered { side, upto_seq } => {
                self.transcript.delivered.raise(side, upto_seq);
            }
            EdgeFrame::Seen { side, upto_seq } => {
                self.transcript.delivered.raise(side, upto_seq);
                self.transcript.seen.raise(side, upto_seq);
            }
            EdgeFrame::Typing { side, on } => {
                if side != self.role.side() {
                    self.other_types_until = on.then_some(now + 2 * TYPING_EVERY_MS);
                }
            }
            EdgeFrame::Mode(notice) => {
                // MODE-2: notices reach us by several ways; the older one loses.
                if notice.version >= self.notice.version {
                    self.notice = notice;
                }
            }
            EdgeFrame::History { messages } => {
                self.earlier_asked = false;
                self.transcript.prepend(messages);
            }
            EdgeFrame::Summary(summary) => self.summary(summary),
            EdgeFrame::Spread(spread) => self.spread = spread,
            EdgeFrame::Bye { retry_after_ms, .. } => self.retry_after_ms = retry_after_ms,
            EdgeFrame::Pong | EdgeFrame::Unknown => return,
        }
        self.changed();
    }

    fn welcome(&mut self, now: Millis, link: Link, welcome: Welcome) {
        match &mut self.state {
            State::Live(live) => {
                live.resync_until = None;
                // MODE-2: this welcome may have been made before the latest notice.
                if welcome.notice.version > self.notice.version {
                    self.notice = welcome.notice;
                }
            }
            _ => {
                self.transports.welcomed();
                self.notice = welcome.notice;
                self.state = State::Live(Live {
                    link,
                    since: now,
                    stable: false,
                    pinged_at: now,
                    answered: true,
                    resync_until: None,
                    ask_at: now + ASK_AFTER_MS,
                    ask_after_ms: ASK_AFTER_MS,
                });
            }
        }
        self.spread = welcome.spread;
        self.inbox = welcome.inbox;
        if let Some(token) = welcome.token {
            self.outputs.push_back(Output::Token(token));
        }
        let same_log =
            self.transcript.epoch == Some(welcome.epoch) && self.conversation == welcome.conversation;
        self.conversation = welcome.conversation;
        if !same_log {
            // EPOCH-2: whatever the origin may not have goes to the new log.
            self.lanes.new_epoch();
            self.save_renamed();
            self.heard_of_seq = 0;
        }
        self.heard_of_seq = self.heard_of_seq.max(welcome.last_seq);
        for message in &welcome.messages {
            self.lanes.in_log(&message.id, message.seq);
        }
        if same_log && welcome.replay {
            for message in welcome.messages {
                self.transcript.accept(message);
            }
        } else if !same_log || welcome.last_seq > self.transcript.last_seq() {
            let (seen, delivered) = (self.transcript.seen, self.transcript.delivered);
            self.transcript.start_over(welcome.epoch, welcome.messages, welcome.last_seq);
            if same_log {
                (self.transcript.seen, self.transcript.delivered) = (seen, delivered);
            }
        }
        for side in [Side::Visitor, Side::Agent] {
            self.transcript.delivered.raise(side, welcome.delivered.of(side));
            self.transcript.seen.raise(side, welcome.seen.of(side));
        }
        for ack in &welcome.acks {
            self.lanes.acked(ack);
        }
        self.receipted(welcome.receipted_upto);
        // What this side has on its screen and the edge has forgotten is said again.
        let side = self.role.side();
        if welcome.delivered.of(side) < self.transcript.last_of(side.other())
            || welcome.seen.of(side) < self.transcript.seen.of(side)
        {
            self.say_marks(link);
        }
    }

    fn ack(&mut self, ack: &Ack) {
        self.limited = false;
        if let Some(entry) = self.lanes.entry(&ack.writer, ack.upto_n)
            && !matches!(entry.keep, Keep::Refused { .. })
        {
            // Our own message has its place now; everybody else got it as an event.
            let message = Message {
                seq: ack.seq,
                id: entry.id.clone(),
                author: self.own_author(),
                name: String::new(),
                text: entry.text.clone(),
                at_ms: entry.at_ms,
            };
            self.transcript.accept(message);
        }
        self.heard_of_seq = self.heard_of_seq.max(ack.seq);
        self.lanes.acked(ack);
        self.receipted(self.transcript.receipted_upto);
    }

    fn nack(&mut self, now: Millis, nack: &Nack) {
        if self.lanes.nacked(now, nack, &mut self.random) == AfterNack::Resync {
            self.resync(now);
        }
        // LIMIT-2: nothing is lost; the person hears why it waits.
        self.limited |= nack.retry && nack.reason != "gap";
        self.save_renamed();
    }

    fn event(&mut self, message: Message) {
        self.heard_of_seq = self.heard_of_seq.max(message.seq);
        self.lanes.in_log(&message.id, message.seq);
        let side = message.author.side();
        if self.transcript.accept(message) == Verdict::New && side != self.role.side() {
            self.other_types_until = None;
        }
        self.receipted(0);
    }

    /// Whether anything that was kept is erased now.
    pub(super) fn receipted(&mut self, upto_seq: u64) -> bool {
        let upto_seq = upto_seq.max(self.transcript.receipted_upto);
        self.transcript.receipted_upto = upto_seq;
        // What the log has not brought yet is on the screen because it is kept.
        let erased = self.lanes.receipted(upto_seq.min(self.transcript.last_seq()));
        let any = !erased.is_empty();
        for id in erased {
            self.outputs.push_back(Output::Erase(id));
        }
        any
    }

    fn summary(&mut self, summary: Summary) {
        self.inbox.retain(|line| line.conversation != summary.conversation);
        // FORGET-4: an empty line is a conversation that is no more.
        if summary.last_seq > 0 {
            let at = self.inbox.partition_point(|line| line.at_ms > summary.at_ms);
            self.inbox.insert(at, summary);
        }
        self.inbox.truncate(MAX_INBOX);
    }

    pub(super) fn after_frames(&mut self, now: Millis) {
        if !matches!(self.state, State::Live(_)) {
            return;
        }
        let missed = self.heard_of_seq > self.transcript.last_seq() && self.transcript.epoch.is_some();
        if std::mem::take(&mut self.overtaken) || missed {
            self.resync(now);
        }
        self.tell_marks();
        self.flush(now);
    }
}
