//! The client's side of a link: one machine for the visitor's chat, an agent's view of a conversation and an
//! agent's inbox. It owns the outbox and the resume point and outlives every link.
//!
//! ```text
//! session.handle(now, Input::Closed(link, code));
//! while let Some(output) = session.poll_output() { perform(output) }
//! wake_at(session.poll_timeout());
//! ```

mod hear;
mod interface;
mod lanes;
mod say;
#[cfg(test)]
mod tests;
mod transcript;
mod transport;
mod view;

use std::collections::VecDeque;

use crate::Millis;
use crate::backoff::{Backoff, STABLE_MS};
use crate::close::{CloseCode, Reaction};
use crate::frame::{ClientFrame, Spread, Summary};
use crate::id::{ConversationId, WriterId};
use crate::mode::Notice;
use crate::random::Random;
use crate::steady::Steady;

pub use interface::{Input, Link, Output, Role};
use lanes::Lanes;
use transcript::Transcript;
pub use transport::Transport;
use transport::Transports;
pub use view::{MessageState, Row, Standing, Upto, WriteRefusal};

/// A browser may take long to notice that nobody answers; after this a new attempt is made.
const OPEN_TIMEOUT_MS: Millis = 15_000;
const GREET_TIMEOUT_MS: Millis = 10_000;
/// LINK-2: the edge is told so often that we are still there, whatever it says meanwhile …
const PING_EVERY_MS: Millis = 20_000;
/// … and the link is given up when nothing comes back.
const PONG_TIMEOUT_MS: Millis = 10_000;
/// No number that the edge says keeps a client away for longer than a day.
const LONGEST_MS: Millis = 86_400_000;
/// MODE-9: whoever looks asks what holds, first after this and each time after twice as long …
const ASK_AFTER_MS: Millis = 5_000;
/// … and at most so long.
const ASK_AT_MOST_MS: Millis = 5 * 60_000;
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Idle,
    Waiting { until: Millis },
    Opening { link: Link, until: Millis },
    Greeting { link: Link, until: Millis },
    Live(Live),
    Stopped(CloseCode),
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Live {
    link: Link,
    since: Millis,
    stable: bool,
    /// The last ping, and whether anything was heard since.
    pinged_at: Millis,
    answered: bool,
    /// A second hello is on its way; when its welcome is due.
    resync_until: Option<Millis>,
    /// MODE-9: when the edge is asked what holds, and how long after the time before.
    ask_at: Millis,
    ask_after_ms: Millis,
}

impl Live {
    /// When the next ping is due, or the last one's answer.
    fn beat_at(&self) -> Millis {
        self.pinged_at + if self.answered { PING_EVERY_MS } else { PONG_TIMEOUT_MS }
    }
}

pub struct Session {
    role: Role,
    clock: Steady,
    state: State,
    last_link: Link,
    transports: Transports,
    random: Random,
    backoff: Backoff,
    spread: Spread,
    retry_after_ms: Millis,
    online: bool,
    hidden: bool,
    looking: bool,
    /// Somebody begins to look: what they have not seen yet is news to them.
    begins_to_look: bool,
    /// Where that began: the last message that had been seen before.
    fresh_after: Option<u64>,
    conversation: Option<ConversationId>,
    notice: Notice,
    transcript: Transcript,
    lanes: Lanes,
    inbox: Vec<Summary>,
    /// The highest seq that any frame has spoken of; more than the transcript has means that we missed something.
    heard_of_seq: u64,
    typing_told_at: Option<Millis>,
    other_types_until: Option<Millis>,
    /// A page of history was asked for.
    earlier_asked: bool,
    /// The edge takes no more messages for now.
    limited: bool,
    /// Something came before the welcome that it should have followed.
    overtaken: bool,
    outputs: VecDeque<Output>,
}

impl Session {
    /// `writer` is random and never used before; `seed` feeds the jitter.
    pub fn new(role: Role, writer: WriterId, seed: u64) -> Session {
        Session {
            role,
            clock: Steady::default(),
            state: State::Idle,
            last_link: Link::default(),
            transports: Transports::default(),
            random: Random::new(seed),
            backoff: Backoff::default(),
            spread: Spread::default(),
            retry_after_ms: 0,
            online: true,
            hidden: false,
            looking: false,
            begins_to_look: true,
            fresh_after: None,
            conversation: None,
            notice: Notice::default(),
            transcript: Transcript::default(),
            lanes: Lanes::new(writer),
            inbox: Vec::new(),
            heard_of_seq: 0,
            typing_told_at: None,
            other_types_until: None,
            earlier_asked: false,
            limited: false,
            overtaken: false,
            outputs: VecDeque::new(),
        }
    }

