//! Numbers at their end, and a list that has one.

use super::*;

/// Sums with numbers at the end of their range left it: a tab that is built with checks would have died.
#[test]
fn numbers_at_the_end_of_their_range_are_numbers_like_others() {
    let mut page = Page::live("w", vec![saved("p", u64::MAX)]);
    assert_eq!(page.sends(), [sent("p", u64::MAX, &u64::MAX.to_string())]);
    page.hear(nack(&format!("p.{}", u64::MAX), "p", u64::MAX, u64::MAX, "gap", true));
    page.hear(EdgeFrame::History { messages: vec![event(u64::MAX)] });
    page.hear(EdgeFrame::Receipted { upto_seq: u64::MAX });
    page.reconnect(welcome(Epoch(78), u64::MAX));
    page.hear(EdgeFrame::Event(event(u64::MAX)));
    assert!(page.session.has_earlier());
}

#[test]
fn the_list_of_conversations_has_an_end() {
    let mut page = Page::live("w", vec![]);
    for number in 0..1_500u64 {
        page.hear(EdgeFrame::Summary(Summary {
            conversation: ConversationId::parse(&format!("c{number}")).unwrap(),
            name: String::new(),
            last_seq: 1,
            author: Author::Visitor,
            text: "a".into(),
            at_ms: number,
            unread: 1,
            present: true,
        }));
    }
    assert_eq!(page.session.inbox().len(), 1_000);
    assert_eq!(page.session.inbox()[0].at_ms, 1_499, "the newest are kept");
    let newest = page.session.inbox()[0].clone();
    // FORGET-4
    page.hear(EdgeFrame::Summary(Summary { last_seq: 0, ..newest }));
    assert_eq!(page.session.inbox()[0].at_ms, 1_498);
}
