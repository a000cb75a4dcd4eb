//! The servers that are compared.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tests::harness::port::free_port;
use tests::harness::stack::{ADA, Stack, program};
use tests::harness::wait;
use tests::harness::wire::Door;

use crate::links::Link;
use crate::proc::Process;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Arm {
    /// The edge as it is.
    Group,
    /// The edge with one commit per message (edge/src/conversation/each.rs).
    Each,
    /// `javascript/worker.js`
    JavaScript,
}

impl Arm {
    pub(crate) const ALL: [Arm; 3] = [Arm::Group, Arm::Each, Arm::JavaScript];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Arm::Group => "group",
            Arm::Each => "each",
            Arm::JavaScript => "javascript",
        }
    }
}

pub(crate) struct Server {
    pub(crate) arm: Arm,
    host: Host,
}

enum Host {
    Edge { stack: Box<Stack>, cookie: String },
    JavaScript(JavaScript),
}

impl Server {
    /// With nothing stored.
    pub(crate) async fn start(arm: Arm, below: &Path) -> Server {
        let dist = match arm {
            Arm::Group => program("SEAWALL_DIST"),
            Arm::Each => program("SEAWALL_DIST_COMMIT_EACH"),
            Arm::JavaScript => return Server { arm, host: Host::JavaScript(JavaScript::start(below).await) },
        };
        let stack = Box::new(Stack::start_with(dist, below).await);
        let cookie = stack.log_in(ADA).await;
        Server { arm, host: Host::Edge { stack, cookie } }
    }

    /// Ends the origin, if there is one: what the edge delivers to it would share processor and disk with the server
    /// whose turn it is. Messages are stored and shown without it.
    pub(crate) fn without_origin(&mut self) {
        if let Host::Edge { stack, .. } = &mut self.host {
            stack.kill_origin();
        }
    }

    pub(crate) fn process(&self) -> Process {
        Process(match &self.host {
            Host::Edge { stack, .. } => stack.edge_process(),
            Host::JavaScript(server) => server.workerd.id(),
        })
    }

    /// A new conversation, by a new visitor; every conversation that is measured begins here.
    pub(crate) async fn visitor(&self) -> Link {
        Link::open(&Door::visitor(self.port())).await
    }

    /// An agent's link to a conversation.
    pub(crate) async fn agent(&self, conversation: &str) -> Link {
        let cookie = match &self.host {
            Host::Edge { cookie, .. } => cookie,
            Host::JavaScript(_) => "",
        };
        Link::open(&Door::conversation(self.port(), cookie, conversation)).await
    }

    fn port(&self) -> u16 {
        match &self.host {
            Host::Edge { stack, .. } => stack.edge_port,
            Host::JavaScript(server) => server.port,
        }
    }
}

/// Ends with its folder when it is dropped.
struct JavaScript {
    workerd: Child,
    port: u16,
    _data: tempfile::TempDir,
}

impl JavaScript {
    async fn start(below: &Path) -> JavaScript {
        let data = tempfile::Builder::new().prefix("seawall-test-").tempdir_in(below).expect("a folder");
        let objects = data.path().join("objects");
        std::fs::create_dir(&objects).expect("a folder");
        let log = File::create(data.path().join("workerd.log")).expect("a log");
        let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/edge/javascript");
        let port = free_port();
        let workerd = Command::new(program("SEAWALL_WORKERD"))
            .arg("serve")
            .arg(sources.join("worker.capnp"))
            .arg("--experimental")
            .arg(format!("--directory-path=objects={}", objects.display()))
            .arg(format!("--socket-addr=http=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("workerd starts");
        let server = JavaScript { workerd, port, _data: data };
        let address = ("127.0.0.1", port);
        let connects = || async { tokio::net::TcpStream::connect(address).await.is_ok() };
        wait::until_true("the JavaScript worker takes connections", 60, connects).await;
        server
    }
}

impl Drop for JavaScript {
    fn drop(&mut self) {
        let _ = self.workerd.kill();
        let _ = self.workerd.wait();
    }
}
