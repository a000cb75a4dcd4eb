//! Lanes: refusals, orphans, two tabs, lost storages. Most of these stories were told by the simulation.

use super::*;
use crate::limits::MAX_OUTBOX;

#[test]
fn adopt_1_what_an_earlier_page_left_is_sent_under_its_old_name() {
    let mut page = Page::live("w", vec![saved("old", 5), saved("old", 4)]);
    page.write("a");
    assert_eq!(page.sends(), [sent("old", 4, "4"), sent("old", 5, "5"), sent("w", 1, "a")]);
}

/// What was sent on the plain page, before the app was there, is the beginning of this page's own lane.
#[test]
fn order_1_what_the_page_has_written_before_it_had_a_session_goes_first_and_its_numbers_go_on() {
    let mut page = Page::live("w", vec![saved("w", 1), saved("w", 2)]);
    page.write("a");
    // A slow storage brings the same once more.
    page.input(Input::Start { saved: vec![saved("w", 2), saved("w", 1)] });
    page.write("b");
    assert_eq!(page.sends(), [sent("w", 1, "1"), sent("w", 2, "2"), sent("w", 3, "a"), sent("w", 4, "b")]);
}

/// Seed 29 of the stories in browsers: after a reload, what was sent on the plain page came before what the page before had
/// left.
#[test]
fn adopt_6_what_earlier_pages_left_goes_before_what_this_one_has_written_and_the_earliest_first() {
    let at = |page: &str, n, at_ms| Saved { at_ms, ..saved(page, n) };
    let left = vec![at("w", 1, 50), at("a", 1, 40), at("b", 1, 20), at("c", 2, 35), at("c", 1, 30)];
    let mut page = Page::new("w", left);
    let shown = page.session.rows().into_iter().map(|row| row.id.as_str().to_owned());
    assert_eq!(shown.collect::<Vec<_>>(), ["b.1", "c.1", "c.2", "a.1", "w.1"]);
    page.write("x");
    page.connect(welcome(EPOCH, 0));
    let order = page.sends().into_iter().map(|(writer, n, _)| format!("{writer}.{n}"));
    assert_eq!(order.collect::<Vec<_>>(), ["b.1", "c.1", "c.2", "a.1", "w.1", "w.2"]);
    // Another one is found late.
    page.input(Input::Start { saved: vec![at("d", 1, 10)] });
    assert_eq!(page.session.rows()[0].id.as_str(), "d.1");
}

/// Two tabs: the first one writes on in a lane that the second has taken over. The edge acknowledges more than the
/// second tab knows of; it took that for nonsense, and showed "Queued" for ever.
#[test]
fn adopt_1_an_acknowledgement_of_more_than_this_tab_knows_counts_for_what_it_knows() {
    let mut page = Page::live("w", vec![saved("old", 1), saved("old", 2)]);
    page.hear(ack("old", 3, 3));
    assert_eq!(page.hellos(), 2, "RESUME-3: there is something at seq 3");
    page.hear(EdgeFrame::Receipted { upto_seq: 3 });
    let messages = (1..=3).map(event).collect();
    page.hear(EdgeFrame::Welcome(Box::new(Welcome { messages, ..welcome(EPOCH, 3) })));
    assert_eq!(page.saved.len(), 0);
}

/// Seed 6: one tab had two messages of a lost page left and another three. Both went on under the same new name
/// and called different messages its first; the edge took the second for a repetition, and it was lost.
#[test]
fn adopt_2_two_tabs_with_different_rests_of_an_orphan_do_not_mix_them_up() {
    let mut more = Page::live("w1", vec![saved("old", 3), saved("old", 4), saved("old", 5)]);
    let mut less = Page::live("w2", vec![saved("old", 4), saved("old", 5)]);
    let mut meaning = BTreeMap::new();
    for (page, first) in [(&mut more, 3), (&mut less, 4)] {
        page.hear(nack(&format!("old.{first}"), "old", first, 0, "gap", true));
        page.said.clear();
        page.wait(1_000);
        let sends = page.sends();
        assert_eq!(sends[0], sent(&format!("old.{first}"), 1, &format!("{first}")));
        for (writer, n, text) in sends {
            assert_eq!(*meaning.entry((writer, n)).or_insert(text.clone()), text);
        }
    }
}

/// The next page would have sent a renamed message under its old name once more, and it would have stood in the
/// conversation twice.
#[test]
fn adopt_2_a_renamed_message_is_saved_under_its_new_number() {
    let mut page = Page::live("w", vec![saved("old", 4), saved("old", 5)]);
    page.hear(nack("old.4", "old", 4, 0, "gap", true));
    let names: Vec<_> = page.saved.values().map(|saved| (saved.writer.as_str(), saved.n)).collect();
    assert_eq!(names, [("old.4", 1), ("old.4", 2)]);
}

