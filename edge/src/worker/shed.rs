//! This isolate's [`Shedding`].

use std::cell::RefCell;
use std::future::Future;

use shared::Millis;
use shared::id::SiteId;
use worker::Result;

use crate::durable::calls::AgentsAnswer;
use crate::durable::now_ms;
use crate::shedding::{Leave, Shedding};

thread_local! {
    static SHEDDING: RefCell<Shedding> = RefCell::default();
}

/// Asks the gate, or says after how long it may be asked again.
pub(super) async fn ask<F: Future<Output = Result<AgentsAnswer>>>(
    site: &SiteId,
    call: impl FnOnce() -> F,
) -> std::result::Result<Result<AgentsAnswer>, Millis> {
    let asking = Asking(site.clone(), SHEDDING.with_borrow_mut(|shedding| shedding.leave(now_ms(), site))?);
    let answer = call().await;
    drop(asking);
    if let Ok(AgentsAnswer::Shed { retry_after_ms, of }) = &answer {
        SHEDDING.with_borrow_mut(|shedding| shedding.refused(now_ms(), site, *retry_after_ms, *of));
    }
    Ok(answer)
}

/// Whoever hangs up meanwhile asks no longer.
struct Asking(SiteId, Leave);

impl Drop for Asking {
    fn drop(&mut self) {
        SHEDDING.with_borrow_mut(|shedding| shedding.back(&self.0, self.1));
    }
}
