//! Edge and origin on this machine, with the demo account, until Ctrl-C.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::Args;

use crate::process::{Server, raise_descriptor_limit};
use crate::progress::Step;
use crate::{build, http, workspace};

#[derive(Args)]
pub(crate) struct Options {
    #[arg(long, default_value_t = 8787)]
    edge_port: u16,
    #[arg(long, default_value_t = ORIGIN_PORT)]
    origin_port: u16,
    /// Model a database behind the origin that does so much work per second, 5 to 10000; a message is 1 [default: no limit]
    // Checked here as well: the origin would refuse it only after minutes of building.
    #[arg(long, value_name = "COST_PER_S", value_parser = clap::value_parser!(u32).range(5..=10_000))]
    origin_capacity: Option<u32>,
    /// Where conversations, ledger, secrets and logs are kept [default: seawall-data in the checkout, ignored by git]
    #[arg(long)]
    data: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let data = options.data.clone().unwrap_or_else(|| workspace::root().join("seawall-data"));
    // What can be refused is refused before minutes of building.
    let data = prepare_data(&data)?;
    let in_use = fs::File::create(data.join("lock"))?;
    if in_use.try_lock().is_err() {
        bail!(
            "{} is in use by another `cargo xtask run`: end that one, or choose another folder with --data",
            data.display()
        );
    }
    if options.edge_port == options.origin_port {
        bail!(
            "edge and origin need different ports: --edge-port and --origin-port are both {}",
            options.edge_port
        );
    }
    require_free_ports(options)?;

    let tools = build::build()?;
    let origin_program = build::origin()?;
    // A first build takes minutes, in which somebody else may have come.
    require_free_ports(options)?;

    // From here on Ctrl-C is ours: the servers end in order. Until now it simply ended the build.
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    raise_descriptor_limit();
    let environment = environment(&data, options)?;
    let mut origin = start_origin(&origin_program, &data, options, &environment)?;
    let mut edge = start_edge(&tools.workerd()?, &data, options.edge_port, &environment)?;
    let mut servers = [&mut edge, &mut origin];

    let step = Step::begin("wait until edge and origin are ready");
    let began = Instant::now();
    while !ready(options) {
        supervise(&mut servers)?;
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        if began.elapsed() > Duration::from_secs(60) {
            bail!("not ready after 60 s\nedge: {}\norigin: {}", servers[0].tail(), servers[1].tail());
        }
        thread::sleep(Duration::from_millis(50));
    }
    step.done();

    let (edge_port, origin_port) = (options.edge_port, options.origin_port);
    println!("Ready: http://127.0.0.1:{edge_port}/demo/");
    println!("  outage   {}   (a naive chat and Seawall, side by side)", outage_page(options));
    println!(
        "  console  http://console.localhost:{edge_port}/?site=demo   (ada@demo.example, demo-password)"
    );
    println!(
        "  origin   http://127.0.0.1:{origin_port}/   (cargo xtask fault down breaks it, fault none mends it)"
    );
    println!("  data     {}", data.display());
    println!("Ctrl-C stops everything.");

    while !stop.load(Ordering::Relaxed) {
        supervise(&mut servers)?;
        thread::sleep(Duration::from_millis(100));
    }
    println!("Stopping.");
    Ok(())
}

/// The page takes the origin's port for the edge's next one, unless it is told.
fn outage_page(options: &Options) -> String {
    let page = format!("http://127.0.0.1:{}/demo/outage/", options.edge_port);
    match options.origin_port {
        port if Some(port) == options.edge_port.checked_add(1) => page,
        port => format!("{page}?origin={port}"),
    }
}

/// An error as soon as one of them has died. `run` does not restart it: whoever runs it wants to see that.
fn supervise(servers: &mut [&mut Server]) -> Result<()> {
    servers.iter_mut().try_for_each(|server| server.check())
}

/// The origin answers, and the edge has the demo site's settings, roster and keys.
fn ready(options: &Options) -> bool {
    let answers = |port, path: &str| {
        http::request(port, "GET", path, None, "").is_ok_and(|answer| answer.status == 200)
    };
    answers(options.origin_port, "/health") && answers(options.edge_port, "/v1/sites/demo/ready")
}

fn start_origin(
    program: &Path,
    data: &Path,
    options: &Options,
    environment: &BTreeMap<String, String>,
) -> Result<Server> {
    let mut command = Command::new(program);
    command.args(origin_arguments(data, options)).envs(environment);
    Server::start("origin", &mut command, data.join("logs/origin.log"))
}

fn origin_arguments(data: &Path, options: &Options) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec![
        "demo".into(),
        format!("--listen=127.0.0.1:{}", options.origin_port).into(),
        "--data".into(),
        data.join("origin").into(),
        format!("--edge=http://127.0.0.1:{}", options.edge_port).into(),
    ];
    arguments.extend(options.origin_capacity.map(|capacity| format!("--capacity={capacity}").into()));
    arguments
}

