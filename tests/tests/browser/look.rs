//! The chat as a site wants it to look.

use serde_json::json;
use tests::harness::cdp::Chromium;
use tests::harness::chat::Chat;
use tests::harness::stack::{Stack, program};
use tests::harness::tab::Tab;

const LAUNCHER: &str = "document.querySelector('seawall-chat').shadowRoot.querySelector('button')";

/// The least contrast of what is read in a site's colour or on it, for each of many colours, as `[contrast, colour, which]`.
const LEAST: &str = "((part) => {\
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });\
    const light = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);\
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => v / 255)\
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05; };\
    const contrast = (a, b) => Math.max(light(a), light(b)) / Math.min(light(a), light(b));\
    const probe = document.querySelector('main').appendChild(document.createElement('i'));\
    const of = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };\
    const colors = [];\
    for (let v = 0; v < 256; v += 5) colors.push(`rgb(${v} ${v} ${v})`);\
    for (let hue = 0; hue < 360; hue += 12) for (const s of [30, 70, 100]) for (let l = 5; l < 100; l += 6) colors.push(`hsl(${hue} ${s}% ${l}%)`);\
    const was = document.documentElement.style.getPropertyValue('--site');\
    let least = [99];\
    for (const color of colors.filter((_, at) => at % 8 == part)) {\
        document.documentElement.style.setProperty('--site', color);\
        for (const [text, ground] of [['on-sea', 'sea'], ['on-own', 'own'], ['on-own-soft', 'own'], ['on-sea', 'sea-deep'], ['link', 'ground'], ['link', 'ground-low']]) {\
            const found = contrast(of(text), of(ground));\
            if (found < least[0]) least = [found, color, text + ' on ' + ground];\
        }\
    }\
    document.documentElement.style.setProperty('--site', was);\
    probe.remove();\
    return [colors.length, ...least];\
})";

