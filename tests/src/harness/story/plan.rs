//! What happens, in which order: all of it follows from the seed.

use std::fmt::{self, Display, Formatter};

use shared::random::Random;

use crate::harness::browser::Storage;
use crate::harness::proxy::Weather;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A few words into the composer, which stay there.
    Type,
    Send,
    Reload,
    OpenTab,
    CloseTab,
    /// Another tab comes to the front.
    OtherTab,
    /// The browser is closed with all its tabs and opened again.
    Reopen,
    /// What the browser calls so: open sockets live on.
    Offline,
    Online,
    Weather(Weather),
    Reset,
    /// The agent writes.
    Answer,
    OriginDown,
    OriginUp,
    /// Nothing happens for so many milliseconds, except what is under way.
    Moment(u64),
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub storage: Storage,
    /// The network into which the first page comes, with nothing in the browser's cache.
    pub beginning: Weather,
    /// With the number that each has in the whole story.
    pub steps: Vec<(usize, Step)>,
    /// The visitor opens one more page in the end.
    pub comes_again: bool,
    /// Writes as soon as there is a field, before the app is there.
    pub hasty: bool,
}

/// Long enough for troubles to meet, short enough to be read.
const STEPS: usize = 18;

impl Plan {
    pub fn of(seed: u64) -> Plan {
        let mut random = Random::new(seed);
        let storage = if random.percent(40) { Storage::Denied } else { Storage::Allowed };
        let hasty = random.percent(40);
        // Whoever is hasty is quicker than the app only where that takes its time.
        let beginning = match random.below(if hasty { 3 } else { 10 }) {
            0..2 => Weather::Slow(100 + random.below(800)),
            2..3 => Weather::Sliced,
            _ => Weather::Fair,
        };
        let mut bad = false;
        let first = hasty.then_some((0, Step::Type));
        let others = (1..=STEPS).map(|number| (number, step(&mut random, &mut bad)));
        let steps = first.into_iter().chain(others).collect();
        Plan { seed, storage, beginning, steps, comes_again: true, hasty }
    }

    /// A story that somebody has chosen, with a number that no random one has.
    pub fn chosen(storage: Storage, beginning: Weather, steps: &[Step]) -> Plan {
        Plan {
            seed: 0,
            storage,
            beginning,
            steps: steps.iter().copied().enumerate().collect(),
            comes_again: false,
            hasty: beginning != Weather::Fair,
        }
    }

    /// The same with these steps alone.
    pub fn only(mut self, numbers: &[usize]) -> Plan {
        self.steps.retain(|(number, _)| numbers.contains(number));
        self
    }
}

/// `bad`: little or nothing gets through. Then people go on for a while, or away, before it passes.
fn step(random: &mut Random, bad: &mut bool) -> Step {
    let step = match random.below(100) {
        0..8 => Step::Type,
        8..36 => Step::Send,
        36..43 => Step::Answer,
        43..51 => Step::Reload,
        51..55 => Step::OpenTab,
        55..58 => Step::CloseTab,
        58..62 => Step::OtherTab,
        62..66 => Step::Reopen,
        66..73 => Step::Moment(100 << random.below(5)),
        73..76 => Step::OriginDown,
        76..78 => Step::OriginUp,
        other if *bad => match other {
            78..86 => Step::Weather(Weather::Fair),
            86..90 => Step::Online,
            _ => Step::Send,
        },
        78..82 => Step::Weather(Weather::Cut),
        82..84 => Step::Weather(Weather::Silent),
        84..86 => Step::Weather(Weather::OneWay),
        86..88 => Step::Weather(Weather::Slow(50 + random.below(250))),
        88..90 => Step::Weather(Weather::Sliced),
        90..92 => Step::Weather(Weather::SlowToClose),
        92..96 => Step::Reset,
        _ => Step::Offline,
    };
    *bad = match step {
        Step::Weather(weather) => matches!(weather, Weather::Cut | Weather::Silent | Weather::OneWay),
        Step::Offline => true,
        Step::Online => false,
        _ => *bad,
    };
    step
}

impl Display for Plan {
    fn fmt(&self, out: &mut Formatter) -> fmt::Result {
        write!(out, "seed {}, storage {:?}, begins {:?}:", self.seed, self.storage, self.beginning)?;
        self.steps.iter().try_for_each(|(number, step)| write!(out, " {number} {step:?},"))
    }
}
