//! Two visitors in front of the real system, in English and in Arabic, which is read from the right, who are brought from one
//! state of the chat to the next.

use reqwest::Method;
use serde_json::json;
use shared::session::Input;

use super::cdp::Chromium;
use super::customer::{Page, website};
use super::ledger;
use super::person::Person;
use super::proxy::Proxy;
use super::stack::{ADA, OPERATOR, Stack};
use super::states::State;
use super::tab::Tab;
use super::tokens::of_the_shop;
use super::wait;
use super::wire::Door;

/// One visitor, with what their language is.
pub struct Visitor {
    pub tab: Tab,
    pub language: &'static str,
    conversation: Option<Person>,
}

pub struct Scene {
    pub visitors: [Visitor; 2],
    stack: Stack,
    proxy: Proxy,
    page: u16,
    cookie: String,
    /// A console is open.
    console: Option<Person>,
    _browser: Chromium,
}

/// Is refused by the edge, because on the wire it is too long; the widget would not let it go.
const REFUSED: &str = "I will be refused";
const REFUSE: &str = "{ const send = WebSocket.prototype.send; WebSocket.prototype.send = function (text) {\
    return send.call(this, text.replace('I will be refused', 'x'.repeat(4001))) } }";
/// As the edge ends a link whose token is forged.
const STOP: &str = "window.WebSocket = class extends EventTarget { send() {} close() {} constructor() { super();\
    setTimeout(() => { const event = new CloseEvent('close', { code: 4401 }); this.dispatchEvent(event); this.onclose?.(event) }, 50) } }";
/// As in a browser that compiles nothing.
const NO_WASM: &str = "delete window.WebAssembly";
const MARKS: &str = "Here is all that there is to say:\n**Twice a week**, on *Mondays* and _Thursdays_.\n- by ship\n- by rail\n\
    1. pack `lantern-7`\n> And how fast is it?\n```\nship --to norway\n```\nSee [our prices](https://harbour-goods.example/prices).";
const LONG: &str = "Donaudampfschifffahrtsgesellschaftskapitänskajütentürschlüsselloch and \
    https://harbour-goods.example/a/very/long/address/that/does/not/break?with=parameters&and=more#and-a-fragment, \
    which should both stay within the bubble.";

impl Scene {
    pub async fn set() -> Scene {
        let stack = Stack::start().await;
        let much = json!({ "messages_per_conversation": { "at_once": 1000, "per_minute": 1000 } });
        stack.site("much", much).await;
        stack.site("few", json!({ "messages_per_conversation": { "at_once": 2, "per_minute": 1 } })).await;
        stack.site("later", json!({})).await;
        for (site, contact) in [("asks", "optional"), ("away", "away")] {
            stack.site(site, json!({})).await;
            stack.asks(site, contact).await;
        }
        let proxy = Proxy::start(stack.edge_port).await;
        let mut pages = Vec::new();
        for site in ["demo", "much", "few", "asks", "away", "later"] {
            for language in ["en", "ar"] {
                let tag = format!(
                    r#"<script async nonce=n src="http://localhost:{}/seawall.js" data-site={site} data-lang={language}></script>"#,
                    proxy.port
                );
                let mut page = Page::html(&format!("/{site}-{language}"), "", &tag);
                if language == "ar" {
                    page.body = page.body.replace("<html lang=en>", "<html lang=en dir=rtl>");
                }
                pages.push(page);
            }
        }
        let page = website(pages).await;
        let browser = Chromium::start().await;
        let mut visitors = Vec::new();
        for language in ["en", "ar"] {
            let tab = Tab::of_a_stranger(&browser).await;
            tab.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": REFUSE })).await;
            visitors.push(Visitor { tab, language, conversation: None });
        }
        let cookie = stack.log_in(ADA).await;
        let visitors = visitors.try_into().ok().expect("two");
        Scene { visitors, stack, proxy, page, cookie, console: None, _browser: browser }
    }

