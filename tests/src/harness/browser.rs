//! A real Chromium, driven through WebDriver: what a person sees and does, by accessible names.

use std::path::Path;
use std::process::Stdio;

use fantoccini::elements::{Element, ElementRef};
use fantoccini::key::Key;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::stack::program;
use super::wait;

/// Whether the browser lets the chat's frame keep anything. With partitioned storage (the default) Chromium does, even
/// where it blocks third-party cookies; without it, a browser told to block them denies the frame IndexedDB as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    Allowed,
    Denied,
    /// No site keeps anything at all, not even a cookie.
    Blocked,
}

impl Storage {
    pub const BOTH: [Storage; 2] = [Storage::Allowed, Storage::Denied];

    /// Of a profile.
    pub(super) fn preferences(self) -> Value {
        json!({
            "cookie_controls_mode": u8::from(self == Storage::Denied),
            "default_content_setting_values": { "cookies": if self == Storage::Blocked { 2 } else { 1 } },
        })
    }

    pub(super) fn flag(self) -> Option<&'static str> {
        (self == Storage::Denied).then_some("--disable-features=ThirdPartyStoragePartitioning")
    }
}

/// How the window looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

impl Look {
    pub const WIDE: Look = Look { width: 1280, height: 860, dark: false };
}

pub struct Browser {
    pub client: Client,
    /// Leads a process group of its own, with the browser in it.
    driver: Child,
}

impl Drop for Browser {
    /// A failed test leaves no browser behind: the driver alone would end without it.
    fn drop(&mut self) {
        if let Some(leader) = self.driver.id() {
            let _ = std::process::Command::new("kill").args(["-9", "--", &format!("-{leader}")]).status();
        }
    }
}

/// How every Chromium is started, whoever speaks with it.
pub(super) const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// How a person finds things: by role and name. Looks into the launcher's open shadow root too.
const FIND: &str = r#"
const [selector, wanted] = arguments;
const name = (e) => (e.getAttribute("aria-label") || [...(e.labels || [])].map((l) => l.innerText).join(" ")
  || e.innerText || "").trim();
const roots = [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)];
const shown = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility != "hidden";
return roots.flatMap((r) => [...r.querySelectorAll(selector)]).find((e) => shown(e) && (!wanted || name(e) == wanted)) || null;
"#;

/// A driver, and the port that it tells after these words. On a busy machine one now and then ends before it has begun: then
/// another one is started.
async fn start_driver(name: &str, arguments: &[&str], words: &str) -> (Child, String) {
    for _ in 0..5 {
        let mut driver = Command::new(program(name))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let mut lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
        while let Some(line) = lines.next_line().await.expect("readable") {
            if let Some((_, port)) = line.split_once(words) {
                // The driver's later words go nowhere, but the pipe must stay open.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return (driver, port.trim().trim_end_matches('.').to_owned());
            }
        }
    }
    panic!("five drivers in a row have ended without telling a port");
}

async fn connect(port: &str, capabilities: Capabilities) -> Client {
    ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .expect("a browser")
}

impl Browser {
    /// Opens a browser with this profile folder; the same folder again is the same person's browser again.
    pub async fn open(profile: &Path, storage: Storage, look: Look) -> Browser {
        Browser::open_in("en-US,en", profile, storage, look).await
    }

    /// The same for a person who reads these languages, the best one first.
    pub async fn open_in(languages: &str, profile: &Path, storage: Storage, look: Look) -> Browser {
        Browser::open_with(&[], languages, profile, storage, look).await
    }

    /// A browser that runs no WebAssembly, because it compiles nothing: companies set it so, and some people do.
    pub async fn without_wasm(languages: &str, profile: &Path, look: Look) -> Browser {
        let flags = ["--js-flags=--jitless"];
        Browser::open_with(&flags, languages, profile, Storage::Allowed, look).await
    }

