//! How soon trouble is noticed: the gate before an origin that gets 25 messages a second, and then breaks.

use std::collections::BTreeMap;

use shared::Millis;

use super::*;

/// From one message to the next.
const EVERY_MS: Millis = 40;

/// What an origin does with a call: what it answers, and after how long; or nothing.
type Deed = fn(u64) -> Option<(Answer, Millis)>;

/// After how many milliseconds people are told.
fn noticed_after(deed: Deed) -> Millis {
    let mut desk = Desk::new(Vec::new());
    let breaks_at = 20_000;
    let (mut answers, mut written, mut calls) = (BTreeMap::new(), 0, 0);
    let mut deadlines: BTreeMap<Turn, Millis> = BTreeMap::new();
    while desk.now < breaks_at + 20_000 {
        let mut out = Vec::new();
        if desk.now.is_multiple_of(EVERY_MS) {
            written += 1;
            out.extend(desk.tell(Input::Announced(key(&format!("c{written}")))));
        }
        out.extend(desk.tell(Input::Timeout));
        for turn in
            deadlines.iter().filter(|(_, at)| **at <= desk.now).map(|(turn, _)| *turn).collect::<Vec<_>>()
        {
            deadlines.remove(&turn);
            answers.remove(&turn);
            out.extend(desk.answered(turn, BAD));
        }
        let now = desk.now;
        let due: Vec<Turn> =
            answers.iter().filter(|(_, (_, at))| *at <= now).map(|(turn, _)| *turn).collect();
        for turn in due {
            deadlines.remove(&turn);
            let Some((answer, _)) = answers.remove(&turn) else { continue };
            out.extend(desk.answered(turn, answer));
        }
        let mut queue = std::collections::VecDeque::from(out);
        while let Some(output) = queue.pop_front() {
            match output {
                Output::Pull { turn, key, .. } => {
                    let events = Some(vec![event(&format!("m-{}", key.conversation), &key)]);
                    queue.extend(desk.tell(Input::Pulled { turn, key, events }));
                }
                Output::Post { turn, events, deadline_ms } => {
                    calls += 1;
                    let ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
                    let what = if now < breaks_at { Some((good(&ids), 30)) } else { deed(calls) };
                    let what = what.map(|(answer, ms)| match answer {
                        Answer::Good(_) => (good(&ids), ms),
                        bad => (bad, ms),
                    });
                    deadlines.insert(turn, now + deadline_ms);
                    if let Some((answer, ms)) = what {
                        answers.insert(turn, (answer, now + ms));
                    }
                }
                Output::Probe { turn, .. } => {
                    answers.insert(turn, (BAD, now + 30));
                }
                Output::Settle { turn, key, .. } => {
                    queue.extend(desk.tell(Input::Settled { turn, key, backlog: Some(0) }));
                }
                _ => {}
            }
        }
        if desk.gate.mode().0 != Mode::Normal {
            assert!(now >= breaks_at, "nothing was wrong at {now}");
            return now - breaks_at;
        }
        desk.now += 5;
    }
    panic!("not noticed within 20 s");
}

#[test]
fn mode_5_at_25_calls_a_second_trouble_is_told_within_two_seconds() {
    let kinds: [(&str, Deed); 5] = [
        ("refused at once", |_| Some((BAD, 2))),
        ("fails after 200 ms", |_| Some((BAD, 200))),
        ("silent", |_| None),
        ("every other call fails", |call| Some(if call % 2 == 0 { (BAD, 30) } else { (good(&[]), 30) })),
        ("eight times as slow", |_| Some((good(&[]), 400))),
    ];
    for (kind, deed) in kinds {
        let after_ms = noticed_after(deed);
        println!("{kind}: told after {after_ms} ms");
        assert!(after_ms <= 2_000, "{kind}: {after_ms} ms");
    }
}
