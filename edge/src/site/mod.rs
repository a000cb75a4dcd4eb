//! One site: its settings, who of its agents is connected, its list of conversations, and the mode as its visitors
//! and agents are told. Nothing here is needed to acknowledge a message.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use shared::Millis;
use shared::close::CloseCode;
use shared::event::SiteSettings;
use shared::frame::{ClientFrame, EdgeFrame, PROTOCOL, Spread, Summary, Welcome};
use shared::id::{AgentId, ConversationId, SiteId};
use shared::message::Author;
use shared::mode::{Mode, Notice};

use crate::conversation::LinkId;
use crate::spread::HighWater;

/// Conversations in the list; of more, the one that was quiet for longest leaves it (it comes back with its next
/// message).
const MAX_SUMMARIES: usize = 1_000;
/// Lines in a welcome: what a screen shows, several times over.
const MAX_INBOX: usize = 200;
/// Inbox links of one site. A console has one.
const MAX_LINKS: usize = 1_000;
/// An agent whose console reloads is gone for a moment; visitors are told only of those who stay away.
const AGENT_GRACE_MS: Millis = 3_000;
/// Conversations that were active so recently are told of a new mode at once; the others learn with their next frame.
const ACTIVE_MS: Millis = 60_000;

/// A conversation's line changes with each message; it is stored at most so often, and told at once. A crash leaves an older
/// line, which the conversation's next message mends.
const STORE_EVERY_MS: Millis = 2_000;

/// An agent's inbox link, as its socket's attachment keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboxLink {
    pub link: LinkId,
    pub site: SiteId,
    pub agent: AgentId,
    pub greeted: bool,
}

/// What is stored of a site beside its conversations' summaries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    pub settings: Option<SiteSettings>,
    /// The last one told, so that a later one has a greater version and a restart tells no other mode.
    pub notice: Notice,
    /// Of the whole edge and not of this site: whose visitors come back first after a restart, nobody knows.
    #[serde(default)]
    pub high_water: HighWater,
    /// The gate's last word, which holds where nobody overrides it.
    #[serde(default)]
    pub gate: Option<(Mode, String)>,
    #[serde(default)]
    pub over: Option<Override>,
}

/// An operator's word on the mode: it wins over the gate's until it ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Override {
    pub mode: Mode,
    pub reason: String,
    pub until_ms: Millis,
}

/// An override that somebody forgets ends by itself after a day at most.
pub const LONGEST_OVERRIDE_MS: Millis = 86_400_000;

#[derive(Clone, Debug)]
pub enum Input {
    Opened {
        link: LinkId,
        agent: AgentId,
    },
    Frames {
        link: LinkId,
        frames: Vec<ClientFrame>,
    },
    Closed {
        link: LinkId,
    },
    /// A conversation has changed.
    Notified(Summary),
    /// A conversation is no more.
    Gone(ConversationId),
    /// The gate's word.
    Mode {
        mode: Mode,
        reason: String,
    },
    /// The operator's word; nothing ends an earlier one.
    Override(Option<Override>),
    /// The origin's settings, fetched through the gate.
    Settings(SiteSettings),
    /// How reconnects are spread now, and the crowd for which that is enough.
    Spread {
        spread: Spread,
        high_water: HighWater,
    },
    Timeout,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    Store(Box<Stored>),
    StoreSummary(Summary),
    ForgetSummary(ConversationId),
    Send(LinkId, EdgeFrame),
    Close(LinkId, CloseCode),
    Attach(InboxLink),
    /// Tell these conversations what holds now.
    Push {
        notice: Notice,
        conversations: Vec<ConversationId>,
    },
}

pub struct Site {
    id: SiteId,
    stored: Stored,
    notice: Notice,
    spread: Spread,
    summaries: BTreeMap<ConversationId, Summary>,
    /// Whose lines are newer than the stored ones, and when they are stored.
    unstored: BTreeSet<ConversationId>,
    store_at: Option<Millis>,
    links: BTreeMap<LinkId, InboxLink>,
    /// When a smaller number of agents is told.
    fewer_agents_at: Option<Millis>,
    outputs: VecDeque<Output>,
}

impl Site {
    pub fn restore(id: SiteId, stored: Stored, summaries: Vec<Summary>, links: Vec<InboxLink>) -> Site {
        let mut site = Site {
            id,
            notice: stored.notice.clone(),
            stored,
            spread: Spread::default(),
            summaries: summaries.into_iter().map(|line| (line.conversation.clone(), line)).collect(),
            unstored: BTreeSet::new(),
            store_at: None,
            links: links.into_iter().map(|link| (link.link, link)).collect(),
            fewer_agents_at: None,
            outputs: VecDeque::new(),
        };
        site.notice.agents = site.agents();
        site
    }

