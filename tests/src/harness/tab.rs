//! A tab of a Chromium that is driven by the protocol of its developer tools: the customer's page, and the chat's frame
//! in it, which is a process and a target of its own. Nothing here waits for a page that does not load.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::cdp::{Cdp, Chromium};
use super::customer::{Page, website};
use super::wait;

/// Of a tab that waits ten times as long for another one's answer (`ANSWER_MS` in `link.js` and `tabs.js`): however busy the machine
/// is, the one that leads is neither overlooked nor taken for gone.
pub const PATIENT: &str = "{ const later = setTimeout;\
    window.setTimeout = (act, ms, ...rest) => later(act, ms === 60 || ms === 1000 ? 10 * ms : ms, ...rest) }";

pub struct Tab {
    cdp: Cdp,
    target: String,
    page: String,
    frame: Arc<Mutex<Option<String>>>,
    /// What every frame is told before it begins.
    orders: Arc<Mutex<Vec<(&'static str, Value)>>>,
    follower: JoinHandle<()>,
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Tab {
    /// Opens it in the window that is there, in front of the others.
    pub async fn open(browser: &Chromium, url: &str) -> Tab {
        let tab = Tab::blank(browser, None).await;
        tab.go(url).await;
        tab
    }

    /// The tab of somebody else, who shares nothing with the others.
    pub async fn of_a_stranger(browser: &Chromium) -> Tab {
        let context = browser.cdp.call("", "Target.createBrowserContext", json!({})).await;
        Tab::blank(browser, context["browserContextId"].as_str()).await
    }

    async fn blank(browser: &Chromium, context: Option<&str>) -> Tab {
        let cdp = browser.cdp.clone();
        let mut target = json!({ "url": "about:blank" });
        if let Some(context) = context {
            target["browserContextId"] = json!(context);
        }
        let target = cdp.call("", "Target.createTarget", target).await;
        let target = text(&target["targetId"]);
        let attach = json!({ "targetId": target, "flatten": true });
        let page = text(&cdp.call("", "Target.attachToTarget", attach).await["sessionId"]);
        let (frame, orders) = (Arc::new(Mutex::new(None)), Arc::<Mutex<Vec<_>>>::default());
        let follower =
            tokio::spawn(follow(cdp.clone(), page.clone(), Arc::clone(&frame), Arc::clone(&orders)));
        let tab = Tab { cdp, target, page, frame, orders, follower };
        let attach = json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true });
        tab.order("Target.setAutoAttach", attach).await;
        tab.order("Page.enable", json!({})).await;
        tab.order("Network.enable", json!({})).await;
        tab.tell("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
        tab
    }

    /// Says it to the page.
    pub async fn tell(&self, method: &str, params: Value) -> Value {
        self.cdp.call(&self.page, method, params).await
    }

    /// Says it to the page, its frame and every frame that is to come.
    pub async fn order(&self, method: &'static str, params: Value) {
        {
            let mut orders = self.orders.lock().expect("orders");
            orders.retain(|(before, _)| *before != method);
            orders.push((method, params.clone()));
        }
        let frame = self.frame_session();
        self.tell(method, params.clone()).await;
        if let Some(frame) = frame {
            // It may be gone by now.
            let _ = self.cdp.ask(&frame, method, params).outcome().await;
        }
    }

    fn frame_session(&self) -> Option<String> {
        self.frame.lock().expect("a frame").clone()
    }

    pub async fn go(&self, url: &str) {
        drop(self.cdp.ask(&self.page, "Page.navigate", json!({ "url": url })));
        // Whatever the page fetches may take its time.
        let there = format!("location.href == {} && document.readyState != 'loading'", json!(url));
        self.until_page(&there).await;
    }

    /// A shop with the script's tag, `attributes` in it, and the open chat.
    pub async fn chat(browser: &Chromium, edge_port: u16, attributes: &str) -> Tab {
        let tab = Tab::shop(browser, edge_port, "", &format!("data-site=demo {attributes}")).await;
        tab.open_chat().await;
        tab
    }

    /// A shop whose page has `before` and then the script's tag, with a launcher that nobody has touched.
    pub async fn shop(browser: &Chromium, edge_port: u16, before: &str, attributes: &str) -> Tab {
        Tab::blank(browser, None).await.in_the_shop(edge_port, before, attributes).await
    }

    /// The demonstration's shop, where `script` runs in the page and in the chat's frame before anything of their own.
    pub async fn shop_after(browser: &Chromium, edge_port: u16, script: &str) -> Tab {
        let tab = Tab::blank(browser, None).await;
        tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
        tab.in_the_shop(edge_port, "", "data-site=demo").await
    }

    async fn in_the_shop(self, edge_port: u16, before: &str, attributes: &str) -> Tab {
        let page = format!(
            r#"{before}<script async nonce=n src="http://localhost:{edge_port}/seawall.js" {attributes}></script>"#
        );
        let port = website(vec![Page::html("/", "", &page)]).await;
        self.go(&format!("http://127.0.0.1:{port}/")).await;
        self.until_launcher().await;
        self
    }

    /// Opens it as a person does, and waits for the app.
    pub async fn open_chat(&self) {
        self.press_launcher().await;
        self.until_app().await;
    }

    pub async fn press_launcher(&self) {
        self.page("document.querySelector('seawall-chat').shadowRoot.querySelector('button').click(), true")
            .await;
    }

    pub async fn until_launcher(&self) {
        self.until_page("!!document.querySelector('seawall-chat')").await;
    }

    /// Until the app has taken the plain page's place.
    pub async fn until_app(&self) {
        self.until_frame("!!document.querySelector('textarea[aria-describedby]')").await;
    }

    /// Says something and waits until it is safe.
    pub async fn say(&self, text: &str) {
        self.focus("textarea").await;
        self.insert(text).await;
        self.press("Enter").await;
        let safe = "/Sent|Delivered|Seen/.test([...document.querySelectorAll('[data-by=own] .state')].at(-1)?.textContent)";
        self.until_frame(&format!(
            "document.querySelector('[role=log]').innerText.includes({}) && {safe}",
            json!(text)
        ))
        .await;
    }

    /// The same where there are other tabs: only the one in front has the focus.
    pub async fn say_in_front(&self, text: &str) {
        self.show().await;
        self.say(text).await;
    }

    /// Loads the page anew.
    pub async fn reload(&self) {
        self.page("window.leaving = true").await;
        drop(self.cdp.ask(&self.page, "Page.reload", json!({})));
        self.until_page("!window.leaving && document.readyState != 'loading'").await;
    }

    pub async fn close(self) {
        self.cdp.call("", "Target.closeTarget", json!({ "targetId": self.target })).await;
    }

    /// In front of the others.
    pub async fn show(&self) {
        self.cdp.call("", "Target.activateTarget", json!({ "targetId": self.target })).await;
    }

    /// What the browser calls offline: no new connections, and pages are told.
    pub async fn offline(&self, offline: bool) {
        let network =
            json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.order("Network.emulateNetworkConditions", network).await;
    }

    /// Says it to the frame alone.
    pub async fn tell_frame(&self, method: &str, params: Value) -> Value {
        self.cdp.call(&self.frame_session().expect("a frame"), method, params).await
    }

    /// No longer said to frames that are to come.
    pub fn forget_order(&self, method: &str) {
        self.orders.lock().expect("orders").retain(|(before, _)| *before != method);
    }

    /// How big the window is, and whether it is a phone's.
    pub async fn size(&self, width: u32, height: u32, phone: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone });
        self.tell("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// What the person has asked for on their device, such as `prefers-color-scheme: dark`.
    pub async fn wish(&self, features: &[(&str, &str)]) {
        let features: Vec<_> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.order("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Runs this on the page; nothing while there is none.
    pub async fn page(&self, expression: &str) -> Option<Value> {
        self.evaluate(&self.page, expression).await
    }

    /// The same in the chat's frame.
    pub async fn frame(&self, expression: &str) -> Option<Value> {
        let session = self.frame_session()?;
        self.evaluate(&session, expression).await
    }

    async fn evaluate(&self, session: &str, expression: &str) -> Option<Value> {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.cdp.ask(session, "Runtime.evaluate", params).outcome();
        // A document that goes away in the meantime never answers.
        let answer = tokio::time::timeout(MOST_EVALUATION, answer).await.ok()?.ok()?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            let about = thrown["exception"]["description"].as_str().unwrap_or_default();
            // So says a document on its way out.
            assert!(about.is_empty() || about.contains("null"), "{expression}: {thrown}");
            return None;
        }
        Some(answer["result"]["value"].clone())
    }

    pub async fn until_page(&self, condition: &str) {
        self.until_page_within(condition, 30).await;
    }

    /// For what may take long.
    pub async fn until_page_within(&self, condition: &str, limit_s: u64) {
        self.until(condition, limit_s, || self.page(condition)).await;
    }

    pub async fn until_frame(&self, condition: &str) {
        self.until(condition, 30, || self.frame(condition)).await;
    }

    async fn until<F: Future<Output = Option<Value>>>(&self, what: &str, limit_s: u64, look: impl Fn() -> F) {
        wait::until_ok(what, limit_s, || async {
            let said = look().await;
            if said == Some(json!(true)) {
                return Ok(());
            }
            Err(format!(" is {said:?}; {}", self.looks().await))
        })
        .await;
    }

    /// What page and frame hold, for a failure.
    pub async fn looks(&self) -> String {
        let page = self.page("document.querySelector('seawall-chat')?.shadowRoot.innerHTML").await;
        let frame = self.frame("document.hasFocus() + ` ${performance.timeOrigin} ${Date.now()} ` + document.body.outerHTML.slice(0, 3000)").await;
        format!("the page: {page:?}; the frame: {frame:?}")
    }

    /// Puts the focus on something in the chat's frame. The browser hears of it a moment after the page.
    pub async fn focus(&self, selector: &str) {
        let selector = json!(selector);
        let there = format!("document.activeElement === document.querySelector({selector})");
        let focused = format!("document.querySelector({selector}).focus(), document.hasFocus() && {there}");
        self.page("document.querySelector('seawall-chat').shadowRoot.querySelector('iframe').focus()").await;
        self.until_frame(&focused).await;
    }

    /// Presses what is there in the chat's frame with the mouse, whatever the page thinks of it.
    pub async fn click(&self, selector: &str) {
        self.still().await;
        let center = "(({ x, y, width, height }) => [x + width / 2, y + height / 2])";
        let frame = "document.querySelector('seawall-chat').shadowRoot.querySelector('iframe')";
        let corner = self.page(&format!("(({{ x, y }}) => [x, y])({frame}.getBoundingClientRect())")).await;
        let there = format!("{center}(document.querySelector({}).getBoundingClientRect())", json!(selector));
        let there = self.frame(&there).await;
        let sum = |axis: usize| {
            let of = |place: &Option<Value>| place.as_ref().and_then(|place| place[axis].as_f64());
            of(&corner).expect("a frame") + of(&there).expect("something to press")
        };
        let (x, y) = (sum(0), sum(1));
        for kind in ["mousePressed", "mouseReleased"] {
            let press = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.tell("Input.dispatchMouseEvent", press).await;
        }
    }

    /// Types it where the focus is, as an input method does.
    pub async fn insert(&self, text: &str) {
        let frame = self.frame_session();
        let params = json!({ "text": text });
        self.cdp.call(frame.as_ref().unwrap_or(&self.page), "Input.insertText", params).await;
    }

    /// Waits until nothing moves any more but what moves for ever (somebody is typing).
    pub async fn still(&self) {
        // Those of the launcher's shadow are not the document's.
        let still = "[document, document.querySelector('seawall-chat')?.shadowRoot].every((root) => !root || root.getAnimations()\
                     .every((a) => a.playState != 'running' || a.effect.getComputedTiming().iterations == Infinity))";
        self.until_page(still).await;
        if self.frame_session().is_some() {
            self.until_frame(still).await;
        }
    }

    /// A picture of the window or a part of it (left, top, width, height), in one of the browser's formats.
    pub async fn picture(&self, format: &str, part: Option<[f64; 4]>) -> Vec<u8> {
        let mut params = json!({ "format": format });
        if format != "png" {
            params["quality"] = json!(80);
        }
        if let Some([x, y, width, height]) = part {
            params["clip"] = json!({ "x": x, "y": y, "width": width, "height": height, "scale": 1 });
        }
        let picture = self.tell("Page.captureScreenshot", params).await;
        BASE64_STANDARD.decode(text(&picture["data"])).expect("base64")
    }

    /// A key that writes nothing, by the name of its DOM event, such as `Tab`; `Shift+` may stand before it.
    pub async fn press(&self, key: &str) {
        let (modifiers, key) = match key.strip_prefix("Shift+") {
            Some(key) => (8, key),
            None => (0, key),
        };
        let code = KEYS.iter().find(|(name, _)| *name == key).unwrap_or_else(|| panic!("a code for {key}")).1;
        let mut event = json!({
            "type": "rawKeyDown", "key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers,
        });
        if key == "Enter" || key == " " {
            event["type"] = json!("keyDown");
            event["text"] = json!(if key == "Enter" { "\r" } else { " " });
        }
        self.tell("Input.dispatchKeyEvent", event.clone()).await;
        event["type"] = json!("keyUp");
        self.tell("Input.dispatchKeyEvent", event).await;
    }
}

/// Keys and their numbers on Windows, which the browser goes by.
const KEYS: [(&str, u32); 12] = [
    ("Tab", 9),
    ("Enter", 13),
    ("Escape", 27),
    (" ", 32),
    ("PageUp", 33),
    ("PageDown", 34),
    ("End", 35),
    ("Home", 36),
    ("ArrowLeft", 37),
    ("ArrowUp", 38),
    ("ArrowRight", 39),
    ("ArrowDown", 40),
];

/// Keeps track of the chat's frame.
async fn follow(
    cdp: Cdp,
    page: String,
    frame: Arc<Mutex<Option<String>>>,
    orders: Arc<Mutex<Vec<(&'static str, Value)>>>,
) {
    let mut events = cdp.events(&page);
    while let Some(event) = events.recv().await {
        let session = event["params"]["sessionId"].as_str().unwrap_or_default().to_owned();
        match event["method"].as_str() {
            Some("Target.detachedFromTarget") => {
                drop(frame.lock().expect("a frame").take_if(|frame: &mut String| *frame == session));
            }
            Some("Target.attachedToTarget") => {
                if event["params"]["targetInfo"]["type"] == "iframe" {
                    for (method, params) in orders.lock().expect("orders").iter() {
                        drop(cdp.ask(&session, method, params.clone()));
                    }
                    *frame.lock().expect("a frame") = Some(session.clone());
                }
                drop(cdp.ask(&session, "Runtime.runIfWaitingForDebugger", json!({})));
            }
            _ => {}
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

const MOST_EVALUATION: Duration = Duration::from_secs(5);
