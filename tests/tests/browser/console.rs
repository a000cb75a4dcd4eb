//! What an agent writes in the console while there is no network, and when a log in ends.

use reqwest::Method;
use serde_json::json;
use shared::session::MessageState;
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::fake_origin::FakeOrigin;
use tests::harness::ledger;
use tests::harness::person::Person;
use tests::harness::proxy::{Proxy, Weather};
use tests::harness::stack::{ADA, Stack};
use tests::harness::tokens::{AgentKey, now_s};
use tests::harness::wait;

/// What the browser's storage answers comes a second later.
const BUSY_DISK: &str = "Object.defineProperty(IDBTransaction.prototype, 'oncomplete', {\
    set(done) { this.addEventListener('complete', (event) => setTimeout(done, 1000, event)) } })";

/// To the line of the list that reads this.
async fn turn_to(agent: &Browser, text: &str) {
    let click = "const lines = document.querySelectorAll('[aria-label=Conversations] button');\
                 const line = [...lines].find((line) => line.innerText.includes(arguments[0])); line?.click(); return !!line";
    wait::until_true(&format!("a line {text:?}"), 30, || async {
        agent.client.execute(click, vec![json!(text)]).await.is_ok_and(|found| found == json!(true))
    })
    .await;
}

/// Once the texts that waited in one conversation's outbox were in the others', too.
#[tokio::test(flavor = "multi_thread")]
async fn keep_1_what_waits_in_one_conversation_of_an_agents_goes_to_that_one_and_to_no_other() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let mut visitors = Vec::new();
    for name in ["Vera", "Otto"] {
        let visitor = Person::visitor(stack.edge_port);
        visitor.live().await;
        visitor.write(&format!("I am {name}"));
        visitor.has_come(&format!("I am {name}"), &MessageState::Delivered, 30).await;
        visitors.push((visitor, name));
    }
    let profile = TempDir::new().expect("a folder for the profile");
    let agent = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    agent.log_in(proxy.port, ADA).await;
    for round in ["first", "second"] {
        for (_, name) in &visitors {
            turn_to(&agent, name).await;
            agent.reads(&format!("I am {name}"), 30).await;
        }
        proxy.cut();
        for (_, name) in &visitors {
            turn_to(&agent, name).await;
            let text = format!("The {round} for {name}");
            agent.say(&text).await;
            agent.state(&text, &["Queued"], 30).await;
            let foreign = if *name == "Vera" { "for Otto" } else { "for Vera" };
            assert!(!agent.log_text().await.contains(foreign), "{name}: {}", agent.log_text().await);
        }
        if round == "second" {
            // The page is gone with them, and what it has kept is sent by the next one, whichever conversation that shows.
            agent.go("about:blank").await;
            // Its disk is busy, and the edge is quick: once a session was over before it had found what it had to send.
            proxy.weather(Weather::Slow(300));
            agent.go(&format!("http://console.localhost:{}/?site=demo", proxy.port)).await;
            agent.script(BUSY_DISK, vec![]).await;
        }
        proxy.mend();
        for (visitor, name) in &visitors {
            let text = format!("The {round} for {name}");
            visitor.sees(&text, 60, |view| view.texts().contains(&text.as_str())).await;
        }
    }
    let lines = ledger::whole(&stack, 6, 60).await;
    for (_, name) in &visitors {
        let conversation =
            lines.iter().find(|line| line.text == format!("I am {name}")).map(|line| &line.conversation);
        let texts: Vec<_> = lines
            .iter()
            .filter(|line| Some(&line.conversation) == conversation)
            .map(|line| line.text.as_str())
            .collect();
        assert_eq!(
            texts,
            [format!("I am {name}"), format!("The first for {name}"), format!("The second for {name}")]
        );
    }
    ledger::checked(&lines);
    agent.quit().await;
}

/// What is an `id` in a page is a variable of its scripts: they once took a message for what they had not defined. Visitors choose no
/// names any more (NAME-1), origins do.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_messages_are_called_an_agent_reads_the_others_and_connects_again() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let visitor = Person::visitor(stack.edge_port);
    visitor.write("Hello?");
    visitor.has_come("Hello?", &MessageState::Delivered, 30).await;
    let conversation = visitor.view().conversation.expect("a conversation");
    for id in ["kept", "store", "takeLink", "visitor", "writer", "marks", "consent"] {
        let reply = json!({ "agent": "grace", "id": id, "text": format!("I am {id}, **really**") });
        let path = format!("/sites/demo/conversations/{conversation}/replies");
        let answer = stack.admin(Method::POST, &path).json(&reply).send().await.expect("an answer");
        assert_eq!(answer.status(), 202);
    }
    let otto = Person::visitor(stack.edge_port);
    otto.live().await;
    otto.write("I am Otto");
    otto.has_come("I am Otto", &MessageState::Delivered, 30).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let agent = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    agent.log_in(proxy.port, ADA).await;
    turn_to(&agent, "I am consent").await;
    agent.reads("I am kept, really", 30).await;
    proxy.cut();
    agent.say("Really?").await;
    agent.state("Really?", &["Queued"], 30).await;
    proxy.mend();
    visitor.sees("the answer", 60, |view| view.texts().contains(&"Really?")).await;
    agent.state("Really?", &["Delivered", "Seen"], 60).await;
    turn_to(&agent, "Otto").await;
    agent.reads("I am Otto", 30).await;
    agent.say("Hello, Otto").await;
    otto.sees("Hello, Otto", 60, |view| view.texts().contains(&"Hello, Otto")).await;
    agent.quit().await;
}

/// Once the console went on reading for as long as its sockets held.
#[tokio::test(flavor = "multi_thread")]
async fn link_6_at_the_end_of_a_log_in_the_console_asks_for_another_and_keeps_what_was_typed() {
    let origin = FakeOrigin::start(AgentKey::new("k1", 7)).await;
    let stack = Stack::in_front_of(origin.port).await;
    let visitor = Person::visitor(stack.edge_port);
    visitor.live().await;
    visitor.write("I am Vera");
    visitor.has_come("I am Vera", &MessageState::Delivered, 30).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let agent = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    let life_s = 20;
    origin.lets_in_for(life_s as i64);
    agent.log_in(stack.edge_port, ADA).await;
    let over_s = now_s() + life_s;
    turn_to(&agent, "I am Vera").await;
    agent.reads("I am Vera", 30).await;
    let draft = "return document.querySelector('textarea')?.value";
    agent.fill("Message", "I was just about to").await;
    wait::until_true("the log in is over", 60, || async { now_s() >= over_s }).await;
    visitor.write("What is the password?");
    visitor.has_come("What is the password?", &MessageState::Sent, 30).await;
    agent.page_reads("Log in again; what you wrote is kept", 30).await;
    let page = agent.script("return document.body.innerText", vec![]).await;
    assert!(!page.to_string().contains("What is the password?"), "told after the end: {page}");

    origin.lets_in_for(3_600);
    agent.fill("E-mail", ADA.0).await;
    agent.fill("Password", ADA.1).await;
    agent.click("button", "Log in").await;
    agent.reads("What is the password?", 30).await;
    assert_eq!(agent.script(draft, vec![]).await, json!("I was just about to"));
    agent.say("I was just about to").await;
    visitor.sees("the answer", 30, |view| view.texts().contains(&"I was just about to")).await;
    agent.quit().await;
}
