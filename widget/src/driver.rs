//! The one loop between a session and its adapters: `handle → poll_output → perform → wake at poll_timeout`.
//!
//! Adapters answer with inputs, at once or later, through a [`Feed`]. An input that comes while the loop runs
//! waits for its turn, so no borrow of the session is ever held while somebody else's code runs.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use shared::Millis;
use shared::close::CloseCode;
use shared::codec::{self, Saved};
use shared::frame::ClientFrame;
use shared::id::MessageId;
use shared::limits::{MAX_FRAME_BYTES, MAX_FRAMES_PER_MESSAGE};
use shared::session::{Input, Link, Output, Session, Transport};

/// What a session needs of the place where it runs. Adapters translate and decide nothing.
pub trait Adapters {
    /// Milliseconds since 1970: messages carry it.
    fn now(&self) -> Millis;
    /// `chatting`: the edge lets those who chat in before the others (LIMIT-3).
    fn open(&mut self, link: Link, transport: Transport, chatting: bool);
    /// One WebSocket message.
    fn send(&mut self, link: Link, text: &str);
    fn close(&mut self, link: Link, code: CloseCode);
    fn save(&mut self, message: &Saved);
    fn erase(&mut self, id: &MessageId);
    /// Whose conversation this is, where no cookie said so: the next link says it.
    fn token(&mut self, token: &str);
    /// Replaces the earlier wish.
    fn wake_at(&mut self, at: Option<Millis>);
}

/// The way of inputs into the loop, for adapters. Leads nowhere once the driver is gone.
#[derive(Clone)]
pub struct Feed(Rc<dyn Fn(Input)>);

impl Feed {
    pub fn input(&self, input: Input) {
        (self.0)(input);
    }
}

/// A running session. Clones are the same one; the last one to go closes the link.
pub struct Driver<A>(Rc<Parts<A>>);

struct Parts<A> {
    session: RefCell<Session>,
    adapters: RefCell<A>,
    inputs: RefCell<Vec<Input>>,
    running: Cell<bool>,
    on_change: Box<dyn Fn()>,
}

impl<A: Adapters + 'static> Driver<A> {
    /// `on_change` is told, after the fact, that what a person sees may be different; it may read and give inputs.
    pub fn new(
        session: Session,
        adapters: impl FnOnce(Feed) -> A,
        on_change: impl Fn() + 'static,
    ) -> Driver<A> {
        Driver(Rc::new_cyclic(|parts: &Weak<Parts<A>>| {
            let parts = parts.clone();
            let feed = Feed(Rc::new(move |input| {
                if let Some(parts) = parts.upgrade() {
                    Driver(parts).input(input);
                }
            }));
            Parts {
                session: RefCell::new(session),
                adapters: RefCell::new(adapters(feed)),
                inputs: RefCell::default(),
                running: Cell::new(false),
                on_change: Box::new(on_change),
            }
        }))
    }

    pub fn input(&self, input: Input) {
        self.0.inputs.borrow_mut().push(input);
        if self.0.running.replace(true) {
            return;
        }
        let mut changed = false;
        while let Some(input) = self.next_input() {
            let mut adapters = self.0.adapters.borrow_mut();
            let mut session = self.0.session.borrow_mut();
            session.handle(adapters.now(), input);
            changed |= perform(&mut session, &mut *adapters);
            adapters.wake_at(session.poll_timeout());
        }
        self.0.running.set(false);
        if changed {
            (self.0.on_change)();
        }
    }

    pub fn read<T>(&self, read: impl FnOnce(&Session) -> T) -> T {
        read(&self.0.session.borrow())
    }

    pub fn adapters<T>(&self, read: impl FnOnce(&A) -> T) -> T {
        read(&self.0.adapters.borrow())
    }

    fn next_input(&self) -> Option<Input> {
        let mut inputs = self.0.inputs.borrow_mut();
        // Two or three at most.
        (!inputs.is_empty()).then(|| inputs.remove(0))
    }
}

impl<A> Clone for Driver<A> {
    fn clone(&self) -> Self {
        Driver(self.0.clone())
    }
}

impl<A> PartialEq for Driver<A> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Does what the session asks for; true where the view may have changed. Frames that come together travel together.
fn perform(session: &mut Session, adapters: &mut impl Adapters) -> bool {
    let mut changed = false;
    let mut frames = Vec::new();
    let mut frames_link = Link::default();
    let send = |adapters: &mut _, link, frames: &mut Vec<ClientFrame>| {
        for text in pack(frames) {
            Adapters::send(adapters, link, &text);
        }
        frames.clear();
    };
    while let Some(output) = session.poll_output() {
        match output {
            Output::Send(link, frame) => {
                frames_link = link;
                frames.push(frame);
            }
            Output::Open(link) => {
                send(adapters, frames_link, &mut frames);
                adapters.open(link, session.transport(), session.is_chatting());
            }
            Output::Close(link, code) => {
                send(adapters, frames_link, &mut frames);
                adapters.close(link, code);
            }
            // KEEP-1: the browser is told to keep a message before the edge hears of it.
            Output::Save(saved) => adapters.save(&saved),
            Output::Erase(id) => adapters.erase(&id),
            Output::Token(token) => adapters.token(&token),
            Output::Changed => changed = true,
        }
    }
    send(adapters, frames_link, &mut frames);
    changed
}