    /// From the state before it in the list.
    pub async fn reach(&mut self, state: State) {
        match state {
            State::Closed => self.go("demo").await,
            State::Opening => {
                let held = json!({ "patterns": [{ "urlPattern": "*/widget*" }] });
                self.order("Fetch.enable", held).await;
                self.open().await;
                self.until("!!document.querySelector('textarea')").await;
            }
            State::Loading => {
                self.each(|visitor| visitor.tab.forget_order("Fetch.enable"));
                self.order("Network.setBlockedURLs", json!({ "urls": ["*/widget*"] })).await;
                // What is written there is kept, and sent when the app comes.
                self.go("later").await;
                self.open().await;
                self.until("!!document.querySelector('.line')").await;
                self.say("Hello? هل من أحد؟").await;
            }
            State::Form => {
                self.order("Network.setBlockedURLs", json!({ "urls": [] })).await;
                self.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": NO_WASM })).await;
                self.go("demo").await;
                self.open().await;
                self.until("!!document.querySelector('input[type=email]')").await;
            }
            State::Asked => {
                self.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": REFUSE })).await;
                self.go("asks").await;
                self.open().await;
                self.until("document.querySelectorAll('.contact input').length == 2").await;
            }
            State::AskedAway => {
                self.go("away").await;
                self.open().await;
                self.until("!!document.querySelector('.line[data-tone=calm]')").await;
                self.say("Do you ship to Norway?").await;
                self.until("document.querySelectorAll('.contact input').length == 1").await;
            }
            State::Away => {
                self.go("demo").await;
                self.open().await;
                self.until("!!document.querySelector('.line[data-tone=calm]')").await;
            }
            State::Greeting => {
                let console = Person::inbox(Door::inbox(self.stack.edge_port, &self.cookie));
                console.live().await;
                self.console = Some(console);
                // Who has said nothing is not told of agents who come, and a worker goes by what it has heard 2 s ago.
                wait::until_true("a page that begins knows of the agent", 30, || async {
                    self.go("demo").await;
                    self.open().await;
                    let told = "!!document.querySelector('[data-here], .line')";
                    self.until(told).await;
                    let here = "!!document.querySelector('[data-here]') && !document.querySelector('.line')";
                    let [one, other] = &self.visitors;
                    let told = [one.tab.frame(here).await, other.tab.frame(here).await];
                    told == [Some(json!(true)), Some(json!(true))]
                })
                .await;
            }
            State::Conversation => {
                self.say("Do you ship to Norway?").await;
                self.bring_agents().await;
                self.answer("We do, twice a week. See https://harbour-goods.example/shipping.").await;
                self.say("Lovely.\nAnd the blue lantern, is it in stock?").await;
                self.until("document.querySelectorAll('[data-state=seen]').length == 2").await;
            }
            State::Menu => {
                self.press("menu").await;
                self.until("!!document.querySelector('.options input')").await;
            }
            State::Emoji => {
                self.press("menu").await;
                self.press("emoji").await;
                self.until("!!document.querySelector('.signs button')").await;
            }
            State::OwnColour => {
                self.press("emoji").await;
                self.page("Seawall('update', { color: '#ffd400', round: 4 }), true").await;
                self.until("document.documentElement.style.cssText.includes('--round')").await;
            }
            State::Unread => {
                self.page("Seawall('update', { color: null, round: null }), Seawall('close'), true").await;
                self.until("!document.documentElement.style.cssText.includes('--round')").await;
                self.agents(|agent| agent.write("It is: we have four of them."));
                for visitor in &self.visitors {
                    let unread = "!!document.querySelector('seawall-chat').shadowRoot.querySelector('b')";
                    visitor.tab.until_page(unread).await;
                }
                self.page("Seawall('open'), true").await;
                self.until("!!document.querySelector('[data-fresh]')").await;
            }
            State::Marks => {
                self.answer(MARKS).await;
                self.until("!!document.querySelector('[role=blockquote]')").await;
            }
            State::Typing => {
                self.agents(|agent| agent.input(Input::Typing(true)));
                self.until("!!document.querySelector('[data-state=typing]')").await;
            }
            State::LongTexts => {
                self.agents(|agent| agent.input(Input::Typing(false)));
                self.answer(LONG).await;
                self.say(&LONG.replace(' ', "")).await;
                for visitor in &self.visitors {
                    visitor.tab.focus("textarea").await;
                    visitor.tab.insert(&"A long text. ".repeat(300)).await;
                }
                self.until("!!document.querySelector('.hint')").await;
            }
            State::NotSent => {
                let empty = "{ const area = document.querySelector('textarea'); area.value = '';\
                             area.dispatchEvent(new Event('input', { bubbles: true })) }";
                for visitor in &self.visitors {
                    visitor.tab.frame(empty).await;
                }
                self.say(REFUSED).await;
                self.until("!!document.querySelector('[data-state=refused]')").await;
            }
            State::ConnectingAgain => {
                self.proxy.cut();
                self.say("Are you still there?").await;
                self.until("!!document.querySelector('.line[data-tone=waiting]')").await;
            }
            State::Offline => {
                for visitor in &self.visitors {
                    visitor.tab.offline(true).await;
                }
                self.until("!navigator.onLine").await;
            }
            State::Degraded => {
                self.proxy.mend();
                for visitor in &self.visitors {
                    visitor.tab.offline(false).await;
                }
                self.until(
                    "!document.querySelector('.line') && !document.querySelector('[data-state=queued]')",
                )
                .await;
                self.mode("degraded").await;
                self.until("!!document.querySelector('.line[data-tone=calm]')").await;
            }
            State::Holding => {
                self.mode("holding").await;
                self.console = None;
                self.each(|visitor| visitor.conversation = None);
                self.until("!document.querySelector('[data-here]') && !!document.querySelector('.line')")
                    .await;
                self.say("Good to know.").await;
                self.until("!document.querySelector('[data-state=queued]')").await;
            }
            State::Identified => {
                self.go("demo").await;
                for Visitor { tab, language, .. } in &self.visitors {
                    let token = json!(of_the_shop(language, "Vera Lund", 3_600));
                    tab.page(&format!("Seawall('identify', {{ token: {token} }}), true")).await;
                }
                self.open().await;
                self.say("My order has not come.").await;
                self.until("!document.querySelector('[data-state=queued]')").await;
            }
            State::Limited => {
                self.go("few").await;
                self.open().await;
                for text in ["Hello?", "Is anybody there?", "I have a question.", "About the lantern."] {
                    self.say(text).await;
                }
                self.until("!!document.querySelector('.line[data-tone=waiting]')").await;
            }
            State::Earlier => {
                self.go("much").await;
                self.open().await;
                self.until("!!document.querySelector('.line')").await;
                for visitor in &self.visitors {
                    let say = "for (let n = 1; n <= 80; n++) Seawall('send', `Message ${n} of many`)";
                    visitor.tab.page(&format!("{say}; true")).await;
                }
                self.until(
                    "document.querySelector('[role=log]').innerText.includes('80 of many') &&\
                            !document.querySelector('[data-state=queued]')",
                )
                .await;
                self.until("(document.querySelector('[role=log]').scrollTop = -1e6,\
                            document.querySelector('[name=earlier]')?.click(), !!document.querySelector('.latest'))")
                    .await;
            }
            State::OutboxFull => {
                self.proxy.cut();
                self.page(
                    "for (let n = 1; n <= 500; n++) Seawall('send', `Message ${n} without a link`); true",
                )
                .await;
                self.until("!!document.querySelector('.hint') && !!document.querySelector('.line')").await;
            }
            State::Stopped => {
                self.proxy.mend();
                self.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": STOP })).await;
                self.go("demo").await;
                self.open().await;
                self.until("!!document.querySelector('.line[data-tone=stopped]')").await;
            }
            State::Unreachable => {
                self.go("demo").await;
                self.proxy.cut();
                let open =
                    "document.querySelector('seawall-chat').shadowRoot.querySelector('button').click(), true";
                let told = "document.querySelector('seawall-chat').shadowRoot.querySelector('div').innerText.length > 9";
                for visitor in &self.visitors {
                    visitor.tab.page(open).await;
                    visitor.tab.until_page(told).await;
                }
            }
        }
    }

