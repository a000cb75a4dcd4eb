//! The virtual clock: what happens next, in order of time, and of planning where two things happen at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use shared::Millis;

pub struct Clock<T> {
    pub now: Millis,
    /// When, the how-manieth, and where it lies: a happening is large, and a heap moves its entries about.
    planned: BinaryHeap<Reverse<(Millis, u64, usize)>>,
    happenings: Vec<Option<T>>,
    free: Vec<usize>,
    count: u64,
}

impl<T> Default for Clock<T> {
    fn default() -> Clock<T> {
        Clock { now: 0, planned: BinaryHeap::new(), happenings: Vec::new(), free: Vec::new(), count: 0 }
    }
}

impl<T> Clock<T> {
    /// Plans for a time; what lies in the past happens now.
    pub fn at(&mut self, at: Millis, happening: T) {
        self.count += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.happenings.push(None);
            self.happenings.len() - 1
        });
        self.happenings[place] = Some(happening);
        self.planned.push(Reverse((at.max(self.now), self.count, place)));
    }

    pub fn after(&mut self, wait: Millis, happening: T) {
        self.at(self.now + wait, happening);
    }

    /// What is planned and does not pass is forgotten.
    pub fn retain(&mut self, pass: impl Fn(&T) -> bool) {
        let Clock { planned, happenings, free, .. } = self;
        planned.retain(|Reverse((_, _, place))| {
            let passes = happenings[*place].as_ref().is_some_and(&pass);
            if !passes {
                happenings[*place] = None;
                free.push(*place);
            }
            passes
        });
    }

    /// The next happening before `end`.
    pub fn next_before(&mut self, end: Millis) -> Option<T> {
        if self.planned.peek().is_none_or(|Reverse((at, ..))| *at >= end) {
            return None;
        }
        let Reverse((at, _, place)) = self.planned.pop()?;
        self.now = at;
        self.free.push(place);
        self.happenings[place].take()
    }
}
