//! The virtual clock: what happens next, in order of time, and of planning where two things happen at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use shared::Millis;

pub struct Clock<T> {
    pub now: Millis,
    planned: BinaryHeap<Reverse<Planned<T>>>,
    count: u64,
}

struct Planned<T> {
    at: Millis,
    number: u64,
    happening: T,
}

impl<T> Default for Clock<T> {
    fn default() -> Clock<T> {
        Clock { now: 0, planned: BinaryHeap::new(), count: 0 }
    }
}

impl<T> Clock<T> {
    /// Plans for a time; what lies in the past happens now.
    pub fn at(&mut self, at: Millis, happening: T) {
        self.count += 1;
        self.planned.push(Reverse(Planned { at: at.max(self.now), number: self.count, happening }));
    }

    pub fn after(&mut self, wait: Millis, happening: T) {
        self.at(self.now + wait, happening);
    }

    /// What is planned and does not pass is forgotten.
    pub fn retain(&mut self, pass: impl Fn(&T) -> bool) {
        self.planned.retain(|Reverse(it)| pass(&it.happening));
    }

    /// The next happening before `end`.
    pub fn next_before(&mut self, end: Millis) -> Option<T> {
        if self.planned.peek().is_none_or(|Reverse(next)| next.at >= end) {
            return None;
        }
        let Reverse(next) = self.planned.pop()?;
        self.now = next.at;
        Some(next.happening)
    }
}

impl<T> PartialEq for Planned<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl<T> Eq for Planned<T> {}

impl<T> PartialOrd for Planned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Planned<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
