//! Calls about accounts.

use super::*;

#[test]
fn class_1_a_log_in_is_let_through_in_ordinary_times_and_shed_while_accounts_fail() {
    let mut desk = Desk::new(Vec::new());
    let out = desk.tell(Input::Asked { call: Call(1), class: Class::P3, timed: true });
    assert_eq!(out, [Output::Call(Told::Begin { call: Call(1), deadline_ms: 2_000 })]);
    desk.tell(Input::Ended { call: Call(1), good: true, retry_after_ms: 0 });
    let (mut call, mut begun, mut shed) = (1, 0, 0);
    for _ in 0..60 {
        for _ in 0..5 {
            call += 1;
            let out = desk.tell(Input::Asked { call: Call(call), class: Class::P3, timed: true });
            for output in out {
                match output {
                    Output::Call(Told::Begin { call, .. }) => {
                        begun += 1;
                        desk.tell(Input::Ended { call, good: false, retry_after_ms: 0 });
                    }
                    _ => shed += 1,
                }
            }
        }
        let end = desk.now + 1_000;
        while let Some(at) = desk.gate.poll_timeout().filter(|at| *at < end) {
            desk.now = at.max(desk.now + 1);
            for output in desk.tell(Input::Timeout) {
                match output {
                    Output::Call(Told::Begin { call, .. }) => {
                        begun += 1;
                        desk.tell(Input::Ended { call, good: false, retry_after_ms: 0 });
                    }
                    Output::Call(Told::Shed { retry_after_ms, .. }) => {
                        assert!((1_000..=60_000).contains(&retry_after_ms));
                        shed += 1;
                    }
                    _ => {}
                }
            }
        }
        desk.now = end;
    }
    assert!(begun <= 60, "{begun} calls in a minute to accounts that fail");
    assert!(begun >= 10, "somebody must find out that they are back: {begun}");
    assert!(shed >= 100, "{shed}");
    assert_eq!(desk.gate.mode().0, Mode::ChattingOnly, "people talk on");
}
