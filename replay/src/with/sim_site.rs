//! A site: the real machine. Its notices go to the conversations that it names.

use std::collections::BTreeMap;

use edge::conversation;
use edge::site::{Output, Site, Stored};
use shared::Millis;
use shared::frame::Summary;
use shared::id::ConversationId;
use shared::mode::Notice;

use crate::people::{ChatNo, SiteNo};

use super::sim_conversation::{chat_of, site_id};
use super::{ConversationJob, Happening, Job, Object, SiteJob, With};

pub(super) struct SimSite {
    pub(super) object: Object,
    machine: Site,
    timer: u64,
    /// What is stored.
    stored: Stored,
    summaries: BTreeMap<ConversationId, Summary>,
}

impl SimSite {
    pub(super) fn new(site: SiteNo) -> SimSite {
        let machine = Site::restore(site_id(site), Stored::default(), Vec::new(), Vec::new());
        let (object, stored, summaries) = (Object::default(), Stored::default(), BTreeMap::new());
        SimSite { object, machine, timer: 0, stored, summaries }
    }

    /// A new process: what was stored, and nothing else.
    pub(super) fn starts_again(&mut self, site: SiteNo) {
        self.object = Object::default();
        self.timer += 1;
        let summaries = self.summaries.values().cloned().collect();
        self.machine = Site::restore(site_id(site), self.stored.clone(), summaries, Vec::new());
    }

    pub(super) fn notice(&self) -> Notice {
        self.machine.notice().clone()
    }

    pub(super) fn work(&mut self, now: Millis, job: &SiteJob) -> (Vec<Output>, Option<(ChatNo, Notice)>) {
        let answer = match job {
            SiteJob::Input(input) => {
                self.machine.handle(now, (**input).clone());
                None
            }
            SiteJob::Notify { from, summary } => {
                self.machine.handle(now, edge::site::Input::Notified((**summary).clone()));
                Some((*from, self.machine.notice().clone()))
            }
        };
        (std::iter::from_fn(|| self.machine.poll_output()).collect(), answer)
    }
}

impl With {
    pub(super) fn site_input(&mut self, site: SiteNo, input: edge::site::Input) {
        self.arrives(Job::Site(site, SiteJob::input(input)));
    }

    pub(super) fn site_done(&mut self, site: SiteNo, outputs: Vec<Output>, answer: Option<(ChatNo, Notice)>) {
        let call_ms = self.cell.scenario.edge.call_ms;
        let mut told: Vec<(ChatNo, Notice)> = answer.into_iter().collect();
        let it = &mut self.sites[usize::from(site)];
        for output in outputs {
            match output {
                Output::Push { notice, conversations } => {
                    told.extend(conversations.iter().map(|it| (chat_of(it), notice.clone())));
                }
                Output::Store(stored) => it.stored = *stored,
                Output::StoreSummary(summary) => {
                    it.summaries.insert(summary.conversation.clone(), summary);
                }
                Output::ForgetSummary(conversation) => {
                    it.summaries.remove(&conversation);
                }
                _ => {}
            }
        }
        for (chat, notice) in told {
            let job = ConversationJob::input(conversation::Input::Notice(notice));
            self.clock.after(call_ms, Happening::Arrives(Job::Conversation(chat, job)));
        }
        let it = &mut self.sites[usize::from(site)];
        it.timer += 1;
        if let Some(at) = it.machine.poll_timeout() {
            let timer = it.timer;
            self.clock.at(at, Happening::SiteTimer(site, timer));
        }
    }

    pub(super) fn site_timer(&mut self, site: SiteNo, timer: u64) {
        if self.sites[usize::from(site)].timer == timer {
            self.site_input(site, edge::site::Input::Timeout);
        }
    }
}
