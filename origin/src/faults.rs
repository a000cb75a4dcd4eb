//! What breaks on request: `PUT /faults`. A new fault replaces the old one, and a restart forgets it. `/faults`,
//! `/ledger`, `/load` and `/callers` never break, so that a test can always mend the origin and see what it has.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use shared::event::Resource;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::bearer::Admin;
use crate::connections::Stop;
use crate::input::JsonBody;
use crate::problem::Problem;
use crate::server::Origin;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    #[serde(flatten)]
    pub kind: Kind,
    /// What breaks; without it everything but [`Target::Spared`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    #[default]
    None,
    /// Connections are closed without an answer, and the origin sends nothing.
    Down,
    /// Accepted, never answered.
    Hang,
    /// Answered after so many milliseconds.
    Slow { ms: u64 },
    /// So many of 100 requests are answered 500.
    Errors { percent: u8 },
    /// Batches are stored, and for so many of 100 the connection is closed instead of answered.
    LoseReceipts { percent: u8 },
    /// 200, with a body that is not the protocol.
    Garbage,
    /// The account service saves far too often. Without a capacity every save of a message waits behind saves that
    /// change nothing; with one, account work costs ten times as much, which fills the line that messages wait in.
    OverSave,
}

/// Where a request goes, as far as faults care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/faults`, `/ledger`, `/load` and `/callers`.
    Spared,
    Events,
    Of(Resource),
    /// Health and administration: break only when everything does.
    Other,
}

impl Target {
    pub fn of(path: &str) -> Target {
        let mut parts = path.trim_start_matches('/').split('/');
        match (parts.next().unwrap_or(""), parts.nth(1)) {
            ("faults" | "ledger" | "load" | "callers", _) => Target::Spared,
            ("events", _) => Target::Events,
            ("naive", _) => Target::Of(Resource::Messages),
            ("sites", Some("conversations")) => Target::Of(Resource::Messages),
            ("sites" | ".well-known", _) => Target::Of(Resource::Accounts),
            _ => Target::Other,
        }
    }
}

/// What becomes of a request.
pub enum Fate {
    Handled,
    /// Handled, and its answer is lost.
    Unanswered,
    /// The connection is closed without an answer.
    Dropped,
    Answered(Response),
}

/// Requests that may hang or be slow at the same time; more are dropped at once, so that `/faults` stays reachable.
const MAX_HELD: usize = 512;
/// A request that hangs is dropped after this; every client has given up by then.
const LONGEST: Duration = Duration::from_secs(600);

pub struct Faults {
    current: watch::Sender<Fault>,
    held: Semaphore,
}

impl Default for Faults {
    fn default() -> Faults {
        Faults { current: watch::Sender::new(Fault::default()), held: Semaphore::new(MAX_HELD) }
    }
}

impl Faults {
    pub fn set(&self, fault: Fault) {
        self.current.send_replace(fault);
    }

    pub fn watch(&self) -> watch::Receiver<Fault> {
        self.current.subscribe()
    }

    /// What is wrong with a resource now.
    pub fn of(&self, resource: Resource) -> Kind {
        let fault = *self.current.borrow();
        if fault.resource.is_none_or(|broken| broken == resource) { fault.kind } else { Kind::None }
    }

    pub async fn meet(&self, target: Target) -> Fate {
        let fault = *self.current.borrow();
        if !fault.hits(target) {
            return Fate::Handled;
        }
        match fault.kind {
            Kind::None | Kind::OverSave => Fate::Handled,
            Kind::Down => Fate::Dropped,
            Kind::Hang => {
                self.hold(LONGEST).await;
                Fate::Dropped
            }
            Kind::Slow { ms } => {
                if self.hold(Duration::from_millis(ms)).await {
                    Fate::Handled
                } else {
                    Fate::Dropped
                }
            }
            Kind::Errors { percent } if chance(percent) => {
                let detail = "An error on request: PUT /faults {\"kind\":\"none\"} ends it.";
                Fate::Answered(
                    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", detail).into_response(),
                )
            }
            Kind::LoseReceipts { percent } if target == Target::Events && chance(percent) => Fate::Unanswered,
            Kind::Errors { .. } | Kind::LoseReceipts { .. } => Fate::Handled,
            Kind::Garbage => {
                let html = [(header::CONTENT_TYPE, "text/html")];
                Fate::Answered((html, "<!doctype html><title>It works!</title>").into_response())
            }
        }
    }

    /// Waits as long as told, or until the fault is replaced. False where too many wait already.
    async fn hold(&self, wait: Duration) -> bool {
        let mut current = self.current.subscribe();
        let Ok(_place) = self.held.try_acquire() else { return false };
        // A closed channel means the end of the origin: as good as a replaced fault.
        let _ = timeout(wait, current.changed()).await;
        true
    }

    /// While the origin plays dead, it sends nothing either.
    pub async fn until_it_may_send(&self) {
        let mut current = self.current.subscribe();
        let alive = |fault: &Fault| fault.kind != Kind::Down || fault.resource == Some(Resource::Accounts);
        // The sender lives as long as `self`.
        let _ = current.wait_for(alive).await;
    }
}

impl Fault {
    fn hits(self, target: Target) -> bool {
        match (self.resource, target) {
            (_, Target::Spared) => false,
            (None, _) => true,
            (Some(broken), Target::Events) => broken == Resource::Messages,
            (Some(broken), Target::Of(resource)) => broken == resource,
            (Some(_), Target::Other) => false,
        }
    }

