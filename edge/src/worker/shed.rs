//! What the gate sheds, this isolate sheds for a while by itself: ten thousand refused log-ins cost a handful of calls.

use std::cell::Cell;
use std::future::Future;

use shared::Millis;
use worker::Result;

use crate::durable::calls::AgentsAnswer;
use crate::durable::now_ms;

/// The gate's refusal is believed for as long as it says, and not longer than this.
const BELIEVED_MS: Millis = 2_000;
/// So long after a refusal one request at a time asks the gate, and the others are refused without.
const CAREFUL_MS: Millis = 5_000;

thread_local! {
    static SHED_UNTIL: Cell<Millis> = const { Cell::new(0) };
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

/// Asks the gate, or says after how long it may be asked again.
pub(super) async fn ask<F: Future<Output = Result<AgentsAnswer>>>(
    call: impl FnOnce() -> F,
) -> std::result::Result<Result<AgentsAnswer>, Millis> {
    let now = now_ms();
    let until = SHED_UNTIL.get();
    let careful = now < until + CAREFUL_MS && until > 0;
    if now < until || (careful && ASKING.get()) {
        return Err(until.saturating_sub(now).max(1_000));
    }
    let asking = Asking::begin(careful);
    let answer = call().await;
    drop(asking);
    if let Ok(AgentsAnswer::Shed { retry_after_ms }) = &answer {
        SHED_UNTIL.set(now_ms() + (*retry_after_ms).clamp(1_000, BELIEVED_MS));
    }
    Ok(answer)
}

/// The one that asks; whoever hangs up meanwhile asks no longer.
struct Asking(bool);

impl Asking {
    fn begin(alone: bool) -> Asking {
        if alone {
            ASKING.set(true);
        }
        Asking(alone)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if self.0 {
            ASKING.set(false);
        }
    }
}
