//! The modelled database, which accounts and messages share as they did where the chat company's trouble came from.
//! Requests wait for their turn in its one line and go on to the real one ([`crate::store`]), which is much faster.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::event::{Resource, Status};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::cache::Cache;
use crate::capacity::{Capacity, Micros, PerSecond, Turn};
use crate::cost::Work;
use crate::line::Line;
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
    /// The line is judged differently.
    news: Notify,
}

struct Model {
    /// Nothing where the capacity is unlimited.
    capacity: Option<Capacity>,
    line: Line,
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
                line: Line::default(),
                cache: Cache::default(),
                load: Load::default(),
            }),
            news: Notify::new(),
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
        let Model { capacity, line, cache, load } = &mut *model;
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
                let before = line.judge(now);
                line.join(now, resource, turn);
                if line.judge(now) != before {
                    self.news.notify_one();
                }
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

    /// The line as it is now.
    pub fn standing(&self) -> Standing {
        let (now, mut model) = (self.now(), self.model());
        let line = &mut model.line;
        let work_ms = |line: &Line, resource| line.work_of(now, resource).div_ceil(1_000);
        Standing {
            status: line.judge(now),
            wait_ms: line.wait(now).div_ceil(1_000),
            accounts_ms: work_ms(line, Resource::Accounts),
            messages_ms: work_ms(line, Resource::Messages),
        }
    }

    /// Waits until the status is another one.
    pub async fn until_status_differs(&self, from: Option<Status>) {
        loop {
            let better_in = {
                let (now, mut model) = (self.now(), self.model());
                if Some(model.line.judge(now)) != from {
                    return;
                }
                model.line.better_in(now)
            };
            match better_in {
                // Either is a reason to look again.
                Some(micros) => {
                    let _ = timeout(Duration::from_micros(micros), self.news.notified()).await;
                }
                None => self.news.notified().await,
            }
        }
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

/// What there is to say about the line.
pub struct Standing {
    /// The same for both resources.
    pub status: Status,
    pub wait_ms: u64,
    /// Whose work that is.
    accounts_ms: u64,
    messages_ms: u64,
}

impl Standing {
    pub fn work_ms(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Accounts => self.accounts_ms,
            Resource::Messages => self.messages_ms,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Standing { wait_ms, accounts_ms, messages_ms, .. } = self;
        write!(
            f,
            "A request waits {wait_ms} ms: {accounts_ms} ms for work of accounts, {messages_ms} ms for work of messages."
        )
    }
}