    fn each(&mut self, act: impl FnMut(&mut Visitor)) {
        self.visitors.iter_mut().for_each(act);
    }

    fn agents(&self, act: impl FnMut(&Person)) {
        self.visitors.iter().filter_map(|visitor| visitor.conversation.as_ref()).for_each(act);
    }

    async fn order(&self, method: &'static str, params: serde_json::Value) {
        for visitor in &self.visitors {
            visitor.tab.order(method, params.clone()).await;
        }
    }

    async fn until(&self, condition: &str) {
        for visitor in &self.visitors {
            visitor.tab.until_frame(condition).await;
        }
    }

    async fn go(&self, site: &str) {
        for Visitor { tab, language, .. } in &self.visitors {
            tab.go(&format!("http://127.0.0.1:{}/{site}-{language}", self.page)).await;
            tab.until_launcher().await;
        }
    }

    async fn open(&self) {
        for Visitor { tab, .. } in &self.visitors {
            let open =
                "document.querySelector('seawall-chat').shadowRoot.querySelector('button').click(), true";
            tab.page(open).await;
            tab.until_frame("document.readyState == 'complete' && !!document.querySelector('textarea')")
                .await;
        }
    }

    /// Says it to the customer's pages.
    async fn page(&self, script: &str) {
        for Visitor { tab, .. } in &self.visitors {
            tab.page(script).await;
        }
    }

    async fn press(&self, button: &str) {
        for Visitor { tab, .. } in &self.visitors {
            tab.frame(&format!("document.querySelector('.{button}').click(), true")).await;
        }
    }

    async fn say(&self, text: &str) {
        for Visitor { tab, .. } in &self.visitors {
            tab.focus("textarea").await;
            tab.insert(text).await;
            tab.press("Enter").await;
            let shown = format!(
                "[...document.querySelectorAll('[role=log] .text')].some((one) => one.textContent == {})",
                json!(text)
            );
            tab.until_frame(&shown).await;
        }
    }

    async fn answer(&self, text: &str) {
        self.agents(|agent| agent.write(text));
        let shown =
            format!("document.querySelector('[role=log]').innerText.includes({})", json!(&text[..20]));
        self.until(&shown).await;
    }

    /// An agent opens the conversation of each visitor.
    async fn bring_agents(&mut self) {
        let lines = ledger::whole(&self.stack, 2, 30).await;
        for (visitor, line) in self.visitors.iter_mut().zip(lines) {
            let door = Door::conversation(self.stack.edge_port, &self.cookie, &line.conversation);
            let agent = Person::agent(door);
            agent.live().await;
            agent.input(Input::Looking(true));
            visitor.conversation = Some(agent);
        }
    }

    /// The operator's word on it.
    async fn mode(&self, mode: &str) {
        let request = self.stack.edge(Method::PUT, "127.0.0.1", "/v1/sites/demo/mode").bearer_auth(OPERATOR);
        let answer = request.json(&json!({ "mode": mode })).send().await.expect("the edge answers");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    }
}
