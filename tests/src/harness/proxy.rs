//! A network between a browser and the edge, with the faults that networks have. A browser's own "offline" leaves open
//! sockets as they are; this one does not. Another one lets no WebSocket through, or changes what passes.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// How the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    Fair,
    /// Open connections break, new ones are refused.
    Cut,
    /// Connections stand, and nothing comes through them until it passes.
    Silent,
    /// What the browser says arrives, and nothing comes back until it passes.
    OneWay,
    /// Everything takes so many milliseconds, each way.
    Slow(u64),
    /// A few bytes at a time.
    Sliced,
    /// What comes after this text waits until it passes.
    Halting(&'static str),
    /// What comes with this text in it comes garbled.
    Garbling(&'static str),
    /// Who hangs up is heard of only when it passes.
    SlowToClose,
}

/// A text and what is put in its place.
type Change = (&'static str, &'static str);

pub struct Proxy {
    pub port: u16,
    weather: watch::Sender<Weather>,
    /// Counts how often every open connection was reset.
    resets: watch::Sender<u64>,
}

impl Proxy {
    pub async fn start(to: u16) -> Proxy {
        Proxy::between(to, true, None).await
    }

    /// As some companies have it.
    pub async fn without_websockets(to: u16) -> Proxy {
        Proxy::between(to, false, None).await
    }

    /// Puts the second text in the first one's place, both ways. They are of one length.
    pub async fn changing(to: u16, change: Change) -> Proxy {
        assert_eq!(change.0.len(), change.1.len(), "no length may change");
        Proxy::between(to, true, Some(change)).await
    }

    async fn between(to: u16, websockets: bool, change: Option<Change>) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let (weather, resets) = (watch::channel(Weather::Fair).0, watch::channel(0).0);
        let (forecast, resetting) = (weather.subscribe(), resets.subscribe());
        tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let (weather, mut resetting) = (forecast.clone(), resetting.clone());
                resetting.mark_unchanged();
                tokio::spawn(async move {
                    if *weather.borrow() == Weather::Cut
                        || !websockets && asks_for_a_websocket(&browser).await
                    {
                        return;
                    }
                    let Ok(edge) = TcpStream::connect(("127.0.0.1", to)).await else { return };
                    let _ = join(browser, edge, change, weather, resetting).await;
                });
            }
        });
        Proxy { port, weather, resets }
    }

    pub fn weather(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    pub fn cut(&self) {
        self.weather(Weather::Cut);
    }

    pub fn mend(&self) {
        self.weather(Weather::Fair);
    }

    /// Open connections end with a reset; new ones work.
    pub fn reset(&self) {
        self.resets.send_modify(|count| *count += 1);
    }
}

/// Whether the connection begins with a handshake; reads nothing away.
pub(super) async fn asks_for_a_websocket(browser: &TcpStream) -> bool {
    let mut head = [0; 4096];
    let read = browser.peek(&mut head).await.unwrap_or(0);
    String::from_utf8_lossy(&head[..read]).to_ascii_lowercase().contains("upgrade: websocket")
}

/// Until both have hung up, or the network ends it.
async fn join(
    mut browser: TcpStream,
    mut edge: TcpStream,
    change: Option<Change>,
    weather: watch::Receiver<Weather>,
    mut resetting: watch::Receiver<u64>,
) -> io::Result<()> {
    browser.set_nodelay(true)?;
    edge.set_nodelay(true)?;
    let mut cut = weather.clone();
    let reset = {
        let (from_browser, to_browser) = browser.split();
        let (from_edge, to_edge) = edge.split();
        tokio::select! {
            carried = async {
                tokio::try_join!(
                    carry(from_browser, to_edge, change, weather.clone(), &[Weather::Silent]),
                    carry(from_edge, to_browser, change, weather, &[Weather::Silent, Weather::OneWay]),
                )
            } => return carried.map(drop),
            _ = cut.wait_for(|weather| *weather == Weather::Cut) => false,
            _ = resetting.changed() => true,
        }
    };
    if reset {
        browser.set_zero_linger()?;
        edge.set_zero_linger()?;
    }
    Ok(())
}

/// One direction, in which nothing comes through in some kinds of weather. What is under way when it changes still arrives, and
/// in order.
async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    change: Option<Change>,
    mut weather: watch::Receiver<Weather>,
    silent: &[Weather],
) -> io::Result<()> {
    let (send, mut sent) = mpsc::channel::<(Instant, Vec<u8>)>(MOST_UNDER_WAY);
    let now = weather.clone();
    let reading = async move {
        loop {
            let mut bytes = vec![0; 16_384];
            let read = from.read(&mut bytes).await?;
            bytes.truncate(read);
            if let Some(change) = change {
                put(&mut bytes, change);
            }
            let latency = match *now.borrow() {
                Weather::Slow(ms) => ms,
                _ => 0,
            };
            let due = Instant::now() + Duration::from_millis(latency);
            if send.send((due, bytes)).await.is_err() || read == 0 {
                return Ok(());
            }
        }
    };
    let writing = async move {
        while let Some((due, mut bytes)) = sent.recv().await {
            // No test waits here for something: this is how slow the network is.
            tokio::time::sleep_until(due).await;
            let _ = weather.wait_for(|weather| !silent.contains(weather)).await;
            if bytes.is_empty() {
                let _ = weather.wait_for(|weather| *weather != Weather::SlowToClose).await;
                return to.shutdown().await;
            }
            if let Weather::Garbling(text) = *weather.borrow()
                && let Some(end) = end_of(&bytes, text)
            {
                bytes[end - 1] = b'(';
            }
            let halt = match *weather.borrow() {
                Weather::Halting(text) => end_of(&bytes, text),
                _ => None,
            };
            let (first, rest) = bytes.split_at(halt.unwrap_or_default());
            if halt.is_some() {
                to.write_all(first).await?;
                let _ = weather.wait_for(|weather| !matches!(weather, Weather::Halting(_))).await;
            }
            let piece = if *weather.borrow() == Weather::Sliced { SLICE } else { rest.len().max(1) };
            for piece in rest.chunks(piece) {
                to.write_all(piece).await?;
                tokio::task::yield_now().await;
            }
        }
        Ok::<_, io::Error>(())
    };
    tokio::try_join!(reading, writing).map(drop)
}

/// A text that two reads share stays as it is: heads come in one.
fn put(bytes: &mut [u8], (old, new): Change) {
    let found = bytes.windows(old.len()).enumerate().filter(|(_, part)| *part == old.as_bytes());
    let found: Vec<_> = found.map(|(at, _)| at).collect();
    for at in found {
        bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
    }
}

/// Where the text ends, which comes in one read.
fn end_of(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len()).position(|part| part == text.as_bytes()).map(|at| at + text.len())
}

/// Pieces of 16 KB in each direction: more than a browser sends while nothing gets through.
const MOST_UNDER_WAY: usize = 64;
/// Less than a WebSocket frame's head and a word.
const SLICE: usize = 7;
