//! The chat's languages: a file each in `www/words/`, from a key to a sentence, or to a sentence for each kind of number.
//!
//! What is shipped is a line for each sentence, in the order of the keys, the plain page's own (`page-…`) at the end: the
//! widget has the same order (`widget/src/words.rs`), and knows nothing of what comes after it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::workspace::files;

/// All languages, by their names.
pub(crate) struct Words(BTreeMap<String, Locale>);

/// From a key to its sentence.
type Locale = BTreeMap<Key, Sentence>;

/// The page's own come last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    of_page: bool,
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Sentence {
    Plain(String),
    /// By CLDR's names for kinds of numbers; `other` is always there.
    Counted(BTreeMap<String, String>),
}

impl Words {
    pub(crate) fn read(folder: &Path) -> Result<Words> {
        let mut locales = BTreeMap::new();
        for path in files(folder)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "json")) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let locale = fs::read_to_string(&path)?;
            locales.insert(name, locale_of(&locale).with_context(|| path.display().to_string())?);
        }
        ensure!(locales.contains_key(ENGLISH), "{}: en.json is missing", folder.display());
        Ok(Words(locales))
    }

    /// Every language that is fetched when it is wanted.
    pub(crate) fn fetched(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|name| *name != ENGLISH)
    }

    /// Keys and English sentences, in the order of what is shipped.
    pub(crate) fn english(&self) -> impl Iterator<Item = (&str, String)> {
        self.0[ENGLISH].iter().map(|(key, sentence)| (key.name.as_str(), sentence.shipped()))
    }

    /// Line by line. A sentence that is missing would move all others, so it is an error.
    pub(crate) fn shipped(&self, locale: &str) -> Result<String> {
        let sentences = &self.0[locale];
        let (keys, wanted) = (sentences.keys(), self.0[ENGLISH].keys());
        ensure!(keys.eq(wanted), "www/words/{locale}.json has other keys than en.json");
        Ok(sentences.values().map(Sentence::shipped).collect::<Vec<_>>().join("\n"))
    }
}

impl Sentence {
    /// `one={n} day|{n} days`; the last one is for all other numbers (`count` in `widget/src/browser/dom.js`).
    fn shipped(&self) -> String {
        match self {
            Sentence::Plain(sentence) => sentence.clone(),
            Sentence::Counted(forms) => {
                let others = forms.iter().filter(|(kind, _)| *kind != OTHER);
                let mut shipped: String = others.map(|(kind, form)| format!("{kind}={form}|")).collect();
                shipped.push_str(&forms[OTHER]);
                shipped
            }
        }
    }
}

fn locale_of(text: &str) -> Result<Locale> {
    let read: BTreeMap<String, Value> = serde_json::from_str(text)?;
    let mut locale = Locale::new();
    for (name, value) in read {
        let sentence = match value {
            Value::String(sentence) => Sentence::Plain(sentence),
            Value::Object(forms) => {
                let form = |(kind, form): (String, Value)| Some((kind, form.as_str()?.to_owned()));
                let forms: Option<BTreeMap<_, _>> = forms.into_iter().map(form).collect();
                let forms = forms.filter(|forms| forms.contains_key(OTHER));
                Sentence::Counted(
                    forms.with_context(|| format!("{name}: sentences, one of them for `other`"))?,
                )
            }
            _ => bail!("{name} is no sentence"),
        };
        // It is put into pages and scripts as it is, and forms are told apart by `|`.
        let shipped = sentence.shipped();
        let bars = if let Sentence::Counted(forms) = &sentence { forms.len() - 1 } else { 0 };
        ensure!(!shipped.contains(['"', '\'', '`', '\\', '<', '&', '\n']), "{name} has a sign of markup");
        ensure!(shipped.matches('|').count() == bars, "{name} has a `|`");
        locale.insert(Key { of_page: name.starts_with("page-"), name }, sentence);
    }
    Ok(locale)
}