#[tokio::test(flavor = "multi_thread")]
async fn the_sites_colour_reaches_the_chat_and_whatever_it_is_it_can_be_read_in_light_and_dark() {
    let chat = Chat::open("data-color=#7a1f5c").await;
    let tab = &chat.tab;
    tab.say("Do you ship to Norway?").await;
    let own = "getComputedStyle(document.querySelector('[data-by=own] .bubble')).backgroundColor";
    let plum = tab.frame(own).await.expect("a colour");
    for theme in ["light", "dark", "auto"] {
        tab.page(&format!("Seawall('setTheme', '{theme}')")).await;
        if theme != "auto" {
            tab.until_frame(&format!("document.documentElement.style.colorScheme == '{theme}'")).await;
        }
        for part in 0..8 {
            let least = tab.frame(&format!("{LEAST}({part})")).await.expect("a list");
            assert!(least[0].as_u64() > Some(1000) && least[1].as_f64() >= Some(4.5), "{theme}: {least}");
        }
    }
    // Header, send button and bubble have it, and follow.
    tab.page("Seawall('update', { color: '#ffd400' })").await;
    tab.until_frame(&format!("{own} != {plum}")).await;
    let yellow = tab.frame(own).await;
    tab.until_frame(
        "document.documentElement.style.getPropertyValue('--site').startsWith('rgb(255, 212, 0')",
    )
    .await;
    assert_ne!(yellow, Some(plum));
    let black = "(() => { const c = document.createElement('canvas').getContext('2d'); c.fillStyle = getComputedStyle(document.querySelector('.head h1')).color; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data].slice(0, 3).join() })()";
    assert_eq!(tab.frame(black).await, Some(json!("0,0,0")));
    // The page's own style says it as well, and what is no colour changes nothing.
    tab.page("Seawall('update', { color: null }); document.querySelector('seawall-chat').style.setProperty('--seawall-color', 'teal'); Seawall('close')").await;
    tab.until_frame("document.documentElement.style.getPropertyValue('--site').trim() == 'teal'").await;
    tab.page("Seawall('open')").await;
    tab.until_frame("document.documentElement.style.getPropertyValue('--site').trim() == 'teal'").await;
    tab.page("document.querySelector('seawall-chat').style.setProperty('--seawall-color', 'url(x)'); Seawall('close')").await;
    tab.until_frame("!document.documentElement.style.getPropertyValue('--site')").await;
    assert_eq!(tab.page("complaints").await, Some(json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_chooses_corners_a_font_and_what_the_launcher_says_and_hears_of_what_is_wrong() {
    let attributes =
        "data-round=4 data-font=serif data-label='Questions?' data-close-label='Shut it' data-lang=de";
    let chat = Chat::open(attributes).await;
    let tab = &chat.tab;
    tab.until_frame("getComputedStyle(document.querySelector('main')).fontFamily.includes('Georgia')").await;
    tab.until_frame("getComputedStyle(document.querySelector('textarea')).borderRadius == '8px'").await;
    let panel = "getComputedStyle(document.querySelector('seawall-chat').shadowRoot.querySelector('div')).borderRadius";
    tab.until_page(&format!("{panel} == '4px'")).await;
    tab.until_page(&format!("{LAUNCHER}.ariaLabel == 'Shut it'")).await;
    // Without a wish it speaks as the chat does.
    tab.page("Seawall('update', { closeLabel: null }); Seawall('close')").await;
    tab.until_page(&format!("{LAUNCHER}.ariaLabel == 'Questions?'")).await;
    tab.until_page(&format!(
        "{LAUNCHER}.innerText == 'Questions?' && {LAUNCHER}.offsetWidth > 100 && {LAUNCHER}.offsetHeight == 56"
    ))
    .await;
    tab.page("Seawall('open')").await;
    tab.until_page(&format!("{LAUNCHER}.ariaLabel == 'Chat schließen' && {LAUNCHER}.offsetWidth == 56"))
        .await;
    tab.page("Seawall('close'); Seawall('update', { label: null, round: 0, font: null })").await;
    tab.until_page(&format!(
        "{LAUNCHER}.ariaLabel == 'Chat öffnen' && {LAUNCHER}.offsetWidth == 56 && {panel} == '0px'"
    ))
    .await;
    tab.until_frame("getComputedStyle(document.querySelector('textarea')).borderRadius == '4px'").await;
    tab.until_frame("getComputedStyle(document.querySelector('main')).fontFamily.startsWith('system-ui')")
        .await;
    tab.page("window.wrong = []; Seawall('on', 'error', ({ code }) => wrong.push(code));\
        Seawall('update', { round: 99 }); Seawall('update', { font: 'Comic Sans' }); Seawall('update', { closeLabel: '' })")
    .await;
    tab.until_page("wrong.join() == 'bad-round,unknown-font,bad-label'").await;
    // What the tag says wrongly is not taken.
    let tab =
        Tab::chat(&chat.browser, chat.stack.edge_port, "data-round='4;x' data-font='x;} * { color: red'")
            .await;
    tab.until_frame("getComputedStyle(document.querySelector('textarea')).borderRadius == '22px'").await;
    assert_eq!(
        tab.frame("getComputedStyle(document.documentElement).getPropertyValue('--sea')").await,
        Some(json!("#0b5c86"))
    );
    assert_eq!(tab.page("complaints").await, Some(json!([])));
}

/// Pictures of what a site and a visitor can choose, for whoever changes the style.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "for the eye: SEAWALL_PICTURES=folder cargo xtask test browser -- --ignored pictures_of_looks"]
async fn pictures_of_looks() {
    let stack = Stack::start().await;
    let browser = Chromium::start().await;
    let folder = program("SEAWALL_PICTURES");
    for (name, attributes) in [
        ("plain", ""),
        ("plum", "data-color=#7a1f5c data-round=4 data-font=serif data-label=Questions?"),
        ("yellow", "data-color=#ffd400 data-label='Ask us'"),
        ("white", "data-color=white data-round=0"),
        ("black", "data-color=black"),
        ("arabic", "data-color=#00a86b data-lang=ar data-label='اسألونا'"),
    ] {
        let tab = Tab::chat(&browser, stack.edge_port, attributes).await;
        tab.focus("textarea").await;
        tab.insert("Do you ship to **Norway**? See https://example.com/x").await;
        tab.press("Enter").await;
        tab.until_frame("!!document.querySelector('[data-state=delivered]')").await;
        let take = async |what: &str, width: u32| {
            tab.size(width, 700, width < 481).await;
            tab.until_page(&format!("innerWidth == {width}")).await;
            tab.still().await;
            std::fs::write(folder.join(format!("{name}-{what}.png")), tab.picture("png", None).await)
                .expect("a picture");
        };
        take("light", 481).await;
        tab.page("Seawall('setTheme', 'dark')").await;
        tab.until_frame("document.documentElement.style.colorScheme == 'dark'").await;
        take("dark", 481).await;
        tab.page("Seawall('setTheme', 'light')").await;
        tab.until_frame("document.documentElement.style.colorScheme == 'light'").await;
        for opener in ["menu", "emoji"] {
            tab.frame(&format!("document.querySelector('.{opener}').click(), true")).await;
            let full = "document.querySelectorAll('.popup input').length == 2 || !!document.querySelector('.popup button')";
            tab.until_frame(full).await;
            for width in [481, 320] {
                take(&format!("{opener}-{width}"), width).await;
            }
            tab.frame(&format!("document.querySelector('.{opener}').click(), true")).await;
        }
        tab.page("Seawall('close')").await;
        take("closed", 481).await;
        tab.close().await;
    }
}

/// The field is focused while the chat still moves into place: the browser once scrolled the whole chat inside its panel to show
/// it, and the head stayed cut off.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_scrolls_the_whole_chat_within_its_panel() {
    let chat = Chat::open("").await;
    let tab = &chat.tab;
    let scroll = "(({ parentNode: panel }) => [panel.scrollTop = 50, panel.scrollTop])\
                  (document.querySelector('seawall-chat').shadowRoot.querySelector('iframe'))";
    assert_eq!(tab.page(scroll).await, Some(json!([50, 0])));
}

/// What few pages need stands in a file of its own: the page's console hears of it, and nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn where_what_few_pages_need_does_not_come_or_throws_the_chat_works_and_the_console_says_why() {
    // It is asked for a few times, with no pause here that is worth the name.
    let witness = "<script nonce=n>window.warned = []; console.warn = (...words) => warned.push(words.join(' '));\
        Math.random = ((random) => () => random() / 50)(Math.random)</script>";
    let chat = Chat::closed(witness).await;
    let tab = &chat.tab;
    tab.order("Network.setBlockedURLs", json!({ "urls": ["*/apart-*"] })).await;
    tab.open_chat().await;
    let say = async |label: &str| tab.page(&format!("Seawall('update', {{ label: '{label}' }}), true")).await;
    say("Ask").await;
    tab.until_page("warned.length == 1 && /^Seawall: .*\\/apart-.*4$/.test(warned[0])").await;
    tab.say("Does it work?").await;

    tab.order("Network.setBlockedURLs", json!({ "urls": [] })).await;
    say("Ask us").await;
    tab.until_page(&format!("{LAUNCHER}.textContent == 'Ask us'")).await;

    // On a page that has changed what the browser has built in.
    tab.page("DOMTokenList.prototype.toggle = () => { throw Error('changed by the page') }").await;
    say("Ask me").await;
    tab.until_page("warned.length == 2 && warned[1] == 'Seawall: Error: changed by the page'").await;
    tab.say("And now?").await;
    assert_eq!(tab.page("[warned.length, complaints]").await, Some(json!([2, []])));
}
