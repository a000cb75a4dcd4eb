//! The chat in the visitor's language.

use fantoccini::Locator;
use serde_json::json;
use tempfile::TempDir;
use tests::harness::axe::violations;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::ledger;
use tests::harness::stack::{Stack, dist_copy, program};

const PHONE: Look = Look { width: 390, height: 700, dark: false };

#[tokio::test(flavor = "multi_thread")]
async fn in_arabic_the_chat_reads_from_right_to_left_and_a_message_arrives() {
    let stack = Stack::start().await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open_in("en-US", profile.path(), Storage::Allowed, PHONE).await;
    // What the page asks for goes before what the browser is set to.
    browser.go(&format!("{}/frame/demo?lang=ar-EG", stack.edge_url("localhost"))).await;
    browser.find("textarea[aria-describedby]", "الرسالة").await;
    assert_eq!(language(&browser).await, "ar rtl");
    browser.page_reads("مرحبًا! كيف يمكننا مساعدتكم؟", 30).await;
    assert_eq!(violations(&browser).await, [""; 0]);
    browser.fill("الرسالة", "هل تشحنون إلى النرويج؟").await;
    browser.click("button", "إرسال").await;
    browser.state("هل تشحنون إلى النرويج؟", &["تم التسليم", "تم الإرسال"], 30).await;
    // One's own bubble is on the left, the line's end, and the time is told in Arabic.
    let place = "const b = document.querySelector('[data-by=own] .bubble').getBoundingClientRect();\
                 return [b.left < innerWidth - b.right, / [صم]/.test(document.querySelector('.meta').innerText)]";
    assert_eq!(browser.script(place, vec![]).await, json!([true, true]));
    browser.status_reads("موظفونا غير متواجدين الآن.", 30).await;
    // Plurals: Arabic has six kinds of numbers.
    for (characters, hint) in [(3_999, "تبقى حرف واحد"), (3_998, "تبقى حرفان"), (3_995, "تبقت 5 أحرف")]
    {
        let write = "const area = document.querySelector('textarea'); area.value = 'x'.repeat(arguments[0]);\
                     area.dispatchEvent(new Event('input', { bubbles: true }))";
        browser.script(write, vec![json!(characters)]).await;
        browser.page_reads(hint, 30).await;
    }
    let lines = ledger::whole(&stack, 1, 30).await;
    assert_eq!(lines[0].text, "هل تشحنون إلى النرويج؟");
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_set_to_german_gets_a_german_chat() {
    let stack = Stack::start().await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open_in("de-AT,de,en", profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.go(&format!("http://127.0.0.1:{}/demo/", stack.edge_port)).await;
    browser.click("button", "Open chat").await;
    browser.find("iframe", "").await.enter_frame().await.expect("the chat's frame");
    browser.find("textarea[aria-describedby]", "Nachricht").await;
    assert_eq!(language(&browser).await, "de ");
    for text in ["Chatten Sie mit uns", "Hallo! Wie können wir helfen?"] {
        browser.page_reads(text, 30).await;
    }
    browser.fill("Nachricht", "Guten Tag").await;
    browser.click("button", "Senden").await;
    browser.state("Guten Tag", &["Gesendet", "Zugestellt"], 30).await;
    browser.reads("Heute", 30).await;

    // The launcher is called so as well, once there is a chat; for somebody who has been here it is there by itself.
    browser.leave_chat().await;
    browser.click("button", "Chat schließen").await;
    browser.find("button", "Chat öffnen").await;
    browser.go(&format!("http://127.0.0.1:{}/demo/", stack.edge_port)).await;
    browser.find("button", "Chat öffnen").await;
    for (settings, name) in [("label: 'Fragen?'", "Fragen?"), ("label: null", "Chat öffnen")] {
        browser.script(&format!("Seawall('update', {{ {settings} }})"), vec![]).await;
        browser.find("button", name).await;
    }
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_file_a_language_gives_way_to_english() {
    let dist = dist_copy();
    std::fs::remove_dir_all(dist.path().join("assets/words")).expect("languages");
    let stack = Stack::start_with(dist.path().to_owned(), &std::env::temp_dir()).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open_in("fr-FR,fr", profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.open_chat(stack.edge_port).await;
    browser.say("Bonjour").await;
    browser.state("Bonjour", &["Sent", "Delivered"], 30).await;
    assert_eq!(language(&browser).await, "en ");
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_wanted_language_that_is_offered_is_spoken() {
    let stack = Stack::start().await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.go(&format!("{}/frame/demo", stack.edge_url("localhost"))).await;
    let folder = program("SEAWALL_DIST").join("assets/frame");
    let names = std::fs::read_dir(folder).expect("the frame's files").flatten();
    let script = names
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .find(|name| name.starts_with("language-"));
    let script = format!("/frame/{}", script.expect("a script that chooses"));
    let choose = "const done = arguments[2];\
                  import(arguments[0]).then((m) => done(arguments[1].map(([wanted]) => m.choose(wanted,\
                  ['en', 'ar', 'de', 'es', 'fr', 'it', 'ja', 'nl', 'pl', 'pt-BR', 'tr', 'zh-Hans']))))";
    let cases = [
        (&["de"][..], "de"),
        (&["DE-at"], "de"),
        (&["sv", "de-CH", "en"], "de"),
        (&["sv-SE", "en-GB", "de"], "en"),
        (&["pt"], "pt-BR"),
        (&["pt-PT"], "pt-BR"),
        (&["zh"], "zh-Hans"),
        (&["zh-CN"], "zh-Hans"),
        (&["zh-SG"], "zh-Hans"),
        // Who reads traditional signs is better off with a second language.
        (&["zh-TW", "ja"], "ja"),
        (&["zh-Hant-HK"], "en"),
        (&["no such tag", "fr"], "fr"),
        (&["nb"], "en"),
        (&[], "en"),
    ];
    let wanted: Vec<_> = cases.iter().map(|(wanted, _)| json!([wanted])).collect();
    let chosen = browser.client.execute_async(choose, vec![json!(script), json!(wanted)]).await;
    let expected: Vec<_> = cases.iter().map(|(_, chosen)| *chosen).collect();
    assert_eq!(chosen.expect("the script answers"), json!(expected));
    browser.quit().await;
}

/// Pictures of what is likely to be cramped, mirrored or cut off, for whoever changes style or words.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "for the eye: SEAWALL_PICTURES=folder cargo xtask test browser -- --ignored pictures_of_languages"]
async fn pictures_of_languages() {
    let stack = Stack::start().await;
    let folder = program("SEAWALL_PICTURES");
    for (tag, look) in
        [("ar", PHONE), ("ar", Look { dark: true, ..PHONE }), ("de", PHONE), ("fr", PHONE), ("pl", PHONE)]
    {
        let profile = TempDir::new().expect("a folder for the profile");
        let browser = Browser::open_in(tag, profile.path(), Storage::Allowed, look).await;
        let name =
            |what: &str| folder.join(format!("{tag}-{}{what}.png", if look.dark { "dark-" } else { "" }));
        browser.go(&format!("{}/frame/demo", stack.edge_url("localhost"))).await;
        browser.find("textarea[aria-describedby]", "").await;
        browser.find(".line", "").await;
        browser.picture(&name("greeting")).await;
        let area = browser.client.find(Locator::Css("textarea")).await.expect("a composer");
        for text in [
            "OK",
            "A rather long sentence that takes more than one line, see https://example.com/x?y=1 (please).",
        ] {
            area.send_keys(&format!("{text}\n")).await.expect("typed");
        }
        area.send_keys("…").await.expect("typed");
        browser.reads("(please)", 30).await;
        browser.picture(&name("talk")).await;
        browser.quit().await;
    }
}

/// The page's language and direction.
async fn language(browser: &Browser) -> String {
    let script = "const { lang, dir } = document.documentElement; return lang + ' ' + dir";
    browser.script(script, vec![]).await.as_str().unwrap_or_default().to_owned()
}
