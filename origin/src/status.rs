//! Tells the edge how it is with accounts and messages (STATUS-1): the newest status alone, as soon as it changes, until the
//! edge has it. Nothing of it is on disk; after a restart it begins anew.

use std::sync::Arc;
use std::time::Duration;

use shared::event::{Event, Outcome, Resource, ResourceStatus, Status};
use tokio::time::sleep;

use crate::carrier::{self, Unanswered};
use crate::connections::Stop;
use crate::outbox::{MAX_ASKED_MS, fresh_id};
use crate::server::Origin;

/// Tells until `stop`. Without a capacity there is no line to speak of.
pub async fn tell(origin: Arc<Origin>, client: reqwest::Client, mut stop: Stop) {
    if !origin.database.is_limited() {
        return;
    }
    tokio::select! {
        () = stop.stopped() => {}
        () = keep_telling(&origin, &client) => {}
    }
}

async fn keep_telling(origin: &Origin, client: &reqwest::Client) {
    // What the edge believes, where that is known.
    let (mut told, mut failures) = (None, 0_u32);
    loop {
        origin.database.until_status_differs(told).await;
        origin.faults.until_it_may_send().await;
        match post(origin, client).await {
            Ok(status) => (told, failures) = (Some(status), 0),
            Err(unanswered) => {
                // The edge may have taken it all the same, so that even the former status would be news to it.
                told = None;
                let asked = Duration::from_millis(unanswered.asked_ms.min(MAX_ASKED_MS));
                tracing::warn!(why = unanswered.why, "the edge has not taken a status");
                sleep(origin.pace.wait(failures).max(asked)).await;
                failures = failures.saturating_add(1);
            }
        }
    }
}

/// Both resources at once: they wait in one line.
async fn post(origin: &Origin, client: &reqwest::Client) -> Result<Status, Unanswered> {
    let standing = origin.database.standing();
    let event = |resource| {
        let (status, output) = (standing.status, standing.to_string());
        Event::status(fresh_id("status"), ResourceStatus { resource, status, output })
    };
    let events = [event(Resource::Accounts), event(Resource::Messages)];
    let body = serde_json::to_string(&events).unwrap_or_default();
    let receipts = carrier::post(origin, client, &fresh_id("batch"), body).await?;
    // An edge that does not know the type refuses it for good, which is as good as told.
    match receipts.receipts.iter().find(|receipt| receipt.result == Outcome::Later) {
        Some(later) => Err(Unanswered {
            why: format!("later: {}", later.reason),
            asked_ms: later.retry_after_ms.unwrap_or(0),
        }),
        None => Ok(standing.status),
    }
}
