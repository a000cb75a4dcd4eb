//! The file that knows what marks mean: what it makes of a text, and when a chat fetches it.

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::harness::browser::{Browser, Look, Storage};
use tests::harness::stack::{Stack, dist_copy};

/// The chat's page, with the file's exports as `marks` and pieces in one word each: `b:bold`, `i:italic`, `c:code`, `text→address`.
const BEGIN: &str = "const done = arguments[arguments.length - 1];\
    import(document.body.dataset.marks).then((marks) => {\
        const shown = (text) => marks.pieces(text).map((piece) => {\
            const style = ['bold', 'italic', 'code'].filter((name) => piece[name]).map((name) => name[0]).join('');\
            return style + (style && ':') + piece.text + (piece.address ? '→' + piece.address : '') });\
        const blocks = (text) => { const all = [];\
            for (const { begins, block, text: said } of marks.pieces(text)) {\
                if (begins) all.push([block, '']);\
                if (all.at(-1)[0] !== block) throw Error('another block');\
                all.at(-1)[1] += said }\
            return all };\
        const each = (what) => arguments[0].map((text) => what(text));";

struct File {
    browser: Browser,
    _stack: Stack,
    _profile: TempDir,
}

impl File {
    async fn fetched() -> File {
        let stack = Stack::start().await;
        let profile = TempDir::new().expect("a folder");
        let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
        browser.go(&format!("{}/frame/demo", stack.edge_url("localhost"))).await;
        File { browser, _stack: stack, _profile: profile }
    }

    async fn says(&self, script: &str, given: Value) -> Value {
        let script = format!("{BEGIN} {script} }}).catch((error) => done(String(error)))");
        self.browser.client.execute_async(&script, vec![given]).await.expect("the file answers")
    }

