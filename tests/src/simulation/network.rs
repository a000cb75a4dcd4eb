//! Links between tabs and the edge: latency, breaks that one side notices later than the other, and in unruly
//! runs frames that come twice or in another order.

use std::collections::BTreeMap;

use edge::admission::Client;
use edge::conversation::{Input, LinkId, Peer};
use shared::Millis;
use shared::close::CloseCode;
use shared::event::SiteLimits;
use shared::frame::{ClientFrame, EdgeFrame};
use shared::id::AgentId;
use shared::session::{self, Link};

use super::clock::{ConversationNo, Happening};
use super::plan::Trouble;
use super::sim_browser::TabId;
use super::skew::Host;
use super::versions::from_client;
use super::{Outcome, World};

/// One physical connection.
#[derive(Clone, Debug)]
pub struct Wire {
    pub tab: TabId,
    pub link: Link,
    pub conversation: ConversationNo,
    /// The edge has accepted it and has not been told of its end.
    pub at_edge: bool,
    /// Nothing that is said from now on arrives.
    pub cut: bool,
    /// By the edge's clock: opened, or answered a ping without waking anybody.
    pub pinged_at: Millis,
    /// The last hello.
    hello_at: Option<Millis>,
    up_clear: Millis,
    down_clear: Millis,
}

#[derive(Debug, Default)]
pub struct Network {
    pub wires: BTreeMap<LinkId, Wire>,
    last: u64,
    /// Frames come twice or out of order: no WebSocket does so, the fallback over HTTP may.
    pub unruly: bool,
    pub frames: u64,
    /// When somebody last said something else than pings, and hellos that only ask what holds.
    pub talked_at: Millis,
}

/// MODE-9: whoever looks says hello again, at most so often. Who says it sooner has missed something.
const ASKS_EVERY_MS: Millis = 5_000;

impl Network {
    pub fn new(unruly: bool) -> Network {
        Network { unruly, ..Network::default() }
    }
}

impl World {
    pub fn latency(&mut self) -> Millis {
        if self.calm {
            10 + self.random.below(20)
        } else if self.strikes(Trouble::Network, 3) {
            self.random.below(4_000)
        } else {
            5 + self.random.below(150)
        }
    }

    /// A call between objects or to the origin.
    pub fn call_latency(&mut self) -> Millis {
        if self.strikes(Trouble::Calls, 5) { self.random.below(3_000) } else { 1 + self.random.below(20) }
    }

    pub fn open_wire(&mut self, tab: TabId, link: Link) -> LinkId {
        self.network.last += 1;
        let id = LinkId(self.network.last);
        let conversation = self.browsers[self.tabs[tab.0].browser].conversation;
        let (up_clear, down_clear) = (0, 0);
        let wire = Wire {
            tab,
            link,
            conversation,
            at_edge: false,
            cut: false,
            pinged_at: 0,
            hello_at: None,
            up_clear,
            down_clear,
        };
        self.network.wires.insert(id, wire);
        let wait = self.latency();
        self.clock.after(wait, Happening::Knocks(id));
        id
    }

    pub fn knocks(&mut self, id: LinkId) -> Outcome {
        let Some(wire) = self.network.wires.get_mut(&id).filter(|wire| !wire.cut) else { return Ok(()) };
        let (conversation, tab) = (wire.conversation, wire.tab);
        if self.strikes(Trouble::Network, 5) {
            let code = [CloseCode::ABNORMAL, CloseCode::EDGE_ERROR, CloseCode::SITE_NOT_KNOWN_YET]
                [self.random.below(3) as usize];
            return self.end_at_browser(id, code);
        }
        let peer = self.peer_of(tab);
        let here = self.time_at(Host::Conversation(conversation));
        if let Some(wire) = self.network.wires.get_mut(&id) {
            (wire.at_edge, wire.pinged_at) = (true, here);
        }
        let notice = self.notice.clone();
        let wait = self.latency();
        self.clock.after(wait, Happening::OpenedAtBrowser(id));
        self.conversation_input(
            conversation,
            Input::Opened { link: id, peer, notice, token: None, client: Box::new(client()) },
        )
    }

    /// What a tab says on one link, as one message.
    pub fn up(&mut self, id: LinkId, frames: Vec<ClientFrame>) {
        self.network.frames += frames.len() as u64;
        let now = self.clock.now;
        let asks = match (self.network.wires.get_mut(&id), &frames[..]) {
            (_, [ClientFrame::Ping]) => true,
            (Some(wire), [ClientFrame::Hello(_)]) => {
                wire.hello_at.replace(now).is_some_and(|before| now >= before + ASKS_EVERY_MS)
            }
            _ => false,
        };
        if !asks {
            self.network.talked_at = now;
        }
        self.travel(id, |wire| &mut wire.up_clear, || Happening::Up(id, frames.clone()));
    }

    pub fn down(&mut self, id: LinkId, frames: Vec<EdgeFrame>) {
        self.network.frames += frames.len() as u64;
        self.travel(id, |wire| &mut wire.down_clear, || Happening::Down(id, frames.clone()));
    }

    /// One way of a wire, which keeps the order unless the network is unruly: then something may come twice, or too early.
    /// `clear` is when the way is free of what went before.
    fn travel(
        &mut self,
        id: LinkId,
        clear: impl Fn(&mut Wire) -> &mut Millis,
        arrives: impl Fn() -> Happening,
    ) {
        if self.network.wires.get(&id).is_none_or(|wire| wire.cut) {
            return;
        }
        let copies = 1 + u64::from(self.network.unruly && !self.calm && self.random.percent(4));
        for _ in 0..copies {
            let due = self.clock.now + self.latency();
            let ordered = !self.network.unruly || self.calm || self.random.percent(85);
            let Some(clear) = self.network.wires.get_mut(&id).map(&clear) else { return };
            let at = if ordered { due.max(*clear) } else { due };
            *clear = at.max(*clear);
            self.clock.at(at, arrives());
        }
    }

