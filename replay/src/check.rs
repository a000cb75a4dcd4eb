//! What a scenario's values may be. A wrong one is named with its line and with what would be right.

use std::ops::RangeInclusive;

use crate::scenario::Scenario;

/// What is wrong with a value, by its key.
struct Wrong {
    key: &'static str,
    mend: String,
}

/// The first thing that is wrong, and its line in the file that the scenario came from.
pub(crate) fn check(scenario: &Scenario, text: Option<&str>) -> Result<(), String> {
    let Some(Wrong { key, mend }) = wrongs(scenario).into_iter().next() else { return Ok(()) };
    let Some(text) = text else { return Err(format!("`{key}` {mend}")) };
    // What is missing belongs at the top.
    Err(format!("line {}: `{key}` {mend}", line_of(key, text).unwrap_or(1)))
}

/// Where a key stands, with or without its table before it (`people.sites`).
fn line_of(key: &str, text: &str) -> Option<usize> {
    let is_key = |line: &str| {
        let before = line.split_once('=').map(|(before, _)| before.trim());
        before.is_some_and(|before| before.rsplit('.').next().is_some_and(|last| last.trim() == key))
    };
    text.lines().position(is_key).map(|at| at + 1)
}

fn wrongs(scenario: &Scenario) -> Vec<Wrong> {
    let (people, origin, clients, edge) =
        (&scenario.people, &scenario.origin, &scenario.clients, &scenario.edge);
    let mut wrongs = Vec::new();
    let name_is_good = !scenario.name.is_empty()
        && scenario.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !name_is_good {
        let mend = "is missing or not made of small letters, digits and hyphens: it becomes a folder".into();
        wrongs.push(Wrong { key: "name", mend });
    }
    for (key, is_empty) in
        [("loads", scenario.loads.is_empty()), ("triggers_s", scenario.triggers_s.is_empty())]
    {
        if is_empty {
            wrongs.push(Wrong { key, mend: "is empty and must name at least one".into() });
        }
    }
    let mut number = |key, value: f64, range: RangeInclusive<f64>| {
        if !range.contains(&value) {
            let mend = format!("is {value} and must be between {} and {}", range.start(), range.end());
            wrongs.push(Wrong { key, mend });
        }
    };
    for load in &scenario.loads {
        number("loads", *load, 0.01..=0.95);
    }
    for trigger_s in &scenario.triggers_s {
        number("triggers_s", *trigger_s as f64, 1.0..=86_400.0);
    }
    number("capacity", scenario.capacity, 1.0..=10_000.0);
    number("capacity_long", scenario.capacity_long, 1.0..=10_000.0);
    number("warm_up_s", scenario.warm_up_s as f64, 10.0..=3_600.0);
    // A window of recovery is 5 s long.
    number("after_s", scenario.after_s as f64, 5.0..=86_400.0);
    number("seeds", scenario.seeds as f64, 1.0..=10_000.0);
    number("seeds_long", scenario.seeds_long as f64, 1.0..=10_000.0);
    number("messages_share", people.messages_share, 0.01..=1.0);
    number("messages_per_chat", people.messages_per_chat as f64, 1.0..=10_000.0);
    number("pause_s", people.pause_s, 0.1..=3_600.0);
    number("sites", people.sites as f64, 1.0..=10_000.0);
    number("large_every", people.large_every as f64, 1.0..=10_000.0);
    number("page_views", people.page_views, 0.0..=1.0);
    number("statuses", people.statuses, 0.0..=1.0 - people.page_views.clamp(0.0, 1.0));
    number("status_changes", people.status_changes, 0.0..=1.0);
    number("idle_widgets", people.idle_widgets as f64, 0.0..=1e6);
    number("read_cached", origin.read_cached, 0.01..=100.0);
    number("read_uncached", origin.read_uncached, 0.01..=100.0);
    number("save", origin.save, 0.01..=100.0);
    number("over_saves", origin.over_saves, 0.0..=1_000.0);
    number("latency_ms", origin.latency_ms as f64, 0.0..=60_000.0);
    number("latency_jitter_ms", origin.latency_jitter_ms as f64, 0.0..=60_000.0);
    number("longest_line_s", origin.longest_line_s, 0.1..=3_600.0);
    number("timeout_ms", clients.timeout_ms as f64, 1.0..=600_000.0);
    number("retries", f64::from(clients.retries), 0.0..=100.0);
    // Without any pause, clients that are refused at once would never let time pass.
    number("retry_pause_ms", clients.retry_pause_ms as f64, 1.0..=600_000.0);
    number("reconnect_ms", clients.reconnect_ms as f64, 1.0..=600_000.0);
    number("page_s", clients.page_s, 1.0..=86_400.0);
    number("backoff_ms", clients.backoff_ms as f64, 1.0..=600_000.0);
    number("backoff_cap_ms", clients.backoff_cap_ms as f64, 1.0..=3_600_000.0);
    number("retry_budget", clients.retry_budget, 0.0..=10.0);
    number("breaker_failures", f64::from(clients.breaker_failures), 1.0..=1_000.0);
    number("breaker_open_ms", clients.breaker_open_ms as f64, 1.0..=3_600_000.0);
    number("read_us", edge.read_us as f64, 0.0..=1e6);
    number("write_us", edge.write_us as f64, 0.0..=1e6);
    number("call_ms", edge.call_ms as f64, 0.0..=10_000.0);
    number("link_ms", edge.link_ms as f64, 0.0..=10_000.0);
    wrongs
}
