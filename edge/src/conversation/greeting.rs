//! A link begins: it is let in, says hello, and is told in one frame what it needs.

use shared::Millis;
use shared::close::CloseCode;
use shared::frame::{EdgeFrame, Hello, PROTOCOL, Welcome};
use shared::limits::{MAX_LINKS_PER_CONVERSATION, MAX_REPLAY, MAX_WRITERS_PER_HELLO, SNAPSHOT};
use shared::message::Side;
use shared::mode::Notice;

use crate::admission::Client;

use super::ahead::Ahead;
use super::meta::Refused;
use super::{Conversation, LinkId, LinkInfo, Log, Output, Peer};

impl Conversation {
    pub(super) fn opened(
        &mut self,
        now: Millis,
        link: LinkId,
        peer: Peer,
        notice: Notice,
        token: Option<String>,
        client: Client,
    ) {
        if let Some(ending) = self.meta.ending {
            self.outputs.push_back(Output::Close(link, ending.close_code()));
            return;
        }
        if self.links.len() >= MAX_LINKS_PER_CONVERSATION {
            self.outputs.push_back(Output::Close(link, CloseCode::TOO_MANY_LINKS));
            return;
        }
        if !self.stored && self.meta.epoch.0 == 0 {
            self.meta.epoch.0 = now;
        }
        // A new link may bring the news before the site's own call does; those who are here hear of it, too.
        self.noticed(notice);
        let info = LinkInfo {
            link,
            peer: peer.shortened(),
            site: self.meta.site.clone(),
            conversation: self.meta.conversation.clone(),
            epoch: self.meta.epoch,
            greeted: false,
            token,
            delivered_upto: self.outbox.acked_upto(),
            delivered: self.meta.delivered,
            seen: self.meta.seen,
            notice: self.notice.clone(),
            answered: 0,
            client,
        };
        if info.peer.side() == Side::Visitor {
            self.meta.retention_days = info.client.limits.retention_days;
        }
        self.outputs.push_back(Output::Attach(Box::new(info.clone())));
        self.links.insert(link, info);
        self.silence.begins(now, link);
    }

    pub(super) fn hello(&mut self, link: LinkId, hello: &Hello, log: &dyn Log) {
        let last_seq = self.meta.last_seq;
        let resume = hello.resume.filter(|resume| {
            resume.epoch == self.meta.epoch
                // RESUME-2: a place that does not exist here means that one of us is mistaken; start over.
                && resume.last_seq <= last_seq
                && last_seq - resume.last_seq <= MAX_REPLAY
        });
        // What was committed just now is on its way into the log.
        let log = Ahead::of(log, &self.outputs);
        let messages = match resume {
            Some(resume) => log.after(resume.last_seq, MAX_REPLAY),
            None => log.before(last_seq + 1, SNAPSHOT),
        };
        // HELLO-1: a page has few outboxes; whoever names more costs no more.
        let unacked = &hello.unacked[..hello.unacked.len().min(MAX_WRITERS_PER_HELLO)];
        for writer in unacked {
            for Refused { id, n, reason } in self.meta.refusals(writer) {
                let nack = self.nack(id.clone(), writer.clone(), *n, reason, false);
                self.outputs.push_back(Output::Send(link, nack));
            }
        }
        let notice = self.told_notice();
        let Some(info) = self.links.get_mut(&link) else { return };
        let first = !info.greeted;
        info.greeted = true;
        let welcome = Welcome {
            protocol: PROTOCOL,
            conversation: Some(self.meta.conversation.clone()),
            epoch: self.meta.epoch,
            notice,
            spread: self.spread,
            token: info.token.take(),
            replay: resume.is_some(),
            messages,
            last_seq,
            acks: unacked.iter().filter_map(|writer| self.meta.ack_of(writer)).collect(),
            receipted_upto: self.outbox.acked_upto(),
            delivered: self.meta.delivered,
            seen: self.meta.seen,
            inbox: Vec::new(),
        };
        let (side, info) = (info.peer.side(), info.clone());
        self.outputs.push_back(Output::Attach(Box::new(info)));
        self.outputs.push_back(Output::Send(link, EdgeFrame::Welcome(Box::new(welcome))));
        if first && side == Side::Visitor {
            self.notify_presence();
        }
    }
}
