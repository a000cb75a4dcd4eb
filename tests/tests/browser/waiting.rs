//! A browser's tabs while nobody has a link: when the one that leads tries again (RECONNECT-2, RECONNECT-3).

use serde_json::json;
use tests::harness::cdp::Chromium;
use tests::harness::proxy::Proxy;
use tests::harness::stack::Stack;
use tests::harness::tab::Tab;

/// When this tab tries to get a link, and when it hears that a person does something in another one.
const WATCH: &str = "window.tries = []; window.acted = []; const take = takeLink;\
    window.takeLink = (make) => (tries.push(performance.now()), take(make));\
    new BroadcastChannel('seawall-demo').onmessage = ({ data }) => data.acts && acted.push(performance.now()); true";

/// As from many tabs that wait.
const ASK: &str = "const others = new BroadcastChannel('seawall-demo');\
    window.asking = setInterval(() => others.postMessage({ from: 'another.1', open: true }), 200); true";

/// Later attempts wait for a second, and for two more until everybody who chats has come back for the first time.
const LEAST_MS: f64 = 3_000.0;

#[tokio::test(flavor = "multi_thread")]
async fn reconnect_2_tabs_that_wait_for_the_leading_ones_link_do_not_hurry_it_and_who_writes_in_them_does() {
    let stack = Stack::start().await;
    let proxy = Proxy::start(stack.edge_port).await;
    let browser = Chromium::start().await;
    let first = Tab::chat(&browser, proxy.port, "").await;
    first.show().await;
    first.say("From the one that leads").await;
    let second = Tab::chat(&browser, proxy.port, "").await;
    second.until_frame("document.querySelector('[role=log]').innerText.includes('From the one')").await;
    first.frame(WATCH).await;
    // Nobody sees the other one.
    first.show().await;
    second.frame(ASK).await;
    proxy.cut();
    first.until_frame("tries.length === 3").await;
    let tries: Vec<f64> =
        serde_json::from_value(first.frame("tries").await.expect("there")).expect("numbers");
    assert!(tries.windows(2).all(|two| two[1] - two[0] >= LEAST_MS), "{tries:?}");

    second.frame("clearInterval(asking), true").await;
    second.show().await;
    second.focus("textarea").await;
    second.insert("From the one that follows").await;
    assert_eq!(first.frame("acted.length = 0").await, Some(json!(0)));
    second.press("Enter").await;
    first.until_frame("acted.some((at) => tries.some((then) => Math.abs(then - at) < 300))").await;
    proxy.mend();
    let sent = "[...document.querySelectorAll('[data-by=own] .state')].at(-1)?.textContent";
    second.until_frame(&format!("/Sent|Delivered|Seen/.test({sent})")).await;
    first.until_frame("document.querySelectorAll('[data-by=own] .bubble').length === 2").await;
}
