//! Which agents of a site are connected, as the edge tells it (`PUT /sites/{site}/connected`, CONNECTED-1) and administrators
//! read it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shared::event::ConnectedAgents;

use crate::bearer::Admin;
use crate::cost::Work;
use crate::input::{Params, from_json};
use crate::problem::Problem;
use crate::server::Origin;
use crate::signed::Signed;
use crate::sites::account_of;

/// A word that is older than the one we have changes nothing and is taken all the same: the edge has said more since.
pub async fn put(
    State(origin): State<Arc<Origin>>,
    Params(site): Params<String>,
    signed: Signed,
) -> Result<StatusCode, Problem> {
    let said: ConnectedAgents = from_json(&signed.body)?;
    let name = site.clone();
    let account = origin.store.read(move |db| account_of(db, &name)).await?;
    origin.work(Work::Save(account)).await?;
    origin.store.write(move |tx| write(tx, &site, &said)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn get(
    _: Admin,
    State(origin): State<Arc<Origin>>,
    Params(site): Params<String>,
) -> Result<Json<ConnectedAgents>, Problem> {
    Ok(Json(origin.store.read(move |db| read(db, &site)).await?))
}

fn write(tx: &Transaction<'_>, site: &str, said: &ConnectedAgents) -> Result<(), Problem> {
    let agents = serde_json::json!(said.agents).to_string();
    let sql = "INSERT INTO connected (site, agents, at_ms) VALUES (?1, ?2, ?3)
        ON CONFLICT (site) DO UPDATE SET agents = excluded.agents, at_ms = excluded.at_ms
        WHERE excluded.at_ms >= connected.at_ms";
    tx.execute(sql, params![site, agents, said.at_ms])?;
    Ok(())
}

/// Nobody, of a site of which the edge has said nothing.
fn read(db: &Connection, site: &str) -> Result<ConnectedAgents, Problem> {
    account_of(db, site)?;
    let mut statement = db.prepare_cached("SELECT agents, at_ms FROM connected WHERE site = ?1")?;
    let row = statement.query_row([site], |row| Ok((row.get::<_, String>(0)?, row.get(1)?))).optional()?;
    let (agents, at_ms) = row.unwrap_or_default();
    Ok(ConnectedAgents { agents: serde_json::from_str(&agents).unwrap_or_default(), at_ms })
}
