//! The binary itself: start, kill, stop.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use shared::event::Outcome;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::under_test::{ADMIN, LIMIT, NO_EDGE, SECRET, client, message, now_s, read};

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_origin"));
    command
        .args(["demo", "--listen", "127.0.0.1:0", "--edge", NO_EDGE, "--data"])
        .arg(data)
        .env("SEAWALL_ORIGIN_SECRET", SECRET)
        .env("SEAWALL_ORIGIN_ADMIN_TOKEN", ADMIN)
        .env_remove("SEAWALL_ORIGIN_CAPACITY")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn started(data: &Path) -> (Child, String) {
    start(command(data)).await
}

/// Starts the binary and waits until it says where it listens.
async fn start(mut command: Command) -> (Child, String) {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
    let address = line.strip_prefix("listening on ").unwrap().to_owned();
    (child, format!("http://{address}"))
}

/// What the binary says when it does not start.
async fn refusal(mut command: Command) -> String {
    let output = timeout(LIMIT, command.output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

async fn post(url: &str, body: String) -> Outcome {
    let signature = shared::webhook::Secret::parse(SECRET).unwrap().sign("b", now_s(), body.as_bytes());
    let request = client()
        .post(format!("{url}/events"))
        .header("content-type", shared::event::BATCH_TYPE)
        .header("webhook-id", "b")
        .header("webhook-timestamp", now_s())
        .header("webhook-signature", signature)
        .body(body);
    let receipts: shared::event::Receipts = read(request.send().await.unwrap()).await;
    receipts.receipts[0].result
}

#[tokio::test]
async fn what_was_receipted_is_there_after_kill_9() {
    let data = tempfile::tempdir().unwrap();
    let (mut child, url) = started(data.path()).await;
    let batch = json!([message("c1", 1, "m1")]).to_string();
    assert_eq!(post(&url, batch.clone()).await, Outcome::Accepted);
    child.kill().await.unwrap();
    let (_child, url) = started(data.path()).await;
    assert_eq!(post(&url, batch).await, Outcome::Duplicate);
}

#[tokio::test]
async fn sigterm_ends_it_well_and_nothing_secret_was_logged() {
    let data = tempfile::tempdir().unwrap();
    let (mut child, url) = started(data.path()).await;
    let login = json!({"email": "ada@demo.example", "password": "demo-password"}).to_string();
    let login = client().post(format!("{url}/sites/demo/agents/login")).body(login).send().await.unwrap();
    assert_eq!(login.status(), 200);
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    let status = timeout(LIMIT, child.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
    for secret in ["demo-password", SECRET, ADMIN, "eyJ"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn the_capacity_comes_from_the_option_or_from_the_environment() {
    let data = tempfile::tempdir().unwrap();
    for (option, variable, capacity) in
        [(None, None, json!(null)), (None, Some("30"), json!(30)), (Some("20"), Some("30"), json!(20))]
    {
        let mut command = command(data.path());
        command.args(option.map(|option| format!("--capacity={option}")));
        command.envs(variable.map(|value| ("SEAWALL_ORIGIN_CAPACITY", value)));
        let (mut child, url) = start(command).await;
        let load = client().get(format!("{url}/load")).bearer_auth(ADMIN).send().await.unwrap();
        assert_eq!(read::<Value>(load).await["capacity"], capacity);
        child.kill().await.unwrap();
    }
}

#[tokio::test]
async fn it_says_in_one_line_why_it_does_not_start() {
    let data = tempfile::tempdir().unwrap();
    let mut no_secret = command(data.path());
    no_secret.env_remove("SEAWALL_ORIGIN_SECRET");
    let mut malformed = command(data.path());
    malformed.env("SEAWALL_ORIGIN_SECRET", "whsec_short");
    let no_folder = command(Path::new("/dev/null/data"));
    let mends = [
        (no_secret, "SEAWALL_ORIGIN_SECRET is not set"),
        (malformed, "SEAWALL_ORIGIN_SECRET is malformed"),
        (no_folder, "Give --data a folder"),
    ];
    for (command, mend) in mends {
        let told = refusal(command).await;
        assert!(told.contains(mend) && told.lines().count() == 1, "{told}");
    }
}
