//! Receipts and replies of the origin.

use super::*;

#[test]
fn receipt_2_the_cursor_never_moves_over_a_hole() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None), send(1, "a"), send(2, "b"), send(3, "c")]);
    let ids = |desk: &mut Desk| -> Vec<String> {
        desk.machine.pull(1_000, 50, &desk.log).into_iter().map(|event| event.id).collect()
    };
    assert_eq!(ids(&mut desk), ["w.1", "w.2", "w.3"]);
    let receipt = |id: &str, result| Receipt {
        id: id.into(),
        source: String::new(),
        result,
        reason: String::new(),
        retry_after_ms: None,
    };
    let (taken, later) = (Outcome::Accepted, Outcome::Later);
    let receipts = vec![receipt("w.1", taken), receipt("w.2", later), receipt("w.3", taken)];
    let outputs = desk.tell(Input::Receipts(receipts));
    assert!(outputs.contains(&Output::Send(LinkId(1), EdgeFrame::Receipted { upto_seq: 1 })), "{outputs:?}");
    assert_eq!(ids(&mut desk), ["w.2", "w.3"]);
    assert_eq!(desk.machine.backlog(), 2);
}

/// Found by the simulation: the cursor went with the link that kept it, and an eviction made a backlog of what the
/// origin had.
#[test]
fn receipt_2_the_cursor_stays_when_the_link_that_kept_it_goes() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.open(2, Notice::default());
    desk.say(1, vec![hello(None), send(1, "a")]);
    desk.machine.pull(1_000, 50, &desk.log);
    let (id, source, reason) = ("w.1".into(), String::new(), String::new());
    let receipt = Receipt { id, source, result: Outcome::Accepted, reason, retry_after_ms: None };
    desk.tell(Input::Receipts(vec![receipt]));
    let outputs = desk.tell(Input::Closed { link: LinkId(1) });
    let keeper = outputs.iter().find_map(|output| match output {
        Output::Attach(info) if info.delivered_upto == 1 => Some(info.clone()),
        _ => None,
    });
    let keeper = keeper.expect("the other link keeps it");
    let mut stale = desk.machine.meta().clone();
    stale.delivered_upto = 0;
    let restored = Conversation::restore(stale, vec![*keeper], &desk.log);
    assert_eq!(restored.backlog(), 0);
}

/// The receipt of a refused reply got lost. Sent again, the reply was called a duplicate, which is a success: the origin
/// took it for delivered.
#[test]
fn nack_3_a_refused_reply_that_comes_again_is_refused_again() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a")]);
    for _ in 0..2 {
        let (outcome, reason) = desk.machine.reply(1_000, reply(1, " "));
        assert_eq!((outcome, reason.as_str()), (Outcome::Refused, "text-empty"));
    }
    assert_eq!(desk.machine.reply(1_000, reply(2, "b")).0, Outcome::Accepted);
    assert_eq!(desk.machine.reply(1_000, reply(2, "b")).0, Outcome::Duplicate);
    assert_eq!(desk.machine.reply(1_000, reply(0, "c")).0, Outcome::Refused, "numbers begin with 1");
}

/// A thousand conversations that are restored with a backlog: the gate knows of most, and hears of all.
#[test]
fn cost_2_after_a_restart_conversations_announce_themselves_one_after_the_other() {
    const NOW: u64 = 100_000_000;
    let (mut desk, mut times) = (Desk::new(), Vec::new());
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None), send(1, "a")]);
    let meta = desk.machine.meta().clone();
    let announced = |told: &[Output]| told.contains(&Output::Announce);
    for number in 0..1_000 {
        let mut meta = meta.clone();
        meta.epoch.0 += 7_919 * number;
        desk.machine = Conversation::restore(meta, Vec::new(), &desk.log);
        assert!(desk.machine.poll_timeout().is_some_and(|at| at <= 1_000), "it wants to know the time");
        let now = announced(&desk.tell_at(NOW, Input::Timeout));
        let at = desk.machine.poll_timeout().expect("it announces itself again");
        assert!(now || announced(&desk.tell_at(at, Input::Timeout)));
        times.push(if now { 0 } else { at - NOW });
    }
    times.sort_unstable();
    assert!(*times.last().unwrap() <= 30_000);
    let at_once = times.iter().filter(|time| **time == 0).count();
    assert!(at_once <= 80, "{at_once} of 1,000 at once");
    times.retain(|time| *time > 0);
    assert!(times.windows(51).all(|some| some[50] - some[0] > 500), "50 of them within half a second");
}

/// Found on the running system: an object that was put to sleep in between began to wait anew with each alarm.
#[test]
fn cost_2_a_conversation_that_its_alarm_restores_announces_itself() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None), send(1, "a")]);
    let meta = desk.machine.meta().clone();
    for now in (10_000..40_000).step_by(1_000) {
        desk.machine = Conversation::restore(meta.clone(), Vec::new(), &desk.log);
        let mut told = desk.tell_at(now, Input::Timeout);
        if let Some(at) = desk.machine.poll_timeout().filter(|_| !told.contains(&Output::Announce)) {
            desk.machine = Conversation::restore(meta.clone(), Vec::new(), &desk.log);
            told = desk.tell_at(at + 500, Input::Timeout);
        }
        assert!(told.contains(&Output::Announce), "restored at {now}");
    }
}

/// Whoever writes then does not wait for it.
#[test]
fn cost_2_a_new_message_after_a_restart_is_announced_at_once() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None), send(1, "a")]);
    let meta = desk.machine.meta().clone();
    desk.machine = Conversation::restore(meta, Vec::new(), &desk.log);
    desk.open(2, Notice::default());
    let frames = vec![hello(None), send(2, "b")];
    assert!(desk.tell(Input::Frames { link: LinkId(2), frames }).contains(&Output::Announce));
}
