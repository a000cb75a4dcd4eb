//! Calls about accounts: which may begin, which wait, and which are refused.

use shared::Millis;

use super::super::Whose;
use super::super::deciding::Deciding;
use super::*;

/// The deciding half with a line of calls, and accounts that answer after so long.
struct Line {
    deciding: Deciding,
    now: Millis,
    took: Millis,
    last: u64,
    under_way: Vec<(Millis, Call)>,
}

impl Line {
    fn new(took: Millis) -> Line {
        Line { deciding: Deciding::new(1), now: 0, took, last: 0, under_way: Vec::new() }
    }

    /// What is said at once: nothing, where the call has to wait.
    fn ask(&mut self, class: Class) -> Option<Told> {
        self.last += 1;
        self.deciding.asked(self.now, Call(self.last), None, class, true)
    }

    /// What is said of those that wait, until that time.
    fn until(&mut self, end: Millis) -> Vec<(Millis, Told)> {
        let mut all = Vec::new();
        while self.now < end {
            self.now += 10;
            let (back, out) = self.under_way.iter().partition(|(at, _)| *at <= self.now);
            self.under_way = out;
            let back: Vec<(Millis, Call)> = back;
            for (_, call) in back {
                self.deciding.call_ended(self.now, call, true, 0);
            }
            while let Some(told) = self.deciding.next_call(self.now) {
                if let Told::Begin { call, .. } = told {
                    self.under_way.push((self.now + self.took, call));
                }
                all.push((self.now, told));
            }
            if self.deciding.is_due(self.now) {
                self.deciding.step(self.now, None, true);
            }
        }
        all
    }

    fn begun(&mut self, end: Millis) -> usize {
        self.until(end).iter().filter(|(_, told)| matches!(told, Told::Begin { .. })).count()
    }

    /// Calls of messages in the next second, so many of them bad.
    fn messages(&mut self, calls: u64, bad: u64, took: Millis) {
        for call in 1..=calls {
            let at = self.now + 999 * call / calls;
            self.last += 1;
            self.deciding.reserve(1);
            self.deciding.posted(at.saturating_sub(took), self.last);
            if call * bad / calls > (call - 1) * bad / calls {
                self.deciding.bad(at, self.last, 1, "origin-errors", 0);
            } else {
                self.deciding.good(at, self.last, 1);
            }
        }
    }
}

const NEVER: Millis = 1_000_000;

#[test]
fn class_1_two_calls_are_under_way_and_a_hundred_wait() {
    let mut line = Line::new(NEVER);
    for _ in 0..2 {
        line.ask(Class::P3);
    }
    assert_eq!(line.begun(500), 2);
    for waiting in 1..=100 {
        assert_eq!(line.ask(Class::P3), None, "{waiting}");
    }
    let call = Call(line.last + 1);
    // A hundred at 50 a second are there in 2 s.
    assert_eq!(line.ask(Class::P3), Some(Told::Shed { call, retry_after_ms: 2_020, of: Whose::Everybody }));
    assert_eq!(line.begun(1_000), 0, "two are under way");
}

#[test]
fn class_1_a_call_waits_for_two_seconds_and_is_told_to_come_again_after_one() {
    let mut line = Line::new(NEVER);
    for _ in 0..3 {
        line.ask(Class::P3);
    }
    assert_eq!(line.until(1_990).len(), 2);
    assert_eq!(line.deciding.next_at(0, false), Some(2_000));
    let shed = Told::Shed { call: Call(3), retry_after_ms: 1_000, of: Whose::Everybody };
    assert_eq!(line.until(2_000), [(2_000, shed)]);
}

/// Log-ins came as fast as they were let through, each in front of an agent's status, which nobody looked at again.
#[test]
fn class_1_the_last_class_waits_for_two_seconds_at_most_behind_a_steady_line_of_others() {
    let mut line = Line::new(100);
    for _ in 0..10 {
        line.ask(Class::P3);
    }
    line.ask(Class::P4);
    let last = Call(line.last);
    let mut told = None;
    for _ in 0..100 {
        line.ask(Class::P3);
        line.ask(Class::P3);
        let now = line.now;
        let this = line.until(now + 100);
        told = told.or(this.into_iter().find(
            |(_, told)| matches!(told, Told::Begin { call, .. } | Told::Shed { call, .. } if *call == last),
        ));
    }
    assert!(told.is_some_and(|(at, _)| at <= 2_000), "{told:?}");
}

