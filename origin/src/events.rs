//! `POST /events`: what the edge has stored comes in here, in signed batches. Each event is judged on its own and
//! gets its receipt; what is accepted is on the disk before the receipt leaves.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use shared::event::{BATCH_TYPE, Body, Event, Forgotten, MAX_BATCH, Outcome, Receipt, Receipts};
use shared::limits::MAX_TEXT_CHARS;

use crate::cost::Work;
use crate::ledger::{self, Taken};
use crate::problem::Problem;
use crate::server::Origin;
use crate::signed::Signed;

pub async fn post(State(origin): State<Arc<Origin>>, request: Signed) -> Result<Json<Receipts>, Problem> {
    let items = parse(&request)?;
    let judged: Vec<_> = items.iter().map(judge).collect();
    origin.work(work(&judged)).await?;
    let receipts = origin.store.write(move |tx| {
        let receipts = judged.into_iter().map(|judged| {
            let (result, reason) = match judged.verdict {
                Verdict::Refused(reason) => (Outcome::Refused, reason),
                Verdict::Probe => (Outcome::Accepted, ""),
                Verdict::Forgotten(forgotten) => match ledger::forget(tx, &forgotten)? {
                    true => (Outcome::Accepted, ""),
                    false => (Outcome::Duplicate, ""),
                },
                Verdict::Message(event) => match ledger::accept(tx, &event.id, &event.stored)? {
                    Taken::Accepted => (Outcome::Accepted, ""),
                    Taken::Duplicate => (Outcome::Duplicate, ""),
                    Taken::UnknownSite => (Outcome::Refused, "unknown-site"),
                },
            };
            Ok(Receipt {
                id: judged.id,
                source: judged.source,
                result,
                reason: reason.into(),
                retry_after_ms: None,
            })
        });
        receipts.collect::<Result<Vec<_>, Problem>>()
    });
    Ok(Json(Receipts { receipts: receipts.await? }))
}

fn work(judged: &[Judged]) -> Work {
    let stored = judged.iter().filter(|judged| judged.verdict.is_stored()).count();
    // A batch has at most 50.
    Work::Batch { stored: stored as u64, seen: (judged.len() - stored) as u64 }
}

/// The batch as separate items: one that is not an event must not take the others with it.
fn parse(request: &Signed) -> Result<Vec<Value>, Problem> {
    if !is_batch(&request.headers) {
        let detail = format!("Send the batch as {BATCH_TYPE}.");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong-media-type", detail));
    }
    let items: Vec<Value> = serde_json::from_slice(&request.body)
        .map_err(|_| Problem::bad_request("not-a-batch", "Send a JSON array of CloudEvents."))?;
    if items.len() > MAX_BATCH {
        let detail = format!("{} events in one batch; send at most {MAX_BATCH}.", items.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-many-events", detail));
    }
    Ok(items)
}

fn is_batch(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    given.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(BATCH_TYPE))
}

struct Judged {
    id: String,
    source: String,
    verdict: Verdict,
}

