//! One link: a WebSocket, or what looks like one and polls.

use shared::close::CloseCode;
use shared::codec;
use shared::frame::SUBPROTOCOL;
use shared::session::{Input, Link, Transport};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{CloseEvent, Event, MessageEvent, WebSocket};

use crate::driver::Feed;

use super::dom::open_link;

pub(super) struct Socket {
    pub(super) link: Link,
    socket: WebSocket,
    _on_event: Closure<dyn Fn(Event)>,
}

impl Socket {
    /// Nothing where the browser refuses the address.
    pub(super) fn open(url: &str, transport: Transport, link: Link, feed: Feed) -> Option<Socket> {
        let socket = open_link(url, SUBPROTOCOL, transport == Transport::Poll).ok()?;
        let on_event = Closure::<dyn Fn(Event)>::new(move |event| feed.input(input(link, event)));
        let handler = Some(on_event.as_ref().unchecked_ref());
        socket.set_onopen(handler);
        socket.set_onmessage(handler);
        socket.set_onclose(handler);
        Some(Socket { link, socket, _on_event: on_event })
    }

    /// A socket that cannot send says so by closing.
    pub(super) fn send(&self, text: &str) {
        let _ = self.socket.send_with_str(text);
    }

    pub(super) fn close(self, code: CloseCode) {
        let _ = self.socket.close_with_code(code.0);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Closing twice is nothing.
        let _ = self.socket.close();
    }
}

fn input(link: Link, event: Event) -> Input {
    match event.type_().as_str() {
        "open" => Input::Opened(link),
        "close" => Input::Closed(link, CloseCode(event.unchecked_into::<CloseEvent>().code())),
        _ => {
            let text = event.unchecked_into::<MessageEvent>().data().as_string();
            text.and_then(|text| codec::decode(&text))
                .map_or(Input::Garbage(link), |frames| Input::Frames(link, frames))
        }
    }
}
