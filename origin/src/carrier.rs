//! The one loop that tells the edge what is in the outbox: one batch in flight, kept until it is answered.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header;
use reqwest::redirect;
use shared::event::{BATCH_TYPE, Receipts};
use shared::webhook::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use tokio::time::{sleep, timeout};

use crate::config::Edge;
use crate::connections::Stop;
use crate::now_ms;
use crate::outbox::{self, MAX_ASKED_MS};
use crate::problem::Problem;
use crate::server::Origin;

/// The edge answers from its own storage; longer than this is no answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// Receipts of 50 events with reasons fit many times over.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Carries until `stop`. What is in flight then stays in the outbox and goes out after the next start.
pub async fn carry(origin: Arc<Origin>, client: reqwest::Client, mut stop: Stop) {
    tokio::select! {
        () = stop.stopped() => {}
        () = Carrier { origin, client, failures: 0 }.run() => {}
    }
}

pub fn client(edge: &Edge) -> Result<reqwest::Client, reqwest::Error> {
    // An error means that the process has chosen already, as every test but the first finds.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A redirected signature would tell somebody else what was signed for the edge.
    let builder = reqwest::Client::builder().redirect(redirect::Policy::none()).timeout(DEADLINE);
    if edge.events().scheme() == "https" {
        return builder.build();
    }
    // An edge next door needs neither a proxy nor certificates, which a bare machine does not have.
    builder.no_proxy().tls_certs_only([]).build()
}

struct Carrier {
    origin: Arc<Origin>,
    client: reqwest::Client,
    /// Batches in a row without an answer.
    failures: u32,
}

/// A batch without an answer.
pub struct Unanswered {
    pub why: String,
    /// `Retry-After`, where the edge gave one.
    pub asked_ms: u64,
}

impl Carrier {
    async fn run(mut self) {
        loop {
            self.origin.faults.until_it_may_send().await;
            let wait = match self.step().await {
                Ok(wait) => wait,
                Err(problem) => {
                    tracing::warn!(code = problem.code, "the outbox could not be read");
                    Some(self.origin.pace.wait(0))
                }
            };
            if let Some(wait) = wait {
                sleep(wait).await;
            }
        }
    }

    /// Sends at most one batch; then says how long to wait, where there is a reason to.
    async fn step(&mut self) -> Result<Option<Duration>, Problem> {
        let Some(batch) = self.origin.store.write(|tx| outbox::next_batch(tx, now_ms())).await? else {
            self.until_there_is_something().await?;
            return Ok(None);
        };
        match post(&self.origin, &self.client, &batch.webhook_id, batch.body()).await {
            Ok(receipts) => {
                self.failures = 0;
                let pace = self.origin.pace.clone();
                let apply = move |tx: &rusqlite::Transaction<'_>| {
                    outbox::apply(tx, &batch, &receipts, now_ms(), |tries| pace.wait(tries))
                };
                self.origin.store.write(apply).await?;
                Ok(None)
            }
            Err(unanswered) => {
                let asked = Duration::from_millis(unanswered.asked_ms.min(MAX_ASKED_MS));
                let wait = self.origin.pace.wait(self.failures).max(asked);
                tracing::warn!(
                    events = batch.events.len(),
                    attempt = self.failures + 1,
                    why = unanswered.why,
                    wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                    "the edge has not taken a batch"
                );
                self.failures = self.failures.saturating_add(1);
                Ok(Some(wait))
            }
        }
    }

    /// Waits for news, or until the first held event is due.
    async fn until_there_is_something(&self) -> Result<(), Problem> {
        let due = self.origin.store.read(outbox::next_due).await?;
        let news = self.origin.news.notified();
        let Some(due) = due else {
            // Whatever has come in the meantime has left its notice in `news`.
            news.await;
            return Ok(());
        };
        // Either is a reason to look again.
        let _ = timeout(Duration::from_millis(due.saturating_sub(now_ms()).max(1)), news).await;
        Ok(())
    }
}

/// One signed batch. What is sent again keeps its `webhook-id` and body, with a fresh timestamp and signature (EVENT-3).
pub async fn post(
    origin: &Origin,
    client: &reqwest::Client,
    id: &str,
    body: String,
) -> Result<Receipts, Unanswered> {
    let timestamp_s = now_ms() / 1000;
    let signature = origin.secret.sign(id, timestamp_s, body.as_bytes());
    let request = client
        .post(origin.edge.events())
        .header(header::CONTENT_TYPE, BATCH_TYPE)
        .header(ID_HEADER, id)
        .header(TIMESTAMP_HEADER, timestamp_s)
        .header(SIGNATURE_HEADER, signature)
        .body(body);
    let unanswered = |why: String| Unanswered { why, asked_ms: 0 };
    let mut response = request.send().await.map_err(|error| unanswered(error.to_string()))?;
    if !response.status().is_success() {
        let seconds = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked_ms = seconds.and_then(|s| s.trim().parse::<u64>().ok()).unwrap_or(0).saturating_mul(1_000);
        return Err(Unanswered { why: format!("status {}", response.status()), asked_ms });
    }
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unanswered(error.to_string()))? {
        answer.extend_from_slice(&chunk);
        if answer.len() > MAX_ANSWER_BYTES {
            return Err(unanswered("the answer is too large".into()));
        }
    }
    serde_json::from_slice(&answer).map_err(|_| unanswered("the answer has no receipts".into()))
}

/// How long to wait after failures: doubling, capped, with jitter so that several origins do not keep step.
#[derive(Clone)]
pub struct Pace {
    pub first: Duration,
    pub longest: Duration,
}

impl Pace {
    /// After `failures` earlier ones: between half and all of min(longest, first · 2ⁿ).
    pub fn wait(&self, failures: u32) -> Duration {
        let full = self.first.saturating_mul(1 << failures.min(16)).min(self.longest);
        full.mul_f64(rand::random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_spread() {
        let pace = Pace { first: Duration::from_secs(1), longest: Duration::from_secs(30) };
        for (failures, full) in [(0, 1), (1, 2), (4, 16), (5, 30), (u32::MAX, 30)] {
            let full = Duration::from_secs(full);
            let wait = pace.wait(failures);
            assert!(wait >= full / 2 && wait <= full, "{failures}: {wait:?}");
        }
    }
}
