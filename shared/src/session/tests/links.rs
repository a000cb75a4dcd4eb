//! A link: how it ends, and whom it hears.

use super::*;
use crate::message::Side;

#[test]
fn link_1_frames_of_an_orphaned_link_are_ignored() {
    let mut page = Page::live("w", vec![]);
    let old = page.link;
    page.reconnect(welcome(EPOCH, 0));
    page.input(Input::Frames(
        old,
        vec![EdgeFrame::Event(event(1)), EdgeFrame::Bye { code: 1, retry_after_ms: 9 }],
    ));
    page.input(Input::Closed(old, CloseCode::TOKEN_REFUSED));
    assert_eq!(page.session.rows(), []);
    assert_eq!(page.session.standing(), Standing::Live);
}

#[test]
fn link_2_a_link_on_which_nothing_comes_back_is_given_up() {
    let mut page = Page::live("w", vec![]);
    page.said.clear();
    page.wait(20_000);
    assert_eq!(page.said, [ClientFrame::Ping]);
    page.hear(EdgeFrame::Pong);
    page.wait(20_000);
    assert_eq!(page.said.len(), 2);
    page.wait(9_999);
    assert_eq!(page.session.standing(), Standing::Live);
    page.wait(1);
    assert!(page.others.contains(&Output::Close(Link(1), CloseCode::SILENT)), "{:?}", page.others);
    assert!(matches!(page.session.standing(), Standing::Retrying { .. }));
}

/// A console in a busy conversation heard something all the time and said nothing: to the edge it was as silent as a laptop that
/// was shut.
#[test]
fn link_2_a_page_says_every_20_s_that_it_is_there_whatever_it_hears() {
    let mut page = Page::live("w", vec![]);
    page.said.clear();
    let begun = page.now;
    let mut pings = Vec::new();
    for second in 1..=100 {
        while let Some(at) = page.session.poll_timeout().filter(|at| *at <= begun + second * 1_000) {
            page.wait(at - page.now);
        }
        page.now = begun + second * 1_000;
        page.hear(EdgeFrame::Typing { side: Side::Agent, on: true });
        let said = std::mem::take(&mut page.said);
        pings.extend(said.iter().filter(|frame| **frame == ClientFrame::Ping).map(|_| second));
    }
    assert_eq!(pings, [20, 40, 60, 80, 100]);
    assert_eq!(page.session.standing(), Standing::Live);
}

/// As in a tab that nobody sees: a timer goes off once a minute. What has come meanwhile came at once.
#[test]
fn link_2_a_page_whose_timers_are_held_back_says_it_when_it_can_and_keeps_its_link() {
    let mut page = Page::live("w", vec![]);
    for _ in 0..10 {
        page.said.clear();
        page.wait(60_000);
        assert_eq!(page.said, [ClientFrame::Ping]);
        page.now += 100;
        page.hear(EdgeFrame::Pong);
    }
    assert_eq!(page.session.standing(), Standing::Live);
}

#[test]
fn link_5_a_link_through_another_tab_is_taken_at_once_and_never_after_a_stop() {
    let mut page = Page::live("w", vec![]);
    for _ in 0..3 {
        let before = page.link;
        page.input(Input::Closed(before, CloseCode::ABNORMAL));
        page.input(Input::Ready);
        assert_ne!(page.link, before);
        page.connect(welcome(EPOCH, 0));
        page.input(Input::Ready);
        assert_eq!(page.session.standing(), Standing::Live);
    }
    page.input(Input::Closed(page.link, CloseCode::FORGOTTEN));
    page.input(Input::Ready);
    assert_eq!(page.session.standing(), Standing::Stopped(CloseCode::FORGOTTEN));
}

#[test]
fn close_1_each_code_says_what_the_client_does_next() {
    for (code, standing) in [
        (CloseCode::LOGIN_REQUIRED, Some(CloseCode::LOGIN_REQUIRED)),
        (CloseCode::UNKNOWN_SITE, Some(CloseCode::UNKNOWN_SITE)),
        (CloseCode::SITE_NOT_KNOWN_YET, None),
        // CLOSE-2: a code of a later version.
        (CloseCode(4999), None),
    ] {
        let mut page = Page::live("w", vec![]);
        page.input(Input::Closed(page.link, code));
        match standing {
            Some(code) => assert_eq!(page.session.standing(), Standing::Stopped(code)),
            None => assert!(matches!(page.session.standing(), Standing::Retrying { .. })),
        }
    }
}

#[test]
fn close_3_what_is_not_the_protocol_ends_the_link_and_not_the_session() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Garbage(page.link));
    assert!(page.others.contains(&Output::Close(Link(1), CloseCode::BAD_FRAME)));
    assert!(matches!(page.session.standing(), Standing::Retrying { .. }));
}
