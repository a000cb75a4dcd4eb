//! Says what is being done, and for how long already.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// One piece of work. Says nothing until `QUIET_FOR` has passed, so that a build without changes stays short.
pub(crate) struct Step {
    what: String,
    began: Instant,
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Step {
    pub(crate) fn begin(what: impl Into<String>) -> Step {
        let what = what.into();
        let began = Instant::now();
        let (stop, stopped) = mpsc::channel::<()>();
        let label = what.clone();
        let ticker = thread::spawn(move || {
            let terminal = io::stderr().is_terminal();
            let mut wait = QUIET_FOR;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let seconds = match began.elapsed().as_secs() {
                    0 => String::new(),
                    seconds => format!(", {seconds} s"),
                };
                let mut stderr = io::stderr().lock();
                // On a terminal one line counts up; in a log each line is new, so they come rarely.
                let _ = if terminal {
                    write!(stderr, "\r\x1b[K  … {label}{seconds}").and_then(|()| stderr.flush())
                } else {
                    writeln!(stderr, "  … {label}{seconds}")
                };
                wait = if terminal { Duration::from_secs(1) } else { Duration::from_secs(20) };
            }
            if terminal {
                let _ = write!(io::stderr(), "\r\x1b[K");
            }
        });
        Step { what, began, ticker: Some((stop, ticker)) }
    }

    /// The work is done; says so if it took noticeable time.
    pub(crate) fn done(mut self) {
        self.stop();
        let elapsed = self.began.elapsed();
        if elapsed >= QUIET_FOR {
            eprintln!("  ✓ {} ({:.1} s)", self.what, elapsed.as_secs_f64());
        }
    }

    fn stop(&mut self) {
        if let Some((stop, ticker)) = self.ticker.take() {
            drop(stop);
            let _ = ticker.join();
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A heading or a remark.
pub(crate) fn say(what: impl AsRef<str>) {
    eprintln!("{}", what.as_ref());
}

const QUIET_FOR: Duration = Duration::from_millis(700);
