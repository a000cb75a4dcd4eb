//! The tables. A change is a new entry at the end of `MIGRATIONS`; SQLite's `user_version` counts those done.

use rusqlite::Connection;

/// A folder written by a newer origin, or one that SQLite cannot use.
#[derive(Debug)]
pub enum MigrationFailed {
    /// The folder's version is greater than ours.
    Newer(usize),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for MigrationFailed {
    fn from(error: rusqlite::Error) -> MigrationFailed {
        MigrationFailed::Sqlite(error)
    }
}

/// Each migration and its count are one transaction: killed in between, it starts over.
pub fn migrate(connection: &mut Connection) -> Result<(), MigrationFailed> {
    let done: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if done > MIGRATIONS.len() {
        return Err(MigrationFailed::Newer(done));
    }
    for (index, sql) in MIGRATIONS.iter().enumerate().skip(done) {
        let tx = connection.transaction()?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", index + 1)?;
        tx.commit()?;
    }
    Ok(())
}

const MIGRATIONS: &[&str] = &["
CREATE TABLE accounts (
    id TEXT PRIMARY KEY
) STRICT;

CREATE TABLE sites (
    id            TEXT PRIMARY KEY,
    account       TEXT NOT NULL REFERENCES accounts,
    name          TEXT NOT NULL,
    embed_origins TEXT NOT NULL DEFAULT '[]', -- a JSON array
    version       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE agents (
    account       TEXT NOT NULL REFERENCES accounts,
    id            TEXT NOT NULL,
    email         TEXT NOT NULL, -- lower case
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL, -- argon2id
    PRIMARY KEY (account, id),
    UNIQUE (account, email)
) STRICT;

-- Who answers for which site, in the order in which the roster shows them.
CREATE TABLE site_agents (
    site    TEXT NOT NULL REFERENCES sites,
    place   INTEGER NOT NULL,
    account TEXT NOT NULL,
    agent   TEXT NOT NULL,
    PRIMARY KEY (site, agent),
    FOREIGN KEY (account, agent) REFERENCES agents
) STRICT;

CREATE TABLE groups (
    account TEXT NOT NULL REFERENCES accounts,
    id      TEXT NOT NULL,
    place   INTEGER NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (account, id)
) STRICT;

CREATE TABLE group_members (
    account  TEXT NOT NULL,
    group_id TEXT NOT NULL,
    place    INTEGER NOT NULL,
    agent    TEXT NOT NULL,
    PRIMARY KEY (account, group_id, agent),
    FOREIGN KEY (account, group_id) REFERENCES groups,
    FOREIGN KEY (account, agent) REFERENCES agents
) STRICT;

CREATE TABLE conversations (
    site   TEXT NOT NULL REFERENCES sites,
    id     TEXT NOT NULL,
    last_n INTEGER NOT NULL DEFAULT 0, -- the last number given to a reply
    PRIMARY KEY (site, id)
) STRICT;

-- The ledger. `position` is the order of acceptance; it only grows.
CREATE TABLE messages (
    position     INTEGER PRIMARY KEY,
    site         TEXT NOT NULL,
    conversation TEXT NOT NULL,
    id           TEXT NOT NULL,
    epoch        INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    author       TEXT NOT NULL, -- visitor, or agent:{id}
    name         TEXT NOT NULL,
    text         TEXT NOT NULL,
    at_ms        INTEGER NOT NULL,
    UNIQUE (site, conversation, id),
    FOREIGN KEY (site, conversation) REFERENCES conversations
) STRICT;
CREATE INDEX messages_by_site ON messages (site, position);

-- What the edge must hear. Rows that are done stay: a reply posted twice under one id is one reply.
CREATE TABLE outbox (
    position      INTEGER PRIMARY KEY,
    site          TEXT NOT NULL,
    conversation  TEXT NOT NULL, -- empty for what concerns the site
    id            TEXT NOT NULL,
    n             INTEGER NOT NULL,
    event         TEXT NOT NULL, -- a CloudEvent in JSON
    state         TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'parked')),
    batch         TEXT, -- webhook-id of the batch in flight
    tries         INTEGER NOT NULL DEFAULT 0,
    held_until_ms INTEGER NOT NULL DEFAULT 0,
    reason        TEXT NOT NULL DEFAULT '', -- why parked
    UNIQUE (site, conversation, id)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (position) WHERE state = 'waiting';

CREATE TABLE keys (
    kid     TEXT PRIMARY KEY,
    private BLOB NOT NULL, -- Ed25519 seed
    made_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
", "
ALTER TABLE sites ADD COLUMN limits TEXT NOT NULL DEFAULT '{}'; -- SiteLimits in JSON; what is left out is the default

-- Conversations that their visitors wanted forgotten: nothing of them up to this epoch is taken again.
CREATE TABLE forgotten (
    site         TEXT NOT NULL,
    conversation TEXT NOT NULL,
    epoch        INTEGER NOT NULL,
    PRIMARY KEY (site, conversation)
) STRICT;
", "
-- Agents with a console open, as the edge has last told it.
CREATE TABLE connected (
    site   TEXT PRIMARY KEY REFERENCES sites,
    agents TEXT NOT NULL, -- a JSON array of ids
    at_ms  INTEGER NOT NULL
) STRICT;
", "
ALTER TABLE sites ADD COLUMN identity_secrets TEXT NOT NULL DEFAULT '[]'; -- a JSON array
", "
ALTER TABLE sites ADD COLUMN contact TEXT NOT NULL DEFAULT 'never'; -- whether visitors are asked who they are
"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_run_once_and_a_newer_folder_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", MIGRATIONS.len() + 1).unwrap();
        assert!(matches!(migrate(&mut connection), Err(MigrationFailed::Newer(_))));
    }
}
