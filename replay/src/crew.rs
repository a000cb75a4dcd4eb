//! Works off runs on all processors. What comes out does not depend on how many there are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::arm::Arm;
use crate::meter::Run;
use crate::progress::Progress;
use crate::scenario::Cell;

/// One run: the smallest piece of work.
#[derive(Clone, Debug)]
pub struct Job {
    pub cell: Cell,
    pub seed: u64,
    pub arm: Arm,
    /// What replays this scenario in this form: the command without its cell and seed.
    pub form: Arc<str>,
}

impl Job {
    /// About how long it takes, in any unit: what people do, and what the arm makes of it.
    pub fn work(&self) -> f64 {
        let scenario = &self.cell.scenario;
        let events = self.cell.end_ms() as f64 / 1_000.0 * self.cell.load * self.cell.capacity;
        // Measured: the real machines take some twenty times as long as the plain clients.
        match self.arm {
            Arm::With => events + 20.0 * scenario.people.idle_widgets as f64,
            Arm::Without | Arm::Careful => events / 20.0 + scenario.people.idle_widgets as f64,
        }
    }
}

/// What replays exactly one cell and seed.
pub fn command(form: &str, cell: &Cell, seed: u64) -> String {
    format!("{form} --load {} --trigger {} --seed {seed}", cell.load, cell.trigger_s)
}

/// The runs, in the order of the jobs.
pub fn work(jobs: &[Job], threads: usize, progress: &Mutex<Progress>) -> Vec<Run> {
    // The longest first: what begins last should end soon.
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by(|a, b| jobs[*b].work().total_cmp(&jobs[*a].work()));
    each(jobs, &order, threads, |job| {
        let told = Told(job);
        let run = job.arm.run(&job.cell, job.seed);
        drop(told);
        let mut progress = progress.lock().expect("nobody panics with it");
        progress.advance(job.work(), &job.cell.scenario.name);
        run
    })
}

/// What became of each job, in the order of the jobs, begun in another one.
pub fn each<J: Sync, R: Send>(
    jobs: &[J],
    order: &[usize],
    threads: usize,
    run: impl Fn(&J) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let runs: Vec<Mutex<Option<R>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.len().max(1)) {
            scope.spawn(|| {
                while let Some(&at) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    *runs[at].lock().expect("nobody panics with it") = Some(run(&jobs[at]));
                }
            });
        }
    });
    let done = |run: Mutex<Option<R>>| run.into_inner().ok().flatten();
    runs.into_iter().map(|run| done(run).expect("the scope has waited for all of them")).collect()
}

/// Says, should the run panic, which one it was.
struct Told<'a>(&'a Job);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let Job { cell, seed, arm, form } = self.0;
            eprintln!("\nthis run broke off: {} --arms {arm}", command(form, cell, *seed));
        }
    }
}
