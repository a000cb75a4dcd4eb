//! `application/health+json`: the edge itself passes while it answers; the origin is its checks.

use serde_json::{Value, json};
use shared::Millis;
use shared::event::Status;
use shared::mode::Mode;

use super::time::rfc3339;
use crate::durable::calls::GateStatus;
use crate::origin_gate::{OLD_MS, Progress, Rates, VERY_OLD_MS};

pub(super) fn body(status: &GateStatus) -> Value {
    let GateStatus { spell, reason, progress } = status;
    let Progress { backlogged, messages, oldest_ms, to_go_ms, accounts, sites_failing, rates, .. } =
        *progress;
    let Rates { per_s, normal_per_s, limit_events, normal_limit_events } = rates;
    let origin = availability(spell.mode);
    let overall = if origin == Status::Pass { Status::Pass } else { Status::Warn };
    let late = age(oldest_ms);
    let pace = rate(spell.mode, per_s, normal_per_s);
    let limit = rate(spell.mode, limit_events as f64, normal_limit_events as f64);
    let sites = if sites_failing == 0 { Status::Pass } else { Status::Warn };
    let check = |value: Value, unit: &str, status: Status| json!([{ "observedValue": value, "observedUnit": unit, "status": status }]);
    let mut checks = json!({
        "origin:availability": [{ "status": origin, "output": reason }],
        "origin:accounts": [{ "status": accounts }],
        "origin:sites-failing": check(json!(sites_failing), "sites", sites),
        "origin:backlog": check(json!(backlogged), "conversations", late),
        "origin:messages": check(json!(messages), "messages", late),
        "origin:oldest": check(json!(oldest_ms), "ms", late),
        "origin:pace": check(json!(per_s), "events per second", pace),
        "origin:limit": check(json!(limit_events), "events in flight", limit),
    });
    if let Some(to_go_ms) = to_go_ms {
        checks["origin:time-to-go"] = check(json!(to_go_ms), "ms", late);
    }
    json!({ "status": overall, "mode": spell.mode, "since": spell.since_ms.map(rfc3339), "checks": checks })
}

fn availability(mode: Mode) -> Status {
    match mode {
        Mode::Normal => Status::Pass,
        Mode::Degraded | Mode::ChattingOnly => Status::Warn,
        Mode::Holding => Status::Fail,
    }
}

/// By the same ages as the mode.
fn age(oldest_ms: Millis) -> Status {
    match oldest_ms {
        age if age > VERY_OLD_MS => Status::Fail,
        age if age > OLD_MS => Status::Warn,
        _ => Status::Pass,
    }
}

/// At half or less of the ordinary rate the origin gets less than people may need. While holding there is none but for probes.
fn rate(mode: Mode, now: f64, normal: f64) -> Status {
    match mode {
        Mode::Holding => Status::Fail,
        _ if now * 2.0 <= normal => Status::Warn,
        _ => Status::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{status, well};
    use super::*;

    fn checked(status: &GateStatus, name: &str) -> Value {
        body(status)["checks"][name][0]["status"].clone()
    }

    #[test]
    fn pace_and_limit_warn_at_half_of_the_ordinary_and_fail_while_holding() {
        let rates = |per_s, limit_events| {
            let mut status = well();
            let rates = Rates { per_s, normal_per_s: 50.0, limit_events, normal_limit_events: 20 };
            status.progress.rates = rates;
            status
        };
        let both = |status: &GateStatus| (checked(status, "origin:pace"), checked(status, "origin:limit"));
        assert_eq!(both(&rates(50.0, 20)), (json!("pass"), json!("pass")));
        assert_eq!(both(&rates(25.1, 11)), (json!("pass"), json!("pass")));
        assert_eq!(both(&rates(25.0, 11)), (json!("warn"), json!("pass")));
        assert_eq!(both(&rates(25.1, 10)), (json!("pass"), json!("warn")));
        assert_eq!(both(&status(Mode::Holding)), (json!("fail"), json!("fail")));
    }

    #[test]
    fn what_waits_warns_and_fails_by_the_age_of_the_oldest() {
        for (oldest_ms, wanted) in
            [(0, "pass"), (2_000, "pass"), (2_001, "warn"), (10_000, "warn"), (10_001, "fail")]
        {
            let mut status = well();
            status.progress.oldest_ms = oldest_ms;
            for name in ["origin:backlog", "origin:messages", "origin:oldest"] {
                assert_eq!(checked(&status, name), json!(wanted), "{name} after {oldest_ms} ms");
            }
        }
    }

    #[test]
    fn the_edge_itself_never_fails_while_it_answers() {
        for (mode, overall, origin) in [
            (Mode::Normal, "pass", "pass"),
            (Mode::Degraded, "warn", "warn"),
            (Mode::ChattingOnly, "warn", "warn"),
            (Mode::Holding, "warn", "fail"),
        ] {
            let status = status(mode);
            assert_eq!((&body(&status)["status"], &body(&status)["mode"]), (&json!(overall), &json!(mode)));
            assert_eq!(checked(&status, "origin:availability"), json!(origin));
        }
    }

    #[test]
    fn sites_whose_accounts_fail_alone_are_counted() {
        let mut status = well();
        assert_eq!(checked(&status, "origin:sites-failing"), json!("pass"));
        status.progress.sites_failing = 2;
        assert_eq!(checked(&status, "origin:sites-failing"), json!("warn"));
        assert_eq!(body(&status)["checks"]["origin:sites-failing"][0]["observedValue"], json!(2));
    }

    #[test]
    fn time_to_go_is_told_where_it_is_known() {
        let mut status = well();
        assert_eq!(body(&status)["checks"].get("origin:time-to-go"), None);
        status.progress.to_go_ms = Some(90_000);
        assert_eq!(body(&status)["checks"]["origin:time-to-go"][0]["observedValue"], json!(90_000));
    }
}
