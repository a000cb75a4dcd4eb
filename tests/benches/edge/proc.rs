//! What Linux knows of a process.

use std::fs;
use std::time::Duration;

/// Times in /proc count in hundredths of a second, whatever the kernel's own clock does.
const TICK: Duration = Duration::from_millis(10);

#[derive(Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    pub(crate) fn ours() -> Process {
        Process(std::process::id())
    }

    /// Of all its threads, in the kernel and outside.
    pub(crate) fn cpu(self) -> Duration {
        let stat = self.read("stat");
        // The name may hold anything, also spaces; it ends with the last bracket. utime and stime are fields 14 and 15.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks = fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum::<u32>();
        TICK * ticks
    }

    /// Memory that is really there.
    pub(crate) fn resident_kib(self) -> u64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).expect("the process runs")
    }

    pub(crate) fn descriptors(self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.0)).expect("the process runs").count()
    }

    fn read(self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.0)).expect("the process runs; this needs Linux")
    }
}
