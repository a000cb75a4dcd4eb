//! The state in the shape of a Statuspage's `summary.json`, which many tools read, and the status page too. What that shape has no
//! place for is under `seawall`.

use serde_json::{Value, json};
use shared::Millis;
use shared::event::Status;
use shared::mode::Mode;

use super::time::rfc3339;
use super::words::{self, Words};
use crate::durable::calls::GateStatus;
use crate::origin_gate::OLD_MS;

/// `now` is when the gate said so; `page` is the status page's address.
pub(super) fn body(status: &GateStatus, now: Millis, page: &str) -> Value {
    let GateStatus { spell, progress, .. } = status;
    let Words { headline, visitors, agents } = words::of(status);
    let told = rfc3339(now);
    let since = spell.since_ms.map(rfc3339);
    let components = [chatbox(status), messages(status), agents_log_in(status)];
    let components: Vec<Value> = components
        .into_iter()
        .enumerate()
        .map(|(place, Component { id, name, standing, sentence })| {
            json!({
                "id": id, "name": name, "status": standing.as_str(), "description": sentence, "position": place + 1,
                "page_id": PAGE_ID, "group_id": null, "group": false, "showcase": true,
                "only_show_if_degraded": false, "created_at": null, "updated_at": since,
            })
        })
        .collect();
    let indicator = indicator(spell.mode);
    json!({
        "page": { "id": PAGE_ID, "name": "Chat", "url": page, "time_zone": "Etc/UTC", "updated_at": told },
        "status": { "indicator": indicator, "description": headline },
        "components": components,
        "incidents": incident(status, now, page).into_iter().collect::<Vec<Value>>(),
        "scheduled_maintenances": [],
        "seawall": {
            "mode": spell.mode,
            "since": since,
            "told_at": told,
            "visitors": visitors,
            "agents": agents,
            "waiting": {
                "conversations": progress.backlogged,
                "messages": progress.messages,
                "oldest_ms": progress.oldest_ms,
                "to_go_ms": progress.to_go_ms,
            },
        },
    })
}

const PAGE_ID: &str = "seawall";

fn indicator(mode: Mode) -> &'static str {
    match mode {
        Mode::Normal => "none",
        Mode::Degraded => "minor",
        Mode::ChattingOnly => "major",
        // Somebody has to mend the origin, however well people talk meanwhile.
        Mode::Holding => "critical",
    }
}

/// The trouble that there is now; what is over is in nobody's memory here.
fn incident(status: &GateStatus, now: Millis, page: &str) -> Option<Value> {
    let GateStatus { spell, progress, .. } = status;
    if spell.mode == Mode::Normal {
        return None;
    }
    let since = spell.since_ms.unwrap_or(now);
    let began = spell.trouble_since_ms.unwrap_or(since);
    let Words { headline, visitors, agents } = words::of(status);
    let stage = match spell.mode {
        Mode::Holding if progress.flows => "monitoring",
        Mode::Holding => "investigating",
        _ => "identified",
    };
    let id = format!("trouble-{began}");
    let (began, since) = (rfc3339(began), rfc3339(since));
    Some(json!({
        "id": id, "name": headline, "status": stage, "impact": indicator(spell.mode), "page_id": PAGE_ID,
        "shortlink": page, "created_at": began, "started_at": began, "updated_at": since,
        "monitoring_at": null, "resolved_at": null,
        "incident_updates": [{
            "id": format!("{id}-{}", spell.mode.as_str()), "incident_id": id, "status": stage,
            "body": format!("For visitors: {visitors} For agents: {agents}"),
            "created_at": since, "display_at": since, "updated_at": since,
        }],
    }))
}

/// How one part is, in the words of that shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Operational,
    Degraded,
    PartialOutage,
    MajorOutage,
}

impl Standing {
    fn as_str(self) -> &'static str {
        match self {
            Standing::Operational => "operational",
            Standing::Degraded => "degraded_performance",
            Standing::PartialOutage => "partial_outage",
            Standing::MajorOutage => "major_outage",
        }
    }
}

struct Component {
    id: &'static str,
    name: &'static str,
    standing: Standing,
    sentence: &'static str,
}

/// It opens and takes messages in every mode: that is what the edge is for.
fn chatbox(status: &GateStatus) -> Component {
    let (standing, sentence) = match status.spell.mode {
        Mode::Normal => (Standing::Operational, "Opens on every website and takes messages."),
        Mode::Degraded => (Standing::Degraded, "Opens and takes messages, sometimes slowly."),
        Mode::ChattingOnly => {
            (Standing::Degraded, "Opens and takes messages. Who is chatting already goes first.")
        }
        Mode::Holding => {
            (Standing::Degraded, "Opens and takes messages. Agents who are logged in can answer.")
        }
    };
    Component { id: "chatbox", name: "Chatbox", standing, sentence }
}