const ENGLISH: &str = "en";
const OTHER: &str = "other";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workspace::root;

    /// The kinds of numbers that CLDR has for each language, and so what a count needs.
    const KINDS: [(&str, &[&str]); 12] = [
        ("ar", &["zero", "one", "two", "few", "many", "other"]),
        ("de", &["one", "other"]),
        ("en", &["one", "other"]),
        ("es", &["one", "many", "other"]),
        ("fr", &["one", "many", "other"]),
        ("it", &["one", "many", "other"]),
        ("ja", &["other"]),
        ("nl", &["one", "other"]),
        ("pl", &["one", "few", "many", "other"]),
        ("pt-BR", &["one", "many", "other"]),
        ("tr", &["one", "other"]),
        ("zh-Hans", &["other"]),
    ];

    /// Words that are the same in both languages.
    const SAME: [(&str, &str); 8] = [
        ("de", "page-chat"),
        ("es", "page-chat"),
        ("fr", "conversation"),
        ("fr", "message"),
        ("fr", "page-chat"),
        ("it", "page-chat"),
        ("nl", "page-chat"),
        ("pt-BR", "page-chat"),
    ];

    fn words() -> Words {
        Words::read(&root().join("www/words")).expect("languages")
    }

    impl Sentence {
        /// Each form with its kind; a sentence without a count is of none.
        fn forms(&self) -> Vec<(&str, &str)> {
            match self {
                Sentence::Plain(sentence) => vec![("", sentence)],
                Sentence::Counted(forms) => {
                    forms.iter().map(|(kind, form)| (kind.as_str(), form.as_str())).collect()
                }
            }
        }
    }

    /// `{n}`, `{name}`.
    fn places(form: &str) -> BTreeSet<&str> {
        form.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default()).collect()
    }

    #[test]
    fn every_language_has_every_sentence_in_every_form_and_no_other() {
        let Words(locales) = words();
        assert_eq!(
            locales.keys().collect::<Vec<_>>(),
            KINDS.iter().map(|(name, _)| name).collect::<Vec<_>>()
        );
        for (locale, kinds) in KINDS {
            let (keys, wanted): (Vec<_>, Vec<_>) =
                (locales[locale].keys().collect(), locales[ENGLISH].keys().collect());
            assert_eq!(keys, wanted, "{locale}");
            for (key, english) in &locales[ENGLISH] {
                let sentence = &locales[locale][key];
                let at = format!("{locale}: {}", key.name);
                let counted = |sentence: &Sentence| matches!(sentence, Sentence::Counted(_));
                assert_eq!(counted(sentence), counted(english), "{at}");
                let mut has: Vec<_> = sentence.forms().into_iter().map(|(kind, _)| kind).collect();
                if counted(english) {
                    has.sort_by_key(|has| kinds.iter().position(|kind| kind == has));
                    assert_eq!(has, kinds, "{at}");
                }
            }
        }
    }

    #[test]
    fn what_is_put_into_a_sentence_is_put_into_its_translation() {
        let Words(locales) = words();
        for (locale, sentences) in &locales {
            for (key, english) in &locales[ENGLISH] {
                let wanted = places(english.forms().last().expect("a form").1);
                for (kind, form) in sentences[key].forms() {
                    // "one character", "two characters": some languages say these without a numeral.
                    let worded = matches!(kind, "zero" | "one" | "two") && places(form).is_empty();
                    assert!(worded || places(form) == wanted, "{locale}: {}: {form}", key.name);
                }
            }
        }
    }

    #[test]
    fn nothing_was_forgotten_in_english() {
        let Words(locales) = words();
        let mut same = BTreeSet::new();
        for (locale, sentences) in locales.iter().filter(|(locale, _)| *locale != ENGLISH) {
            for (key, sentence) in sentences {
                let forms = sentence.forms();
                assert!(
                    forms.iter().all(|(_, form)| form.trim() == *form && !form.is_empty()),
                    "{locale}: {key:?}"
                );
                if locales[ENGLISH][key].forms().iter().any(|form| forms.contains(form)) {
                    same.insert((locale.as_str(), key.name.as_str()));
                }
            }
        }
        assert_eq!(same, SAME.into());
    }

    #[test]
    fn three_truths_are_three_sentences_in_every_language() {
        let Words(locales) = words();
        for (locale, sentences) in &locales {
            let of = |name: &str| {
                let key = Key { of_page: false, name: name.to_owned() };
                sentences[&key].forms()[0].1
            };
            let told: BTreeSet<_> = ["offline", "slow", "away", "holding", "connecting", "connecting-again"]
                .map(of)
                .into_iter()
                .collect();
            assert_eq!(told.len(), 6, "{locale}");
            let states: BTreeSet<_> =
                ["queued", "sent", "delivered", "seen", "not-sent"].map(of).into_iter().collect();
            assert_eq!(states.len(), 5, "{locale}: the states of a message");
        }
    }

    #[test]
    fn every_key_is_used_and_explained_and_every_used_key_is_there() {
        let sources = |folder: &str| -> String {
            let paths = files(&root().join(folder)).expect("sources");
            let code =
                |path: &Path| path.extension().is_some_and(|e| ["rs", "js", "html"].iter().any(|x| e == *x));
            paths.iter().filter(|path| code(path)).map(|path| without_tests(path)).collect()
        };
        let (app, page) = (sources("widget/src"), sources("www/frame"));
        let mut used: BTreeSet<String> = after_each(&app, "Word::").map(|name| kebab(&name)).collect();
        used.extend(["{{word:", "{{english:"].iter().flat_map(|mark| after_each(&page, mark)));
        let Words(locales) = words();
        let keys: BTreeSet<String> = locales[ENGLISH].keys().map(|key| key.name.clone()).collect();
        assert_eq!(used, keys);
        let notes = fs::read_to_string(root().join("www/words/README.md")).expect("notes for translators");
        let explained: BTreeSet<String> = notes
            .lines()
            .filter_map(|line| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned()))
            .collect();
        assert_eq!(explained, keys, "the table in www/words/README.md");
    }

    /// A sentence that stands in the code is English for everybody.
    #[test]
    fn no_sentence_stands_outside_the_words() {
        let mut paths = files(&root().join("widget/src/views")).expect("views");
        for path in [
            "widget/src/app.rs",
            "widget/src/entry.rs",
            "www/frame/bell.js",
            "www/frame/contact.js",
            "www/frame/emoji.js",
            "www/frame/fields.js",
            "www/frame/form.js",
            "www/frame/frame.js",
            "www/frame/index.html",
            "www/frame/menu.js",
            "www/frame/popup.js",
        ] {
            paths.push(root().join(path));
        }
        let mut found = Vec::new();
        paths.retain(|path| !path.ends_with("tests.rs"));
        for path in paths {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // What Yew's templates show stands between quotes.
            let (rust, page) = (file.ends_with(".rs"), file.ends_with(".html"));
            for line in without_tests(&path).lines().map(str::trim) {
                let comment = ["//", "/*", "* ", "<!--"].iter().any(|begin| line.starts_with(begin));
                if comment {
                    continue;
                }
                let shown = if page { vec![] } else { quoted(line, rust) };
                let shown = shown.into_iter().chain(if rust { vec![] } else { in_markup(line) });
                found.extend(shown.filter(|text| is_prose(text)).map(|text| (file.clone(), text)));
            }
        }
        assert!(found.is_empty(), "{found:?}");
        assert!(is_prose("Send") && is_prose("is typing") && is_prose("Try again."));
        assert!(!is_prose("text/plain") && !is_prose("aria-label") && !is_prose("Enter"));
    }

    /// What a person could be meant to read: a capital letter and more, or several words.
    fn is_prose(text: &str) -> bool {
        /// Names of keys and of methods, of media, markup, class names, and paths of drawings.
        const NO_PROSE: [&str; 8] = [
            "Enter",
            "Escape",
            "Tab",
            "DELETE",
            "not all",
            "first last",
            "pill latest",
            "noopener noreferrer",
        ];
        let text = text.trim();
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let drawing = text.chars().filter(char::is_ascii_digit).count() >= 4;
        let code = text.contains(['<', '=', '{', '(', '[', '/', '_']) || text.starts_with(['.', '#']);
        let words = text
            .split_whitespace()
            .filter(|word| word.chars().all(|c| c.is_alphabetic() || ".,!?…".contains(c)));
        let capital = text.starts_with(char::is_uppercase);
        letters > 2 && !drawing && !code && !NO_PROSE.contains(&text) && (capital || words.count() > 1)
    }

    /// In Rust one apostrophe begins a lifetime.
    fn quoted(line: &str, rust: bool) -> Vec<String> {
        let between = |quote: char| line.split(quote).skip(1).step_by(2).map(str::to_owned);
        let quotes: &[char] = if rust { &['"'] } else { &['"', '\'', '`'] };
        quotes.iter().copied().flat_map(between).collect()
    }

    /// Between `>` and `<`, and the labels.
    fn in_markup(line: &str) -> Vec<String> {
        let mut found: Vec<_> =
            line.split('>').skip(1).filter_map(|rest| Some(rest.split_once('<')?.0.to_owned())).collect();
        for label in ["aria-label=\"", "placeholder=\"", "title=\""] {
            found.extend(
                line.split(label).skip(1).filter_map(|rest| Some(rest.split('"').next()?.to_owned())),
            );
        }
        found
    }

    fn without_tests(path: &Path) -> String {
        let text = fs::read_to_string(path).expect("readable");
        text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
    }

    fn after_each<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = String> + 'a {
        let ends = |c: char| !(c.is_alphanumeric() || c == '-');
        text.split(mark).skip(1).map(move |rest| rest.split(ends).next().unwrap_or_default().to_owned())
    }

    /// `GreetingMore` is `greeting-more`.
    fn kebab(name: &str) -> String {
        let mut key = String::new();
        for letter in name.chars() {
            if letter.is_uppercase() && !key.is_empty() {
                key.push('-');
            }
            key.extend(letter.to_lowercase());
        }
        key
    }

    #[test]
    fn shipped_are_lines_in_the_order_of_the_keys_with_the_pages_own_at_the_end() {
        let english = r#"{"page-a": "Page", "b": {"one": "{n} day", "other": "{n} days"}, "a": "First"}"#;
        let german = r#"{"b": {"other": "{n} Tage", "one": "{n} Tag"}, "a": "Zuerst", "page-a": "Seite"}"#;
        let of = |name: &str, text| (name.to_owned(), locale_of(text).expect("a language"));
        let words = Words([of("en", english), of("de", german)].into());
        assert_eq!(words.fetched().collect::<Vec<_>>(), ["de"]);
        assert_eq!(words.shipped("de").ok().as_deref(), Some("Zuerst\none={n} Tag|{n} Tage\nSeite"));
        assert_eq!(words.english().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "b", "page-a"]);
        let short = Words([of("en", english), of("de", r#"{"a": "Zuerst"}"#)].into());
        assert!(short.shipped("de").is_err());
        for bad in [r#"{"a": 1}"#, r#"{"a": {"one": "x"}}"#, r#"{"a": "x | y"}"#, r#"{"a": "<b>"}"#] {
            assert!(locale_of(bad).is_err(), "{bad}");
        }
    }
}
