//! `origin serve` and `origin demo`: an origin until Ctrl-C or SIGTERM.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use origin::capacity::PerSecond;
use origin::config::{self, Config, Edge};
use origin::server;
use tokio::signal::unix::{SignalKind, signal};

/// Seawall's reference origin. Secrets come from the environment: SEAWALL_ORIGIN_SECRET (shared with the edge) and
/// SEAWALL_ORIGIN_ADMIN_TOKEN.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the origin; an empty data folder is set up.
    Serve(Place),
    /// The same, with the demo account.
    Demo(Place),
}

#[derive(Args)]
struct Place {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8788")]
    listen: SocketAddr,
    /// Folder of the database; made when missing.
    #[arg(long, default_value = "seawall-data/origin")]
    data: PathBuf,
    /// The edge that replies go to.
    #[arg(long, default_value = "http://127.0.0.1:8787", value_parser = Edge::parse)]
    edge: Edge,
    /// Model a database that does so much work per second (a message event is 1) and makes everything wait in one line
    /// [default: no limit].
    #[arg(long, value_name = "COST_PER_S", env = "SEAWALL_ORIGIN_CAPACITY", value_parser = PerSecond::parse)]
    capacity: Option<PerSecond>,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).init();
    let (place, demo) = match Arguments::parse().command {
        Command::Serve(place) => (place, false),
        Command::Demo(place) => (place, true),
    };
    match run(place, demo).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("origin: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(place: Place, demo: bool) -> Result<(), Box<dyn std::error::Error>> {
    let (secret, admin) = config::secrets(|name| std::env::var(name).ok())?;
    // Listened to from the start: a stop during the set-up must not be lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let capacity = place.capacity;
    let config =
        Config { admin, demo, capacity, ..Config::new(place.listen, place.data, place.edge, secret) };
    let running = server::start(config).await?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", running.address)?;
    out.flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        ctrl_c = tokio::signal::ctrl_c() => ctrl_c?,
    }
    running.stop().await;
    Ok(())
}
