//! A site: the real machine. Its notices go to the conversations that it names.

use edge::conversation;
use edge::site::{Output, Site, Stored};
use shared::Millis;
use shared::mode::Notice;

use crate::people::{ChatNo, SiteNo};

use super::sim_conversation::{chat_of, site_id};
use super::{ConversationJob, Happening, Job, Object, SiteJob, With};

pub(super) struct SimSite {
    pub(super) object: Object,
    machine: Site,
    timer: u64,
}

impl SimSite {
    pub(super) fn new(site: SiteNo) -> SimSite {
        let machine = Site::restore(site_id(site), Stored::default(), Vec::new(), Vec::new());
        SimSite { object: Object::default(), machine, timer: 0 }
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
        let pushed = outputs.into_iter().filter_map(|output| match output {
            Output::Push { notice, conversations } => Some((notice, conversations)),
            _ => None,
        });
        let mut told: Vec<(ChatNo, Notice)> = answer.into_iter().collect();
        for (notice, conversations) in pushed {
            told.extend(conversations.iter().map(|it| (chat_of(it), notice.clone())));
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
