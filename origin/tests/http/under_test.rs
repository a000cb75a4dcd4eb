//! An origin under test, and the ways to ask it.

use std::net::SocketAddr;
use std::time::Duration;

use origin::bearer::AdminToken;
use origin::capacity::PerSecond;
use origin::carrier::Pace;
use origin::config::{Config, Edge};
use origin::server::{self, Running};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use shared::event::{BATCH_TYPE, Outcome, Receipts};
use shared::webhook::Secret;
use tempfile::TempDir;

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const ADMIN: &str = "demo-origin-admin";
/// Nothing listens there: batches fail at once.
pub(crate) const NO_EDGE: &str = "http://127.0.0.1:9";
/// How long anything may take before the test gives up on it.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct UnderTest {
    running: Option<Running>,
    _folder: TempDir,
    config: Config,
    pub(crate) client: Client,
}

impl UnderTest {
    pub(crate) async fn start() -> UnderTest {
        UnderTest::with_edge(NO_EDGE).await
    }

    pub(crate) async fn with_edge(edge: &str) -> UnderTest {
        UnderTest::of(edge, |config| config).await
    }

    pub(crate) async fn without_admin() -> UnderTest {
        UnderTest::of(NO_EDGE, |config| Config { admin: None, ..config }).await
    }

    pub(crate) async fn with_capacity(per_second: u64) -> UnderTest {
        UnderTest::with_capacity_and_edge(per_second, NO_EDGE).await
    }

    pub(crate) async fn with_capacity_and_edge(per_second: u64, edge: &str) -> UnderTest {
        let capacity = Some(PerSecond::parse(&per_second.to_string()).unwrap());
        UnderTest::of(edge, |config| Config { capacity, ..config }).await
    }

    pub(crate) async fn of(edge: &str, change: impl FnOnce(Config) -> Config) -> UnderTest {
        let folder = tempfile::tempdir().unwrap();
        let config = change(config(&folder, edge));
        UnderTest { running: Some(run(config.clone()).await), _folder: folder, config, client: client() }
    }

    /// The same folder under a new process, as far as one process can.
    pub(crate) async fn restart(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        self.running = Some(run(self.config.clone()).await);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let address: SocketAddr = self.running.as_ref().unwrap().address;
        format!("http://{address}{path}")
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(self.url(path)).body(body.to_string())
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.put(self.url(path)).body(body.to_string()).bearer_auth(ADMIN)
    }

    /// A batch as the edge sends it.
    pub(crate) fn batch(&self, events: &Value) -> RequestBuilder {
        self.signed(self.client.post(self.url("/events")), "batch-1", now_s(), events.to_string())
            .header("content-type", BATCH_TYPE)
    }

    pub(crate) fn signed(
        &self,
        request: RequestBuilder,
        id: &str,
        timestamp_s: u64,
        body: String,
    ) -> RequestBuilder {
        let signature = Secret::parse(SECRET).unwrap().sign(id, timestamp_s, body.as_bytes());
        request
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp_s)
            .header("webhook-signature", signature)
            .body(body)
    }

    pub(crate) async fn settings(&self, site: &str) -> Response {
        self.signed_settings(site).send().await.unwrap()
    }

    pub(crate) fn signed_settings(&self, site: &str) -> RequestBuilder {
        self.signed(self.get(&format!("/sites/{site}")), "settings-1", now_s(), String::new())
    }

    /// The results of a batch that the origin takes, in its order.
    pub(crate) async fn results(&self, events: &Value) -> Vec<(Outcome, String)> {
        let response = self.batch(events).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let receipts: Receipts = read(response).await;
        receipts.receipts.into_iter().map(|receipt| (receipt.result, receipt.reason)).collect()
    }

    pub(crate) async fn ledger(&self, query: &str) -> Vec<Value> {
        let request = self.get(&format!("/ledger/demo/messages{query}")).bearer_auth(ADMIN);
        read(request.send().await.unwrap()).await
    }

    /// What has arrived, in the buckets that have ended.
    pub(crate) async fn load(&self, after_ms: u64) -> Value {
        let request = self.get(&format!("/load?after_ms={after_ms}")).bearer_auth(ADMIN);
        read(request.send().await.unwrap()).await
    }

    /// The ids in the ledger, in its order.
    pub(crate) async fn ledger_ids(&self) -> Vec<String> {
        self.ledger("").await.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn fault(&self, fault: Value) {
        assert_eq!(self.put("/faults", &fault).send().await.unwrap().status(), 200);
    }

    pub(crate) async fn login(&self, site: &str, email: &str, password: &str) -> Response {
        let credentials = json!({"email": email, "password": password});
        self.post(&format!("/sites/{site}/agents/login"), &credentials).send().await.unwrap()
    }
}

fn config(folder: &TempDir, edge: &str) -> Config {
    let listen = "127.0.0.1:0".parse().unwrap();
    let (edge, secret) = (Edge::parse(edge).unwrap(), Secret::parse(SECRET).unwrap());
    Config {
        admin: Some(AdminToken::new(ADMIN)),
        demo: true,
        pace: Pace { first: Duration::from_millis(10), longest: Duration::from_millis(50) },
        ..Config::new(listen, folder.path().to_owned(), edge, secret)
    }
}

async fn run(config: Config) -> Running {
    server::start(config).await.unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn client() -> Client {
    let edge = Edge::parse(NO_EDGE).unwrap();
    origin::carrier::client(&edge).unwrap()
}

pub(crate) fn now_s() -> u64 {
    origin::now_ms() / 1000
}

pub(crate) async fn read<T: serde::de::DeserializeOwned>(response: Response) -> T {
    let body = response.bytes().await.unwrap();
    serde_json::from_slice(&body)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&body)))
}

/// The status and code of a refusal; it must be a problem+json.
pub(crate) async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: Value = read(response).await;
    assert_eq!(problem["status"], status);
    for member in ["type", "title", "detail"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    }
    (status, problem["code"].as_str().unwrap().to_owned())
}

pub(crate) fn message(conversation: &str, seq: u64, id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": format!("/sites/demo/conversations/{conversation}"),
        "type": "seawall.message",
        "data": {"site": "demo", "conversation": conversation, "epoch": 1, "seq": seq, "author": "visitor",
            "text": format!("text of {id}"), "at_ms": 1},
    })
}
