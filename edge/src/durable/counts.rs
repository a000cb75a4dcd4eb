//! What this isolate has done since it began, for `GET /metrics`: what a deployment pays for, and what was refused.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    Conversation,
    Site,
    OriginGate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// Requests from the worker or another object. Frames on an open WebSocket are none.
    Calls(Object),
    RowsWritten(Object),
    /// Each costs a row, too.
    AlarmsSet(Object),
    /// Refused by a limit, by its code.
    Refused(&'static str),
}

thread_local! {
    static COUNTS: RefCell<BTreeMap<Count, u64>> = const { RefCell::new(BTreeMap::new()) };
}

pub fn add(count: Count, more: u64) {
    if more > 0 {
        COUNTS.with_borrow_mut(|counts| *counts.entry(count).or_default() += more);
    }
}

/// OpenMetrics 1.0 text.
pub fn text() -> String {
    let mut text = String::new();
    let mut family = "";
    COUNTS.with_borrow(|counts| {
        for (count, value) in counts {
            let (name, help, label) = count.described();
            if name != family {
                family = name;
                let _ = write!(text, "# TYPE {name} counter\n# HELP {name} {help}\n");
            }
            let _ = writeln!(text, "{name}_total{{{label}}} {value}");
        }
    });
    text + "# EOF\n"
}

impl Count {
    fn described(self) -> (&'static str, &'static str, String) {
        let object = |object: Object| format!("object=\"{}\"", object.name());
        match self {
            Count::Calls(it) => {
                ("seawall_object_calls", "Requests to objects, without WebSocket messages", object(it))
            }
            Count::RowsWritten(it) => ("seawall_rows_written", "Rows written, without alarms", object(it)),
            Count::AlarmsSet(it) => ("seawall_alarms_set", "Alarms set, a row written each", object(it)),
            Count::Refused(reason) => {
                ("seawall_refused", "Refused by a limit (LIMIT-1)", format!("reason=\"{reason}\""))
            }
        }
    }
}

impl Object {
    fn name(self) -> &'static str {
        match self {
            Object::Conversation => "conversation",
            Object::Site => "site",
            Object::OriginGate => "origin-gate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_open_metrics() {
        add(Count::Calls(Object::Site), 2);
        add(Count::Calls(Object::Conversation), 1);
        add(Count::Refused("too-fast"), 3);
        assert_eq!(
            text(),
            "# TYPE seawall_object_calls counter\n\
             # HELP seawall_object_calls Requests to objects, without WebSocket messages\n\
             seawall_object_calls_total{object=\"conversation\"} 1\n\
             seawall_object_calls_total{object=\"site\"} 2\n\
             # TYPE seawall_refused counter\n\
             # HELP seawall_refused Refused by a limit (LIMIT-1)\n\
             seawall_refused_total{reason=\"too-fast\"} 3\n\
             # EOF\n"
        );
    }
}
