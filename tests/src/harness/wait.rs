//! Waiting for a condition, never for a time.

use std::future::Future;
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Waits until `look` gives something; until then it says what there is instead. After `limit_s` the test fails with
/// that, and with what it waited for.
pub async fn until_ok<T, F: Future<Output = Result<T, String>>>(
    what: &str,
    limit_s: u64,
    mut look: impl FnMut() -> F,
) -> T {
    let began = Instant::now();
    loop {
        match look().await {
            Ok(found) => return found,
            Err(instead) => assert!(
                began.elapsed() < Duration::from_secs(limit_s),
                "waited {limit_s} s in vain: {what}{instead}"
            ),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The same where there is nothing to say.
pub async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    limit_s: u64,
    mut look: impl FnMut() -> F,
) -> T {
    until_ok(what, limit_s, || {
        let looking = look();
        async move { looking.await.ok_or_else(String::new) }
    })
    .await
}

/// The same for a plain yes or no.
pub async fn until_true<F: Future<Output = bool>>(what: &str, limit_s: u64, mut look: impl FnMut() -> F) {
    until(what, limit_s, || {
        let looking = look();
        async move { looking.await.then_some(()) }
    })
    .await;
}

/// The same for a text that should contain `wanted`.
pub async fn until_reads<F: Future<Output = String>>(
    what: &str,
    wanted: &str,
    limit_s: u64,
    mut look: impl FnMut() -> F,
) {
    until_ok(&format!("{wanted:?} in {what}"), limit_s, || {
        let looking = look();
        async move {
            let text = looking.await;
            text.contains(wanted).then_some(()).ok_or_else(|| format!(", which reads {text:?}"))
        }
    })
    .await;
}
