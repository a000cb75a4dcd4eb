//! What is stored, in which order, and what it costs.

use super::*;

/// Outputs where the first message that is told of comes after the store.
fn stored_before_told(outputs: &[Output]) -> bool {
    let place = |of: fn(&Output) -> bool| outputs.iter().position(of);
    place(|output| matches!(output, Output::Store { .. }))
        < place(|output| matches!(output, Output::Send(..)))
}

#[test]
fn store_1_what_came_together_is_stored_together_and_then_acknowledged() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let outputs = desk.tell(Input::Frames { link: LinkId(1), frames: vec![send(1, "a"), send(2, "b")] });
    let stores: Vec<usize> =
        (0..outputs.len()).filter(|i| matches!(outputs[*i], Output::Store { .. })).collect();
    assert_eq!(stores, [0], "{outputs:?}");
    assert_eq!(outputs[1], Output::Send(LinkId(1), ack(2, 2)), "one acknowledgement for both");
}

#[test]
fn cost_1_nothing_is_stored_before_the_first_message() {
    let mut desk = Desk::new();
    let mut outputs = desk.open(1, Notice::default());
    outputs.extend(desk.tell(Input::Frames {
        link: LinkId(1),
        frames: vec![hello(None), send(1, "  "), ClientFrame::Typing { on: true }, ClientFrame::Ping],
    }));
    outputs.extend(desk.tell(Input::Closed { link: LinkId(1) }));
    let kept = |o: &Output| matches!(o, Output::Store { .. } | Output::Notify(_) | Output::Announce);
    assert!(!outputs.iter().any(kept), "{outputs:?}");
}

#[test]
fn order_1_nothing_is_stored_before_what_its_writer_wrote_earlier() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let said = desk.say(1, vec![send(2, "b"), send(1, "a")]);
    assert!(matches!(&said[0].1, EdgeFrame::Nack(nack) if nack.reason == "gap" && nack.upto_n == 0));
    assert_eq!(said[1].1, ack(1, 1));
    assert_eq!(desk.say(1, vec![send(1, "a"), send(2, "b")])[0].1, ack(2, 2));
    assert_eq!(desk.log.0.len(), 2);
}

#[test]
fn ack_1_an_acknowledgement_ends_with_a_stored_message() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![send(1, "a"), send(2, " ")]);
    assert_eq!(desk.say(1, vec![send(1, "a")]), [(LinkId(1), ack(1, 1))]);
}

#[test]
fn store_2_what_comes_while_the_disk_is_busy_is_stored_together() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None)]);
    let frames = |n| Input::Frames { link: LinkId(1), frames: vec![send(n, "x")] };
    assert_eq!(stores(&desk.tell_slow_disk(frames(1))), [1], "a lone message does not wait");
    for n in 2..=5 {
        assert_eq!(
            desk.tell_slow_disk(frames(n)),
            [],
            "n {n} waits for the disk, and so does its acknowledgement"
        );
    }
    let outputs = desk.tell_slow_disk(Input::Stored);
    assert_eq!(stores(&outputs), [4]);
    let acks: Vec<u64> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Send(_, EdgeFrame::Ack(ack)) => Some(ack.upto_n),
            _ => None,
        })
        .collect();
    assert_eq!(acks, [5], "one acknowledgement for all of them");
    assert_eq!(stores(&desk.tell_slow_disk(Input::Stored)), [] as [usize; 0]);
}

