//! What the origin says about itself at `GET {origin}/health`: `application/health+json`
//! (draft-inadarei-api-health-check), whose `checks` of interest are `accounts` and `messages`, each alone or with a
//! measurement after a colon (`messages:responseTime`). Of a resource's checks the worst counts. An origin without such
//! checks speaks of both in `status`, and only where that is bad.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::event::{Resource, Status};

#[derive(Deserialize)]
struct Health {
    status: String,
    #[serde(default)]
    checks: BTreeMap<String, Vec<Check>>,
}

#[derive(Deserialize)]
struct Check {
    status: Option<String>,
}

/// Nothing where the text is something else.
pub fn claims(text: &str) -> Vec<(Resource, Status)> {
    let Ok(health) = serde_json::from_str::<Health>(text) else { return Vec::new() };
    let worst_of = |name: &str| {
        let of_it = |(key, _): &(&String, &Vec<Check>)| key.split(':').next() == Some(name);
        let checks = health.checks.iter().filter(of_it).flat_map(|(_, checks)| checks);
        checks.filter_map(|check| status_of(check.status.as_deref()?)).max()
    };
    let (mut accounts, mut messages) = (worst_of("accounts"), worst_of("messages"));
    if (accounts, messages) == (None, None) {
        let overall = status_of(&health.status).filter(|status| *status != Status::Pass);
        (accounts, messages) = (overall, overall);
    }
    let claims = [(Resource::Accounts, accounts), (Resource::Messages, messages)];
    claims.into_iter().filter_map(|(resource, status)| Some((resource, status?))).collect()
}

/// The draft's words, with those that it takes for the same.
fn status_of(word: &str) -> Option<Status> {
    match word.to_ascii_lowercase().as_str() {
        "pass" | "ok" | "up" => Some(Status::Pass),
        "warn" => Some(Status::Warn),
        "fail" | "error" | "down" => Some(Status::Fail),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_resource_the_worst_check_counts() {
        let text = r#"{"status":"warn","checks":{
            "accounts":[{"status":"warn"},{"componentId":"line","status":"fail"}],
            "messages":[{"status":"pass"}],
            "messages:responseTime":[{"status":"UP"},{"observedValue":3}],
            "cpu:utilization":[{"status":"fail"}]}}"#;
        assert_eq!(claims(text), [(Resource::Accounts, Status::Fail), (Resource::Messages, Status::Pass)]);
    }

    #[test]
    fn a_bad_word_without_checks_is_of_both_and_a_good_one_of_nothing() {
        let both = [(Resource::Accounts, Status::Fail), (Resource::Messages, Status::Fail)];
        assert_eq!(claims(r#"{"status":"fail"}"#), both);
        assert_eq!(claims(r#"{"status":"down","checks":{"accounts":[]}}"#), both);
        assert_eq!(claims(r#"{"status":"pass"}"#), []);
        let one = r#"{"status":"fail","checks":{"accounts":[{"status":"fail"}]}}"#;
        assert_eq!(claims(one), [(Resource::Accounts, Status::Fail)], "and nothing of messages");
    }

    #[test]
    fn something_else_is_no_claim() {
        for text in [
            "",
            "OK",
            "{}",
            "[]",
            r#"{"status":1}"#,
            r#"{"status":"splendid"}"#,
            r#"{"status":"fail","checks":[]}"#,
            r#"{"type":"about:blank","title":"fault","status":500}"#,
        ] {
            assert_eq!(claims(text), [], "{text}");
        }
    }
}
