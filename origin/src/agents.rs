//! Agents log in and renew: `POST /sites/{site}/agents/login` and `…/renew`. The answer is a token that the edge can
//! check by itself for 12 hours.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use shared::event::AgentClaims;
use shared::id::AgentId;

use crate::bearer::bearer;
use crate::cost::Work;
use crate::input::{JsonBody, Params};
use crate::keys::{BadToken, LIFE_S};
use crate::now_ms;
use crate::problem::Problem;
use crate::roster;
use crate::server::Origin;
use crate::sites;

#[derive(Deserialize)]
pub struct Credentials {
    email: String,
    password: String,
}

#[derive(Serialize)]
pub struct LoggedIn {
    token: String,
    /// Seconds since 1970, as the token's `exp`.
    expires_at: u64,
    agent: Agent,
}

#[derive(Clone, Serialize)]
struct Agent {
    id: AgentId,
    name: String,
    email: String,
}

/// An agent as stored.
struct Row {
    agent: Agent,
    account: String,
    hash: String,
}

pub async fn login(
    State(origin): State<Arc<Origin>>,
    Params(site): Params<String>,
    JsonBody(credentials): JsonBody<Credentials>,
) -> Result<impl IntoResponse, Problem> {
    let name = site.clone();
    let account = origin.store.read(move |db| sites::account_of(db, &name)).await?;
    origin.work(Work::Login(account.clone())).await?;
    let email = roster::normal_email(&credentials.email);
    let address = email.clone();
    let row = origin.store.read(move |db| find(db, &account, "email", &address)).await?;
    // A site and an address: one customer's flood of guesses must not lock out another's agent.
    let guess = format!("{site} {email}");
    origin.guesses().attempt(&guess, now_ms()).map_err(|wait_ms| {
        let seconds = wait_ms.div_ceil(1000);
        let detail = format!("Too many wrong passwords for this address. Try again in {seconds} s.");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-tries", detail).retry_after(seconds)
    })?;
    // An unknown address costs the same work, and counts as a guess as well.
    let hash = row.as_ref().map(|row| row.hash.clone());
    let fits = origin.passwords.fits(credentials.password, hash).await;
    let fits = fits.inspect_err(|_| origin.guesses().undecided(&guess))?;
    let Some(row) = row.filter(|_| fits) else {
        return Err(Problem::unauthorized("wrong-credentials", "E-mail or password is wrong."));
    };
    origin.guesses().succeeded(&guess);
    issue(&origin, &site, row).await
}

pub async fn renew(
    State(origin): State<Arc<Origin>>,
    Params(site): Params<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let token = bearer(&headers).ok_or_else(bad_token)?;
    let claims = origin.keys.verify(token, now_ms() / 1000).map_err(|bad| match bad {
        BadToken::Forged => bad_token(),
        BadToken::Expired => Problem::unauthorized("token-expired", "The token has expired. Log in again."),
    })?;
    origin.work(Work::Renew(claims.account.clone())).await?;
    let name = site.clone();
    let row = origin.store.read(move |db| {
        let account = sites::account_of(db, &name)?;
        if account != claims.account { Ok(None) } else { find(db, &account, "id", claims.sub.as_str()) }
    });
    let row = row.await?.ok_or_else(not_of_this_site)?;
    issue(&origin, &site, row).await
}

async fn issue(origin: &Origin, site: &str, row: Row) -> Result<impl IntoResponse + use<>, Problem> {
    let Row { agent, account, .. } = row;
    let (owner, id) = (account.clone(), agent.id.clone());
    let sites = origin.store.read(move |db| roster::sites_of(db, &owner, id.as_str())).await?;
    if !sites.iter().any(|one| one.as_str() == site) {
        return Err(not_of_this_site());
    }
    let iat = now_ms() / 1000;
    let exp = iat + LIFE_S;
    let claims = AgentClaims { sub: agent.id.clone(), name: agent.name.clone(), account, sites, iat, exp };
    let token = origin.keys.sign(&claims);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(LoggedIn { token, expires_at: exp, agent })))
}

fn find(db: &Connection, account: &str, column: &'static str, value: &str) -> Result<Option<Row>, Problem> {
    let sql =
        format!("SELECT id, name, email, password_hash FROM agents WHERE account = ?1 AND {column} = ?2");
    let row = db.prepare_cached(&sql)?.query_row([account, value], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    });
    Ok(row.optional()?.and_then(|(id, name, email, hash)| {
        let agent = Agent { id: AgentId::parse(&id)?, name, email };
        Some(Row { agent, account: account.to_owned(), hash })
    }))
}

fn bad_token() -> Problem {
    Problem::unauthorized("bad-token", "Send the token of a login: Authorization: Bearer …, or log in again.")
}

fn not_of_this_site() -> Problem {
    Problem::forbidden(
        "not-of-this-site",
        "The agent does not answer for this site. Add the agent to the site.",
    )
}
