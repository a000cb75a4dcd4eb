//! Whose work waits in the line before the modelled database, and what the origin says about it. Accounts and messages wait
//! in the same line, so what holds for one holds for the other; whose work it is names the cause.

use std::collections::VecDeque;

use shared::event::{Resource, Status};

use crate::capacity::{Micros, Turn};

/// Work that is not done yet, in its order.
pub struct Line {
    turns: VecDeque<(Resource, Turn)>,
    status: Status,
}

/// A longer line is slow enough to be felt.
const WARN: Micros = 1_000_000;
/// A longer line is longer than anybody's patience.
const FAIL: Micros = 5_000_000;

impl Default for Line {
    fn default() -> Line {
        Line { turns: VecDeque::new(), status: Status::Pass }
    }
}

impl Line {
    pub fn join(&mut self, now: Micros, resource: Resource, turn: Turn) {
        while self.turns.front().is_some_and(|(_, first)| first.until <= now) {
            self.turns.pop_front();
        }
        self.turns.push_back((resource, turn));
    }

    /// How long a request of any resource waits that comes now.
    pub fn wait(&self, now: Micros) -> Micros {
        self.turns.back().map_or(0, |(_, last)| last.until.saturating_sub(now))
    }

    /// How much of that is this resource's work.
    pub fn work_of(&self, now: Micros, resource: Resource) -> Micros {
        let turns = self.turns.iter().filter(|(whose, _)| *whose == resource);
        turns.map(|(_, turn)| turn.until.saturating_sub(turn.from.max(now))).sum()
    }

    /// Worse at once; better when half of what made it so is gone, or a line that swings around a mark would be told of
    /// again and again.
    pub fn judge(&mut self, now: Micros) -> Status {
        let wait = self.wait(now);
        let above = |mark, status| wait > if self.status >= status { mark / 2 } else { mark };
        self.status = if above(FAIL, Status::Fail) {
            Status::Fail
        } else if above(WARN, Status::Warn) {
            Status::Warn
        } else {
            Status::Pass
        };
        self.status
    }

    /// How long until it is judged better if nobody comes any more; nothing where it cannot become better.
    pub fn better_in(&self, now: Micros) -> Option<Micros> {
        let mark = match self.status {
            Status::Fail => FAIL,
            Status::Warn => WARN,
            Status::Pass => return None,
        };
        Some(self.wait(now).saturating_sub(mark / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = 1_000_000;

    /// A line of one request, who came at the beginning.
    fn line(until: Micros) -> Line {
        let mut line = Line::default();
        line.join(0, Resource::Messages, Turn { from: 0, until });
        line
    }

    #[test]
    fn status_1_a_line_warns_above_one_second_and_fails_above_five() {
        for (until, status) in [
            (SECOND, Status::Pass),
            (SECOND + 1, Status::Warn),
            (5 * SECOND, Status::Warn),
            (5 * SECOND + 1, Status::Fail),
        ] {
            assert_eq!(line(until).judge(0), status, "{until}");
        }
    }

    #[test]
    fn status_1_a_status_ends_when_half_of_its_line_is_gone() {
        let mut line = line(6 * SECOND);
        let story = [
            (0, Status::Fail),
            (3_499_999, Status::Fail),
            (3_500_000, Status::Warn),
            (5_499_999, Status::Warn),
            (5_500_000, Status::Pass),
            (9 * SECOND, Status::Pass),
        ];
        for (now, status) in story {
            assert_eq!(line.judge(now), status, "{now}");
        }
    }

    #[test]
    fn status_1_a_line_that_swings_around_a_mark_is_judged_once() {
        let (mut line, mut judged, mut until) = (Line::default(), Vec::new(), 0);
        for tenth in 0..100 {
            let now = tenth * SECOND / 10;
            // Every third of a second 400 ms of work come while less than 1.2 s waits: around the second, again and again.
            if tenth % 3 == 0 && line.wait(now) < 1_200_000 {
                let from = until.max(now);
                until = from + 400_000;
                line.join(now, Resource::Messages, Turn { from, until });
            }
            judged.push(line.judge(now));
        }
        judged.dedup();
        assert_eq!(judged, [Status::Pass, Status::Warn]);
    }

    #[test]
    fn a_line_that_nobody_joins_says_when_it_will_be_better() {
        let mut line = line(6 * SECOND);
        assert_eq!(line.better_in(0), None);
        line.judge(0);
        assert_eq!(line.better_in(0), Some(3_500_000));
        line.judge(3_500_000);
        assert_eq!(line.better_in(3_500_000), Some(2_000_000));
        line.judge(5_500_000);
        assert_eq!(line.better_in(5_500_000), None);
    }

    #[test]
    fn a_line_knows_whose_work_it_is_and_forgets_what_is_done() {
        let mut line = Line::default();
        line.join(0, Resource::Accounts, Turn { from: 0, until: 3 * SECOND });
        line.join(0, Resource::Messages, Turn { from: 3 * SECOND, until: 4 * SECOND });
        let shares = |line: &Line, now| {
            (line.wait(now), line.work_of(now, Resource::Accounts), line.work_of(now, Resource::Messages))
        };
        assert_eq!(shares(&line, SECOND), (3 * SECOND, 2 * SECOND, SECOND));
        assert_eq!(shares(&line, 3_500_000), (500_000, 0, 500_000));
        line.join(3_500_000, Resource::Accounts, Turn { from: 4 * SECOND, until: 5 * SECOND });
        assert_eq!(line.turns.len(), 2);
        assert_eq!(shares(&line, 9 * SECOND), (0, 0, 0));
    }
}