    pub fn handle(&mut self, now: Millis, input: Input) {
        let now = self.clock.time(now);
        match input {
            Input::Start { saved } => {
                self.lanes.adopt(saved);
                self.save_renamed();
                if self.state == State::Idle {
                    self.open(now);
                }
                // A slow storage may answer when the link is long live. ADOPT-4: what the log shows is not sent again.
                for message in self.transcript.messages() {
                    self.lanes.in_log(&message.id, message.seq);
                }
                self.receipted(0);
                self.changed();
                self.flush(now);
            }
            Input::Opened(link) => {
                if matches!(self.state, State::Opening { link: current, .. } if current == link) {
                    self.state = State::Greeting { link, until: now + GREET_TIMEOUT_MS };
                    self.say_hello(link);
                }
            }
            Input::Frames(link, frames) => {
                // No frames at all are a sign of life too (POLL-1).
                if let State::Live(live) = &mut self.state
                    && live.link == link
                {
                    live.answered = true;
                    // Its POSTs tell the edge that we are there.
                    if self.transports.of_link() == Transport::Poll {
                        live.pinged_at = now;
                    }
                }
                for frame in frames {
                    // A frame may end the link (LINK-1), so each one is checked.
                    if self.current_link() == Some(link) {
                        self.frame(now, link, frame);
                    }
                }
                self.after_frames(now);
            }
            Input::Garbage(link) => {
                if self.current_link() == Some(link) {
                    self.outputs.push_back(Output::Close(link, CloseCode::BAD_FRAME));
                    self.wait(now);
                }
            }
            Input::Closed(link, code) => {
                if self.current_link() == Some(link) {
                    if code == CloseCode::NORMAL {
                        self.transports.handed_over();
                    }
                    match code.reaction() {
                        Reaction::Retry => self.wait(now),
                        Reaction::Login | Reaction::Stop => self.stop(code),
                    }
                }
            }
            Input::Write(text) => self.write(now, text),
            Input::Retry(id) => {
                // Given up only once it is certain that its words can be written anew.
                if self.lanes.refused_text(&id).is_some_and(|text| self.may_write(text).is_ok())
                    && let Some(text) = self.lanes.discard(&id)
                {
                    self.outputs.push_back(Output::Erase(id));
                    self.write(now, text);
                }
            }
            Input::Discard(id) => {
                if self.lanes.discard(&id).is_some() {
                    self.outputs.push_back(Output::Erase(id));
                    self.changed();
                }
            }
            Input::Typing(on) => self.tell_typing(now, on),
            Input::Looking(looking) => {
                if looking && !std::mem::replace(&mut self.looking, looking) {
                    self.begins_to_look = true;
                    self.fresh_after = None;
                }
                self.looking = looking;
                self.tell_marks();
                self.changed();
            }
            Input::Online(online) => {
                // Said again and again; only coming online is news.
                if !std::mem::replace(&mut self.online, online) && online {
                    self.nudge(now);
                }
                self.changed();
            }
            Input::Shown(shown) => {
                self.hidden = !shown;
                if shown {
                    self.nudge(now);
                }
                self.timeout(now);
            }
            Input::Ready => {
                if matches!(self.state, State::Waiting { .. }) {
                    self.open(now);
                }
            }
            Input::Earlier => {
                if let State::Live(live) = self.state
                    && self.has_earlier()
                    && !self.earlier_asked
                {
                    self.earlier_asked = true;
                    let before_seq = self.transcript.first_seq();
                    self.say(live.link, ClientFrame::History { before_seq });
                }
            }
            Input::Reconnect => {
                if !matches!(self.state, State::Live(_) | State::Opening { .. } | State::Greeting { .. }) {
                    self.open(now);
                }
            }
            Input::Timeout => self.timeout(now),
        }
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call with [`Input::Timeout`], on the clock of `handle`.
    pub fn poll_timeout(&self) -> Option<Millis> {
        let link = match self.state {
            State::Idle | State::Stopped(_) => None,
            State::Waiting { .. } if self.waits_to_be_shown() => None,
            State::Waiting { until } | State::Opening { until, .. } | State::Greeting { until, .. } => {
                Some(until)
            }
            State::Live(live) => [
                Some(live.beat_at()),
                (!live.stable).then_some(live.since + self.stable_after_ms()),
                // Nothing is sent while a welcome is due, so no pause's end matters then.
                live.resync_until.or(self.lanes.next_pause_end()),
                self.watches().then_some(live.ask_at),
            ]
            .into_iter()
            .flatten()
            .min(),
        };
        link.into_iter().chain(self.other_types_until).min().map(|at| self.clock.host(at))
    }

    fn current_link(&self) -> Option<Link> {
        match self.state {
            State::Opening { link, .. } | State::Greeting { link, .. } | State::Live(Live { link, .. }) => {
                Some(link)
            }
            State::Idle | State::Waiting { .. } | State::Stopped(_) => None,
        }
    }

    // ---- the link ----

    fn open(&mut self, now: Millis) {
        self.last_link.0 += 1;
        self.transports.open(now);
        self.state = State::Opening { link: self.last_link, until: now + OPEN_TIMEOUT_MS };
        self.outputs.push_back(Output::Open(self.last_link));
        self.changed();
    }

    fn wait(&mut self, now: Millis) {
        self.transports.ended(now);
        self.link_lost();
        let [chatting, others, retry_after_ms] =
            [self.spread.chatting_ms, self.spread.others_ms, self.retry_after_ms]
                .map(|ms| ms.min(LONGEST_MS));
        // Those who chat come first, all others after them. Who tries again leaves room for those who have not yet: a wait of at
        // least its own window keeps each of the two crowds at its rate, whenever how many of it are dropped.
        let window = chatting.max(others);
        let (before, first, again) = if self.goes_first() {
            (0, chatting, (chatting, window))
        } else {
            (chatting, others, (others, window))
        };
        let delay = before + self.backoff.next_delay(first, again, retry_after_ms, &mut self.random);
        self.retry_after_ms = 0;
        self.state = State::Waiting { until: now + delay };
        self.changed();
    }

    /// When a link counts as stable: not before the last one of the crowd can be back, or those who came first would come a
    /// second time among them.
    fn stable_after_ms(&self) -> Millis {
        let Spread { chatting_ms, others_ms } = self.spread;
        STABLE_MS.max(chatting_ms.min(LONGEST_MS) + others_ms.min(LONGEST_MS))
    }

    fn stop(&mut self, code: CloseCode) {
        self.link_lost();
        self.state = State::Stopped(code);
        self.changed();
    }

    fn link_lost(&mut self) {
        self.lanes.broken();
        self.typing_told_at = None;
        self.other_types_until = None;
        self.earlier_asked = false;
        self.limited = false;
    }

    fn nudge(&mut self, now: Millis) {
        if matches!(self.state, State::Waiting { .. }) && !self.waits_to_be_shown() && self.backoff.nudge(now)
        {
            self.open(now);
        }
    }

    /// RECONNECT-5: a link that nobody would notice waits until somebody could.
    fn waits_to_be_shown(&self) -> bool {
        self.hidden && !self.goes_first()
    }

    fn timeout(&mut self, now: Millis) {
        if self.other_types_until.is_some_and(|until| now >= until) {
            self.other_types_until = None;
            self.changed();
        }
        match self.state {
            State::Waiting { until } if now >= until && !self.waits_to_be_shown() => self.open(now),
            State::Opening { link, until } | State::Greeting { link, until } if now >= until => {
                self.give_up(now, link);
            }
            State::Live(live) => self.timeout_live(now, live),
            _ => {}
        }
    }

    fn timeout_live(&mut self, now: Millis, mut live: Live) {
        let beat = now >= live.beat_at();
        if live.resync_until.is_some_and(|until| now >= until) || beat && !live.answered {
            return self.give_up(now, live.link);
        }
        if beat {
            (live.pinged_at, live.answered) = (now, false);
            self.say(live.link, ClientFrame::Ping);
        }
        if !live.stable && now >= live.since + self.stable_after_ms() {
            live.stable = true;
            self.backoff.stable();
        }
        let asks = self.watches() && now >= live.ask_at;
        if asks {
            live.ask_after_ms = (live.ask_after_ms * 2).min(ASK_AT_MOST_MS);
            live.ask_at = now + live.ask_after_ms;
        }
        self.state = State::Live(live);
        if asks {
            self.resync(now);
        }
        self.flush(now);
    }

    /// A visitor looks at what they are told.
    fn watches(&self) -> bool {
        self.looking && self.role == Role::Visitor
    }

    fn give_up(&mut self, now: Millis, link: Link) {
        self.outputs.push_back(Output::Close(link, CloseCode::SILENT));
        self.wait(now);
    }

    /// RESUME-3: something was missed; a second hello on the same link fetches it.
    fn resync(&mut self, now: Millis) {
        if let State::Live(live) = &mut self.state
            && live.resync_until.is_none()
        {
            live.resync_until = Some(now + GREET_TIMEOUT_MS);
            let link = live.link;
            self.say_hello(link);
        }
    }

    fn changed(&mut self) {
        if self.outputs.back() != Some(&Output::Changed) {
            self.outputs.push_back(Output::Changed);
        }
    }
}
