//! An origin that answers as the test wants: settings, keys and receipts. It checks no signature and keeps no ledger.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use shared::event::{Event, Outcome, Receipt, Receipts};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::tokens::AgentKey;

pub struct FakeOrigin {
    pub port: u16,
    script: Arc<Mutex<Script>>,
}

/// What the answer to a batch is.
pub type Answer = Box<dyn Fn(&[Event]) -> Value + Send>;

struct Script {
    key: AgentKey,
    answer: Answer,
    /// Every message that was posted, also again.
    posted: Vec<Event>,
    /// What `GET /health` says; an origin without it says 404.
    health: Option<Value>,
    /// A field that every answer to a batch carries.
    field: Option<String>,
    /// The site whose log-ins fail.
    fails: Option<&'static str>,
    /// The site of every log in that came.
    log_ins: Vec<String>,
    /// For how many seconds whoever logs in is let in.
    lets_in_s: Option<i64>,
    /// How long settings take.
    settings_take: Duration,
    /// The site of every question for settings that came.
    looked_up: Vec<String>,
}

impl FakeOrigin {
    /// An origin that knows the sites `demo` and `large`, lets nobody log in, counts this key's tokens and takes everything.
    pub async fn start(key: AgentKey) -> FakeOrigin {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let script = Script {
            key,
            answer: Box::new(accepted),
            posted: Vec::new(),
            health: None,
            field: None,
            fails: None,
            log_ins: Vec::new(),
            lets_in_s: None,
            settings_take: Duration::ZERO,
            looked_up: Vec::new(),
        };
        let script = Arc::new(Mutex::new(script));
        let origin = FakeOrigin { port, script: Arc::clone(&script) };
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&script)));
            }
        });
        origin
    }

    pub fn answers(&self, answer: impl Fn(&[Event]) -> Value + Send + 'static) {
        self.script().answer = Box::new(answer);
    }

    pub fn answers_rightly(&self) {
        self.answers(accepted);
    }

    /// Says this about itself, with the status code of a failing server.
    pub fn says(&self, health: Value) {
        self.script().health = Some(health);
    }

    /// Answers batches with this field, or without one.
    pub fn adds(&self, field: Option<&str>) {
        self.script().field = field.map(str::to_owned);
    }

    /// Log-ins of this site fail, and of no other.
    pub fn fails_for(&self, site: Option<&'static str>) {
        self.script().fails = site;
    }

    /// Whoever logs in is Ada, for so many seconds.
    pub fn lets_in_for(&self, seconds: i64) {
        self.script().lets_in_s = Some(seconds);
    }

    /// Settings take so long from now on, also those of sites that it does not know.
    pub fn settings_take(&self, so_long: Duration) {
        self.script().settings_take = so_long;
    }

    /// How many have asked for the settings of this site.
    pub fn looked_up(&self, site: &str) -> usize {
        self.script().looked_up.iter().filter(|of| *of == site).count()
    }

    /// How many have asked for any site's settings.
    pub fn looked_up_in_all(&self) -> usize {
        self.script().looked_up.len()
    }

    /// How many log-ins of this site have come.
    pub fn log_ins(&self, site: &str) -> usize {
        self.script().log_ins.iter().filter(|of| *of == site).count()
    }

    /// The messages that were posted, in the order of posting, each as often as it was.
    pub fn posted(&self) -> Vec<Event> {
        self.script().posted.clone()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("a script")
    }
}

/// A receipt for every event, as it should be.
pub fn accepted(events: &[Event]) -> Value {
    let receipt = |event: &Event| Receipt {
        id: event.id.clone(),
        source: event.source.clone(),
        result: Outcome::Accepted,
        reason: String::new(),
        retry_after_ms: None,
    };
    json!(Receipts { receipts: events.iter().map(receipt).collect() })
}

/// HTTP as far as the edge speaks it: a head, a body of known length, and the next request on the same connection.
async fn serve(connection: TcpStream, script: Arc<Mutex<Script>>) -> Option<()> {
    let mut connection = BufReader::new(connection);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if connection.read_line(&mut first).await.ok()? == 0 {
            return None;
        }
        loop {
            let mut line = String::new();
            connection.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body).await.ok()?;
        let path = first.split(' ').nth(1)?;
        let is_settings = path.strip_prefix("/sites/").is_some_and(|rest| !rest.contains('/'));
        let (takes, (status, answer, field)) = {
            let mut script = script.lock().expect("a script");
            if is_settings {
                script.looked_up.push(path["/sites/".len()..].to_owned());
            }
            let takes = if is_settings { script.settings_take } else { Duration::ZERO };
            let (status, answer) = script.request(path, &body);
            let field = script.field.clone().filter(|_| path == "/events");
            let field = field.map_or(String::new(), |field| format!("{field}\r\n"));
            (takes, (status, answer.to_string(), field))
        };
        // A slow origin is what the test is about.
        tokio::time::sleep(takes).await;
        let head = format!(
            "HTTP/1.1 {status}\r\n{field}content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        connection.write_all(format!("{head}{answer}").as_bytes()).await.ok()?;
    }
}

impl Script {
    fn request(&mut self, path: &str, body: &[u8]) -> (&'static str, Value) {
        match path {
            "/sites/demo" | "/sites/large" => {
                let site = &path["/sites/".len()..];
                ("200 OK", json!({ "site": site, "account": site, "version": 1, "name": "Demo" }))
            }
            "/sites/demo/agents/login" | "/sites/large/agents/login" => {
                let site = path.split('/').nth(2).unwrap_or_default();
                self.log_ins.push(site.to_owned());
                match (self.fails, self.lets_in_s) {
                    (Some(fails), _) if fails == site => ("500 Internal Server Error", json!({})),
                    (_, Some(seconds)) => ("200 OK", json!({ "token": self.key.token(&[site], seconds) })),
                    _ => ("401 Unauthorized", json!({ "code": "wrong-password" })),
                }
            }
            "/.well-known/jwks.json" => ("200 OK", json!({ "keys": [self.key.jwk()] })),
            "/events" => {
                let events: Vec<Event> = serde_json::from_slice(body).expect("the edge posts events");
                let answer = (self.answer)(&events);
                self.posted.extend(events.into_iter().filter(|event| event.source != "/probes"));
                ("200 OK", answer)
            }
            "/health" if self.health.is_some() => ("503 Service Unavailable", json!(self.health)),
            _ => ("404 Not Found", json!({})),
        }
    }
}
