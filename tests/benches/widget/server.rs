//! What an edge network would put before everybody: one server on loopback that sends everything compressed with brotli
//! 11, ours from the real edge behind it, the others' from their packages. It counts what it sends, and one of the two
//! is as slow as [`Line::SLOW_4G`]; where time counts, what no cache may keep is compressed in passing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use reqwest::{Client, Method};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;

use crate::contenders::host_page;

/// A line by its round trip and its bandwidth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) round_trip: Duration,
    pub(crate) bytes_per_s: f64,
}

impl Line {
    /// 1.6 Mbit/s
    pub(crate) const SLOW_4G: Line = Line { round_trip: Duration::from_millis(150), bytes_per_s: 200_000.0 };

    /// Two round trips and the bytes: the page's own answer and what it asks for.
    pub(crate) fn floor_ms(self, bytes: usize) -> f64 {
        2.0 * self.round_trip.as_secs_f64() * 1e3 + bytes as f64 / self.bytes_per_s * 1e3
    }
}

/// Ends when it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// What went in, and what came out.
type Compressed = Mutex<HashMap<Vec<u8>, Arc<Vec<u8>>>>;

/// All servers compress the same, which takes seconds.
static COMPRESSED: LazyLock<Compressed> = LazyLock::new(Compressed::default);

struct Shared {
    edge_port: u16,
    packages: PathBuf,
    http: Client,
    /// Bytes of bodies.
    served: AtomicUsize,
    line: Option<Line>,
    /// When each direction of the line is free again, for all connections together.
    up: Mutex<Instant>,
    down: Mutex<Instant>,
}

