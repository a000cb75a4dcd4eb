//! The few statements that the objects need. `exec` runs at once, and what is executed without an `await` in
//! between is stored together; the platform holds every outgoing frame until that is on disk.

use std::cell::RefCell;
use std::collections::BTreeSet;

use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Result, SqlStorage, SqlStorageValue, State};

use super::counts::{self, Count, Object};

#[wasm_bindgen]
extern "C" {
    /// What the worker crate's storage lacks.
    type Storage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &Storage,
        body: &mut dyn FnMut() -> std::result::Result<(), JsValue>,
    ) -> std::result::Result<(), JsValue>;
}

/// Comes back when everything written so far is on disk.
pub(super) async fn on_disk(state: &State) -> Result<()> {
    JsFuture::from(state.as_raw().storage()?.sync()?).await?;
    Ok(())
}

/// One object's database. Counts what it writes, which is what a deployment pays for.
pub(super) struct Sql {
    storage: SqlStorage,
    object: Object,
    /// Tables that are there, as far as this instance knows; it need not ask for them again.
    made: RefCell<BTreeSet<&'static str>>,
}

impl Sql {
    pub(super) fn of(object: Object, state: &State) -> Sql {
        Sql { storage: state.storage().sql(), object, made: RefCell::default() }
    }

    pub(super) fn run(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<()> {
        let cursor = self.storage.exec(query, bindings)?;
        counts::add(Count::RowsWritten(self.object), cursor.rows_written() as u64);
        Ok(())
    }

    /// The rows as vectors of values. (`Cursor::one` hangs where there is no row.)
    pub(super) fn rows(
        &self,
        query: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Vec<Vec<SqlStorageValue>>> {
        self.storage.exec(query, bindings)?.raw().collect()
    }

    /// The first column of the first row, as text.
    fn text(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<String>> {
        let first = self.rows(query, bindings)?.into_iter().next().and_then(|row| row.into_iter().next());
        Ok(first.and_then(as_text))
    }

    /// Whether the object has stored anything: asking writes nothing, creating a table would (COST-1).
    pub(super) fn has_table(&self, name: &'static str) -> Result<bool> {
        if self.made.borrow().contains(name) {
            return Ok(true);
        }
        let query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?";
        let found = self.text(query, vec![name.into()])?.is_some();
        if found {
            self.made.borrow_mut().insert(name);
        }
        Ok(found)
    }

    /// Makes a table that is not there yet; `columns` is what follows its name.
    pub(super) fn make_table(&self, name: &'static str, columns: &str) -> Result<()> {
        if self.made.borrow().contains(name) {
            return Ok(());
        }
        self.run(&format!("CREATE TABLE IF NOT EXISTS {name} {columns}"), vec![])?;
        self.made.borrow_mut().insert(name);
        Ok(())
    }

    /// All of what `body` writes, or, where it fails, nothing.
    pub(super) fn transaction(&self, state: &State, mut body: impl FnMut() -> Result<()>) -> Result<()> {
        let storage: Storage = state.as_raw().storage()?.unchecked_into();
        let done = storage.transaction_sync(&mut || body().map_err(JsValue::from));
        if done.is_err() {
            self.unsure();
        }
        Ok(done?)
    }

    /// Tables may be gone.
    pub(super) fn unsure(&self) {
        self.made.borrow_mut().clear();
    }

    /// A small table of named JSON values, for what is read and written as a whole.
    pub(super) fn save_value(&self, name: &str, value: &impl serde::Serialize) -> Result<()> {
        self.make_table("named", "(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")?;
        self.run(
            "INSERT INTO named (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            vec![name.into(), json(value)?],
        )
    }

    pub(super) fn load_value<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        if !self.has_table("named")? {
            return Ok(None);
        }
        let found = self.text("SELECT value FROM named WHERE name = ?", vec![name.into()])?;
        Ok(found.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

pub(super) fn as_text(value: SqlStorageValue) -> Option<String> {
    match value {
        SqlStorageValue::String(text) => Some(text),
        _ => None,
    }
}

pub(super) fn as_number(value: &SqlStorageValue) -> u64 {
    match value {
        SqlStorageValue::Integer(number) => u64::try_from(*number).unwrap_or_default(),
        _ => 0,
    }
}

/// Our numbers (seq, ms) stay far below 2⁵³, which JavaScript keeps exactly.
pub(super) fn number(number: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<SqlStorageValue> {
    Ok(SqlStorageValue::String(serde_json::to_string(value)?))
}
