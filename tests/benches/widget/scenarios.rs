//! What everybody does in each round.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::stack::Stack;
use tests::harness::wait;

use crate::contenders::{Contender, KEY_WATCH};
use crate::report::{Metric, Report};
use crate::server::{Line, Server};
use crate::talker::{TEXT, Talker};
use crate::visit::{Place, Visit};
use tests::harness::cdp::Chromium;

/// After the page is there: what a chat still does by itself.
const SETTLE: Duration = Duration::from_secs(2);
const HOVER: Duration = Duration::from_millis(500);
const KEY_EVERY: Duration = Duration::from_millis(25);
/// Five keys a second, as people type.
const TYPE_EVERY: Duration = Duration::from_millis(200);
const MESSAGES_PER_S: u32 = 50;
/// Long enough for each message to be drawn by itself.
const PAINT_EVERY: Duration = Duration::from_millis(400);
/// What a session, and the edge's log, keeps of a conversation (LOG-1).
pub(crate) const MANY: u64 = 5_000;
pub(crate) const FEW: u64 = 200;

pub(crate) struct Stage {
    browser: Chromium,
    stack: Stack,
    fast: Server,
    slow: Server,
    /// Conversations that have begun.
    conversations: Vec<String>,
    /// Messages that have been said.
    said: u64,
    how: How,
    painters: Vec<Painter>,
}

/// How long things are measured.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) typing: Duration,
    pub(crate) paintings: u32,
}

/// A chat with so many messages in it.
struct Painter {
    contender: Contender,
    metric: Metric,
    visit: Visit,
    talker: Option<Talker>,
    next: u64,
}

impl Stage {
    pub(crate) async fn set(packages: &Path, how: How, say: impl Fn(&str)) -> Stage {
        let stack = Stack::start().await;
        let fast = Server::start(stack.edge_port, packages, None).await;
        let slow = Server::start(stack.edge_port, packages, Some(Line::SLOW_4G)).await;
        let browser = Chromium::start().await;
        let stage = Stage {
            browser,
            stack,
            fast,
            slow,
            conversations: Vec::new(),
            said: 0,
            how,
            painters: Vec::new(),
        };
        // Compressing takes seconds: before anything is measured.
        say("warming up");
        for contender in Contender::ALL {
            let url = stage.fast.page(contender.name());
            let visit = Visit::begin(&stage.browser, contender, 1.0, &url).await;
            if contender == Contender::Seawall {
                visit.click().await;
                visit.until(Place::Frame, "bench.live", "the chat is live").await;
            }
            visit.end().await;
        }
        stage
    }

    /// The chats that are painted: they come last, because nobody else's opening and typing shall wait for their pages.
    pub(crate) async fn fill(&mut self, say: impl Fn(&str)) {
        // 5,000 messages take deep-chat minutes, given one by one or as its `history`.
        for (contender, metric, messages) in [
            (Contender::Seawall, Metric::PaintFew, FEW),
            (Contender::DeepChat, Metric::PaintFew, FEW),
            (Contender::Seawall, Metric::PaintMany, MANY),
        ] {
            say(&format!("filling {} with {messages} messages", contender.name()));
            let painter = self.painter(contender, metric, messages).await;
            self.painters.push(painter);
        }
        say("the origin takes what was said");
        self.at_rest().await;
    }

    /// The origin has everything. Until then it, the edge and the chats that show how far it is take their part of the machine.
    async fn at_rest(&self) {
        let path = format!("/ledger/demo/messages?limit=1&after={}", self.said - 1);
        let has_it = async || {
            let answer = self.stack.admin(Method::GET, &path).send().await.expect("the origin answers");
            answer.json::<Vec<Value>>().await.expect("a JSON array").len() == 1
        };
        wait::until_true("the origin has everything", 300, has_it).await;
    }

    pub(crate) fn browser_version(&self) -> &str {
        &self.browser.version
    }

