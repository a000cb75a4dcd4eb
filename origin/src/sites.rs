//! Sites: what the edge must know about one (`GET /sites/{site}`), and the save that changes it
//! (`PUT /admin/sites/{site}`). A save that changes nothing bumps no version and tells the edge nothing.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Deserialize;
use shared::event::{Contact, Event, IdentitySecret, RosterGroup, SiteLimits, SiteSettings};
use shared::id::{AgentId, SiteId};

use crate::bearer::Admin;
use crate::cost::Work;
use crate::input::{JsonBody, Params};
use crate::outbox;
use crate::problem::Problem;
use crate::roster;
use crate::server::Origin;
use crate::signed::Signed;

pub async fn get(
    State(origin): State<Arc<Origin>>,
    Params(site): Params<String>,
    _: Signed,
) -> Result<Json<SiteSettings>, Problem> {
    let name = site.clone();
    let account = origin.store.read(move |db| account_of(db, &name)).await?;
    origin.work(Work::Settings(account)).await?;
    let settings =
        origin.store.read(move |db| settings(db, &site)?.ok_or_else(|| Problem::unknown_site(&site)));
    Ok(Json(settings.await?))
}

pub fn settings(db: &Connection, site: &str) -> Result<Option<SiteSettings>, Problem> {
    let sql = "SELECT account, name, embed_origins, version, limits, identity_secrets, contact FROM sites WHERE id = ?1";
    let row = db.prepare_cached(sql)?.query_row([site], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, u64>(3)?,
            row.get::<_, String>(4)?,
            row.get::<_, String>(5)?,
            row.get::<_, String>(6)?,
        ))
    });
    let (Some((account, name, embed_origins, version, limits, secrets, contact)), Some(id)) =
        (row.optional()?, SiteId::parse(site))
    else {
        return Ok(None);
    };
    Ok(Some(SiteSettings {
        site: id,
        version,
        name,
        embed_origins: serde_json::from_str(&embed_origins).unwrap_or_default(),
        agents: roster::agents_of(db, site)?,
        groups: roster::groups_of(db, &account, site)?,
        limits: serde_json::from_str(&limits).unwrap_or_default(),
        identity_secrets: serde_json::from_str(&secrets).unwrap_or_default(),
        contact: Contact::parse(&contact).unwrap_or_default(),
        account,
    }))
}

pub fn account_of(db: &Connection, site: &str) -> Result<String, Problem> {
    let mut statement = db.prepare_cached("SELECT account FROM sites WHERE id = ?1")?;
    statement.query_row([site], |row| row.get(0)).optional()?.ok_or_else(|| Problem::unknown_site(site))
}

/// What is to be different. What is not named stays.
#[derive(Clone, Default, Deserialize)]
pub struct Save {
    /// Needed for a new site; a known one keeps its account.
    pub account: Option<String>,
    pub name: Option<String>,
    pub embed_origins: Option<Vec<String>>,
    /// Who answers for the site, in the order shown. An agent left out keeps existing for the account's other sites.
    pub agents: Option<Vec<AgentSave>>,
    /// The account's groups.
    pub groups: Option<Vec<RosterGroup>>,
    /// What is left out of them is the edge's default.
    pub limits: Option<SiteLimits>,
    /// With which the site's server says who a visitor is: 32 to 256 visible characters; a second one while it changes, and
    /// none to end it.
    pub identity_secrets: Option<Vec<String>>,
    /// `never`, `away`, `optional` or `required`.
    pub contact: Option<String>,
}

#[derive(Clone, Deserialize)]
pub struct AgentSave {
    pub id: AgentId,
    /// Name, e-mail and password are needed for a new agent.
    pub name: Option<String>,
    pub email: Option<String>,
    pub password: Option<String>,
}

