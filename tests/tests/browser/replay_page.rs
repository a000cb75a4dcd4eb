//! The page at `/demo/replay/`: somebody moves a slider and sees the wave, and sees it gone.

use replay::arm::Arm;
use replay::chart;
use replay::result::{Plan, ScenarioResult};
use replay::scenario::Scenario;
use replay::summary::Summary;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::harness::axe;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::stack::Stack;
use tests::harness::wait;

const PHONE: Look = Look { width: 400, height: 800, dark: true };
/// A run takes seconds, and this machine may have other things to do.
const RUN_S: u64 = 120;

#[tokio::test(flavor = "multi_thread")]
async fn replay_page_shows_the_wave_and_that_it_is_gone() {
    let (stack, browser, _profile) = at("", Look::WIDE).await;
    // It runs by itself, with the incident that all this is about.
    reads(&browser, "Without: still stuck 330 s after the trigger").await;
    browser.click("button", "origin-down").await;
    reads(&browser, "every message was taken safely").await;
    assert_eq!(text(&browser, "about").await.split(':').next(), Some("The origin is dead"));
    browser.click("button", "slow-accounts").await;
    reads(&browser, "Without: still stuck 330 s after the trigger").await;
    let outcome = text(&browser, "outcome").await;
    let with = outcome.lines().find(|line| line.starts_with("With Seawall: ")).expect("a sentence");
    assert!(with.contains("messages flowed 0 s after the trigger, arrivals at most "), "{with}");
    assert_eq!(count(&browser, "#charts figure svg[role=img]").await, 5);
    assert!(
        address(&browser)
            .await
            .ends_with("#fault=over-save&load=85&trigger=60&saves=5&capacity=50&sites=50&seed=1")
    );
    assert_eq!(axe::violations(&browser).await, [""; 0]);
    browser.quit().await;
    stack.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_page_tells_what_the_command_tells_of_the_same_scenario_and_seed() {
    let small = "#load=80&trigger=20&capacity=20&sites=9&seed=7";
    let (_stack, browser, _profile) = at(small, Look::WIDE).await;
    reads(&browser, "With Seawall: ").await;
    let file = text(&browser, "file").await;
    let native = native(&file, 7);
    assert_eq!(text(&browser, "summary").await.trim(), Summary::new(&native).json().trim());
    // Not only the figures, but the picture: every line of every chart.
    let lines = "return [...document.querySelectorAll('#charts path')].map((line) => line.getAttribute('d'))";
    let lines = browser.script(lines, vec![]).await;
    let lines: Vec<&str> = lines.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let charts: String = chart::charts(&native.cells[0]).iter().map(|it| it.inline().to_owned()).collect();
    let drawn: Vec<&str> = charts.split(" d=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(drawn.len() > 50, "{drawn:?}");
    assert_eq!(lines, drawn);
    let command = text(&browser, "command").await;
    assert_eq!(
        command,
        "cargo xtask replay --scenario-file my-slow-accounts.toml --load 0.8 --trigger 20 --seed 7"
    );
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_page_says_what_is_wrong_and_stops_when_it_is_told_to() {
    let (_stack, browser, _profile) = at("#load=300&capacity=20&trigger=10&lod=1", PHONE).await;
    browser.page_reads("`load` is `300` and must be a whole number between 30 and 95", 30).await;
    browser.page_reads("`lod` cannot be set: what can is fault, load", 30).await;
    reads(&browser, "With Seawall: ").await;
    // By the keyboard: one percent less, and it runs by itself.
    let load = browser.find("input", "Load").await;
    load.send_keys("\u{e012}").await.expect("a key");
    wait::until_true("the address follows", 30, || async { address(&browser).await.contains("&load=84&") })
        .await;
    assert_eq!(
        browser.script("return document.getElementById('load').ariaValueText", vec![]).await,
        "84 % of capacity"
    );
    idle(&browser).await;
    browser.page_reads("84 % of capacity", 30).await;
    // Nothing runs of a seed that is none.
    set(&browser, "seed", "").await;
    browser.click("button", "Run").await;
    browser.page_reads("`seed` is `` and must be a whole number between 1 and 999999", 30).await;
    idle(&browser).await;
    // One that takes seconds is ended.
    for (name, value) in [("seed", "3"), ("capacity", "100"), ("trigger", "300")] {
        set(&browser, name, value).await;
    }
    browser.click("button", "Run").await;
    browser.click("button", "Cancel").await;
    idle(&browser).await;
    // It leaves nothing behind: the next one tells of itself.
    for (name, value) in [("capacity", "21"), ("trigger", "10")] {
        set(&browser, name, value).await;
    }
    browser.click("button", "Run").await;
    wait::until_true("the small one is told", RUN_S, || async {
        text(&browser, "file").await.contains("capacity = 21.0")
    })
    .await;
    idle(&browser).await;
    assert!(text(&browser, "file").await.contains("capacity = 21.0"));
    assert_eq!(axe::violations(&browser).await, [""; 0]);
    let overflow = "return document.documentElement.scrollWidth - innerWidth";
    assert_eq!(browser.script(overflow, vec![]).await, json!(0), "nothing is wider than a phone");
    browser.quit().await;
}

/// The page in a browser of its own.
async fn at(hash: &str, look: Look) -> (Stack, Browser, TempDir) {
    let stack = Stack::start().await;
    let profile = TempDir::new().expect("a folder");
    let browser = Browser::open(profile.path(), Storage::Allowed, look).await;
    browser.go(&format!("http://127.0.0.1:{}/demo/replay/{hash}", stack.edge_port)).await;
    (stack, browser, profile)
}

/// Waits for a run that has ended, and its sentence.
async fn reads(browser: &Browser, sentence: &str) {
    idle(browser).await;
    wait::until_reads("the outcome", sentence, RUN_S, || text(browser, "outcome")).await;
}

async fn idle(browser: &Browser) {
    let idle = "return document.querySelector('.result').ariaBusy == 'false'";
    wait::until_true("nothing runs", RUN_S, || async { browser.script(idle, vec![]).await == json!(true) })
        .await;
}

/// Without anybody being told, as a slider would be drawn to it.
async fn set(browser: &Browser, name: &str, value: &str) {
    let set = "document.getElementById(arguments[0]).value = arguments[1]";
    browser.script(set, vec![json!(name), json!(value)]).await;
}

async fn text(browser: &Browser, id: &str) -> String {
    let text = "const it = document.getElementById(arguments[0]); return it.innerText || it.textContent";
    browser.script(text, vec![json!(id)]).await.as_str().unwrap_or_default().to_owned()
}

async fn count(browser: &Browser, selector: &str) -> u64 {
    let count = "return document.querySelectorAll(arguments[0]).length";
    browser.script(count, vec![json!(selector)]).await.as_u64().unwrap_or_default()
}

async fn address(browser: &Browser) -> String {
    browser.client.current_url().await.expect("an address").to_string()
}

/// The same on this machine.
fn native(file: &str, seed: u64) -> ScenarioResult {
    let scenario = Scenario::parse(file).expect("the page's file is a scenario");
    let cells: Vec<_> = scenario.cells().into_iter().map(|cell| (cell, seed..seed + 1)).collect();
    let scenario = cells[0].0.scenario.clone();
    let plan = Plan { scenario, form: "".into(), cells, arms: Arm::ALL.into() };
    plan.result(plan.jobs().iter().map(|job| job.arm.run(&job.cell, job.seed)).collect())
}
