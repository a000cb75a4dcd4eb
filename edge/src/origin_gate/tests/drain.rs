//! The pace.

use super::*;

#[test]
fn the_drain_keeps_its_pace_and_grows_slowly() {
    let keys: Vec<Key> = (0..400).map(|i| key(&format!("c{i}"))).collect();
    let mut gate = OriginGate::new(0, keys, 1);
    let (mut now, mut posted) = (0, 0);
    while now < 3_000 {
        gate.handle(now, Input::Timeout);
        let mut queue = outputs(&mut gate);
        while let Some(output) = queue.pop() {
            match output {
                Output::Pull { turn, key, max } => {
                    let events = Some((0..max).map(|n| event(&format!("{n}"), &key)).collect());
                    gate.handle(now, Input::Pulled { turn, key, events });
                }
                Output::Post { turn, events, .. } => {
                    posted += events.len();
                    let ids: Vec<_> = events.iter().map(|event| event.id.as_str()).collect();
                    gate.handle(now, Input::Answered { turn, answer: good(&ids) });
                }
                Output::Settle { turn, key, .. } => {
                    gate.handle(now, Input::Settled { turn, key, backlog: Some(9) });
                }
                _ => {}
            }
            queue.extend(outputs(&mut gate));
        }
        now += 10;
    }
    // 50 events/s, 10 % more each second in its first minute.
    assert!((140..=180).contains(&posted), "{posted}");
}
