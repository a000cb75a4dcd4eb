//! HTTP to the origin: signed, with a deadline, and every answer judged. Nobody else calls it but the gate and the
//! log-in proxy.

use serde::de::DeserializeOwned;
use shared::Millis;
use shared::event::{BATCH_TYPE, ConnectedAgents, Event, Receipts, Resource, SiteSettings, Status};
use shared::id::{AgentId, SiteId};
use shared::webhook::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER};
use worker::{AbortController, Env, Error, Fetch, Headers, Method, Request, RequestInit, Response, Result};

use crate::jwt::Jwks;
use crate::origin_gate::Answer;
use crate::{origin_health, quota};

use super::calls::AgentsAnswer;
use super::{now_ms, variable_if_any, within};

/// A slower body is no answer.
const BODY_MS: Millis = 2_000;
/// Log in hashes a password on the other side.
const LOGIN_DEADLINE_MS: Millis = 5_000;
/// An origin that is slow to say how it is says it by that.
const HEALTH_DEADLINE_MS: Millis = 2_000;
/// The longest answer that is read: receipts of 50 events with long reasons.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

pub(super) struct Origin {
    url: String,
    secret: Secret,
}

/// What a call for settings or keys brought.
pub(super) enum Fetched<T> {
    Good(T),
    NotFound,
    Failed,
}

/// What a call about accounts says about the origin.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    pub(super) good: bool,
    pub(super) retry_after_ms: Millis,
    /// Its quota is spent for so long.
    pub(super) pause_ms: Millis,
}

impl Outcome {
    pub(super) fn silent(good: bool) -> Outcome {
        Outcome { good, retry_after_ms: 0, pause_ms: 0 }
    }

    fn of(response: &Response, good: bool) -> Outcome {
        Outcome { good, retry_after_ms: retry_after_ms(response), pause_ms: pause_ms(response) }
    }
}

/// What became of a batch.
pub(super) struct Posted {
    pub(super) answer: Answer,
    /// The origin's quota is spent for so long.
    pub(super) pause_ms: Millis,
}

impl Posted {
    pub(super) fn bad(reason: &'static str) -> Posted {
        Posted { answer: Answer::Bad { reason, retry_after_ms: 0 }, pause_ms: 0 }
    }
}

impl Origin {
    pub(super) fn new(env: &Env) -> Result<Origin> {
        let secret = Secret::parse(&variable_if_any(env, "SEAWALL_ORIGIN_SECRET").unwrap_or_default());
        Ok(Origin {
            url: variable_if_any(env, "SEAWALL_ORIGIN_URL")
                .unwrap_or_default()
                .trim_end_matches('/')
                .to_owned(),
            secret: secret.ok_or("SEAWALL_ORIGIN_SECRET must be whsec_ and base64 of 24 to 64 bytes")?,
        })
    }

    /// Posts a batch. The id follows from the events, so that the same batch sent again has the same `webhook-id`,
    /// with a fresh timestamp and signature (EVENT-3).
    pub(super) async fn post(&self, events: &[Event], deadline_ms: Millis) -> Posted {
        let id = batch_id(events);
        match self.post_batch(&id, events, deadline_ms).await {
            Ok(posted) => posted,
            Err(_) => Posted::bad("origin-unreachable"),
        }
    }

    async fn post_batch(&self, id: &str, events: &[Event], deadline_ms: Millis) -> Result<Posted> {
        let body = serde_json::to_string(events)?;
        let headers = self.signed(id, body.as_bytes())?;
        headers.set("content-type", BATCH_TYPE)?;
        let mut response = self.send(Method::Post, "/events", headers, Some(&body), deadline_ms).await?;
        let (retry_after_ms, pause_ms) = (retry_after_ms(&response), pause_ms(&response));
        let answer = match response.status_code() {
            200 => match read::<Receipts>(&mut response).await {
                Some(Receipts { receipts }) => Answer::Good(receipts),
                // It says 200 and does not speak the protocol: believed by its deeds.
                None => Answer::Bad { reason: "origin-malformed", retry_after_ms: 0 },
            },
            429 => Answer::Bad { reason: "origin-overloaded", retry_after_ms },
            503 => Answer::Bad { reason: "origin-unavailable", retry_after_ms },
            _ => Answer::Bad { reason: "origin-failing", retry_after_ms },
        };
        Ok(Posted { answer, pause_ms })
    }

    /// What it says about itself: nothing where it says nothing that can be read.
    pub(super) async fn health(&self) -> Vec<(Resource, Status)> {
        let call = async {
            let headers = self.signed(&super::random_id(), b"")?;
            headers.set("accept", "application/health+json")?;
            self.send(Method::Get, "/health", headers, None, HEALTH_DEADLINE_MS).await
        };
        // A failing origin says so with a 503.
        let Ok(mut response) = call.await else { return Vec::new() };
        text(&mut response).await.map_or_else(Vec::new, |text| origin_health::claims(&text))
    }