pub async fn put(
    _: Admin,
    State(origin): State<Arc<Origin>>,
    Params(site): Params<String>,
    JsonBody(save): JsonBody<Save>,
) -> Result<Json<SiteSettings>, Problem> {
    let site = SiteId::parse(&site).ok_or_else(|| {
        Problem::bad_request("bad-site", "A site's name is 1 to 64 of A-Z a-z 0-9 - _ . and :")
    })?;
    let account = match &save.account {
        Some(account) => Ok(account.clone()),
        None => {
            let name = site.clone();
            origin.store.read(move |db| account_of(db, name.as_str())).await
        }
    };
    // Without an account the save is refused below.
    origin.work(Work::Save(account.unwrap_or_default())).await?;
    Ok(Json(store(&origin, site, save).await?))
}

pub async fn store(origin: &Origin, site: SiteId, save: Save) -> Result<SiteSettings, Problem> {
    check(&save)?;
    let mut hashes = HashMap::new();
    for agent in save.agents.iter().flatten() {
        if let Some(password) = &agent.password {
            hashes.insert(agent.id.clone(), origin.passwords.hash(password.clone()).await?);
        }
    }
    let settings = origin.store.write(move |tx| write(tx, &site, &save, &hashes)).await?;
    origin.news.notify_one();
    Ok(settings)
}

fn write(
    tx: &Transaction<'_>,
    site: &SiteId,
    save: &Save,
    hashes: &HashMap<AgentId, String>,
) -> Result<SiteSettings, Problem> {
    let account = account(tx, site, save)?;
    // An agent or a group belongs to the account: its change may be a change of several sites.
    let before = account_sites(tx, &account)?;
    let row = params![site.as_str(), account, save.name.as_deref().unwrap_or(site.as_str())];
    tx.execute("INSERT INTO sites (id, account, name) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", row)?;
    if let Some(name) = &save.name {
        tx.execute("UPDATE sites SET name = ?2 WHERE id = ?1", params![site.as_str(), name])?;
    }
    if let Some(origins) = &save.embed_origins {
        let origins = serde_json::json!(origins).to_string();
        tx.execute("UPDATE sites SET embed_origins = ?2 WHERE id = ?1", params![site.as_str(), origins])?;
    }
    if let Some(limits) = &save.limits {
        let limits = serde_json::json!(limits).to_string();
        tx.execute("UPDATE sites SET limits = ?2 WHERE id = ?1", params![site.as_str(), limits])?;
    }
    if let Some(secrets) = &save.identity_secrets {
        let secrets = serde_json::json!(secrets).to_string();
        tx.execute("UPDATE sites SET identity_secrets = ?2 WHERE id = ?1", params![site.as_str(), secrets])?;
    }
    if let Some(contact) = &save.contact {
        tx.execute("UPDATE sites SET contact = ?2 WHERE id = ?1", params![site.as_str(), contact])?;
    }
    if let Some(agents) = &save.agents {
        roster::save_agents(tx, &account, site, agents, hashes)?;
    }
    if let Some(groups) = &save.groups {
        roster::save_groups(tx, &account, groups)?;
    }
    for after in account_sites(tx, &account)? {
        if !before.contains(&after) {
            changed(tx, &after.site)?;
        }
    }
    settings(tx, site.as_str())?.ok_or_else(|| Problem::unknown_site(site.as_str()))
}

fn account(tx: &Transaction<'_>, site: &SiteId, save: &Save) -> Result<String, Problem> {
    let known = tx.query_row("SELECT account FROM sites WHERE id = ?1", [site.as_str()], |row| row.get(0));
    match (known.optional()?, &save.account) {
        (Some(account), None) => Ok(account),
        (Some(account), Some(given)) if account == *given => Ok(account),
        (Some(_), Some(_)) => Err(Problem::bad_request(
            "other-account",
            "The site belongs to another account. Leave `account` out.",
        )),
        (None, Some(account)) => {
            tx.execute("INSERT INTO accounts (id) VALUES (?1) ON CONFLICT DO NOTHING", [account])?;
            Ok(account.clone())
        }
        (None, None) => Err(Problem::bad_request("no-account", "A new site needs its `account`.")),
    }
}

