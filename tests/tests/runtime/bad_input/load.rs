//! Clients that cost something: slow ones, and very many. Others go on talking meanwhile, which is measured.

use std::env;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::iter;
use shared::session::MessageState;
use tests::harness::neighbour::{Metronome, Neighbour};
use tests::harness::person::Person;
use tests::harness::raw::RawHttp;
use tests::harness::stack::Stack;
use tests::harness::tokens;

use super::all_is_well;

/// Messages timed before a load comes.
const BEFORE: usize = 100;
/// Clients that speak slowly, half of them in the head of a request and half in its body.
const SLOW: usize = 200;
/// Between two bytes of one of them. It is the load, not a condition.
const BYTE_EVERY: Duration = Duration::from_millis(250);
/// A slow client that has had no answer by then gives up; the edge should have given it up before.
const PATIENCE: Duration = Duration::from_secs(20);
/// Connections that are opened and dropped, or as many as `SEAWALL_CONNECTIONS` says.
const CONNECTIONS: usize = 2_000;
/// At most so many of them at once.
const AT_ONCE: usize = 200;
/// The address that the load comes from, where one is told: not the neighbour's.
const ADDRESS: &str = "x-test-address: 10.0.0.7\r\n";

/// How a slow client was answered.
#[derive(Debug, PartialEq)]
struct Answered {
    status: Option<u16>,
    after: Duration,
}

/// Says its head at once and the rest byte by byte, until it is answered.
async fn slowly(port: u16, head: String, rest: String) -> Answered {
    let began = Instant::now();
    let mut client = RawHttp::connect(port).await.expect("the edge takes connections");
    client.write(head.as_bytes()).await;
    for byte in rest.bytes().cycle() {
        if began.elapsed() > PATIENCE || client.is_answered().await || !client.write(&[byte]).await {
            break;
        }
        tokio::time::sleep(BYTE_EVERY).await;
    }
    let after = began.elapsed();
    Answered { status: if after > PATIENCE { None } else { client.status().await }, after }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_sent_away_after_15_s_and_nobody_waits_for_them() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let mut metronome = Metronome::start(&stack).await;
    let before = metronome.beats(BEFORE).await;

    let port = stack.edge_port;
    let load = async {
        let clients = (0..SLOW).map(|n| {
            let line = if n % 4 < 2 { "POST /v1/sites/demo/link" } else { "POST /v1/events" };
            let head =
                format!("{line} HTTP/1.1\r\nhost: localhost\r\n{ADDRESS}webhook-signature: v1,AAAA\r\n");
            match n % 2 {
                // A header that never ends, and a body that takes hours.
                0 => tokio::spawn(slowly(port, head, "x-slow: loris\r\n".to_owned())),
                _ => tokio::spawn(slowly(port, head + "content-length: 60000\r\n\r\n", "[".to_owned())),
            }
        });
        let clients: Vec<_> = clients.collect();
        let mut answers = Vec::new();
        for client in clients {
            answers.push(client.await.expect("a client"));
        }
        answers
    };
    let (during, answers) = metronome.beats_during(load).await;
    for (n, Answered { status, after }) in answers.iter().enumerate() {
        // What is not a whole request never reaches the worker; the platform says so, or nothing.
        let expected: &[Option<u16>] = if n % 2 == 0 { &[Some(408), None] } else { &[Some(408)] };
        assert!(expected.contains(status), "client {n}: {status:?} after {after:?}");
        assert!((14..19).contains(&after.as_secs()), "client {n}: {status:?} after {after:?}");
    }
    before.bears(&during, 500.0, &format!("{SLOW} slow clients"));
    all_is_well(&stack, &neighbour, &metronome.said()).await;
}

/// A handshake like a browser's, and nothing after it.
async fn open_and_drop(port: u16, n: usize) -> Option<u16> {
    let token = match n % 2 {
        0 => String::new(),
        _ => format!(", token.{}", tokens::visitor("demo", &format!("cflood{n}"), 60)),
    };
    let mut client = RawHttp::connect(port).await.ok()?;
    let handshake = format!(
        "GET /v1/sites/demo/link HTTP/1.1\r\nhost: localhost\r\n{ADDRESS}upgrade: websocket\r\n\
         connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: seawall.v1{token}\r\n\r\n"
    );
    client.write(handshake.as_bytes()).await;
    client.status().await
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_connections_that_are_opened_and_dropped_leave_nothing_behind() {
    let count = env::var("SEAWALL_CONNECTIONS").map_or(CONNECTIONS, |count| count.parse().expect("a number"));
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let mut metronome = Metronome::start(&stack).await;
    let before = metronome.beats(BEFORE).await;
    assert_eq!(stack.stored_conversations(), 2, "the neighbour's and the metronome's");

    let port = stack.edge_port;
    let began = Instant::now();
    let load = iter((0..count).map(|n| open_and_drop(port, n))).buffer_unordered(AT_ONCE).collect::<Vec<_>>();
    let (during, answers) = metronome.beats_during(load).await;
    let took = began.elapsed();
    let opened = answers.iter().filter(|status| **status == Some(101)).count();
    println!("{count} connections in {:.1} s, {opened} of them opened", took.as_secs_f64());
    assert_eq!(opened, count, "every one was answered");
    // Most of them are told to come back later (LIMIT-1), before an object and its file are made for them.
    let refused = stack.count("seawall_refused_total{reason=\"too-many-links\"}").await;
    println!("{refused} of them told to come back later");
    let allowed = 300 + took.as_secs() * 20 + 20;
    assert!(refused + allowed >= count as u64, "{refused} refused, {allowed} allowed");
    before.bears(&during, 5_000.0, &format!("{count} connections opened and dropped"));

    all_is_well(&stack, &neighbour, &metronome.said()).await;
    // COST-1
    assert_eq!(stack.stored_conversations(), 2, "something is stored for who said nothing");

    let visitor = Person::visitor(stack.edge_port);
    visitor.write("Is the door still open?");
    visitor.has_come("Is the door still open?", &MessageState::Delivered, 30).await;
    let mut said = metronome.said();
    said.push("Is the door still open?".to_owned());
    all_is_well(&stack, &neighbour, &said).await;
}
