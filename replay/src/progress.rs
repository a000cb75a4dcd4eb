//! How far the work is, on stderr: one line that changes on a terminal, a line now and then in a log.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

pub struct Progress {
    began: Instant,
    said: Option<Instant>,
    total: f64,
    done: f64,
    terminal: bool,
}

impl Progress {
    /// `total` is all the work in any unit.
    pub fn new(total: f64) -> Progress {
        Progress { began: Instant::now(), said: None, total, done: 0.0, terminal: io::stderr().is_terminal() }
    }

    pub fn advance(&mut self, work: f64, doing: &str) {
        self.done += work;
        let every = if self.terminal { Duration::from_millis(500) } else { Duration::from_secs(20) };
        if self.said.is_some_and(|said| said.elapsed() < every) {
            return;
        }
        self.said = Some(Instant::now());
        let share = (self.done / self.total).min(1.0);
        let left_s = self.began.elapsed().as_secs_f64() * (1.0 - share) / share.max(1e-6);
        let line = format!("  … {doing}: {:.0} % of all, {} left", 100.0 * share, spoken(left_s));
        let mut stderr = io::stderr().lock();
        // A closed stderr must not stop the work.
        let _ = if self.terminal {
            write!(stderr, "\r\x1b[K{line}").and_then(|()| stderr.flush())
        } else {
            writeln!(stderr, "{line}")
        };
    }

    /// Clears the way for what is printed next.
    pub fn pause(&mut self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    pub fn took(&self) -> String {
        spoken(self.began.elapsed().as_secs_f64())
    }
}

/// Minutes and seconds.
fn spoken(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::spoken;

    #[test]
    fn time_is_told_in_minutes_and_seconds() {
        assert_eq!((spoken(59.4), spoken(125.0)), ("59 s".to_owned(), "2 min 5 s".to_owned()));
    }
}
