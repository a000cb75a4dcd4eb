//! What arrived at the modelled database, in tenths of a second: `GET /load`. Tests read from it how much the origin was
//! asked for, against what it can bear.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use shared::event::Resource;

use crate::bearer::Admin;
use crate::capacity::{Micros, Turn};
use crate::cost::Cost;
use crate::problem::Problem;
use crate::server::Origin;

/// Buckets in which something arrived, was worked off or waited, by their number since the start.
#[derive(Default)]
pub struct Load {
    buckets: BTreeMap<u64, Bucket>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// All that came, also what was refused.
    arrived: Costs,
    refused: Costs,
    worked: Costs,
    /// The longest that the line was.
    line: Micros,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Costs {
    accounts: Cost,
    messages: Cost,
}

impl Costs {
    fn of(&mut self, resource: Resource) -> &mut Cost {
        match resource {
            Resource::Accounts => &mut self.accounts,
            Resource::Messages => &mut self.messages,
        }
    }

    fn add(&mut self, resource: Resource, cost: Cost) {
        let sum = self.of(resource);
        *sum = sum.and(cost);
    }
}

const BUCKET: Micros = 100_000;
const BUCKET_MS: u64 = BUCKET / 1_000;
/// Two hours.
const KEPT: Micros = 2 * 60 * 60 * 1_000_000;
/// Buckets in one answer, at most: ten minutes without a pause.
const MAX_BUCKETS: usize = 6_000;

impl Load {
    pub fn refused(&mut self, now: Micros, resource: Resource, cost: Cost) {
        self.forget(now);
        let bucket = self.bucket(now / BUCKET);
        bucket.arrived.add(resource, cost);
        bucket.refused.add(resource, cost);
    }

    /// The place in the line is for good, so it is known already when the work will be done.
    pub fn taken(&mut self, now: Micros, resource: Resource, cost: Cost, turn: Turn) {
        self.forget(now);
        self.bucket(now / BUCKET).arrived.add(resource, cost);
        let mut done = Cost::default();
        for number in turn.from / BUCKET..=turn.until / BUCKET {
            let so_far = match (number + 1) * BUCKET {
                end if end < turn.until => cost.part(end - turn.from, turn.until - turn.from),
                _ => cost,
            };
            self.bucket(number).worked.add(resource, so_far.without(done));
            done = so_far;
        }
        for number in now / BUCKET..=turn.until / BUCKET {
            let bucket = self.bucket(number);
            bucket.line = bucket.line.max(turn.until - now.max(number * BUCKET));
        }
    }

    /// The buckets that have ended, from the one with this number on, and no more than fit into one answer.
    fn since(&self, now: Micros, first: u64) -> impl Iterator<Item = (u64, Bucket)> {
        let ended = now / BUCKET;
        let buckets = self.buckets.range(first.min(ended)..ended);
        let told = buckets.filter(|(_, bucket)| **bucket != Bucket::default());
        told.map(|(&number, &bucket)| (number, bucket)).take(MAX_BUCKETS)
    }

    fn bucket(&mut self, number: u64) -> &mut Bucket {
        self.buckets.entry(number).or_default()
    }

    fn forget(&mut self, now: Micros) {
        let oldest = now.saturating_sub(KEPT) / BUCKET;
        while self.buckets.first_key_value().is_some_and(|(&number, _)| number < oldest) {
            self.buckets.pop_first();
        }
    }

