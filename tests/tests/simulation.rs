//! `cargo xtask test simulation`: many seeds, each a story of its own.
//!
//! `SEAWALL_SEED=N` tells one seed's whole story, `SEAWALL_SEEDS=COUNT` runs that many (default 1,000).

use std::time::Instant;

use tests::simulation::bugs::Bug;
use tests::simulation::trace::TOLD;
use tests::simulation::{Failure, run};

const SEEDS: u64 = 1_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Runs the seed once more, this time telling its story.
fn report(failure: &Failure) -> String {
    let (_, story) = run(failure.seed, None, true);
    let Failure { seed, what, .. } = failure;
    let last = story[story.len().saturating_sub(TOLD)..].join("\n");
    format!("{last}\n\nseed {seed}: {what}\nagain: SEAWALL_SEED={seed} cargo xtask test simulation\n")
}

#[test]
fn every_message_is_kept_ordered_and_delivered_whatever_happens() {
    if let Some(seed) = number("SEAWALL_SEED") {
        let (result, story) = run(seed, None, true);
        println!("{}", story.join("\n"));
        println!("{:?}", result.as_ref().map_err(|failure| &failure.what));
        assert!(result.is_ok(), "seed {seed}");
        return;
    }
    let (seeds, began) = (number("SEAWALL_SEEDS").unwrap_or(SEEDS), Instant::now());
    let (mut written, mut frames, mut rest_ms, mut happenings) = (0, 0, 0, 0);
    let mut failures = Vec::new();
    for seed in 1..=seeds {
        match run(seed, None, false).0 {
            Ok(summary) => {
                written += summary.written;
                frames += summary.frames;
                happenings += summary.happenings;
                rest_ms = rest_ms.max(summary.rest_ms);
            }
            Err(failure) => failures.push(failure),
        }
    }
    if let Some(first) = failures.first() {
        for Failure { seed, what, .. } in &failures[1..] {
            println!("seed {seed}: {what}");
        }
        panic!("{}", report(first));
    }
    let took = began.elapsed().as_secs_f64();
    println!(
        "{seeds} seeds in {took:.1} s: {written} messages, {frames} frames, {happenings} happenings; \
         longest way to rest {rest_ms} ms"
    );
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in [1, 2, 3, 1_234_567] {
        let (first, second) = (run(seed, None, true).1, run(seed, None, true).1);
        assert!(!first.is_empty());
        assert_eq!(first, second, "seed {seed}");
    }
}

/// How many seeds it takes to find a planted bug.
fn seeds_to_find(bug: Bug) {
    for seed in 1..=SEEDS {
        if let Err(failure) = run(seed, Some(bug), false).0 {
            println!("{bug:?}: found by seed {seed}: {}", failure.what);
            return;
        }
    }
    panic!("{bug:?} was not found in {SEEDS} seeds");
}

#[test]
fn an_acknowledgement_before_the_store_is_found() {
    seeds_to_find(Bug::AckBeforeStore);
}

#[test]
fn an_edge_that_accepts_a_message_twice_is_found() {
    seeds_to_find(Bug::NoDedupe);
}

#[test]
fn a_resume_that_is_off_by_one_is_found() {
    seeds_to_find(Bug::ResumeOffByOne);
}

#[test]
fn a_browser_that_erases_before_the_origin_has_it_is_found() {
    seeds_to_find(Bug::EraseOnSend);
}

#[test]
fn an_edge_that_speaks_for_the_origin_is_found() {
    seeds_to_find(Bug::ReceiptBeforeOrigin);
}