/// Nothing else happens then: without its own time the gate would sleep over it.
#[test]
fn class_1_the_gate_wakes_for_the_one_that_waits_for_longest_wherever_it_stands() {
    let mut line = Line::new(NEVER);
    for _ in 0..2 {
        line.ask(Class::P3);
    }
    line.until(500);
    line.ask(Class::P4);
    line.until(1_500);
    line.ask(Class::P3);
    line.until(2_400);
    assert_eq!(line.deciding.next_at(0, false), Some(2_500));
}

#[test]
fn class_1_a_later_class_stands_behind_and_has_five_places() {
    let mut line = Line::new(NEVER);
    for _ in 0..2 {
        line.ask(Class::P3);
    }
    line.until(500);
    for _ in 0..5 {
        assert_eq!(line.ask(Class::P4), None);
    }
    assert!(matches!(line.ask(Class::P4), Some(Told::Shed { .. })), "a quarter of the limit of 20");
    assert_eq!(line.ask(Class::P3), None);
    let first = Call(line.last);
    line.deciding.call_ended(600, Call(1), true, 0);
    assert!(matches!(line.deciding.next_call(600), Some(Told::Begin { call, .. }) if call == first));
}

#[test]
fn class_1_after_a_bad_answer_accounts_rest_for_a_moment_or_for_as_long_as_they_ask() {
    for (retry_after_ms, rest) in [(0, 150), (7_000, 7_000), (Millis::MAX, 600_000)] {
        let mut line = Line::new(NEVER);
        line.ask(Class::P3);
        line.until(10);
        line.deciding.call_ended(10, Call(1), false, retry_after_ms);
        let mut asked_at = 10;
        let begun = (0..=700_000).step_by(10).find(|ms| {
            line.now = 10 + ms;
            if line.now >= asked_at {
                line.ask(Class::P3);
                asked_at = line.now + 1_000;
            }
            std::iter::from_fn(|| line.deciding.next_call(line.now))
                .any(|told| matches!(told, Told::Begin { .. }))
        });
        assert_eq!(begun, Some(rest), "asked for {retry_after_ms}");
    }
}

/// Messages and accounts stand in one database: where either is overloaded, log-ins are refused and no message is.
#[test]
fn class_1_trouble_with_either_resource_sheds_calls_about_accounts() {
    let mut line = Line::new(40);
    line.messages(50, 5, 40);
    line.until(1_000);
    for _ in 0..4 {
        line.messages(50, 5, 40);
        let end = line.now + 1_000;
        line.until(end);
    }
    assert!(matches!(line.ask(Class::P4), Some(Told::Shed { .. })), "messages fail");

    let mut line = Line::new(NEVER);
    let refused = (0..20).any(|_| {
        let told = line.ask(Class::P3);
        let end = line.now + 1_000;
        for (at, told) in line.until(end) {
            if let Told::Begin { call, .. } = told {
                line.deciding.call_ended(at, call, false, 0);
            }
        }
        told.is_some()
    });
    assert!(refused, "accounts fail");
}

/// 20 calls about accounts a second, when messages get slow.
#[test]
fn pace_1_where_messages_are_slow_accounts_give_way_and_whoever_is_refused_is_told_when() {
    let mut line = Line::new(40);
    let second = |line: &mut Line, took| {
        line.messages(50, 0, took);
        let end = line.now + 1_000;
        let mut begun = 0;
        while line.now < end {
            line.ask(Class::P3);
            let at = line.now + 50;
            begun += line.begun(at);
        }
        begun
    };
    for _ in 0..30 {
        second(&mut line, 40);
    }
    assert!(second(&mut line, 40) >= 19);
    let before = line.deciding.rates().per_s;
    second(&mut line, 160);
    assert_eq!(line.deciding.rates().per_s, before, "messages go on as before");
    assert!(second(&mut line, 160) + second(&mut line, 160) <= 2, "one every two seconds");
    // Two hundred seconds of work wait; nobody is told more than a minute.
    let refused = (0..200).find_map(|_| line.ask(Class::P3));
    assert!(
        matches!(refused, Some(Told::Shed { retry_after_ms: 60_000, of: Whose::Everybody, .. })),
        "{refused:?}"
    );
}

/// Few calls, and far below their pace; but the origin is slow, and log-ins can wait.
#[test]
fn pace_1_where_accounts_are_slow_they_get_less_even_if_they_are_few() {
    let mut line = Line::new(20);
    let minute = |line: &mut Line| {
        let mut begun = 0;
        for _ in 0..300 {
            line.ask(Class::P3);
            let at = line.now + 200;
            begun += line.begun(at);
        }
        begun
    };
    assert_eq!(minute(&mut line), 300);
    line.took = 100;
    let begun = minute(&mut line);
    assert!(begun < 280, "{begun} of 300");
}

