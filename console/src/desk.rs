//! What an agent has before them: the inbox, the conversation on screen, and those with replies still on their way.

use shared::close::CloseCode;
use shared::id::{AgentId, ConversationId};
use shared::mode::Notice;
use shared::session::{Input, MessageState, Role, Session, Standing};
use widget::browser::{Live, link_url, plain};
use yew::Callback;

use crate::browser::http::Agents;
use crate::browser::notes::Notes;
use crate::browser::page::{outbox_is_read, visible};
use crate::list::{Known, Line};

/// Links for conversations that are not on screen, at one time; the others with unsent replies wait for their turn.
const MAX_LEAVING: usize = 8;

pub struct Desk {
    site: String,
    agent: AgentId,
    agents: Agents,
    inbox: Live,
    /// The list has come at some time.
    welcomed: bool,
    open: Option<Open>,
    /// Left, but with replies that the edge does not have yet: their links stay until it has.
    leaving: Vec<Open>,
    drafts: Notes,
    /// Conversations with such replies, also from before the page was loaded.
    unsent: Notes,
    on_change: Callback<()>,
}

/// A conversation with a session of its own.
pub struct Open {
    pub conversation: ConversationId,
    pub live: Live,
    /// The name of its outbox in the browser's storage.
    outbox: String,
    /// Its log has come at some time.
    pub welcomed: bool,
}

impl Desk {
    pub fn new(site: &str, agents: &Agents, agent: &AgentId, on_change: Callback<()>) -> Desk {
        let changed = on_change.clone();
        let inbox = Live::start(Role::Inbox, link_url(&agents.link(None)), None, move || changed.emit(()));
        Desk {
            site: site.to_owned(),
            agent: agent.clone(),
            agents: agents.clone(),
            inbox,
            welcomed: false,
            open: None,
            leaving: Vec::new(),
            drafts: Notes::open("draft", site, agent),
            unsent: Notes::open("unsent", site, agent),
            on_change,
        }
    }

    /// True where the conversation on screen is another one now.
    pub fn select(&mut self, conversation: Option<ConversationId>) -> bool {
        if self.selected() == conversation.as_ref() {
            return false;
        }
        if let Some(left) = self.open.take() {
            left.live.input(Input::Typing(false));
            left.live.show(false);
            self.leaving.push(left);
        }
        if let Some(conversation) = conversation {
            let at = self.leaving.iter().position(|open| open.conversation == conversation);
            let open = at.map(|at| self.leaving.swap_remove(at)).unwrap_or_else(|| self.start(conversation));
            open.live.show(true);
            self.open = Some(open);
        }
        self.tidy();
        true
    }

    /// Looks after the sessions once something has changed.
    pub fn tidy(&mut self) {
        self.welcomed |= self.inbox.read(Session::standing) == Standing::Live;
        let Desk { open, leaving, unsent, .. } = self;
        for open in open.iter_mut().chain(leaving.iter_mut()) {
            open.welcomed |= open.live.read(Session::standing) == Standing::Live;
            if open.live.read(has_unsent) {
                unsent.put(&open.conversation, "1");
            } else if open.welcomed && outbox_is_read(&open.outbox) {
                // Before that it may have something to send of which its session does not know.
                unsent.put(&open.conversation, "");
            }
        }
        leaving.retain(|open| !unsent.of(&open.conversation).is_empty());
        let waiting = |id: &&ConversationId| !self.sessions().any(|open| open.conversation == **id);
        let waiting: Vec<_> = self.unsent.conversations().filter(waiting).cloned().collect();
        let places = MAX_LEAVING.saturating_sub(self.leaving.len());
        for conversation in waiting.into_iter().take(places) {
            let open = self.start(conversation);
            self.leaving.push(open);
        }
    }

    /// The desk is (not) before somebody's eyes: while the form of a log in covers it, nothing on it is being read.
    pub fn look(&self, looking: bool) {
        if let Some(open) = &self.open {
            open.live.show(looking);
        }
    }

    /// After a new log in by the same agent.
    pub fn reconnect(&self) {
        self.inbox.input(Input::Reconnect);
        for open in self.sessions() {
            open.live.input(Input::Reconnect);
        }
    }

    /// The edge wants a new log in.
    pub fn has_ended(&self) -> bool {
        let ended =
            |live: &Live| live.read(Session::standing) == Standing::Stopped(CloseCode::LOGIN_REQUIRED);
        ended(&self.inbox) || self.sessions().any(|open| ended(&open.live))
    }

    pub fn agent(&self) -> &AgentId {
        &self.agent
    }

    pub fn has_unsent(&self) -> bool {
        self.unsent.conversations().next().is_some()
    }

    pub fn selected(&self) -> Option<&ConversationId> {
        self.open.as_ref().map(|open| &open.conversation)
    }

    pub fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    pub fn welcomed(&self) -> bool {
        self.welcomed
    }

    pub fn draft(&self, conversation: &ConversationId) -> &str {
        self.drafts.of(conversation)
    }

    /// What stands in the composer of the conversation on screen.
    pub fn note_draft(&mut self, text: &str) {
        if let Some(open) = &self.open {
            self.drafts.put(&open.conversation, text);
        }
    }

    /// The less good of the two links that an agent works with.
    pub fn standing(&self) -> Standing {
        let inbox = self.inbox.read(Session::standing);
        let open = self.open.as_ref().map(|open| open.live.read(Session::standing));
        match (inbox, open) {
            (Standing::Live, Some(open)) => open,
            (inbox, _) => inbox,
        }
    }

    /// The latest word of the edge about its mode.
    pub fn notice(&self) -> Notice {
        let notice = |session: &Session| session.notice().clone();
        let open = self.open.iter().map(|open| open.live.read(notice));
        open.chain([self.inbox.read(notice)]).max_by_key(|notice| notice.version).unwrap_or_default()
    }

    pub fn lines(&self) -> Vec<Line> {
        self.inbox.read(|session| session.inbox().iter().map(|summary| self.line(summary)).collect())
    }

    fn line(&self, summary: &shared::frame::Summary) -> Line {
        let conversation = &summary.conversation;
        let selected = self.selected() == Some(conversation);
        let known = Known {
            selected,
            looked_at: selected && visible(),
            draft: self.drafts.of(conversation),
            unsent: !self.unsent.of(conversation).is_empty(),
        };
        Line::of(summary, &plain(&summary.text), &self.agent, &known)
    }

    fn sessions(&self) -> impl Iterator<Item = &Open> {
        self.open.iter().chain(&self.leaving)
    }

    fn start(&self, conversation: ConversationId) -> Open {
        let id = conversation.as_str();
        let url = link_url(&self.agents.link(Some(id)));
        // Another agent at this browser must not send what this one wrote.
        let outbox = "seawall-".to_owned() + &self.site + "/" + self.agent.as_str() + "/" + id;
        let changed = self.on_change.clone();
        let live = Live::start(Role::Agent, url, Some(&outbox), move || changed.emit(()));
        Open { conversation, live, outbox, welcomed: false }
    }
}

/// Replies that the edge does not have yet; they come after everything that has a place in the log.
fn has_unsent(session: &Session) -> bool {
    let rows = session.rows();
    rows.iter().rev().take_while(|row| row.seq.is_none()).any(|row| row.state == Some(MessageState::Queued))
}
