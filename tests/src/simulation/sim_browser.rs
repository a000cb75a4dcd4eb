//! Browsers: one for the visitor and one for the agent of each conversation, each with a storage and up to two
//! tabs. A tab is the real session; what it saves reaches the storage a little later, and in order.

use std::collections::{BTreeMap, VecDeque};
use std::mem::Discriminant;

use edge::conversation::LinkId;
use shared::Millis;
use shared::close::CloseCode;
use shared::codec::Saved;
use shared::frame::{ClientFrame, EdgeFrame};
use shared::id::{Epoch, MessageId, WriterId};
use shared::limits::MAX_FRAMES_PER_MESSAGE;
use shared::mode::Notice;
use shared::session::{Input, Link, Output, Role, Row, Session, Standing};

use super::clock::{ConversationNo, Happening};
use super::plan::Trouble;
use super::skew::Host;
use super::versions::{Version, from_edge};
use super::{Outcome, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TabId(pub usize);

#[derive(Debug)]
pub struct Browser {
    pub role: Role,
    pub conversation: ConversationNo,
    pub storage: BTreeMap<MessageId, Saved>,
}

#[derive(Debug)]
enum Pending {
    Save(Saved),
    Erase(MessageId),
}

pub struct Tab {
    pub browser: usize,
    pub session: Session,
    pub open: bool,
    /// The log that its rows are from.
    pub epoch: Option<Epoch>,
    /// How the edge differs from what this page was made for.
    pub version: Version,
    /// The link whose frames count; none after its end.
    current: Option<Link>,
    wires: BTreeMap<Link, LinkId>,
    says: Vec<(Link, ClientFrame)>,
    pending: VecDeque<Pending>,
    timer: u64,
    /// How often the timer has gone off at this very time: a machine must not ask for the past.
    spinning: (Millis, u32),
}

impl Tab {
    pub fn wire(&self) -> Option<LinkId> {
        self.current.and_then(|link| self.wires.get(&link)).copied()
    }

    pub fn is_saving(&self) -> bool {
        !self.pending.is_empty()
    }
}

/// What a person sees, and where the session stands.
fn shown(session: &Session) -> (Discriminant<Standing>, Notice, Vec<Row>) {
    (std::mem::discriminant(&session.standing()), session.notice().clone(), session.rows())
}

/// So many timeouts at one instant are a tight loop.
pub const MAX_SPIN: u32 = 8;

impl World {
    pub fn open_tab(&mut self, browser: usize) -> Outcome {
        let tab = TabId(self.tabs.len());
        let role = self.browsers[browser].role;
        let writer = WriterId::parse(&format!("w{}", tab.0)).unwrap_or_default();
        let session = Session::new(role, writer, self.random.next_u64());
        let version = match self.strikes(Trouble::Versions, 12) {
            true if self.random.percent(50) => Version::Older,
            true => Version::Newer,
            false => Version::Same,
        };
        self.tabs.push(Tab {
            browser,
            session,
            open: true,
            epoch: None,
            version,
            current: None,
            wires: BTreeMap::new(),
            says: Vec::new(),
            pending: VecDeque::new(),
            timer: 0,
            spinning: (0, 0),
        });
        let mut saved: Vec<Saved> = self.browsers[browser].storage.values().cloned().collect();
        // A storage promises no order.
        if self.random.percent(50) {
            saved.reverse();
        }
        self.trace.tell(self.clock.now, || {
            format!("tab {} of browser {browser} opens with {} saved, edge: {version:?}", tab.0, saved.len())
        });
        // The link does not wait for the storage, which answers before it is there, or long after.
        self.tab_input(tab, Input::Start { saved: Vec::new() })?;
        let wait = if self.random.percent(50) { self.random.below(10) } else { self.random.below(3_000) };
        self.clock.after(wait, Happening::StorageRead { tab, saved });
        Ok(())
    }

    /// The tab is gone at once. Of what it was saving an unknown part has made it.
    pub fn close_tab(&mut self, tab: TabId) {
        let landed = self.random.below(self.tabs[tab.0].pending.len() as u64 + 1);
        for _ in 0..landed {
            self.storage_lands(tab);
        }
        self.trace.tell(self.clock.now, || format!("tab {} closes", tab.0));
        let it = &mut self.tabs[tab.0];
        it.open = false;
        it.pending.clear();
        it.says.clear();
        let wires: Vec<LinkId> = it.wires.values().copied().collect();
        for wire in wires {
            if !self.network.wires[&wire].cut {
                self.end_at_edge(wire);
            }
        }
    }

    pub fn tab_input(&mut self, tab: TabId, input: Input) -> Outcome {
        if !self.tabs[tab.0].open {
            return Ok(());
        }
        let now = self.clock.now;
        if !matches!(input, Input::Timeout) {
            self.trace.tell(now, || format!("tab {} <- {input:?}", tab.0));
        }
        let time = self.time_at(Host::Browser(self.tabs[tab.0].browser));
        let session = &mut self.tabs[tab.0].session;
        session.handle(time, input);
        let outputs: Vec<Output> = std::iter::from_fn(|| session.poll_output()).collect();
        let outputs = self.bug.browser_does(outputs);
        for output in outputs {
            if output != Output::Changed {
                self.trace.tell(now, || format!("tab {} -> {output:?}", tab.0));
            }
            self.tab_performs(tab, output)?;
        }
        let it = &mut self.tabs[tab.0];
        it.timer += 1;
        if let Some(at) = it.session.poll_timeout() {
            self.clock.after(at.saturating_sub(time), Happening::TabTimer { tab, timer: it.timer });
        }
        Ok(())
    }

    fn tab_performs(&mut self, tab: TabId, output: Output) -> Outcome {
        match output {
            Output::Open(link) => {
                let wire = self.open_wire(tab, link);
                self.tabs[tab.0].wires.insert(link, wire);
                self.tabs[tab.0].current = Some(link);
            }
            Output::Send(link, frame) => {
                let it = &mut self.tabs[tab.0];
                it.says.push((link, frame));
                if it.says.len() == 1 {
                    let wait = self.random.below(8);
                    self.clock.after(wait, Happening::TabSpeaks(tab));
                }
            }
            Output::Close(link, _) => {
                let it = &mut self.tabs[tab.0];
                it.current = it.current.filter(|current| *current != link);
                if let Some(&wire) = it.wires.get(&link) {
                    self.tab_speaks(tab);
                    self.end_at_edge(wire);
                }
            }
            Output::Save(saved) => {
                let browser = &self.browsers[self.tabs[tab.0].browser];
                self.reference.wrote(tab, browser.conversation, browser.role.side(), &saved);
                self.pend(tab, Pending::Save(saved));
            }
            Output::Erase(id) => self.pend(tab, Pending::Erase(id)),
            Output::Token(_) => {}
            Output::Changed => self.check_view(tab)?,
        }
        Ok(())
    }

    fn pend(&mut self, tab: TabId, what: Pending) {
        self.tabs[tab.0].pending.push_back(what);
        let wait = self.random.below(40);
        self.clock.after(wait, Happening::StorageLands(tab));
    }

    pub fn storage_lands(&mut self, tab: TabId) {
        let it = &mut self.tabs[tab.0];
        let storage = &mut self.browsers[it.browser].storage;
        match it.pending.pop_front() {
            Some(Pending::Save(saved)) => {
                self.reference.saved(&saved.id);
                storage.insert(saved.id.clone(), saved);
            }
            Some(Pending::Erase(id)) => {
                storage.remove(&id);
            }
            None => {}
        }
    }

    pub fn tab_speaks(&mut self, tab: TabId) {
        let says = std::mem::take(&mut self.tabs[tab.0].says);
        for run in says.chunk_by(|(a, _), (b, _)| a == b) {
            let Some(&wire) = self.tabs[tab.0].wires.get(&run[0].0) else { continue };
            for part in run.chunks(MAX_FRAMES_PER_MESSAGE) {
                self.up(wire, part.iter().map(|(_, frame)| frame.clone()).collect());
            }
        }
    }

    pub fn tab_hears(&mut self, tab: TabId, link: Link, frames: Vec<EdgeFrame>) -> Outcome {
        if !self.tabs[tab.0].open {
            return Ok(());
        }
        let frames = from_edge(self.tabs[tab.0].version, frames)?;
        let frames = self.bug.browser_hears(tab, frames);
        let it = &mut self.tabs[tab.0];
        let current = it.current == Some(link);
        if current {
            for frame in &frames {
                if let EdgeFrame::Welcome(welcome) = frame {
                    it.epoch = Some(welcome.epoch);
                }
            }
        }
        let shown = (!current).then(|| shown(&it.session));
        let named = self.bug.link_heard(link, it.current);
        self.tab_input(tab, Input::Frames(named, frames))?;
        // LINK-1: what comes on a former link changes nothing.
        match shown {
            Some(before) if before != self::shown(&self.tabs[tab.0].session) => {
                Err(format!("tab {} believes frames of the former link {}", tab.0, link.0))
            }
            _ => Ok(()),
        }
    }

    pub fn tab_opened(&mut self, wire: LinkId) -> Outcome {
        let Some(wire) = self.network.wires.get(&wire).filter(|wire| !wire.cut).cloned() else {
            return Ok(());
        };
        self.tab_input(wire.tab, Input::Opened(wire.link))
    }

    pub fn tab_closed(&mut self, wire: LinkId, code: CloseCode) -> Outcome {
        let Some(wire) = self.network.wires.get(&wire).cloned() else { return Ok(()) };
        let it = &mut self.tabs[wire.tab.0];
        it.current = it.current.filter(|link| *link != wire.link);
        self.tab_input(wire.tab, Input::Closed(wire.link, code))
    }

    pub fn tab_timer(&mut self, tab: TabId, timer: u64) -> Outcome {
        let now = self.clock.now;
        let it = &mut self.tabs[tab.0];
        if !it.open || it.timer != timer {
            return Ok(());
        }
        it.spinning = if it.spinning.0 == now { (now, it.spinning.1 + 1) } else { (now, 0) };
        if it.spinning.1 > MAX_SPIN {
            return Err(format!("tab {} asks for timeouts in the past, again and again", tab.0));
        }
        self.tab_input(tab, Input::Timeout)
    }
}
