//! One site: its settings, who of its agents is connected, its list of conversations, and the mode as its visitors
//! and agents are told. Nothing here is needed to acknowledge a message.

mod connected;
#[cfg(test)]
mod tests;

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
use crate::silence::Silence;
use crate::spread::HighWater;

use connected::Connected;
pub use connected::Taken;

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
    /// When the log in ends by which it was opened.
    #[serde(default)]
    pub until_ms: Option<Millis>,
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
    /// Agents who are connected, as the origin has last taken it.
    #[serde(default)]
    pub connected: Taken,
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
        until_ms: Option<Millis>,
    },
    Frames {
        link: LinkId,
        frames: Vec<ClientFrame>,
    },
    Closed {
        link: LinkId,
    },
    /// When the links were last heard, as far as the driver can see.
    Heard(Vec<(LinkId, Millis)>),
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
    /// The origin has taken who is connected, or is to be told again.
    ToldConnected {
        good: bool,
        retry_after_ms: Millis,
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
    /// Tell the origin that these agents are connected, and nobody else.
    TellConnected(Vec<AgentId>),
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
    silence: Silence,
    /// When a smaller number of agents is told.
    fewer_agents_at: Option<Millis>,
    connected: Connected,
    outputs: VecDeque<Output>,
}

impl Site {
    pub fn restore(id: SiteId, stored: Stored, summaries: Vec<Summary>, links: Vec<InboxLink>) -> Site {
        let mut site = Site {
            id,
            notice: stored.notice.clone(),
            connected: Connected::default(),
            stored,
            spread: Spread::default(),
            summaries: summaries.into_iter().map(|line| (line.conversation.clone(), line)).collect(),
            unstored: BTreeSet::new(),
            store_at: None,
            silence: Silence::restore(links.iter().map(|link| link.link)),
            links: links.into_iter().map(|link| (link.link, link)).collect(),
            fewer_agents_at: None,
            outputs: VecDeque::new(),
        };
        let agents = site.agents();
        site.notice.agents = agents.len() as u64;
        site.connected = Connected::restore(site.stored.connected.clone(), agents);
        site
    }

    pub fn handle(&mut self, now: Millis, input: Input) {
        self.end_expired(now);
        match input {
            Input::Opened { link, agent, until_ms } => {
                if self.links.len() >= MAX_LINKS {
                    self.outputs.push_back(Output::Close(link, CloseCode::TOO_MANY_LINKS));
                    return;
                }
                let info = InboxLink { link, site: self.id.clone(), agent, greeted: false, until_ms };
                self.outputs.push_back(Output::Attach(info.clone()));
                self.links.insert(link, info);
                self.silence.begins(now, link);
            }
            Input::Frames { link, frames } => {
                self.silence.heard(now, link);
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
            Input::Closed { link } => self.left(now, &[link]),
            Input::Heard(heard) => {
                let silent = self.silence.looks(now, &heard);
                self.end(now, &silent, CloseCode::SILENT);
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
            Input::ToldConnected { good, retry_after_ms } => {
                if self.connected.told(now, good, retry_after_ms) {
                    self.store_connected();
                }
            }
            Input::Timeout => {
                if self.fewer_agents_at.is_some_and(|at| now >= at) {
                    self.fewer_agents_at = None;
                    self.notice.agents = self.agents().len() as u64;
                    self.tell(now);
                }
                if let Some(agents) = self.connected.timeout(now) {
                    // Whoever comes after a crash must know that the origin may have it.
                    self.store_connected();
                    self.outputs.push_back(Output::TellConnected(agents));
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
        [self.fewer_agents_at, self.store_at, over, self.connected.due_at()].into_iter().flatten().min()
    }

    /// LINK-7: it knows whether the driver is to look at its links before it hands in what comes.
    pub fn silence(&mut self) -> &mut Silence {
        &mut self.silence
    }

    /// When it is to look although nothing comes: too far away for a timer in memory, which would keep the object there.
    pub fn look_at(&self) -> Option<Millis> {
        self.silence.look_at()
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

    /// LINK-6: before anything is told or heard. Nobody is woken for it.
    fn end_expired(&mut self, now: Millis) {
        let is_over = |info: &&InboxLink| info.until_ms.is_some_and(|until| now >= until);
        let over: Vec<LinkId> = self.links.values().filter(is_over).map(|info| info.link).collect();
        self.end(now, &over, CloseCode::IDENTITY_EXPIRED);
    }

    fn end(&mut self, now: Millis, links: &[LinkId], code: CloseCode) {
        self.outputs.extend(links.iter().map(|link| Output::Close(*link, code)));
        self.left(now, links);
    }

    fn left(&mut self, now: Millis, links: &[LinkId]) {
        let before = self.links.len();
        for link in links {
            self.silence.ends(*link);
            self.links.remove(link);
        }
        if self.links.len() < before {
            self.agents_changed(now);
        }
    }

    /// Agents with at least one connected console.
    fn agents(&self) -> BTreeSet<AgentId> {
        self.links.values().filter(|link| link.greeted).map(|link| link.agent.clone()).collect()
    }

    fn store_connected(&mut self) {
        let taken = self.connected.taken();
        if taken != self.stored.connected {
            self.stored.connected = taken;
            self.outputs.push_back(Output::Store(Box::new(self.stored.clone())));
        }
    }

    fn agents_changed(&mut self, now: Millis) {
        let who = self.agents();
        let agents = who.len() as u64;
        self.connected.are(now, who);
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
                name: String::new(),
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
