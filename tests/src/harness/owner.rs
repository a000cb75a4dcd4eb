//! A site owner's page in a browser: calls the chat's API, and writes down what it hears.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::browser::{Browser, Look, Storage};
use super::customer::{Page, website};
use super::wait;

/// Before the script is there, as a page of a real customer does it.
pub const EARLY: &str = "window.heard = [];\
    window.Seawall ??= Object.assign((...call) => Seawall.q.push(call), { q: [] });\
    for (const event of ['ready', 'open', 'close', 'unread', 'message', 'sent', 'delivered', 'health', 'error'])\
    Seawall('on', event, (detail) => heard.push([event, detail]));";

pub struct Owner {
    pub browser: Browser,
    port: u16,
    _profile: TempDir,
}

impl Owner {
    /// A shop with the script's tag, `attributes` in it, that runs `early` before the script is there.
    pub async fn shop(edge_port: u16, attributes: &str, early: &str) -> Owner {
        Owner::with(edge_port, attributes, early, Storage::Allowed, Look::WIDE).await
    }

    pub async fn with(edge_port: u16, attributes: &str, early: &str, storage: Storage, look: Look) -> Owner {
        let profile = TempDir::new().expect("a folder for the profile");
        let browser = Browser::open(profile.path(), storage, look).await;
        Owner::of(browser, profile, edge_port, attributes, early).await
    }

    /// The same in a browser that is there.
    pub async fn of(
        browser: Browser,
        profile: TempDir,
        edge_port: u16,
        attributes: &str,
        early: &str,
    ) -> Owner {
        let tag = format!(
            r#"<script async nonce=n src="http://localhost:{edge_port}/seawall.js" {attributes}></script>"#
        );
        let early = format!("<script nonce=n>{EARLY}{early}</script>");
        let port = website(vec![Page::html("/", &early, &tag), Page::html("/other", "", "")]).await;
        let owner = Owner { browser, port, _profile: profile };
        owner.load().await;
        owner
    }

    /// On a website of its own making.
    pub async fn on(port: u16) -> Owner {
        let profile = TempDir::new().expect("a folder for the profile");
        let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
        let owner = Owner { browser, port, _profile: profile };
        owner.load().await;
        owner
    }

    /// The page, loaded anew.
    pub async fn load(&self) {
        self.browser.go(&self.url()).await;
    }

    /// Goes to a page without a chat, does something there, and comes back to the page that the browser has kept.
    pub async fn leaves_and_comes_back(&self, there: &str) {
        self.leaves().await;
        self.browser.script(there, vec![]).await;
        self.comes_back().await;
    }

    /// Goes to a page without a chat.
    pub async fn leaves(&self) {
        self.browser.script("window.kept = true; location.href = '/other'", vec![]).await;
        self.is_at("/other").await;
    }

    /// From there to the page, whether the browser has kept it or loads it anew.
    pub async fn goes_back(&self) {
        self.browser.client.back().await.expect("back");
        self.is_at("/").await;
    }

    /// From there to the page that the browser has kept.
    pub async fn comes_back(&self) {
        self.goes_back().await;
        let why = "return JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons)";
        let why = self.browser.script(why, vec![]).await;
        assert_eq!(self.browser.script("return window.kept", vec![]).await, json!(true), "not kept: {why}");
    }

    async fn is_at(&self, path: &str) {
        wait::until_true(&format!("{path} is there"), 30, || async {
            self.browser.client.current_url().await.is_ok_and(|url| url.path() == path)
        })
        .await;
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub async fn call(&self, arguments: &str) {
        self.browser.script(&format!("Seawall({arguments})"), vec![]).await;
    }

    /// The details of every such event so far.
    pub async fn heard(&self, event: &str) -> Vec<Value> {
        let script = "return heard.filter(([name]) => name === arguments[0]).map(([, detail]) => detail)";
        self.browser.script(script, vec![json!(event)]).await.as_array().cloned().unwrap_or_default()
    }

    pub async fn hears(&self, event: &str, fits: impl Fn(&Value) -> bool) {
        wait::until_ok(&format!("the event {event}"), 30, || async {
            let all = self.heard(event).await;
            if all.iter().any(&fits) { Ok(()) } else { Err(format!("; heard {all:?}")) }
        })
        .await;
    }

    pub async fn hears_error(&self, code: &str) {
        self.hears("error", |error| error["code"] == code).await;
    }

    /// Says something in the open chat and waits until it is safe.
    pub async fn says(&self, text: &str) {
        self.browser.enter_chat().await;
        self.browser.say(text).await;
        self.browser.state(text, &["Sent", "Delivered", "Seen"], 30).await;
        self.browser.leave_chat().await;
    }

    /// Waits until the chat reads this.
    pub async fn reads(&self, text: &str) {
        self.browser.enter_chat().await;
        self.browser.reads(text, 30).await;
        self.browser.leave_chat().await;
    }

    /// Nothing has gone wrong on the page.
    pub async fn is_well(self) {
        assert_eq!(self.browser.complaints().await, Vec::<String>::new());
        self.browser.quit().await;
    }
}
