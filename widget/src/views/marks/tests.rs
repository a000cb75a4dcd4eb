use std::time::{Duration, Instant};

use super::*;

/// Pieces in one word each: `b:bold`, `i:italic`, `c:code`, `text→address`.
fn shown(text: &str) -> Vec<String> {
    let piece = |piece: &Piece| {
        let mut shown = String::new();
        for (is, sign) in [(piece.bold, "b"), (piece.italic, "i"), (piece.code, "c")] {
            shown += if is { sign } else { "" };
        }
        shown
            + if shown_plain(piece) { "" } else { ":" }
            + piece.text
            + &piece.address.map_or(String::new(), |address| format!("→{address}"))
    };
    pieces(text).iter().map(piece).collect()
}

fn shown_plain(piece: &Piece) -> bool {
    !piece.bold && !piece.italic && !piece.code
}

#[test]
fn marks_in_pairs_are_marks() {
    assert_eq!(shown("**bold** and *it* and _it_"), ["b:bold", " and ", "i:it", " and ", "i:it"]);
    assert_eq!(shown("**a *b* c**"), ["b:a ", "bi:b", "b: c"]);
    assert_eq!(shown("`let *x*` ``a``"), ["c:let *x*", " ", "c:a"]);
    assert_eq!(shown("これは**重要**です"), ["これは", "b:重要", "です"]);
}

#[test]
fn what_has_no_other_half_is_text() {
    for plain in [
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
    ] {
        assert_eq!(shown(plain), [plain]);
    }
    assert_eq!(shown("*a **b* c**"), ["i:a **b", " c**"]);
    assert_eq!(shown("**a `b**`"), ["**a ", "c:b**"]);
}

#[test]
fn addresses_become_links_and_nothing_else_does() {
    assert_eq!(shown("hello"), ["hello"]);
    assert_eq!(shown("https://a.example/x?y=1_2"), ["https://a.example/x?y=1_2→https://a.example/x?y=1_2"]);
    assert_eq!(
        shown("see (http://a.example). or https://b.example!"),
        ["see (", "http://a.example→http://a.example", "). or ", "https://b.example→https://b.example", "!"]
    );
    assert_eq!(shown("**https://a.example**"), ["b:https://a.example→https://a.example"]);
    assert_eq!(shown("[our page](https://a.example/(x))."), ["our page→https://a.example/(x)", "."]);
    assert_eq!(shown("*[write](mailto:a@a.example)*"), ["i:write→mailto:a@a.example"]);
    for plain in
        ["http", "http://", "https://…", "javascript:alert(1)", "httphttp ä", "<b>", "mailto:a@a.example"]
    {
        assert_eq!(shown(plain), [plain]);
    }
}

#[test]
fn a_link_shows_where_it_leads_whatever_stands_before_it() {
    for (address, shown) in [
        ("https://a.example/b", "a.example"),
        ("https://bank.example@evil.example/bank.example", "evil.example"),
        ("http://a.example?x@b", "a.example"),
        ("https://a.example:8443#b", "a.example:8443"),
        ("mailto:a@a.example?subject=x", "a@a.example"),
    ] {
        assert_eq!(place(address), shown);
    }
}

/// Every block with what is in it.
fn blocks(text: &str) -> Vec<(&'static str, String)> {
    let mut blocks: Vec<(&str, String)> = Vec::new();
    for piece in pieces(text) {
        if piece.begins {
            blocks.push((piece.block, String::new()));
        }
        let block = blocks.last_mut().expect("the first piece begins a block");
        assert_eq!(block.0, piece.block);
        block.1.push_str(piece.text);
    }
    blocks
}

#[test]
fn lines_of_one_quotation_stand_together_and_items_keep_their_numbers() {
    let text = "Hello\nthere\n> one\n>two\n>\n- a\n- *b*\n3. c\n7. d\n```rust\nlet x = 1;\n\n```\nbye";
    let expected = [
        ("", "Hello\nthere"),
        (QUOTE, "one\ntwo\n"),
        (ITEM, "• a"),
        (ITEM, "• b"),
        (ITEM, "3. c"),
        (ITEM, "7. d"),
        (CODE, "let x = 1;\n"),
        ("", "bye"),
    ];
    assert_eq!(blocks(text), expected.map(|(block, text)| (block, text.to_owned())));
}

#[test]
fn a_line_that_only_looks_like_a_block_is_text() {
    for plain in ["-a", "1.a", "1234. a", ". a", "a > b", "```", "```\nopen", "``` a b\nx\n```"] {
        assert_eq!(blocks(plain).len(), 1, "{plain}");
        assert_eq!(blocks(plain)[0].0, "", "{plain}");
    }
    assert_eq!(blocks("```\n```"), [(CODE, String::new())]);
    assert_eq!(blocks(""), []);
}

#[test]
fn a_few_emoji_alone_are_large() {
    for emoji in ["👍", "❤️", "👩‍👩‍👧‍👦", "🇩🇪 🎉", "👍🏽"] {
        assert!(is_emoji(emoji), "{emoji}");
    }
    for text in ["", " ", "a", "👍 ok", "👍👍👍👍👍👍👍", "1", "\u{fe0f}"] {
        assert!(!is_emoji(text), "{text}");
    }
}

/// Everything that is shown, in order, but the dots of lists.
fn visible(text: &str) -> String {
    pieces(text)
        .iter()
        .filter(|piece| !(piece.begins && piece.text == "• "))
        .map(|piece| piece.text)
        .collect()
}

/// A small generator: what these texts are made of is what the parser looks at.
fn text_of(seed: u64) -> String {
    const PARTS: [&str; 20] = [
        "*",
        "**",
        "_",
        "`",
        "```",
        "\n",
        "> ",
        "- ",
        "1. ",
        "[",
        "](",
        ")",
        "https://a",
        "a",
        " ",
        "ä",
        "😀",
        "]",
        "mailto:x",
        ".",
    ];
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as usize
    };
    (0..next() % 40).map(|_| PARTS[next() % PARTS.len()]).collect()
}

#[test]
fn nothing_but_marks_is_ever_lost() {
    for seed in 0..50_000 {
        let text = text_of(seed);
        let visible = visible(&text);
        // What is shown is what was written, in order …
        let mut rest = text.chars();
        assert!(
            visible.chars().all(|sign| rest.any(|other| other == sign)),
            "seed {seed}: {text:?} shows {visible:?}"
        );
        // … and of letters only those of addresses behind names, which are shown as places, and of a fence's language are gone.
        let count = |text: &str| text.chars().filter(|sign| "aä😀".contains(*sign)).count();
        let hidden: usize = pieces(&text)
            .iter()
            .filter_map(|piece| {
                piece.address.filter(|address| address.as_ptr() != piece.text.as_ptr()).map(count)
            })
            .sum();
        let languages: usize = text.lines().filter(|line| opens_fence(line)).map(count).sum();
        assert!(
            count(&visible) + hidden + languages >= count(&text),
            "seed {seed}: {text:?} shows {visible:?}"
        );
    }
}

#[test]
fn the_worst_texts_take_no_longer_than_others() {
    let mut texts: Vec<String> = [
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
    ]
    .iter()
    .map(|part| part.repeat(400_000 / part.len()))
    .collect();
    texts.push("*a".repeat(100_000) + &"*".repeat(100_000));
    for text in texts {
        let begun = Instant::now();
        let _ = pieces(&text);
        // A hundred times the longest message; quadratic, it would be minutes.
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", &text[..10]);
    }
}
