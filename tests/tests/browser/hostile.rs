//! Pages that make it hard: the chat works on them, and they notice nothing of it.

use serde_json::json;
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::cdp::Chromium;
use tests::harness::customer::{Page, website};
use tests::harness::stack::Stack;
use tests::harness::tab::Tab;
use tests::harness::wait;

const MESSAGE: &str = "Do you ship to Norway?";

fn tag(port: u16) -> String {
    format!(r#"<script async nonce=n src="http://localhost:{port}/seawall.js" data-site=demo></script>"#)
}

async fn browser() -> (Browser, TempDir) {
    let profile = TempDir::new().expect("a folder for the profile");
    (Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await, profile)
}

/// Opens the chat on the page that is there and says something.
async fn asks(browser: &Browser) {
    browser.click("button", "Open chat").await;
    browser.enter_chat().await;
    browser.say(MESSAGE).await;
    browser.state(MESSAGE, &["Sent", "Delivered", "Seen"], 30).await;
    browser.leave_chat().await;
}

/// The same, and nothing may have gone wrong on the page.
async fn works(browser: &Browser, name: &str) {
    asks(browser).await;
    browser.click("button", "Close chat").await;
    browser.find("button", "Open chat").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new(), "{name}");
}

/// The conversation is there, and takes more.
async fn goes_on(browser: &Browser, text: &str) {
    browser.enter_chat().await;
    browser.reads(MESSAGE, 30).await;
    browser.say(text).await;
    browser.state(text, &["Sent", "Delivered"], 30).await;
    browser.leave_chat().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chat_works_on_pages_that_make_it_hard_and_they_notice_nothing() {
    let stack = Stack::start().await;
    let edge = stack.edge_port;
    let here = format!("http://localhost:{edge}");
    let script = |code: &str| format!("<script nonce=n>{code}</script>");
    let pages = vec![
        Page::html("/plain", "", &tag(edge)),
        Page::html("/in-head", &tag(edge), ""),
        Page::html("/strict-policy", "", &tag(edge)).with(&format!(
            "content-security-policy: default-src 'none'; script-src 'nonce-n' {here}; frame-src {here}"
        )),
        Page::html("/strict-dynamic", "", &tag(edge)).with(&format!(
            "content-security-policy: default-src 'none'; script-src 'nonce-n' 'strict-dynamic'; frame-src {here}; \
             base-uri 'none'; object-src 'none'"
        )),
        Page::html("/trusted-types", "", &tag(edge))
            .with("content-security-policy: require-trusted-types-for 'script'; trusted-types 'none'"),
        Page::html("/unset", "<style>* { all: unset !important; pointer-events: none }</style>", &tag(edge)),
        Page::html(
            "/patched",
            &script(
                "Object.prototype.extra = Array.prototype.extra = function () { throw Error('called') };\
                 Array.prototype.toJSON = () => 'wrong';\
                 Object.defineProperty(window, 'localStorage', { get() { throw Error('denied') } });\
                 document.createElement = ((make) => function (name) { return make.call(document, name) })(document.createElement);",
            ),
            &tag(edge),
        ),
        Page::html(
            "/listeners",
            &script(
                "for (const name of ['keydown', 'keyup', 'keypress', 'click', 'pointerdown', 'wheel', 'touchstart'])\
                 addEventListener(name, (e) => e.preventDefault(), { capture: true, passive: false });\
                 addEventListener('message', (e) => { throw Error('a message for us?') });\
                 addEventListener('focusin', (e) => e.stopImmediatePropagation(), true);",
            ),
            &tag(edge),
        ),
        Page::html("/twice", &tag(edge), &tag(edge)),
    ];
    let names: Vec<String> = pages.iter().map(|page| page.path.clone()).collect();
    let port = website(pages).await;
    let (browser, _profile) = browser().await;
    for name in names {
        browser.go(&format!("http://127.0.0.1:{port}{name}")).await;
        println!("{name}");
        works(&browser, &name).await;
        let globals = "return [document.querySelectorAll('seawall-chat').length,\
                       Object.keys(window).filter((name) => /seawall/i.test(name)).length]";
        assert_eq!(browser.script(globals, vec![]).await, json!([1, 1]), "{name}: one element, one global");
    }
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_replaces_its_body_keeps_the_chat_and_what_is_said_in_it() {
    let stack = Stack::start().await;
    let port = website(vec![Page::html("/", "", &tag(stack.edge_port))]).await;
    let (browser, _profile) = browser().await;
    browser.go(&format!("http://127.0.0.1:{port}/")).await;
    asks(&browser).await;
    let navigate = "history.pushState({}, '', '/blue-lantern');\
                    document.body.replaceWith(document.createElement('body'));\
                    document.body.append('The blue lantern')";
    browser.script(navigate, vec![]).await;
    goes_on(&browser, "And the blue one?").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_comes_long_after_the_page_does_what_was_asked_for_meanwhile() {
    let stack = Stack::start().await;
    let late = format!(
        r#"<script>
        window.Seawall = (...call) => Seawall.q.push(call);
        Seawall.q = [];
        Seawall("open");
        Seawall("send", "{MESSAGE}");
        addEventListener("load", () => setTimeout(() => {{
            const script = document.createElement("script");
            script.src = "http://localhost:{}/seawall.js";
            script.dataset.site = "demo";
            document.body.append(script);
        }}, 500));
        </script>"#,
        stack.edge_port
    );
    let port = website(vec![Page::html("/", &late, "")]).await;
    let (browser, _profile) = browser().await;
    browser.go(&format!("http://127.0.0.1:{port}/")).await;
    browser.find("button", "Close chat").await;
    browser.enter_chat().await;
    browser.state(MESSAGE, &["Sent", "Delivered", "Seen"], 30).await;
    browser.leave_chat().await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.quit().await;
}

/// With the second script there already, and without.
#[tokio::test(flavor = "multi_thread")]
async fn where_the_edge_is_gone_the_page_stays_well_and_the_chat_comes_when_the_edge_does() {
    let mut stack = Stack::start().await;
    let port = website(vec![Page::html("/", "", &tag(stack.edge_port))]).await;
    for knows_api in [false, true] {
        let (browser, _profile) = browser().await;
        browser.go(&format!("http://127.0.0.1:{port}/")).await;
        browser.find("button", "Open chat").await;
        if knows_api {
            browser.script("Seawall('on', 'ready', () => window.ready = 1)", vec![]).await;
            let ready = async || browser.script("return window.ready", vec![]).await == json!(1);
            wait::until_true("the API is there", 30, ready).await;
        }
        stack.kill_edge();
        browser.click("button", "Open chat").await;
        wait::until_reads("the panel", "Chat cannot be reached", 30, || panel(&browser)).await;
        stack.start_edge();
        stack.edge_answers().await;
        wait::until_true("the chat is there", 90, || async { panel(&browser).await.is_empty() }).await;
        browser.enter_chat().await;
        browser.say(MESSAGE).await;
        browser.state(MESSAGE, &["Sent", "Delivered"], 30).await;
        browser.leave_chat().await;
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        browser.quit().await;
    }
}

/// What the chat's place says itself, where there is no frame.
async fn panel(browser: &Browser) -> String {
    let script = "return document.querySelector('seawall-chat').shadowRoot.querySelector('div').textContent";
    browser.script(script, vec![]).await.as_str().unwrap_or_default().to_owned()
}

/// Something else answers in the edge's place, such as a captive portal.
#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_the_edges_place_does_the_page_no_harm() {
    let stack = Stack::start().await;
    let loader =
        stack.edge(reqwest::Method::GET, "127.0.0.1", "/seawall.js").send().await.expect("the loader");
    let loader = loader.text().await.expect("a script");
    for second in
        ["%%%", "export const start = 7", "<html>", "export const start = () => { throw Error('no') }"]
    {
        let file =
            |path: &str, body: &str| Page { path: path.to_owned(), body: body.to_owned(), ..Page::default() };
        let portal = website(vec![
            file("/seawall.js", &loader),
            file("/host.js", second),
            file("/frame/demo", "<h1>Log in to the hotel's network</h1>"),
        ])
        .await;
        let port = website(vec![Page::html("/", "", &tag(portal))]).await;
        let (browser, _profile) = browser().await;
        browser.go(&format!("http://127.0.0.1:{port}/")).await;
        browser.click("button", "Open chat").await;
        wait::until_reads("the panel", "Chat cannot be reached", 30, || panel(&browser)).await;
        assert_eq!(browser.complaints().await, Vec::<String>::new(), "{second}");
        browser.quit().await;
    }
}

/// The browser keeps the page as it is for "back", and the chat goes on where it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_an_open_chat_is_kept_for_going_back_and_the_chat_goes_on() {
    let stack = Stack::start().await;
    let there =
        "<script nonce=n>addEventListener('pageshow', (e) => { window.persisted = e.persisted })</script>";
    let pages = vec![Page::html("/", there, &tag(stack.edge_port)), Page::html("/other", "", "")];
    let port = website(pages).await;
    let (browser, _profile) = browser().await;
    browser.go(&format!("http://127.0.0.1:{port}/")).await;
    asks(&browser).await;
    for round in 0..2 {
        browser.script("location.href = '/other'", vec![]).await;
        wait::until_true("the other page is there", 30, || async {
            browser.client.current_url().await.is_ok_and(|url| url.path() == "/other")
        })
        .await;
        browser.client.back().await.expect("back");
        wait::until_true("the page is back", 30, || async {
            browser.client.current_url().await.is_ok_and(|url| url.path() == "/")
        })
        .await;
        let why = "return JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons)";
        let why = browser.script(why, vec![]).await;
        assert_eq!(browser.script("return window.persisted", vec![]).await, json!(true), "{round}: {why}");
        goes_on(&browser, &format!("Back again {round}")).await;
    }
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.quit().await;
}

/// An edge that takes a request and never answers: the page loads, and the chat can be closed again, on a phone as well, where it
/// covers everything.
#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_hangs_holds_no_page_up_and_traps_nobody() {
    let stack = Stack::start().await;
    let early = "<script nonce=n>window.Seawall = Object.assign((...call) => Seawall.q.push(call), { q: [] });\
                 addEventListener('load', () => Seawall('open'))</script>";
    let port = website(vec![Page::html("/", early, &tag(stack.edge_port))]).await;
    let chromium = Chromium::start().await;
    for held in ["*/host.js*", "*/frame/demo*", "*/widget*"] {
        let tab = Tab::of_a_stranger(&chromium).await;
        tab.size(360, 620, true).await;
        tab.order("Fetch.enable", json!({ "patterns": [{ "urlPattern": held }] })).await;
        tab.go(&format!("http://127.0.0.1:{port}/")).await;
        let chat = "document.querySelector('seawall-chat')?.shadowRoot";
        tab.until_page(&format!(
            "document.readyState == 'complete' && {chat}?.querySelector('div').className == 'true'"
        ))
        .await;
        // Its own button where there is a frame; without one, the launcher.
        if held == "*/frame/demo*" {
            let seen = format!("getComputedStyle({chat}.querySelector('button')).visibility == 'visible'");
            tab.until_page(&seen).await;
            tab.page(&format!("{chat}.querySelector('button').click(), true")).await;
        } else {
            let field = if held == "*/widget*" { "textarea" } else { "textarea[aria-describedby]" };
            tab.until_frame(&format!(
                "document.readyState != 'loading' && !!document.querySelector('{field}')"
            ))
            .await;
            tab.focus("textarea").await;
            tab.insert("Do you").await;
            assert_eq!(
                tab.frame("document.querySelector('textarea').value").await,
                Some(json!("Do you")),
                "{held}"
            );
        }
        if held == "*/widget*" {
            tab.frame("document.querySelector('.close').click(), true").await;
        }
        if held != "*/host.js*" {
            tab.until_page(&format!("{chat}.querySelector('div').className == 'false'")).await;
        }
        assert_eq!(tab.page("complaints").await, Some(json!([])), "{held}");
        tab.close().await;
    }
}