#[test]
fn adopt_2_the_own_lane_writes_on_after_its_renaming_and_no_id_comes_twice() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.write("b");
    page.hear(ack("w", 1, 1));
    page.hear(EdgeFrame::Receipted { upto_seq: 1 });
    page.reconnect(welcome(Epoch(99), 0));
    page.hear(nack("w.2", "w", 2, 0, "gap", true));
    page.said.clear();
    page.wait(1_000);
    page.write("c");
    assert_eq!(page.sends(), [sent("w.2", 1, "b"), sent("w.2", 2, "c")]);
    assert_eq!(page.saved.keys().map(MessageId::as_str).collect::<Vec<_>>(), ["w.2", "w.3"]);
}

/// The edge remembers 500 writers. A page that it had forgotten asked and was answered, asked and was answered …
#[test]
fn adopt_5_a_page_that_the_edge_has_forgotten_goes_on_under_another_name() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.hear(ack("w", 1, 1));
    page.hear(EdgeFrame::Receipted { upto_seq: 1 });
    page.write("b");
    for _ in 0..10 {
        for (writer, n, _) in page.sends() {
            let known = writer != "w";
            page.hear(if known { ack(&writer, n, 2) } else { nack("w.2", "w", n, 0, "gap", true) });
        }
        if page.hellos() > 0 {
            page.said.clear();
            page.hear(EdgeFrame::Welcome(Box::new(welcome(EPOCH, 1))));
        }
        page.wait(1_000);
    }
    assert_eq!(page.states(), [MessageState::Delivered, MessageState::Sent]);
}

#[test]
fn epoch_2_what_only_the_lost_log_had_is_sent_to_the_new_one() {
    let mut page = Page::live("w", vec![]);
    for text in ["a", "b", "c"] {
        page.write(text);
    }
    page.hear(ack("w", 2, 2));
    page.sends();
    page.reconnect(welcome(Epoch(99), 0));
    assert_eq!(page.sends(), [sent("w", 1, "a"), sent("w", 2, "b"), sent("w", 3, "c")]);
    assert!(page.session.rows().iter().all(|row| row.seq.is_none()));
}

/// Seed 450: a tab whose messages were all stored when the log was lost remembered the old confirmation, and
/// said hello again and again.
#[test]
fn epoch_2_a_confirmation_ends_with_its_log() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.hear(ack("w", 1, 1));
    page.hear(EdgeFrame::Receipted { upto_seq: 1 });
    page.reconnect(welcome(Epoch(99), 0));
    page.write("b");
    page.said.clear();
    page.hear(nack("w.2", "w", 2, 0, "gap", true));
    assert_eq!(page.hellos(), 0);
    page.wait(1_000);
    assert_eq!(page.sends(), [sent("w.2", 1, "b")]);
}

#[test]
fn nack_1_a_refusal_that_may_pass_is_tried_again_after_a_pause() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.sends();
    page.hear(nack("w.1", "w", 1, 0, "busy", true));
    page.wait(1_000);
    assert_eq!(page.sends(), []);
    page.wait(6_500);
    assert_eq!(page.sends(), [sent("w", 1, "a")]);
}

#[test]
fn nack_2_a_message_refused_for_good_is_shown_and_holds_nothing_up() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.write("b");
    page.hear(nack("w.1", "w", 1, 1, "text-too-long", false));
    page.hear(ack("w", 2, 1));
    assert_eq!(page.states(), [MessageState::Sent, MessageState::NotSent { reason: "text-too-long".into() }]);
    page.input(Input::Discard(MessageId::parse("w.1").unwrap()));
    assert_eq!(page.states(), [MessageState::Sent]);
}

/// "Try again" with a full outbox gave the old message up and could not write the new one.
#[test]
fn nack_2_trying_again_never_loses_the_words() {
    let mut page = Page::live("w", vec![]);
    page.write("precious");
    page.hear(nack("w.1", "w", 1, 1, "odd", false));
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    for _ in 0..MAX_OUTBOX {
        page.write("x");
    }
    assert_eq!(page.session.may_write("x"), Err(WriteRefusal::OutboxFull));
    page.input(Input::Retry(MessageId::parse("w.1").unwrap()));
    assert!(page.session.rows().iter().any(|row| row.text == "precious"));
}

