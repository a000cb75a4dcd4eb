//! Whole runs in tiny cells: what holds of the simulator whatever its constants are.

use std::sync::{Arc, Mutex};

use replay::arm::Arm;
use replay::progress::Progress;
use replay::report::Report;
use replay::result::{Plan, ScenarioResult};
use replay::scenario::{Cell, Fault, Scenario};
use replay::summary::Summary;

/// Small enough for a build without optimisation.
fn tiny() -> Cell {
    let text =
        "name = \"tiny\"\nloads = [0.85]\ntriggers_s = [60]\ncapacity = 20\nwarm_up_s = 40\nafter_s = 320\n";
    Scenario::parse(text).expect("a scenario").cells().remove(0)
}

fn result(threads: usize) -> ScenarioResult {
    let mut cell = tiny();
    let mut scenario = (*cell.scenario).clone();
    scenario.after_s = 60;
    cell.scenario = Arc::new(scenario);
    let (scenario, form) = (cell.scenario.clone(), Arc::from("cargo xtask replay tiny"));
    let plan = Plan { scenario, form, cells: vec![(cell, 1..3)], arms: Arm::ALL.into() };
    plan.run(threads, &Mutex::new(Progress::new(1.0)))
}

/// Killed in the midst of it: what was acknowledged is there afterwards, once.
#[test]
fn edge_that_is_killed_again_and_again_loses_nothing() {
    let mut cell = tiny();
    let mut scenario = (*cell.scenario).clone();
    (scenario.fault, scenario.people.idle_widgets) = (Fault::Restart, 100);
    cell.scenario = Arc::new(scenario);
    let mut reconnects = 0;
    for seed in 1..=5 {
        let run = Arm::With.run(&cell, seed);
        let figures = &run.figures;
        let safe = [figures.p1_accepted, figures.lost, figures.doubled, figures.reordered];
        assert_eq!(safe, [Some(1.0), Some(0.0), Some(0.0), Some(0.0)], "seed {seed}");
        assert!(figures.messages_recovery_s.is_some_and(|s| s <= 30.0), "seed {seed}: {figures:?}");
        reconnects += run.seconds[40..100].iter().map(|second| second.reconnects).sum::<u32>();
    }
    assert!(reconnects > 5 * 3 * 100, "only {reconnects} links were opened again");
}

#[test]
fn same_seed_tells_the_same_story() {
    for arm in Arm::ALL {
        let (one, other) = (arm.run(&tiny(), 4), arm.run(&tiny(), 4));
        assert_eq!(one.figures, other.figures, "{arm}");
        assert_eq!(one.seconds, other.seconds, "{arm}");
    }
}

#[test]
fn another_seed_tells_another_story() {
    for arm in Arm::ALL {
        assert_ne!(arm.run(&tiny(), 4).seconds, arm.run(&tiny(), 5).seconds, "{arm}");
    }
}

#[test]
fn number_of_threads_changes_nothing() {
    let (one, three) = (result(1), result(3));
    assert_eq!(Summary::new(&one).json(), Summary::new(&three).json());
    assert_eq!(Report::new(&one).html(), Report::new(&three).html());
}

#[test]
fn without_us_a_minute_of_trouble_leaves_a_wave() {
    let run = Arm::Without.run(&tiny(), 1);
    let recovery_s = run.figures.messages_recovery_s.expect("there are messages");
    assert!(recovery_s > 300.0, "recovered after {recovery_s} s");
    let lasting = &run.seconds[200..400];
    let arrivals = lasting.iter().map(|second| second.arrivals).sum::<f64>() / lasting.len() as f64;
    assert!(arrivals > 20.0, "{arrivals} a second arrive at an origin that can do 20");
}

#[test]
fn with_us_every_message_arrives_once() {
    let figures = Arm::With.run(&tiny(), 1).figures;
    assert_eq!((figures.p1_accepted, figures.lost, figures.doubled), (Some(1.0), Some(0.0), Some(0.0)));
}

#[test]
fn report_asks_nobody_for_anything() {
    let html = Report::new(&result(1)).html();
    let html = html.replace("http://www.w3.org/2000/svg", "");
    for request in ["http:", "https:", "src=", "href=", "url(", "@import", "<script"] {
        assert!(!html.contains(request), "{request}");
    }
}
