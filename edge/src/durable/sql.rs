//! The few statements that the objects need. `exec` runs at once, and what is executed without an `await` in
//! between is stored together; the platform holds every outgoing frame until that is on disk.

use serde_json::Value;
use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Result, SqlStorage, SqlStorageValue, State};

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

/// All of what `body` writes, or, where it fails, nothing.
pub(super) fn transaction(state: &State, mut body: impl FnMut() -> Result<()>) -> Result<()> {
    let storage: Storage = state.as_raw().storage()?.unchecked_into();
    Ok(storage.transaction_sync(&mut || body().map_err(JsValue::from))?)
}

/// Comes back when everything written so far is on disk.
pub(super) async fn on_disk(state: &State) -> Result<()> {
    JsFuture::from(state.as_raw().storage()?.sync()?).await?;
    Ok(())
}

pub(super) fn run(sql: &SqlStorage, query: &str, bindings: Vec<SqlStorageValue>) -> Result<()> {
    sql.exec(query, bindings).map(|_| ())
}

/// The rows as vectors of values. (`Cursor::one` hangs where there is no row.)
pub(super) fn rows(
    sql: &SqlStorage,
    query: &str,
    bindings: Vec<SqlStorageValue>,
) -> Result<Vec<Vec<SqlStorageValue>>> {
    sql.exec(query, bindings)?.raw().collect()
}

/// The first column of the first row, as text.
pub(super) fn text(sql: &SqlStorage, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<String>> {
    let first = rows(sql, query, bindings)?.into_iter().next().and_then(|row| row.into_iter().next());
    Ok(first.and_then(as_text))
}

/// Whether the object has stored anything: asking writes nothing, creating a table would (COST-1).
pub(super) fn has_table(sql: &SqlStorage, name: &str) -> Result<bool> {
    let found =
        text(sql, "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?", vec![name.into()])?;
    Ok(found.is_some())
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

/// A small table of named JSON values, for what is read and written as a whole.
pub(super) fn save_value(sql: &SqlStorage, name: &str, value: &impl serde::Serialize) -> Result<()> {
    run(
        sql,
        "CREATE TABLE IF NOT EXISTS named (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        vec![],
    )?;
    run(
        sql,
        "INSERT INTO named (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        vec![name.into(), json(value)?],
    )
}

pub(super) fn load_value<T: serde::de::DeserializeOwned>(sql: &SqlStorage, name: &str) -> Result<Option<T>> {
    if !has_table(sql, "named")? {
        return Ok(None);
    }
    let found = text(sql, "SELECT value FROM named WHERE name = ?", vec![name.into()])?;
    Ok(found
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .and_then(|v| serde_json::from_value(v).ok()))
}