/// Seed 19734: one tab had renamed a part of what a lost page had left, and saved it so. The next page sent the
/// two parts side by side, and the later words came first.
#[test]
fn adopt_3_what_one_page_has_written_stays_in_its_order_whatever_it_is_called() {
    let id = |n: u64| MessageId::parse(&format!("old.{n}")).unwrap();
    let part = |writer: &str, wire_n, n: u64| Saved { id: id(n), n: wire_n, ..saved(writer, n) };
    let mut page = Page::live("w", vec![part("old", 9, 9), part("old.6", 1, 6), part("old.6", 2, 7)]);
    assert_eq!(page.sends(), [sent("old.6", 1, "6"), sent("old.6", 2, "7"), sent("old.6", 4, "9")]);
}

/// After a lost storage two tabs may bring the same message under two names. The one that sees it in the log
/// need not send it.
#[test]
fn adopt_4_a_message_that_the_log_has_is_not_sent_again() {
    let mut page = Page::live("w", vec![]);
    page.write("a");
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.now += 100_000;
    page.input(Input::Timeout);
    page.sends();
    let mine = Message { id: MessageId::parse("w.1").unwrap(), author: Author::Visitor, ..event(1) };
    page.connect(Welcome { messages: vec![mine], ..welcome(Epoch(99), 1) });
    assert_eq!(page.sends(), []);
}

/// The link does not wait for the browser's storage, which may answer after the welcome.
#[test]
fn adopt_4_what_a_slow_storage_brings_and_the_log_has_is_not_sent_again() {
    let mut page = Page::new("new", vec![]);
    let mine = |seq| Message {
        id: MessageId::parse(&format!("w.{seq}")).unwrap(),
        author: Author::Visitor,
        ..event(seq)
    };
    page.connect(Welcome { messages: vec![mine(1), mine(2)], receipted_upto: 1, ..welcome(EPOCH, 2) });
    let late = vec![saved("w", 1), saved("w", 2), saved("w", 3)];
    page.saved = late.iter().map(|saved| (saved.id.clone(), saved.clone())).collect();
    page.input(Input::Start { saved: late });
    assert_eq!(page.sends(), [sent("w", 3, "3")]);
    assert_eq!(page.saved.len(), 2, "KEEP-2: the origin has the first one");
    assert_eq!(page.states(), [MessageState::Delivered, MessageState::Sent, MessageState::Queued]);
}

/// Found by the simulation: a refusal from before the snapshot came after it, over a link that does not keep the order,
/// and what the log had already was sent to it once more under another name.
#[test]
fn adopt_5_an_old_gap_does_not_rename_what_the_log_shows() {
    let mut page = Page::live("w", vec![]);
    for text in ["a", "b", "c"] {
        page.write(text);
    }
    let mine = |seq: u64| Message {
        id: MessageId::parse(&format!("w.{seq}")).unwrap(),
        author: Author::Visitor,
        ..event(seq)
    };
    // An edge of an older version says nothing of acknowledgements in its welcome.
    page.reconnect(Welcome { messages: vec![mine(1), mine(2)], ..welcome(EPOCH, 2) });
    assert_eq!(page.sends().last(), Some(&sent("w", 3, "c")));
    page.hear(nack("w.3", "w", 3, 0, "gap", true));
    page.hear(EdgeFrame::Welcome(Box::new(welcome(EPOCH, 2))));
    page.wait(1_000);
    assert_eq!(page.sends(), [sent("w", 3, "c")]);
}

/// Found by the simulation: the log had a message under another name, and page and edge greeted each other for ever.
#[test]
fn adopt_5_a_welcome_that_confirms_less_does_not_take_the_doubt_away() {
    let mut page = Page::live("w", vec![]);
    for text in ["a", "b", "c"] {
        page.write(text);
    }
    let mine = |seq| Message { id: MessageId::parse("w.2").unwrap(), author: Author::Visitor, ..event(seq) };
    page.reconnect(Welcome { messages: vec![mine(1)], ..welcome(EPOCH, 1) });
    page.hear(ack("w", 1, 2));
    page.sends();
    let mut sends = vec![sent("w", 3, "c")];
    for _ in 0..10 {
        if sends.iter().any(|(writer, ..)| writer == "w.3") {
            return;
        }
        page.hear(nack("w.3", "w", 3, 1, "gap", true));
        let known = Ack { writer: WriterId::parse("w").unwrap(), upto_n: 1, seq: 2 };
        page.hear(EdgeFrame::Welcome(Box::new(Welcome { acks: vec![known], ..welcome(EPOCH, 2) })));
        page.wait(1_000);
        sends = page.sends();
    }
    panic!("the lane was never renamed: {sends:?}");
}
