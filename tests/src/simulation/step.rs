//! What can happen: one random step of the faulty phase.

use edge::conversation::LinkId;
use shared::Millis;
use shared::session::Input;

use super::clock::Happening;
use super::sim_browser::TabId;
use super::sim_origin::Fault;
use super::{Outcome, World};

/// The character of a run, by its seed.
#[derive(Clone, Debug)]
pub struct Weather {
    /// How long the faulty phase lasts.
    pub faulty_ms: Millis,
    /// The longest time between two steps.
    pub every_ms: Millis,
    /// Percent of the steps that write.
    pub writes: u64,
    /// Whether an edge may lose a storage.
    pub loses_storage: bool,
    /// Whether now and then far more is written than a reconnect replays.
    pub bursts: bool,
}

impl World {
    pub fn step(&mut self) -> Outcome {
        if self.calm {
            return Ok(());
        }
        let wait = self.random.below(self.weather.every_ms);
        self.clock.after(wait, Happening::Step);
        if self.random.percent(self.weather.writes) {
            return self.write();
        }
        let conversation = self.random.below(self.conversations.len() as u64) as usize;
        match self.random.below(100) {
            0..14 => {
                if let Some(wire) = self.any_wire() {
                    self.trace.tell(self.clock.now, || format!("link {} breaks", wire.0));
                    self.cut(wire);
                }
            }
            14..20 => self.write_reply(conversation),
            20..32 => self.conversations[conversation].crash_after = Some(self.random.below(7)),
            32..46 => self.evict_conversation(conversation),
            46..52 => self.gate.crash_after = Some(self.random.below(7)),
            52..64 => {
                let percent = 10 + self.random.below(80);
                let fault = match self.random.below(6) {
                    0 => Fault::Down,
                    1 => Fault::Hang,
                    2 => Fault::Errors(percent),
                    3 => Fault::LosesReceipts(percent),
                    4 => Fault::PutsOff(percent),
                    _ => Fault::Slow(200 + self.random.below(8_000)),
                };
                let for_ms = 500 + self.random.below(20_000);
                self.origin_fails(fault, for_ms);
            }
            64..74 => {
                if let Some(tab) = self.any_tab() {
                    self.close_tab(tab);
                }
            }
            74..88 => {
                let browser = self.random.below(self.browsers.len() as u64) as usize;
                if self.tabs.iter().filter(|tab| tab.open && tab.browser == browser).count() < 2 {
                    self.open_tab(browser)?;
                }
            }
            88..90 if self.weather.loses_storage => self.lose_storage(conversation)?,
            _ => {
                if let Some(tab) = self.any_tab() {
                    let on = self.random.percent(50);
                    let input = match self.random.below(5) {
                        0 => Input::Looking(on),
                        1 => Input::Typing(on),
                        2 => Input::Online(on),
                        3 => Input::Awake,
                        _ => Input::Earlier,
                    };
                    self.tab_input(tab, input)?;
                }
            }
        }
        Ok(())
    }

    fn write(&mut self) -> Outcome {
        let Some(tab) = self.any_tab() else { return Ok(()) };
        let burst = self.weather.bursts && self.random.percent(2);
        let count = if burst { 60 + self.random.below(200) } else { 1 + self.random.below(3) };
        for _ in 0..count {
            self.texts += 1;
            let text = format!("text {} \"ü😀\"", self.texts);
            self.tab_input(tab, Input::Write(text))?;
        }
        Ok(())
    }

    fn any_tab(&mut self) -> Option<TabId> {
        let open: Vec<TabId> = (0..self.tabs.len()).map(TabId).filter(|tab| self.tabs[tab.0].open).collect();
        (!open.is_empty()).then(|| open[self.random.below(open.len() as u64) as usize])
    }

    fn any_wire(&mut self) -> Option<LinkId> {
        let tab = self.any_tab()?;
        self.tabs[tab.0].wire().filter(|wire| !self.network.wires[wire].cut)
    }
}
