//! What the edge must hear, on disk until it has taken it. Not `shared::outbox`: here the numbers of many
//! conversations are interleaved, and single events may be parked or held while the others go on. A parked reply has
//! used up its n (NACK-2), so those after it go on.

use std::collections::HashSet;
use std::time::Duration;

use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use shared::event::{Body, Event, MAX_BATCH, Outcome, Receipt, Receipts};
use shared::id::SiteId;

use crate::problem::Problem;

/// Events that may wait. More is refused as `outbox-full`: the edge has been away for a long time.
const MAX_WAITING: i64 = 10_000;
/// Half of what the edge takes in one request.
const MAX_BATCH_BYTES: usize = 512 * 1024;

/// A batch in flight. Its id and its body stay the same until it is answered, also over a restart.
pub struct Batch {
    pub webhook_id: String,
    pub events: Vec<Waiting>,
}

pub struct Waiting {
    position: i64,
    id: String,
    site: String,
    conversation: String,
    tries: u32,
    json: String,
}

/// The columns of a [`Waiting`], in the order in which [`Waiting::from_row`] reads them.
const COLUMNS: &str = "position, id, site, conversation, tries, event";

impl Waiting {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Waiting> {
        Ok(Waiting {
            position: row.get(0)?,
            id: row.get(1)?,
            site: row.get(2)?,
            conversation: row.get(3)?,
            tries: row.get(4)?,
            json: row.get(5)?,
        })
    }

    /// Two conversations of one batch may use the same id; then the receipt names its source.
    fn is_meant_by(&self, receipt: &Receipt) -> bool {
        let source = match self.conversation.as_str() {
            "" => format!("/sites/{}", self.site),
            conversation => format!("/sites/{}/conversations/{conversation}", self.site),
        };
        receipt.id == self.id && (receipt.source.is_empty() || receipt.source == source)
    }
}

impl Batch {
    pub fn body(&self) -> String {
        let events: Vec<_> = self.events.iter().map(|event| event.json.as_str()).collect();
        format!("[{}]", events.join(","))
    }
}

pub fn push(tx: &Transaction<'_>, event: &Event) -> Result<(), Problem> {
    let (site, conversation, n) = match &event.body {
        Body::Reply(reply) => (&reply.site, reply.conversation.as_str(), reply.n),
        Body::SiteChanged { site, version } => {
            // The edge fetches the newest settings anyway: one notice that waits is enough.
            let older = "DELETE FROM outbox WHERE site = ?1 AND conversation = '' AND state = 'waiting' AND batch IS NULL";
            tx.execute(older, [site.as_str()])?;
            (site, "", *version)
        }
        Body::Message(_) | Body::Forgotten(_) | Body::Status(_) | Body::Probe {} | Body::Unknown => {
            unreachable!("these never leave the origin this way")
        }
    };
    if waiting(tx)? >= MAX_WAITING {
        let detail =
            "Too much waits for the edge already. See whether --edge names the edge and whether it answers.";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "outbox-full", detail).retry_after(30));
    }
    let json =
        serde_json::to_string(event).map_err(|_| Problem::bad_request("not-an-event", "Not an event."))?;
    let insert = "INSERT INTO outbox (site, conversation, id, n, event) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.execute(insert, params![site.as_str(), conversation, event.id, n, json])?;
    Ok(())
}

pub fn find(db: &Connection, site: &SiteId, conversation: &str, id: &str) -> Result<Option<Event>, Problem> {
    let sql = "SELECT event FROM outbox WHERE site = ?1 AND conversation = ?2 AND id = ?3";
    let json: Option<String> =
        db.query_row(sql, [site.as_str(), conversation, id], |row| row.get(0)).optional()?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}

pub fn waiting(db: &Connection) -> Result<i64, Problem> {
    Ok(db.query_row("SELECT count(*) FROM outbox WHERE state = 'waiting'", [], |row| row.get(0))?)
}

pub fn parked(db: &Connection) -> Result<i64, Problem> {
    Ok(db.query_row("SELECT count(*) FROM outbox WHERE state = 'parked'", [], |row| row.get(0))?)
}

