//! One account's trouble is that account's.

use shared::Millis;
use shared::id::SiteId;
use shared::mode::Mode;

use super::super::Whose;
use super::super::breakers::*;
use super::super::deciding::Deciding;
use super::super::health::{Health, Verdict};
use super::*;

const OF_SITE: Evidence = Evidence::OfSite { as_well: 0 };

fn site(name: &str) -> SiteId {
    SiteId::parse(name).unwrap()
}

/// Calls of `large` fail, three of them, and as many of others pass.
fn tripped() -> Breakers {
    let mut breakers = Breakers::default();
    for _ in 0..3 {
        assert_eq!(breakers.may(0, &site("large")), Ok(()));
        breakers.ended(0, &site("large"), false);
        breakers.ended(0, &site("other"), true);
    }
    breakers.ended(0, &site("large"), false);
    assert_eq!(breakers.len(), 1);
    breakers
}

#[test]
fn class_2_three_bad_answers_of_a_site_trip_it_where_three_good_ones_of_others_came_between() {
    let mut breakers = Breakers::default();
    for _ in 0..3 {
        assert_eq!(breakers.ended(0, &site("large"), false), Evidence::OfOrigin, "it may be the origin");
    }
    for _ in 0..2 {
        breakers.ended(0, &site("other"), true);
    }
    assert_eq!(breakers.ended(0, &site("large"), false), Evidence::OfOrigin, "two good ones may be chance");
    breakers.ended(0, &site("other"), true);
    let all_of_it = Evidence::OfSite { as_well: 4 };
    assert_eq!(breakers.ended(0, &site("large"), false), all_of_it, "it is this site");
    assert_eq!(breakers.may(999, &site("large")), Err(1));
    assert_eq!(breakers.may(0, &site("other")), Ok(()));
}

#[test]
fn class_2_what_the_origin_does_to_everybody_trips_nobody() {
    let mut breakers = Breakers::default();
    for call in 0..300 {
        assert_eq!(breakers.ended(call, &site(&format!("s{}", call % 5)), false), Evidence::OfOrigin);
    }
    assert_eq!(breakers.len(), 0);
}

#[test]
fn class_2_a_good_answer_between_bad_ones_begins_anew() {
    let mut breakers = Breakers::default();
    for call in 0..300 {
        breakers.ended(call, &site("other"), true);
        assert_eq!(breakers.ended(call, &site("large"), call % 3 == 2), Evidence::OfOrigin, "{call}");
    }
    assert_eq!(breakers.len(), 0);
}

#[test]
fn class_2_a_tripped_site_is_tried_after_a_second_and_then_after_twice_as_long_up_to_half_a_minute() {
    let mut breakers = tripped();
    let mut now = 0;
    let mut pauses = Vec::new();
    for _ in 0..7 {
        let pause = breakers.may(now, &site("large")).unwrap_err();
        now += pause;
        pauses.push(pause);
        assert_eq!(breakers.may(now, &site("large")), Ok(()));
        breakers.began(now, &site("large"), 2_000);
        assert_eq!(breakers.may(now, &site("large")), Err(2_000), "one call at a time");
        assert_eq!(breakers.ended(now, &site("large"), false), OF_SITE, "its failures are its own");
    }
    assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    assert_eq!(breakers.ended(now, &site("large"), true), OF_SITE, "and so is the end of them");
    assert_eq!((breakers.may(now, &site("large")), breakers.len()), (Ok(()), 0));
    assert_eq!(breakers.ended(now, &site("large"), false), Evidence::OfOrigin);
}

/// Whoever made the call is gone, and its end is never told.
#[test]
fn class_2_a_try_without_an_end_is_made_again_after_its_deadline() {
    let mut breakers = tripped();
    breakers.began(1_000, &site("large"), 2_000);
    assert_eq!(breakers.may(2_999, &site("large")), Err(1));
    assert_eq!(breakers.may(3_000, &site("large")), Ok(()));
}

#[test]
fn class_2_what_is_five_minutes_old_says_nothing_and_a_thousand_sites_are_remembered() {
    let mut breakers = tripped();
    breakers.ended(299_999, &site("new"), false);
    assert_eq!(breakers.len(), 1);
    breakers.ended(300_000, &site("new"), false);
    assert_eq!(breakers.len(), 0);
    let mut breakers = tripped();
    for number in 0..999 {
        breakers.ended(1, &site(&format!("s{number}")), false);
    }
    assert_eq!(breakers.len(), 1, "the thousandth");
    breakers.ended(1, &site("s998"), false);
    assert_eq!(breakers.len(), 1, "not a new one");
    breakers.ended(1, &site("s999"), false);
    assert_eq!(breakers.len(), 0, "the one with the oldest failure is forgotten");
}

/// Two sites that call once in 200 ms each. What one of them asks for takes longer than the deadline.
struct Accounts {
    deciding: Deciding,
    now: Millis,
    out: Vec<(Millis, Call, bool)>,
    /// Of `large` and of `other`: begun, shed for everybody, shed for this site alone.
    told: [[u32; 3]; 2],
    who: Vec<usize>,
}

impl Accounts {
    fn new() -> Accounts {
        Accounts { deciding: Deciding::new(1), now: 0, out: vec![], told: [[0; 3]; 2], who: vec![] }
    }

