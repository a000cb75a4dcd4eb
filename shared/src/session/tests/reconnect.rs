//! When the next attempt is made.

use super::*;

#[test]
fn reconnect_3_writing_tries_at_once() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.write("a");
    assert_eq!(page.link, Link(2));
}

#[test]
fn reconnect_3_coming_online_tries_at_once_and_being_online_does_not() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.input(Input::Online(true));
    assert_eq!(page.link, Link(1), "nothing new");
    page.input(Input::Online(false));
    page.input(Input::Online(true));
    assert_eq!(page.link, Link(2));
}

#[test]
fn reconnect_4_a_bye_with_retry_after_is_obeyed() {
    let mut page = Page::live("w", vec![]);
    page.hear(EdgeFrame::Bye { code: 4503, retry_after_ms: 30_000 });
    page.input(Input::Closed(page.link, CloseCode::SITE_NOT_KNOWN_YET));
    assert!(page.session.poll_timeout() >= Some(page.now + 30_000));
}

/// A pause of some million years is a mistake of whoever asks for it.
#[test]
fn reconnect_4_no_number_keeps_a_client_away_for_good() {
    for ms in [u64::MAX, u64::MAX - 1, 1 << 50] {
        let mut page = Page::live("w", vec![]);
        page.hear(EdgeFrame::Bye { code: 4500, retry_after_ms: ms });
        page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
        let day = 86_400_000;
        assert!(
            page.session.poll_timeout().is_some_and(|at| at >= page.now + day && at <= page.now + 2 * day)
        );
        page.input(Input::Reconnect);
        let spread = Spread { chatting_ms: ms, others_ms: ms };
        page.connect(Welcome { spread, ..welcome(EPOCH, 0) });
        page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
        assert!(page.session.poll_timeout().is_some_and(|at| at > page.now && at <= page.now + 3 * day));
    }
}

/// The waits before each of three attempts, of many visitors or agents who lose a link that told this.
fn waits(role: Role, chats: bool, spread: Spread) -> Vec<[Millis; 3]> {
    let wait = |seed| {
        let mut page = Page::new("w", vec![]);
        page.session = Session::new(role, WriterId::parse("w").unwrap(), seed);
        page.input(Input::Start { saved: vec![] });
        let messages: Vec<Message> = chats.then(|| event(1)).into_iter().collect();
        page.connect(Welcome { spread, last_seq: messages.len() as u64, messages, ..welcome(EPOCH, 0) });
        [(); 3].map(|()| {
            page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
            let wait = page.session.poll_timeout().expect("it never gives up") - page.now;
            page.wait(wait);
            wait
        })
    };
    (1..=400).map(wait).collect()
}

#[test]
fn reconnect_1_those_who_chat_are_through_before_the_others_begin() {
    let spread = Spread { chatting_ms: 5_000, others_ms: 50_000 };
    let first = |waits: &[[Millis; 3]]| {
        let firsts = || waits.iter().map(|wait| wait[0]);
        (firsts().min().unwrap(), firsts().max().unwrap())
    };
    for (role, chats) in
        [(Role::Visitor, true), (Role::Agent, true), (Role::Agent, false), (Role::Inbox, false)]
    {
        let (earliest, latest) = first(&waits(role, chats, spread));
        assert!(earliest < 100 && (4_900..=5_000).contains(&latest), "{role:?}: {earliest} {latest}");
    }
    let (earliest, latest) = first(&waits(Role::Visitor, false, spread));
    assert!((5_000..6_000).contains(&earliest) && (54_000..=55_000).contains(&latest), "{earliest} {latest}");
}

/// Everybody was dropped again before the links were stable: the others began after a second, among those who chat.
#[test]
fn reconnect_2_who_does_not_chat_lets_the_others_go_first_every_time() {
    let spread = Spread { chatting_ms: 5_000, others_ms: 50_000 };
    let others = waits(Role::Visitor, false, spread);
    assert!(others.iter().any(|wait| wait[1] > 100_000), "over the whole of their spread");
    for [_, second, third] in others {
        assert!(
            (56_000..=106_000).contains(&second) && (56_000..=106_000).contains(&third),
            "{second} {third}"
        );
    }
    for [_, second, third] in waits(Role::Visitor, true, spread) {
        assert!((6_000..=56_000).contains(&second) && (6_000..=56_000).contains(&third), "{second} {third}");
    }
}

/// In a crowd that takes a minute to come back, those who came first would come a second time among its last ones.
#[test]
fn reconnect_2_a_link_is_stable_once_the_whole_crowd_can_be_back() {
    let after = |spread: Spread, lived_ms: Millis| {
        let mut page = Page::live("w", vec![]);
        page.reconnect(Welcome { spread, ..welcome(EPOCH, 0) });
        let end = page.now + lived_ms;
        while page.now < end {
            page.wait((end - page.now).min(15_000));
            page.hear(EdgeFrame::Pong);
        }
        page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
        page.session.poll_timeout().expect("it never gives up") - page.now
    };
    let large = Spread { chatting_ms: 5_000, others_ms: 50_000 };
    let [unstable, stable] = [54_999, 55_000].map(|lived_ms| after(large, lived_ms));
    assert!(unstable >= 56_000 && stable <= 55_000, "{unstable} {stable}");
    let small = Spread { chatting_ms: 2_000, others_ms: 2_000 };
    let [unstable, stable] = [29_999, 30_000].map(|lived_ms| after(small, lived_ms));
    assert!(unstable >= 5_000 && stable <= 4_000, "{unstable} {stable}");
}

#[test]
fn spread_2_what_is_told_after_the_welcome_counts() {
    let mut page = Page::live("w", vec![]);
    page.hear(EdgeFrame::Spread(Spread { chatting_ms: 40_000, others_ms: 50_000 }));
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    assert!(page.session.poll_timeout() >= Some(page.now + 40_000));
}

#[test]
fn reconnect_5_a_hidden_tab_without_a_chat_waits_until_it_is_shown() {
    let mut page = Page::live("w", vec![]);
    page.input(Input::Shown(false));
    assert_eq!(page.session.standing(), Standing::Live, "a link that is there stays");
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    assert_eq!(page.session.poll_timeout(), None);
    page.input(Input::Online(false));
    page.input(Input::Online(true));
    page.wait(3_600_000);
    assert_eq!(page.link, Link(1));
    page.input(Input::Shown(true));
    assert_eq!(page.link, Link(2));
    page.connect(welcome(EPOCH, 0));

    // A visitor who chats waits for an answer, seen or not.
    page.write("a");
    page.input(Input::Shown(false));
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    let at = page.session.poll_timeout().expect("it never gives up");
    page.wait(at - page.now);
    assert_eq!(page.link, Link(3));
}

/// Found by the simulation: somebody set the clock back, and the next attempt was as much later.
#[test]
fn a_clock_that_goes_back_does_not_stop_the_session() {
    let mut page = Page::live("w", Vec::new());
    page.now = 10_000_000;
    page.write("before");
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.now = 2_000_000;
    page.input(Input::Timeout);
    let next = page.session.poll_timeout().expect("it never gives up");
    assert!(next <= page.now + 2_000, "{next}");
    assert_eq!(page.session.standing(), Standing::Retrying { until: next }, "on the clock of the page");
    page.write("after");
    let rows = page.session.rows();
    assert_eq!(rows.iter().map(|row| row.at_ms).collect::<Vec<_>>(), [10_000_000, 2_000_000]);
}