    pub fn handle(&mut self, now: Millis, input: Input) {
        match input {
            Input::Opened { link, agent } => {
                if self.links.len() >= MAX_LINKS {
                    self.outputs.push_back(Output::Close(link, CloseCode::TOO_MANY_LINKS));
                    return;
                }
                let info = InboxLink { link, site: self.id.clone(), agent, greeted: false };
                self.outputs.push_back(Output::Attach(info.clone()));
                self.links.insert(link, info);
            }
            Input::Frames { link, frames } => {
                // LINK-1: frames of a link that is gone are ignored.
                let frames = if self.links.contains_key(&link) { frames } else { Vec::new() };
                for frame in frames {
                    match frame {
                        ClientFrame::Hello(_) => self.hello(now, link),
                        ClientFrame::Ping => self.outputs.push_back(Output::Send(link, EdgeFrame::Pong)),
                        // FRAME-2: an inbox carries no messages.
                        _ => {}
                    }
                }
            }
            Input::Closed { link } => {
                if self.links.remove(&link).is_some() {
                    self.agents_changed(now);
                }
            }
            Input::Notified(summary) => self.notified(now, summary),
            Input::Gone(conversation) => self.gone(conversation),
            Input::Mode { mode, reason } => {
                self.stored.gate = Some((mode, reason));
                self.told_mode(now);
            }
            Input::Override(over) => {
                self.stored.over = over
                    .map(|over| Override { until_ms: over.until_ms.min(now + LONGEST_OVERRIDE_MS), ..over });
                if !self.told_mode(now) {
                    self.outputs.push_back(Output::Store(Box::new(self.stored.clone())));
                }
            }
            Input::Settings(settings) => {
                // A save that changes nothing is never stored.
                if self.stored.settings.as_ref() != Some(&settings) {
                    self.stored.settings = Some(settings);
                    self.outputs.push_back(Output::Store(Box::new(self.stored.clone())));
                }
            }
            Input::Spread { spread, high_water } => self.spread(now, spread, high_water),
            Input::Timeout => {
                if self.fewer_agents_at.is_some_and(|at| now >= at) {
                    self.fewer_agents_at = None;
                    self.notice.agents = self.agents();
                    self.tell(now);
                }
                if self.store_at.is_some_and(|at| now >= at) {
                    self.store_lines();
                }
                if self.stored.over.as_ref().is_some_and(|over| now >= over.until_ms) {
                    self.stored.over = None;
                    self.told_mode(now);
                }
            }
        }
    }

