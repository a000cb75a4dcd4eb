//! Clients that keep to a library's schedule.

use edge::arrivals::Comer;
use shared::Millis;

use crate::chance::Chance;
use crate::clock::Clock;

use super::browser::Browser;
use super::door::{Answer, Door};
use super::figures::Figures;
use super::schedule::{Library, Waiting};
use super::{LOOKS_MS, Outage};

struct Client {
    waiting: Waiting,
    browser: Browser,
}

impl Client {
    /// Hears that its link is gone or that it was refused; when its next attempt reaches the edge. Nothing: it gives up.
    fn hears(&mut self, now: Millis, chance: &mut Chance) -> Option<Millis> {
        let at = self.waiting.next(now, chance)?;
        Some(at + self.browser.sets_out(at, chance))
    }
}

pub(super) fn run(outage: &Outage, library: Library, seed: u64) -> Figures {
    let mut chance = Chance::new(seed, 7);
    let held_back = outage.chromium && library.begins_with_web_socket();
    let client = |_| Client {
        waiting: Waiting::new(library, &mut chance),
        browser: Browser::new(&outage.round_trip_ms, held_back, &mut chance),
    };
    let mut clients: Vec<Client> = (0..outage.clients).map(client).collect();
    // Attempts on their way, by the client's number.
    let mut clock: Clock<usize> = Clock::default();
    let mut door = Door::new(0..outage.gone_ms);
    let mut gave_up = 0;
    for (number, client) in clients.iter_mut().enumerate() {
        match client.hears(client.browser.way_ms, &mut chance) {
            Some(at) => clock.at(at, number),
            None => gave_up += 1,
        }
    }
    while let Some(number) = clock.next_before(outage.gone_ms + LOOKS_MS) {
        // No library tells the edge who chats, so nobody has to stand back; none reads when to come again.
        if door.knock(clock.now, Comer::Chatting) == Answer::Open {
            continue;
        }
        let client = &mut clients[number];
        let heard_at = clock.now + client.browser.way_ms;
        client.browser.failed(heard_at);
        match client.hears(heard_at, &mut chance) {
            Some(at) => clock.at(at, number),
            None => gave_up += 1,
        }
    }
    door.figures(outage.clients, gave_up)
}
