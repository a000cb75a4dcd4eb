//! Visitors and agents: what they do and when. The same in every arm, whatever becomes of it.

use shared::Millis;
use shared::message::Side;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::scenario::{Cell, Fault};

pub type ChatNo = u32;
pub type SiteNo = u16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A visitor's first message is class P2, all others are P1. The last one ends the chat.
    Write {
        chat: ChatNo,
        site: SiteNo,
        n: u32,
        side: Side,
        last: bool,
    },
    /// A page with a chat box is opened.
    PageView {
        site: SiteNo,
    },
    /// An agent's console reports its status, changed or not.
    Status {
        site: SiteNo,
        changed: bool,
    },
    Login {
        site: SiteNo,
    },
}

enum Next {
    Chat,
    Line { chat: ChatNo, site: SiteNo, n: u32 },
    Account,
}

pub struct People {
    clock: Clock<Next>,
    chance: Chance,
    cell: Cell,
    chats: ChatNo,
    chats_per_s: f64,
    accounts_per_s: f64,
}

impl People {
    pub fn new(cell: &Cell, seed: u64) -> People {
        let (people, costs) = (&cell.scenario.people, &cell.scenario.origin);
        let load = cell.load * cell.capacity;
        let logins = 1.0 - people.page_views - people.statuses;
        let per_call = people.page_views * costs.read_cached + (people.statuses + logins) * costs.save;
        let mut it = People {
            clock: Clock::default(),
            chance: Chance::new(seed, 1),
            cell: cell.clone(),
            chats: 0,
            chats_per_s: load * people.messages_share / people.messages_per_chat as f64,
            accounts_per_s: load * (1.0 - people.messages_share) / per_call,
        };
        it.clock.at(0, Next::Chat);
        if it.accounts_per_s > 0.0 {
            it.clock.at(0, Next::Account);
        }
        // Ordinary traffic from the start: chats that are under way already.
        let length_s = people.messages_per_chat as f64 * people.pause_s;
        for _ in 0..(it.chats_per_s * length_s) as u64 {
            let (chat, site) = it.begin();
            let n = 1 + it.chance.below(people.messages_per_chat) as u32;
            let at = it.chance.gap_ms(1.0 / people.pause_s) as Millis;
            it.clock.at(at, Next::Line { chat, site, n });
        }
        it
    }

    fn begin(&mut self) -> (ChatNo, SiteNo) {
        self.chats += 1;
        let surge =
            self.cell.scenario.fault == Fault::Surge && self.cell.trigger_ms().contains(&self.clock.now);
        let sites = self.cell.scenario.people.sites;
        // Twenty times one site's part, beside that of all others.
        let one = surge && self.chance.below(20 + sites) < 20;
        let site = if one { 0 } else { self.chance.below(sites) as SiteNo };
        (self.chats, site)
    }

    fn surging(&self) -> f64 {
        let sites = self.cell.scenario.people.sites as f64;
        let surge =
            self.cell.scenario.fault == Fault::Surge && self.cell.trigger_ms().contains(&self.clock.now);
        if surge { (sites + 20.0) / sites } else { 1.0 }
    }

    /// What happens next, before `end`.
    pub fn next_before(&mut self, end: Millis) -> Option<(Millis, Act)> {
        loop {
            let next = self.clock.next_before(end)?;
            let now = self.clock.now;
            let people = &self.cell.scenario.people;
            match next {
                Next::Chat => {
                    let per_s = self.chats_per_s * self.surging();
                    let gap = self.chance.gap_ms(per_s);
                    let (chat, site) = self.begin();
                    self.clock.after(gap.round() as Millis, Next::Chat);
                    self.clock.at(now, Next::Line { chat, site, n: 1 });
                }
                Next::Line { chat, site, n } => {
                    let last = u64::from(n) >= people.messages_per_chat;
                    if !last {
                        let gap = self.chance.gap_ms(1.0 / people.pause_s);
                        self.clock.after(1 + gap as Millis, Next::Line { chat, site, n: n + 1 });
                    }
                    let side = if n % 2 == 1 { Side::Visitor } else { Side::Agent };
                    return Some((now, Act::Write { chat, site, n, side, last }));
                }
                Next::Account => {
                    let gap = self.chance.gap_ms(self.accounts_per_s * self.surging());
                    self.clock.after(gap.round() as Millis, Next::Account);
                    let site = self.chance.below(people.sites) as SiteNo;
                    let which = self.chance.share();
                    let act = if which < people.page_views {
                        Act::PageView { site }
                    } else if which < people.page_views + people.statuses {
                        Act::Status { site, changed: self.chance.happens(people.status_changes) }
                    } else {
                        Act::Login { site }
                    };
                    return Some((now, act));
                }
            }
        }
    }
}
