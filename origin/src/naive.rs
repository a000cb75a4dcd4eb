//! A chat as most build it, to compare with: the visitor's page asks the origin itself (`/naive/{chat}/…`). Only with
//! `origin demo`. It is an honest one: it stands in the same line, stores with the same care and recognises a message
//! that is sent again. What it lacks is a place to wait while the origin is away.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::routing::post as posted;
use axum::{Json, Router};
use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};
use shared::event::Stored;
use shared::id::{AgentId, ConversationId, Epoch, MessageId, SiteId};
use shared::message::Author;

use crate::bearer::Admin;
use crate::cost::Work;
use crate::input::{self, JsonBody, Params};
use crate::ledger;
use crate::page::{self, NoOtherPage};
use crate::problem::Problem;
use crate::replies;
use crate::server::Origin;

/// Its messages stand in the ledger under this site, whose account is the demonstration's. The edge never hears of it.
const SITE: &str = "naive-chat";
/// Messages of all naive chats together; the oldest go first. A demonstration needs no archive.
const MAX_KEPT: i64 = 1_000;
/// Messages in one answer.
const MAX_LISTED: i64 = 200;

pub fn routes(router: Router<Arc<Origin>>) -> Router<Arc<Origin>> {
    router
        .route("/naive/{chat}/messages", get(messages).post(post))
        .route("/naive/{chat}/replies", posted(reply).options(page::preflight))
}

/// `id` is made by the page, so that a message sent again is one message.
#[derive(Deserialize)]
pub struct Draft {
    id: MessageId,
    text: String,
}

#[derive(Deserialize)]
pub struct Answer {
    agent: AgentId,
    #[serde(flatten)]
    draft: Draft,
}

#[derive(Serialize)]
pub struct Kept {
    id: MessageId,
}

/// `POST /naive/{chat}/messages`, by a visitor's page. Whatever its content type says, so that a browser asks once and
/// not twice.
async fn post(
    _: NoOtherPage,
    State(origin): State<Arc<Origin>>,
    Params(chat): Params<String>,
    JsonBody(draft): JsonBody<Draft>,
) -> Result<Json<Kept>, Problem> {
    keep(&origin, &chat, draft, None).await
}

/// `POST /naive/{chat}/replies`, by whoever plays the agent.
async fn reply(
    _: Admin,
    State(origin): State<Arc<Origin>>,
    Params(chat): Params<String>,
    JsonBody(Answer { agent, draft }): JsonBody<Answer>,
) -> Result<Json<Kept>, Problem> {
    keep(&origin, &chat, draft, Some(agent)).await
}

async fn keep(
    origin: &Origin,
    chat: &str,
    draft: Draft,
    agent: Option<AgentId>,
) -> Result<Json<Kept>, Problem> {
    let chat = named(chat)?;
    input::check_text(&draft.text)?;
    origin.work(Work::Batch { stored: 1, seen: 0 }).await?;
    origin.store.write(move |tx| store(tx, chat, draft, agent)).await.map(Json)
}

fn named(chat: &str) -> Result<ConversationId, Problem> {
    let detail = "A chat's name has at most 64 letters, digits and - _ . : in it.";
    ConversationId::parse(chat).ok_or_else(|| Problem::bad_request("bad-chat", detail))
}

fn store(
    tx: &Transaction<'_>,
    chat: ConversationId,
    draft: Draft,
    agent: Option<AgentId>,
) -> Result<Kept, Problem> {
    // Written here and not by a save: the edge would be told of a new site.
    let site =
        "INSERT INTO sites (id, account, name) VALUES (?1, 'demo', 'A naive chat') ON CONFLICT DO NOTHING";
    tx.execute(site, [SITE])?;
    let demo = SiteId::parse("demo").unwrap_or_default();
    let name = match &agent {
        Some(agent) => replies::agent_name(tx, &demo, "demo", agent)?,
        None => String::new(),
    };
    let seq = "SELECT coalesce(max(seq), 0) + 1 FROM messages WHERE site = ?1 AND conversation = ?2";
    let stored = Stored {
        site: SiteId::parse(SITE).unwrap_or_default(),
        seq: tx.query_row(seq, [SITE, chat.as_str()], |row| row.get(0))?,
        conversation: chat,
        epoch: Epoch(1),
        author: agent.map_or(Author::Visitor, Author::Agent),
        name,
        text: draft.text,
        at_ms: crate::now_ms(),
    };
    // Taken before or taken now: the same to whoever sends.
    ledger::accept(tx, draft.id.as_str(), &stored)?;
    forget_the_oldest(tx)?;
    Ok(Kept { id: draft.id })
}

fn forget_the_oldest(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let messages = "DELETE FROM messages WHERE site = ?1 AND position <=
        (SELECT position FROM messages WHERE site = ?1 ORDER BY position DESC LIMIT 1 OFFSET ?2)";
    if tx.execute(messages, params![SITE, MAX_KEPT])? > 0 {
        let empty = "DELETE FROM conversations WHERE site = ?1 AND NOT EXISTS (SELECT 1 FROM messages
            WHERE messages.site = conversations.site AND messages.conversation = conversations.id)";
        tx.execute(empty, [SITE])?;
    }
    Ok(())
}

#[derive(Deserialize)]
pub struct Since {
    /// Messages with a greater position.
    #[serde(default)]
    after: i64,
}

#[derive(Serialize)]
pub struct Entry {
    position: u64,
    id: String,
    author: String,
    name: String,
    text: String,
    at_ms: u64,
}

/// `GET /naive/{chat}/messages?after=`, by a page that asks again and again. A chat in which nothing was said is empty.
async fn messages(
    _: NoOtherPage,
    State(origin): State<Arc<Origin>>,
    Params(chat): Params<String>,
    since: Result<Query<Since>, QueryRejection>,
) -> Result<Json<Vec<Entry>>, Problem> {
    let chat = named(&chat)?;
    let Ok(Query(since)) = since else {
        return Err(Problem::bad_request("bad-query", "`after` is a whole number."));
    };
    origin.work(Work::Batch { stored: 0, seen: 1 }).await?;
    Ok(Json(origin.store.read(move |db| Ok(list(db, &chat, since.after)?)).await?))
}

fn list(db: &Connection, chat: &ConversationId, after: i64) -> rusqlite::Result<Vec<Entry>> {
    let sql = "SELECT position, id, author, name, text, at_ms FROM messages
        WHERE site = ?1 AND conversation = ?2 AND position > ?3 ORDER BY position LIMIT ?4";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![SITE, chat.as_str(), after, MAX_LISTED], |row| {
        Ok(Entry {
            position: row.get(0)?,
            id: row.get(1)?,
            author: row.get(2)?,
            name: row.get(3)?,
            text: row.get(4)?,
            at_ms: row.get(5)?,
        })
    })?;
    rows.collect()
}
