//! What is written here: kept, sent, and told apart as queued, sent and delivered.

use super::*;

#[test]
fn outbox_3_message_written_during_an_outage_is_sent_after_it() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.write("a");
    page.write("b");
    assert_eq!(page.sends(), []);
    assert_eq!(page.states(), [MessageState::Queued, MessageState::Queued]);
    assert_eq!(page.saved.len(), 2, "KEEP-1: they are in the browser's storage");
    // The nudge of writing has opened a link already.
    page.connect(welcome(EPOCH, 0));
    assert_eq!(page.sends(), [sent("w", 1, "a"), sent("w", 2, "b")]);
    page.hear(ack("w", 1, 1));
    page.reconnect(Welcome { last_seq: 1, ..welcome(EPOCH, 1) });
    assert_eq!(page.sends(), [sent("w", 2, "b")], "only what was not acknowledged is sent again");
}

#[test]
fn keep_2_a_message_is_kept_until_the_origin_has_it() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.hear(ack("w", 1, 1));
    assert_eq!((page.states(), page.saved.len()), (vec![MessageState::Sent], 1));
    page.hear(EdgeFrame::Receipted { upto_seq: 1 });
    assert_eq!((page.states(), page.saved.len()), (vec![MessageState::Delivered], 0));
}

/// Seed 29 of the stories in browsers: several are acknowledged together, and of the first ones the place is not known yet. They
/// were gone from the screen from the origin's receipt until the log brought them.
#[test]
fn keep_2_what_the_origin_has_stays_on_the_screen_until_the_log_has_brought_it() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.write("b");
    page.hear(ack("w", 2, 2));
    assert_eq!(page.hellos(), 2, "RESUME-3: what stands at seq 1?");
    page.hear(EdgeFrame::Receipted { upto_seq: 2 });
    assert_eq!(page.states(), [MessageState::Sent, MessageState::Sent]);
    let mine = |n: u64, text: &str| Message {
        id: MessageId::parse(&format!("w.{n}")).unwrap(),
        author: Author::Visitor,
        text: text.to_owned(),
        ..event(n)
    };
    page.hear(EdgeFrame::Event(mine(1, "a")));
    assert_eq!((page.states().len(), page.saved.len()), (2, 2));
    page.hear(EdgeFrame::Event(mine(2, "b")));
    assert_eq!(page.states(), [MessageState::Delivered, MessageState::Delivered]);
    assert_eq!(page.saved.len(), 0);
}

#[test]
fn a_receipt_for_the_other_side_changes_nothing_that_is_seen_here() {
    let changes = |page: &mut Page, upto_seq| {
        page.session.handle(page.now, Input::Frames(page.link, vec![EdgeFrame::Receipted { upto_seq }]));
        std::iter::from_fn(|| page.session.poll_output()).any(|output| output == Output::Changed)
    };
    let mut page = Page::live("w", vec![]);
    page.hear(EdgeFrame::Event(event(1)));
    assert!(!changes(&mut page, 1), "it is an agent's");
    page.write("a");
    page.hear(ack("w", 1, 2));
    assert!(changes(&mut page, 2), "this one is our own, and was kept");
    assert!(!changes(&mut page, 2), "known already");
}

#[test]
fn limit_2_what_is_refused_for_now_waits_and_the_person_is_told() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Write("a".into()));
    page.input(Input::Write("b".into()));
    page.said.clear();
    page.hear(nack("w.1", "w", 1, 0, "too-many-messages", true));
    page.hear(nack("w.2", "w", 2, 0, "gap", true));
    assert!(page.session.limited());
    page.wait(8_000);
    assert_eq!(page.sends(), [sent("w", 1, "a"), sent("w", 2, "b")], "both, and in their order");
    page.hear(EdgeFrame::Ack(Ack { writer: WriterId::parse("w").unwrap(), upto_n: 2, seq: 2 }));
    assert!(!page.session.limited());
}

/// What stands behind a message that is refused for now is a gap, and once had all of it sent four times a second.
#[test]
fn nack_1_what_comes_behind_what_is_refused_for_now_rests_as_long() {
    let ended = |seed| {
        let mut page = Page::seeded("w", vec![], seed);
        page.connect(welcome(EPOCH, 0));
        for text in ["a", "b", "c"] {
            page.input(Input::Write(text.into()));
        }
        page.said.clear();
        page.hear(nack("w.1", "w", 1, 0, "too-many-messages", true));
        page.hear(nack("w.2", "w", 2, 0, "gap", true));
        page.hear(nack("w.3", "w", 3, 0, "gap", true));
        let begun = page.now;
        while page.sends().is_empty() {
            page.wait(50);
        }
        page.now - begun
    };
    let ended: Vec<_> = (1..=20).map(ended).collect();
    assert!(ended.iter().all(|ms| (5_000..7_600).contains(ms)), "{ended:?}");
    let least = ended.iter().min().expect("some");
    assert!(ended.iter().any(|ms| *ms > least + 1_000), "they come back in step: {ended:?}");
}