    /// What a page view costs the page, on a processor that is so much slower.
    pub(crate) async fn page_view(&self, contender: Contender, slower: f64, report: &mut Report) {
        let url = self.fast.page(contender.name());
        self.fast.take_served();
        let visit = Visit::begin(&self.browser, contender, slower, &url).await;
        tokio::time::sleep(SETTLE).await;
        let launcher = visit.number(Place::Page, "bench.launcher.at").await;
        let mut add = |metric, value| report.add(metric, contender, value);
        if slower > 1.0 {
            add(Metric::LauncherSlow, launcher);
            add(Metric::LongTasks, visit.number(Place::Page, "bench.tasks.length").await);
            add(
                Metric::LongTasksMs,
                visit.number(Place::Page, "bench.tasks.reduce((a, b) => a + b, 0)").await,
            );
            add(Metric::Shift, visit.number(Place::Page, "bench.shift").await);
            visit.end().await;
            return;
        }
        add(Metric::Launcher, launcher);
        let page_view = self.fast.take_served();
        add(Metric::PageView, page_view as f64);
        add(Metric::HeapBefore, visit.heap_kb(Place::Page).await);
        match contender {
            Contender::Seawall => {
                visit.click().await;
                visit.until(Place::Frame, "bench.live", "the chat is live").await;
                add(Metric::HeapFrame, visit.heap_kb(Place::Frame).await);
                add(Metric::Opened, self.fast.take_served() as f64);
            }
            Contender::N8n => {
                visit.click().await;
                visit.until(Place::Page, N8N_COMPOSER, "the chat has opened").await;
                add(Metric::Opened, (page_view + self.fast.take_served()) as f64);
            }
            // Stands open in the page.
            Contender::DeepChat => add(Metric::Opened, page_view as f64),
            Contender::Bare => {}
        }
        if contender != Contender::Bare {
            tokio::time::sleep(SETTLE).await;
            add(Metric::HeapAfter, visit.heap_kb(Place::Page).await);
        }
        visit.end().await;
    }

    /// On slow 4G with a processor that is 4 times slower: from the click to a composer that takes typing, and to a
    /// live link.
    pub(crate) async fn open(&self, contender: Contender, hovered: bool, report: &mut Report) {
        let visit = Visit::begin(&self.browser, contender, 4.0, &self.slow.page(contender.name())).await;
        tokio::time::sleep(SETTLE).await;
        self.slow.take_served();
        if hovered {
            visit.hover().await;
            tokio::time::sleep(HOVER).await;
        }
        visit.click().await;
        let place = match contender {
            Contender::Seawall | Contender::Bare => Place::Frame,
            Contender::DeepChat | Contender::N8n => Place::Page,
        };
        // Somebody who types without looking, until it is taken.
        {
            let typing = async {
                loop {
                    visit.press_a_key();
                    tokio::time::sleep(KEY_EVERY).await;
                }
            };
            let composed = visit.until(place, "bench.typed", "the composer takes typing");
            tokio::select! { () = composed => {}, () = typing => {} }
        }
        // Without hovering the first that the page hears of the pointer counts.
        let began = if hovered { "bench.pointerdown" } else { "bench.pointerover" };
        let began = visit.number(Place::Page, began).await;
        let typed = visit.number(place, "bench.typed").await - began;
        report.add(if hovered { Metric::ComposerHovered } else { Metric::Composer }, contender, typed);
        if let (Place::Frame, false) = (place, hovered) {
            visit.until(Place::Frame, FIRST_PAINT, "the frame is painted").await;
            let shown = visit.number(Place::Frame, FIRST_PAINT).await - began;
            report.add(Metric::ComposerShown, contender, shown);
        }
        if contender == Contender::Seawall {
            visit.until(Place::Frame, "bench.live", "the chat is live").await;
            let live = visit.number(Place::Frame, "bench.live").await - began;
            report.add(if hovered { Metric::LiveHovered } else { Metric::Live }, contender, live);
            if !hovered {
                visit.until(Place::Frame, "bench.storage", "the browser's storage has answered").await;
                let storage = visit.number(Place::Frame, "bench.storage").await;
                report.add(Metric::Storage, contender, storage);
                let floor = Line::SLOW_4G.floor_ms(self.slow.take_served());
                report.add(Metric::Floor, contender, floor);
            }
        }
        visit.end().await;
    }

