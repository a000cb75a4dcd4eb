//! Makes a plan happen, in a Chromium behind a network of its own, and checks the end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::harness::browser::Storage;
use crate::harness::cdp::Chromium;
use crate::harness::customer::{Page, website};
use crate::harness::ledger::{self, Line};
use crate::harness::person::Person;
use crate::harness::proxy::{Proxy, Weather};
use crate::harness::stack::{ADA, Stack};
use crate::harness::tab::Tab;
use crate::harness::wait;
use crate::harness::wire::Door;

use super::expected::Expected;
use super::plan::{Plan, Step};

/// What several stories share.
pub struct World {
    pub stack: Stack,
    /// Ada's, who answers in all of them.
    cookie: String,
    /// Stories that want the origin dead. It lives where nobody does.
    without_origin: tokio::sync::Mutex<Vec<u64>>,
}

impl World {
    pub async fn start() -> World {
        let stack = Stack::start().await;
        let cookie = stack.log_in(ADA).await;
        World { stack, cookie, without_origin: tokio::sync::Mutex::default() }
    }

    async fn origin(&self, story: u64, dead: bool) {
        let mut wanted = self.without_origin.lock().await;
        wanted.retain(|other| *other != story);
        if dead {
            wanted.push(story);
        }
        self.stack.fault(json!({ "kind": if wanted.is_empty() { "none" } else { "down" } })).await;
    }

    /// After a story that broke, so that the others go on as if it had ended.
    pub async fn ended(&self, story: u64) {
        self.origin(story, false).await;
    }
}

/// What happened so far, for a failure.
pub type Told = Arc<Mutex<Vec<String>>>;

/// One of the visitor's tabs.
struct Open {
    tab: Tab,
    /// Counts loads of pages: each is a writer of its own.
    load: usize,
    /// What the composer must hold.
    draft: String,
}

pub struct Teller<'a> {
    world: &'a World,
    plan: Plan,
    told: Told,
    began: Instant,
    proxy: Proxy,
    url: String,
    profile: TempDir,
    browser: Chromium,
    /// Once there is a conversation to open.
    agent: Option<Person>,
    tabs: Vec<Open>,
    /// The one in front.
    front: usize,
    offline: bool,
    loads: usize,
    words: usize,
    expected: Expected,
}

/// Goes before the script, as a page of a real customer does it.
const WATCH: &str = "<script nonce=n>window.Seawall ??= Object.assign((...call) => Seawall.q.push(call), { q: [] });\
    Seawall('on', 'error', ({ code }) => complaints.push('seawall ' + code));\
    Seawall('on', 'health', ({ link }) => (window.wasLive ||= link === 'live'))</script>";
/// Nothing before the frame's script has run: until then a field takes typing and Enter is a new line.
const COMPOSER: &str = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd > 0\
    && document.querySelector('textarea') ? document.querySelector('textarea').value : null";
const APP: &str = "!!document.querySelector('textarea[aria-describedby]')";
/// As it is once everything has been drawn; nothing where this tab is not in front.
const ROWS: &str = "new Promise((done) => { setTimeout(done, 500, null);\
    requestAnimationFrame(() => requestAnimationFrame(() => done(\
    [...document.querySelectorAll('[role=log] .bubble:has(.text)')].map((bubble) =>\
    [bubble.querySelector('.text').textContent, bubble.dataset.state])))) })";

