//! Events from the origin: verified, then given to their objects one after the other; a receipt for each (EVENT-2).

use std::collections::BTreeSet;

use serde_json::Value;
use shared::event::{Body, Event, MAX_BATCH, Outcome, Receipt, Receipts};
use shared::webhook::{ID_HEADER, Refusal, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use worker::{Env, Request, Response};

use super::knowledge;
use super::problem::Problem;
use super::settings::{Settings, body_within, header};
use crate::durable::calls::{
    ConversationCall, GateCall, Known, Replied, SiteCall, to_conversation, to_gate, to_site,
};
use crate::durable::now_ms;

const MAX_BODY_BYTES: usize = 1024 * 1024;
/// What the origin may send.
const TYPES: [&str; 4] = ["seawall.reply", "seawall.site-changed", "seawall.status", "seawall.probe"];
/// When the receiver of an event could not be reached.
const LATER_MS: u64 = 1_000;

pub(super) async fn take(env: &Env, settings: &Settings, mut request: Request) -> Result<Response, Problem> {
    let [id, timestamp, signature] =
        [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER].map(|name| header(&request, name));
    if signature.is_none() {
        // Nobody without a signature makes us read a megabyte.
        return Err(Problem::UNSIGNED);
    }
    let body = body_within(&mut request, MAX_BODY_BYTES).await?;
    settings
        .origin_secret
        .verify(now_ms() / 1_000, id.as_deref(), timestamp.as_deref(), signature.as_deref(), &body)
        .map_err(|refusal| match refusal {
            Refusal::Unsigned => Problem::UNSIGNED,
            Refusal::Stale => Problem::STALE_SIGNATURE,
            Refusal::Forged => Problem::BAD_SIGNATURE,
        })?;
    let items: Vec<Value> = serde_json::from_slice(&body).map_err(|_| Problem::NOT_A_BATCH)?;
    if items.len() > MAX_BATCH {
        return Err(Problem::NOT_A_BATCH);
    }
    let mut receipts = Vec::with_capacity(items.len());
    // RECEIPT-4: what follows a `later` waits with it. After a lost storage the first reply seen is the start, so a
    // later one must not get in before.
    let mut waiting = BTreeSet::new();
    for item in items {
        let field = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (id, source, kind) = (field("id"), field("source"), field("type"));
        let (result, reason) = match serde_json::from_value::<Event>(item) {
            Ok(_) if waiting.contains(&source) => (Outcome::Later, "after-a-later".to_owned()),
            Ok(event) => perform(env, event).await,
            // The type is looked at first: an event of a later version may have any shape.
            Err(_) if !kind.is_empty() && !TYPES.contains(&kind.as_str()) => {
                (Outcome::Refused, "unknown-type".to_owned())
            }
            Err(_) => (Outcome::Refused, "not-an-event".to_owned()),
        };
        let retry_after_ms = (result == Outcome::Later).then_some(LATER_MS);
        if result == Outcome::Later {
            waiting.insert(source.clone());
        }
        receipts.push(Receipt { id, source, result, reason, retry_after_ms });
    }
    Ok(Response::from_json(&Receipts { receipts })?)
}

async fn perform(env: &Env, event: Event) -> (Outcome, String) {
    let refused = |reason: &str| (Outcome::Refused, reason.to_owned());
    let later = |reason: &str| (Outcome::Later, reason.to_owned());
    match event.body {
        Body::Reply(reply) => {
            match knowledge::known(env, &reply.site).await {
                Ok(_) => {}
                Err(Problem::UNKNOWN_SITE) => return refused("unknown-site"),
                Err(_) => return later("site-not-known-yet"),
            }
            let (site, conversation) = (reply.site.clone(), reply.conversation.clone());
            let call = ConversationCall::Reply { reply: Box::new(reply) };
            match to_conversation::<Replied>(env, &site, &conversation, call).await {
                Ok(Replied { result, reason }) => (result, reason),
                Err(_) => later("conversation-unreachable"),
            }
        }
        Body::SiteChanged { site, .. } => match to_site::<Known>(env, &site, SiteCall::Changed {}).await {
            Ok(Known::Yes | Known::No) => (Outcome::Accepted, String::new()),
            // In trouble settings wait; the origin says it again.
            Ok(Known::NotYet) => later("settings-not-fetched"),
            Err(_) => later("site-unreachable"),
        },
        Body::Status(status) => match to_gate::<()>(env, GateCall::Claimed { status }).await {
            Ok(()) => (Outcome::Accepted, String::new()),
            Err(_) => later("gate-unreachable"),
        },
        Body::Probe {} => (Outcome::Accepted, String::new()),
        Body::Message(_) | Body::Forgotten(_) | Body::Unknown => refused("unknown-type"),
    }
}