fn start_edge(
    workerd: &Path,
    data: &Path,
    port: u16,
    environment: &BTreeMap<String, String>,
) -> Result<Server> {
    let dist = workspace::dist();
    let mut command = Command::new(workerd);
    command
        .arg("serve")
        .arg(dist.join("workerd.capnp"))
        // Objects on local disk are still called experimental.
        .arg("--experimental")
        .arg(format!("--directory-path=assets={}", dist.join("assets").display()))
        .arg(format!("--directory-path=objects={}", data.join("edge").display()))
        .arg(format!("--socket-addr=http=127.0.0.1:{port}"))
        .envs(environment);
    // Chromium may take `localhost` for ::1 first.
    if has_ipv6() {
        command.arg(format!("--socket-addr=http6=[::1]:{port}"));
    }
    Server::start("edge", &mut command, data.join("logs/edge.log"))
}

/// Secrets reach the two programs by the environment alone; the file that keeps them is ours to read.
fn environment(data: &Path, options: &Options) -> Result<BTreeMap<String, String>> {
    let path = data.join("secrets.env");
    let mut variables: BTreeMap<String, String> = fs::read_to_string(&path)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let secrets = ["SEAWALL_ORIGIN_SECRET", "SEAWALL_TOKEN_SECRET"];
    if secrets.iter().any(|name| !variables.contains_key(*name)) {
        variables.insert(secrets[0].to_owned(), format!("whsec_{}", random()?));
        variables.insert(secrets[1].to_owned(), random()?);
        let text: String = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        file.write_all(text.as_bytes())?;
    }
    let mut set = |name: &str, value: String| variables.insert(name.to_owned(), value);
    set("SEAWALL_ORIGIN_URL", format!("http://127.0.0.1:{}", options.origin_port));
    set("SEAWALL_EDGE_HOST", "localhost".to_owned());
    set("SEAWALL_CONSOLE_HOST", "console.localhost".to_owned());
    set("SEAWALL_OPERATOR_TOKEN", "demo-operator".to_owned());
    let admin = env::var("SEAWALL_ORIGIN_ADMIN_TOKEN").unwrap_or_else(|_| DEMO_ORIGIN_ADMIN_TOKEN.to_owned());
    set("SEAWALL_ORIGIN_ADMIN_TOKEN", admin);
    Ok(variables)
}

/// 32 bytes from the kernel, in base64.
fn random() -> Result<String> {
    let mut bytes = [0; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(BASE64.encode(bytes))
}

fn prepare_data(data: &Path) -> Result<PathBuf> {
    let refusal =
        || format!("the data folder {} cannot be written: choose another with --data", data.display());
    for folder in ["origin", "edge", "logs"] {
        fs::create_dir_all(data.join(folder)).with_context(refusal)?;
        let probe = data.join(folder).join(".writable");
        fs::write(&probe, "").and_then(|()| fs::remove_file(&probe)).with_context(refusal)?;
    }
    Ok(data.canonicalize()?)
}

fn require_free_ports(options: &Options) -> Result<()> {
    require_free(options.edge_port, "--edge-port")?;
    require_free(options.origin_port, "--origin-port")
}

fn require_free(port: u16, option: &str) -> Result<()> {
    let on_ipv6 =
        || if has_ipv6() { TcpListener::bind((Ipv6Addr::LOCALHOST, port)).map(drop) } else { Ok(()) };
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).and_then(|()| on_ipv6()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!(
                "port {port} is in use: end the program that listens there, or choose another port with {option}"
            )
        }
        Err(error) => {
            Err(error).with_context(|| format!("port {port} cannot be used; choose another with {option}"))
        }
    }
}

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

pub(crate) const ORIGIN_PORT: u16 = 8788;

/// Public on purpose: the demo listens on this machine alone.
pub(crate) const DEMO_ORIGIN_ADMIN_TOKEN: &str = "demo-origin-admin";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn given(argument: &str) -> Result<Vec<OsString>, clap::Error> {
        let line = Line::try_parse_from(["run", argument])?;
        Ok(origin_arguments(Path::new("data"), &line.options))
    }

    #[test]
    fn the_outage_page_is_told_of_an_origin_that_is_not_beside_the_edge() {
        let page = |arguments: &[&str]| outage_page(&Line::try_parse_from(arguments).unwrap().options);
        assert_eq!(page(&["run"]), "http://127.0.0.1:8787/demo/outage/");
        assert_eq!(page(&["run", "--edge-port=9000"]), "http://127.0.0.1:9000/demo/outage/?origin=8788");
    }

    #[test]
    fn a_capacity_is_passed_on_to_the_origin_and_left_out_where_none_is_given() {
        assert_eq!(given("--origin-capacity=20").unwrap().last().unwrap(), "--capacity=20");
        let without = given("--origin-port=9000").unwrap();
        assert_eq!(
            without,
            ["demo", "--listen=127.0.0.1:9000", "--data", "data/origin", "--edge=http://127.0.0.1:8787"]
        );
        for bad in ["4", "10001", "many"] {
            assert!(given(&format!("--origin-capacity={bad}")).is_err(), "{bad}");
        }
    }
}
