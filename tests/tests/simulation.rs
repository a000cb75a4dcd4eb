//! `cargo xtask test simulation`: many seeds, each a story of its own.
//!
//! `SEAWALL_SEED=N` tells one seed's whole story, `SEAWALL_SEEDS=COUNT` runs that many (default 10,000), from
//! `SEAWALL_FIRST_SEED` (default 1).

use std::collections::BTreeSet;
use std::io::Write;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use tests::simulation::bugs::Bug;
use tests::simulation::plan::{Plan, Trouble};
use tests::simulation::shorten::{Shortened, shorten};
use tests::simulation::trace::TOLD;
use tests::simulation::{Failure, Summary, run};

const SEEDS: u64 = 10_000;
/// A planted bug must be found in so many.
const SEEDS_FOR_A_BUG: u64 = 1_000;
/// After so many failures nothing new is learned.
const ENOUGH_FAILURES: usize = 20;
/// Stories in which every await point sees an eviction.
const STORIES_OF_EVICTIONS: u64 = 8;

/// Past the test harness, which shows what a passing test prints to nobody.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The shortest story that fails in the same way.
fn report(failure: &Failure) -> String {
    let Shortened { plan, what, story, steps } = shorten(failure);
    let kept = plan.only.as_ref().map_or(steps, |only| only.len() as u64);
    let skipped = story.len().saturating_sub(TOLD);
    let told = story[skipped..].join("\n");
    format!(
        "{told}\n\nThe last {} of {} lines of the shortest story found, {kept} of {steps} steps: {what}\n\
         The whole story was: {}\n\
         short: {plan} cargo xtask test simulation\n\
         whole: {} cargo xtask test simulation\n",
        story.len() - skipped,
        story.len(),
        failure.what,
        failure.plan,
    )
}

#[derive(Default)]
struct Total {
    runs: u64,
    written: u64,
    frames: u64,
    happenings: u64,
    longest: Summary,
    failures: Vec<Failure>,
}

impl Total {
    fn add(&mut self, result: Result<Summary, Failure>) {
        self.runs += 1;
        match result {
            Ok(summary) => {
                self.written += summary.written;
                self.frames += summary.frames;
                self.happenings += summary.happenings;
                let longest = &mut self.longest;
                longest.rest_ms = longest.rest_ms.max(summary.rest_ms);
                longest.rest_frames = longest.rest_frames.max(summary.rest_frames);
                longest.rest_calls = longest.rest_calls.max(summary.rest_calls);
            }
            Err(failure) => self.failures.push(failure),
        }
    }
}

/// On all processors. Which one runs which story changes nothing in it.
fn run_all(numbers: Range<u64>, plan: impl Fn(u64) -> Plan + Sync) -> Total {
    let (next, enough, total) =
        (AtomicU64::new(numbers.start), AtomicBool::new(false), Mutex::new(Total::default()));
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        break;
                    }
                    let result = run(&plan(number), false).result;
                    let mut total = total.lock().expect("no thread panics with it");
                    total.add(result);
                    enough.store(total.failures.len() >= ENOUGH_FAILURES, Ordering::Relaxed);
                }
            });
        }
    });
    let mut total = total.into_inner().expect("no thread panicked with it");
    total.failures.sort_by_key(|failure| (failure.plan.seed, failure.plan.evict_at));
    total
}

fn expect_no_failure(failures: &[Failure]) {
    if let Some(first) = failures.first() {
        for Failure { plan, what, .. } in &failures[1..] {
            println!("{plan}: {what}");
        }
        panic!("{}", report(first));
    }
}

#[test]
fn every_message_is_kept_ordered_and_delivered_whatever_happens() {
    if let Some(plan) = Plan::from_environment() {
        let told = run(&plan, true);
        say(&told.story.join("\n"));
        say(&format!("{:?}", told.result.as_ref().map_err(|failure| &failure.what)));
        assert!(told.result.is_ok(), "{plan}");
        return;
    }
    let first = number("SEAWALL_FIRST_SEED").unwrap_or(1);
    let (seeds, began) = (number("SEAWALL_SEEDS").unwrap_or(SEEDS), Instant::now());
    let total = run_all(first..first + seeds, |seed| Plan::new(seed, None));
    expect_no_failure(&total.failures);
    let Total { runs, written, frames, happenings, longest, .. } = total;
    let Summary { rest_ms, rest_frames, rest_calls, .. } = longest;
    let took = began.elapsed().as_secs_f64();
    say(&format!(
        "{runs} seeds in {took:.1} s: {written} messages, {frames} frames, {happenings} happenings, no violation; at \
         most {rest_ms} ms, {rest_frames} frames and {rest_calls} calls to rest"
    ));
}

