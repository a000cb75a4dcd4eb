//! What consoles, conversations, the gate and the origin tell a site.

use std::collections::BTreeSet;

use arbitrary::{Result, Unstructured};
use edge::conversation::LinkId;
use edge::site::{InboxLink, Input, Output, Site, Stored};
use edge::spread::{HighWater, Mark};
use shared::Millis;
use shared::event::SiteSettings;
use shared::frame::{ClientFrame, EdgeFrame, Hello, Spread, Summary};
use shared::message::Author;

use crate::pick;

const CONVERSATIONS: [&str; 4] = ["a", "b", "c", "d"];

pub fn run(data: &[u8]) {
    let mut desk = Desk::new();
    let mut u = Unstructured::new(data);
    pick::steps(&mut u, |u| desk.step(u));
}

struct Desk {
    site: Site,
    now: Millis,
    stored: Stored,
    summaries: Vec<Summary>,
    links: Vec<InboxLink>,
    open: BTreeSet<LinkId>,
    last_link: u64,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            site: Site::restore(pick::site(), Stored::default(), Vec::new(), Vec::new()),
            now: 1_767_225_600_000,
            stored: Stored::default(),
            summaries: Vec::new(),
            links: Vec::new(),
            open: BTreeSet::new(),
            last_link: 0,
        }
    }

    fn step(&mut self, u: &mut Unstructured) -> Result<()> {
        match u.int_in_range(0..=12u8)? {
            0 | 1 => {
                self.last_link += 1;
                let link = LinkId(self.last_link);
                self.open.insert(link);
                self.tell(Input::Opened { link, agent: pick::agent(u)?, until_ms: None });
            }
            2..=4 => {
                let link = LinkId(pick::up_to(u, self.last_link + 1)?);
                let mut frames = Vec::new();
                for _ in 0..=pick::up_to(u, 3)? {
                    frames.push(frame(u)?);
                }
                self.tell(Input::Frames { link, frames });
            }
            5 => {
                let link = LinkId(pick::up_to(u, self.last_link + 1)?);
                self.open.remove(&link);
                self.links.retain(|info| info.link != link);
                self.tell(Input::Closed { link });
            }
            6 | 7 => self.tell(Input::Notified(self.summary(u)?)),
            8 => {
                let notice = pick::notice(u)?;
                self.tell(Input::Mode { mode: notice.mode, reason: notice.reason });
            }
            9 => {
                let settings =
                    SiteSettings { site: pick::site(), version: pick::number(u)?, ..SiteSettings::default() };
                self.tell(Input::Settings(settings));
                let stored = self.stored.settings.as_ref();
                assert_eq!(self.site.settings(), stored, "told and not stored");
            }
            10 => {
                self.now += pick::up_to(u, 5_000)?;
                self.tell(Input::Timeout);
                let next = self.site.poll_timeout();
                assert!(next.is_none_or(|at| at > self.now), "the timer is set for the past");
            }
            12 => {
                let mut mark = || Ok(Mark { links: pick::number(u)?, at_ms: pick::number(u)? });
                let high_water = HighWater { chatting: mark()?, others: mark()? };
                let spread = Spread { chatting_ms: pick::number(u)?, others_ms: pick::number(u)? };
                self.tell(Input::Spread { spread, high_water });
                assert!(!high_water.outgrows(self.now, self.site.high_water()), "SPREAD-1: not stored");
            }
            _ => {
                // Asleep, or dead: then without its links.
                if u.arbitrary()? {
                    self.links.clear();
                    self.open.clear();
                }
                let (stored, summaries) = (self.stored.clone(), self.summaries.clone());
                self.site = Site::restore(pick::site(), stored, summaries, self.links.clone());
            }
        }
        Ok(())
    }

    fn summary(&self, u: &mut Unstructured) -> Result<Summary> {
        Ok(Summary {
            conversation: pick::conversation(u, &CONVERSATIONS)?,
            name: String::new(),
            last_seq: pick::number(u)?,
            author: Author::Visitor,
            text: "a".into(),
            // The conversation's clock is ours.
            at_ms: self.now - pick::up_to(u, 120_000)?,
            unread: pick::number(u)?,
            present: u.arbitrary()?,
        })
    }

    fn tell(&mut self, input: Input) {
        let before = self.site.notice().clone();
        self.site.handle(self.now, input);
        let mut told = before.version;
        let mut count = 0;
        while let Some(output) = self.site.poll_output() {
            count += 1;
            assert!(count <= 8 * (self.open.len() + 4), "{count} outputs for one input");
            match output {
                Output::Store(stored) => {
                    assert!(stored.notice.version >= self.stored.notice.version, "MODE-2");
                    self.stored = *stored;
                }
                Output::TellConnected(_) => {}
                Output::StoreSummary(summary) => {
                    self.summaries.retain(|line| line.conversation != summary.conversation);
                    self.summaries.push(summary);
                }
                Output::ForgetSummary(gone) => self.summaries.retain(|line| line.conversation != gone),
                Output::Send(link, frame) => {
                    assert!(self.open.contains(&link), "LINK-1: {frame:?} for a link that is gone");
                    if let EdgeFrame::Mode(notice) = frame {
                        assert!(notice.version >= told, "MODE-2");
                        assert_eq!(self.stored.notice, notice, "told before it was stored");
                        told = notice.version;
                    }
                }
                Output::Close(link, _) => drop(self.open.remove(&link)),
                Output::Attach(info) => {
                    self.links.retain(|other| other.link != info.link);
                    self.links.push(info);
                }
                Output::Push { notice, .. } => assert!(notice.version > before.version, "MODE-2"),
            }
        }
        let after = self.site.notice();
        assert!(
            after.version > before.version || *after == before,
            "MODE-2: another notice under the same version: {before:?}, {after:?}"
        );
    }
}

fn frame(u: &mut Unstructured) -> Result<ClientFrame> {
    Ok(match u.int_in_range(0..=5u8)? {
        0..=2 => ClientFrame::Hello(Hello::default()),
        3 => ClientFrame::Ping,
        4 => ClientFrame::Typing { on: u.arbitrary()? },
        _ => ClientFrame::Seen { upto_seq: pick::number(u)? },
    })
}
