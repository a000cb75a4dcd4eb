//! A network between a browser and the edge. It can be cut: open connections break, new ones are refused. Or it lets
//! no WebSocket through.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Proxy {
    pub port: u16,
    cut: Arc<watch::Sender<bool>>,
}

impl Proxy {
    pub async fn start(to: u16) -> Proxy {
        Proxy::between(to, true).await
    }

    /// As some companies have it.
    pub async fn without_websockets(to: u16) -> Proxy {
        Proxy::between(to, false).await
    }

    async fn between(to: u16, websockets: bool) -> Proxy {
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
                    tokio::select! {
                        _ = copy_bidirectional(&mut browser, &mut edge) => {}
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

/// Whether the connection begins with a handshake; reads nothing away.
async fn asks_for_a_websocket(browser: &TcpStream) -> bool {
    let mut head = [0; 4096];
    let read = browser.peek(&mut head).await.unwrap_or(0);
    String::from_utf8_lossy(&head[..read]).to_ascii_lowercase().contains("upgrade: websocket")
}