    fn tell(&mut self, told: Told) {
        let (Told::Begin { call, .. } | Told::Shed { call, .. }) = told;
        let who = self.who[call.0 as usize];
        match told {
            Told::Begin { deadline_ms, .. } => {
                self.told[who][0] += 1;
                let good = who == 1;
                self.out.push((self.now + if good { 40 } else { deadline_ms }, call, good));
            }
            Told::Shed { of: Whose::Everybody, .. } => self.told[who][1] += 1,
            Told::Shed { of: Whose::ThisSite, .. } => self.told[who][2] += 1,
        }
    }

    fn run(&mut self, ms: Millis) {
        self.told = [[0; 3]; 2];
        let end = self.now + ms;
        while self.now < end {
            self.now += 10;
            if self.now.is_multiple_of(200) {
                for (who, name) in ["large", "other"].into_iter().enumerate() {
                    let call = Call(self.who.len() as u64);
                    self.who.push(who);
                    let told = self.deciding.asked(self.now, call, Some(site(name)), Class::P3, true);
                    told.into_iter().for_each(|told| self.tell(told));
                }
            }
            let (ended, out): (Vec<_>, Vec<_>) = self.out.iter().partition(|(at, ..)| *at <= self.now);
            self.out = out;
            for (_, call, good) in ended {
                self.deciding.call_ended(self.now, call, good, 0);
            }
            while let Some(told) = self.deciding.next_call(self.now) {
                self.tell(told);
            }
            if self.deciding.is_due(self.now) {
                self.deciding.step(self.now, None, true);
            }
        }
    }
}

/// A customer with thousands of agents and groups, whose log-ins hang. They had both connections all the time, and nobody
/// else could log in.
#[test]
fn class_2_an_account_that_hangs_keeps_no_other_from_logging_in() {
    let mut accounts = Accounts::new();
    accounts.run(2_000);
    let [_, other] = accounts.told;
    assert_eq!(other, [10, 0, 0], "one of the two connections is theirs");
    accounts.run(28_000);
    assert_eq!(accounts.told[1], [140, 0, 0]);
    accounts.run(60_000);
    let [large, other] = accounts.told;
    assert_eq!(other, [300, 0, 0]);
    assert!(large[0] <= 4 && large[2] >= 290, "tried once in half a minute: {large:?}");
    assert_eq!(accounts.deciding.sites_failing(), 1);
    assert_eq!(accounts.deciding.mode().0, Mode::Normal, "nobody else is told of it");
}

#[test]
fn class_2_a_site_alone_has_both_connections_until_another_one_asks() {
    let mut askers = Askers::default();
    let mut several = |now, name: &str| {
        askers.asks(now, Some(&site(name)));
        askers.several
    };
    assert_eq!([several(0, "one"), several(100, "one")], [false, false]);
    assert_eq!([several(200, "other"), several(60_199, "other")], [true, true]);
    assert_eq!([several(60_200, "other"), several(200_000, "one")], [false, false]);
}

#[test]
fn class_2_what_turns_out_to_be_one_sites_trouble_is_taken_back_from_the_evidence() {
    let mut health = Health::default();
    for call in 0..30 {
        health.began(call * 100, call, true);
        let bad = call % 10 == 9;
        health.ended(call * 100 + 40, call, if bad { Verdict::Bad } else { Verdict::Good { units: 1 } });
    }
    let evidence = health.evidence(3_000);
    assert_eq!((evidence.calls, evidence.bad, evidence.bad_in_a_row), (30, 3, 1));
    health.began(3_000, 30, true);
    health.left_out(30, 2);
    let evidence = health.evidence(3_000);
    assert_eq!((evidence.calls, evidence.bad, evidence.bad_in_a_row), (28, 1, 0));
    health.left_out(31, 9);
    assert_eq!(health.evidence(3_000).bad, 0);
}

/// Whoever is told "everybody" is believed by the worker, which then refuses all log-ins for a while.
#[test]
fn class_2_who_waits_for_its_own_site_alone_is_refused_alone() {
    let mut deciding = Deciding::new(1);
    let mut ask = |call: u64, name: &str| deciding.asked(0, Call(call), Some(site(name)), Class::P3, true);
    assert_eq!(ask(1, "other"), None);
    for call in 2..=51 {
        assert_eq!(ask(call, "large"), None);
    }
    let alone = |told: Option<Told>| matches!(told, Some(Told::Shed { of: Whose::ThisSite, .. }));
    assert!(alone(ask(52, "large")), "half of the line is for others");
    assert_eq!(ask(53, "other"), None);
    let began = |told: Option<Told>, call| matches!(told, Some(Told::Begin { call: it, .. }) if it.0 == call);
    assert!(began(deciding.next_call(0), 1) && began(deciding.next_call(50), 2));
    assert_eq!(deciding.next_call(90), None, "there are two connections");
    deciding.call_ended(100, Call(1), true, 0);
    assert!(began(deciding.next_call(1_000), 53), "past all of the others");
    deciding.call_ended(1_100, Call(53), true, 0);
    assert_eq!(deciding.next_call(1_100), None, "one connection stays for others");
    assert_eq!(deciding.next_at(0, false), Some(1_000), "the evidence is due");
    assert!(alone(deciding.next_call(2_000)), "they waited for their own site's call");
}
