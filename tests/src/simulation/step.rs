//! What can happen: one random step of the faulty phase.

use edge::conversation::LinkId;
use shared::Millis;
use shared::random::Random;
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
        let step = self.steps;
        self.steps += 1;
        let random = &mut self.plan.chance_of(step);
        let wait = random.below(self.weather.every_ms);
        self.clock.after(wait, Happening::Step);
        if !self.plan.takes(step) {
            return Ok(());
        }
        self.trace.tell(self.clock.now, || format!("-- step {step}"));
        if random.percent(self.weather.writes) {
            return self.write(random);
        }
        let conversation = random.below(self.conversations.len() as u64) as usize;
        match random.below(108) {
            0..14 => {
                if let Some(wire) = self.any_wire(random) {
                    self.trace.tell(self.clock.now, || format!("link {} breaks", wire.0));
                    self.cut(wire);
                }
            }
            14..20 => self.write_reply(conversation),
            20..32 => self.conversations[conversation].crash_after = Some(random.below(7)),
            32..46 => self.evict_conversation(conversation),
            46..52 => self.gate.crash_after = Some(random.below(7)),
            52..64 => {
                let percent = 10 + random.below(80);
                let fault = match random.below(7) {
                    0 => Fault::Down,
                    1 => Fault::Hang,
                    2 => Fault::Errors(percent),
                    3 => Fault::LosesReceipts(percent),
                    4 => Fault::PutsOff(percent),
                    5 => Fault::Lies(percent),
                    _ => Fault::Slow(200 + random.below(8_000)),
                };
                let for_ms = 500 + random.below(20_000);
                self.origin_fails(fault, for_ms);
            }
            64..74 => {
                if let Some(tab) = self.any_tab(random) {
                    self.close_tab(tab);
                }
            }
            74..88 => {
                let browser = random.below(self.browsers.len() as u64) as usize;
                if self.tabs.iter().filter(|tab| tab.open && tab.browser == browser).count() < 2 {
                    self.open_tab(browser)?;
                }
            }
            88..90 if self.weather.loses_storage => self.lose_storage(conversation)?,
            100.. => {
                let hosts = self.hosts();
                let host = hosts[random.below(hosts.len() as u64) as usize];
                let (far, back) = (random.percent(40), random.percent(50));
                self.clock_jumps(host, far, back, random.next_u64());
            }
            _ => {
                if let Some(tab) = self.any_tab(random) {
                    let on = random.percent(50);
                    let input = match random.below(5) {
                        0 => Input::Looking(on),
                        1 => Input::Typing(on),
                        2 => Input::Online(on),
                        3 => Input::Shown(on),
                        _ => Input::Earlier,
                    };
                    self.tab_input(tab, input)?;
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, random: &mut Random) -> Outcome {
        let Some(tab) = self.any_tab(random) else { return Ok(()) };
        let burst = self.weather.bursts && random.percent(2);
        let count = if burst { 60 + random.below(200) } else { 1 + random.below(3) };
        for _ in 0..count {
            self.texts += 1;
            let text = format!("text {} \"ü😀\"", self.texts);
            self.tab_input(tab, Input::Write(text))?;
        }
        Ok(())
    }

    fn any_tab(&self, random: &mut Random) -> Option<TabId> {
        let open: Vec<TabId> = (0..self.tabs.len()).map(TabId).filter(|tab| self.tabs[tab.0].open).collect();
        (!open.is_empty()).then(|| open[random.below(open.len() as u64) as usize])
    }

    fn any_wire(&self, random: &mut Random) -> Option<LinkId> {
        let tab = self.any_tab(random)?;
        self.tabs[tab.0].wire().filter(|wire| !self.network.wires[wire].cut)
    }
}
