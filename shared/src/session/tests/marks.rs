//! What is on the screen, and what has been seen.

use super::*;

#[test]
fn mark_1_what_is_on_the_screen_is_said_once() {
    let mut page = Page::live("w", vec![]);
    page.said.clear();
    page.hear(EdgeFrame::Event(event(1)));
    assert_eq!(page.said, [ClientFrame::Delivered { upto_seq: 1 }]);
    page.input(Input::Looking(true));
    assert_eq!(page.said[1..], [ClientFrame::Seen { upto_seq: 1 }]);
    assert_eq!(page.session.unread(), 0);
    page.hear(EdgeFrame::Event(event(1)));
    assert_eq!(page.said.len(), 2);
}

#[test]
fn what_came_while_nobody_looked_is_told_apart_until_they_look_again() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Looking(true));
    page.hear(EdgeFrame::Event(event(1)));
    assert_eq!(page.session.fresh_after(), None, "it came before somebody's eyes");
    page.input(Input::Looking(false));
    page.hear(EdgeFrame::Event(event(2)));
    page.hear(EdgeFrame::Event(event(3)));
    page.input(Input::Looking(true));
    assert_eq!(page.session.fresh_after(), Some(1));
    // Said again by the page, and more that comes meanwhile.
    page.input(Input::Looking(true));
    page.hear(EdgeFrame::Event(event(4)));
    assert_eq!(page.session.fresh_after(), Some(1));
    page.input(Input::Looking(false));
    page.input(Input::Looking(true));
    assert_eq!(page.session.fresh_after(), None);
}
