//! Who answers: agents and groups of an account, and which of them a site shows.

use std::collections::HashMap;

use rusqlite::{Connection, ErrorCode, Transaction, params};
use shared::event::{RosterAgent, RosterGroup};
use shared::id::{AgentId, SiteId};

use crate::problem::Problem;
use crate::sites::AgentSave;

pub fn agents_of(db: &Connection, site: &str) -> Result<Vec<RosterAgent>, Problem> {
    let sql = "SELECT agents.id, agents.name FROM site_agents
        JOIN agents ON agents.account = site_agents.account AND agents.id = site_agents.agent
        WHERE site_agents.site = ?1 ORDER BY site_agents.place";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([site], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let agents = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(agents
        .into_iter()
        .filter_map(|(id, name)| Some(RosterAgent { id: AgentId::parse(&id)?, name }))
        .collect())
}

/// The account's groups, each with those of its agents who answer for the site; groups without any are left out.
pub fn groups_of(db: &Connection, account: &str, site: &str) -> Result<Vec<RosterGroup>, Problem> {
    let sql = "SELECT groups.id, groups.name, group_members.agent FROM groups
        JOIN group_members ON group_members.account = groups.account AND group_members.group_id = groups.id
        JOIN site_agents ON site_agents.site = ?2 AND site_agents.agent = group_members.agent
        WHERE groups.account = ?1 ORDER BY groups.place, group_members.place";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([account, site], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    let mut groups: Vec<RosterGroup> = Vec::new();
    for row in rows {
        let (id, name, agent) = row?;
        if groups.last().is_none_or(|group| group.id != id) {
            groups.push(RosterGroup { id, name, agents: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.agents.extend(AgentId::parse(&agent));
        }
    }
    Ok(groups)
}

/// The sites that an agent may answer for.
pub fn sites_of(db: &Connection, account: &str, agent: &str) -> Result<Vec<SiteId>, Problem> {
    let mut statement =
        db.prepare_cached("SELECT site FROM site_agents WHERE account = ?1 AND agent = ?2 ORDER BY site")?;
    let sites = statement.query_map([account, agent], |row| row.get::<_, String>(0))?;
    let sites = sites.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(sites.iter().filter_map(|site| SiteId::parse(site)).collect())
}

/// Makes or changes the agents, and makes them the site's whole roster.
pub fn save_agents(
    tx: &Transaction<'_>,
    account: &str,
    site: &SiteId,
    agents: &[AgentSave],
    hashes: &HashMap<AgentId, String>,
) -> Result<(), Problem> {
    tx.execute("DELETE FROM site_agents WHERE site = ?1", [site.as_str()])?;
    for (place, agent) in agents.iter().enumerate() {
        save_agent(tx, account, agent, hashes.get(&agent.id))?;
        let sql = "INSERT INTO site_agents (site, place, account, agent) VALUES (?1, ?2, ?3, ?4)";
        tx.execute(sql, params![site.as_str(), place, account, agent.id.as_str()])
            .map_err(|e| taken(e, agent))?;
    }
    Ok(())
}

fn save_agent(
    tx: &Transaction<'_>,
    account: &str,
    agent: &AgentSave,
    hash: Option<&String>,
) -> Result<(), Problem> {
    let email = agent.email.as_deref().map(normal_email);
    let update = "UPDATE agents SET name = coalesce(?3, name), email = coalesce(?4, email),
        password_hash = coalesce(?5, password_hash) WHERE account = ?1 AND id = ?2";
    let row = params![account, agent.id.as_str(), agent.name, email, hash];
    if tx.execute(update, row).map_err(|e| taken(e, agent))? == 1 {
        return Ok(());
    }
    let (Some(name), Some(email), Some(hash)) = (&agent.name, &email, hash) else {
        let detail = format!("{} is new: a new agent needs name, email and password.", agent.id);
        return Err(Problem::bad_request("incomplete-agent", detail));
    };
    let insert = "INSERT INTO agents (account, id, name, email, password_hash) VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = params![account, agent.id.as_str(), name, email, hash];
    tx.execute(insert, row).map_err(|e| taken(e, agent))?;
    Ok(())
}

/// Makes these the account's groups.
pub fn save_groups(tx: &Transaction<'_>, account: &str, groups: &[RosterGroup]) -> Result<(), Problem> {
    tx.execute("DELETE FROM group_members WHERE account = ?1", [account])?;
    tx.execute("DELETE FROM groups WHERE account = ?1", [account])?;
    let bad_group = |error| {
        refused(error, || {
            Problem::bad_request("bad-group", "Each group once, with agents of the account, each once.")
        })
    };
    for (place, group) in groups.iter().enumerate() {
        let sql = "INSERT INTO groups (account, id, place, name) VALUES (?1, ?2, ?3, ?4)";
        tx.execute(sql, params![account, group.id, place, group.name]).map_err(bad_group)?;
        for (place, agent) in group.agents.iter().enumerate() {
            let sql = "INSERT INTO group_members (account, group_id, place, agent) VALUES (?1, ?2, ?3, ?4)";
            tx.execute(sql, params![account, group.id, place, agent.as_str()]).map_err(bad_group)?;
        }
    }
    Ok(())
}

/// People do not remember how they wrote the capitals of their address.
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

fn taken(error: rusqlite::Error, agent: &AgentSave) -> Problem {
    refused(error, || {
        let detail = format!("{}: each agent once, each with an e-mail address of their own.", agent.id);
        Problem::bad_request("agent-taken", detail)
    })
}

/// A broken rule of the tables is the caller's; anything else is ours.
fn refused(error: rusqlite::Error, problem: impl FnOnce() -> Problem) -> Problem {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => problem(),
        _ => error.into(),
    }
}