    async fn open_with(
        flags: &[&str],
        languages: &str,
        profile: &Path,
        storage: Storage,
        look: Look,
    ) -> Browser {
        let (driver, port) =
            start_driver("SEAWALL_CHROMEDRIVER", &["--port=0"], "started successfully on port ").await;
        let mut arguments = vec![
            format!("--user-data-dir={}", profile.display()),
            format!("--window-size={},{}", look.width, look.height),
            // Whatever the machine's own language is.
            format!("--lang={}", languages.split(',').next().unwrap_or_default()),
            format!("--accept-lang={languages}"),
        ];
        arguments.extend(FLAGS.iter().chain(flags).map(|flag| (*flag).to_owned()));
        if look.dark {
            arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        arguments.extend(storage.flag().map(str::to_owned));
        let mut capabilities = Capabilities::new();
        let mut options = json!({
            "binary": program("SEAWALL_CHROMIUM"),
            "args": arguments,
            "prefs": {
                // Each by itself: the rest of a profile stays as it is.
                "profile.cookie_controls_mode": storage.preferences()["cookie_controls_mode"],
                "profile.default_content_setting_values": storage.preferences()["default_content_setting_values"],
                "intl.accept_languages": languages,
            },
        });
        // A window is never narrower than 500 px; a phone is.
        if look.width < 500 {
            let screen =
                json!({ "width": look.width, "height": look.height, "pixelRatio": 2, "touch": true });
            options["mobileEmulation"] = json!({ "deviceMetrics": screen });
        }
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        Browser { client: connect(&port, capabilities).await, driver }
    }

    /// A Firefox instead, with its own ideas of what a frame from elsewhere may keep.
    pub async fn open_firefox(profile: &Path) -> Browser {
        let arguments = ["--port", "0", "--allow-hosts", "127.0.0.1"];
        let (driver, port) = start_driver("SEAWALL_GECKODRIVER", &arguments, "Listening on 127.0.0.1:").await;
        let options = json!({
            "binary": program("SEAWALL_FIREFOX"),
            "args": ["-headless", "-profile", profile],
            "prefs": { "intl.accept_languages": "en-US,en", "intl.locale.requested": "en-US" },
        });
        let mut capabilities = Capabilities::new();
        capabilities.insert("moz:firefoxOptions".to_owned(), options);
        Browser { client: connect(&port, capabilities).await, driver }
    }

    /// Ends the browser as a person does, so that its profile is written.
    pub async fn quit(self) {
        self.client.clone().close().await.expect("the browser closes");
    }

    pub async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    async fn find_now(&self, selector: &str, name: &str) -> Option<Element> {
        let found = self.client.execute(FIND, vec![json!(selector), json!(name)]).await.ok()?;
        let id = found.as_object()?.values().next()?.as_str()?;
        Some(Element::from_element_id(self.client.clone(), ElementRef::from(id.to_owned())))
    }

    /// Waits for an element with this selector and accessible name (any, where it is empty).
    pub async fn find(&self, selector: &str, name: &str) -> Element {
        let what = format!("{selector} {name:?}");
        wait::until(&what, 30, || self.find_now(selector, name)).await
    }

    pub async fn gone(&self, selector: &str, name: &str) {
        let what = format!("{selector} {name:?} goes away");
        wait::until_true(&what, 30, || async { self.find_now(selector, name).await.is_none() }).await;
    }

    pub async fn click(&self, selector: &str, name: &str) {
        let what = format!("a click on {selector} {name:?}");
        // What is found may be redrawn before the click arrives: then it is looked for again.
        wait::until_true(&what, 30, || async {
            match self.find_now(selector, name).await {
                Some(element) => element.click().await.is_ok(),
                None => false,
            }
        })
        .await;
    }

    pub async fn fill(&self, name: &str, text: &str) {
        self.type_into("input,textarea", name, text).await;
    }

    /// Until the field holds just this text: the app may take the plain page's field over in the middle of it.
    async fn type_into(&self, selector: &str, name: &str, text: &str) {
        wait::until_true(&format!("{name:?} holds {text:?}"), 30, || async {
            let Some(field) = self.find_now(selector, name).await else { return false };
            match field.prop("value").await {
                Ok(Some(value)) if value == text => return true,
                Ok(Some(value)) if !value.is_empty() => drop(field.clear().await),
                _ => {}
            }
            let _ = field.send_keys(text).await;
            // What was typed is looked at in the field that is there then.
            false
        })
        .await;
    }

    /// Steps into the chat's frame on the demo page.
    pub async fn enter_chat(&self) {
        self.client.enter_parent_frame().await.expect("the page itself");
        let frame = self.find("iframe", "").await;
        frame.enter_frame().await.expect("the chat's frame");
        self.find("textarea", "Message").await;
    }

    pub async fn leave_chat(&self) {
        self.client.enter_parent_frame().await.expect("the page itself");
    }

    /// Opens the demo page and the chat on it, and steps into its frame.
    pub async fn open_chat(&self, edge_port: u16) {
        self.go(&format!("http://127.0.0.1:{edge_port}/demo/")).await;
        self.click("button", "Open chat").await;
        self.enter_chat().await;
    }

    /// Writes a message in the composer that is on screen.
    pub async fn say(&self, text: &str) {
        self.type_into("textarea", "Message", text).await;
        wait::until_true("Enter empties the composer", 30, || async {
            let Some(composer) = self.find_now("textarea", "Message").await else { return false };
            if composer.prop("value").await.is_ok_and(|value| value.is_some_and(|value| value == text)) {
                let _ = composer.send_keys(&Key::Enter.to_string()).await;
            }
            composer.prop("value").await.is_ok_and(|value| value.is_some_and(|value| value.is_empty()))
        })
        .await;
    }

    /// What the conversation on screen reads, line by line.
    pub async fn log_text(&self) -> String {
        let text =
            self.client.execute("return document.querySelector('[role=log]')?.innerText || ''", vec![]).await;
        text.ok().and_then(|text| text.as_str().map(ToOwned::to_owned)).unwrap_or_default()
    }

    pub async fn reads(&self, text: &str, limit_s: u64) {
        wait::until_reads("the conversation", text, limit_s, || self.log_text()).await;
    }

    /// Waits for a text anywhere on the page.
    pub async fn page_reads(&self, text: &str, limit_s: u64) {
        let script = "return document.body.innerText.includes(arguments[0])";
        let what = format!("the page reads {text:?}");
        wait::until_true(&what, limit_s, || async {
            self.client.execute(script, vec![json!(text)]).await.is_ok_and(|found| found == json!(true))
        })
        .await;
    }

    /// The messages on screen, oldest first.
    pub async fn messages(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('[role=log] .bubble')].map((b) => {\
                      const copy = b.cloneNode(true); copy.querySelector('.meta')?.remove(); return copy.textContent.trim() })";
        let list = self.client.execute(script, vec![]).await.unwrap_or_default();
        let items = list.as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item.as_str().map(ToOwned::to_owned)).collect()
    }

    /// Waits until one's own message shows this state.
    pub async fn state(&self, text: &str, states: &[&str], limit_s: u64) {
        let script = "const b = [...document.querySelectorAll('[role=log] .bubble')].reverse()\
                      .find((b) => b.textContent.includes(arguments[0]));\
                      return b?.querySelector('.state')?.textContent || ''";
        let what = format!("{text:?} is {states:?}");
        wait::until_true(&what, limit_s, || async {
            let state = self.client.execute(script, vec![json!(text)]).await.unwrap_or_default();
            states.contains(&state.as_str().unwrap_or_default())
        })
        .await;
    }

    /// The line that says where the chat stands.
    pub async fn status_text(&self) -> String {
        let script =
            "return [...document.querySelectorAll('[role=status]')].map((e) => e.innerText).join(' ')";
        let text = self.client.execute(script, vec![]).await.unwrap_or_default();
        text.as_str().unwrap_or_default().trim().to_owned()
    }

    pub async fn status_reads(&self, text: &str, limit_s: u64) {
        wait::until_reads("the status line", text, limit_s, || self.status_text()).await;
    }

    /// Everything that went wrong on a page of [`super::customer::website`].
    pub async fn complaints(&self) -> Vec<String> {
        serde_json::from_value(self.script("return window.complaints", vec![]).await).expect("a list")
    }

    /// Logs Ada in on the console and waits for the list.
    pub async fn log_in(&self, edge_port: u16, (email, password): (&str, &str)) {
        self.go(&format!("http://console.localhost:{edge_port}/?site=demo")).await;
        self.fill("E-mail", email).await;
        self.fill("Password", password).await;
        self.click("button", "Log in").await;
        self.find("[aria-label=Conversations]", "Conversations").await;
    }

    /// To the uppermost conversation of the console's list.
    pub async fn turn_to_first(&self) {
        self.click("[aria-label=Conversations] button, [aria-label=Conversations] [role=listitem]", "").await;
    }

    /// Waits until nothing moves any more but what moves for ever (somebody is typing).
    pub async fn still(&self) {
        let still = "return document.getAnimations().every((a) => a.playState != 'running'\
                     || a.effect.getComputedTiming().iterations == Infinity)";
        wait::until_true("nothing moves", 10, || async { self.script(still, vec![]).await == json!(true) })
            .await;
    }

    /// A picture of the window, once nothing moves any more.
    pub async fn picture(&self, file: &Path) {
        self.still().await;
        let png = self.client.screenshot().await.expect("a picture");
        std::fs::write(file, png).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}