/// As few WebSocket messages as the limits on frames and bytes allow (FRAME-1).
fn pack(frames: &[ClientFrame]) -> Vec<String> {
    let mut texts = Vec::new();
    let (mut list, mut count) = (String::new(), 0);
    for frame in frames {
        let one = codec::encode(std::slice::from_ref(frame));
        // Two brackets and a comma.
        if count == MAX_FRAMES_PER_MESSAGE || count > 0 && list.len() + one.len() + 3 > MAX_FRAME_BYTES {
            texts.push(seal(list, count));
            (list, count) = (String::new(), 0);
        }
        list.push(if count == 0 { '[' } else { ',' });
        list.push_str(&one);
        count += 1;
    }
    if count > 0 {
        texts.push(seal(list, count));
    }
    texts
}

fn seal(mut list: String, count: usize) -> String {
    if count == 1 {
        list.remove(0);
    } else {
        list.push(']');
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::frame::{EdgeFrame, Welcome};
    use shared::id::{ConversationId, Epoch, WriterId};
    use shared::session::{Role, Standing};

    #[derive(Default)]
    struct Recorder {
        log: Vec<String>,
        /// Refuses to open links, at once and from within the loop.
        refuses: bool,
        feed: Option<Feed>,
    }

    impl Adapters for Recorder {
        fn now(&self) -> Millis {
            1_000
        }
        fn open(&mut self, link: Link, _: Transport, _: bool) {
            self.log.push(format!("open {}", link.0));
            if let (true, Some(feed)) = (self.refuses, &self.feed) {
                feed.input(Input::Closed(link, CloseCode::ABNORMAL));
            }
        }
        fn send(&mut self, link: Link, text: &str) {
            self.log.push(format!("send {} {text}", link.0));
        }
        fn close(&mut self, link: Link, code: CloseCode) {
            self.log.push(format!("close {} {}", link.0, code.0));
        }
        fn save(&mut self, message: &Saved) {
            self.log.push(format!("save {}", message.text));
        }
        fn erase(&mut self, id: &MessageId) {
            self.log.push(format!("erase {id}"));
        }
        fn token(&mut self, token: &str) {
            self.log.push(format!("token {token}"));
        }
        fn wake_at(&mut self, at: Option<Millis>) {
            self.log.push(format!("wake {at:?}"));
        }
    }

    fn driver(refuses: bool) -> (Driver<Recorder>, Rc<Cell<u32>>) {
        let changes = Rc::new(Cell::new(0));
        let told = changes.clone();
        let session = Session::new(Role::Visitor, WriterId::parse("w").expect("valid"), 7);
        let driver = Driver::new(
            session,
            |feed| Recorder { refuses, feed: Some(feed), ..Recorder::default() },
            move || told.set(told.get() + 1),
        );
        (driver, changes)
    }

    fn log(driver: &Driver<Recorder>) -> Vec<String> {
        std::mem::take(&mut driver.0.adapters.borrow_mut().log)
    }

    fn go_live(driver: &Driver<Recorder>) {
        driver.input(Input::Start { saved: Vec::new() });
        driver.input(Input::Opened(Link(1)));
        let welcome = Welcome {
            protocol: 1,
            conversation: ConversationId::parse("c"),
            epoch: Epoch(5),
            ..Welcome::default()
        };
        driver.input(Input::Frames(Link(1), vec![EdgeFrame::Welcome(Box::new(welcome))]));
    }

    #[test]
    fn a_message_is_kept_before_it_is_sent_and_the_view_hears_of_it_once() {
        let (driver, changes) = driver(false);
        go_live(&driver);
        log(&driver);
        changes.set(0);
        driver.input(Input::Write("hello".to_owned()));
        let log = log(&driver);
        assert_eq!(log[0], "save hello");
        assert_eq!(log[1], r#"send 1 {"type":"send","id":"w.1","writer":"w","n":1,"text":"hello"}"#);
        assert!(log[2].starts_with("wake"));
        assert_eq!(changes.get(), 1);
    }

    #[test]
    fn an_answer_from_within_the_loop_waits_for_its_turn() {
        let (driver, _) = driver(true);
        driver.input(Input::Start { saved: Vec::new() });
        assert!(matches!(driver.read(Session::standing), Standing::Retrying { .. }));
    }

    #[test]
    fn a_feed_outlives_its_driver_harmlessly() {
        let (driver, _) = driver(false);
        let feed = driver.adapters(|adapters| adapters.feed.clone()).expect("set above");
        drop(driver);
        feed.input(Input::Shown(true));
    }

    #[test]
    fn frame_1_frames_share_a_message_within_both_limits() {
        let typing = ClientFrame::Typing { on: true };
        assert_eq!(pack(std::slice::from_ref(&typing)), [r#"{"type":"typing","on":true}"#]);
        assert_eq!(pack(&vec![typing; 65]).len(), 2);
        let long = |n| {
            ClientFrame::Send(shared::frame::Send {
                id: MessageId::parse("w.1").expect("valid"),
                writer: WriterId::parse("w").expect("valid"),
                n,
                text: "\u{1}".repeat(4_000),
            })
        };
        let texts = pack(&[long(1), long(2), long(3)]);
        assert_eq!(texts.len(), 2);
        for text in texts {
            assert!(text.len() <= MAX_FRAME_BYTES);
            assert!(shared::json::Json::parse(&text).is_some());
        }
    }
}
