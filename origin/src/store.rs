//! The data folder: one SQLite file, one thread that writes and one that reads. What [`Store::write`] returns as
//! done is on the disk.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use axum::http::StatusCode;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::problem::Problem;
use crate::schema::{self, MigrationFailed};

/// Jobs that may wait for a thread: at 1 ms per synchronous write about a quarter of a second. More is refused
/// as `busy`, and whoever asked comes back later.
const WAITING_JOBS: usize = 256;

pub struct Store {
    reader: Lane,
    /// Closed last: only a connection that writes can clear the write-ahead log away.
    writer: Lane,
    write_failed: Arc<AtomicBool>,
}

impl Store {
    /// Opens the folder, and sets it up where it is empty.
    pub fn open(folder: &Path) -> Result<Store, Unusable> {
        let unusable = |cause: Cause| Unusable { folder: folder.to_owned(), cause };
        let lock = lock(folder).map_err(unusable)?;
        let file = folder.join("origin.sqlite");
        private_file(&file).map_err(|e| unusable(Cause::Io(e)))?;
        let mut connection =
            connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|e| unusable(e.into()))?;
        schema::migrate(&mut connection).map_err(|e| unusable(e.into()))?;
        let reading = connect(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|e| unusable(e.into()))?;
        let write_failed = Arc::new(AtomicBool::new(false));
        Ok(Store {
            writer: Lane::start("writer", connection, Some(lock)),
            reader: Lane::start("reader", reading, None),
            write_failed,
        })
    }

    /// One transaction: all of `work` is on the disk when this returns well, none of it when it fails.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let failed = self.write_failed.clone();
        self.writer
            .run(move |connection| {
                let changes = connection.total_changes();
                let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let result = work(&tx).and_then(|result| {
                    tx.commit()?;
                    Ok(result)
                });
                match &result {
                    Ok(_) if connection.total_changes() != changes => failed.store(false, Ordering::Relaxed),
                    Err(problem) if problem.code == "storage-failed" => failed.store(true, Ordering::Relaxed),
                    _ => {}
                }
                result
            })
            .await
    }

    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.reader.run(|connection| work(connection)).await
    }

    /// Whether the last commit that had something to write failed.
    pub fn write_failed(&self) -> bool {
        self.write_failed.load(Ordering::Relaxed)
    }
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A thread with a connection, and the queue before it.
struct Lane {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Lane {
    fn start(name: &str, mut connection: Connection, lock: Option<File>) -> Lane {
        let (jobs, mut queue) = mpsc::channel::<Job>(WAITING_JOBS);
        let work = move || {
            while let Some(job) = queue.blocking_recv() {
                // A panic rolls its transaction back and must not take the thread with it.
                if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
                    tracing::error!("a job on the data folder panicked");
                }
            }
            drop((connection, lock));
        };
        let thread = std::thread::Builder::new().name(format!("origin-{name}")).spawn(work);
        Lane { jobs: Some(jobs), thread: thread.ok() }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move |connection| drop(done.send(work(connection))));
        let jobs = self.jobs.as_ref().ok_or_else(Problem::busy)?;
        jobs.try_send(job).map_err(|_| Problem::busy())?;
        result.await.unwrap_or_else(|_| {
            let detail = "The origin failed on this request. See its log; the request may be sent again.";
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail))
        })
    }
}

impl Drop for Lane {
    /// Work that waits is done first, then the file is closed.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

fn connect(file: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if access.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // A receipt promises that the event survives a power cut. NORMAL would keep it over a crash of the
        // process only.
        connection.pragma_update(None, "synchronous", "FULL")?;
    }
    Ok(connection)
}

/// Two origins on one folder would both carry its outbox. The lock ends with the process, however it dies.
fn lock(folder: &Path) -> Result<File, Cause> {
    fs::create_dir_all(folder).map_err(Cause::Io)?;
    let lock = private_file(&folder.join("lock")).map_err(Cause::Io)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(Cause::InUse),
        Err(fs::TryLockError::Error(error)) => Err(Cause::Io(error)),
    }
}

/// The file holds password hashes and the signing key: only its owner may read it. SQLite gives its `-wal` and
/// `-shm` files the same rights.
fn private_file(path: &Path) -> io::Result<File> {
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Why the data folder cannot be used; its text is one line that names the mend.
#[derive(Debug)]
pub struct Unusable {
    folder: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Io(io::Error),
    InUse,
    Newer(usize),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Cause {
    fn from(error: rusqlite::Error) -> Cause {
        Cause::Sqlite(error)
    }
}

impl From<MigrationFailed> for Cause {
    fn from(failed: MigrationFailed) -> Cause {
        match failed {
            MigrationFailed::Newer(version) => Cause::Newer(version),
            MigrationFailed::Sqlite(error) => Cause::Sqlite(error),
        }
    }
}

impl std::error::Error for Unusable {}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot use the data folder {}: ", self.folder.display())?;
        match &self.cause {
            Cause::Io(error) => write!(f, "{error}. Give --data a folder that this user may write to."),
            Cause::InUse => write!(f, "another origin is using it. Stop that one, or give another --data."),
            Cause::Newer(version) => {
                write!(
                    f,
                    "a newer origin wrote it (schema {version}). Start that one, or give another --data."
                )
            }
            Cause::Sqlite(error) => {
                write!(f, "{error}. Give --data a folder that this user may write to, or restore its backup.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_with_the_keys_is_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("origin.sqlite");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let _store = Store::open(folder.path()).unwrap();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        }
    }

    #[test]
    fn a_folder_in_use_a_file_and_a_broken_database_are_each_told_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let first = Store::open(folder.path()).unwrap();
        let told = Store::open(folder.path()).err().unwrap().to_string();
        assert!(told.contains("another origin is using it"), "{told}");
        drop(first);

        let file = folder.path().join("lock");
        let told = Store::open(&file).err().unwrap().to_string();
        assert!(told.contains("Give --data a folder") && !told.contains('\n'), "{told}");

        fs::write(folder.path().join("origin.sqlite"), "this is not a database, whatever its name").unwrap();
        let told = Store::open(folder.path()).err().unwrap().to_string();
        assert!(told.contains("restore its backup"), "{told}");
    }

    #[tokio::test]
    async fn a_failed_or_panicking_job_leaves_nothing_behind_and_the_store_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let insert = |tx: &Transaction<'_>| tx.execute("INSERT INTO accounts VALUES ('a')", []);
        let refused: Result<(), Problem> = store
            .write(move |tx| {
                insert(tx)?;
                Err(Problem::busy())
            })
            .await;
        assert_eq!(refused.unwrap_err().code, "busy");
        let panicked: Result<(), Problem> = store
            .write(move |tx| {
                insert(tx)?;
                panic!("on purpose")
            })
            .await;
        assert_eq!(panicked.unwrap_err().code, "internal");
        store.write(move |tx| Ok(insert(tx)?)).await.unwrap();
        let count = "SELECT count(*) FROM accounts";
        let accounts: u64 =
            store.read(move |db| Ok(db.query_row(count, [], |row| row.get(0))?)).await.unwrap();
        assert_eq!(accounts, 1);
    }
}
