//! A Chromium of our own and the protocol that its developer tools speak: one socket, a session per target.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::browser::{FLAGS, Storage};
use super::stack::program;

/// Nothing that is asked of the browser may take longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends when it is dropped.
pub struct Chromium {
    pub cdp: Cdp,
    pub version: String,
    /// Leads a process group of its own.
    process: Child,
    /// Where the profile is nobody else's, it goes too.
    _profile: Option<tempfile::TempDir>,
}

impl Chromium {
    /// With a profile of its own, and nothing in it.
    pub async fn start() -> Chromium {
        Chromium::start_with(Storage::Allowed).await
    }

    pub async fn start_with(storage: Storage) -> Chromium {
        let profile = tempfile::Builder::new().prefix("seawall-test-").tempdir().expect("a folder");
        let mut chromium = Chromium::open(profile.path(), storage).await;
        chromium._profile = Some(profile);
        chromium
    }

    /// The same folder again is the same person's browser again.
    pub async fn open(profile: &Path, storage: Storage) -> Chromium {
        let preferences = profile.join("Default/Preferences");
        if !preferences.exists() {
            let wanted = json!({ "profile": storage.preferences() });
            std::fs::create_dir_all(profile.join("Default")).expect("a profile");
            std::fs::write(preferences, wanted.to_string()).expect("a profile");
        }
        let mut process = Command::new(program("SEAWALL_CHROMIUM"))
            .args(FLAGS)
            .args([
                // Several windows are measured in turn: none may rest because another is in front.
                "--disable-background-timer-throttling",
                "--disable-backgrounding-occluded-windows",
                "--disable-renderer-backgrounding",
                "--remote-debugging-port=0",
            ])
            .args(storage.flag())
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .expect("Chromium starts");
        let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines();
        let listening = async {
            loop {
                let line = lines.next_line().await.expect("readable").expect("Chromium tells its address");
                if let Some((_, url)) = line.split_once("DevTools listening on ") {
                    return url.trim().to_owned();
                }
            }
        };
        let url = tokio::time::timeout(PATIENCE, listening).await.expect("Chromium starts in time");
        // Its later words go nowhere, but the pipe must stay open.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let cdp = Cdp::connect(&url).await;
        let version = cdp.call("", "Browser.getVersion", json!({})).await;
        let version = version["product"].as_str().unwrap_or_default().to_owned();
        Chromium { cdp, version, process, _profile: None }
    }

    /// Ends as when a person closes its last window: the profile is written.
    pub async fn quit(&mut self) {
        drop(self.cdp.ask("", "Browser.close", json!({})));
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        ended.expect("Chromium ends in time").expect("it was started");
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if let Some(leader) = self.process.id() {
            let _ = std::process::Command::new("kill").args(["-9", "--", &format!("-{leader}")]).status();
        }
    }
}

/// Clones speak on the same socket.
#[derive(Clone)]
pub struct Cdp(Arc<Shared>);

struct Shared {
    out: UnboundedSender<String>,
    last_id: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Value>>>,
    /// By session: who hears of its events.
    listeners: Mutex<HashMap<String, UnboundedSender<Value>>>,
}

impl Cdp {
    async fn connect(url: &str) -> Cdp {
        let address = url.strip_prefix("ws://").and_then(|rest| rest.split('/').next()).expect("an address");
        let stream = tokio::net::TcpStream::connect(address).await.expect("the browser listens");
        stream.set_nodelay(true).expect("a socket");
        // A snapshot of a page's strings may be long.
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let (socket, _) = tokio_tungstenite::client_async_with_config(url, stream, Some(config))
            .await
            .expect("the browser speaks");
        let (mut sink, mut stream) = socket.split();
        let (out, mut outgoing) = unbounded_channel::<String>();
        tokio::spawn(async move {
            while let Some(text) = outgoing.recv().await {
                if sink.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
        });
        let shared = Arc::new(Shared {
            out,
            last_id: AtomicU64::new(0),
            waiting: Mutex::default(),
            listeners: Mutex::default(),
        });
        let heard = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let Message::Text(text) = message else { continue };
                let value: Value = serde_json::from_str(&text).expect("JSON");
                heard.hear(value);
            }
        });
        Cdp(shared)
    }

    /// Asks without waiting for the answer; what one session is asked, it does in order.
    pub fn ask(&self, session: &str, method: &str, params: Value) -> Answer {
        let id = self.0.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let (tell, told) = oneshot::channel();
        self.0.waiting.lock().expect("calls").insert(id, tell);
        let mut call = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            call["sessionId"] = json!(session);
        }
        let _ = self.0.out.send(call.to_string());
        Answer { told, method: method.to_owned() }
    }

    pub async fn call(&self, session: &str, method: &str, params: Value) -> Value {
        self.ask(session, method, params).get().await
    }

    pub fn events(&self, session: &str) -> UnboundedReceiver<Value> {
        let (tell, told) = unbounded_channel();
        self.0.listeners.lock().expect("listeners").insert(session.to_owned(), tell);
        told
    }
}

impl Shared {
    fn hear(&self, value: Value) {
        if let Some(id) = value["id"].as_u64() {
            if let Some(tell) = self.waiting.lock().expect("calls").remove(&id) {
                let _ = tell.send(value);
            }
        } else {
            let session = value["sessionId"].as_str().unwrap_or_default();
            if let Some(tell) = self.listeners.lock().expect("listeners").get(session) {
                let _ = tell.send(value);
            }
        }
    }
}

pub struct Answer {
    told: oneshot::Receiver<Value>,
    method: String,
}

impl Answer {
    pub async fn get(self) -> Value {
        let method = self.method.clone();
        self.outcome().await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The error is the browser's own: a target may be gone.
    pub async fn outcome(self) -> Result<Value, String> {
        let told = tokio::time::timeout(PATIENCE, self.told).await;
        let mut value = told.map_err(|_| "no answer in time")?.map_err(|_| "the browser is gone")?;
        if let Some(error) = value.get("error") {
            return Err(error.to_string());
        }
        Ok(value["result"].take())
    }
}