    pub(super) async fn settings(
        &self,
        site: &SiteId,
        deadline_ms: Millis,
    ) -> (Fetched<SiteSettings>, Outcome) {
        self.get(&format!("/sites/{site}"), deadline_ms).await
    }

    /// Tells who is connected. A site that the origin does not know has nobody to tell of.
    pub(super) async fn connected(
        &self,
        site: &SiteId,
        agents: Vec<AgentId>,
        deadline_ms: Millis,
    ) -> Outcome {
        let call = async {
            let body = serde_json::to_string(&ConnectedAgents { agents, at_ms: now_ms() })?;
            let headers = self.signed(&super::random_id(), body.as_bytes())?;
            headers.set("content-type", "application/json")?;
            let path = format!("/sites/{site}/connected");
            self.send(Method::Put, &path, headers, Some(&body), deadline_ms).await
        };
        match call.await {
            Ok(response) => {
                let good = matches!(response.status_code(), 204 | 404);
                Outcome::of(&response, good)
            }
            Err(_) => Outcome::silent(false),
        }
    }

    pub(super) async fn jwks(&self, deadline_ms: Millis) -> (Fetched<Jwks>, Outcome) {
        self.get("/.well-known/jwks.json", deadline_ms).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, deadline_ms: Millis) -> (Fetched<T>, Outcome) {
        let call = async {
            let headers = self.signed(&super::random_id(), b"")?;
            self.send(Method::Get, path, headers, None, deadline_ms).await
        };
        let Ok(mut response) = call.await else { return (Fetched::Failed, Outcome::silent(false)) };
        let fetched = match response.status_code() {
            200 => read(&mut response).await.map_or(Fetched::Failed, Fetched::Good),
            404 => Fetched::NotFound,
            _ => Fetched::Failed,
        };
        let good = !matches!(fetched, Fetched::Failed);
        (fetched, Outcome::of(&response, good))
    }

    /// Passes an agent's log in (or renewal) through; the answer is the origin's own.
    pub(super) async fn agents(&self, path: &str, bearer: Option<&str>, body: &str) -> Result<AgentsAnswer> {
        let headers = self.signed(&super::random_id(), body.as_bytes())?;
        headers.set("content-type", "application/json")?;
        if let Some(bearer) = bearer {
            headers.set("authorization", &format!("Bearer {bearer}"))?;
        }
        let mut response = self.send(Method::Post, path, headers, Some(body), LOGIN_DEADLINE_MS).await?;
        let status = response.status_code();
        let retry_after = response.headers().get("retry-after")?;
        let Some(body) = within(BODY_MS, response.text()).await.and_then(Result::ok) else {
            return Err(Error::from("over the deadline"));
        };
        Ok(AgentsAnswer::Answered { status, retry_after, body })
    }

    fn signed(&self, id: &str, body: &[u8]) -> Result<Headers> {
        let timestamp_s = now_ms() / 1_000;
        let headers = Headers::new();
        headers.set(ID_HEADER, id)?;
        headers.set(TIMESTAMP_HEADER, &timestamp_s.to_string())?;
        headers.set(SIGNATURE_HEADER, &self.secret.sign(id, timestamp_s, body))?;
        Ok(headers)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: Headers,
        body: Option<&str>,
        deadline_ms: Millis,
    ) -> Result<Response> {
        let mut init = RequestInit::new();
        init.with_method(method).with_headers(headers).with_body(body.map(Into::into));
        let request = Request::new_with_init(&format!("{}{path}", self.url), &init)?;
        let abort = AbortController::default();
        let signal = abort.signal();
        match within(deadline_ms, Fetch::Request(request).send_with_signal(&signal)).await {
            Some(answered) => answered,
            None => {
                abort.abort();
                Err(Error::from("over the deadline"))
            }
        }
    }
}

/// The body as JSON; nothing where it is late, too long or something else.
async fn read<T: DeserializeOwned>(response: &mut Response) -> Option<T> {
    serde_json::from_str(&text(response).await?).ok()
}

async fn text(response: &mut Response) -> Option<String> {
    let text = within(BODY_MS, response.text()).await?.ok()?;
    (text.len() <= MAX_ANSWER_BYTES).then_some(text)
}

fn pause_ms(response: &Response) -> Millis {
    let field = |name: &str| response.headers().get(name).ok().flatten();
    let (remaining, reset) = (field("ratelimit-remaining"), field("ratelimit-reset"));
    quota::pause_ms(field("ratelimit").as_deref(), remaining.as_deref(), reset.as_deref())
}

/// `Retry-After` in seconds, at most ten minutes. (The form with a date is not used between our servers.)
fn retry_after_ms(response: &Response) -> Millis {
    let header = response.headers().get("retry-after").ok().flatten();
    header.and_then(|seconds| seconds.trim().parse::<u64>().ok()).unwrap_or(0).min(600) * 1_000
}

fn batch_id(events: &[Event]) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for event in events {
        hash.update(event.source.as_bytes());
        hash.update([0]);
        hash.update(event.id.as_bytes());
        hash.update([0]);
    }
    format!("batch_{}", URL_SAFE_NO_PAD.encode(&hash.finalize()[..18]))
}
