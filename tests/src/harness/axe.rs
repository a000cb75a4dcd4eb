//! What axe finds wrong with a page for people who see, hear or move differently.

use serde_json::Value;

use super::browser::Browser;
use super::stack::program;
use super::tab::Tab;

/// One line per violation: the rule, what is wrong, and where. A frame is a document of its own and not looked into.
pub async fn violations(browser: &Browser) -> Vec<String> {
    let axe = std::fs::read_to_string(program("SEAWALL_AXE")).expect("axe is installed");
    browser.script(&axe, vec![]).await;
    // What fades in has little contrast on the way.
    browser.still().await;
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

/// The same for the chat's frame in this tab, or for the page around it. Forced colours are the person's own: there nothing is
/// said of contrast, which axe would take from the colours that are not used.
pub async fn violations_in(tab: &Tab, frame: bool, forced_colours: bool) -> Vec<String> {
    let axe = std::fs::read_to_string(program("SEAWALL_AXE")).expect("axe is installed");
    let there = if frame { tab.frame("!!window.axe").await } else { tab.page("!!window.axe").await };
    if there != Some(Value::Bool(true)) {
        let axe = format!("{axe}; true");
        if frame {
            tab.frame(&axe).await
        } else {
            tab.page(&axe).await
        };
    }
    let run = format!(
        "axe.run(document, {{ iframes: false, resultTypes: ['violations'],\
         rules: {{ 'color-contrast': {{ enabled: {} }} }} }}).then(({{ violations, passes }}) =>\
         [`${{passes.length}}`, ...violations.map((v) => `${{v.id}}: ${{v.help}}: ${{v.nodes.map((n) =>\
         n.target.join(' ') + ' ' + n.any.map((one) => one.message).join(', ')).join('; ')}}`)])",
        !forced_colours
    );
    let found = if frame { tab.frame(&run).await } else { tab.page(&run).await };
    let found: Vec<String> = found.and_then(|found| serde_json::from_value(found).ok()).expect("axe runs");
    assert_ne!(found[0], "0", "axe has looked at nothing");
    found[1..].to_vec()
}