impl Server {
    pub(crate) async fn start(edge_port: u16, packages: &Path, line: Option<Line>) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let now = Instant::now();
        let shared = Arc::new(Shared {
            edge_port,
            packages: packages.to_owned(),
            http: Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .expect("a client"),
            served: AtomicUsize::new(0),
            line,
            up: Mutex::new(now),
            down: Mutex::new(now),
        });
        let mut listeners = vec![listener];
        // Chromium may take `localhost` for ::1 first.
        listeners.extend(TcpListener::bind(("::1", port)).await.ok());
        let accept = |listener: TcpListener| {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let shared = Arc::clone(&shared);
                    // Whoever goes away ends the connection.
                    tokio::spawn(async move { drop(shared.serve(stream).await) });
                }
            })
        };
        let tasks = listeners.into_iter().map(accept).collect();
        Server { port, shared, tasks }
    }

    pub(crate) fn page(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/bench/{name}", self.port)
    }

    /// How much was sent since the last time: compressed bodies, without the customer's page itself.
    pub(crate) fn take_served(&self) -> usize {
        self.shared.served.swap(0, Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

struct Head {
    text: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

impl Head {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(this, _)| this == name).map_or("", |(_, value)| value)
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let (from_browser, to_browser) = stream.into_split();
        // The line lies between the browser and these two ends.
        let (mut hear, up) = tokio::io::duplex(1 << 16);
        let (down, mut say) = tokio::io::duplex(1 << 16);
        let line = self.clone();
        tokio::spawn(async move { line.carry(from_browser, up, &line.up).await });
        let line = self.clone();
        tokio::spawn(async move { line.carry(down, to_browser, &line.down).await });
        let mut read = Vec::new();
        while let Some(head) = head(&mut hear, &mut read).await? {
            if head.header("upgrade").eq_ignore_ascii_case("websocket") {
                let mut edge = TcpStream::connect(("127.0.0.1", self.edge_port)).await?;
                edge.set_nodelay(true)?;
                edge.write_all(head.text.as_bytes()).await?;
                let mut browser = tokio::io::join(hear, say);
                return tokio::io::copy_bidirectional(&mut browser, &mut edge).await.map(drop);
            }
            let length = head.header("content-length").parse().unwrap_or(0);
            while read.len() < length {
                if hear.read_buf(&mut read).await? == 0 {
                    return Ok(());
                }
            }
            let body: Vec<u8> = read.drain(..length).collect();
            let answer = self.answer(&head, body).await;
            say.write_all(&answer).await?;
        }
        Ok(())
    }

    /// Takes bytes over the line, in parts of a packet's size, so that connections share it.
    async fn carry(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin + Send + 'static,
        free: &Mutex<Instant>,
    ) {
        let (hand_over, mut handed) = unbounded_channel::<(Instant, Vec<u8>)>();
        tokio::spawn(async move {
            while let Some((at, bytes)) = handed.recv().await {
                tokio::time::sleep_until(at).await;
                if to.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            let _ = to.shutdown().await;
        });
        let mut packet = vec![0; PACKET];
        while let Ok(length @ 1..) = from.read(&mut packet).await {
            let now = Instant::now();
            let mut at = now;
            if let Some(Line { round_trip, bytes_per_s }) = self.line {
                let begins = {
                    let mut free = free.lock().expect("a line");
                    let begins = now.max(*free);
                    *free = begins + Duration::from_secs_f64(length as f64 / bytes_per_s);
                    at = *free + round_trip / 2;
                    begins
                };
                // The next one queues behind what others have sent meanwhile.
                tokio::time::sleep_until(begins).await;
            }
            if hand_over.send((at, packet[..length].to_vec())).is_err() {
                return;
            }
        }
    }

    async fn answer(&self, head: &Head, body: Vec<u8>) -> Vec<u8> {
        let path = head.path.split('?').next().unwrap_or_default();
        if let Some(name) = path.strip_prefix("/bench/") {
            if name == "webhook" {
                return whole("200 OK", &[("content-type", "application/json")], br#"{"data":[]}"#);
            }
            let port = head.header("host").rsplit(':').next().unwrap_or_default().to_owned();
            return match host_page(name, &port) {
                Some(page) => {
                    whole("200 OK", &[("content-type", "text/html; charset=utf-8")], page.as_bytes())
                }
                None => whole("404 Not Found", &[], b""),
            };
        }
        let (status, mut headers, body) = match path.strip_prefix("/npm/") {
            Some(name) => match std::fs::read(self.packages.join(name)) {
                Ok(body) if !name.contains("..") => {
                    let kind = if name.ends_with(".css") { "text/css" } else { "text/javascript" };
                    let headers = vec![
                        ("content-type".to_owned(), kind.to_owned()),
                        ("access-control-allow-origin".to_owned(), "*".to_owned()),
                        ("cache-control".to_owned(), "public, max-age=31536000, immutable".to_owned()),
                    ];
                    ("200 OK".to_owned(), headers, body)
                }
                _ => ("404 Not Found".to_owned(), Vec::new(), Vec::new()),
            },
            None => match self.ask_the_edge(head, body).await {
                Some(answer) => answer,
                None => ("502 Bad Gateway".to_owned(), Vec::new(), Vec::new()),
            },
        };
        // 11 takes 28 ms for the chat's document, which is another one for each visitor, and is waited for.
        let kept = headers.iter().all(|(name, value)| name != "cache-control" || !value.contains("no-store"));
        let body = brotli(body, if kept || self.line.is_none() { 11 } else { 5 });
        self.served.fetch_add(body.len(), Ordering::Relaxed);
        headers.push(("content-encoding".to_owned(), "br".to_owned()));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        whole(&status, &headers, &body)
    }

    async fn ask_the_edge(
        &self,
        head: &Head,
        body: Vec<u8>,
    ) -> Option<(String, Vec<(String, String)>, Vec<u8>)> {
        let url = format!("http://127.0.0.1:{}{}", self.edge_port, head.path);
        let method = Method::from_bytes(head.method.as_bytes()).ok()?;
        let mut request = self.http.request(method, url).body(body);
        for (name, value) in &head.headers {
            if !["accept-encoding", "connection", "content-length"].contains(&name.as_str()) {
                request = request.header(name, value);
            }
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().to_string();
        let headers = answer.headers().iter().filter(|(name, _)| {
            !["content-length", "transfer-encoding", "connection"].contains(&name.as_str())
        });
        let headers = headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        Some((status, headers, answer.bytes().await.ok()?.to_vec()))
    }
}

fn brotli(body: Vec<u8>, quality: i32) -> Arc<Vec<u8>> {
    let known = COMPRESSED.lock().expect("a cache").get(&body).cloned();
    known.unwrap_or_else(|| {
        let mut out = Vec::new();
        let parameters = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
        brotli::BrotliCompress(&mut body.as_slice(), &mut out, &parameters).expect("it fits into memory");
        let out = Arc::new(out);
        COMPRESSED.lock().expect("a cache").insert(body, Arc::clone(&out));
        out
    })
}

const PACKET: usize = 1_460;

/// The next request's head, with lower-case names; nothing where the browser has gone.
async fn head(from: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>) -> std::io::Result<Option<Head>> {
    let end = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if from.read_buf(read).await? == 0 {
            return Ok(None);
        }
    };
    let text = String::from_utf8_lossy(&read.drain(..end).collect::<Vec<_>>()).into_owned();
    let mut lines = text.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Ok(Some(Head { method, path, headers, text }))
}

fn whole(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    let mut answer = answer.into_bytes();
    answer.extend_from_slice(body);
    answer
}