    async fn is<const N: usize>(&self, what: &str, cases: [(&str, Value); N]) {
        let texts: Vec<_> = cases.iter().map(|(text, _)| *text).collect();
        let told = self.says(&format!("done(each({what}))"), json!(texts)).await;
        for (at, (text, expected)) in cases.iter().enumerate() {
            assert_eq!(&told[at], expected, "{text:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_in_pairs_are_marks_and_what_has_no_other_half_is_text() {
    let file = File::fetched().await;
    file.is(
        "shown",
        [
            ("**bold** and *it* and _it_", json!(["b:bold", " and ", "i:it", " and ", "i:it"])),
            ("**a *b* c**", json!(["b:a ", "bi:b", "b: c"])),
            ("`let *x*` ``a``", json!(["c:let *x*", " ", "c:a"])),
            ("これは**重要**です", json!(["これは", "b:重要", "です"])),
            ("*a **b* c**", json!(["i:a **b", " c**"])),
            ("**a `b**`", json!(["**a ", "c:b**"])),
            // Addresses become links and nothing else does.
            ("https://a.example/x?y=1_2", json!(["https://a.example/x?y=1_2→https://a.example/x?y=1_2"])),
            (
                "see (http://a.example). or https://b.example!",
                json!([
                    "see (",
                    "http://a.example→http://a.example",
                    "). or ",
                    "https://b.example→https://b.example",
                    "!"
                ]),
            ),
            ("**https://a.example**", json!(["b:https://a.example→https://a.example"])),
            ("[our page](https://a.example/(x)).", json!(["our page→https://a.example/(x)", "."])),
            ("*[write](mailto:a@a.example)*", json!(["i:write→mailto:a@a.example"])),
        ],
    )
    .await;
    let plain = [
        "hello",
        "**",
        "*",
        "a * b",
        "2*3*4",
        "snake_case_name",
        "* a*",
        "**a",
        "a**",
        "`a",
        "``",
        "```",
        "`a\nb`",
        "*a\nb*",
        "****a****",
        "***",
        "_ a _",
        "[a](b)",
        "[a](javascript:alert(1))",
        "[a](data:text/html,x)",
        "[a](https://)",
        "[a] (https",
        "[[[",
        "](",
        "[a](//a.example)",
        "[a](mailto:)",
        "http",
        "http://",
        "https://…",
        "javascript:alert(1)",
        "httphttp ä",
        "<b>",
        "mailto:a@a.example",
    ];
    let told = file.says("done(each(shown))", json!(&plain[..])).await;
    for (at, text) in plain.iter().enumerate() {
        assert_eq!(told[at], json!([text]));
    }
    file.is(
        "marks.place",
        [
            ("https://a.example/b", json!("a.example")),
            ("https://bank.example@evil.example/bank.example", json!("evil.example")),
            ("http://a.example?x@b", json!("a.example")),
            ("https://a.example:8443#b", json!("a.example:8443")),
            ("mailto:a@a.example?subject=x", json!("a@a.example")),
        ],
    )
    .await;
    file.browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_one_quotation_stand_together_and_what_only_looks_like_a_block_is_text() {
    let file = File::fetched().await;
    file.is(
        "blocks",
        [
            (
                "Hello\nthere\n> one\n>two\n>\n- a\n- *b*\n3. c\n7. d\n```rust\nlet x = 1;\n\n```\nbye",
                json!([
                    ["", "Hello\nthere"],
                    ["blockquote", "one\ntwo\n"],
                    ["paragraph", "• a"],
                    ["paragraph", "• b"],
                    ["paragraph", "3. c"],
                    ["paragraph", "7. d"],
                    ["group", "let x = 1;\n"],
                    ["", "bye"]
                ]),
            ),
            ("```\n```", json!([["group", ""]])),
            ("", json!([])),
            ("a\n\n> b\n\n", json!([["", "a\n"], ["blockquote", "b"], ["", "\n"]])),
        ],
    )
    .await;
    let plain = ["-a", "1.a", "1234. a", ". a", "a > b", "```", "```\nopen", "``` a b\nx\n```", "a\n", "\n"];
    let told = file.says("done(each(blocks))", json!(&plain[..])).await;
    for (at, text) in plain.iter().enumerate() {
        assert_eq!(told[at], json!([["", text]]));
    }
    file.is(
        "marks.plain",
        [
            ("**Yes**, `it` is [here](https://a.example)", json!("Yes, it is here")),
            ("> so\n- a\n2. b\n```\nc\n```", json!("so\n• a\n2. b\nc")),
            ("**not closed", json!("**not closed")),
        ],
    )
    .await;
    let emoji = json!(["👍", "❤️", "👩‍👩‍👧‍👦", "🇩🇪 🎉", "👍🏽"]);
    assert_eq!(file.says("done(each(marks.isEmoji))", emoji).await, json!(vec![true; 5]));
    let texts = json!(["", " ", "a", "👍 ok", "👍👍👍👍👍👍👍", "1", "\u{fe0f}"]);
    assert_eq!(file.says("done(each(marks.isEmoji))", texts).await, json!(vec![false; 7]));
    file.browser.quit().await;
}

/// Texts made of what the parser looks at: what is shown is what was written, in order, and of letters only those of addresses
/// behind names, which are shown as places, and of a fence's language are gone.
const LOST: &str = "
    const PARTS = ['*', '**', '_', '`', '```', '\\n', '> ', '- ', '1. ', '[', '](', ')', 'https://a', 'a', ' ', 'ä', '😀', ']', 'mailto:x', '.'];
    const letters = (text) => [...text].filter((sign) => 'aä😀'.includes(sign)).length;
    for (let seed = 1; seed <= 50000; seed++) {
        let random = seed;
        const next = (below) => {
            random = Math.imul(random ^ (random >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
            return (random >>> 8) % below;
        };
        const text = Array.from({ length: next(40) }, () => PARTS[next(PARTS.length)]).join('');
        const all = marks.pieces(text);
        const visible = all.filter(({ begins, text }) => !(begins && text === '• ')).map(({ text }) => text).join('');
        let at = 0;
        const inOrder = [...visible].every((sign) => (at = text.indexOf(sign, at) + 1));
        const hidden = all.filter((piece) => piece.address && piece.address !== piece.text);
        const languages = text.split('\\n').filter((line) => /^```[a-z]*$/.test(line));
        const gone = [...hidden.map(({ address }) => address), ...languages].map(letters).reduce((a, b) => a + b, 0);
        if (!inOrder || letters(visible) + gone < letters(text)) return done(`seed ${seed}: ${JSON.stringify(text)} shows ${JSON.stringify(visible)}`);
    }
    done('all there');";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_marks_is_ever_lost_and_the_worst_texts_take_no_longer_than_others() {
    let file = File::fetched().await;
    assert_eq!(file.says(LOST, json!(null)).await, json!("all there"));
    let parts = [
        "*",
        "**",
        "_",
        "`",
        "[",
        "[a](https://x",
        "](",
        "> ",
        "- ",
        "```\n",
        "*a ",
        "**a *b _c ",
        "`` ` ",
        "https://.",
        "[](",
        "`a",
        "``a`",
        "https://",
        ".",
        "h",
        "[a](mailto:(",
        "\n",
    ];
    let slowest = file
        .says(
            "let slowest = [0]; for (const part of [...arguments[0], '*a'.repeat(50) + '*'.repeat(50), 'https://a' + '.'.repeat(4e3)]) {\
                const text = part.repeat(400000 / part.length); const begun = performance.now(); marks.pieces(text);\
                const ms = performance.now() - begun; if (ms > slowest[0]) slowest = [ms, part] } done(slowest)",
            json!(&parts[..]),
        )
        .await;
    // A hundred times the longest message; quadratic, it would be minutes.
    assert!(slowest[0].as_f64().is_some_and(|ms| ms < 5_000.0), "{slowest}");
    file.browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_stand_as_they_were_written_until_their_file_is_there_and_no_other_text_fetches_it() {
    let dist = dist_copy();
    let folder = dist.path().join("assets/frame");
    let names = std::fs::read_dir(&folder).expect("the frame's files").flatten();
    let file = names.map(|file| file.path()).find(|file| file.to_string_lossy().contains("/marks-"));
    let file = file.expect("a file for marks");
    let away = dist.path().join("away");
    std::fs::rename(&file, &away).expect("it is taken away");
    let stack = Stack::start_with(dist.path().to_owned(), &std::env::temp_dir()).await;
    let profile = TempDir::new().expect("a folder for the profile");
    let browser = Browser::open(profile.path(), Storage::Allowed, Look::WIDE).await;
    browser.open_chat(stack.edge_port).await;
    let asked = "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/marks-')).length";
    browser.say("No marks: 2 - 1 = 1, well-known <b>text</b>!").await;
    browser.state("No marks: 2 - 1 = 1", &["Sent", "Delivered"], 30).await;
    assert_eq!(browser.script(asked, vec![]).await, json!(0));
    browser.say("Is it **blue**?").await;
    browser.state("Is it **blue**?", &["Sent", "Delivered"], 30).await;
    std::fs::rename(&away, &file).expect("it is back");
    browser.reads("Is it blue?", 60).await;
    let bold = "return [...document.querySelectorAll('[role=strong]')].map((one) => one.textContent)";
    assert_eq!(browser.script(bold, vec![]).await, json!(["blue"]));
    // From now on it is there before anything is painted, and what is drawn stays while the list goes on.
    browser.say("_Really?_").await;
    browser.state("Really?", &["Sent", "Delivered"], 30).await;
    browser.reads("Is it blue?", 30).await;
    browser.quit().await;
}
