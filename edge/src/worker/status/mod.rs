//! How it is with the origin, for programs (`/v1/status`), for tools (`summary.json`) and, with the words of that, for
//! people (`/status/`). All of it is one answer of the gate, which this isolate keeps for a moment: a flood of questions costs
//! the gate one a second.

mod health;
mod summary;
mod time;
mod words;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use shared::Millis;
use worker::{Delay, Env, Response, console_error};

use super::problem::Problem;
use super::settings::Settings;
use crate::durable::calls::{CALL_LIMIT_MS, GateCall, GateStatus, to_gate};
use crate::durable::now_ms;

/// How long the gate's answer is kept.
const FRESH_MS: Millis = 1_000;
/// While one request asks, the others are given what is no older than this.
const STALE_MS: Millis = 2_000;
/// Without that they look again after so long whether the answer has come.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Caches between us and the public may keep the summary for so long; nobody polls more often.
const SUMMARY_CACHE: &str = "public, max-age=3";

/// The gate's last answer, or that it gave none.
#[derive(Clone)]
struct Kept {
    at: Millis,
    status: Option<GateStatus>,
}

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    /// Since when a request of this isolate asks the gate.
    static ASKING_SINCE: Cell<Option<Millis>> = const { Cell::new(None) };
}

pub(super) async fn health(env: &Env) -> Result<Response, Problem> {
    let (_, status) = told(env).await?;
    let response = Response::builder()
        .with_header("content-type", "application/health+json")?
        .with_header("cache-control", "no-store")?;
    Ok(response.fixed(health::body(&status).to_string().into_bytes()))
}

pub(super) async fn summary(env: &Env, settings: &Settings) -> Result<Response, Problem> {
    let (at, status) = told(env).await?;
    let page = format!("{}/status/", settings.origin_of(&settings.host));
    let response = Response::builder()
        .with_header("content-type", "application/json")?
        .with_header("cache-control", SUMMARY_CACHE)?
        // It is public, and pages of others may show it.
        .with_header("access-control-allow-origin", "*")?;
    Ok(response.fixed(summary::body(&status, at, &page).to_string().into_bytes()))
}

/// What the gate has said, and when.
async fn told(env: &Env) -> Result<(Millis, GateStatus), Problem> {
    loop {
        let now = now_ms();
        let kept = KEPT.with_borrow(Clone::clone);
        let kept_at = kept.as_ref().map(|kept| (kept.at, kept.status.is_some()));
        match next(now, kept_at, ASKING_SINCE.get()) {
            Next::Answer => {
                let Kept { at, status } = kept.ok_or(Problem::EDGE_ERROR)?;
                return Ok((at, status.ok_or(Problem::EDGE_ERROR)?));
            }
            Next::Ask => {
                ASKING_SINCE.set(Some(now));
                let status = to_gate::<GateStatus>(env, GateCall::Status {}).await;
                let status = status.inspect_err(|error| console_error!("no status: {error}")).ok();
                ASKING_SINCE.set(None);
                KEPT.set(Some(Kept { at: now_ms(), status }));
            }
            // What another request waits for cannot be awaited here: the platform keeps requests apart.
            Next::Wait => Delay::from(LOOK_EVERY).await,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Next {
    Answer,
    Ask,
    Wait,
}

/// `kept` is when the gate last answered, and whether with a status.
fn next(now: Millis, kept: Option<(Millis, bool)>, asking_since: Option<Millis>) -> Next {
    // Whoever asks may hang up, and its request ends without a word; its call would have ended by then. So does a clock
    // that was set back end nothing.
    let asking = asking_since.is_some_and(|since| now < since + CALL_LIMIT_MS && now >= since);
    match kept {
        Some((at, _)) if (at..at + FRESH_MS).contains(&now) => Next::Answer,
        Some((at, true)) if asking && (at..at + STALE_MS).contains(&now) => Next::Answer,
        _ if asking => Next::Wait,
        _ => Next::Ask,
    }
}

#[cfg(test)]
mod tests {
    use shared::event::Status;
    use shared::mode::Mode;

    use super::*;
    use crate::origin_gate::{Progress, Rates, Spell};

    /// A gate that has nothing to complain of.
    pub(super) fn well() -> GateStatus {
        let rates = Rates { per_s: 50.0, normal_per_s: 50.0, limit_events: 20, normal_limit_events: 20 };
        let progress = Progress {
            backlogged: 0,
            messages: 0,
            oldest_ms: 0,
            to_go_ms: None,
            flows: true,
            accounts: Status::Pass,
            sites_failing: 0,
            rates,
        };
        GateStatus { spell: Spell::default(), reason: String::new(), progress }
    }

    /// A gate in this mode, as it usually is then.
    pub(super) fn status(mode: Mode) -> GateStatus {
        let mut status = well();
        status.spell = status.spell.told(1_772_323_000_000, mode);
        (status.progress.accounts, status.reason) = match mode {
            Mode::Normal => (Status::Pass, String::new()),
            Mode::Degraded => (Status::Pass, "origin-slow".into()),
            Mode::ChattingOnly => (Status::Warn, "origin-slow".into()),
            Mode::Holding => (Status::Fail, "origin-unreachable".into()),
        };
        status.progress.flows = mode != Mode::Holding;
        status
    }

    #[test]
    fn the_gate_is_asked_once_a_second_however_many_want_to_know() {
        assert_eq!(next(10_000, None, None), Next::Ask);
        assert_eq!(next(10_001, None, Some(10_000)), Next::Wait, "one asks, the others wait");
        for (now, wanted) in [(10_000, Next::Answer), (10_999, Next::Answer), (11_000, Next::Ask)] {
            assert_eq!(next(now, Some((10_000, true)), None), wanted);
        }
        assert_eq!(
            next(11_100, Some((10_000, true)), Some(11_000)),
            Next::Answer,
            "a little old, and at once"
        );
        assert_eq!(next(12_000, Some((10_000, true)), Some(11_000)), Next::Wait, "too old to be told");
    }

    #[test]
    fn a_gate_that_does_not_answer_is_asked_no_more_often() {
        assert_eq!(next(10_999, Some((10_000, false)), None), Next::Answer);
        assert_eq!(next(11_000, Some((10_000, false)), None), Next::Ask);
        assert_eq!(next(11_100, Some((10_000, false)), Some(11_000)), Next::Wait);
    }

    #[test]
    fn whoever_asked_and_hung_up_keeps_nobody_waiting_for_good() {
        assert_eq!(next(14_999, None, Some(10_000)), Next::Wait);
        assert_eq!(next(15_000, None, Some(10_000)), Next::Ask);
        assert_eq!(next(9_000, None, Some(10_000)), Next::Ask, "a clock was set back");
        assert_eq!(next(9_000, Some((10_000, true)), None), Next::Ask);
    }
}
