//! A network between a browser and the edge. It can be cut: open connections break, new ones are refused. Or it lets
//! no WebSocket through, or changes what passes.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Proxy {
    pub port: u16,
    cut: Arc<watch::Sender<bool>>,
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
    pub async fn changing(to: u16, change: (&'static str, &'static str)) -> Proxy {
        assert_eq!(change.0.len(), change.1.len(), "no length may change");
        Proxy::between(to, true, Some(change)).await
    }

    async fn between(to: u16, websockets: bool, change: Option<(&'static str, &'static str)>) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let cut = Arc::new(watch::channel(false).0);
        let switch = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((mut browser, _)) = listener.accept().await {
                let mut cut = switch.subscribe();
                tokio::spawn(async move {
                    if *cut.borrow() {
                        return;
                    }
                    if !websockets && asks_for_a_websocket(&browser).await {
                        return;
                    }
                    let Ok(mut edge) = TcpStream::connect(("127.0.0.1", to)).await else { return };
                    let copy = async {
                        let Some(change) = change else {
                            let _ = copy_bidirectional(&mut browser, &mut edge).await;
                            return;
                        };
                        let ((browser, to_browser), (edge, to_edge)) = (browser.split(), edge.split());
                        tokio::join!(pass(browser, to_edge, change), pass(edge, to_browser, change));
                    };
                    tokio::select! {
                        () = copy => {}
                        _ = cut.wait_for(|cut| *cut) => {}
                    }
                });
            }
        });
        Proxy { port, cut }
    }

    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    pub fn mend(&self) {
        self.cut.send_replace(false);
    }
}

/// Until either side ends. A text that two reads share stays as it is: heads come in one.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    (old, new): (&'static str, &'static str),
) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let passing = &mut bytes[..read];
        let found = passing.windows(old.len()).enumerate().filter(|(_, part)| *part == old.as_bytes());
        let found: Vec<_> = found.map(|(at, _)| at).collect();
        for at in found {
            passing[at..at + old.len()].copy_from_slice(new.as_bytes());
        }
        if to.write_all(passing).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

/// Whether the connection begins with a handshake; reads nothing away.
async fn asks_for_a_websocket(browser: &TcpStream) -> bool {
    let mut head = [0; 4096];
    let read = browser.peek(&mut head).await.unwrap_or(0);
    String::from_utf8_lossy(&head[..read]).to_ascii_lowercase().contains("upgrade: websocket")
}
