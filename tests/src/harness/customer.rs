//! A customer's website: pages with headers of their own, which write down everything that goes wrong in them.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// One page or file.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub path: String,
    /// Lines such as `content-security-policy: …`.
    pub headers: Vec<String>,
    pub body: String,
}

impl Page {
    /// A document. `head` comes after the script that writes down errors, which has the nonce `n`.
    pub fn html(path: &str, head: &str, body: &str) -> Page {
        let body = format!(
            "<!doctype html><html lang=en><head><title>Shop</title><meta name=viewport content='width=device-width'>\
             <script nonce=n>{WITNESS}</script>{head}</head><body><main><h1>Lanterns</h1></main>{body}</body></html>"
        );
        Page { path: path.to_owned(), body, ..Page::default() }
    }

    pub fn with(mut self, header: &str) -> Page {
        self.headers.push(header.to_owned());
        self
    }
}

/// What goes wrong on the page, for [`super::browser::Browser::complaints`].
const WITNESS: &str = "window.complaints = [];\
    addEventListener('error', (e) => complaints.push('error ' + (e.message || e.target.src)), true);\
    addEventListener('unhandledrejection', (e) => complaints.push('rejection ' + e.reason));\
    addEventListener('securitypolicyviolation', (e) => complaints.push('policy ' + e.violatedDirective + ' ' + e.blockedURI));\
    console.error = (...words) => complaints.push('console ' + words.join(' '));";

/// Serves the pages on 127.0.0.1 for as long as the test's runtime lives.
pub async fn website(pages: Vec<Page>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let pages = Arc::new(pages);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let pages = pages.clone();
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < 16_384 {
                    match stream.read_buf(&mut request).await {
                        Ok(read) if read > 0 => {}
                        _ => return,
                    }
                }
                let request = String::from_utf8_lossy(&request);
                let path = request.split([' ', '?']).nth(1).unwrap_or_default();
                let answer = match pages.iter().find(|page| page.path == path) {
                    Some(page) => {
                        let kind = if path.ends_with(".js") { "text/javascript" } else { "text/html" };
                        let headers: String = page.headers.iter().map(|line| format!("{line}\r\n")).collect();
                        let (length, body) = (page.body.len(), &page.body);
                        format!(
                            "HTTP/1.1 200 OK\r\ncontent-type: {kind}; charset=utf-8\r\naccess-control-allow-origin: *\r\n\
                             content-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
                        )
                    }
                    None => "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned(),
                };
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    port
}
