//! A conversation's log in SQLite. Tables are made with the first message.

use shared::id::MessageId;
use shared::message::{Author, Message};
use worker::{Result, State, console_error};

use crate::conversation::{Log, Meta, Parked};

use super::sql::{self, Sql};

pub(super) struct SqlLog(pub(super) Sql);

const COLUMN_TYPES: &str = "(seq INTEGER PRIMARY KEY, id TEXT NOT NULL, author TEXT NOT NULL, name TEXT NOT NULL, \
                            text TEXT NOT NULL, at_ms INTEGER NOT NULL)";
const COLUMNS: &str = "seq, id, author, name, text, at_ms";

impl SqlLog {
    pub(super) fn meta(&self) -> Option<Meta> {
        self.0.load_value("meta").unwrap_or_else(|error| {
            console_error!("cannot read the meta row: {error}");
            None
        })
    }

    /// All of it or nothing.
    pub(super) fn store(&self, state: &State, messages: &[Message], meta: &Meta) -> Result<()> {
        self.0.transaction(state, || self.write(messages, meta))
    }

    fn write(&self, messages: &[Message], meta: &Meta) -> Result<()> {
        self.0.make_table("messages", COLUMN_TYPES)?;
        for message in messages {
            self.0.run(
                "INSERT INTO messages (seq, id, author, name, text, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
                vec![
                    sql::number(message.seq),
                    message.id.as_str().into(),
                    message.author.to_string().into(),
                    message.name.as_str().into(),
                    message.text.as_str().into(),
                    sql::number(message.at_ms),
                ],
            )?;
        }
        self.0.save_value("meta", meta)
    }

    pub(super) fn trim(&self, upto_seq: u64) -> Result<()> {
        self.0.run("DELETE FROM messages WHERE seq <= ?", vec![sql::number(upto_seq)])
    }

    /// Nothing of what was said is left.
    pub(super) fn forget(&self, state: &State, meta: &Meta) -> Result<()> {
        self.0.unsure();
        self.0.transaction(state, || {
            for table in ["messages", "parked"] {
                self.0.run(&format!("DROP TABLE IF EXISTS {table}"), vec![])?;
            }
            self.0.save_value("meta", meta)
        })
    }

    pub(super) fn park(&self, parked: &Parked) -> Result<()> {
        self.0.make_table("parked", "(seq INTEGER PRIMARY KEY, reason TEXT NOT NULL)")?;
        let insert = "INSERT OR REPLACE INTO parked (seq, reason) VALUES (?, ?)";
        self.0.run(insert, vec![sql::number(parked.seq), parked.reason.as_str().into()])
    }

    fn read(&self, query: &str, bindings: [u64; 2]) -> Vec<Message> {
        let has_log = self.0.has_table("messages").unwrap_or(false);
        let bindings = bindings.map(sql::number).to_vec();
        let rows = if has_log { self.0.rows(query, bindings) } else { Ok(Vec::new()) };
        let rows = rows.unwrap_or_else(|error| {
            console_error!("cannot read the log: {error}");
            Vec::new()
        });
        rows.into_iter().filter_map(message).collect()
    }
}

impl Log for SqlLog {
    fn after(&self, seq: u64, limit: u64) -> Vec<Message> {
        self.read(&format!("SELECT {COLUMNS} FROM messages WHERE seq > ? ORDER BY seq LIMIT ?"), [seq, limit])
    }

    fn before(&self, seq: u64, limit: u64) -> Vec<Message> {
        let query = format!("SELECT {COLUMNS} FROM messages WHERE seq < ? ORDER BY seq DESC LIMIT ?");
        let mut messages = self.read(&query, [seq, limit]);
        messages.reverse();
        messages
    }

    fn unread(&self, seq: u64) -> u64 {
        let query = "SELECT COUNT(*) FROM messages WHERE author = 'visitor' AND seq > ?";
        let rows = self.0.rows(query, vec![sql::number(seq)]).unwrap_or_default();
        rows.first().and_then(|row| row.first()).map_or(0, sql::as_number)
    }
}

fn message(row: Vec<worker::SqlStorageValue>) -> Option<Message> {
    let [seq, id, author, name, text, at_ms] = <[_; 6]>::try_from(row).ok()?;
    Some(Message {
        seq: sql::as_number(&seq),
        id: MessageId::parse(&sql::as_text(id)?)?,
        author: Author::parse(&sql::as_text(author)?)?,
        name: sql::as_text(name)?,
        text: sql::as_text(text)?,
        at_ms: sql::as_number(&at_ms),
    })
}
