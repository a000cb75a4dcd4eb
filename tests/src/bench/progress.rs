//! What is being done, on stderr; on a terminal in one line.

use std::io::{IsTerminal, Write};
use std::time::Instant;

pub struct Progress {
    began: Instant,
}

impl Progress {
    pub fn begin() -> Progress {
        Progress { began: Instant::now() }
    }

    pub fn say(&self, what: &str) {
        let line = format!("{:>4} s  {what}", self.began.elapsed().as_secs());
        let mut stderr = std::io::stderr().lock();
        let _ = if stderr.is_terminal() {
            write!(stderr, "\r\x1b[K{line}").and_then(|()| stderr.flush())
        } else {
            writeln!(stderr, "{line}")
        };
    }

    pub fn end(&self) {
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
    }
}
