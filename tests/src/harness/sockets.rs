//! Counts the WebSockets that stand between a browser and the edge.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy;
use tokio::net::{TcpListener, TcpStream};

use super::proxy::asks_for_a_websocket;
use super::wait;

pub struct Sockets {
    pub port: u16,
    open: Arc<AtomicUsize>,
    opened: Arc<AtomicUsize>,
}

impl Sockets {
    /// Listens in front of the edge.
    pub async fn count(edge: u16) -> Sockets {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let sockets = Sockets { port, open: Arc::default(), opened: Arc::default() };
        let (open, opened) = (Arc::clone(&sockets.open), Arc::clone(&sockets.opened));
        tokio::spawn(async move {
            while let Ok((mut browser, _)) = listener.accept().await {
                let (open, opened) = (Arc::clone(&open), Arc::clone(&opened));
                tokio::spawn(async move {
                    let Ok(mut edge) = TcpStream::connect(("127.0.0.1", edge)).await else { return };
                    let one = usize::from(asks_for_a_websocket(&browser).await);
                    open.fetch_add(one, Ordering::SeqCst);
                    opened.fetch_add(one, Ordering::SeqCst);
                    let (mut from_browser, mut to_browser) = browser.split();
                    let (mut from_edge, mut to_edge) = edge.split();
                    // The browser's end counts, however long the edge takes to notice it.
                    tokio::select! {
                        _ = copy(&mut from_browser, &mut to_edge) => {}
                        _ = copy(&mut from_edge, &mut to_browser) => {}
                    }
                    open.fetch_sub(one, Ordering::SeqCst);
                });
            }
        });
        sockets
    }

    /// So many were opened until now.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// Waits until so many were opened.
    pub async fn opened_are(&self, wanted: usize) {
        wait::until_ok(&format!("{wanted} sockets were opened"), 30, || async {
            let opened = self.opened();
            if opened == wanted { Ok(()) } else { Err(format!(": {opened}")) }
        })
        .await;
    }

    /// Waits until so many are open.
    pub async fn are(&self, wanted: usize) {
        wait::until_ok(&format!("{wanted} sockets are open"), 30, || async {
            let open = self.open.load(Ordering::SeqCst);
            if open == wanted { Ok(()) } else { Err(format!(": {open} of the {} opened", self.opened())) }
        })
        .await;
    }
}