enum Verdict {
    Message(Box<MessageEvent>),
    Forgotten(Forgotten),
    Probe,
    Refused(&'static str),
}

impl Verdict {
    fn is_stored(&self) -> bool {
        matches!(self, Verdict::Message(_) | Verdict::Forgotten(_))
    }
}

struct MessageEvent {
    id: String,
    stored: shared::event::Stored,
}

/// What can be said of an item without the ledger.
fn judge(item: &Value) -> Judged {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    Judged { id: text("id"), source: text("source"), verdict: verdict(item) }
}

fn verdict(item: &Value) -> Verdict {
    // The type is looked at first: an event of a later version may have any shape.
    match item.get("type").and_then(Value::as_str) {
        Some("seawall.message" | "seawall.forgotten" | "seawall.probe") => {}
        Some(_) => return Verdict::Refused("unknown-type"),
        None => return Verdict::Refused("not-an-event"),
    }
    match serde_json::from_value::<Event>(item.clone()) {
        Ok(Event { specversion, .. }) if specversion != "1.0" => Verdict::Refused("not-an-event"),
        Ok(Event { body: Body::Probe {}, .. }) => Verdict::Probe,
        Ok(Event { body: Body::Forgotten(forgotten), source, .. }) => {
            let named = format!("/sites/{}/conversations/{}", forgotten.site, forgotten.conversation);
            match source == named && fit(&[forgotten.epoch.0]) {
                true => Verdict::Forgotten(forgotten),
                false => Verdict::Refused("not-an-event"),
            }
        }
        Ok(Event { body: Body::Message(stored), id, source, .. }) => {
            let named = format!("/sites/{}/conversations/{}", stored.site, stored.conversation);
            let numbers_fit = fit(&[stored.epoch.0, stored.seq, stored.at_ms]);
            if !shared::id::is_valid(&id) || source != named || stored.seq == 0 || !numbers_fit {
                Verdict::Refused("not-an-event")
            } else if stored.text.chars().count() > MAX_TEXT_CHARS {
                Verdict::Refused("text-too-long")
            } else {
                Verdict::Message(Box::new(MessageEvent { id, stored }))
            }
        }
        Ok(_) | Err(_) => Verdict::Refused("not-an-event"),
    }
}

/// SQLite's numbers are signed.
fn fit(numbers: &[u64]) -> bool {
    numbers.iter().all(|&number| i64::try_from(number).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reason(item: Value) -> &'static str {
        match judge(&item).verdict {
            Verdict::Message(_) => "a message",
            Verdict::Forgotten(_) => "a wish to be forgotten",
            Verdict::Probe => "a probe",
            Verdict::Refused(reason) => reason,
        }
    }

    fn message() -> Value {
        json!({"specversion": "1.0", "id": "m1", "source": "/sites/demo/conversations/c1", "type": "seawall.message",
            "time": "of a later version", "data": {"site": "demo", "conversation": "c1", "epoch": 1, "seq": 1,
            "author": "visitor", "text": "hello", "at_ms": 1, "mood": "of a later version"}})
    }

    fn with(path: &str, value: Value) -> Value {
        let mut item = message();
        *item.pointer_mut(path).unwrap() = value;
        item
    }

    #[test]
    fn an_event_may_carry_more_than_we_know() {
        assert_eq!(reason(message()), "a message");
        let probe = json!({"specversion": "1.0", "id": "p", "source": "/probes", "type": "seawall.probe", "data": {}});
        assert_eq!(reason(probe), "a probe");
        let wish = |source: &str, epoch: u64| {
            reason(json!({"specversion": "1.0", "id": "f", "source": source, "type": "seawall.forgotten",
                "data": {"site": "demo", "conversation": "c1", "epoch": epoch}}))
        };
        assert_eq!(wish("/sites/demo/conversations/c1", 7), "a wish to be forgotten");
        assert_eq!(wish("/sites/demo/conversations/c2", 7), "not-an-event");
        assert_eq!(wish("/sites/demo/conversations/c1", u64::MAX), "not-an-event");
    }

    #[test]
    fn what_is_not_an_event_is_refused_with_its_reason() {
        assert_eq!(reason(json!(1)), "not-an-event");
        assert_eq!(reason(json!({})), "not-an-event");
        assert_eq!(reason(with("/type", json!("seawall.tomorrow"))), "unknown-type");
        assert_eq!(reason(with("/specversion", json!("2.0"))), "not-an-event");
        assert_eq!(reason(with("/source", json!("/sites/other/conversations/c1"))), "not-an-event");
        assert_eq!(reason(with("/id", json!("not an id"))), "not-an-event");
        assert_eq!(reason(with("/data", json!(null))), "not-an-event");
        assert_eq!(reason(with("/data/author", json!("somebody"))), "not-an-event");
        assert_eq!(reason(with("/data/seq", json!(0))), "not-an-event");
        assert_eq!(reason(with("/data/seq", json!(u64::MAX))), "not-an-event");
        assert_eq!(reason(with("/data/text", json!("ä".repeat(4_000)))), "a message");
        assert_eq!(reason(with("/data/text", json!("ä".repeat(4_001)))), "text-too-long");
    }
}