/// A page that takes every key for itself gets none of those that are typed into the chat.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_the_page_takes_for_itself_are_typed_into_the_chat_all_the_same() {
    let stack = Stack::start().await;
    let greedy = "<script nonce=n>window.taken = []; for (const name of ['keydown', 'keypress', 'keyup', 'beforeinput', 'input', 'paste'])\
                  addEventListener(name, (e) => { taken.push(e.key); e.preventDefault(); e.stopImmediatePropagation() }, true)</script>";
    let port = website(vec![Page::html("/", greedy, &tag(stack.edge_port))]).await;
    let chromium = Chromium::start().await;
    let tab = Tab::open(&chromium, &format!("http://127.0.0.1:{port}/")).await;
    tab.until_launcher().await;
    tab.page("Seawall('open')").await;
    tab.until_app().await;
    tab.focus("textarea").await;
    tab.insert(MESSAGE).await;
    tab.press("Enter").await;
    tab.until_frame("/Sent|Delivered/.test(document.querySelector('.state')?.textContent)").await;
    tab.press("Escape").await;
    tab.until_page(
        "document.querySelector('seawall-chat').shadowRoot.querySelector('div').className == 'false'",
    )
    .await;
    let keydowns = tab.page("taken.filter((key) => key == 'Enter').length").await;
    assert_eq!(keydowns, Some(json!(0)), "the page hears none of them");
    assert_eq!(tab.page("complaints").await, Some(json!([])));
}
