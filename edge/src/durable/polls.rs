//! Links without a socket, for clients behind something that lets no WebSocket through: frames wait here until the
//! client's next POST asks for them (POLL-1). Nothing of it survives the object; the client then connects anew.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use shared::Millis;
use shared::close::CloseCode;
use shared::limits::MAX_FRAMES_PER_MESSAGE;
use worker::{Delay, Response, Result, State};

use crate::conversation::LinkId;

use super::{now_ms, within};

/// How long a POST waits for frames: so an empty answer comes before a client that heard nothing for 20 s says `ping`.
const HOLD_MS: Millis = 15_000;
/// Nobody has asked for so long: the client is gone.
const SILENT_MS: Millis = 30_000;
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// What waits for a client that does not fetch it; more, and the link ends.
const MAX_WAITING_BYTES: usize = 1024 * 1024;

#[derive(Default)]
pub(super) struct Polls {
    by_link: RefCell<BTreeMap<LinkId, Polled>>,
    watched: Cell<bool>,
}

struct Polled {
    /// Who opened it; nobody else may ask for its frames.
    owner: String,
    waits: Waits,
    close: Option<CloseCode>,
    asked_at: Millis,
    /// The POST that waits, of which there is one at a time.
    waiting: Option<Waker>,
    turn: u32,
}

/// Frames that nobody has fetched yet.
#[derive(Default)]
struct Waits {
    frames: VecDeque<Box<RawValue>>,
    bytes: usize,
}

impl Waits {
    /// False where too much waits already. What waits is counted and not what comes: a frame may be a long snapshot, and a client
    /// that fetches all that there is must not be shut out by it each time.
    fn push(&mut self, frame: Box<RawValue>) -> bool {
        let fits = self.bytes <= MAX_WAITING_BYTES;
        if fits {
            self.bytes += frame.get().len();
            self.frames.push_back(frame);
        }
        fits
    }

    /// FRAME-1: as many as one WebSocket message could bring; to the client each answer is one.
    fn take(&mut self) -> Vec<Box<RawValue>> {
        let some = self.frames.len().min(MAX_FRAMES_PER_MESSAGE);
        let taken: Vec<_> = self.frames.drain(..some).collect();
        self.bytes -= taken.iter().map(|frame| frame.get().len()).sum::<usize>();
        taken
    }

    fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

/// The answer to a POST.
#[derive(Default, Serialize)]
pub(super) struct Answer {
    /// The new link's number, for the `link` parameter of the POSTs that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    frames: Vec<Box<RawValue>>,
    /// The link has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    close: Option<u16>,
}

impl Answer {
    pub(super) fn closed(code: CloseCode) -> Answer {
        Answer { close: Some(code.0), ..Answer::default() }
    }

    /// Whether the link has ended with this.
    pub(super) fn ends(&self) -> bool {
        self.close.is_some()
    }

    pub(super) fn response(&self, set_cookie: Option<&str>) -> Result<Response> {
        let mut response = Response::builder()
            .with_header("content-type", "application/json")?
            .with_header("cache-control", "no-store")?;
        if let Some(cookie) = set_cookie {
            response = response.with_header("set-cookie", cookie)?;
        }
        Ok(response.fixed(serde_json::to_vec(self)?))
    }
}

impl Polls {
    pub(super) fn open(&self, link: LinkId, owner: String) {
        let polled = Polled {
            owner,
            waits: Waits::default(),
            close: None,
            asked_at: now_ms(),
            waiting: None,
            turn: 0,
        };
        self.by_link.borrow_mut().insert(link, polled);
    }

    /// Whether this link is here and belongs to whoever asks; takes note that they did.
    pub(super) fn asked(&self, link: LinkId, owner: &str) -> bool {
        let mut by_link = self.by_link.borrow_mut();
        let Some(polled) = by_link.get_mut(&link).filter(|polled| polled.owner == owner) else {
            return false;
        };
        polled.asked_at = now_ms();
        true
    }

    pub(super) fn push(&self, link: LinkId, frame: &impl Serialize) {
        let mut by_link = self.by_link.borrow_mut();
        // An ended link has nothing more to say than its code.
        let Some(polled) = by_link.get_mut(&link).filter(|polled| polled.close.is_none()) else { return };
        let Ok(frame) = serde_json::value::to_raw_value(frame) else { return };
        if !polled.waits.push(frame) {
            polled.end(CloseCode::SILENT);
        }
        polled.wake();
    }

    pub(super) fn close(&self, link: LinkId, code: CloseCode) {
        if let Some(polled) = self.by_link.borrow_mut().get_mut(&link) {
            polled.close = Some(code);
            polled.wake();
        }
    }

    pub(super) fn links(&self) -> Vec<LinkId> {
        self.by_link.borrow().keys().copied().collect()
    }

    /// When each link was last asked for.
    pub(super) fn heard(&self) -> Vec<(LinkId, Millis)> {
        self.by_link.borrow().iter().map(|(link, polled)| (*link, polled.asked_at)).collect()
    }

    pub(super) fn forget(&self, link: LinkId) {
        // A POST that still waits hears that the link is gone.
        if let Some(mut polled) = self.by_link.borrow_mut().remove(&link) {
            polled.wake();
        }
    }

