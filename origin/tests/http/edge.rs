//! A fake edge: keeps what the origin posts and answers as told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use shared::webhook::Secret;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::under_test::{LIMIT, SECRET, now_s};

#[derive(Clone)]
pub(crate) struct FakeEdge {
    pub(crate) url: String,
    batches: Arc<watch::Sender<Vec<Batch>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    to_statuses: Arc<AtomicU16>,
}

/// A batch as it came, its signature already checked.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) webhook_id: String,
    pub(crate) events: Vec<Value>,
}

pub(crate) enum Answer {
    Status(u16),
    StatusRetryAfter(u16, &'static str),
    /// This result for every event.
    All(&'static str),
    /// 200, and not a word of the protocol.
    Garbage,
}

impl FakeEdge {
    /// Accepts everything until told otherwise.
    pub(crate) async fn start() -> FakeEdge {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let batches = Arc::new(watch::Sender::new(Vec::new()));
        let edge =
            FakeEdge { url, batches, answers: Arc::default(), to_statuses: Arc::new(AtomicU16::new(200)) };
        let router = Router::new().route("/v1/events", post(take)).with_state(edge.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        edge
    }

    /// The answers to the next batches that carry replies; after them everything is accepted.
    pub(crate) fn will_answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// The answer to batches that carry statuses, until told otherwise.
    pub(crate) fn answers_statuses(&self, status: u16) {
        self.to_statuses.store(status, Ordering::Relaxed);
    }

    /// Waits until so many batches with events of this type have come.
    pub(crate) async fn batches(&self, of_type: &str, at_least: usize) -> Vec<Batch> {
        self.until(of_type, |batches| batches.len() >= at_least).await
    }

    /// Waits until the batches with events of this type are as they should be.
    pub(crate) async fn until(&self, of_type: &str, enough: impl Fn(&[Batch]) -> bool) -> Vec<Batch> {
        let mut batches = self.batches.subscribe();
        let enough = |all: &Vec<Batch>| enough(&of(all, of_type));
        match timeout(LIMIT, batches.wait_for(enough)).await {
            Ok(all) => of(&all.unwrap(), of_type),
            Err(_) => panic!("{of_type}: {:?}", self.batches.borrow()),
        }
    }

    pub(crate) fn so_far(&self, of_type: &str) -> usize {
        of(&self.batches.borrow(), of_type).len()
    }
}

fn of(batches: &[Batch], of_type: &str) -> Vec<Batch> {
    batches
        .iter()
        .filter(|batch| batch.events.iter().any(|event| event["type"] == of_type))
        .cloned()
        .collect()
}

async fn take(State(edge): State<FakeEdge>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header("content-type"), Some("application/cloudevents-batch+json"));
    let (id, at, signature) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    if Secret::parse(SECRET).unwrap().verify(now_s(), id, at, signature, &body).is_err() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let batch = Batch { webhook_id: id.unwrap().into(), events: serde_json::from_slice(&body).unwrap() };
    let has = |of_type| batch.events.iter().any(|event| event["type"] == of_type);
    let answer = match edge.to_statuses.load(Ordering::Relaxed) {
        _ if has("seawall.reply") => edge.answers.lock().unwrap().pop_front(),
        status if status != 200 && has("seawall.status") => Some(Answer::Status(status)),
        _ => None,
    };
    let receipts = |result: &str| {
        let receipt = |event: &Value| json!({"id": event["id"], "result": result, "reason": "told to"});
        json!({"receipts": batch.events.iter().map(receipt).collect::<Vec<_>>()}).to_string().into_response()
    };
    let response = match answer.unwrap_or(Answer::All("accepted")) {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::StatusRetryAfter(status, seconds) => {
            (StatusCode::from_u16(status).unwrap(), [("retry-after", seconds)]).into_response()
        }
        Answer::All(result) => receipts(result),
        Answer::Garbage => "<html>".into_response(),
    };
    edge.batches.send_modify(|batches| batches.push(batch));
    response
}