impl<'a> Teller<'a> {
    /// A visitor who opens the chat for the first time.
    async fn begin(world: &'a World, plan: Plan, told: Told) -> Teller<'a> {
        let proxy = Proxy::start(world.stack.edge_port).await;
        proxy.weather(plan.beginning);
        let tag = format!(
            r#"<script async nonce=n src="http://localhost:{}/seawall.js" data-site=demo></script>"#,
            proxy.port
        );
        let port = website(vec![Page::html("/", WATCH, &tag)]).await;
        let profile = tempfile::Builder::new().prefix("seawall-test-").tempdir().expect("a folder");
        let browser = Chromium::open(profile.path(), plan.storage).await;
        let mut teller = Teller {
            url: format!("http://127.0.0.1:{port}/"),
            began: Instant::now(),
            expected: Expected::default(),
            agent: None,
            tabs: Vec::new(),
            front: 0,
            offline: false,
            loads: 0,
            words: 0,
            world,
            plan,
            told,
            proxy,
            profile,
            browser,
        };
        teller.open_tab().await;
        teller
    }

    fn note(&self, what: &str) {
        let line = format!("{:6} ms  {what}", self.began.elapsed().as_millis());
        self.told.lock().expect("a story").push(line);
    }

    fn front(&self) -> &Open {
        &self.tabs[self.front]
    }

    fn next_load(&mut self) -> usize {
        self.loads += 1;
        self.loads
    }

    async fn open_tab(&mut self) {
        let tab = Tab::open(&self.browser, &self.url).await;
        tab.offline(self.offline).await;
        let load = self.next_load();
        self.tabs.push(Open { tab, load, draft: String::new() });
        self.front = self.tabs.len() - 1;
        self.open_chat().await;
    }

    /// Presses the launcher, where there is one.
    async fn open_chat(&self) {
        let press = "document.querySelector('seawall-chat')?.shadowRoot.querySelector('[aria-expanded=false]')?.click(),\
                     !!document.querySelector('seawall-chat')";
        self.soon(|| async { self.front().tab.page(press).await == Some(json!(true)) }).await;
    }

    /// Whether it is so within a moment: a network may keep it from us for ever.
    async fn soon<F: Future<Output = bool>>(&self, mut look: impl FnMut() -> F) -> bool {
        let until = Instant::now() + Duration::from_millis(800);
        while !look().await {
            if Instant::now() > until {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }

    /// Whether somebody can type now; what was typed before must be there.
    async fn composer(&self) -> bool {
        let Open { tab, draft, .. } = self.front();
        self.open_chat().await;
        if !self.soon(|| self.is_ready(tab)).await {
            self.note("  there is no composer now");
            return false;
        }
        self.holds(draft).await;
        true
    }

    async fn is_ready(&self, tab: &Tab) -> bool {
        let app = self.plan.hasty || tab.frame(APP).await == Some(json!(true));
        app && tab.frame(COMPOSER).await.is_some_and(|value| value.is_string())
    }

    async fn holds(&self, text: &str) {
        wait::until_ok(&format!("the composer holds {text:?}"), 10, || async {
            let value = self.front().tab.frame(COMPOSER).await;
            if value == Some(json!(text)) {
                return Ok(());
            }
            Err(format!("; it holds {value:?} {}", self.front().tab.looks().await))
        })
        .await;
    }

    async fn write(&mut self) {
        self.words += 1;
        let text = format!("s{}.{}", self.plan.seed, self.words);
        let Open { tab, draft, .. } = &mut self.tabs[self.front];
        tab.focus("textarea").await;
        let more = if draft.is_empty() { text } else { format!(" {text}") };
        tab.insert(&more).await;
        draft.push_str(&more);
        let draft = draft.clone();
        self.holds(&draft).await;
    }

    async fn send(&mut self) {
        if !self.composer().await {
            return;
        }
        if self.front().draft.is_empty() {
            self.write().await;
        }
        let Open { tab, load, draft } = &mut self.tabs[self.front];
        tab.focus("textarea").await;
        let (text, load) = (std::mem::take(draft), *load);
        let app = tab.frame(APP).await == Some(json!(true));
        tab.press("Enter").await;
        self.expected.sent(load, &text);
        let plain = if app { "" } else { ", before the app is there" };
        self.note(&format!("  {text:?} is sent by page {load}{plain}"));
        self.holds("").await;
        wait::until_ok(&format!("{text:?} is shown"), 10, || async {
            let rows = self.rows(self.front()).await;
            let shown = rows.iter().flatten().any(|(one, _)| *one == text);
            if shown { Ok(()) } else { Err(format!("; {rows:?} {}", self.front().tab.looks().await)) }
        })
        .await;
    }

    /// What a tab shows, with the state of one's own messages.
    async fn rows(&self, open: &Open) -> Option<Vec<(String, String)>> {
        serde_json::from_value(open.tab.frame(ROWS).await?).ok()
    }

    /// Remembers what the tab in front shows.
    async fn look(&mut self) {
        let open = self.front();
        if open.tab.page("window.wasLive").await != Some(json!(true)) {
            return;
        }
        let Some(rows) = self.rows(open).await else { return };
        let safe = rows.into_iter().filter(|(_, state)| state != "queued").map(|(text, _)| text).collect();
        let who = format!("page {} after {} ms", open.load, self.began.elapsed().as_millis());
        self.expected.saw(who, safe);
    }

    async fn fair_weather(&mut self) {
        self.proxy.mend();
        self.set_offline(false).await;
    }

    async fn set_offline(&mut self, offline: bool) {
        self.offline = offline;
        for open in &self.tabs {
            open.tab.offline(offline).await;
        }
    }

    async fn perform(&mut self, step: Step) {
        match step {
            Step::Type => {
                if self.composer().await {
                    self.write().await;
                }
            }
            Step::Send => self.send().await,
            Step::Reload => {
                // What is being written outlives the page. Where the frame is denied storage that takes a moment (KEEP-6), and nobody could
                // say whether it was over: they send it before they go.
                if self.plan.storage == Storage::Denied && !self.front().draft.is_empty() {
                    self.send().await;
                }
                let load = self.next_load();
                let open = &mut self.tabs[self.front];
                open.tab.reload().await;
                open.load = load;
                if self.plan.storage == Storage::Denied {
                    open.draft.clear();
                }
                self.open_chat().await;
            }
            // Two pages that begin at once, with nothing said, would be two visitors to the edge.
            Step::OpenTab if self.agent.is_none() => {}
            Step::OpenTab if self.tabs.len() < 3 => self.open_tab().await,
            Step::CloseTab if self.tabs.len() > 1 => {
                self.tabs.remove(self.front).tab.close().await;
                self.front = 0;
                self.front().tab.show().await;
            }
            Step::OtherTab => {
                self.front = (self.front + 1) % self.tabs.len();
                self.front().tab.show().await;
            }
            Step::OpenTab | Step::CloseTab => {}
            Step::Reopen => {
                self.tabs.clear();
                self.browser.quit().await;
                self.browser = Chromium::open(self.profile.path(), self.plan.storage).await;
                self.open_tab().await;
            }
            Step::Offline => self.set_offline(true).await,
            Step::Online => self.set_offline(false).await,
            Step::Weather(weather) => self.proxy.weather(weather),
            Step::Reset => self.proxy.reset(),
            Step::Answer => {
                let Some(agent) = &self.agent else { return };
                self.words += 1;
                let text = format!("s{}.{} from the agent", self.plan.seed, self.words);
                agent.write(&text);
                self.expected.answered(&text);
            }
            Step::OriginDown => self.world.origin(self.plan.seed, true).await,
            Step::OriginUp => self.world.origin(self.plan.seed, false).await,
            // What is under way has time to go wrong: the load, no condition.
            Step::Moment(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
    }

    /// The lines of this story, in whatever conversation.
    async fn lines(&self) -> Vec<Line> {
        let mark = format!("s{}.", self.plan.seed);
        let mut lines = ledger::read(&self.world.stack).await;
        lines.retain(|line| line.text.starts_with(&mark));
        lines
    }

    /// The agent opens the conversation, if there is one.
    async fn bring_agent(&mut self) -> bool {
        if self.agent.is_none()
            && let Some(Line { conversation, .. }) = self.lines().await.first()
        {
            let door = Door::conversation(self.world.stack.edge_port, &self.world.cookie, conversation);
            self.agent = Some(Person::agent(door));
        }
        self.agent.is_some()
    }

    /// Everything is mended, the visitor comes once more (a page that begins sends what a closed one has left), and every
    /// page says one more thing.
    async fn end(&mut self) {
        self.world.origin(self.plan.seed, false).await;
        self.fair_weather().await;
        if self.plan.comes_again {
            self.open_tab().await;
        }
        for which in 0..self.tabs.len() {
            self.front = which;
            self.front().tab.show().await;
            if !self.composer().await {
                // As anybody does whose page has come without its chat.
                self.perform(Step::Reload).await;
                wait::until_true("the chat is there", 30, || async {
                    self.open_chat().await;
                    self.is_ready(&self.front().tab).await
                })
                .await;
            }
            self.send().await;
        }
        let lines = wait::until_ok("everything that was sent is in the ledger", 60, || async {
            let lines = self.lines().await;
            let missing = self.expected.missing(&lines);
            if missing.is_empty() { Ok(lines) } else { Err(format!("; missing: {missing:?}")) }
        })
        .await;
        let order = self.expected.order_in(&lines);
        for open in &self.tabs {
            open.tab.show().await;
            wait::until_ok(&format!("page {} shows it all, delivered", open.load), 60, || async {
                let rows = self.rows(open).await.unwrap_or_default();
                let arrived = |state: &str| ["", "delivered", "seen"].contains(&state);
                let texts = rows.iter().map(|(text, _)| text);
                if texts.eq(&order) && rows.iter().all(|(_, state)| arrived(state)) {
                    Ok(())
                } else {
                    Err(format!("; it shows {rows:#?}\nof {order:#?}"))
                }
            })
            .await;
            let complaints = open.tab.page("complaints").await;
            let complaints: Vec<String> =
                complaints.and_then(|all| serde_json::from_value(all).ok()).unwrap_or_default();
            // A page whose own tag finds nobody is told so by its browser.
            let ours: Vec<_> = complaints.iter().filter(|one| !one.ends_with("/seawall.js")).collect();
            assert!(ours.is_empty(), "page {} complains: {ours:?}", open.load);
        }
        self.expected.check_views(&order);
        self.bring_agent().await;
        let agent = self.agent.as_ref().expect("there is a conversation");
        agent.sees("the same", 30, |view| view.texts() == order).await;
    }
}

/// Panics where something is not as it must be; `told` then says what happened before.
pub async fn tell(world: &World, plan: Plan, told: Told) {
    let steps = plan.steps.clone();
    let fair = plan.beginning == Weather::Fair;
    let mut teller = Teller::begin(world, plan, told).await;
    let there = wait::until_true("the chat is there", 30, || async {
        teller.open_chat().await;
        teller.is_ready(&teller.front().tab).await
    });
    there.await;
    if fair {
        teller.send().await;
        wait::until_true("the first message is in the ledger", 60, || async {
            !teller.lines().await.is_empty()
        })
        .await;
    }
    for (number, step) in steps {
        teller.note(&format!("{number} {step:?}"));
        teller.bring_agent().await;
        teller.perform(step).await;
        teller.look().await;
    }
    teller.note("all is mended");
    teller.end().await;
    teller.note("all is well");
    teller.browser.quit().await;
}