fn messages(status: &GateStatus) -> Component {
    let GateStatus { spell, reason, progress } = status;
    // Accounts alone are in trouble: messages are not.
    let slow = spell.mode != Mode::Normal && reason != "accounts-failing";
    let (standing, sentence) = match progress.flows {
        false => {
            (Standing::MajorOutage, "Kept safe, and handed over as soon as the chat company can take them.")
        }
        true if slow || progress.oldest_ms > OLD_MS => {
            (Standing::Degraded, "Handed over as fast as the chat company can take them.")
        }
        true => (Standing::Operational, "Handed over at once."),
    };
    Component { id: "messages", name: "Messages to the chat company", standing, sentence }
}

/// Who is logged in goes on in every mode, so it is never a whole outage.
fn agents_log_in(status: &GateStatus) -> Component {
    let (standing, sentence) = match status.progress.accounts {
        Status::Pass if status.progress.sites_failing > 0 => {
            (Standing::Degraded, "Log in and answer. At some customers' sites logging in fails just now.")
        }
        Status::Pass => (Standing::Operational, "Log in and answer."),
        Status::Warn => (Standing::Degraded, "Answer as usual. Logging in may take longer."),
        Status::Fail => {
            (Standing::PartialOutage, "Who is logged in goes on answering. New log-ins have to wait.")
        }
    };
    Component { id: "agents", name: "Agents", standing, sentence }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{status, well};
    use super::*;

    const NOW: Millis = 1_772_323_200_000;
    const PAGE: &str = "https://chat.example/status/";

    fn standings(status: &GateStatus) -> Vec<(String, String)> {
        let body = body(status, NOW, PAGE);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let components = body["components"].as_array().expect("components");
        components.iter().map(|it| (text(&it["name"]), text(&it["status"]))).collect()
    }

    fn of<'a>(standings: &'a [(String, String)], name: &str) -> &'a str {
        standings.iter().find(|(given, _)| given == name).map_or("", |(_, status)| status)
    }

    #[test]
    fn sites_whose_accounts_fail_alone_are_told_and_change_nothing_else() {
        let mut failing = well();
        failing.progress.sites_failing = 2;
        let (before, now) = (standings(&well()), standings(&failing));
        assert_eq!((of(&before, "Agents"), of(&now, "Agents")), ("operational", "degraded_performance"));
        let others = |all: &[(String, String)]| -> Vec<_> {
            all.iter().filter(|(name, _)| name != "Agents").cloned().collect()
        };
        assert_eq!(others(&before), others(&now));
    }

    #[test]
    fn each_mode_has_its_indicator_and_its_headline() {
        let told = Mode::ALL.map(|mode| body(&status(mode), NOW, PAGE)["status"].clone());
        assert_eq!(
            told.each_ref().map(|it| it["indicator"].as_str().unwrap_or_default()),
            ["none", "minor", "major", "critical"]
        );
        let headlines = told.each_ref().map(|it| it["description"].as_str().unwrap_or_default());
        for (place, headline) in headlines.iter().enumerate() {
            assert!(headline.starts_with("Chat "), "{headline}");
            assert!(!headlines[..place].contains(headline), "{headline} says two things");
            for jargon in ["origin", "edge", "backlog", "holding", "queue"] {
                assert!(!headline.contains(jargon), "{headline}");
            }
        }
    }

    #[test]
    fn parts_are_told_apart() {
        let normal = standings(&well());
        assert!(normal.iter().all(|(_, status)| status == "operational"), "{normal:?}");
        let holding = standings(&status(Mode::Holding));
        assert_eq!(of(&holding, "Chatbox"), "degraded_performance");
        assert_eq!(of(&holding, "Agents"), "partial_outage");
        assert_eq!(of(&holding, "Messages to the chat company"), "major_outage");
        let mut accounts = status(Mode::ChattingOnly);
        accounts.reason = "accounts-failing".into();
        let accounts = standings(&accounts);
        assert_eq!(of(&accounts, "Agents"), "degraded_performance");
        assert_eq!(of(&accounts, "Messages to the chat company"), "operational");
    }

    #[test]
    fn what_waits_is_told_while_the_word_is_still_normal() {
        let mut status = well();
        status.progress.oldest_ms = OLD_MS + 1;
        assert_eq!(of(&standings(&status), "Messages to the chat company"), "degraded_performance");
    }

    #[test]
    fn an_incident_lasts_as_long_as_the_trouble() {
        assert_eq!(body(&well(), NOW, PAGE)["incidents"], json!([]));
        let mut status = status(Mode::Holding);
        status.spell.since_ms = Some(NOW - 60_000);
        status.spell.trouble_since_ms = Some(NOW - 90_000);
        let first = body(&status, NOW, PAGE)["incidents"][0].clone();
        assert_eq!((&first["status"], &first["impact"]), (&json!("investigating"), &json!("critical")));
        assert_eq!(first["started_at"], json!("2026-02-28T23:58:30.000Z"));
        assert_eq!(first["updated_at"], json!("2026-02-28T23:59:00.000Z"));
        status.progress.flows = true;
        let later = body(&status, NOW + 5_000, PAGE)["incidents"][0].clone();
        assert_eq!(later["status"], json!("monitoring"), "the origin takes messages again");
        assert_eq!(first["id"], later["id"], "the same trouble");
    }
}
