//! Every state of the chat, in light, in dark, from right to left and on a phone, with a page that shows them all.

use std::fmt::Write as _;

use tests::harness::scene::Scene;
use tests::harness::stack::program;
use tests::harness::states::State;

/// Name, language, wish, and the width of the window. Below 481 px the chat fills it.
type Look = (&'static str, &'static str, &'static str, u32);

const LOOKS: [Look; 4] = [
    ("light", "en", "light", 481),
    ("dark", "en", "dark", 481),
    ("from the right", "ar", "light", 481),
    ("phone", "en", "light", 360),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a command of its own: cargo xtask screenshots"]
async fn screenshots_of_every_state() {
    let folder = program("SEAWALL_SCREENSHOTS").join("states");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut page = "# Every state of the chat\n\n\
        Made by `cargo xtask screenshots -- screenshots_of_every_state`; the same states are looked at for barriers in \
        `tests/tests/browser/barriers.rs`.\n"
        .to_owned();
    let mut scene = Scene::set().await;
    for state in State::ALL {
        scene.reach(state).await;
        let _ = write!(page, "\n## {}\n\n{}\n\n|", state.name(), state.sentence());
        page.extend(LOOKS.iter().map(|(look, ..)| format!(" {look} |")));
        page.push_str("\n|---|---|---|---|\n|");
        for (look, language, wish, width) in LOOKS {
            let visitor = scene.visitors.iter().find(|visitor| visitor.language == language).expect("one");
            let tab = &visitor.tab;
            tab.wish(&[("prefers-color-scheme", wish), ("prefers-reduced-motion", "reduce")]).await;
            tab.size(width, 620, width < 481).await;
            tab.until_page(&format!("innerWidth == {width}")).await;
            if state.has_frame() {
                let inside = if width < 481 { width } else { 384 };
                tab.until_frame(&format!("innerWidth == {inside}")).await;
            }
            tab.still().await;
            let picture = tab.picture("webp", None).await;
            let name = format!("{}-{}.webp", state.name(), look.replace(' ', "-"));
            std::fs::write(folder.join(&name), picture).expect("a picture");
            let _ = write!(page, " ![{}, {look}](states/{name}) |", state.name());
            tab.wish(&[]).await;
            tab.size(900, 700, false).await;
        }
        page.push('\n');
    }
    std::fs::write(program("SEAWALL_SCREENSHOTS").join("gallery.md"), page).expect("a page");
}
