//! What objects with links have in common: what the platform hands them, on its way to the machine.

use std::rc::Rc;

use shared::Millis;
use shared::close::CloseCode;
use shared::frame::ClientFrame;
use worker::{State, WebSocket, WebSocketIncomingMessage};

use crate::conversation::LinkId;
use crate::frames;
use crate::silence::Silence;

use super::alarm::Alarm;
use super::now_ms;
use super::polls::{self, Answer};
use super::sockets::{Sockets, link_of};

pub(super) trait Host: 'static {
    fn state(&self) -> &State;
    fn sockets(&self) -> &Sockets;
    fn alarm(&self) -> &Alarm;
    fn frames(self: &Rc<Self>, link: LinkId, frames: Vec<ClientFrame>);
    fn closed(self: &Rc<Self>, link: LinkId);
    fn timeout(self: &Rc<Self>);
    /// The machine's; nothing before the object knows which one it is.
    fn silence<T>(&self, ask: impl FnOnce(&mut Silence) -> T) -> Option<T>;
    /// When the links were last heard, for the machine alone: what comes of it is performed with whatever is about to come.
    fn heard(&self, now: Millis, heard: Vec<(LinkId, Millis)>);
}

pub(super) fn message(host: &Rc<impl Host>, socket: &WebSocket, message: &WebSocketIncomingMessage) {
    if let Some(link) = link_of(socket) {
        said(host, link, text(message));
    }
}

/// The client has closed the socket, and waits for an answer to that.
pub(super) fn hung_up(host: &Rc<impl Host>, socket: &WebSocket) {
    let _ = socket.close(Some(CloseCode::NORMAL.0), Some("bye"));
    lost(host, socket);
}

pub(super) fn lost(host: &Rc<impl Host>, socket: &WebSocket) {
    if let Some(link) = link_of(socket) {
        host.sockets().forget(link);
        host.closed(link);
    }
}

pub(super) fn alarm(host: &Rc<impl Host>) {
    host.alarm().has_gone_off();
    host.timeout();
}

/// LINK-7: whatever comes finds the links that are still there, and no others.
pub(super) fn look(host: &impl Host) {
    let now = now_ms();
    if host.silence(|silence| silence.is_look_due(now)) == Some(true) {
        host.heard(now, host.sockets().heard(host.state()));
    }
}

/// One WebSocket message, or the body of a POST; nothing stands for what is not text.
fn said(host: &Rc<impl Host>, link: LinkId, text: Option<&str>) {
    match text.map_or(Err(CloseCode::BAD_FRAME), frames::parse) {
        Ok(frames) => host.frames(link, frames),
        Err(code) => {
            host.sockets().close(link, code);
            host.closed(link);
        }
    }
}

/// POLL-1: the first POST opens a link and is answered with its number and what there is to say; a POST with frames
/// brings them; an empty one waits for frames.
pub(super) async fn post<H: Host>(
    host: &Rc<H>,
    owner: String,
    asked: Option<LinkId>,
    text: &str,
    open: impl FnOnce(LinkId),
) -> Answer {
    let polls = &host.sockets().polls;
    let link = match asked {
        None => {
            let link = host.sockets().poll(owner);
            open(link);
            polls::watch(host, host.state(), |host| &host.sockets().polls, H::closed);
            link
        }
        Some(link) if polls.asked(link, &owner) => link,
        Some(_) => return Answer::closed(CloseCode::SILENT),
    };
    let waits = asked.is_some() && text == "[]";
    if !waits {
        said(host, link, Some(text));
    }
    match asked {
        None => polls.opened(link),
        Some(_) if waits => {
            let answer = polls.wait(link).await;
            // Of a link that ended because too much waited, nobody else tells the machine.
            if answer.ends() {
                host.closed(link);
            }
            answer
        }
        Some(_) => Answer::default(),
    }
}

/// The client goes, and says so.
pub(super) fn leave(host: &Rc<impl Host>, owner: &str, link: LinkId) -> Answer {
    if host.sockets().polls.asked(link, owner) {
        host.sockets().forget(link);
        host.closed(link);
    }
    Answer::default()
}

/// Nothing where it is not text.
fn text(message: &WebSocketIncomingMessage) -> Option<&str> {
    match message {
        WebSocketIncomingMessage::String(text) => Some(text),
        WebSocketIncomingMessage::Binary(_) => None,
    }
}