#[test]
fn class_1_a_log_in_is_let_through_in_ordinary_times_and_shed_while_accounts_fail() {
    let mut desk = Desk::new(Vec::new());
    let out = desk.tell(Input::Asked { call: Call(1), site: None, class: Class::P3, timed: true });
    assert_eq!(out, [Output::Call(Told::Begin { call: Call(1), deadline_ms: 2_000 })]);
    desk.tell(Input::Ended { call: Call(1), good: true, retry_after_ms: 0 });
    let (mut call, mut begun, mut shed) = (1, 0, 0);
    for _ in 0..60 {
        for _ in 0..5 {
            call += 1;
            let out = desk.tell(Input::Asked { call: Call(call), site: None, class: Class::P3, timed: true });
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

/// The origin has one capacity: what accounts get of it, messages have to leave.
#[test]
fn pace_1_calls_about_accounts_count_in_the_pace_of_everything() {
    let sent_in_a_second = |with_calls: bool| {
        let mut line = Line::new(10);
        line.deciding.wakes(0);
        let mut sent = 0;
        for _ in 0..100 {
            if with_calls && line.now.is_multiple_of(50) {
                line.ask(Class::P3);
            }
            line.until(line.now + 10);
            if let super::super::deciding::Permit::Events(events) = line.deciding.permit(line.now, 0, true) {
                line.deciding.reserve(events);
                line.deciding.posted(line.now, 10_000 + sent);
                line.deciding.good(line.now, 10_000 + sent, events);
                sent += events;
            }
        }
        sent
    };
    let (alone, beside) = (sent_in_a_second(false), sent_in_a_second(true));
    assert!((49..=51).contains(&alone), "{alone}");
    assert!((29..=31).contains(&beside), "{beside} beside 20 calls");
}

#[test]
fn pace_1_what_accounts_bring_back_proves_what_the_origin_bears() {
    let mut line = Line::new(10);
    line.deciding.wakes(0);
    for _ in 0..120 {
        for _ in 0..20 {
            line.ask(Class::P3);
            line.until(line.now + 50);
        }
    }
    let per_s = line.deciding.rates().per_s;
    assert!((19.0..=30.0).contains(&per_s), "{per_s} a second, and 20 were answered");
}

/// A few hundred made-up sites a second stood in one line with the log-ins, and had both connections.
#[test]
fn site_1_first_questions_about_sites_stand_behind_log_ins_one_at_a_time() {
    let mut line = Line::new(400);
    let (mut asked_at, mut slowest, mut log_ins, mut questions) =
        (std::collections::BTreeMap::new(), 0, 0, 0);
    for round in 0..3_000 {
        for _ in 0..3 {
            line.ask(Class::P5);
        }
        if round % 50 == 0 {
            assert_eq!(line.ask(Class::P3), None, "there is room for it");
            asked_at.insert(Call(line.last), line.now);
        }
        for (at, told) in line.until(line.now + 10) {
            match told {
                Told::Begin { call, .. } if asked_at.contains_key(&call) => {
                    slowest = slowest.max(at - asked_at[&call]);
                    log_ins += 1;
                }
                Told::Begin { .. } => questions += 1,
                Told::Shed { call, .. } => assert!(!asked_at.contains_key(&call), "a log in is shed"),
            }
        }
    }
    assert!(log_ins >= 59 && slowest <= 50, "{log_ins} log-ins in 30 s, the slowest waited {slowest} ms");
    assert!((60..=75).contains(&questions), "one at a time, as long as 400 ms each: {questions}");
}

/// An origin that answers made-up ids with errors was taken for one that fails, and log-ins were shed.
#[test]
fn site_1_what_comes_of_questions_about_unknown_sites_says_nothing_about_the_origin() {
    let mut desk = Desk::new(Vec::new());
    for call in 1..=100 {
        desk.now += 300;
        let asked = Input::Asked { call: Call(call), site: None, class: Class::P5, timed: true };
        assert!(matches!(desk.tell(asked)[..], [Output::Call(Told::Begin { .. })]), "{call}");
        desk.now += 200;
        desk.tell(Input::Ended { call: Call(call), good: false, retry_after_ms: 0 });
    }
    let log_in = Input::Asked { call: Call(101), site: None, class: Class::P3, timed: true };
    assert_eq!(desk.tell(log_in), [Output::Call(Told::Begin { call: Call(101), deadline_ms: 2_000 })]);
    assert_eq!((desk.modes.clone(), desk.gate.progress(desk.now).accounts), (vec![], Status::Pass));
}
