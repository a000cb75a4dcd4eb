//! The modelled database, which accounts and messages share as they did where the chat company's trouble came from.
//! Requests wait for their turn in its one line and go on to the real one ([`crate::store`]), which is much faster.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::cache::Cache;
use crate::capacity::{Capacity, Micros, PerSecond, Turn};
use crate::cost::Work;
use crate::load::{Load, Report};
use crate::now_ms;
use crate::problem::Problem;

pub struct Database {
    started: Instant,
    /// The same moment since 1970; from there on the model's clock is the one that never goes back.
    started_ms: u64,
    /// The origin stops: nobody waits any more.
    stopped: watch::Sender<bool>,
    model: Mutex<Model>,
}

struct Model {
    /// Nothing where the capacity is unlimited.
    capacity: Option<Capacity>,
    cache: Cache,
    load: Load,
}

impl Database {
    pub fn new(capacity: Option<PerSecond>) -> Database {
        Database {
            started: Instant::now(),
            started_ms: now_ms(),
            stopped: watch::Sender::new(false),
            model: Mutex::new(Model {
                capacity: capacity.map(Capacity::new),
                cache: Cache::default(),
                load: Load::default(),
            }),
        }
    }

    pub fn is_limited(&self) -> bool {
        self.model().capacity.is_some()
    }

    /// Returns when the work has been done, or at once if too much waits already.
    pub async fn work(&self, work: &Work, over_save: bool) -> Result<(), Problem> {
        if let Some(until) = self.arrive(work, over_save)? {
            let mut stopped = self.stopped.subscribe();
            tokio::select! {
                () = sleep_until(self.started + Duration::from_micros(until)) => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        }
        Ok(())
    }

    fn arrive(&self, work: &Work, over_save: bool) -> Result<Option<Micros>, Problem> {
        let mut model = self.model();
        let Model { capacity, cache, load } = &mut *model;
        // The clock is read under the lock, so that whoever comes first has the earlier time.
        let (now, resource) = (self.now(), work.resource());
        let cached = work.reads().is_some_and(|account| cache.has(account, now));
        let cost = work.cost(cached, over_save);
        let turn = match capacity {
            Some(capacity) => capacity.arrive(now, cost),
            None => Ok(Turn { from: now, until: now }),
        };
        match turn {
            Ok(turn) => {
                load.taken(now, resource, cost, turn);
                if let Some(account) = work.spoils(over_save) {
                    cache.forget(account);
                } else if let Some(account) = work.reads() {
                    cache.load(account, turn.until);
                }
                Ok(capacity.is_some().then_some(turn.until))
            }
            Err(refused) => {
                load.refused(now, resource, cost);
                Err(Problem::overloaded(refused.retry_after.div_ceil(1_000_000)))
            }
        }
    }

    pub fn load(&self, after_ms: u64) -> Report {
        let model = self.model();
        let capacity = model.capacity.as_ref().map(Capacity::per_second);
        model.load.report(self.now(), self.started_ms, after_ms, capacity)
    }

    /// Lets go whoever waits, and lets nobody wait from now on.
    pub fn stop(&self) {
        self.stopped.send_replace(true);
    }

    fn now(&self) -> Micros {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(Micros::MAX)
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        // Each change of the model is whole, whatever happened to another request.
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
