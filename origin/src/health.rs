//! `GET /health`: what the origin says about itself, per resource, as `application/health+json`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use shared::event::{Resource, Status};
use tokio::time::timeout;

use crate::faults::Kind;
use crate::outbox;
use crate::problem::Problem;
use crate::server::Origin;

/// Both ways into the data folder answer within a millisecond when nothing is wrong.
const DEADLINE: Duration = Duration::from_secs(1);
/// A few waiting events are ordinary; so many mean that the edge takes nothing.
const MANY_WAITING: i64 = 100;

pub async fn get(State(origin): State<Arc<Origin>>) -> impl IntoResponse {
    let (accounts, messages) = tokio::join!(accounts(&origin), messages(&origin));
    let (accounts, messages) =
        (in_line(&origin, Resource::Accounts, accounts), in_line(&origin, Resource::Messages, messages));
    let status = overall(accounts.0, messages.0);
    let body = json!({
        "status": status,
        "description": "Seawall's reference origin",
        "checks": {"accounts": accounts.1, "messages": messages.1},
    });
    let code = if status == Status::Fail { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let headers = [(header::CONTENT_TYPE, "application/health+json"), (header::CACHE_CONTROL, "no-store")];
    (code, headers, body.to_string())
}

/// Puts the line beside what is known of the resource otherwise. The first check has the status of the whole resource.
fn in_line(
    origin: &Origin,
    resource: Resource,
    (status, mut check): (Status, Value),
) -> (Status, Vec<Value>) {
    if !origin.database.is_limited() {
        return (status, vec![check]);
    }
    let standing = origin.database.standing();
    let status = status.max(standing.status);
    check["status"] = json!(status);
    let line = json!({
        "componentId": "line", "componentType": "datastore", "status": standing.status,
        "observedValue": standing.wait_ms, "observedUnit": "ms",
        "own_work_ms": standing.work_ms(resource), "output": standing.to_string(),
    });
    (status, vec![check, line])
}

/// An origin that still does half of its work has not failed.
fn overall(accounts: Status, messages: Status) -> Status {
    if accounts == messages { accounts } else { Status::Warn }
}

async fn accounts(origin: &Origin) -> (Status, Value) {
    let sites = timeout(
        DEADLINE,
        origin
            .store
            .read(|db| Ok(db.query_row("SELECT count(*) FROM sites", [], |row| row.get::<_, i64>(0))?)),
    );
    let (status, sites) = judge(sites.await);
    let status = status.max(faulted(origin.faults.of(Resource::Accounts)));
    let check = json!({
        "componentType": "datastore", "status": status, "observedValue": sites, "observedUnit": "sites",
    });
    (status, check)
}

async fn messages(origin: &Origin) -> (Status, Value) {
    // Through the writer: its queue is what an event waits in.
    let waiting = timeout(DEADLINE, origin.store.write(|tx| outbox::waiting(tx)));
    let (mut status, waiting) = judge(waiting.await);
    if waiting.is_some_and(|waiting| waiting >= MANY_WAITING) {
        status = status.max(Status::Warn);
    }
    if origin.store.write_failed() {
        status = Status::Fail;
    }
    let status = status.max(faulted(origin.faults.of(Resource::Messages)));
    let parked = origin.store.read(outbox::parked).await.ok();
    let check = json!({
        "componentType": "datastore", "status": status, "observedValue": waiting,
        "observedUnit": "events waiting for the edge", "parked": parked,
    });
    (status, check)
}

fn judge<T, E>(answer: Result<Result<T, Problem>, E>) -> (Status, Option<T>) {
    match answer {
        Ok(Ok(value)) => (Status::Pass, Some(value)),
        Ok(Err(_)) | Err(_) => (Status::Fail, None),
    }
}

/// What a fault on request does to the resource.
fn faulted(kind: Kind) -> Status {
    match kind {
        Kind::None => Status::Pass,
        Kind::Slow { .. } | Kind::LoseReceipts { .. } | Kind::OverSave => Status::Warn,
        Kind::Errors { percent } if percent < 50 => Status::Warn,
        Kind::Errors { .. } | Kind::Down | Kind::Hang | Kind::Garbage => Status::Fail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_that_does_half_of_its_work_warns() {
        assert_eq!(overall(Status::Pass, Status::Pass), Status::Pass);
        assert_eq!(overall(Status::Fail, Status::Pass), Status::Warn);
        assert_eq!(overall(Status::Pass, Status::Warn), Status::Warn);
        assert_eq!(overall(Status::Fail, Status::Fail), Status::Fail);
    }
}