    fn check(self) -> Result<Fault, Problem> {
        let percent_fits = match self.kind {
            Kind::Errors { percent } | Kind::LoseReceipts { percent } => percent <= 100,
            Kind::Slow { ms } => Duration::from_millis(ms) <= LONGEST,
            _ => true,
        };
        let resource_fits = match self.kind {
            Kind::LoseReceipts { .. } => self.resource != Some(Resource::Accounts),
            Kind::OverSave => self.resource != Some(Resource::Messages),
            _ => true,
        };
        match (percent_fits, resource_fits) {
            (true, true) => Ok(self),
            (false, _) => {
                Err(Problem::bad_request("bad-fault", "`percent` is at most 100, `ms` at most 600000."))
            }
            (_, false) => {
                let detail = "lose-receipts concerns messages, over-save accounts. Leave the resource out.";
                Err(Problem::bad_request("bad-fault", detail))
            }
        }
    }
}

fn chance(percent: u8) -> bool {
    rand::random_range(0..100) < percent
}

pub async fn get(_: Admin, State(origin): State<Arc<Origin>>) -> Json<Fault> {
    Json(*origin.faults.current.borrow())
}

pub async fn put(
    _: Admin,
    State(origin): State<Arc<Origin>>,
    JsonBody(fault): JsonBody<Fault>,
) -> Result<Json<Fault>, Problem> {
    let fault = fault.check()?;
    tracing::info!(?fault, "fault");
    origin.faults.set(fault);
    Ok(Json(fault))
}

/// Saves at the same time while `over-save` is on: with a queue of 256, real work still finds a place, behind them.
const OVER_SAVERS: usize = 200;

/// Rewrites every agent without changing anything, as often as the disk can, while `over-save` is on. Where the database
/// is modelled, so are these saves ([`crate::cost`]).
pub async fn over_save(origin: Arc<Origin>, mut stop: Stop) {
    if origin.database.is_limited() {
        return;
    }
    tokio::select! {
        () = stop.stopped() => {}
        () = save_while_faulted(&origin) => {}
    }
}

async fn save_while_faulted(origin: &Arc<Origin>) {
    let mut fault = origin.faults.watch();
    while fault.wait_for(|fault| fault.kind == Kind::OverSave).await.is_ok() {
        let savers = (0..OVER_SAVERS).map(|_| {
            let (origin, mut fault) = (origin.clone(), fault.clone());
            async move {
                tokio::select! {
                    _ = fault.wait_for(|fault| fault.kind != Kind::OverSave) => {}
                    () = async { loop { save_again(&origin).await } } => {}
                }
            }
        });
        let mut all: tokio::task::JoinSet<()> = savers.collect();
        while all.join_next().await.is_some() {}
    }
}

/// One of those saves; also what an account request waits for while `over-save` is on.
pub async fn save_again(origin: &Origin) {
    let save = |tx: &rusqlite::Transaction<'_>| Ok(tx.execute("UPDATE agents SET name = name", [])?);
    if origin.store.write(save).await.is_err() {
        sleep(Duration::from_millis(10)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_and_mends_is_spared_and_every_other_path_has_its_resource() {
        let accounts = Target::Of(Resource::Accounts);
        for (path, target) in [
            ("/faults", Target::Spared),
            ("/ledger/demo/messages", Target::Spared),
            ("/load", Target::Spared),
            ("/callers", Target::Spared),
            ("/naive/c1/messages", Target::Of(Resource::Messages)),
            ("/events", Target::Events),
            ("/sites/demo", accounts),
            ("/sites/demo/agents/login", accounts),
            ("/sites/demo/agents/renew", accounts),
            ("/.well-known/jwks.json", accounts),
            ("/sites/demo/conversations/c/replies", Target::Of(Resource::Messages)),
            ("/health", Target::Other),
            ("/", Target::Other),
        ] {
            assert_eq!(Target::of(path), target, "{path}");
        }
    }

    #[test]
    fn a_fault_is_written_as_the_contract_says() {
        let fault: Fault = serde_json::from_str(r#"{"kind":"slow","ms":800,"resource":"accounts"}"#).unwrap();
        assert_eq!(fault, Fault { kind: Kind::Slow { ms: 800 }, resource: Some(Resource::Accounts) });
        let lose: Fault = serde_json::from_str(r#"{"kind":"lose-receipts","percent":30}"#).unwrap();
        assert_eq!(serde_json::to_string(&lose).unwrap(), r#"{"kind":"lose-receipts","percent":30}"#);
        assert!(lose.check().is_ok());
        assert!(Fault { kind: Kind::Errors { percent: 101 }, resource: None }.check().is_err());
    }

    #[test]
    fn a_fault_of_one_resource_spares_the_other_and_health() {
        let fault = Fault { kind: Kind::Down, resource: Some(Resource::Messages) };
        assert!(fault.hits(Target::Events) && fault.hits(Target::Of(Resource::Messages)));
        assert!(!fault.hits(Target::Of(Resource::Accounts)) && !fault.hits(Target::Other));
        let all = Fault { kind: Kind::Down, resource: None };
        assert!(all.hits(Target::Other) && !all.hits(Target::Spared));
    }
}