    pub fn up_arrives(&mut self, id: LinkId, frames: Vec<ClientFrame>) -> Outcome {
        let Some(wire) = self.network.wires.get(&id).cloned() else { return Ok(()) };
        // What was under way when the link broke may still arrive, even after its end was noticed.
        if wire.cut && self.random.percent(50) {
            return Ok(());
        }
        if frames == [ClientFrame::Ping] {
            // Answered by the platform, the conversation sleeps on.
            if wire.at_edge {
                let here = self.time_at(Host::Conversation(wire.conversation));
                if let Some(wire) = self.network.wires.get_mut(&id) {
                    wire.pinged_at = here;
                }
                self.down(id, vec![EdgeFrame::Pong]);
            }
            return Ok(());
        }
        let frames = self.bug.browser_says(from_client(self.tabs[wire.tab.0].version, frames)?);
        for frame in &frames {
            if let ClientFrame::Send(send) = frame {
                self.reference.sent(send)?;
            }
        }
        let frames = self.bug.edge_hears(frames);
        let limited = self.strikes(Trouble::Limits, 2);
        let (taken, reason) = (self.random.below(3), "too-many-messages");
        let input = match limited {
            true => Input::TooMany { link: id, frames, taken, reason },
            false => Input::Frames { link: id, frames },
        };
        if wire.at_edge {
            return self.conversation_input(wire.conversation, input);
        }
        if self.bug.revives_orphans() {
            let (peer, notice) = (self.peer_of(wire.tab), self.notice.clone());
            self.conversation_input(
                wire.conversation,
                Input::Opened { link: id, peer, notice, token: None, client: Box::new(client()) },
            )?;
        }
        // LINK-1: what comes on a link that has ended brings about nothing.
        let before = self.edge_outputs;
        self.conversation_input(wire.conversation, input)?;
        if self.edge_outputs != before {
            return Err(format!(
                "conversation {} accepts frames of the ended link {}",
                wire.conversation, id.0
            ));
        }
        Ok(())
    }

    fn peer_of(&self, tab: TabId) -> Peer {
        match self.browsers[self.tabs[tab.0].browser].role {
            session::Role::Visitor => Peer::Visitor,
            _ => Peer::Agent { id: AgentId::parse("ada").unwrap_or_default(), name: "Ada".to_owned() },
        }
    }

    pub fn down_arrives(&mut self, id: LinkId, frames: Vec<EdgeFrame>) -> Outcome {
        let Some(wire) = self.network.wires.get(&id).cloned() else { return Ok(()) };
        if wire.cut && self.random.percent(50) {
            return Ok(());
        }
        self.tab_hears(wire.tab, wire.link, frames)
    }

    /// The browser has ended the link, or is told that it ended. The edge learns of it later.
    pub fn end_at_edge(&mut self, id: LinkId) {
        let wait = self.latency();
        self.edge_learns_of_the_end(id, wait);
    }

    /// Or never: a lid is shut, a network left behind, and no close comes through (LINK-7).
    fn edge_learns_of_the_end(&mut self, id: LinkId, wait: Millis) {
        let silent = self.strikes(Trouble::Network, 20);
        let Some(wire) = self.network.wires.get_mut(&id) else { return };
        wire.cut = true;
        if !silent {
            self.clock.after(wait, Happening::ClosedAtEdge(id));
        }
    }

    /// The edge has ended the link, or has died. The browser learns of it later, if anything comes through.
    pub fn end_at_browser(&mut self, id: LinkId, code: CloseCode) -> Outcome {
        let wait = self.latency();
        if let Some(wire) = self.network.wires.get_mut(&id)
            && !std::mem::replace(&mut wire.cut, true)
        {
            self.clock.after(wait, Happening::ClosedAtBrowser(id, code));
        }
        Ok(())
    }

    /// The same where the edge has let go of it.
    pub fn closed_by_edge(&mut self, id: LinkId, code: CloseCode) -> Outcome {
        if let Some(wire) = self.network.wires.get_mut(&id) {
            wire.at_edge = false;
            self.conversations[wire.conversation].attachments.remove(&id);
        }
        self.end_at_browser(id, code)
    }

    /// The network breaks a link; each side notices in its own time, and the browser sometimes not at all.
    pub fn cut(&mut self, id: LinkId) {
        let silent = self.random.percent(25);
        let late = self.random.below(6_000);
        self.edge_learns_of_the_end(id, late);
        if !silent {
            let wait = self.random.below(3_000);
            self.clock.after(wait, Happening::ClosedAtBrowser(id, CloseCode::ABNORMAL));
        }
    }

    /// Neither side hears of it.
    pub fn cut_without_a_word(&mut self, id: LinkId) {
        if let Some(wire) = self.network.wires.get_mut(&id) {
            wire.cut = true;
        }
    }

    pub fn closed_at_edge(&mut self, id: LinkId) -> Outcome {
        let Some(wire) = self.network.wires.get_mut(&id) else { return Ok(()) };
        if !std::mem::take(&mut wire.at_edge) {
            return Ok(());
        }
        let conversation = wire.conversation;
        self.conversations[conversation].attachments.remove(&id);
        self.conversation_input(conversation, Input::Closed { link: id })
    }
}

/// A browser of a site that keeps its conversations for ever.
fn client() -> Client {
    let limits = SiteLimits { retention_days: 0, ..SiteLimits::default() };
    Client { limits, ..Client::default() }
}
