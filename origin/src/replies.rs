//! `POST /sites/{site}/conversations/{id}/replies`: a reply written in the origin. It goes to the edge by the outbox,
//! and enters the ledger only when the edge's event brings its seq.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use shared::event::{Body, Event, Reply};
use shared::id::{AgentId, ConversationId, MessageId, SiteId, WriterId};

use crate::bearer::Admin;
use crate::cost::Work;
use crate::input::{self, JsonBody, Params};
use crate::outbox;
use crate::problem::Problem;
use crate::server::Origin;
use crate::sites;

#[derive(Deserialize)]
pub struct Draft {
    agent: AgentId,
    text: String,
    /// Made here when missing; a reply posted twice under one id is one reply.
    id: Option<MessageId>,
}

#[derive(Serialize)]
pub struct Numbered {
    id: MessageId,
    n: u64,
}

pub async fn post(
    _: Admin,
    State(origin): State<Arc<Origin>>,
    Params((site, conversation)): Params<(String, String)>,
    JsonBody(draft): JsonBody<Draft>,
) -> Result<(StatusCode, Json<Numbered>), Problem> {
    let site = SiteId::parse(&site).ok_or_else(|| Problem::unknown_site(&site))?;
    let conversation = ConversationId::parse(&conversation).ok_or_else(unknown_conversation)?;
    input::check_text(&draft.text)?;
    check_name(draft.id.as_ref())?;
    origin.work(Work::Reply).await?;
    let writer = origin.writer.clone();
    let numbered = origin.store.write(move |tx| write(tx, site, conversation, draft, writer)).await?;
    origin.news.notify_one();
    Ok((StatusCode::ACCEPTED, Json(numbered)))
}

/// NAME-1: the edge refuses it, and nobody waits for that.
fn check_name(id: Option<&MessageId>) -> Result<(), Problem> {
    let number = id.and_then(|id| id.as_str().rsplit_once('.')).map(|(_, number)| number);
    if number.is_some_and(|number| number.parse::<u64>().is_ok()) {
        let detail =
            "Ids that end in a dot and a number are those of pages. Leave the id out, or make another one.";
        return Err(Problem::bad_request("misnamed", detail));
    }
    Ok(())
}

fn write(
    tx: &Transaction<'_>,
    site: SiteId,
    conversation: ConversationId,
    draft: Draft,
    writer: WriterId,
) -> Result<Numbered, Problem> {
    let account = sites::account_of(tx, site.as_str())?;
    let name = agent_name(tx, &site, &account, &draft.agent)?;
    let id = draft.id.unwrap_or_else(|| MessageId::parse(&outbox::fresh_id("r")).unwrap_or_default());
    if let Some(earlier) = outbox::find(tx, &site, conversation.as_str(), id.as_str())? {
        return match earlier.body {
            Body::Reply(reply) if reply.text == draft.text && reply.agent == draft.agent => {
                Ok(Numbered { id, n: reply.n })
            }
            _ => {
                let detail =
                    "Another reply of this conversation has this id. Leave the id out, or make a new one.";
                Err(Problem::new(StatusCode::CONFLICT, "id-taken", detail))
            }
        };
    }
    let n = next_n(tx, &site, &conversation)?.ok_or_else(unknown_conversation)?;
    let (agent, text) = (draft.agent, draft.text);
    let reply = Reply { site, conversation, id: id.clone(), writer, n, agent, name, text };
    outbox::push(tx, &Event::reply(reply))?;
    Ok(Numbered { id, n })
}

pub fn agent_name(
    tx: &Transaction<'_>,
    site: &SiteId,
    account: &str,
    agent: &AgentId,
) -> Result<String, Problem> {
    let sql = "SELECT name FROM agents JOIN site_agents ON site_agents.agent = agents.id
        WHERE site_agents.site = ?1 AND agents.account = ?2 AND agents.id = ?3";
    let row = params![site.as_str(), account, agent.as_str()];
    tx.query_row(sql, row, |row| row.get(0)).optional()?.ok_or_else(|| {
        let detail = format!("No agent {agent} answers for this site. Add the agent to the site first.");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-agent", detail)
    })
}

/// Takes the next number of the conversation; nothing where the origin does not know it.
fn next_n(
    tx: &Transaction<'_>,
    site: &SiteId,
    conversation: &ConversationId,
) -> Result<Option<u64>, Problem> {
    let sql = "UPDATE conversations SET last_n = last_n + 1 WHERE site = ?1 AND id = ?2 RETURNING last_n";
    Ok(tx.query_row(sql, [site.as_str(), conversation.as_str()], |row| row.get(0)).optional()?)
}

fn unknown_conversation() -> Problem {
    let detail = "The ledger has no message of this conversation. Reply once its first message has arrived.";
    Problem::new(StatusCode::NOT_FOUND, "unknown-conversation", detail)
}