/// The batch that is in flight already, or a new one of the oldest events whose conversation is not held.
pub fn next_batch(tx: &Transaction<'_>, now_ms: u64) -> Result<Option<Batch>, Problem> {
    if let Some(batch) = in_flight(tx)? {
        return Ok(Some(batch));
    }
    let held = "SELECT site, conversation FROM outbox WHERE state = 'waiting' AND held_until_ms > ?1";
    let held: HashSet<(String, String)> = tx
        .prepare_cached(held)?
        .query_map([now_ms], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let oldest = format!("SELECT {COLUMNS} FROM outbox WHERE state = 'waiting' ORDER BY position");
    let mut statement = tx.prepare_cached(&oldest)?;
    let mut rows = statement.query([])?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let event = Waiting::from_row(row)?;
        if held.contains(&(event.site.clone(), event.conversation.clone())) {
            continue;
        }
        bytes += event.json.len();
        if events.len() == MAX_BATCH || (bytes > MAX_BATCH_BYTES && !events.is_empty()) {
            break;
        }
        events.push(event);
    }
    if events.is_empty() {
        return Ok(None);
    }
    let webhook_id = fresh_id("batch");
    let mut mark = tx.prepare_cached("UPDATE outbox SET batch = ?1 WHERE position = ?2")?;
    for event in &events {
        mark.execute(params![webhook_id, event.position])?;
    }
    Ok(Some(Batch { webhook_id, events }))
}

