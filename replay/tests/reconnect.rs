//! A crowd comes back after an outage of the edge: what is promised of ours, and what the schedules of others come to.

use std::sync::Mutex;

use replay::progress::Progress;
use replay::reconnect::figures::Figures;
use replay::reconnect::schedule::Library;
use replay::reconnect::told::{Summary, table};
use replay::reconnect::{Crowd, Outage, Row, rows};

fn outage(clients: u64, gone_s: u64) -> Outage {
    Outage { clients, gone_ms: gone_s * 1_000, round_trip_ms: 20..=120, chromium: false }
}

fn peak(library: Library, outage: &Outage) -> f64 {
    Crowd::Of(library).run(outage, 1).peak_share
}

#[test]
fn ours_comes_back_as_the_edge_lets_in_and_nobody_stays_away() {
    // The later attempts of a hundred thousand were once too many, and those of twenty thousand were not.
    for (clients, gone_s, most_s) in
        [(20_000, 1, 75.0), (20_000, 20, 75.0), (20_000, 300, 75.0), (100_000, 300, 150.0)]
    {
        let figures = Crowd::Seawall.run(&outage(clients, gone_s), 1);
        println!("{clients} after {gone_s} s: {figures:?}");
        let row = Row { crowd: Crowd::Seawall, worst: figures, median: figures };
        assert!(row.held(), "{clients} after {gone_s} s: {figures:?}");
        assert!(figures.back_99_s <= most_s, "{clients} after {gone_s} s: {figures:?}");
    }
}

#[test]
fn bound_breaks_where_too_many_come_or_somebody_stays_away() {
    let good = Crowd::Seawall.run(&outage(100, 1), 1);
    let held = |worst: Figures| Row { crowd: Crowd::Seawall, worst, median: good }.held();
    assert!(held(good));
    assert!(!held(Figures { peak_over_admitted: 1.2, ..good }));
    assert!(!held(Figures { away: 1.0, ..good }));
}

#[test]
fn who_has_no_jitter_comes_all_at_once_where_the_way_is_the_same_and_is_blurred_where_it_is_not() {
    let blurred = outage(2_000, 300);
    let sharp = Outage { round_trip_ms: 50..=50, ..blurred.clone() };
    for library in [Library::Phoenix, Library::PartySocket] {
        assert_eq!(peak(library, &sharp), 1.0, "{library:?}");
        assert!(peak(library, &blurred) < 0.5, "{library:?}");
        let in_chromium = Outage { chromium: true, ..sharp.clone() };
        assert!(peak(library, &in_chromium) < 0.25, "{library:?}");
    }
    let by_http_first = Outage { chromium: true, ..blurred.clone() };
    assert_eq!(peak(Library::SocketIo, &by_http_first), peak(Library::SocketIo, &blurred));
}

/// Two minutes after the loss every client's clock begins anew, wherever its jitter had brought it.
#[test]
fn ably_is_spread_in_a_short_outage_and_together_after_a_long_one() {
    assert!(peak(Library::Ably, &outage(2_000, 60)) < 0.25);
    assert_eq!(peak(Library::Ably, &outage(2_000, 300)), 1.0);
}

#[test]
fn who_gives_up_is_away_for_good() {
    for library in [Library::SignalR, Library::GraphQlWs] {
        let figures = Crowd::Of(library).run(&outage(2_000, 300), 1);
        assert_eq!((figures.gave_up, figures.away), (2_000.0, 2_000.0), "{library:?}");
        assert!(figures.back_50_s.is_infinite());
    }
    // The fourth attempt of each comes 42 s after the loss, when the edge is back, and there is not room for all.
    let figures = Crowd::Of(Library::SignalR).run(&outage(2_000, 20), 1);
    assert!(figures.gave_up > 0.0 && figures.gave_up < 2_000.0, "{figures:?}");
    assert_eq!(figures.gave_up, figures.away);
}

#[test]
fn seed_and_not_the_number_of_threads_decides() {
    let outage = outage(300, 20);
    let told = |seeds, threads| {
        let rows = rows(&outage, &seeds, threads, &Mutex::new(Progress::new(1.0)));
        (
            table(&outage, &seeds, &rows),
            Summary::new(&seeds, &[(outage.clone(), rows)]).expect("one outage").json(),
        )
    };
    assert_eq!(told(1..3, 1), told(1..3, 3));
    assert_ne!(told(1..3, 3).1, told(3..5, 3).1);
}

#[test]
fn summary_has_exactly_the_written_shape() {
    let (outage, seeds) = (outage(50, 300), 1..2);
    let rows = rows(&outage, &seeds, 1, &Mutex::new(Progress::new(1.0)));
    let text = table(&outage, &seeds, &rows);
    assert!(text.lines().all(|line| line.chars().count() <= 110) && text.lines().count() <= 24, "{text}");
    let json = Summary::new(&seeds, &[(outage, rows)]).expect("one outage").json();
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    assert_eq!(
        keys(&json),
        ["admitted_per_s", "cells", "chromium", "clients", "round_trip_ms", "scenario", "seeds"]
    );
    let cell = &json["cells"][0];
    assert_eq!(
        (keys(cell), cell["arms"].as_object().expect("arms").len()),
        (vec!["arms".into(), "outage_s".into()], 10)
    );
    let arm = &cell["arms"]["@microsoft/signalr"];
    assert_eq!(
        (keys(arm), &arm["version"]),
        (vec!["median".into(), "version".into(), "worst".into()], &"10.0.11".into())
    );
    assert!(arm["worst"]["back_99_s"].is_null() && cell["arms"]["seawall"]["version"].is_null());
    let figures = [
        "attempts_while_gone",
        "away",
        "back_50_s",
        "back_99_s",
        "gave_up",
        "peak_over_admitted",
        "peak_share",
        "refused_after",
    ];
    assert_eq!(keys(&arm["median"]), figures);
}
