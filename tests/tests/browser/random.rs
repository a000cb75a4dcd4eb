//! Random stories in real browsers. `SEAWALL_SEED=N` tells one of them, with `SEAWALL_STEPS=3,7` only these of its steps;
//! `SEAWALL_SEEDS=COUNT` tells that many (default 10), from `SEAWALL_FIRST_SEED` (default 1) on.

use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream;
use tests::harness::browser::Storage;
use tests::harness::proxy::Weather;
use tests::harness::story::plan::{Plan, Step};
use tests::harness::story::teller::{Told, World, tell};

/// Told in an ordinary run.
const SEEDS: u64 = 10;
/// Told at once: each has a browser.
const AT_ONCE: usize = 3;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_nothing_is_lost_doubled_or_reordered() {
    let seeds = match number("SEAWALL_SEED") {
        Some(seed) => seed..=seed,
        None => {
            let first = number("SEAWALL_FIRST_SEED").unwrap_or(1);
            first..=first + number("SEAWALL_SEEDS").unwrap_or(SEEDS) - 1
        }
    };
    let only = std::env::var("SEAWALL_STEPS").ok();
    let only: Option<Vec<usize>> =
        only.map(|only| only.split(',').filter_map(|number| number.parse().ok()).collect());
    let world = Arc::new(World::start().await);
    let broken = stream::iter(seeds).map(|seed| {
        let (world, plan) = (Arc::clone(&world), Plan::of(seed));
        let plan = match &only {
            Some(only) => plan.only(only),
            None => plan,
        };
        async move {
            let (told, began) = (Told::default(), Instant::now());
            let story = tokio::spawn({
                let (world, plan, told) = (Arc::clone(&world), plan.clone(), Arc::clone(&told));
                async move { tell(&world, plan, told).await }
            });
            let well = story.await.is_ok();
            println!("{plan} {:.1} s", began.elapsed().as_secs_f64());
            if !well {
                world.ended(plan.seed).await;
                let told = told.lock().expect("a story").join("\n");
                println!(
                    "{told}\nIt broke here. Again: SEAWALL_SEED={seed} cargo xtask test browser -- random\n"
                );
            }
            (!well).then_some(seed)
        }
    });
    let broken: Vec<u64> =
        broken.buffer_unordered(AT_ONCE).filter_map(|broken| async move { broken }).collect().await;
    assert!(broken.is_empty(), "broken: seeds {broken:?}");
    world.stack.assert_calm();
}

/// Found by chance, and reduced.
async fn found(storage: Storage, beginning: Weather, steps: &[Step]) {
    let (world, told) = (World::start().await, Told::default());
    tell(&world, Plan::chosen(storage, beginning, steps), Arc::clone(&told)).await;
    world.stack.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_1_what_was_sent_before_the_app_was_there_outlives_reloads_and_is_sent_once_and_in_order() {
    let steps = [
        Step::Send,
        Step::Send,
        Step::Reload,
        Step::Send,
        Step::Reload,
        Step::Send,
        Step::Weather(Weather::Fair),
        Step::Send,
    ];
    for storage in Storage::BOTH {
        found(storage, Weather::Sliced, &steps).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_1_what_a_closed_tab_has_left_is_sent_by_the_tab_that_stays() {
    let cut = Step::Weather(Weather::Cut);
    found(Storage::Allowed, Weather::Fair, &[Step::OpenTab, Step::Send, cut, Step::Send, Step::CloseTab])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_5_what_was_written_before_the_key_has_come_outlives_a_reload_where_the_frame_is_denied_storage()
{
    let steps = [Step::Send, Step::Reload, Step::Weather(Weather::Fair)];
    found(Storage::Denied, Weather::Slow(500), &steps).await;
}
