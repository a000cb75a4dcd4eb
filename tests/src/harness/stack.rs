//! workerd with the edge, and the origin, each as a process of its own.

use std::env;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::wait;

pub const ADMIN: &str = "demo-origin-admin";
pub const ADA: (&str, &str) = ("ada@demo.example", "demo-password");
/// Test secrets, the same for every stack: nothing is reached from outside.
const ORIGIN_SECRET: &str = "whsec_dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHM=";
const TOKEN_SECRET: &str = "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHM=";

/// Ends with its folder when it is dropped.
pub struct Stack {
    edge: Option<Child>,
    origin: Option<Child>,
    pub edge_port: u16,
    pub origin_port: u16,
    dist: PathBuf,
    data: tempfile::TempDir,
    http: Client,
}

impl Stack {
    /// Starts both and waits until the demo site is ready.
    pub async fn start() -> Stack {
        Stack::start_with(program("SEAWALL_DIST"), &env::temp_dir()).await
    }

    /// The same with another edge, and with its data in a folder below this one.
    pub async fn start_with(dist: PathBuf, below: &Path) -> Stack {
        let folder = tempfile::Builder::new().prefix("seawall-test-").tempdir_in(below);
        let data = folder.expect("a folder for the test's data");
        for folder in ["edge", "origin"] {
            std::fs::create_dir_all(data.path().join(folder)).expect("a folder");
        }
        let (edge_port, origin_port) = (free_port(), free_port());
        let address = ([127, 0, 0, 1], edge_port).into();
        let http = Client::builder()
            .no_proxy()
            .resolve("console.localhost", address)
            .build()
            .expect("an HTTP client");
        let mut stack = Stack { edge: None, origin: None, edge_port, origin_port, dist, data, http };
        stack.start_origin();
        stack.start_edge();
        stack.ready().await;
        stack
    }

    pub fn start_origin(&mut self) {
        let mut command = Command::new(program("SEAWALL_ORIGIN_BIN"));
        command
            .args(["demo", "--listen", &format!("127.0.0.1:{}", self.origin_port)])
            .arg("--data")
            .arg(self.data.path().join("origin"))
            .args(["--edge", &self.edge_url("127.0.0.1")]);
        self.origin = Some(self.spawn(command, "origin.log"));
    }

    pub fn start_edge(&mut self) {
        let dist = &self.dist;
        let mut command = Command::new(program("SEAWALL_WORKERD"));
        command
            .arg("serve")
            .arg(dist.join("workerd.capnp"))
            .arg("--experimental")
            .arg(format!("--directory-path=assets={}", dist.join("assets").display()))
            .arg(format!("--directory-path=objects={}", self.data.path().join("edge").display()))
            .arg(format!("--socket-addr=http=127.0.0.1:{}", self.edge_port));
        // Chromium may take `localhost` for ::1 first.
        if TcpListener::bind(("::1", 0)).is_ok() {
            command.arg(format!("--socket-addr=http6=[::1]:{}", self.edge_port));
        }
        self.edge = Some(self.spawn(command, "edge.log"));
    }

    fn spawn(&self, mut command: Command, log: &str) -> Child {
        let log = File::options().create(true).append(true).open(self.data.path().join(log)).expect("a log");
        command
            .env("SEAWALL_ORIGIN_URL", self.origin_url())
            .env("SEAWALL_ORIGIN_SECRET", ORIGIN_SECRET)
            .env("SEAWALL_ORIGIN_ADMIN_TOKEN", ADMIN)
            .env("SEAWALL_TOKEN_SECRET", TOKEN_SECRET)
            .env("SEAWALL_EDGE_HOST", "localhost")
            .env("SEAWALL_CONSOLE_HOST", "console.localhost")
            .env("SEAWALL_OPERATOR_TOKEN", "demo-operator")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log);
        command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"))
    }

    /// Waits until settings, roster and keys are at the edge.
    pub async fn ready(&self) {
        let url = format!("{}/v1/sites/demo/ready", self.edge_url("127.0.0.1"));
        let look = || async {
            self.http.get(&url).send().await.is_ok_and(|answer| answer.status() == StatusCode::OK)
        };
        wait::until_true(
            &format!("ready; log of the edge: {}", self.data.path().join("edge.log").display()),
            60,
            look,
        )
        .await;
    }

    /// Waits until the edge takes connections; it may know no site yet.
    pub async fn edge_answers(&self) {
        let url = format!("{}/v1/status", self.edge_url("127.0.0.1"));
        wait::until_true("the edge answers", 60, || async { self.http.get(&url).send().await.is_ok() }).await;
    }

    /// `kill -9`: whatever was not on disk is gone.
    pub fn kill_edge(&mut self) {
        kill(&mut self.edge);
    }

    pub fn kill_origin(&mut self) {
        kill(&mut self.origin);
    }

    /// The process of a running edge.
    pub fn edge_process(&self) -> u32 {
        self.edge.as_ref().expect("the edge runs").id()
    }

    pub fn edge_url(&self, host: &str) -> String {
        format!("http://{host}:{}", self.edge_port)
    }

    pub fn origin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.origin_port)
    }

    pub async fn fault(&self, fault: Value) {
        let answer =
            self.admin(Method::PUT, "/faults").json(&fault).send().await.expect("the origin takes faults");
        assert!(answer.status().is_success(), "{fault}: {}", answer.text().await.unwrap_or_default());
    }

    pub async fn mend(&self) {
        self.fault(json!({ "kind": "none" })).await;
    }

    /// A request to the origin with the admin's bearer token.
    pub fn admin(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin_url())).bearer_auth(ADMIN)
    }

    /// A request to the edge.
    pub fn edge(&self, method: Method, host: &str, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.edge_url(host)))
    }

    pub async fn mode(&self) -> String {
        let answer =
            self.edge(Method::GET, "127.0.0.1", "/v1/status").send().await.expect("the edge answers");
        let body: Value = answer.json().await.expect("health+json");
        body["mode"].as_str().unwrap_or_default().to_owned()
    }

    pub async fn wait_for_mode(&self, mode: &str, limit_s: u64) {
        wait::until_true(&format!("mode {mode}"), limit_s, || async { self.mode().await == mode }).await;
    }

    /// Logs an agent in as the console does; returns the cookie.
    pub async fn log_in(&self, (email, password): (&str, &str)) -> String {
        let answer = self
            .edge(Method::POST, "console.localhost", "/v1/sites/demo/agents/login")
            .header("origin", self.edge_url("console.localhost"))
            .json(&json!({ "email": email, "password": password }))
            .send()
            .await
            .expect("the edge answers");
        let cookie =
            answer.headers().get("set-cookie").map(|value| value.to_str().unwrap_or_default().to_owned());
        let Some(cookie) = cookie else { panic!("no cookie: {}", answer.text().await.unwrap_or_default()) };
        cookie.split(';').next().unwrap_or_default().to_owned()
    }

    /// The end of a server's log, for a failing test.
    pub fn log(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.data.path().join(name)).unwrap_or_default();
        text.lines().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- edge ---\n{}\n--- origin ---\n{}", self.log("edge.log"), self.log("origin.log"));
        }
        kill(&mut self.edge);
        kill(&mut self.origin);
    }
}

fn kill(child: &mut Option<Child>) {
    if let Some(mut child) = child.take() {
        let _ = child.kill();
        let _ = child.wait();
    }
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

pub fn program(variable: &str) -> PathBuf {
    let path = env::var_os(variable);
    path.map(PathBuf::from)
        .unwrap_or_else(|| panic!("{variable} is not set: run this with `cargo xtask test`"))
}
