//! Makes the running origin misbehave, to see what the edge does about it.

use std::env;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::http;
use crate::run::{DEMO_ORIGIN_ADMIN_TOKEN, ORIGIN_PORT};

#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    kind: Kind,
    /// Only what concerns accounts (login, settings, roster) or messages
    #[arg(long, global = true)]
    resource: Option<Resource>,
    #[arg(long, global = true, default_value_t = ORIGIN_PORT)]
    origin_port: u16,
}

/// A new fault replaces the old one; a restart of the origin forgets it.
#[derive(Subcommand)]
enum Kind {
    /// Behave again
    None,
    /// Close every connection without an answer
    Down,
    /// Accept requests and never answer
    Hang,
    /// Answer later
    Slow {
        #[arg(value_name = "MS")]
        ms: u32,
    },
    /// Answer some requests with 500
    Errors {
        #[arg(value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: u8,
    },
    /// Accept events and lose some of the answers
    LoseReceipts {
        #[arg(value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: u8,
    },
    /// Answer with something that is not the protocol
    Garbage,
    /// Save accounts far too often; needs a capacity and account traffic to harm messages
    ///
    /// With `cargo xtask run --origin-capacity N` everything of accounts costs ten times as much and fills the line that
    /// messages wait in. That needs traffic of accounts: logins, renewals, settings. Without a capacity every agent is
    /// saved again and again, so that the disk is busy and accounts answer late.
    OverSave,
}

#[derive(Clone, Copy, ValueEnum)]
enum Resource {
    Accounts,
    Messages,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let (mut fault, sentence) = options.kind.fault();
    let mut scope = "";
    if let Some(resource) = options.resource {
        (fault["resource"], scope) = match resource {
            Resource::Accounts => (json!("accounts"), " (accounts only)"),
            Resource::Messages => (json!("messages"), " (messages only)"),
        };
    }
    let token = env::var("SEAWALL_ORIGIN_ADMIN_TOKEN").unwrap_or_else(|_| DEMO_ORIGIN_ADMIN_TOKEN.to_owned());
    let port = options.origin_port;
    let answer = http::request(port, "PUT", "/faults", Some(&token), &fault.to_string()).with_context(|| {
        format!("no origin answers on port {port}: start one with `cargo xtask run`, or name its port with --origin-port")
    })?;
    match answer.status {
        200..=299 => println!("The origin on port {port} {sentence}{scope}."),
        401 | 403 => bail!(
            "the origin refuses the token: set SEAWALL_ORIGIN_ADMIN_TOKEN to the one it was started with"
        ),
        status => bail!("the origin refuses the fault ({status}): {}", answer.body.trim()),
    }
    Ok(())
}

impl Kind {
    /// What is sent, and what to tell.
    fn fault(&self) -> (Value, String) {
        match self {
            Kind::None => (json!({"kind": "none"}), "behaves again".to_owned()),
            Kind::Down => {
                (json!({"kind": "down"}), "now closes every connection without an answer".to_owned())
            }
            Kind::Hang => (json!({"kind": "hang"}), "now accepts requests and never answers".to_owned()),
            Kind::Slow { ms } => (json!({"kind": "slow", "ms": ms}), format!("now answers {ms} ms later")),
            Kind::Errors { percent } => (
                json!({"kind": "errors", "percent": percent}),
                format!("now answers {percent} % of requests with 500"),
            ),
            Kind::LoseReceipts { percent } => (
                json!({"kind": "lose-receipts", "percent": percent}),
                format!("now accepts events and loses {percent} % of the receipts"),
            ),
            Kind::Garbage => (json!({"kind": "garbage"}), "now answers with garbage".to_owned()),
            Kind::OverSave => (json!({"kind": "over-save"}), "now saves accounts again and again".to_owned()),
        }
    }
}
