//! One visit: a window with nothing cached, whose page and whose chat's frame (a process of its own) are slowed down
//! alike.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::harness::wait;

use crate::contenders::{Contender, FRAME_WATCH};
use tests::harness::cdp::{Answer, Cdp, Chromium};

pub(crate) struct Visit {
    cdp: Cdp,
    context: String,
    page: String,
    /// The frame's session, once there is one.
    frame: Arc<Mutex<Option<String>>>,
    follower: tokio::task::JoinHandle<()>,
}

/// Where something is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Page,
    Frame,
}

impl Visit {
    /// `slower` is the fold by which processors are slower.
    pub(crate) async fn begin(browser: &Chromium, contender: Contender, slower: f64, url: &str) -> Visit {
        let cdp = browser.cdp.clone();
        let context = cdp.call("", "Target.createBrowserContext", json!({})).await;
        let context = text(&context["browserContextId"]);
        let target = json!({
            "url": "about:blank", "browserContextId": context, "newWindow": true, "width": 1280, "height": 860,
        });
        let target = cdp.call("", "Target.createTarget", target).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let page = text(&cdp.call("", "Target.attachToTarget", attach).await["sessionId"]);

        let frame = Arc::new(Mutex::new(None));
        let mut events = cdp.events(&page);
        let (its_cdp, its_frame) = (cdp.clone(), Arc::clone(&frame));
        let follower = tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if event["method"] == "Target.detachedFromTarget" {
                    let gone = event["params"]["sessionId"].as_str();
                    drop(
                        its_frame
                            .lock()
                            .expect("a frame")
                            .take_if(|frame: &mut String| gone == Some(frame.as_str())),
                    );
                }
                if event["method"] != "Target.attachedToTarget" {
                    continue;
                }
                let session = text(&event["params"]["sessionId"]);
                if event["params"]["targetInfo"]["type"] == "iframe" {
                    drop(watch(&its_cdp, &session, slower, FRAME_WATCH));
                    *its_frame.lock().expect("a frame") = Some(session.clone());
                }
                drop(its_cdp.ask(&session, "Runtime.runIfWaitingForDebugger", json!({})));
            }
        });
        let attach = json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true });
        cdp.call(&page, "Target.setAutoAttach", attach).await;
        cdp.call(&page, "Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
        // All answered before the navigation, which may begin in another process.
        for asked in watch(&cdp, &page, slower, &contender.page_watch()) {
            asked.get().await;
        }
        let went = cdp.call(&page, "Page.navigate", json!({ "url": url })).await;
        assert!(went.get("errorText").is_none(), "{url}: {went}");
        let visit = Visit { cdp, context, page, frame, follower };
        let there = "document.readyState == 'complete' && !!window.bench?.launcher";
        visit.until(Place::Page, there, "the page is there with its launcher").await;
        visit
    }

    fn session(&self, place: Place) -> Option<String> {
        match place {
            Place::Page => Some(self.page.clone()),
            Place::Frame => self.frame.lock().expect("a frame").clone(),
        }
    }

    /// Nothing while there is no such place.
    async fn try_eval(&self, place: Place, expression: &str) -> Option<Value> {
        let session = self.session(place)?;
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.cdp.ask(&session, "Runtime.evaluate", params).outcome();
        // A frame that goes away in the meantime never answers.
        let answer = tokio::time::timeout(MOST_EVALUATION, answer).await.ok()?.ok()?;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        Some(answer["result"]["value"].clone())
    }

    pub(crate) async fn eval(&self, place: Place, expression: &str) -> Value {
        let value = self.try_eval(place, expression).await;
        value.unwrap_or_else(|| panic!("{expression}: there is no {place:?}"))
    }

    pub(crate) async fn number(&self, place: Place, expression: &str) -> f64 {
        let value = self.eval(place, expression).await;
        value.as_f64().unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Looking takes the measured thread's time: seldom, and at nothing but the condition until it is nearly too late.
    pub(crate) async fn until(&self, place: Place, condition: &str, what: &str) {
        let look = format!("!!({condition})");
        let began = Instant::now();
        wait::until_ok(&format!("{what}: "), LIMIT_S, || async {
            if self.try_eval(place, &look).await == Some(json!(true)) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
            let late = began.elapsed().as_secs() + 5 > LIMIT_S;
            Err(if late { self.looks(place).await } else { String::new() })
        })
        .await;
    }

    /// What there is instead.
    async fn looks(&self, place: Place) -> String {
        let look = "`${location} has seen ${JSON.stringify(window.bench)} and reads ${document.body?.innerText.slice(0, 300)}`";
        match self.try_eval(place, look).await {
            Some(looks) => format!("{place:?}; {looks}"),
            None => format!(
                "{place:?}; is not there, and the launcher says {} session {:?}",
                self.launcher_says().await,
                self.session(Place::Frame)
            ),
        }
    }

    async fn launcher_says(&self) -> Value {
        let says = r#"document.querySelector("seawall-chat")?.shadowRoot.textContent"#;
        self.try_eval(Place::Page, says).await.unwrap_or_default()
    }

    async fn launcher(&self) -> (f64, f64) {
        let place = self.eval(Place::Page, "bench.launcher").await;
        (place["x"].as_f64().unwrap_or_default(), place["y"].as_f64().unwrap_or_default())
    }

    pub(crate) async fn hover(&self) {
        let (x, y) = self.launcher().await;
        self.mouse("mouseMoved", x, y).get().await;
    }

    /// The pointer comes and presses, as a finger does.
    pub(crate) async fn click(&self) {
        let (x, y) = self.launcher().await;
        let steps = ["mouseMoved", "mousePressed", "mouseReleased"].map(|kind| self.mouse(kind, x, y));
        for step in steps {
            step.get().await;
        }
    }

    fn mouse(&self, kind: &str, x: f64, y: f64) -> Answer {
        let button = if kind == "mouseMoved" { "none" } else { "left" };
        let params = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
        self.cdp.ask(&self.page, "Input.dispatchMouseEvent", params)
    }

    /// One letter, to whatever has the focus.
    pub(crate) fn press_a_key(&self) {
        let (page, press) = (&self.page, "Input.dispatchKeyEvent");
        let key = json!({
            "type": "keyDown", "key": "a", "code": "KeyA", "text": "a", "windowsVirtualKeyCode": 65,
        });
        drop(self.cdp.ask(page, press, key));
        let key = json!({ "type": "keyUp", "key": "a", "code": "KeyA", "windowsVirtualKeyCode": 65 });
        drop(self.cdp.ask(page, press, key));
    }

    /// Kilobytes of JavaScript's objects, after a collection.
    pub(crate) async fn heap_kb(&self, place: Place) -> f64 {
        let session = self.session(place).expect("a session");
        self.cdp.call(&session, "HeapProfiler.collectGarbage", json!({})).await;
        let usage = self.cdp.call(&session, "Runtime.getHeapUsage", json!({})).await;
        usage["usedSize"].as_f64().expect("a size") / 1_000.0
    }

    /// Milliseconds that the thread has been busy.
    pub(crate) async fn busy_ms(&self, place: Place) -> f64 {
        let session = self.session(place).expect("a session");
        let metrics = self.cdp.call(&session, "Performance.getMetrics", json!({})).await;
        let metrics = metrics["metrics"].as_array().expect("metrics");
        let task = metrics.iter().find(|metric| metric["name"] == "TaskDuration").expect("a duration");
        task["value"].as_f64().expect("seconds") * 1e3
    }

    pub(crate) async fn slow_down(&self, slower: f64) {
        for place in [Place::Page, Place::Frame] {
            if let Some(session) = self.session(place) {
                slow_down(&self.cdp, &session, slower).get().await;
                self.cdp.call(&session, "Performance.enable", json!({})).await;
            }
        }
    }

    /// A second process that is slowed down, though it has nothing to do, takes a core of this machine from those that have.
    pub(crate) async fn slow_down_only(&self, place: Place, slower: f64) {
        self.slow_down(1.0).await;
        let session = self.session(place).expect("a session");
        slow_down(&self.cdp, &session, slower).get().await;
    }

    pub(crate) async fn end(self) {
        self.follower.abort();
        let context = json!({ "browserContextId": self.context });
        self.cdp.call("", "Target.disposeBrowserContext", context).await;
    }
}

fn slow_down(cdp: &Cdp, session: &str, slower: f64) -> Answer {
    cdp.ask(session, "Emulation.setCPUThrottlingRate", json!({ "rate": slower }))
}

fn watch(cdp: &Cdp, session: &str, slower: f64, script: &str) -> [Answer; 3] {
    [
        slow_down(cdp, session, slower),
        cdp.ask(session, "Page.enable", json!({})),
        cdp.ask(session, "Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })),
    ]
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// deep-chat's page thinks for seconds.
const MOST_EVALUATION: Duration = Duration::from_secs(20);
const LIMIT_S: u64 = 60;
const LOOK_EVERY: Duration = Duration::from_millis(80);
