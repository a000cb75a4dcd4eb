//! What the disk under the objects costs.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A page of SQLite.
const WRITE_BYTES: usize = 4_096;
const WRITES_PER_ROUND: usize = 50;

pub(crate) struct Disk {
    folder: PathBuf,
    pub(crate) filesystem: String,
    pub(crate) syncs: Vec<Duration>,
}

impl Disk {
    pub(crate) fn below(folder: &Path) -> Disk {
        let folder = folder.canonicalize().expect("the folder for the data exists");
        let filesystem = filesystem(&folder);
        // In memory a sync costs nothing, and nothing could be told from the rest.
        assert!(
            !["tmpfs", "ramfs"].contains(&filesystem.as_str()),
            "{} is in memory ({filesystem}): this measures a disk",
            folder.display()
        );
        Disk { folder, filesystem, syncs: Vec::new() }
    }

    /// Appends and syncs, as a log does.
    pub(crate) fn measure(&mut self) {
        let path = self.folder.join("sync-measured");
        let mut file = File::create(&path).expect("a file");
        for _ in 0..WRITES_PER_ROUND {
            file.write_all(&[7; WRITE_BYTES]).expect("it takes a page");
            let began = Instant::now();
            file.sync_all().expect("it syncs");
            self.syncs.push(began.elapsed());
        }
        std::fs::remove_file(path).expect("the file can go");
    }
}

/// The type of the mount that the folder lies in.
fn filesystem(folder: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(1).map(str::to_owned);
        Some((fields.next()?, fields.next()?))
    };
    let inner = mounts.lines().filter_map(mount).filter(|(at, _)| folder.starts_with(at));
    // Of mounts at the same place the last one is on top.
    inner.max_by_key(|(at, _)| at.len()).map_or_else(|| "unknown".to_owned(), |(_, kind)| kind)
}