/// An eviction may come wherever a driver waits, so it comes there, one run for each such place.
#[test]
fn an_eviction_at_any_await_point_costs_nothing() {
    if number("SEAWALL_SEED").is_some() {
        return;
    }
    let mut runs = 0;
    for seed in 1..=STORIES_OF_EVICTIONS {
        let whole = Plan { only: Some((0..40).collect()), ..Plan::new(seed, None) };
        let plan = Plan { without: [Trouble::Evictions].into(), ..whole };
        let Ok(summary) = run(&plan, false).result else { panic!("{plan}") };
        let total = run_all(1..summary.awaits + 1, |at| Plan { evict_at: Some(at), ..plan.clone() });
        expect_no_failure(&total.failures);
        runs += total.runs;
    }
    say(&format!("{runs} evictions, one at each await point of {STORIES_OF_EVICTIONS} stories"));
}

#[test]
fn the_same_plan_tells_the_same_story() {
    for seed in [1, 2, 3, 1_234_567] {
        let plan = Plan::new(seed, None);
        let (first, second) = (run(&plan, true).story, run(&plan, true).story);
        assert!(!first.is_empty());
        assert_eq!(first, second, "seed {seed}");
    }
}

#[test]
fn a_failing_story_is_told_short() {
    let (_, failure) = seeds_to_find(Bug::NoDedupe);
    let short = shorten(&failure);
    let kept = short.plan.only.as_ref().map_or(usize::MAX, BTreeSet::len);
    assert!(kept <= 12, "{kept} of {} steps are left", short.steps);
    assert!(run(&short.plan, false).result.is_err(), "what is left fails, too");
    let whole = run(&failure.plan, true).story.len();
    assert!(short.story.len() < whole, "{} of {whole} lines", short.story.len());
}

/// How many seeds it takes to find a planted bug.
fn seeds_to_find(bug: Bug) -> (u64, Failure) {
    // A seed that fails without the bug, too, has not found it.
    let faithful = |seed: &u64| run(&Plan::new(*seed, None), false).result.is_ok();
    let found = |seed| Some((seed, run(&Plan::new(seed, Some(bug)), false).result.err()?));
    let found = |seed| found(seed).filter(|(seed, _)| faithful(seed));
    (1..=SEEDS_FOR_A_BUG).find_map(found).unwrap_or_else(|| panic!("{bug:?} is not found"))
}

#[test]
fn the_table_of_planted_bugs() {
    let mut table = format!("{:<24}{:>6}  what broke\n", "planted bug", "seeds");
    for bug in Bug::ALL {
        let (seeds, Failure { what, .. }) = seeds_to_find(bug);
        let what: String = what.chars().take(90).collect();
        table.push_str(&format!("{:<24}{seeds:>6}  {what}\n", format!("{bug:?}")));
    }
    say(&table);
}

macro_rules! planted {
    ($($name:ident: $bug:ident,)*) => {
        $(#[test]
        fn $name() {
            seeds_to_find(Bug::$bug);
        })*
    };
}

planted! {
    an_acknowledgement_before_the_store_is_found: AckBeforeStore,
    an_edge_that_accepts_a_message_twice_is_found: NoDedupe,
    a_receipt_that_gets_lost_is_found: ReceiptLost,
    a_resume_that_is_off_by_one_is_found: ResumeOffByOne,
    a_replay_that_comes_twice_is_found: DoubledReplay,
    an_edge_that_hears_a_socket_after_its_end_is_found: OrphanHeard,
    a_browser_that_erases_before_the_origin_has_it_is_found: OutboxClearedBeforeAck,
    an_alarm_that_throws_is_found: AlarmThrows,
    a_cursor_that_moves_before_the_receipt_is_found: CursorBeforeReceipt,
    a_browser_that_ignores_the_epoch_is_found: EpochIgnored,
    a_log_in_the_order_of_the_clock_is_found: OrderByClock,
    a_browser_that_hears_a_former_link_is_found: FormerLinkHeard,
    an_edge_that_speaks_for_the_origin_is_found: ReceiptBeforeOrigin,
}

#[test]
fn an_edge_that_takes_a_dead_link_for_an_open_one_is_found() {
    let (_, Failure { what, .. }) = seeds_to_find(Bug::GhostStays);
    assert!(what.contains("for one that is open"), "found as something else: {what}");
}
