//! A visitor and an agent talk, the origin dies, they talk on.

use serde_json::json;
use tests::harness::browser::{Browser, Storage};
use tests::harness::ledger;
use tests::harness::pair::Pair;
use tests::harness::stack::Stack;

/// The origin dies and comes back so many times while messages are timed: what else this machine does then weighs on both
/// sides of the comparison alike.
const ROUNDS: usize = 4;
const HTML: &str = "<b>Bold</b> <img src=x onerror=\"window.broken = 1\"> <script>broken = 1</script> &amp;";
/// Messages timed in each half of a round.
const TIMED: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn they_talk_on_while_the_origin_is_dead_where_the_browser_keeps_things() {
    story(Storage::Allowed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_talk_on_while_the_origin_is_dead_where_the_browser_keeps_nothing() {
    story(Storage::Denied).await;
}

async fn story(storage: Storage) {
    let stack = Stack::start().await;
    let pair = Pair::open(storage).await;
    let (visitor, agent) = (&pair.visitor, &pair.agent);
    pair.begin(&stack).await;

    // Typing both ways.
    agent.fill("Message", "W").await;
    visitor.page_reads("is typing", 30).await;
    agent.say("We do, twice a week.").await;
    visitor.reads("We do, twice a week.", 30).await;
    agent.state("We do, twice a week.", &["Seen"], 30).await;
    // HTML is text, on both screens: it neither shows as something else nor runs.
    visitor.say(HTML).await;
    for person in [agent, visitor] {
        person.reads(HTML, 30).await;
        let made = "return document.querySelectorAll('[role=log] :is(img, script, b)').length + (window.broken || 0)";
        assert_eq!(person.script(made, vec![]).await, json!(0));
    }

    let (mut before, mut during) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        stack.mend().await;
        before.extend(talk(visitor, agent, &format!("before {round}")).await);
        stack.fault(json!({ "kind": "down" })).await;
        during.extend(talk(visitor, agent, &format!("during {round}")).await);
    }
    let (before, during) = (median(before), median(during));
    stack.wait_for_mode("holding", 30).await;
    println!(
        "{storage:?}: visitor to agent's screen, median of {}: {before} ms with the origin, {during} ms while it is dead",
        ROUNDS * TIMED
    );
    // A message that waited for the origin would come seconds late. On a busy machine medians of some 50 ms differ by
    // as much as this.
    assert!(during <= (before * 1.5).max(before + 100.0), "{before} ms before, {during} ms during");

    // The agent reloads the console and is still logged in.
    agent.client.refresh().await.expect("reloads");
    agent.find("[aria-label=Conversations]", "Conversations").await;
    agent.turn_to_first().await;
    agent.reads("We do, twice a week.", 30).await;
    agent.say("Still here, by the way.").await;

    // The visitor reloads the page and sees everything.
    visitor.reads("Still here, by the way.", 30).await;
    let all = visitor.messages().await;
    visitor.client.enter_parent_frame().await.expect("the page itself");
    visitor.client.refresh().await.expect("reloads");
    visitor.click("button", "Open chat").await;
    visitor.enter_chat().await;
    visitor.reads("Still here, by the way.", 30).await;
    assert_eq!(visitor.messages().await, all);
    let status = visitor.status_text().await;
    assert_eq!(status, "", "holding with an agent connected is an ordinary chat");

    // The agent leaves.
    pair.agent.quit().await;
    visitor.status_reads("Our agents are away. Your messages are safe and will be answered.", 30).await;
    visitor.say("Good to know.").await;
    visitor.state("Good to know.", &["Sent"], 30).await;

    stack.mend().await;
    let written = all.len() + 1;
    let mut expected = all;
    expected.push("Good to know.".to_owned());
    assert_eq!(ledger::texts(&stack, written, 10).await, expected);
    visitor.state("Good to know.", &["Delivered"], 30).await;
    pair.visitor.quit().await;
}

/// Sends messages one by one and measures, by the two pages' own clocks (one machine, one clock), from the key press to
/// the agent's screen.
async fn talk(visitor: &Browser, agent: &Browser, word: &str) -> Vec<f64> {
    let watch = "window.shownAt = {}; new MutationObserver(() => {\
        for (const bubble of document.querySelectorAll('[role=log] .bubble')) {\
            const text = bubble.textContent.split(' #')[0]; window.shownAt[text] ??= Date.now(); } })\
        .observe(document.body, { childList: true, subtree: true, characterData: true })";
    agent.script(watch, vec![]).await;
    let listen = "window.pressedAt = {}; document.addEventListener('keydown', (event) => {\
        if (event.key == 'Enter') window.pressedAt[event.target.value.split(' #')[0]] = Date.now(); }, true)";
    visitor.script(listen, vec![]).await;
    let mut times = Vec::new();
    for n in 0..TIMED {
        let name = format!("{word} {n}");
        // Behind the mark stands what the state's words could be confused with.
        visitor.say(&format!("{name} #")).await;
        agent.reads(&format!("{name} #"), 30).await;
        let shown = agent.script("return window.shownAt[arguments[0]] || 0", vec![json!(name)]).await;
        let pressed = visitor.script("return window.pressedAt[arguments[0]] || 0", vec![json!(name)]).await;
        let (shown, pressed) = (shown.as_f64().unwrap_or_default(), pressed.as_f64().unwrap_or_default());
        assert!(shown > 0.0 && pressed > 0.0, "{name}: pressed {pressed}, shown {shown}");
        times.push(shown - pressed);
    }
    times
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