fn account_sites(tx: &Transaction<'_>, account: &str) -> Result<Vec<SiteSettings>, Problem> {
    let mut statement = tx.prepare_cached("SELECT id FROM sites WHERE account = ?1")?;
    let ids = statement
        .query_map([account], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    ids.iter().filter_map(|id| settings(tx, id).transpose()).collect()
}

/// The next version, and the notice to the edge in the same transaction.
fn changed(tx: &Transaction<'_>, site: &SiteId) -> Result<(), Problem> {
    let sql = "UPDATE sites SET version = version + 1 WHERE id = ?1 RETURNING version";
    let version: u64 = tx.query_row(sql, [site.as_str()], |row| row.get(0))?;
    let notice = Event::site_changed(outbox::fresh_id("changed"), site.clone(), version);
    outbox::push(tx, &notice)
}

fn check(save: &Save) -> Result<(), Problem> {
    let names = [&save.account, &save.name].into_iter().flatten();
    let groups = save.groups.iter().flatten();
    let agents = save.agents.iter().flatten();
    let all =
        names.chain(groups.clone().map(|g| &g.name)).chain(agents.clone().filter_map(|a| a.name.as_ref()));
    if !all.clone().all(|name| is_name(name)) {
        return Err(Problem::bad_request("bad-name", "A name has 1 to 100 characters and no line breaks."));
    }
    if !groups.clone().all(|group| shared::id::is_valid(&group.id)) {
        return Err(Problem::bad_request("bad-group", "A group's id is 1 to 64 of A-Z a-z 0-9 - _ . and :"));
    }
    if !agents.clone().filter_map(|agent| agent.email.as_deref()).all(is_email) {
        return Err(Problem::bad_request("bad-email", "Write the address as ada@shop.example."));
    }
    if agents.clone().filter_map(|agent| agent.password.as_ref()).any(|password| password.chars().count() < 8)
    {
        return Err(Problem::bad_request("short-password", "A password has at least 8 characters."));
    }
    let secrets = save.identity_secrets.iter().flatten();
    if secrets.clone().count() > MAX_IDENTITY_SECRETS
        || !secrets.clone().all(|text| IdentitySecret::parse(text).is_some())
    {
        return Err(Problem::bad_request(
            "bad-identity-secret",
            "At most 3, each of 32 to 256 visible characters of ASCII. Make one: openssl rand -hex 32",
        ));
    }
    // They go into a header of the edge, `Content-Security-Policy: frame-ancestors …`.
    if !save.embed_origins.iter().flatten().all(|origin| is_csp_source(origin)) {
        return Err(Problem::bad_request(
            "bad-embed-origin",
            "Write a page's origin as https://shop.example.",
        ));
    }
    if save.contact.as_deref().is_some_and(|contact| Contact::parse(contact).is_none()) {
        return Err(Problem::bad_request("bad-contact", "It is never, away, optional or required."));
    }
    Ok(())
}

const MAX_IDENTITY_SECRETS: usize = 3;

fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= 100 && !name.chars().any(char::is_control)
}

fn is_email(email: &str) -> bool {
    let inside = |at: usize| at > 0 && at + 1 < email.len();
    email.len() <= 254
        && email.find('@').is_some_and(inside)
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn is_csp_source(origin: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    rest.is_some_and(|host| {
        !host.is_empty()
            && host.len() <= 255
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'*' | b'[' | b']'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedding_page_cannot_smuggle_a_directive_into_the_header() {
        for good in
            ["https://shop.example", "http://127.0.0.1:8787", "https://*.shop.example", "http://[::1]:80"]
        {
            assert!(is_csp_source(good), "{good}");
        }
        for bad in
            ["", "https://", "shop.example", "https://a; script-src *", "https://a b", "https://a/path", "*"]
        {
            assert!(!is_csp_source(bad), "{bad}");
        }
    }
}
