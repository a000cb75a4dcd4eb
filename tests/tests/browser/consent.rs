//! A site whose visitors are asked before anything is stored in their browsers.

use serde_json::{Value, json};
use tests::harness::browser::Storage;
use tests::harness::cdp::Chromium;
use tests::harness::customer::{Page, website};
use tests::harness::ledger;
use tests::harness::person::Person;
use tests::harness::proxy::Proxy;
use tests::harness::stack::{ADA, Stack};
use tests::harness::tab::Tab;
use tests::harness::tokens::of_the_shop;
use tests::harness::wait;
use tests::harness::wire::Door;

/// What page or frame has stored; what it is denied holds nothing.
const STORED: &str = "(async () => { const of = async (look) => { try { return await look() } catch { return [] } };\
    return [document.cookie ? [document.cookie] : [], await of(() => Object.keys(localStorage)),\
    await of(() => Object.keys(sessionStorage)), await of(async () => (await indexedDB.databases()).map(({ name }) => name)),\
    await of(() => caches.keys())].flat() })()";

pub(crate) struct Visitor {
    pub(crate) browser: Chromium,
    pub(crate) tab: Tab,
    pub(crate) url: String,
    pub(crate) proxy: Proxy,
    profile: tempfile::TempDir,
}

impl Visitor {
    pub(crate) async fn arrives(stack: &Stack, storage: Storage) -> Visitor {
        Visitor::arrives_at(stack, storage, "data-site=demo data-consent=required").await
    }

    /// On a page whose tag has these attributes.
    pub(crate) async fn arrives_at(stack: &Stack, storage: Storage, attributes: &str) -> Visitor {
        let proxy = Proxy::start(stack.edge_port).await;
        let tag = format!(
            r#"<script async src="http://localhost:{}/seawall.js" {attributes}></script>"#,
            proxy.port
        );
        let port = website(vec![Page::html("/", "", &tag)]).await;
        let profile = tempfile::Builder::new().prefix("seawall-test-").tempdir().expect("a folder");
        let browser = Chromium::open(profile.path(), storage).await;
        let url = format!("http://127.0.0.1:{port}/");
        let tab = Tab::open(&browser, &url).await;
        Visitor { browser, tab, url, proxy, profile }
    }

    pub(crate) async fn opens(&self) {
        let press = "document.querySelector('seawall-chat')?.shadowRoot.querySelector('[aria-expanded=false]')?.click(),\
                     !!document.querySelector('seawall-chat')";
        self.tab.until_page(press).await;
        self.tab.until_app().await;
    }

    pub(crate) async fn says(&self, text: &str) {
        self.tab.focus("textarea").await;
        self.tab.insert(text).await;
        self.tab.press("Enter").await;
    }

    pub(crate) async fn shows(&self, text: &str, states: &[&str]) {
        let (text, states) = (json!(text), json!(states));
        let shown = format!(
            "[...document.querySelectorAll('[role=log] .bubble')].some((bubble) => bubble.textContent.includes({text})\
             && {states}.includes(bubble.dataset.state ?? ''))"
        );
        self.tab.until_frame(&shown).await;
    }

    /// Everything that is stored, wherever it is.
    async fn stored(&self) -> Vec<String> {
        let cookies = self.browser.cdp.call("", "Storage.getCookies", json!({})).await;
        let cookies = cookies["cookies"].as_array().cloned().unwrap_or_default();
        let mut stored: Vec<String> =
            cookies.iter().map(|cookie| format!("the cookie {}", cookie["name"])).collect();
        for (place, found) in [("page", self.tab.page(STORED).await), ("frame", self.tab.frame(STORED).await)]
        {
            let found: Vec<String> =
                found.and_then(|found| serde_json::from_value(found).ok()).unwrap_or_default();
            stored.extend(found.into_iter().map(|one| format!("{place}: {one}")));
        }
        stored
    }

