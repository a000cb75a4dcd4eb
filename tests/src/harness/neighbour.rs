//! A visitor in another conversation, whom nothing that somebody else does may reach.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use shared::session::{MessageState, Standing};

use super::person::Person;
use super::raw::{RawLink, send};
use super::stack::Stack;
use super::wire::Door;

/// Between two messages of a [`Metronome`]: as fast as somebody who writes "yes" and "no". It is the measure, not a
/// condition.
const PACE: Duration = Duration::from_millis(20);

pub struct Neighbour {
    person: Person,
    said: AtomicUsize,
}

impl Neighbour {
    pub async fn of(stack: &Stack) -> Neighbour {
        let person = Person::visitor(stack.edge_port);
        person.live().await;
        let neighbour = Neighbour { person, said: AtomicUsize::new(0) };
        neighbour.talks_on().await;
        neighbour
    }

    /// Still on the first link, and what is written now reaches the origin.
    pub async fn talks_on(&self) {
        let text = format!("The neighbour's message {}", self.said.fetch_add(1, Ordering::Relaxed) + 1);
        self.person.write(&text);
        self.person.has_come(&text, &MessageState::Delivered, 30).await;
        let view = self.person.view();
        assert_eq!((view.standing, view.links), (Some(Standing::Live), 1), "the neighbour's link has broken");
    }

    /// How much has been said, each message once in the ledger.
    pub fn said(&self) -> usize {
        self.said.load(Ordering::Relaxed)
    }

    pub fn conversation(&self) -> String {
        self.person.view().conversation.expect("a live link has one")
    }

    pub fn token(&self) -> String {
        self.person.token()
    }
}

/// Writes one message after the other and measures the way to the edge's acknowledgement.
pub struct Metronome {
    link: RawLink,
    n: u64,
}

impl Metronome {
    pub async fn start(stack: &Stack) -> Metronome {
        let (link, _) = RawLink::greeted(&Door::visitor(stack.edge_port), None).await;
        let mut metronome = Metronome { link, n: 0 };
        // The first message makes the conversation's tables.
        metronome.beat().await;
        metronome
    }

    /// The texts so far.
    pub fn said(&self) -> Vec<String> {
        (1..=self.n).map(text).collect()
    }

    pub async fn beat(&mut self) -> Duration {
        self.n += 1;
        let n = self.n;
        let began = Instant::now();
        self.link.say(send("metronome", n, &text(n))).await;
        self.link.acked("metronome", n).await;
        began.elapsed()
    }

    pub async fn beats(&mut self, count: usize) -> Latency {
        let mut times = Vec::new();
        for _ in 0..count {
            times.push(self.beat().await);
            tokio::time::sleep(PACE).await;
        }
        Latency(times)
    }

    /// For as long as something else goes on, and returns what came of that.
    pub async fn beats_during<T>(&mut self, other: impl Future<Output = T>) -> (Latency, T) {
        let over = Cell::new(false);
        let beats = async {
            let mut times = Vec::new();
            while !over.get() {
                times.push(self.beat().await);
                tokio::time::sleep(PACE).await;
            }
            Latency(times)
        };
        let other = async {
            let done = other.await;
            over.set(true);
            done
        };
        tokio::join!(beats, other)
    }
}

fn text(n: u64) -> String {
    format!("tick {n}")
}

pub struct Latency(Vec<Duration>);

impl Latency {
    /// In milliseconds; of a hundred values the `percent`th.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut times = self.0.clone();
        times.sort();
        times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1_000.0
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Prints both and holds the later one to a generous limit, ten times and `more_ms`: whoever else works on this machine
    /// weighs on it, too.
    pub fn bears(&self, during: &Latency, more_ms: f64, what: &str) {
        for percent in [50, 99] {
            let (before, during_ms) = (self.percentile(percent), during.percentile(percent));
            println!(
                "{what}: neighbour's p{percent} {before:.2} ms before, {during_ms:.2} ms during ({} messages): {:.1} times",
                during.count(),
                during_ms / before
            );
            assert!(
                during_ms <= 10.0 * before + more_ms,
                "{what}: p{percent} {before} ms, then {during_ms} ms"
            );
        }
    }
}