    /// What waits for the opener of a new link.
    pub(super) fn opened(&self, link: LinkId) -> Answer {
        Answer { link: Some(link.0.to_string()), ..self.take(link) }
    }

    /// Waits until there are frames, or for [`HOLD_MS`].
    pub(super) async fn wait(&self, link: LinkId) -> Answer {
        let Some(turn) = self.by_link.borrow_mut().get_mut(&link).map(Polled::next_turn) else {
            return Answer::closed(CloseCode::SILENT);
        };
        let something = poll_fn(|context| match self.by_link.borrow_mut().get_mut(&link) {
            Some(polled) if polled.turn == turn && polled.waits.is_empty() && polled.close.is_none() => {
                polled.waiting = Some(context.waker().clone());
                Poll::Pending
            }
            Some(polled) => Poll::Ready(polled.turn == turn),
            None => Poll::Ready(true),
        });
        match within(HOLD_MS, something).await {
            // A later POST waits in this one's place.
            Some(false) => Answer::default(),
            _ => {
                self.asked_again(link);
                self.take(link)
            }
        }
    }

    fn asked_again(&self, link: LinkId) {
        if let Some(polled) = self.by_link.borrow_mut().get_mut(&link) {
            polled.asked_at = now_ms();
        }
    }

    fn take(&self, link: LinkId) -> Answer {
        let mut by_link = self.by_link.borrow_mut();
        let Some(polled) = by_link.get_mut(&link) else { return Answer::closed(CloseCode::SILENT) };
        let answer = polled.answer();
        if answer.close.is_some() {
            by_link.remove(&link);
        }
        answer
    }

    /// Links for which nobody has asked for long; they are gone with this.
    fn silent(&self, now: Millis) -> Vec<LinkId> {
        let mut by_link = self.by_link.borrow_mut();
        let silent =
            |(link, polled): (&LinkId, &Polled)| (now >= polled.asked_at + SILENT_MS).then_some(*link);
        let links: Vec<LinkId> = by_link.iter().filter_map(silent).collect();
        for link in &links {
            by_link.remove(link);
        }
        links
    }
}

impl Polled {
    /// What is left is for the next POST, and the code for the last one.
    fn answer(&mut self) -> Answer {
        let frames = self.waits.take();
        let close = self.close.filter(|_| self.waits.is_empty()).map(|code| code.0);
        Answer { link: None, frames, close }
    }

    fn end(&mut self, code: CloseCode) {
        self.close = Some(code);
        self.waits = Waits::default();
    }

    fn next_turn(&mut self) -> u32 {
        self.turn = self.turn.wrapping_add(1);
        self.wake();
        self.turn
    }

    fn wake(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }
}

/// Ends the links of clients that went without a word, for as long as the object has any.
pub(super) fn watch<D: 'static>(
    driver: &Rc<D>,
    state: &State,
    polls: fn(&D) -> &Polls,
    closed: fn(&Rc<D>, LinkId),
) {
    if polls(driver).watched.replace(true) {
        return;
    }
    let driver = Rc::clone(driver);
    state.wait_until(async move {
        while !polls(&driver).by_link.borrow().is_empty() {
            Delay::from(LOOK_EVERY).await;
            for link in polls(&driver).silent(now_ms()) {
                closed(&driver, link);
            }
        }
        polls(&driver).watched.set(false);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: usize) -> Box<RawValue> {
        serde_json::value::to_raw_value(&"x".repeat(bytes - 2)).expect("JSON")
    }

    /// A console in a busy site was told of more in one answer than it takes in one message, stopped, and so on.
    #[test]
    fn poll_1_an_answer_has_no_more_frames_than_a_client_takes_at_once() {
        let mut waits = Waits::default();
        assert!((0..150).all(|_| waits.push(frame(100))));
        let taken: Vec<usize> = (0..4).map(|_| waits.take().len()).collect();
        assert_eq!(taken, [64, 64, 22, 0]);
        assert_eq!(waits.bytes, 0);
    }

    #[test]
    fn poll_4_what_an_ended_link_still_has_to_say_comes_before_its_code() {
        let mut waits = Waits::default();
        assert!((0..65).all(|_| waits.push(frame(100))));
        let close = Some(CloseCode::SILENT);
        let mut polled = Polled { owner: String::new(), waits, close, asked_at: 0, waiting: None, turn: 0 };
        let told: Vec<_> =
            (0..2).map(|_| polled.answer()).map(|told| (told.frames.len(), told.close)).collect();
        assert_eq!(told, [(64, None), (1, Some(CloseCode::SILENT.0))]);
    }

    /// A visitor's fifty long messages made every snapshot longer than what may wait: no polling agent got in any more.
    #[test]
    fn poll_4_a_frame_of_any_length_comes_through_and_what_waits_behind_a_megabyte_does_not() {
        const MEGABYTE: usize = 1024 * 1024;
        let mut waits = Waits::default();
        assert!(waits.push(frame(MEGABYTE)) && waits.push(frame(2)), "no more than that waited before it");
        assert!(!waits.push(frame(2)));
        assert_eq!(waits.take().len(), 2);
        assert!(waits.push(frame(2)) && waits.push(frame(2 * MEGABYTE)), "fetched, so there is room");
    }
}
