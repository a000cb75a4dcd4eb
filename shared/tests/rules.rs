//! The rules' numbers: code, tests and PROTOCOL.md speak of the same ones.
#![cfg(feature = "serde")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const FAMILIES: [&str; 37] = [
    "FRAME",
    "LINK",
    "POLL",
    "HELLO",
    "RESUME",
    "STORE",
    "OUTBOX",
    "INBOX",
    "NAME",
    "ORDER",
    "ACK",
    "NACK",
    "KEEP",
    "CONTACT",
    "CONSENT",
    "ADOPT",
    "EPOCH",
    "MARK",
    "MODE",
    "RECONNECT",
    "CLOSE",
    "TOKEN",
    "EVENT",
    "SIGN",
    "RECEIPT",
    "COST",
    "SEND",
    "LIMIT",
    "LOG",
    "FORGET",
    "IDENTITY",
    "RETENTION",
    "STATUS",
    "CONNECTED",
    "SPREAD",
    "CLASS",
    "PACE",
];

/// Rule ids in a text, such as `ORDER-1`.
fn ids(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let id = |word: &&str| {
        word.split_once('-').is_some_and(|(family, number)| {
            FAMILIES.contains(&family) && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        })
    };
    words.filter(id).map(str::to_owned).collect()
}

/// Ids in names of tests, such as `fn order_1_nothing_is_stored_before_…`.
fn tested(text: &str) -> BTreeSet<String> {
    let names = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
    let id = |name: &str| {
        let mut parts = name.split('_');
        let (family, number) = (parts.next()?.to_uppercase(), parts.next()?);
        let known = FAMILIES.contains(&family.as_str()) && number.bytes().all(|b| b.is_ascii_digit());
        (known && !number.is_empty()).then(|| format!("{family}-{number}"))
    };
    names.filter_map(id).collect()
}

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "js") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap_or_default()));
        }
    }
}

#[test]
fn every_rule_is_written_down_and_every_rule_is_tested_or_says_why_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let protocol = fs::read_to_string(root.join("shared/PROTOCOL.md")).expect("PROTOCOL.md");
    let rules: BTreeSet<String> = protocol
        .lines()
        .filter_map(|line| line.strip_prefix("- **"))
        .flat_map(|line| ids(&line[..16]))
        .collect();
    assert!(rules.len() > 50, "{rules:?}");
    let excused = ids(protocol.split("## Not tested").nth(1).expect("a list of untested rules"));
    let mut found = Vec::new();
    for folder in
        ["shared/src", "shared/tests", "edge/src", "origin/src", "origin/tests", "widget/src", "console/src"]
            .into_iter()
            .chain(["tests/src", "tests/tests", "www"])
    {
        sources(&root.join(folder), &mut found);
    }
    let mut covered = BTreeSet::new();
    for (path, text) in &found {
        if path.ends_with("shared/tests/rules.rs") {
            continue;
        }
        let unknown: Vec<_> =
            ids(text).union(&tested(text)).filter(|id| !rules.contains(*id)).cloned().collect();
        assert!(unknown.is_empty(), "{path} names rules that PROTOCOL.md does not have: {unknown:?}");
        covered.extend(tested(text));
        if path.contains("/tests/") || path.ends_with("tests.rs") || path.contains("/simulation/") {
            covered.extend(ids(text));
        }
    }
    let open: Vec<_> = rules.iter().filter(|id| !covered.contains(*id) && !excused.contains(*id)).collect();
    assert!(open.is_empty(), "no test names {open:?}");
}
