//! The ledger: every message that the edge has brought, in the order of acceptance, each once.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use shared::event::{Forgotten, Stored};

use crate::bearer::Admin;
use crate::input::Params;
use crate::problem::Problem;
use crate::server::Origin;
use crate::sites;

pub enum Taken {
    Accepted,
    /// The ledger has it: (site, conversation, id) names a message for good, under any epoch.
    Duplicate,
    UnknownSite,
}

pub fn accept(tx: &Transaction<'_>, id: &str, stored: &Stored) -> Result<Taken, Problem> {
    let (site, conversation) = (stored.site.as_str(), stored.conversation.as_str());
    let known = "SELECT 1 FROM sites WHERE id = ?1";
    if tx.prepare_cached(known)?.query_row([site], |_| Ok(())).optional()?.is_none() {
        return Ok(Taken::UnknownSite);
    }
    // FORGET-3: a batch that was under way when its conversation was forgotten. Taken, and kept nowhere.
    let forgotten = "SELECT 1 FROM forgotten WHERE site = ?1 AND conversation = ?2 AND epoch >= ?3";
    let row = params![site, conversation, stored.epoch.0];
    if tx.prepare_cached(forgotten)?.query_row(row, |_| Ok(())).optional()?.is_some() {
        return Ok(Taken::Duplicate);
    }
    let first = "INSERT INTO conversations (site, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    tx.prepare_cached(first)?.execute([site, conversation])?;
    let insert = "INSERT INTO messages (site, conversation, id, epoch, seq, author, name, text, at_ms)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
    let author = stored.author.to_string();
    let row = params![
        site,
        conversation,
        id,
        stored.epoch.0,
        stored.seq,
        author,
        stored.name,
        stored.text,
        stored.at_ms
    ];
    let inserted = tx.prepare_cached(insert)?.execute(row)?;
    Ok(if inserted == 1 { Taken::Accepted } else { Taken::Duplicate })
}

/// Erases a conversation with everything that was said in it, replies on their way included; false where it was
/// erased before.
pub fn forget(tx: &Transaction<'_>, forgotten: &Forgotten) -> Result<bool, Problem> {
    let (site, conversation, epoch) =
        (forgotten.site.as_str(), forgotten.conversation.as_str(), forgotten.epoch.0);
    let remember = "INSERT INTO forgotten (site, conversation, epoch) VALUES (?1, ?2, ?3)
        ON CONFLICT DO UPDATE SET epoch = excluded.epoch WHERE excluded.epoch > forgotten.epoch";
    let new = tx.prepare_cached(remember)?.execute(params![site, conversation, epoch])? == 1;
    if new {
        let row = params![site, conversation];
        tx.execute("DELETE FROM messages WHERE site = ?1 AND conversation = ?2", row)?;
        tx.execute("DELETE FROM outbox WHERE site = ?1 AND conversation = ?2", row)?;
        tx.execute("DELETE FROM conversations WHERE site = ?1 AND id = ?2", row)?;
    }
    Ok(new)
}

#[derive(Serialize)]
pub struct Entry {
    /// The acceptance number, over all sites: grows, with gaps where other sites wrote.
    position: u64,
    id: String,
    conversation: String,
    epoch: u64,
    seq: u64,
    author: String,
    name: String,
    text: String,
    at_ms: u64,
}

#[derive(Deserialize)]
pub struct Page {
    /// Entries with a greater position.
    #[serde(default)]
    after: i64,
    #[serde(default = "default_limit")]
    limit: i64,
}

fn default_limit() -> i64 {
    100
}

/// Entries in one answer, at most.
const MAX_LIMIT: i64 = 1_000;

/// `GET /ledger/{site}/messages?after=&limit=`
pub async fn messages(
    _: Admin,
    State(origin): State<Arc<Origin>>,
    Params(site): Params<String>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Vec<Entry>>, Problem> {
    let Ok(Query(page)) = page else {
        return Err(Problem::bad_request("bad-query", "`after` and `limit` are whole numbers."));
    };
    let entries = origin.store.read(move |db| {
        sites::account_of(db, &site)?;
        Ok(read(db, &site, page.after, page.limit.clamp(0, MAX_LIMIT))?)
    });
    Ok(Json(entries.await?))
}

fn read(db: &Connection, site: &str, after: i64, limit: i64) -> rusqlite::Result<Vec<Entry>> {
    let sql = "SELECT position, id, conversation, epoch, seq, author, name, text, at_ms FROM messages
        WHERE site = ?1 AND position > ?2 ORDER BY position LIMIT ?3";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![site, after, limit], |row| {
        Ok(Entry {
            position: row.get(0)?,
            id: row.get(1)?,
            conversation: row.get(2)?,
            epoch: row.get(3)?,
            seq: row.get(4)?,
            author: row.get(5)?,
            name: row.get(6)?,
            text: row.get(7)?,
            at_ms: row.get(8)?,
        })
    })?;
    rows.collect()
}
