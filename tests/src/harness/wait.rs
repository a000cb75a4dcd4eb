//! Waiting for a condition, never for a time.

use std::future::Future;
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Waits until `look` gives something. After `limit_s` the test fails and says what it waited for.
pub async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    limit_s: u64,
    mut look: impl FnMut() -> F,
) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(limit_s), "waited {limit_s} s in vain: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The same for a plain yes or no.
pub async fn until_true<F: Future<Output = bool>>(what: &str, limit_s: u64, mut look: impl FnMut() -> F) {
    until(what, limit_s, || {
        let looking = look();
        async move { looking.await.then_some(()) }
    })
    .await;
}

/// The same for a text that should contain `wanted`; a failure shows what it was at the end.
pub async fn until_reads<F: Future<Output = String>>(
    what: &str,
    wanted: &str,
    limit_s: u64,
    mut look: impl FnMut() -> F,
) {
    let began = Instant::now();
    loop {
        let text = look().await;
        if text.contains(wanted) {
            return;
        }
        assert!(
            began.elapsed() < Duration::from_secs(limit_s),
            "waited {limit_s} s in vain for {wanted:?} in {what}, which reads {text:?}"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
