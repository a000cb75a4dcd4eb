//! The word on mode and agents.

use super::*;

#[test]
fn mode_2_of_two_notices_the_later_one_wins() {
    let mut page = Page::live("w", vec![]);
    let notice = |mode, version| EdgeFrame::Mode(Notice { mode, version, ..Notice::default() });
    page.hear(notice(Mode::Holding, 5));
    page.hear(notice(Mode::Normal, 4));
    assert_eq!(page.session.notice().mode, Mode::Holding);
}

/// Seed 6141: an answer that was made before the latest notice arrived after it.
#[test]
fn mode_2_a_late_welcome_does_not_bring_an_old_mode_back() {
    let mut page = Page::live("w", vec![]);
    page.hear(EdgeFrame::Event(event(2)));
    page.hear(EdgeFrame::Mode(Notice { mode: Mode::Holding, version: 3, ..Notice::default() }));
    let notice = Notice { version: 2, ..Notice::default() };
    page.hear(EdgeFrame::Welcome(Box::new(Welcome { notice, ..welcome(EPOCH, 0) })));
    assert_eq!(page.session.notice().mode, Mode::Holding);
}

#[test]
fn poll_1_an_answer_without_frames_is_a_sign_of_life_and_posts_are_one_to_the_edge() {
    let mut page = Page::new("w", vec![]);
    page.input(Input::Closed(page.link, CloseCode::ABNORMAL));
    page.wait(page.session.poll_timeout().expect("it never gives up") - page.now);
    page.connect(welcome(EPOCH, 0));
    assert_eq!(page.session.transport(), Transport::Poll);
    page.said.clear();
    for _ in 0..10 {
        page.wait(15_000);
        page.input(Input::Frames(page.link, vec![]));
    }
    assert_eq!(page.said, []);
    page.wait(20_000);
    assert_eq!(page.said, [ClientFrame::Ping]);
}

#[test]
fn mode_9_who_looks_asks_what_holds_less_and_less_often() {
    // When hellos are said within half an hour in which the edge answers whatever it is asked, in seconds.
    let asked = |looking| {
        let mut page = Page::live("w", vec![]);
        page.input(Input::Looking(looking));
        page.said.clear();
        let (begun, mut times) = (page.now, Vec::new());
        while page.now < begun + 30 * 60_000 {
            let at = page.session.poll_timeout().expect("a link is asked for signs of life");
            page.wait(at - page.now);
            for frame in std::mem::take(&mut page.said) {
                page.hear(match frame {
                    ClientFrame::Hello(_) => {
                        times.push((page.now - begun) / 1_000);
                        EdgeFrame::Welcome(Box::new(welcome(EPOCH, 0)))
                    }
                    _ => EdgeFrame::Pong,
                });
            }
        }
        times
    };
    assert_eq!(asked(true), [5, 15, 35, 75, 155, 315, 615, 915, 1_215, 1_515]);
    assert_eq!(asked(false), [0; 0]);
}