#[test]
fn store_2_whoever_asks_for_the_log_is_told_of_what_was_collected_after_it_is_stored() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None)]);
    let on = |link, frame| Input::Frames { link: LinkId(link), frames: vec![frame] };
    desk.tell_slow_disk(on(1, send(1, "x")));
    desk.tell_slow_disk(on(1, send(2, "x")));
    // The same message comes on another link: its acknowledgement waits for the store, too.
    let peer = Peer::Visitor;
    desk.tell_slow_disk(Input::Opened {
        link: LinkId(2),
        peer,
        notice: Notice::default(),
        token: None,
        client: Box::default(),
    });
    assert_eq!(desk.tell_slow_disk(on(2, send(2, "x"))), []);

    let outputs = desk.tell_slow_disk(on(2, hello(None)));
    assert_eq!(stores(&outputs), [1]);
    assert!(stored_before_told(&outputs), "{outputs:?}");
    let welcome = outputs.iter().find_map(|output| match output {
        Output::Send(_, EdgeFrame::Welcome(welcome)) => Some(welcome),
        _ => None,
    });
    assert_eq!(welcome.map(|welcome| (welcome.last_seq, welcome.messages.len())), Some((2, 2)));

    desk.tell_slow_disk(on(1, send(3, "x")));
    let events = desk.machine.pull(1_000, 10, &desk.log);
    assert_eq!(events.len(), 3, "the origin, too, gets it");
    let outputs: Vec<Output> = std::iter::from_fn(|| desk.machine.poll_output()).collect();
    assert_eq!(stores(&outputs), [1], "and the driver stores it before it answers");
}

#[test]
fn store_2_a_cursor_is_never_stored_without_the_messages_that_its_row_counts() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None)]);
    let frames = |n| Input::Frames { link: LinkId(1), frames: vec![send(n, "x")] };
    desk.tell_slow_disk(frames(1));
    desk.tell_slow_disk(frames(2));
    desk.tell_slow_disk(Input::Closed { link: LinkId(1) });
    let receipt = Receipt {
        id: "w.1".to_owned(),
        source: String::new(),
        result: Outcome::Accepted,
        reason: String::new(),
        retry_after_ms: None,
    };
    let outputs = desk.tell_slow_disk(Input::Receipts(vec![receipt]));
    for output in &outputs {
        if let Output::Store { meta, .. } = output {
            let stored = desk.log.0.iter().filter(|message| message.seq <= meta.last_seq).count() as u64;
            assert_eq!(stored, meta.last_seq);
            assert_eq!(meta.upto_n(&writer()), meta.last_seq);
        }
    }
    assert_eq!(desk.log.0.len(), 2);
}

/// "Delivered" moved over a message that was still waiting for the disk. Had the object died then, whatever came to
/// stand at that place would have been called delivered.
#[test]
fn mark_1_what_is_not_stored_is_on_nobodys_screen() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    desk.say(1, vec![hello(None)]);
    let frames = |frame| Input::Frames { link: LinkId(1), frames: vec![frame] };
    desk.tell_slow_disk(frames(send(1, "x")));
    desk.tell_slow_disk(frames(send(2, "x")));
    desk.tell_slow_disk(frames(ClientFrame::Delivered { upto_seq: u64::MAX }));
    assert_eq!(desk.machine.meta().delivered.visitor, 1);
    desk.tell_slow_disk(Input::Stored);
    desk.tell_slow_disk(frames(ClientFrame::Delivered { upto_seq: u64::MAX }));
    assert_eq!(desk.machine.meta().delivered.visitor, 2);
}

/// Only messages were counted, so a disk that took long let answers to repeated and out-of-order messages pile up.
#[test]
fn store_2_no_more_answers_than_256_are_collected() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let frames = |n| Input::Frames { link: LinkId(1), frames: vec![send(n, "x"); 64] };
    desk.tell_slow_disk(frames(1));
    let answered: Vec<usize> = (0..8).map(|_| desk.tell_slow_disk(frames(9)).len()).collect();
    assert_eq!(answered, [0, 0, 0, 256, 0, 0, 0, 256]);
}

#[test]
fn hello_3_one_message_costs_one_snapshot_and_one_page_of_history() {
    let mut desk = Desk::new();
    desk.open(1, Notice::default());
    let back = ClientFrame::History { before_seq: 9 };
    let frames = (0..64).map(|n| if n % 2 == 0 { hello(None) } else { back.clone() }).collect();
    let told = desk.say(1, frames);
    assert_eq!(told.len(), 2, "{told:?}");
}