    /// A chat in which something has been said, with somebody at the other end who says more.
    async fn chat(&mut self, contender: Contender) -> (Visit, Option<Talker>) {
        let url = self.fast.page(contender.name());
        let visit = Visit::begin(&self.browser, contender, 1.0, &url).await;
        if contender != Contender::Seawall {
            visit.eval(Place::Page, r#"document.querySelector("deep-chat").focusInput()"#).await;
            return (visit, None);
        }
        visit.click().await;
        visit.until(Place::Frame, "bench.live", "the chat is live").await;
        visit.press_a_key();
        visit
            .until(Place::Frame, r#"document.querySelector("textarea").value"#, "the letter stands there")
            .await;
        visit.eval(Place::Frame, r#"document.querySelector("form").requestSubmit()"#).await;
        let (talker, conversation) = Talker::of_newest(&self.stack, &self.conversations).await;
        self.conversations.push(conversation);
        self.said += 1;
        (visit, Some(talker))
    }

    async fn painter(&mut self, contender: Contender, metric: Metric, messages: u64) -> Painter {
        let (visit, mut talker) = self.chat(contender).await;
        match &mut talker {
            Some(talker) => {
                talker.say(messages - 1).await;
                self.said += messages - 1;
            }
            None => {
                let fill = format!("for (let n = 1; n < {messages}; n++) {}", add("n"));
                drop(visit.eval(Place::Page, &fill).await);
            }
        }
        let painter = Painter { contender, metric, visit, talker, next: messages };
        painter.shows(messages - 1).await;
        painter
    }

    /// Everybody's thread, while one message after the other comes.
    pub(crate) async fn paint(&mut self, round: usize, report: &mut Report, say: impl Fn(&str)) {
        let paintings = self.how.paintings;
        for turn in 0..self.painters.len() {
            let next = (round + turn) % self.painters.len();
            let painter = &mut self.painters[next];
            say(&format!("painting, {} ({:?})", painter.contender.name(), painter.metric));
            let place = painter.place();
            painter.visit.slow_down(4.0).await;
            let before = painter.visit.busy_ms(place).await;
            for _ in 0..paintings {
                match &mut painter.talker {
                    Some(talker) => {
                        talker.say(1).await;
                        self.said += 1;
                    }
                    None => drop(painter.visit.eval(place, &add(&painter.next.to_string())).await),
                }
                painter.next += 1;
                tokio::time::sleep(PAINT_EVERY).await;
            }
            painter.shows(painter.next - 1).await;
            let busy = painter.visit.busy_ms(place).await - before;
            // A processor is slowed down by keeping it busy, also where nothing is to do: nobody else shall feel it.
            painter.visit.slow_down(1.0).await;
            report.add(painter.metric, painter.contender, busy / f64::from(paintings));
        }
    }

    /// Somebody types while 50 messages a second arrive.
    pub(crate) async fn typing(&mut self, contender: Contender, report: &mut Report) {
        let (visit, talker) = self.chat(contender).await;
        let place = if talker.is_some() { Place::Frame } else { Place::Page };
        visit.slow_down_only(place, 4.0).await;
        visit.eval(place, KEY_WATCH).await;
        let during = self.how.typing;
        let typing = async {
            let mut ticks = tokio::time::interval(TYPE_EVERY);
            let keys = during.as_millis() / TYPE_EVERY.as_millis();
            for key in 0..keys {
                ticks.tick().await;
                // 200 ms are 12 frames of the screen: without this all keys of a round would come at the same moment of a frame.
                tokio::time::sleep(Duration::from_millis(key as u64 * 5 % 17)).await;
                visit.press_a_key();
            }
            keys
        };
        let talking = async {
            match talker {
                Some(talker) => talker.chatter(MESSAGES_PER_S, during).await,
                None => {
                    let milliseconds = during.as_millis();
                    let every = 1_000 / MESSAGES_PER_S;
                    // In bursts where the thread was busy, as messages come from a network.
                    let feed = format!(
                        "new Promise((done) => {{ const began = performance.now(); let n = 0; const timer = setInterval(() => {{ \
                         const now = performance.now() - began; \
                         while (n < Math.min(now, {milliseconds}) / {every}) {{ n += 1; {} }} \
                         if (now > {milliseconds}) {{ clearInterval(timer); done(n); }} }}, {every}) }})",
                        add("n")
                    );
                    visit.number(place, &feed).await as u64
                }
            }
        };
        let (keys, messages) = tokio::join!(typing, talking);
        visit.until(place, &format!("bench.keys.length >= {keys}"), "all keys are painted").await;
        let Value::Array(delays) = visit.eval(place, "bench.keys").await else { panic!("delays") };
        let mut delays: Vec<f64> = delays.iter().filter_map(Value::as_f64).collect();
        delays.sort_by(f64::total_cmp);
        report.add(Metric::Typing, contender, delays[delays.len() / 2]);
        report.add(Metric::TypingWorst, contender, delays[delays.len() * 95 / 100]);
        report.add(Metric::TypingRate, contender, messages as f64 / during.as_secs_f64());
        visit.end().await;
        if let Place::Frame = place {
            self.said += messages;
            self.at_rest().await;
        }
    }
}

impl Painter {
    fn place(&self) -> Place {
        if self.talker.is_some() { Place::Frame } else { Place::Page }
    }

    async fn shows(&self, n: u64) {
        let wanted = json!(format!("({n})."));
        let text = match self.contender {
            Contender::Seawall => r#"document.querySelector(".rows").lastElementChild.textContent"#,
            _ => {
                r##"[...document.querySelector("deep-chat").shadowRoot.querySelectorAll(".message-bubble")].at(-1)?.textContent"##
            }
        };
        let condition = format!("({text} || '').includes({wanted})");
        self.visit.until(self.place(), &condition, &format!("message {n} is on the screen")).await;
    }
}

/// deep-chat's documented way in for messages; the same words as ours.
fn add(n: &str) -> String {
    format!(
        r#"document.querySelector("deep-chat").addMessage({{ role: "ai", text: `{TEXT} (${{{n}}}).` }});"#
    )
}

const FIRST_PAINT: &str =
    "performance.timeOrigin + performance.getEntriesByName('first-contentful-paint')[0]?.startTime";

const N8N_COMPOSER: &str = r#"document.querySelector(".chat-window textarea")?.getClientRects().length"#;
