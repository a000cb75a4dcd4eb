//! workerd with the edge, and the origin, each as a process of its own.

use std::collections::BTreeSet;
use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::port::{self, free_port};
use super::wait;
use super::wire::ADDRESS_HEADER;

pub const ADMIN: &str = "demo-origin-admin";
pub const ADA: (&str, &str) = ("ada@demo.example", "demo-password");
pub const GRACE: (&str, &str) = ("grace@demo.example", "demo-password");
pub const OPERATOR: &str = "demo-operator";
/// Test secrets, the same for every stack: nothing is reached from outside.
pub const ORIGIN_SECRET: &str = "whsec_dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHM=";
/// Of the demonstration's shop (`origin/src/demo.rs`).
pub const IDENTITY_SECRET: &str = "demo-identity-secret-of-harbour-goods";
pub const TOKEN_SECRET: &str = "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHM=";

/// In the file of a database, or in its journal, once a conversation has a table of its own.
const TABLE: &[u8] = b"CREATE TABLE messages";

/// Ends with its folder when it is dropped.
pub struct Stack {
    edge: Option<Child>,
    origin: Option<Child>,
    pub edge_port: u16,
    pub origin_port: u16,
    dist: PathBuf,
    data: tempfile::TempDir,
    http: Client,
    /// Variables that the servers do not find in their environment.
    without: &'static [&'static str],
    /// What the origin works off in a second.
    capacity: Option<u32>,
}

impl Stack {
    /// Starts both and waits until the demo site is ready.
    pub async fn start() -> Stack {
        Stack::start_with(program("SEAWALL_DIST"), &env::temp_dir()).await
    }

    /// The same with an origin that bears so much and no more.
    pub async fn with_capacity(per_s: u32) -> Stack {
        let mut stack = Stack::built(free_port(), &[], &env::temp_dir());
        stack.capacity = Some(per_s);
        stack.start_origin();
        stack.let_them_write().await;
        stack.start_edge();
        stack.ready().await;
        stack
    }

    /// The same with an edge that ends links after less silence than 150 s. No environment sets this variable: it is for tests alone.
    pub async fn impatient(silent_ms: u64) -> Stack {
        let mut stack = Stack::built(free_port(), &[], &env::temp_dir());
        let dist = stack.data.path().join("dist");
        std::fs::create_dir_all(&dist).expect("a folder");
        copy(&stack.dist, &dist);
        let path = dist.join("workerd.capnp");
        let config = std::fs::read_to_string(&path).expect("the edge's configuration");
        let variable = format!("bindings = [(name = \"SEAWALL_SILENT_MS\", text = \"{silent_ms}\"),");
        assert!(config.contains("bindings = ["), "{config}");
        std::fs::write(&path, config.replacen("bindings = [", &variable, 1)).expect("written");
        stack.dist = dist;
        stack.start_origin();
        stack.let_them_write().await;
        stack.start_edge();
        stack.ready().await;
        stack
    }

    /// The same with another edge, and with its data in a folder below this one.
    pub async fn start_with(dist: PathBuf, below: &Path) -> Stack {
        let mut stack = Stack::built(free_port(), &[], below);
        stack.dist = dist;
        stack.start_origin();
        stack.let_them_write().await;
        stack.start_edge();
        stack.ready().await;
        stack
    }