    pub(crate) async fn is_stored(&self, wanted: impl Fn(&[String]) -> bool, what: &str) {
        wait::until_ok(what, 30, || async {
            let stored = self.stored().await;
            if wanted(&stored) { Ok(()) } else { Err(format!("; stored is {stored:?}")) }
        })
        .await;
    }

    pub(crate) async fn agrees(&self, given: bool) {
        self.tab.until_page("!!window.Seawall").await;
        self.tab.page(&format!("Seawall('setConsent', {given})")).await;
    }

    pub(crate) async fn has_nothing(&self) {
        let stored = self.stored().await;
        assert!(stored.is_empty(), "{stored:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_3_nothing_is_stored_before_the_visitor_agrees_and_nothing_is_left_when_they_do_so_no_more() {
    let stack = Stack::start().await;
    let cookie = stack.log_in(ADA).await;
    let delivered = ["delivered", "seen"];
    for (round, storage) in Storage::BOTH.into_iter().enumerate() {
        let visitor = Visitor::arrives(&stack, storage).await;
        visitor.opens().await;
        visitor.says("Before").await;
        visitor.shows("Before", &delivered).await;
        let lines = ledger::whole(&stack, 1 + round * 6, 30).await;
        let conversation = &lines.last().expect("a line").conversation;
        let agent = Person::agent(Door::conversation(stack.edge_port, &cookie, conversation));
        agent.write("An answer");
        visitor.shows("An answer", &[""]).await;
        // The link breaks, and the same conversation goes on.
        visitor.proxy.cut();
        visitor.says("Without a line").await;
        visitor.shows("Without a line", &["queued"]).await;
        let at_risk = "document.querySelector('[role=status]').innerText.includes('leave this page open until then: without your consent')";
        visitor.tab.until_frame(at_risk).await;
        visitor.proxy.mend();
        visitor.shows("Without a line", &delivered).await;
        visitor.shows("An answer", &[""]).await;
        visitor.tab.focus("textarea").await;
        visitor.tab.insert("A draft").await;
        visitor.has_nothing().await;
        visitor.tab.reload().await;
        visitor.has_nothing().await;
        visitor.opens().await;
        visitor.tab.until_frame("!!document.querySelector('.greeting')").await;
        assert_eq!(visitor.tab.frame("document.querySelector('textarea').value").await, Some(json!("")));

        visitor.says("With leave").await;
        visitor.shows("With leave", &delivered).await;
        visitor.agrees(true).await;
        visitor.is_stored(|stored| stored.iter().any(|one| one.contains("visitor")), "the cookie").await;
        visitor.is_stored(|stored| stored.contains(&"page: seawall-demo".to_owned()), "the flag").await;
        visitor.tab.reload().await;
        // It comes by itself.
        visitor.shows("With leave", &delivered).await;
        stack.fault(json!({ "kind": "down" })).await;
        visitor.opens().await;
        visitor.says("Kept").await;
        visitor.shows("Kept", &["sent", "delivered", "seen"]).await;
        visitor.tab.focus("textarea").await;
        visitor.tab.insert("Another draft").await;
        visitor.tab.reload().await;
        visitor.opens().await;
        visitor.shows("Kept", &["sent", "delivered", "seen"]).await;

        // The page loads anew, and says so before there is a chat.
        visitor.agrees(false).await;
        visitor.is_stored(<[String]>::is_empty, "nothing is left").await;
        stack.fault(json!({ "kind": "none" })).await;
        visitor.shows("With leave", &delivered).await;
        visitor.proxy.reset();
        visitor.says("In memory").await;
        visitor.shows("In memory", &delivered).await;
        visitor.shows("With leave", &delivered).await;
        visitor.has_nothing().await;
        let theirs = visitor.tab.page("complaints").await;
        assert_eq!(theirs, Some(Value::Array(vec![])));
        visitor.tab.reload().await;
        visitor.has_nothing().await;
        visitor.opens().await;
        visitor.tab.until_frame("!!document.querySelector('.greeting')").await;
        let lines = ledger::whole(&stack, 6 + round * 6, 60).await;
        assert_eq!(ledger::checked(&lines).len(), 2 + round * 2);
        let Visitor { mut browser, profile, .. } = visitor;
        browser.quit().await;
        drop(profile);
    }
    stack.assert_calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_3_what_was_stored_is_erased_also_by_a_page_on_which_nobody_opens_the_chat() {
    let stack = Stack::start().await;
    let visitor = Visitor::arrives(&stack, Storage::Allowed).await;
    visitor.agrees(true).await;
    visitor.opens().await;
    visitor.is_stored(|stored| stored.iter().any(|one| one.contains("visitor")), "the cookie").await;
    visitor.tab.reload().await;
    visitor.agrees(false).await;
    visitor.is_stored(<[String]>::is_empty, "nothing is left").await;
    // Nothing is there to be erased: nothing is fetched.
    visitor.tab.reload().await;
    visitor.agrees(false).await;
    visitor
        .tab
        .until_page("performance.getEntriesByType('resource').some(({ name }) => name.includes('/visit-'))")
        .await;
    let frames = visitor
        .tab
        .page("document.querySelector('seawall-chat').shadowRoot.querySelectorAll('iframe').length");
    assert_eq!(frames.await, Some(json!(0)));
    visitor
        .tab
        .page("Seawall('on', 'error', ({ code }) => window.told = code), Seawall('setConsent', 'yes')")
        .await;
    visitor.tab.until_page("window.told === 'unknown-consent'").await;
    let Visitor { mut browser, .. } = visitor;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_3_what_is_taken_back_in_one_tab_is_taken_back_in_all_whoever_is_there() {
    let stack = Stack::start().await;
    let delivered = ["delivered", "seen"];
    for storage in Storage::BOTH {
        let mut visitor = Visitor::arrives(&stack, storage).await;
        visitor.agrees(true).await;
        visitor.opens().await;
        visitor.says("As nobody").await;
        visitor.shows("As nobody", &delivered).await;

        // In another tab the site knows them.
        let other = Tab::open(&visitor.browser, &visitor.url).await;
        let nobody = std::mem::replace(&mut visitor.tab, other);
        visitor.agrees(true).await;
        let token = of_the_shop("a", "Vera", 3_600);
        visitor.tab.page(&format!("Seawall('identify', {{ token: '{token}' }})")).await;
        visitor.opens().await;
        visitor
            .tab
            .until_frame(
                "!!window.visitor?.conversation && !!document.querySelector('textarea[aria-describedby]')",
            )
            .await;
        visitor.says("As Vera").await;
        visitor.shows("As Vera", &delivered).await;
        visitor.proxy.cut();
        visitor.says("Kept for Vera").await;
        visitor.shows("Kept for Vera", &["queued"]).await;
        visitor.is_stored(|stored| stored.iter().any(|one| one.contains("seawall-demo-i")), "hers").await;
        visitor.proxy.mend();
        visitor.shows("Kept for Vera", &delivered).await;

        nobody.page("Seawall('setConsent', false)").await;
        visitor.is_stored(<[String]>::is_empty, "nothing is left").await;
        visitor.proxy.cut();
        visitor.says("In memory").await;
        visitor.shows("In memory", &["queued"]).await;
        let why = "document.querySelector('[role=status]').innerText.includes('without your consent nothing is stored')";
        visitor.tab.until_frame(why).await;
        visitor.has_nothing().await;
        visitor.proxy.mend();
        visitor.shows("In memory", &delivered).await;
        // A fresh document of hers asks for no cookie either.
        visitor.tab.page("Seawall('setLocale', 'de')").await;
        visitor.tab.until_frame("document.documentElement.lang === 'de' && !!document.querySelector('textarea[aria-describedby]')").await;
        visitor.shows("In memory", &delivered).await;
        visitor.has_nothing().await;
        visitor.browser.quit().await;
    }
    stack.assert_calm();
}