fn in_flight(tx: &Transaction<'_>) -> Result<Option<Batch>, Problem> {
    let sql = format!(
        "SELECT {COLUMNS}, batch FROM outbox WHERE state = 'waiting' AND batch IS NOT NULL ORDER BY position"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut batch: Option<Batch> = None;
    while let Some(row) = rows.next()? {
        let event = Waiting::from_row(row)?;
        let webhook_id = row.get("batch")?;
        batch.get_or_insert_with(|| Batch { webhook_id, events: Vec::new() }).events.push(event);
    }
    Ok(batch)
}

/// Ends the batch: each event is done, parked, or held for its next try.
/// `hold` gives the wait after so many tries; a receipt may ask for more.
pub fn apply(
    tx: &Transaction<'_>,
    batch: &Batch,
    receipts: &Receipts,
    now_ms: u64,
    hold: impl Fn(u32) -> Duration,
) -> Result<(), Problem> {
    for event in &batch.events {
        let receipt = receipts.receipts.iter().find(|receipt| event.is_meant_by(receipt));
        match receipt {
            Some(Receipt { result: Outcome::Accepted | Outcome::Duplicate, .. }) => {
                let done = "UPDATE outbox SET state = 'done', batch = NULL WHERE position = ?1";
                tx.execute(done, [event.position])?;
            }
            Some(Receipt { result: Outcome::Refused, reason, .. }) => {
                tracing::warn!(event = event.id, reason, "the edge refused an event; it is parked");
                let parked =
                    "UPDATE outbox SET state = 'parked', batch = NULL, reason = ?2 WHERE position = ?1";
                tx.execute(parked, params![event.position, reason])?;
            }
            // An event without a receipt was not answered: later as well.
            Some(Receipt { result: Outcome::Later, .. }) | None => {
                let asked = receipt.and_then(|receipt| receipt.retry_after_ms).unwrap_or(0).min(MAX_ASKED_MS);
                let wait = u64::try_from(hold(event.tries).as_millis()).unwrap_or(MAX_ASKED_MS).max(asked);
                let later = "UPDATE outbox SET batch = NULL, tries = tries + 1, held_until_ms = ?2
                    WHERE position = ?1";
                tx.execute(later, params![event.position, now_ms + wait])?;
            }
        }
    }
    Ok(())
}

/// The longest wait that a receipt or a `Retry-After` may ask for: an hour by mistake must not stop the outbox.
pub const MAX_ASKED_MS: u64 = 10 * 60 * 1000;

/// When the first held conversation may be tried again.
pub fn next_due(db: &Connection) -> Result<Option<u64>, Problem> {
    let sql = "SELECT min(held_until_ms) FROM outbox WHERE state = 'waiting'";
    Ok(db.query_row(sql, [], |row| row.get(0))?)
}

/// A random identifier of 128 bits.
pub fn fresh_id(prefix: &str) -> String {
    format!("{prefix}-{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::event::Reply;
    use shared::id::{AgentId, ConversationId, MessageId, WriterId};

    fn database() -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut db).unwrap();
        db
    }

    fn reply(conversation: &str, n: u64) -> Event {
        Event::reply(Reply {
            site: SiteId::parse("demo").unwrap(),
            conversation: ConversationId::parse(conversation).unwrap(),
            id: MessageId::parse(&format!("{conversation}-{n}")).unwrap(),
            writer: WriterId::parse("origin").unwrap(),
            n,
            agent: AgentId::parse("ada").unwrap(),
            name: "Ada".into(),
            text: "hello".into(),
        })
    }

    fn receipts(items: &[(&str, Outcome)]) -> Receipts {
        let receipt = |&(id, result): &(&str, Outcome)| Receipt {
            id: id.into(),
            source: String::new(),
            result,
            reason: "because".into(),
            retry_after_ms: None,
        };
        Receipts { receipts: items.iter().map(receipt).collect() }
    }

    fn ids(batch: Option<Batch>) -> Vec<String> {
        batch.map_or(vec![], |batch| batch.events.into_iter().map(|event| event.id).collect())
    }

    const HOLD: fn(u32) -> Duration = |_| Duration::from_secs(1);

    #[test]
    fn a_batch_keeps_its_id_and_its_events_until_it_is_answered() {
        let mut db = database();
        let tx = db.transaction().unwrap();
        push(&tx, &reply("a", 1)).unwrap();
        let first = next_batch(&tx, 0).unwrap().unwrap();
        push(&tx, &reply("a", 2)).unwrap();
        let again = next_batch(&tx, 0).unwrap().unwrap();
        assert_eq!((&first.webhook_id, first.body()), (&again.webhook_id, again.body()));
        apply(&tx, &again, &receipts(&[("a-1", Outcome::Duplicate)]), 0, HOLD).unwrap();
        let next = next_batch(&tx, 0).unwrap().unwrap();
        assert_ne!(next.webhook_id, first.webhook_id);
        assert_eq!(ids(Some(next)), ["a-2"]);
    }

    #[test]
    fn a_held_event_holds_its_conversation_and_no_other() {
        let mut db = database();
        let tx = db.transaction().unwrap();
        push(&tx, &reply("a", 1)).unwrap();
        let batch = next_batch(&tx, 0).unwrap().unwrap();
        push(&tx, &reply("a", 2)).unwrap();
        push(&tx, &reply("b", 1)).unwrap();
        apply(&tx, &batch, &receipts(&[("a-1", Outcome::Later)]), 0, HOLD).unwrap();
        let batch = next_batch(&tx, 999).unwrap().unwrap();
        apply(&tx, &batch, &receipts(&[("b-1", Outcome::Accepted)]), 999, HOLD).unwrap();
        assert_eq!(ids(Some(batch)), ["b-1"]);
        assert_eq!(ids(next_batch(&tx, 999).unwrap()), [""; 0]);
        assert_eq!(ids(next_batch(&tx, 1_000).unwrap()), ["a-1", "a-2"]);
    }

    #[test]
    fn a_refused_event_is_parked_with_its_reason_and_one_without_receipt_is_tried_again() {
        let mut db = database();
        let tx = db.transaction().unwrap();
        push(&tx, &reply("a", 1)).unwrap();
        push(&tx, &reply("b", 1)).unwrap();
        let batch = next_batch(&tx, 0).unwrap().unwrap();
        apply(&tx, &batch, &receipts(&[("a-1", Outcome::Refused)]), 0, HOLD).unwrap();
        assert_eq!((parked(&tx).unwrap(), waiting(&tx).unwrap()), (1, 1));
        let reason: String =
            tx.query_row("SELECT reason FROM outbox WHERE state = 'parked'", [], |row| row.get(0)).unwrap();
        assert_eq!(reason, "because");
        assert_eq!(ids(next_batch(&tx, 5_000).unwrap()), ["b-1"]);
    }

    #[test]
    fn only_the_newest_change_of_a_site_waits() {
        let mut db = database();
        let tx = db.transaction().unwrap();
        for version in 1..=3 {
            let site = SiteId::parse("demo").unwrap();
            push(&tx, &Event::site_changed(format!("change-{version}"), site, version)).unwrap();
        }
        assert_eq!(ids(next_batch(&tx, 0).unwrap()), ["change-3"]);
    }
}