    /// What `GET /load` answers. `started_ms` is when the clock of the model began.
    pub fn report(&self, now: Micros, started_ms: u64, after_ms: u64, capacity: Option<u64>) -> Report {
        let first = match after_ms.checked_sub(started_ms) {
            Some(since_start) => since_start / BUCKET_MS + 1,
            None => 0,
        };
        let entry = |(number, bucket): (u64, Bucket)| Entry {
            at_ms: started_ms + number * BUCKET_MS,
            arrived: bucket.arrived,
            refused: bucket.refused,
            worked: bucket.worked,
            line_ms: bucket.line.div_ceil(1_000),
        };
        let buckets = self.since(now, first).map(entry).collect();
        Report { capacity, bucket_ms: BUCKET_MS, now_ms: started_ms + now / 1_000, buckets }
    }
}

#[derive(Serialize)]
pub struct Report {
    /// Cost per second; null where there is no limit.
    capacity: Option<u64>,
    bucket_ms: u64,
    now_ms: u64,
    buckets: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    at_ms: u64,
    arrived: Costs,
    refused: Costs,
    worked: Costs,
    line_ms: u64,
}

#[derive(Deserialize)]
pub struct Page {
    /// Buckets that began later.
    #[serde(default)]
    after_ms: u64,
}

/// `GET /load?after_ms=`
pub async fn get(
    _: Admin,
    State(origin): State<Arc<Origin>>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Report>, Problem> {
    let Ok(Query(page)) = page else {
        return Err(Problem::bad_request("bad-query", "`after_ms` is a whole number."));
    };
    Ok(Json(origin.database.load(page.after_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_MS: u64 = 1_767_225_600_000;

    fn turn(from_ms: u64, until_ms: u64) -> Turn {
        Turn { from: from_ms * 1_000, until: until_ms * 1_000 }
    }

    fn ended(load: &Load, now_ms: u64) -> Vec<(u64, Bucket)> {
        load.since(now_ms * 1_000, 0).collect()
    }

    fn messages(load: &Load, of: impl Fn(&Bucket) -> Costs) -> Vec<u64> {
        ended(load, 100_000).iter().map(|(_, bucket)| of(bucket).messages.thousandths()).collect()
    }

    #[test]
    fn what_arrives_is_worked_off_over_the_time_of_its_turn_and_nothing_gets_lost() {
        let mut load = Load::default();
        load.taken(20_000, Resource::Messages, Cost::of_messages(5), turn(50, 350));
        assert_eq!(messages(&load, |bucket| bucket.arrived), [5_000, 0, 0, 0]);
        assert_eq!(messages(&load, |bucket| bucket.worked), [833, 1_667, 1_666, 834]);
        let lines: Vec<_> = ended(&load, 100_000).iter().map(|(_, bucket)| bucket.line).collect();
        assert_eq!(lines, [330_000, 250_000, 150_000, 50_000]);
    }

    #[test]
    fn what_is_refused_has_arrived_as_well_and_is_never_worked_off() {
        let mut load = Load::default();
        load.refused(20_000, Resource::Messages, Cost::of_messages(2));
        load.refused(20_000, Resource::Accounts, Cost::PROBE);
        let (_, bucket) = ended(&load, 100)[0];
        assert_eq!((bucket.arrived, bucket.worked), (bucket.refused, Costs::default()));
        assert_eq!(
            (bucket.refused.accounts.thousandths(), bucket.refused.messages.thousandths()),
            (100, 2_000)
        );
    }

    #[test]
    fn a_bucket_is_told_once_it_has_ended_and_an_empty_one_never() {
        let mut load = Load::default();
        load.taken(0, Resource::Messages, Cost::PROBE, turn(0, 0));
        load.taken(1_000_000, Resource::Messages, Cost::PROBE, turn(1_000, 1_000));
        let numbers = |now_ms| ended(&load, now_ms).iter().map(|&(number, _)| number).collect::<Vec<_>>();
        assert_eq!(numbers(99), [0; 0]);
        assert_eq!(numbers(100), [0]);
        assert_eq!(numbers(1_099), [0]);
        assert_eq!(numbers(1_100), [0, 10]);
    }

    #[test]
    fn the_next_answer_goes_on_after_the_last_bucket_of_the_former_one() {
        let mut load = Load::default();
        for n in 0..=MAX_BUCKETS as u64 {
            load.taken(n * BUCKET, Resource::Messages, Cost::PROBE, turn(n * 100, n * 100));
        }
        let now = (MAX_BUCKETS as u64 + 1) * BUCKET;
        let after = |after_ms| {
            let report = load.report(now, START_MS, after_ms, None);
            report.buckets.iter().map(|entry| entry.at_ms).collect::<Vec<_>>()
        };
        let first = after(0);
        assert_eq!((first.len(), first[0]), (MAX_BUCKETS, START_MS));
        assert_eq!(after(first[MAX_BUCKETS - 1]), [START_MS + 600_000]);
        assert_eq!(after(u64::MAX), [0; 0]);
    }

    #[test]
    fn what_is_older_than_two_hours_is_forgotten() {
        let mut load = Load::default();
        load.taken(0, Resource::Messages, Cost::PROBE, turn(0, 0));
        load.refused(KEPT, Resource::Messages, Cost::PROBE);
        assert_eq!(load.buckets.len(), 2);
        load.refused(KEPT + BUCKET, Resource::Messages, Cost::PROBE);
        assert_eq!(load.buckets.keys().copied().collect::<Vec<_>>(), [KEPT / BUCKET, KEPT / BUCKET + 1]);
    }
}
