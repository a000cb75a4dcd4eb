//! Where things lie: the checkout, what is built, and the per-user cache.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::progress::Step;

/// The checkout's root.
pub(crate) fn root() -> PathBuf {
    let xtask = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().expect("xtask lies in the workspace").to_path_buf()
}

/// Everything that xtask makes, apart from cargo's own output.
pub(crate) fn output() -> PathBuf {
    root().join("target/seawall")
}

/// What is deployed: the worker, the static assets and workerd's configuration.
pub(crate) fn dist() -> PathBuf {
    output().join("dist")
}

/// Tools live outside the checkout, so that a second clone finds them.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = env::var_os("XDG_CACHE_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set: set one, the tools are kept there")?;
    let folder = base.join("seawall");
    fs::create_dir_all(&folder).with_context(|| {
        format!("{} cannot be made: set XDG_CACHE_HOME to a folder that can", folder.display())
    })?;
    Ok(folder)
}

/// Holds off a second xtask that would write the same files; released on drop and by any kind of death.
pub(crate) fn lock(path: &Path, waiting_for: &str) -> Result<File> {
    fs::create_dir_all(path.parent().expect("a lock lies in a folder"))?;
    let file = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
    if file.try_lock().is_err() {
        let step = Step::begin(format!("wait for {waiting_for}"));
        file.lock()?;
        step.done();
    }
    Ok(file)
}

/// Writes a file only if that changes it, and never half: a running workerd may be reading it.
pub(crate) fn write_changed(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let folder = path.parent().expect("a file lies in a folder");
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".{}.draft", path.file_name().unwrap_or_default().display()));
    fs::write(&draft, content).with_context(|| format!("{} cannot be written", draft.display()))?;
    fs::rename(&draft, path)?;
    Ok(())
}

/// Every file below a folder, sorted; none if the folder is missing.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The first hexadecimal digits of SHA-256: 8 in a file's name, 16 in a stamp.
pub(crate) fn hash(content: &[u8], digits: usize) -> String {
    let mut text: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    text
}
