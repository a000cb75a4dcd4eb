//! The session's adapters in a browser.
//!
//! [`socket`] the link · [`storage`] what outlives the page · [`timer`] the one alarm · [`page`] network, sleep and
//! visibility · [`paint`] at most one drawing per animation frame · [`listen`] an element's events · [`dom`] small things that are shorter in JavaScript

mod dom;
mod listen;
mod page;
mod paint;
mod socket;
mod storage;
mod timer;

use shared::Millis;
use shared::close::CloseCode;
use shared::codec::Saved;
use shared::id::{MessageId, WriterId};
use shared::session::{Input, Link, Role, Session, Transport};

use crate::driver::{Adapters, Driver, Feed};

pub use dom::{compose, count, day, grow, height, link_url, mark, plain, put_back, restore, time};
pub use listen::Listener;
pub use paint::Paint;
pub use storage::Keeping;
pub use timer::{after, now};

use page::Page;
use socket::Socket;
use storage::Storage;
use timer::Timer;

/// A session that lives in this browser.
pub type Live = Driver<Browser>;

impl Live {
    /// Begins a session and connects. `url` is the link's (see [`link_url`]), with a query; `database` names what outlives the
    /// page, nothing keeps nothing.
    pub fn start(role: Role, url: String, database: Option<&str>, on_change: impl Fn() + 'static) -> Live {
        // Digits, an identifier as they are.
        let name = dom::writer_name();
        let writer = WriterId::parse(&name).unwrap_or_default();
        // The jitter needs no secret: the same digits do.
        let seed = name.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let session = Session::new(role, writer, seed);
        let adapters = |feed: Feed| Browser {
            socket: None,
            storage: database.map(|name| Storage::open(name, feed.clone())),
            timer: Timer::new(feed.clone()),
            page: Page::new(feed.clone()),
            feed,
            url,
        };
        let live = Driver::new(session, adapters, on_change);
        live.input(Input::Online(page::online()));
        // What earlier pages left behind comes from the storage with another `Start`: the link does not wait for a disk.
        live.input(Input::Start { saved: Vec::new() });
        live
    }

    /// Whether the transcript is on the screen. A person looks at it while the page is visible as well.
    pub fn show(&self, shown: bool) {
        self.input(Input::Looking(self.adapters(|browser| browser.page.show(shown))));
    }

    /// Whether unsent messages outlive this page.
    pub fn keeping(&self) -> Keeping {
        self.adapters(|browser| browser.storage.as_ref().map_or(Keeping::Denied, Storage::keeping))
    }
}

/// The adapters of one session.
pub struct Browser {
    url: String,
    socket: Option<Socket>,
    storage: Option<Storage>,
    timer: Timer,
    page: Page,
    feed: Feed,
}

impl Adapters for Browser {
    fn now(&self) -> Millis {
        now()
    }

    fn open(&mut self, link: Link, transport: Transport, chatting: bool) {
        let url = self.url.clone() + if chatting { "&chatting" } else { "" };
        self.socket = Socket::open(&url, transport, link, self.feed.clone());
        if self.socket.is_none() {
            self.feed.input(Input::Closed(link, CloseCode::ABNORMAL));
        }
    }

    fn send(&mut self, link: Link, text: &str) {
        if let Some(socket) = self.socket.as_ref().filter(|socket| socket.link == link) {
            socket.send(text);
        }
    }

    fn close(&mut self, link: Link, code: CloseCode) {
        if let Some(socket) = self.socket.take_if(|socket| socket.link == link) {
            socket.close(code);
        }
    }

    fn save(&mut self, message: &Saved) {
        if let Some(storage) = &self.storage {
            storage.save(message);
        }
    }

    fn erase(&mut self, id: &MessageId) {
        if let Some(storage) = &self.storage {
            storage.erase(id);
        }
    }

    fn token(&mut self, token: &str) {
        dom::hold_token(token);
    }

    fn wake_at(&mut self, at: Option<Millis>) {
        self.timer.set(at);
    }
}