    /// Tests write faster than people; those of the limits have a site of their own.
    async fn let_them_write(&self) {
        let much = json!({ "at_once": 1_000_000, "per_minute": 1_000_000 });
        let limits = json!({
            "frames_per_link": much, "messages_per_conversation": much, "messages_per_address": much,
            "messages_per_site": much,
        });
        let save = json!({ "limits": limits });
        wait::until_true("the origin takes settings", 30, || async {
            let answer = self.admin(Method::PUT, "/admin/sites/demo").json(&save).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    /// An edge by itself that finds less in its environment.
    pub async fn edge_without(variables: &'static [&'static str]) -> Stack {
        let mut stack = Stack::built(free_port(), variables, &env::temp_dir());
        stack.start_edge();
        stack.edge_answers().await;
        stack
    }

    /// Starts the edge alone, in front of an origin that the test plays.
    pub async fn in_front_of(origin_port: u16) -> Stack {
        let mut stack = Stack::built(origin_port, &[], &env::temp_dir());
        stack.start_edge();
        stack.ready().await;
        stack
    }

    fn built(origin_port: u16, without: &'static [&'static str], below: &Path) -> Stack {
        let folder = tempfile::Builder::new().prefix("seawall-test-").tempdir_in(below);
        let data = folder.expect("a folder for the test's data");
        for folder in ["edge", "origin"] {
            std::fs::create_dir_all(data.path().join(folder)).expect("a folder");
        }
        let edge_port = free_port();
        let address = ([127, 0, 0, 1], edge_port).into();
        let http = Client::builder()
            .no_proxy()
            .resolve("console.localhost", address)
            .build()
            .expect("an HTTP client");
        let dist = program("SEAWALL_DIST");
        Stack { edge: None, origin: None, edge_port, origin_port, dist, data, http, without, capacity: None }
    }

    pub fn start_origin(&mut self) {
        let mut command = Command::new(program("SEAWALL_ORIGIN_BIN"));
        command
            .args(["demo", "--listen", &format!("127.0.0.1:{}", self.origin_port)])
            .arg("--data")
            .arg(self.data.path().join("origin"))
            .args(["--edge", &self.edge_url("127.0.0.1")]);
        if let Some(per_s) = self.capacity {
            command.args(["--capacity", &per_s.to_string()]);
        }
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
        if port::has_ipv6() {
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
            .env("SEAWALL_OPERATOR_TOKEN", OPERATOR)
            .env("SEAWALL_ADDRESS_HEADER", ADDRESS_HEADER)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log);
        self.without.iter().for_each(|name| {
            command.env_remove(name);
        });
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

    /// `GET /v1/status`, whose fields are a promise to operators.
    pub async fn status(&self) -> Value {
        let answer =
            self.edge(Method::GET, "127.0.0.1", "/v1/status").send().await.expect("the edge answers");
        answer.json().await.expect("health+json")
    }

    pub async fn mode(&self) -> String {
        self.status().await["mode"].as_str().unwrap_or_default().to_owned()
    }

    /// Why the origin is not well.
    pub async fn reason(&self) -> String {
        let status = self.status().await;
        status["checks"]["origin:availability"][0]["output"].as_str().unwrap_or_default().to_owned()
    }

    pub async fn wait_for_mode(&self, mode: &str, limit_s: u64) {
        wait::until_true(&format!("mode {mode}"), limit_s, || async { self.mode().await == mode }).await;
    }

    /// Makes a site for which Ada answers, with limits of its own.
    pub async fn site(&self, name: &str, limits: Value) {
        let save = json!({ "account": "demo", "agents": [{ "id": "ada" }], "limits": limits });
        let path = format!("/admin/sites/{name}");
        let answer = self.admin(Method::PUT, &path).json(&save).send().await.expect("the origin answers");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        // The edge believes for a while that there is no such site, if it was asked before.
        let ready = format!("/v1/sites/{name}/ready");
        wait::until_true("the new site is ready", 90, || async {
            let answer = self.edge(Method::GET, "127.0.0.1", &ready).send().await;
            answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
        })
        .await;
    }

    /// Makes a site ask its visitors who they are (CONTACT-1), and waits until its frame does.
    pub async fn asks(&self, name: &str, contact: &str) {
        let path = format!("/admin/sites/{name}");
        let answer = self.admin(Method::PUT, &path).json(&json!({ "contact": contact })).send().await;
        assert!(answer.is_ok_and(|answer| answer.status().is_success()));
        let wanted = format!("data-asks=\"{contact}\"");
        wait::until_true("the frame asks", 30, || async {
            let page = self.edge(Method::GET, "localhost", &format!("/frame/{name}")).send().await;
            page.expect("a page").text().await.is_ok_and(|page| page.contains(&wanted))
        })
        .await;
    }

    /// What the edge has counted since its start, such as `seawall_rows_written_total{object="conversation"}`.
    pub async fn count(&self, name: &str) -> u64 {
        let request = self.edge(Method::GET, "127.0.0.1", "/metrics").bearer_auth(OPERATOR);
        let text = request.send().await.expect("the edge answers").text().await.expect("text");
        assert!(text.ends_with("# EOF\n"), "{text}");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.unwrap_or(0)
    }

    /// Logs an agent in as the console does; returns the cookie.
    pub async fn log_in(&self, who: (&str, &str)) -> String {
        self.log_in_at("demo", who).await
    }

    pub async fn log_in_at(&self, site: &str, who: (&str, &str)) -> String {
        let answer = self.log_in_request(site, who).send().await.expect("the edge answers");
        let cookie =
            answer.headers().get("set-cookie").map(|value| value.to_str().unwrap_or_default().to_owned());
        let Some(cookie) = cookie else { panic!("no cookie: {}", answer.text().await.unwrap_or_default()) };
        cookie.split(';').next().unwrap_or_default().to_owned()
    }

    /// What the console sends when somebody logs in.
    pub fn log_in_request(&self, site: &str, (email, password): (&str, &str)) -> RequestBuilder {
        self.edge(Method::POST, "console.localhost", &format!("/v1/sites/{site}/agents/login"))
            .header("origin", self.edge_url("console.localhost"))
            .json(&json!({ "email": email, "password": password }))
    }

    /// Everything that a server has said.
    pub fn whole_log(&self, name: &str) -> String {
        std::fs::read_to_string(self.data.path().join(name)).unwrap_or_default()
    }

    /// Nothing has panicked, neither in the edge's wasm nor in the origin, no instance was started over, and no alarm is
    /// missing.
    pub fn assert_calm(&self) {
        for name in ["edge.log", "origin.log"] {
            let log = self.whole_log(name);
            for alarm in ["panicked", "RuntimeError", "wasm trap", "Starting over", "cannot set the alarm"] {
                assert!(!log.contains(alarm), "{name} says {alarm:?}:\n{log}");
            }
        }
    }

    /// What a disk loses: everything that conversations have stored, while the edge is dead.
    pub fn lose_conversations(&self) {
        assert!(self.edge.is_none(), "a running edge has its files open");
        std::fs::remove_dir_all(self.data.path().join("edge/seawall-conversation"))
            .expect("files of conversations");
    }

    /// How many conversations hold anything at the edge. workerd makes an empty database with every object.
    pub fn stored_conversations(&self) -> usize {
        let folder = self.data.path().join("edge/seawall-conversation");
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let holds_a_table = |file: std::fs::DirEntry| {
            let bytes = std::fs::read(file.path()).unwrap_or_default();
            let found = bytes.windows(TABLE.len()).any(|window| window == TABLE);
            found.then(|| file.file_name().to_string_lossy().split('.').next().map(str::to_owned)).flatten()
        };
        files.filter_map(holds_a_table).collect::<BTreeSet<_>>().len()
    }

    /// The end of a server's log, for a failing test.
    pub fn log(&self, name: &str) -> String {
        let text = self.whole_log(name);
        text.lines().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// What the edge says of itself, for a failing test, in which nothing asynchronous runs any more.
    fn last_status(&self) -> io::Result<String> {
        let mut edge = TcpStream::connect(("127.0.0.1", self.edge_port))?;
        edge.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(edge, "GET /v1/status HTTP/1.0\r\nhost: 127.0.0.1:{}\r\n\r\n", self.edge_port)?;
        let mut answer = String::new();
        edge.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- edge ---\n{}\n--- origin ---\n{}", self.log("edge.log"), self.log("origin.log"));
            let status = self.last_status().unwrap_or_else(|error| error.to_string());
            eprintln!("--- /v1/status ---\n{status}");
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

pub fn program(variable: &str) -> PathBuf {
    let path = env::var_os(variable);
    path.map(PathBuf::from)
        .unwrap_or_else(|| panic!("{variable} is not set: run this with `cargo xtask test`"))
}

/// What was built, in a folder of its own: files can be taken from it.
pub fn dist_copy() -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().expect("a folder");
    copy(&program("SEAWALL_DIST"), folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&to).expect("a folder");
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("copied");
        }
    }
}
