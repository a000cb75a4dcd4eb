//! What a site owner calls and hears.

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::customer::{Page, website};
use tests::harness::owner::Owner;
use tests::harness::stack::{ADA, Stack, program};
use tests::harness::wait;

async fn shop(stack: &Stack) -> Owner {
    Owner::shop(stack.edge_port, "data-site=demo", "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_owner_opens_writes_and_hears_of_everything() {
    let stack = Stack::start().await;
    let owner = shop(&stack).await;
    let browser = &owner.browser;
    owner.hears("ready", |_| true).await;
    let frames = "return document.querySelector('seawall-chat').shadowRoot.querySelectorAll('iframe').length";
    assert_eq!(browser.script(frames, vec![]).await, json!(0), "listening alone opens no frame");

    owner.call("'prefill', 'I look for a lantern'").await;
    owner.call("'open'").await;
    owner.call("'open'").await;
    owner.hears("open", |_| true).await;
    owner.hears("health", |health| health["link"] == "live" && health["truth"] == "away").await;
    browser.enter_chat().await;
    let composer = "return document.querySelector('textarea').value";
    wait::until_true("the composer is filled", 30, || async {
        browser.script(composer, vec![]).await == json!("I look for a lantern")
    })
    .await;
    browser.leave_chat().await;

    owner.call("'send', 'Hello from the page'").await;
    owner.hears("sent", |sent| sent["seq"] == 1).await;
    owner.hears("delivered", |delivered| delivered["seq"] == 1).await;
    browser.enter_chat().await;
    browser.state("Hello from the page", &["Sent", "Delivered"], 30).await;
    assert_eq!(browser.script(composer, vec![]).await, json!("I look for a lantern"), "a draft stays");
    // What is there already is not written over.
    browser.leave_chat().await;
    owner.call("'prefill', 'Something else'").await;
    owner.call("'close'").await;
    owner.hears("close", |_| true).await;

    let profile = TempDir::new().expect("a folder");
    let agent = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    agent.log_in(stack.edge_port, ADA).await;
    owner.hears("health", |health| health["truth"] == "well" && health["agents"] == 1).await;
    agent.turn_to_first().await;
    agent.reads("Hello from the page", 30).await;
    agent.say("Good morning!").await;
    owner.hears("message", |message| message["seq"] == 2).await;
    owner.hears("unread", |unread| unread["count"] == 1).await;
    let badge = "return document.querySelector('seawall-chat').shadowRoot.querySelector('b').textContent";
    assert_eq!(browser.script(badge, vec![]).await, json!("1"));
    let words = browser.script("return JSON.stringify(heard)", vec![]).await;
    assert!(!words.as_str().unwrap_or_default().contains("Good morning"), "the page does not read messages");
    owner.call("'toggle'").await;
    owner.hears("unread", |unread| unread["count"] == 0).await;
    browser.enter_chat().await;
    assert_eq!(browser.script(composer, vec![]).await, json!("I look for a lantern"), "as it was");
    browser.leave_chat().await;

    assert_eq!(owner.heard("open").await.len(), 2);
    assert_eq!(owner.heard("error").await, Vec::<Value>::new());
    for (arguments, code) in [
        ("'fly'", "unknown-method"),
        ("'constructor'", "unknown-method"),
        ("'send', 7", "no-text"),
        ("'on', 'nothing', () => 0", "unknown-event"),
        ("'on', 'constructor', () => 0", "unknown-event"),
        ("'off', 'constructor', () => 0", "unknown-event"),
        ("'off', 'nothing'", "unknown-event"),
        ("'on', 'open', 7", "no-function"),
        ("'setTheme', 'pink'", "unknown-theme"),
    ] {
        owner.call(arguments).await;
        // Some of them are of a file that comes with the first one.
        owner.hears_error(code).await;
        assert_eq!(owner.heard("error").await.len(), 1, "{arguments}");
        browser.script("heard.length = 0", vec![]).await;
    }
    agent.quit().await;
    owner.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_throws_stops_nobody_else() {
    let stack = Stack::start().await;
    let owner = shop(&stack).await;
    let browser = &owner.browser;
    let handlers = "const script = document.createElement('script'); document.head.append(Object.assign(script, { text:\
                    `Seawall('on', 'open', () => { throw Error('of the page') });\
                     Seawall('on', 'open', () => window.second = 1)` }))";
    browser.script(handlers, vec![]).await;
    owner.call("'open'").await;
    wait::until_true("the second is called", 30, || async {
        browser.script("return window.second", vec![]).await == json!(1)
    })
    .await;
    // Told as any error of the page's own.
    let complaints = browser.complaints().await;
    assert!(complaints.iter().any(|one| one.contains("of the page")), "{complaints:?}");
    owner.browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_theme_is_put_on_and_taken_off_again() {
    let stack = Stack::start().await;
    let owner = shop(&stack).await;
    let browser = &owner.browser;
    owner.call("'setTheme', 'dark'").await;
    owner.call("'open'").await;
    for (theme, background) in [
        ("dark", "rgb(18, 25, 31)"),
        ("light", "rgb(255, 255, 255)"),
        ("auto", "rgb(255, 255, 255)"),
        ("dark", "rgb(18, 25, 31)"),
    ] {
        owner.call(&format!("'setTheme', '{theme}'")).await;
        browser.enter_chat().await;
        let ground = "return getComputedStyle(document.querySelector('.chat')).backgroundColor";
        wait::until_reads(theme, background, 30, || async {
            browser.script(ground, vec![]).await.as_str().unwrap_or_default().to_owned()
        })
        .await;
        browser.leave_chat().await;
    }
    owner.browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_is_gone_and_the_next_conversation_is_a_new_one() {
    let stack = Stack::start().await;
    let owner = shop(&stack).await;
    let browser = &owner.browser;
    owner.call("'open'").await;
    // Kept in the browser until the origin has it.
    stack.fault(json!({ "kind": "down" })).await;
    owner.call("'send', 'My number is 555'").await;
    owner.hears("sent", |_| true).await;
    owner.call("'forget'").await;
    wait::until_true("the chat begins anew", 30, || async {
        browser.enter_chat().await;
        let empty = browser.log_text().await.contains("How can we help?");
        browser.leave_chat().await;
        empty
    })
    .await;
    let kept = browser.script("return Object.keys(localStorage)", vec![]).await;
    assert_eq!(
        kept,
        json!(["seawall:demo"]),
        "nothing is left on the page either, but that the fresh chat may have a cookie"
    );
    owner.call("'send', 'Hello again'").await;
    browser.enter_chat().await;
    browser.state("Hello again", &["Sent", "Delivered"], 30).await;
    assert!(!browser.log_text().await.contains("555"));
    browser.leave_chat().await;
    owner.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_destroy_the_page_is_as_it_was_and_the_script_may_come_again() {
    let stack = Stack::start().await;
    let owner = shop(&stack).await;
    let browser = &owner.browser;
    owner.call("'open'").await;
    owner.hears("health", |health| health["link"] == "live").await;
    owner.call("'hide'").await;
    browser.gone("button", "Open chat").await;
    owner.call("'show'").await;
    browser.find("button", "Open chat").await;
    owner.call("'destroy'").await;
    let left = "return [document.querySelectorAll('seawall-chat').length, typeof window.Seawall]";
    assert_eq!(browser.script(left, vec![]).await, json!([0, "undefined"]));
    let again = "const s = document.createElement('script'); s.src = document.querySelector('script[data-site]').src;\
                 s.dataset.site = 'demo'; document.body.append(s)";
    browser.script(again, vec![]).await;
    browser.click("button", "Open chat").await;
    browser.enter_chat().await;
    browser.say("Here again").await;
    browser.state("Here again", &["Sent", "Delivered"], 30).await;
    browser.leave_chat().await;
    owner.is_well().await;
}

/// As an application that is built from modules has it: from the packed tarball.
#[tokio::test(flavor = "multi_thread")]
async fn the_npm_package_puts_one_chat_on_the_page_and_takes_it_off_again() {
    let stack = Stack::start().await;
    let module = std::fs::read_to_string(program("SEAWALL_CHAT_PACKAGE").join("index.js")).expect("packed");
    let page = format!(
        "<script type=module>import {{ load }} from '/index.js'; window.heard = []; window.make = () => {{\
         const settings = {{ edge: 'http://localhost:{}', site: 'demo', theme: 'dark' }};\
         window.chat = load(settings); load(settings).on('ready', () => heard.push(['ready', {{}}]));\
         window.stop = chat.on('sent', (detail) => heard.push(['sent', detail])); }}; make()</script>",
        stack.edge_port
    );
    let file = Page { path: "/index.js".to_owned(), body: module, ..Page::default() };
    let port = website(vec![Page::html("/", &page, ""), file]).await;
    let owner = Owner::on(port).await;
    let browser = &owner.browser;
    owner.hears("ready", |_| true).await;
    let there = "return [document.querySelectorAll('seawall-chat').length,\
                 document.querySelectorAll('script[data-site]').length, typeof window.Seawall]";
    assert_eq!(browser.script(there, vec![]).await, json!([1, 1, "function"]));
    browser.script("chat.open(); chat.send('From a module')", vec![]).await;
    owner.hears("sent", |sent| sent["seq"] == 1).await;
    browser.script("stop(); chat.destroy()", vec![]).await;
    assert_eq!(browser.script(there, vec![]).await, json!([0, 0, "undefined"]));
    browser.script("heard.length = 0; make(); chat.open()", vec![]).await;
    owner.hears("ready", |_| true).await;
    browser.enter_chat().await;
    browser.reads("From a module", 30).await;
    browser.leave_chat().await;
    owner.is_well().await;
}

/// As above; what must run is written in the page's own source.
#[tokio::test(flavor = "multi_thread")]
async fn the_npm_package_pins_the_script_and_no_other_one_runs() {
    let stack = Stack::start().await;
    let module = std::fs::read_to_string(program("SEAWALL_CHAT_PACKAGE").join("index.js")).expect("packed");
    let pinned =
        std::fs::read_to_string(program("SEAWALL_DIST").join("assets/integrity.json")).expect("built");
    let page = format!(
        "<script type=module>import {{ load }} from '/index.js'; window.heard = []; const edge = 'http://localhost:{}';\
         window.make = (pinned) => {{ window.chat = load({{ edge, site: 'demo', pinned }});\
         chat.on('ready', () => heard.push(['ready', {{}}])); chat.on('sent', (detail) => heard.push(['sent', detail])) }}</script>",
        stack.edge_port
    );
    let file = Page { path: "/index.js".to_owned(), body: module, ..Page::default() };
    let port = website(vec![Page::html("/", &page, ""), file]).await;
    let owner = Owner::on(port).await;
    let browser = &owner.browser;
    wait::until_true("the module is there", 30, || async {
        browser.script("return !!window.make", vec![]).await == json!(true)
    })
    .await;

    // Half a promise is none.
    let half = "try { make({ script: '/seawall.js' }) } catch (error) { return [error.name, document.querySelectorAll('script[data-site]').length, typeof window.Seawall] }";
    assert_eq!(browser.script(half, vec![]).await, json!(["TypeError", 0, "undefined"]));
    // Another file than was pinned: nothing runs, and the page goes on as if there were none.
    let pin: Value = serde_json::from_str(&pinned).expect("JSON");
    let another = json!({ "script": pin["script"], "integrity": format!("sha384-{}", "A".repeat(64)) });
    browser.script("make(arguments[0]); chat.send('To nobody')", vec![another]).await;
    wait::until_true("the wrong script is taken away", 30, || async {
        let gone = "return [document.querySelectorAll('script[data-site]').length, typeof window.Seawall]";
        browser.script(gone, vec![]).await == json!([0, "undefined"])
    })
    .await;
    assert_eq!(
        browser.script("return document.querySelectorAll('seawall-chat').length", vec![]).await,
        json!(0)
    );

    browser
        .script("heard.length = 0; make(arguments[0]); chat.open(); chat.send('Pinned')", vec![pin.clone()])
        .await;
    owner.hears("sent", |sent| sent["seq"] == 1).await;
    let tag = "const { src, integrity, crossOrigin } = document.querySelector('script[data-site]'); return [new URL(src).pathname, integrity, crossOrigin,\
               performance.getEntriesByType('resource').filter(({ name }) => /seawall\\.js|host\\.js/.test(name)).length]";
    assert_eq!(browser.script(tag, vec![]).await, json!([pin["script"], pin["integrity"], "anonymous", 0]));
    browser.script("chat.destroy()", vec![]).await;
    let left =
        "return [document.querySelectorAll('seawall-chat, script[data-site]').length, typeof window.Seawall]";
    assert_eq!(browser.script(left, vec![]).await, json!([0, "undefined"]));
    owner.browser.quit().await;
}

/// The chat may be live before the page's second script has come.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_speaks_to_the_chat_late_hears_how_it_is_at_once() {
    let stack = Stack::start().await;
    let here = stack.edge_url("localhost");
    let port =
        website(vec![Page::html("/", "", &format!("<iframe src='{here}/frame/demo'></iframe>"))]).await;
    let owner = Owner::on(port).await;
    let browser = &owner.browser;
    browser.enter_chat().await;
    browser.status_reads("Our agents are away.", 30).await;
    browser.leave_chat().await;
    let begin = "window.heard = []; const { port1, port2 } = new MessageChannel();\
                 port1.onmessage = ({ data }) => data.event && heard.push([data.event, data.detail]);\
                 document.querySelector('iframe').contentWindow.postMessage({ shown: true }, arguments[0], [port2])";
    browser.script(begin, vec![json!(here)]).await;
    owner.hears("health", |health| health["link"] == "live" && health["truth"] == "away").await;
    owner.browser.quit().await;
}
