//! What axe finds wrong with a page for people who see, hear or move differently.

use serde_json::Value;

use super::browser::Browser;
use super::stack::program;

/// One line per violation: the rule, what is wrong, and where. A frame is a document of its own and not looked into.
pub async fn violations(browser: &Browser) -> Vec<String> {
    let axe = std::fs::read_to_string(program("SEAWALL_AXE")).expect("axe is installed");
    browser.script(&axe, vec![]).await;
    let run = "const done = arguments[0];\
               axe.run(document, { iframes: false, resultTypes: ['violations'] }).then(\
               ({ violations, passes }) => done([passes.length, ...violations.map((v) =>\
               `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)]),\
               (error) => done([0, String(error)]))";
    let found = browser.client.execute_async(run, vec![]).await.expect("axe runs");
    let Some((passes, violations)) = found.as_array().and_then(|found| found.split_first()) else {
        panic!("axe says {found}")
    };
    assert!(passes.as_u64() > Some(0), "axe has looked at nothing: {violations:?}");
    violations.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
