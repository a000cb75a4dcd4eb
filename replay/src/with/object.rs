//! An object of the edge does one thing after the other, and each takes a while. Whatever comes meanwhile stands in line.

use std::collections::VecDeque;

use edge::{conversation, origin_gate, site};
use shared::Millis;

use super::{ConversationJob, Happening, Job, Outcome, SiteJob, With};

#[derive(Default)]
pub(super) struct Object {
    busy: bool,
    line: VecDeque<(Millis, Job)>,
}

impl With {
    fn object(&mut self, job: &Job) -> Option<&mut Object> {
        match job {
            Job::Conversation(chat, _) => self.conversations.get_mut(chat).map(|it| &mut it.object),
            Job::Site(site, _) => Some(&mut self.sites[usize::from(*site)].object),
            Job::Gate(_) => Some(&mut self.gate.object),
        }
    }

    pub(super) fn arrives(&mut self, job: Job) {
        let now = self.clock.now;
        if self.dead {
            return;
        }
        let Some(object) = self.object(&job) else { return };
        if object.busy {
            object.line.push_back((now, job));
        } else {
            object.busy = true;
            self.begin(job);
        }
    }

    /// The machine works at once; what it puts out takes effect when its time is over.
    fn begin(&mut self, job: Job) {
        let now = self.clock.now;
        let (job, outcome) = match job {
            Job::Conversation(chat, job) => {
                let Some(it) = self.conversations.get_mut(&chat) else { return };
                let (outputs, said) = it.work(now, &job);
                (Job::Conversation(chat, job), Outcome::Conversation(outputs, said))
            }
            Job::Site(site, job) => {
                let (outputs, notice) = self.sites[usize::from(site)].work(now, &job);
                (Job::Site(site, job), Outcome::Site(outputs, notice))
            }
            Job::Gate(input) => {
                let outputs = self.gate.work(now, input.clone());
                (Job::Gate(input), Outcome::Gate(outputs))
            }
        };
        let costs = &self.cell.scenario.edge;
        let took_us = if outcome.writes() { costs.write_us } else { costs.read_us };
        self.clock.after(took_us.div_ceil(1_000), Happening::Done(job, outcome));
    }

    pub(super) fn done(&mut self, job: Job, outcome: Outcome) {
        let now = self.clock.now;
        // Conversations may leave while something of theirs is under way.
        let next = match self.object(&job) {
            Some(object) => match object.line.pop_front() {
                Some(next) => Some(next),
                None => {
                    object.busy = false;
                    None
                }
            },
            None => None,
        };
        match (job, outcome) {
            (Job::Conversation(chat, _), Outcome::Conversation(outputs, said)) => {
                self.conversation_done(chat, outputs, said);
            }
            (Job::Site(site, _), Outcome::Site(outputs, notice)) => self.site_done(site, outputs, notice),
            (Job::Gate(_), Outcome::Gate(outputs)) => self.gate_done(outputs),
            _ => {}
        }
        if let Some((since, job)) = next {
            let waited_us = (now - since) * 1_000;
            self.meter.peak_queue_us = self.meter.peak_queue_us.max(Some(waited_us));
            self.begin(job);
        }
    }
}

impl Outcome {
    /// Whether a row was written on the way.
    fn writes(&self) -> bool {
        match self {
            Outcome::Conversation(outputs, _) => outputs.iter().any(|output| {
                use conversation::Output::{Forget, Park, Store, Trim};
                matches!(output, Store { .. } | Trim { .. } | Forget { .. } | Park(_))
            }),
            Outcome::Site(outputs, _) => outputs.iter().any(|output| {
                use site::Output::{ForgetSummary, Store, StoreSummary};
                matches!(output, Store(_) | StoreSummary(_) | ForgetSummary(_))
            }),
            Outcome::Gate(outputs) => outputs.iter().any(|output| {
                use origin_gate::Output::{Forget, Learned, Mode, Remember};
                matches!(output, Remember(_) | Forget(_) | Mode { .. } | Learned(_))
            }),
        }
    }
}

impl ConversationJob {
    pub(super) fn input(input: conversation::Input) -> ConversationJob {
        ConversationJob::Input(input)
    }
}

impl SiteJob {
    pub(super) fn input(input: site::Input) -> SiteJob {
        SiteJob::Input(Box::new(input))
    }
}
