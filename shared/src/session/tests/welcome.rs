//! Hello and welcome: continue, or start over.

use super::*;

#[test]
fn hello_1_the_first_frame_names_the_resume_point_and_the_unacknowledged_writers() {
    let mut page = Page::live("w", vec![saved("old", 3)]);
    page.write("a");
    page.hear(EdgeFrame::Event(event(1)));
    page.said.clear();
    page.reconnect(welcome(EPOCH, 1));
    let ClientFrame::Hello(hello) = &page.said[0] else { panic!("{:?}", page.said) };
    assert_eq!(hello.resume, Some(Resume { epoch: EPOCH, last_seq: 1 }));
    let unacked: Vec<_> = hello.unacked.iter().map(WriterId::as_str).collect();
    assert_eq!(unacked, ["w", "old"]);
}

#[test]
fn resume_1_a_snapshot_replaces_what_is_too_far_behind() {
    let mut page = Page::live("w", vec![]);
    page.hear(EdgeFrame::Event(event(1)));
    let messages = (301..=350).map(event).collect();
    page.reconnect(Welcome { replay: false, messages, ..welcome(EPOCH, 350) });
    let seqs: Vec<_> = page.session.rows().iter().filter_map(|row| row.seq).collect();
    assert_eq!(seqs, (301..=350).collect::<Vec<_>>());
    assert!(page.session.has_earlier());
    page.input(Input::Earlier);
    page.hear(EdgeFrame::History { messages: (251..=300).map(event).collect() });
    assert_eq!(page.session.rows().len(), 100);
}

#[test]
fn resume_3_a_hole_is_fetched_with_a_second_hello_on_the_same_link() {
    let mut page = Page::live("w", vec![]);
    page.said.clear();
    page.hear(EdgeFrame::Event(event(2)));
    page.hear(EdgeFrame::Event(event(3)));
    assert_eq!(page.hellos(), 1, "asked once");
    assert_eq!(page.session.rows(), [], "no message is shown before an earlier one");
    page.hear(EdgeFrame::Welcome(Box::new(Welcome {
        messages: (1..=3).map(event).collect(),
        ..welcome(EPOCH, 3)
    })));
    assert_eq!(page.session.rows().len(), 3);
}

/// Seed 730: a pause's end that fell into a resync made the browser spin until the edge answered.
#[test]
fn resume_3_a_page_that_waits_for_a_welcome_does_not_ask_for_the_past() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.hear(nack("w.1", "w", 1, 0, "gap", true));
    page.hear(EdgeFrame::Event(event(2)));
    page.wait(500);
    assert!(
        page.session.poll_timeout() > Some(page.now),
        "{:?} at {}",
        page.session.poll_timeout(),
        page.now
    );
}

/// Seed 2517: frames of the new log overtook its welcome and were counted to the old one.
#[test]
fn hello_2_before_the_welcome_nothing_is_believed() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.hear(ack("w", 1, 1));
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.now += 100_000;
    page.input(Input::Timeout);
    page.input(Input::Opened(page.link));
    page.hear(EdgeFrame::Receipted { upto_seq: 1 });
    assert_eq!(page.saved.len(), 1, "the origin has another message, of another log");
    page.said.clear();
    page.hear(EdgeFrame::Welcome(Box::new(welcome(Epoch(99), 0))));
    assert_eq!(page.hellos(), 1, "RESUME-3: asked again, for what was passed over");
}

/// Seed 19390: the latest mode overtook the first welcome of a link, which then brought the older one.
#[test]
fn hello_2_a_mode_that_overtakes_the_welcome_is_asked_for_again() {
    let mut page = Page::new("w", vec![]);
    page.input(Input::Opened(page.link));
    page.said.clear();
    page.hear(EdgeFrame::Mode(Notice { version: 3, ..Notice::default() }));
    let notice = Notice { mode: Mode::Holding, version: 2, ..Notice::default() };
    page.hear(EdgeFrame::Welcome(Box::new(Welcome { notice, ..welcome(EPOCH, 0) })));
    assert_eq!(page.hellos(), 1);
    let notice = Notice { version: 3, ..Notice::default() };
    page.hear(EdgeFrame::Welcome(Box::new(Welcome { notice, ..welcome(EPOCH, 0) })));
    assert_eq!(page.session.notice().mode, Mode::Normal);
}
