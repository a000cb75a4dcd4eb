//! Whoever sees, hears or moves differently finds no barrier in any state of the chat.

use serde_json::json;
use tests::harness::axe::violations_in;
use tests::harness::scene::{Scene, Visitor};
use tests::harness::states::State;

/// A name, what is wished for, and how wide the window is.
type Look = (&'static str, (&'static str, &'static str), u32);

const LOOKS: [Look; 4] = [
    ("light", ("prefers-color-scheme", "light"), 900),
    ("dark", ("prefers-color-scheme", "dark"), 900),
    ("narrow", ("prefers-color-scheme", "light"), 320),
    ("forced colours", ("forced-colors", "active"), 900),
];

/// What sticks out of its window or is scrolled sideways, and what is too small for a finger.
const CRAMPED: &str = "[document.documentElement, document.body, ...document.querySelectorAll('.chat, .chat *')]\
    .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1 && getComputedStyle(one).display != 'inline'\
        && getComputedStyle(one).overflowX != 'visible' && !one.closest('.unseen'))\
    .map((one) => `${one.tagName}.${one.className} is ${one.scrollWidth} wide in ${one.clientWidth}`)\
    .concat([...document.querySelectorAll('.chat *')].filter((one) => !one.closest('.unseen, svg')).map((one) => [one, one.getBoundingClientRect()])\
    .filter(([, box]) => box.width && (box.left < -1 || box.right > innerWidth + 1))\
    .map(([one, box]) => `${one.tagName}.${one.className} reaches from ${box.left} to ${box.right} of ${innerWidth}`))\
    .concat([...document.querySelectorAll('button')].map((one) => [one, one.getBoundingClientRect()])\
    .filter(([one, box]) => box.width && !one.closest('.line') && (box.height < 43.9 || box.width < 24))\
    .map(([one, box]) => `${one.textContent || one.ariaLabel} is ${box.width} × ${box.height}`))\
    .concat([document.querySelector('textarea').getBoundingClientRect()].filter((box) => box.top < 0 || box.bottom > innerHeight + 1)\
    .map((box) => `the composer reaches from ${box.top} to ${box.bottom} of ${innerHeight}`))";

#[tokio::test(flavor = "multi_thread")]
async fn in_every_state_axe_finds_nothing_all_fits_a_finger_meets_it_and_nothing_moves_unasked() {
    let mut scene = Scene::set().await;
    let mut found = Vec::new();
    for state in State::ALL {
        scene.reach(state).await;
        for visitor in &scene.visitors {
            let mut barriers = axe(visitor, state).await;
            if state.has_frame() {
                barriers.extend(cramped(visitor).await);
                barriers.extend(moving(visitor).await);
            }
            visitor.tab.wish(&[]).await;
            visitor.tab.size(900, 700, false).await;
            found.extend(
                barriers.into_iter().map(|one| format!("{}, {}: {one}", state.name(), visitor.language)),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

async fn axe(visitor: &Visitor, state: State) -> Vec<String> {
    let mut found = Vec::new();
    // From the right, what colours do is the same.
    let looks = if visitor.language == "en" { &LOOKS[..] } else { &LOOKS[1..3] };
    for (look, wish, width) in looks {
        visitor.tab.wish(&[*wish]).await;
        visitor.tab.size(*width, 700, *width < 500).await;
        visitor.tab.still().await;
        let violations = violations_in(&visitor.tab, state.has_frame(), look.contains("forced")).await;
        found.extend(violations.into_iter().map(|violation| format!("{look}: {violation}")));
    }
    found
}

/// WCAG 1.4.10 and 2.5.8: 640 × 512 at 200 % are 320 × 256.
async fn cramped(visitor: &Visitor) -> Vec<String> {
    let mut found = Vec::new();
    for (width, height) in [(320, 568), (320, 256)] {
        visitor.tab.size(width, height, true).await;
        visitor.tab.until_frame(&format!("innerWidth == {width}")).await;
        visitor.tab.still().await;
        let cramped = visitor.tab.frame(CRAMPED).await.expect("a list");
        found
            .extend(cramped.as_array().into_iter().flatten().map(|one| format!("{width} × {height}: {one}")));
    }
    found
}

async fn moving(visitor: &Visitor) -> Option<String> {
    visitor.tab.wish(&[("prefers-reduced-motion", "reduce")]).await;
    let moving = visitor.tab.frame("document.getAnimations().length").await;
    (moving != Some(json!(0))).then(|| format!("{moving:?} things move"))
}
