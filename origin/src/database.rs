//! The modelled database, which accounts and messages share as they did where the chat company's trouble came from.
//! Requests wait for their turn in its one line and go on to the real one ([`crate::store`]), which is much faster.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::capacity::{Capacity, Micros, PerSecond};
use crate::cost::Work;
use crate::problem::Problem;

pub struct Database {
    started: Instant,
    /// The origin stops: nobody waits any more.
    stopped: watch::Sender<bool>,
    model: Mutex<Model>,
}

struct Model {
    /// Nothing where the capacity is unlimited.
    capacity: Option<Capacity>,
}

impl Database {
    pub fn new(capacity: Option<PerSecond>) -> Database {
        Database {
            started: Instant::now(),
            stopped: watch::Sender::new(false),
            model: Mutex::new(Model { capacity: capacity.map(Capacity::new) }),
        }
    }

    /// Returns when the work has been done, or at once if too much waits already.
    pub async fn work(&self, work: Work) -> Result<(), Problem> {
        if let Some(until) = self.arrive(&work)? {
            let mut stopped = self.stopped.subscribe();
            tokio::select! {
                () = sleep_until(self.started + Duration::from_micros(until)) => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        }
        Ok(())
    }

    fn arrive(&self, work: &Work) -> Result<Option<Micros>, Problem> {
        let (now, mut model) = (self.now(), self.model());
        let Some(capacity) = &mut model.capacity else { return Ok(None) };
        match capacity.arrive(now, work.cost()) {
            Ok(turn) => Ok(Some(turn.until)),
            Err(refused) => Err(Problem::overloaded(refused.retry_after.div_ceil(1_000_000))),
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
