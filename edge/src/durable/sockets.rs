//! The sockets of one object, by link number. They survive hibernation with their attachments.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::Millis;
use shared::close::CloseCode;
use shared::frame::{ClientFrame, EdgeFrame, SUBPROTOCOL};
use shared::limits::MAX_FRAMES_PER_MESSAGE;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use worker::{Response, Result, State, WebSocket, WebSocketPair, console_error, web_sys};
use worker_sys::WebSocketRequestResponsePair;

use crate::conversation::LinkId;

use super::now_ms;
use super::polls::Polls;

#[wasm_bindgen]
extern "C" {
    /// What the worker crate's state lacks.
    type Platform;

    #[wasm_bindgen(method, catch, js_name = getWebSocketAutoResponseTimestamp)]
    fn last_ping(
        this: &Platform,
        socket: &web_sys::WebSocket,
    ) -> std::result::Result<Option<js_sys::Date>, JsValue>;
}

#[derive(Default)]
pub(super) struct Sockets {
    by_link: RefCell<BTreeMap<LinkId, WebSocket>>,
    /// Links that do without.
    pub(super) polls: Polls,
    /// The last number given.
    last: Cell<u64>,
}

impl Sockets {
    /// Finds the sockets that the object woke up with, and what each of them carries.
    pub(super) fn restore<T: DeserializeOwned>(
        state: &State,
        link_of: impl Fn(&T) -> LinkId,
    ) -> (Sockets, Vec<T>) {
        let sockets = Sockets::default();
        let mut attached = Vec::new();
        for socket in state.get_websockets() {
            if let Some(info) = attachment::<T>(&socket) {
                let link = link_of(&info);
                sockets.last.set(sockets.last.get().max(link.0));
                sockets.by_link.borrow_mut().insert(link, socket);
                attached.push(info);
            }
        }
        // Pings are answered without waking the object.
        let text = |frame: std::result::Result<String, serde_json::Error>| frame.unwrap_or_default();
        let ping = text(serde_json::to_string(&ClientFrame::Ping));
        let pong = text(serde_json::to_string(&EdgeFrame::Pong));
        match WebSocketRequestResponsePair::new(&ping, &pong) {
            Ok(pair) => state.set_websocket_auto_response(&pair),
            Err(error) => console_error!("no automatic answer to pings: {error:?}"),
        }
        (sockets, attached)
    }

    /// Takes a new socket in; returns its number and the answer to the handshake.
    pub(super) fn accept(
        &self,
        state: &State,
        subprotocol: bool,
        set_cookie: Option<&str>,
    ) -> Result<(LinkId, Response)> {
        let pair = WebSocketPair::new()?;
        state.accept_web_socket(&pair.server);
        let mut by_link = self.by_link.borrow_mut();
        let link = self.next_link();
        by_link.insert(link, pair.server);
        let mut response = Response::builder().with_websocket(pair.client).with_status(101);
        if subprotocol {
            response = response.with_header("Sec-WebSocket-Protocol", SUBPROTOCOL)?;
        }
        if let Some(cookie) = set_cookie {
            response = response.with_header("Set-Cookie", cookie)?;
        }
        Ok((link, response.empty()))
    }

    /// A link without a socket, for the POSTs of `owner`.
    pub(super) fn poll(&self, owner: String) -> LinkId {
        let link = self.next_link();
        self.polls.open(link, owner);
        link
    }

    /// When each link was last heard, as far as the platform knows (LINK-7). Of one that has not said `ping` yet its number
    /// tells when it was opened.
    pub(super) fn heard(&self, state: &State) -> Vec<(LinkId, Millis)> {
        let platform: &Platform = state.as_raw().unchecked_ref();
        let ping = |socket: &WebSocket| platform.last_ping(socket.as_ref()).ok()?.map(|date| date.get_time());
        let by_link = self.by_link.borrow();
        let sockets = by_link.iter().map(|(link, socket)| {
            let ping = ping(socket).map_or(0, |at| at as Millis);
            (*link, ping.max(link.0))
        });
        sockets.chain(self.polls.heard()).collect()
    }

    /// Never a number that was given before: the late close of an old socket must not end a new link (LINK-1).
    fn next_link(&self) -> LinkId {
        let link = LinkId(now_ms().max(self.last.get() + 1));
        self.last.set(link.0);
        link
    }

    /// In as few WebSocket messages as FRAME-1 allows.
    pub(super) fn send(&self, link: LinkId, frames: &[EdgeFrame]) {
        let by_link = self.by_link.borrow();
        let Some(socket) = by_link.get(&link) else {
            return frames.iter().for_each(|frame| self.polls.push(link, frame));
        };
        for together in frames.chunks(MAX_FRAMES_PER_MESSAGE) {
            let text = match together {
                [one] => serde_json::to_string(one),
                several => serde_json::to_string(several),
            };
            // A socket that is closing refuses; its close event comes by itself.
            if let Ok(text) = text {
                let _ = socket.send_with_str(text);
            }
        }
    }

    pub(super) fn close(&self, link: LinkId, code: CloseCode) {
        self.send(link, &[EdgeFrame::Bye { code: u64::from(code.0), retry_after_ms: 0 }]);
        self.polls.close(link, code);
        if let Some(socket) = self.by_link.borrow_mut().remove(&link) {
            // A client that is not there never answers, and the platform goes on handing its socket out: nobody may take that
            // for a link again.
            let _ = socket.serialize_attachment("");
            let _ = socket.close(Some(code.0), Some(code.name()));
        }
    }

    pub(super) fn close_all(&self, code: CloseCode) {
        let links: Vec<LinkId> = self.by_link.borrow().keys().copied().chain(self.polls.links()).collect();
        links.into_iter().for_each(|link| self.close(link, code));
    }

    pub(super) fn forget(&self, link: LinkId) {
        self.by_link.borrow_mut().remove(&link);
        self.polls.forget(link);
    }

    pub(super) fn attach(&self, link: LinkId, info: &impl Serialize) {
        let by_link = self.by_link.borrow();
        let Some(socket) = by_link.get(&link) else { return };
        let attached = serde_json::to_string(info)
            .map_err(Into::into)
            .and_then(|text| socket.serialize_attachment(text));
        if let Err(error) = attached {
            console_error!("a link could not be kept for hibernation: {error}");
        }
    }
}

/// What is said to each link while outputs are performed; goes out together.
#[derive(Default)]
pub(super) struct Says(BTreeMap<LinkId, Vec<EdgeFrame>>);

impl Says {
    pub(super) fn push(&mut self, link: LinkId, frame: EdgeFrame) {
        self.0.entry(link).or_default().push(frame);
    }

    pub(super) fn say(&mut self, sockets: &Sockets) {
        for (link, frames) in std::mem::take(&mut self.0) {
            sockets.send(link, &frames);
        }
    }
}

/// The number of a socket's link, without the rest of what it carries.
pub(super) fn link_of(socket: &WebSocket) -> Option<LinkId> {
    #[derive(Deserialize)]
    struct Attached {
        link: LinkId,
    }
    attachment::<Attached>(socket).map(|attached| attached.link)
}

/// What a socket carries, as JSON text: numbers stay exact.
fn attachment<T: DeserializeOwned>(socket: &WebSocket) -> Option<T> {
    let text: String = socket.deserialize_attachment().ok()??;
    serde_json::from_str(&text).ok()
}