    /// MODE-7: the operator's word while it holds, otherwise the gate's. True where it was another than before.
    fn told_mode(&mut self, now: Millis) -> bool {
        let by_gate = self.stored.gate.clone().unwrap_or_default();
        let (mode, reason) = match &self.stored.over {
            Some(over) if now < over.until_ms => (over.mode, over.reason.clone()),
            _ => by_gate,
        };
        let changed = (self.notice.mode, &self.notice.reason) != (mode, &reason);
        if changed {
            self.notice.mode = mode;
            self.notice.reason = reason;
            self.tell(now);
        }
        changed
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Millis> {
        let over = self.stored.over.as_ref().map(|over| over.until_ms);
        [self.fewer_agents_at, self.store_at, over].into_iter().flatten().min()
    }

    pub fn id(&self) -> &SiteId {
        &self.id
    }

    pub fn notice(&self) -> &Notice {
        &self.notice
    }

    pub fn high_water(&self) -> &HighWater {
        &self.stored.high_water
    }

    /// Links of consoles that have been greeted.
    pub fn greeted(&self) -> u64 {
        self.links.values().filter(|info| info.greeted).count() as u64
    }

    pub fn settings(&self) -> Option<&SiteSettings> {
        self.stored.settings.as_ref()
    }

    fn hello(&mut self, now: Millis, link: LinkId) {
        let Some(info) = self.links.get_mut(&link) else { return };
        info.greeted = true;
        self.outputs.push_back(Output::Attach(info.clone()));
        self.agents_changed(now);
        let mut inbox: Vec<Summary> = self.summaries.values().cloned().collect();
        inbox.sort_by_key(|line| std::cmp::Reverse(line.at_ms));
        inbox.truncate(MAX_INBOX);
        let welcome = Welcome {
            protocol: PROTOCOL,
            notice: self.notice.clone(),
            spread: self.spread,
            inbox,
            ..Welcome::default()
        };
        self.outputs.push_back(Output::Send(link, EdgeFrame::Welcome(Box::new(welcome))));
    }

    /// Agents with at least one connected console.
    fn agents(&self) -> u64 {
        let agents: BTreeSet<_> = self.links.values().filter(|l| l.greeted).map(|l| &l.agent).collect();
        agents.len() as u64
    }

    fn agents_changed(&mut self, now: Millis) {
        let agents = self.agents();
        if agents > self.notice.agents {
            self.fewer_agents_at = None;
            self.notice.agents = agents;
            self.tell(now);
        } else if agents == self.notice.agents {
            self.fewer_agents_at = None;
        } else {
            self.fewer_agents_at.get_or_insert(now + AGENT_GRACE_MS);
        }
    }

    fn spread(&mut self, now: Millis, spread: Spread, high_water: HighWater) {
        let Spread { chatting_ms, others_ms } = self.spread;
        if spread.chatting_ms > chatting_ms || spread.others_ms > others_ms {
            self.broadcast(&EdgeFrame::Spread(spread));
        }
        self.spread = spread;
        if high_water.outgrows(now, &self.stored.high_water) {
            self.stored.high_water = high_water;
            self.outputs.push_back(Output::Store(Box::new(self.stored.clone())));
        }
    }

    fn store_lines(&mut self) {
        self.store_at = None;
        for conversation in std::mem::take(&mut self.unstored) {
            if let Some(line) = self.summaries.get(&conversation) {
                self.outputs.push_back(Output::StoreSummary(line.clone()));
            }
        }
    }

    fn notified(&mut self, now: Millis, summary: Summary) {
        let conversation = summary.conversation.clone();
        let former = self.summaries.insert(conversation.clone(), summary.clone());
        if former.as_ref() == Some(&summary) {
            return;
        }
        if former
            .as_ref()
            .is_some_and(|former| former.last_seq > summary.last_seq && former.at_ms > summary.at_ms)
        {
            // Overtaken on its way by a later one.
            self.summaries.extend(former.map(|former| (conversation, former)));
            return;
        }
        if former.is_some() {
            self.unstored.insert(conversation);
            self.store_at.get_or_insert(now + STORE_EVERY_MS);
        } else {
            self.outputs.push_back(Output::StoreSummary(summary.clone()));
        }
        if self.summaries.len() > MAX_SUMMARIES {
            let quiet = self.summaries.values().min_by_key(|line| (line.present, line.at_ms));
            if let Some(quiet) = quiet.map(|line| line.conversation.clone()) {
                self.summaries.remove(&quiet);
                self.unstored.remove(&quiet);
                self.outputs.push_back(Output::ForgetSummary(quiet));
            }
        }
        self.broadcast(&EdgeFrame::Summary(summary));
    }

    /// FORGET-4: an empty line takes the conversation off the consoles' lists.
    fn gone(&mut self, conversation: ConversationId) {
        if self.summaries.remove(&conversation).is_some() {
            self.unstored.remove(&conversation);
            self.outputs.push_back(Output::ForgetSummary(conversation.clone()));
            self.broadcast(&EdgeFrame::Summary(Summary {
                conversation,
                last_seq: 0,
                author: Author::Visitor,
                text: String::new(),
                at_ms: 0,
                unread: 0,
                present: false,
            }));
        }
    }

    /// MODE-2: each notice has a greater version than all before it, also across restarts.
    fn tell(&mut self, now: Millis) {
        self.notice.version = (self.notice.version + 1).max(now);
        self.stored.notice = self.notice.clone();
        self.outputs.push_back(Output::Store(Box::new(self.stored.clone())));
        let notice = self.notice.clone();
        self.broadcast(&EdgeFrame::Mode(notice.clone()));
        let active = |line: &&Summary| line.present || now < line.at_ms + ACTIVE_MS;
        let conversations: Vec<_> =
            self.summaries.values().filter(active).map(|line| line.conversation.clone()).collect();
        if !conversations.is_empty() {
            self.outputs.push_back(Output::Push { notice, conversations });
        }
    }

    fn broadcast(&mut self, frame: &EdgeFrame) {
        for info in self.links.values().filter(|info| info.greeted) {
            self.outputs.push_back(Output::Send(info.link, frame.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::frame::Hello;

    fn site() -> Site {
        Site::restore(SiteId::parse("demo").unwrap(), Stored::default(), vec![], vec![])
    }

    fn greet(site: &mut Site, now: Millis, link: u64, agent: &str) {
        let link = LinkId(link);
        site.handle(now, Input::Opened { link, agent: AgentId::parse(agent).unwrap() });
        site.handle(now, Input::Frames { link, frames: vec![ClientFrame::Hello(Hello::default())] });
    }

    fn summary(conversation: &str, at_ms: Millis) -> Summary {
        Summary {
            conversation: ConversationId::parse(conversation).unwrap(),
            last_seq: at_ms,
            author: Author::Visitor,
            text: "Hello".into(),
            at_ms,
            unread: 1,
            present: true,
        }
    }

    fn outputs(site: &mut Site) -> Vec<Output> {
        std::iter::from_fn(|| site.poll_output()).collect()
    }

    fn pushes(outputs: &[Output]) -> Vec<u64> {
        let push = |output: &Output| match output {
            Output::Push { notice, .. } => Some(notice.agents),
            _ => None,
        };
        outputs.iter().filter_map(push).collect()
    }

    #[test]
    fn spread_2_consoles_are_told_of_a_crowd_that_grows_and_spread_1_its_size_is_stored_once_a_step() {
        let mut site = site();
        greet(&mut site, 0, 1, "ada");
        outputs(&mut site);
        let mut crowd = crate::spread::Crowd::default();
        let mut grow = |site: &mut Site, links| {
            crowd.counts(5, 1, links, false);
            site.handle(5, Input::Spread { spread: crowd.spread(5), high_water: *crowd.high_water() });
            outputs(site)
        };
        assert_eq!(grow(&mut site, 3_000), []);
        let told = grow(&mut site, 9_000);
        let spread = Spread { chatting_ms: 2_000, others_ms: 8_000 };
        assert_eq!(told[0], Output::Send(LinkId(1), EdgeFrame::Spread(spread)));
        let Output::Store(stored) = &told[1] else { panic!("{told:?}") };
        assert_eq!(stored.high_water.others.links, 16_000);
        for links in [9_001, 12_000, 10, 15_000] {
            assert_eq!(grow(&mut site, links), [], "{links}: within the step");
        }
        greet(&mut site, 6, 2, "grace");
        let welcomed = |output: &Output| match output {
            Output::Send(LinkId(2), EdgeFrame::Welcome(welcome)) => Some(welcome.spread),
            _ => None,
        };
        assert_eq!(outputs(&mut site).iter().find_map(welcomed), Some(spread));
        assert_eq!(site.greeted(), 2);
    }

    #[test]
    fn an_agent_who_reloads_the_console_is_not_told_as_gone() {
        let mut site = site();
        site.handle(0, Input::Notified(summary("c", 1)));
        greet(&mut site, 0, 1, "ada");
        assert_eq!(pushes(&outputs(&mut site)), [1]);
        site.handle(10, Input::Closed { link: LinkId(1) });
        assert_eq!(site.poll_timeout(), Some(3_010));
        greet(&mut site, 900, 2, "ada");
        site.handle(3_010, Input::Timeout);
        assert!(pushes(&outputs(&mut site)).is_empty(), "back within the grace: nobody was told");
        site.handle(4_000, Input::Closed { link: LinkId(2) });
        site.handle(7_000, Input::Timeout);
        assert_eq!(pushes(&outputs(&mut site)), [0]);
    }

    #[test]
    fn link_1_a_console_that_is_gone_is_told_nothing() {
        let mut site = site();
        greet(&mut site, 0, 1, "ada");
        site.handle(1, Input::Closed { link: LinkId(1) });
        outputs(&mut site);
        let frames = vec![ClientFrame::Ping, ClientFrame::Hello(Hello::default())];
        site.handle(2, Input::Frames { link: LinkId(1), frames });
        assert_eq!(outputs(&mut site), []);
    }

    #[test]
    fn forget_4_a_conversation_that_is_no_more_leaves_the_lists() {
        let mut site = site();
        greet(&mut site, 0, 1, "ada");
        site.handle(0, Input::Notified(summary("c", 1)));
        outputs(&mut site);
        let conversation = ConversationId::parse("c").unwrap();
        site.handle(1, Input::Gone(conversation.clone()));
        let told = outputs(&mut site);
        assert_eq!(told[0], Output::ForgetSummary(conversation.clone()));
        assert!(
            matches!(&told[1], Output::Send(_, EdgeFrame::Summary(line)) if line.last_seq == 0 && line.text.is_empty())
        );
        site.handle(2, Input::Gone(conversation));
        assert_eq!(outputs(&mut site), [], "told once");
    }

    #[test]
    fn cost_5_a_line_is_told_at_once_and_stored_every_2_s() {
        let mut site = site();
        greet(&mut site, 0, 1, "ada");
        outputs(&mut site);
        let stored = |site: &mut Site| -> Vec<u64> {
            let line = |output| match output {
                Output::StoreSummary(line) => Some(line.last_seq),
                _ => None,
            };
            outputs(site).into_iter().filter_map(line).collect()
        };
        site.handle(1, Input::Notified(summary("c", 1)));
        assert_eq!(stored(&mut site), [1], "a new one at once");
        for at in 2..50 {
            site.handle(at, Input::Notified(summary("c", at)));
            let told = outputs(&mut site);
            assert!(matches!(&told[..], [Output::Send(_, EdgeFrame::Summary(_))]), "{told:?}");
        }
        assert_eq!(site.poll_timeout(), Some(2_002));
        site.handle(2_002, Input::Timeout);
        assert_eq!(stored(&mut site), [49]);
        assert_eq!(site.poll_timeout(), None);
    }

    #[test]
    fn one_agent_with_two_consoles_counts_once() {
        let mut site = site();
        greet(&mut site, 0, 1, "ada");
        greet(&mut site, 0, 2, "ada");
        greet(&mut site, 0, 3, "grace");
        assert_eq!(site.notice().agents, 2);
    }

    #[test]
    fn mode_2_every_notice_is_newer_than_those_before_it() {
        let mut site = site();
        site.handle(5, Input::Mode { mode: Mode::Holding, reason: "origin-unreachable".into() });
        let first = site.notice().version;
        site.handle(5, Input::Mode { mode: Mode::Normal, reason: String::new() });
        assert!(site.notice().version > first);
        outputs(&mut site);
        site.handle(6, Input::Mode { mode: Mode::Normal, reason: String::new() });
        assert_eq!(outputs(&mut site), [], "nothing new, nothing told");
    }

    #[test]
    fn a_full_list_forgets_the_conversation_that_was_quiet_for_longest() {
        let mut site = site();
        for at in 1..=(MAX_SUMMARIES as u64 + 1) {
            site.handle(at, Input::Notified(summary(&format!("c{at}"), at)));
        }
        let forgotten: Vec<_> =
            outputs(&mut site).into_iter().filter(|o| matches!(o, Output::ForgetSummary(_))).collect();
        assert_eq!(forgotten, [Output::ForgetSummary(ConversationId::parse("c1").unwrap())]);
    }

    #[test]
    fn mode_7_the_operators_word_wins_until_it_ends_and_no_longer_than_a_day() {
        let mut site =
            Site::restore(SiteId::parse("demo").unwrap(), Stored::default(), Vec::new(), Vec::new());
        let word =
            |mode, until_ms| Input::Override(Some(Override { mode, reason: "maintenance".into(), until_ms }));
        site.handle(0, word(Mode::ChattingOnly, 60_000));
        assert_eq!((site.notice().mode, site.notice().reason.as_str()), (Mode::ChattingOnly, "maintenance"));
        site.handle(1_000, Input::Mode { mode: Mode::Holding, reason: "origin-unreachable".into() });
        assert_eq!(site.notice().mode, Mode::ChattingOnly, "the gate is heard, and does not win");
        assert_eq!(site.poll_timeout(), Some(60_000));
        site.handle(60_000, Input::Timeout);
        assert_eq!(
            (site.notice().mode, site.notice().reason.as_str()),
            (Mode::Holding, "origin-unreachable")
        );

        site.handle(61_000, word(Mode::Normal, u64::MAX));
        assert_eq!(site.poll_timeout(), Some(61_000 + LONGEST_OVERRIDE_MS));
        site.handle(62_000, Input::Override(None));
        assert_eq!(site.notice().mode, Mode::Holding, "taken back");

        site.handle(63_000, word(Mode::Degraded, 90_000));
        let stored = outputs(&mut site).into_iter().rev().find_map(|output| match output {
            Output::Store(stored) => Some(*stored),
            _ => None,
        });
        let mut restored =
            Site::restore(SiteId::parse("demo").unwrap(), stored.unwrap(), Vec::new(), Vec::new());
        assert_eq!(restored.notice().mode, Mode::Degraded, "it outlives a restart");
        restored.handle(90_000, Input::Timeout);
        assert_eq!(restored.notice().mode, Mode::Holding);
    }
}
