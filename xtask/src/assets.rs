//! What browsers download: apps and pages, minified, named after their content, and with each other's names filled in.
//!
//! A page or script names another file by `{{asset:frame/frame.js}}`; the build puts `/frame/frame-1a2b3c4d.js` there.
//! `{{inline:frame/frame.js}}` becomes that file's content, where a round trip is worth more than a cache.
//! `{{english:send}}` becomes a sentence of `www/words/en.json`, `{{word:send}}` its place in the files of all other
//! languages, and `{{locales}}` those files' names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::pinned;
use crate::process::capture;
use crate::progress::say;
use crate::tools::Tools;
use crate::words::Words;
use crate::workspace::{files, hash, output, write_changed};

/// The static files in the making.
pub(crate) struct Assets {
    esbuild: PathBuf,
    www: PathBuf,
    out: PathBuf,
    /// From the name in the source (`frame/frame.js`) to the one in the URL (`/frame/frame-1a2b3c4d.js`).
    urls: BTreeMap<String, String>,
    /// What else stands between braces in a source, and what the build puts there.
    texts: BTreeMap<String, String>,
    written: BTreeSet<PathBuf>,
    /// What `widget` is in an import.
    widget: PathBuf,
}

impl Assets {
    pub(crate) fn new(tools: &Tools, www: PathBuf, out: PathBuf) -> Result<Assets> {
        let (urls, texts, written) = Default::default();
        Ok(Assets { esbuild: tools.esbuild()?, www, out, urls, texts, written, widget: PathBuf::new() })
    }

    /// An app's wasm, then its glue, which names the wasm. The widget's is part of the script that imports it as `widget`: it
    /// comes while the line would be idle, and not beside the wasm.
    pub(crate) fn add_app(&mut self, app: &str, glue: &Path, wasm: &[u8]) -> Result<()> {
        let wasm_name = format!("{app}_bg.wasm");
        let url = self.put_hashed(&format!("{app}/{wasm_name}"), wasm)?;
        if app == "widget" {
            self.widget = glue.to_owned();
            return Ok(());
        }
        let glue = self.minify_module(glue)?.replace(&wasm_name, url.rsplit('/').next().unwrap_or(&url));
        self.put_hashed(&format!("{app}/{app}.js"), glue.as_bytes()).map(drop)
    }

    /// The chat's languages, each in a file of its own but English, which is built in.
    fn add_words(&mut self) -> Result<()> {
        let words = Words::read(&self.www.join("words"))?;
        let mut files = Vec::new();
        for locale in words.fetched() {
            let url = self.put_hashed(&format!("words/{locale}.txt"), words.shipped(locale)?.as_bytes())?;
            let file = url.rsplit('/').next().unwrap_or_default();
            files.push(file.trim_end_matches(".txt").to_owned());
        }
        self.texts.insert("locales".to_owned(), files.join(" "));
        for (place, (key, english)) in words.english().enumerate() {
            self.texts.insert(format!("word:{key}"), place.to_string());
            self.texts.insert(format!("english:{key}"), english);
        }
        Ok(())
    }

    /// Everything in `www/`: a file follows as soon as all that it names is there.
    pub(crate) fn add_pages(&mut self) -> Result<()> {
        self.add_words()?;
        let mut missing: Vec<&str> = Vec::new();
        missing.extend(EXPECTED.iter().filter(|name| !self.www.join(name).is_file()));
        if !missing.is_empty() {
            say(format!("  not there yet, left out: www/{}", missing.join(", www/")));
        }
        let mut pending = Vec::new();
        for path in files(&self.www)? {
            let name = path
                .strip_prefix(&self.www)?
                .to_str()
                .context("a file in www/ is not named in UTF-8")?
                .to_owned();
            let treatment = Treatment::of(&name);
            if matches!(treatment, Treatment::Words | Treatment::Part) {
                continue;
            }
            let content = match treatment {
                Treatment::Loader => self.minify(&path)?.into_bytes(),
                Treatment::Host => self.minify_module(&path)?.into_bytes(),
                Treatment::Inlined => self.minify_script(&path)?.into_bytes(),
                Treatment::Hashed if name.ends_with(".js") => self.minify_module(&path)?.into_bytes(),
                Treatment::Both | Treatment::Hashed => self.minify_sheet(&path)?.into_bytes(),
                Treatment::Copied | Treatment::Released | Treatment::Words | Treatment::Part => {
                    fs::read(&path)?
                }
            };
            pending.push((name, treatment, content));
        }
        while !pending.is_empty() {
            let before = pending.len();
            for (name, treatment, content) in std::mem::take(&mut pending) {
                let Ok(filled) = self.fill(&content) else {
                    pending.push((name, treatment, content));
                    continue;
                };
                match treatment {
                    Treatment::Loader => self.put("seawall.js", "seawall.js", &filled).map(drop)?,
                    Treatment::Hashed => self.put_hashed(&name, &filled).map(drop)?,
                    Treatment::Host => self.put(&name, &name, &filled).map(drop)?,
                    Treatment::Copied => self.put(&name, &name, &filled).map(drop)?,
                    Treatment::Released => self.put(&name, &name["released/".len()..], &filled).map(drop)?,
                    Treatment::Inlined => self.inline(&name, &filled)?,
                    Treatment::Both => {
                        self.inline(&name, &filled)?;
                        self.put_hashed(&name, &filled).map(drop)?;
                    }
                    Treatment::Words | Treatment::Part => {}
                }
            }
            if pending.len() == before {
                let stuck = pending.iter().filter_map(|(name, _, content)| {
                    Some(format!("www/{name} asks for {{{{{}}}}}", self.fill(content).err()?))
                });
                bail!("nothing makes these files: {}", stuck.collect::<Vec<_>>().join("; "));
            }
        }
        Ok(())
    }

    /// The whole of the page's part in one file that never changes, and where its name and `integrity` are read.
    pub(crate) fn add_pinned(&mut self) -> Result<()> {
        let entry = pinned::sources(&self.www, &output().join("work/pinned"))?;
        let script = self.minify_script(&entry)?;
        let url =
            self.put("pinned.js", &format!("seawall-{}.js", hash(script.as_bytes(), 8)), script.as_bytes())?;
        let integrity = pinned::integrity(script.as_bytes());
        say(format!("Pinned: {url} {integrity}"));
        let told = json!({ "script": url, "integrity": integrity });
        self.put("integrity.json", "integrity.json", told.to_string().as_bytes()).map(drop)
    }

    /// Removes what earlier builds left, and writes down which name became which.
    pub(crate) fn finish(self) -> Result<()> {
        for path in files(&self.out)? {
            if !self.written.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        write_changed(
            &output().join("assets.json"),
            serde_json::to_string_pretty(&json!(self.urls))?.as_bytes(),
        )
    }

    /// Puts in what stands between braces; the error is the first name that is not known yet.
    fn fill(&self, content: &[u8]) -> Result<Vec<u8>, String> {
        let Ok(mut rest) = str::from_utf8(content) else { return Ok(content.to_vec()) };
        let mut filled = String::with_capacity(content.len());
        while let Some((before, after)) = rest.split_once("{{") {
            filled.push_str(before);
            if !NAMED.iter().any(|name| after.starts_with(name)) {
                filled.push_str("{{");
                rest = after;
                continue;
            }
            let Some((name, after)) = after.split_once("}}") else {
                return Err("… without an end".to_owned());
            };
            let found = match name.strip_prefix("asset:") {
                Some(file) => self.urls.get(file.trim()),
                None => self.texts.get(name),
            };
            filled.push_str(found.ok_or_else(|| name.to_owned())?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled.into_bytes())
    }

    fn put(&mut self, name: &str, under: &str, content: &[u8]) -> Result<String> {
        let path = self.out.join(under);
        write_changed(&path, content)?;
        self.written.insert(path);
        let url = format!("/{under}");
        self.urls.insert(name.to_owned(), url.clone());
        Ok(url)
    }

    fn inline(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let text = String::from_utf8(content.to_vec()).with_context(|| format!("www/{name} is no text"))?;
        self.texts.insert(format!("inline:{name}"), text);
        Ok(())
    }

    /// The edge lets browsers keep `-[0-9a-f]{8}.` names for ever.
    fn put_hashed(&mut self, name: &str, content: &[u8]) -> Result<String> {
        let (stem, extension) = name.rsplit_once('.').context("a file without an extension")?;
        self.put(name, &format!("{stem}-{}.{extension}", hash(content, 8)), content)
    }

    /// A module with what it imports, in one file; other assets stay outside.
    fn minify_module(&self, path: &Path) -> Result<String> {
        let widget = format!("--alias:widget={}", self.widget.display());
        self.esbuild(path, &["--bundle", "--format=esm", "--external:{{*", &widget])
    }

    /// The same as a plain script, which runs where it stands. (esbuild's own kind of such a script carries a `require` of
    /// 300 bytes as soon as it imports anything by a fixed name.)
    fn minify_script(&self, path: &Path) -> Result<String> {
        Ok(format!("(()=>{{{}}})();", self.minify_module(path)?))
    }

    /// A sheet with those that it imports.
    fn minify_sheet(&self, path: &Path) -> Result<String> {
        self.esbuild(path, &["--bundle"])
    }

    fn minify(&self, path: &Path) -> Result<String> {
        self.esbuild(path, &[])
    }

    fn esbuild(&self, path: &Path, flags: &[&str]) -> Result<String> {
        let always =
            ["--minify", "--charset=utf8", "--target=es2022", "--log-level=warning", "--legal-comments=none"];
        let printed = capture(Command::new(&self.esbuild).arg(path).args(always).args(flags))?;
        eprint!("{}", printed.stderr);
        Ok(printed.stdout.trim_end().to_owned())
    }
}

/// What braces are ours; a script has its own.
const NAMED: [&str; 5] = ["asset:", "inline:", "word:", "english:", "locales}}"];

/// What happens to a file of `www/`.
#[derive(Clone, Copy, PartialEq)]
enum Treatment {
    /// Minified under the one name that stands in customers' pages.
    Loader,
    /// Minified under its own name: the loader that asks for it may be five minutes older or newer.
    Host,
    /// Minified, and put into the page that names it.
    Inlined,
    /// That, with what it imports in it, and a file of its own for another page.
    Both,
    /// Only other scripts or sheets name it, and hold it.
    Part,
    /// Minified and named after its content.
    Hashed,
    /// Under its own name, with names filled in.
    Copied,
    /// A pinned script of a release, under its own name at the root.
    Released,
    /// Languages go their own way (`add_words`).
    Words,
}

impl Treatment {
    fn of(name: &str) -> Treatment {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        match (folder, name.rsplit('.').next()) {
            ("", _) if name == "loader.js" => Treatment::Loader,
            ("", _) if name == "host.js" => Treatment::Host,
            ("words", _) => Treatment::Words,
            ("" | "frame", _) if PARTS.contains(&name) => Treatment::Part,
            ("released", Some("js")) => Treatment::Released,
            ("released", _) => Treatment::Part,
            ("frame", _) if matches!(name, "frame/first.js" | "frame/frame.js") => Treatment::Inlined,
            ("frame", _) if name == "frame/frame.css" => Treatment::Both,
            ("frame", Some("css")) => Treatment::Part,
            ("console", Some("css")) if name != "console/console.css" => Treatment::Part,
            ("" | "frame" | "console" | "status" | "demo/replay", Some("js" | "css")) => Treatment::Hashed,
            _ => Treatment::Copied,
        }
    }
}

/// What only other scripts hold.
const PARTS: [&str; 10] = [
    "frame/link.js",
    "frame/storage.js",
    "frame/fields.js",
    "frame/menu.js",
    "frame/emoji.js",
    "frame/choices.js",
    "dress.js",
    "person.js",
    "notify.js",
    "phone.js",
];

/// The pages without which there is nothing to show.
const EXPECTED: [&str; 12] = [
    "loader.js",
    "host.js",
    "frame/index.html",
    "frame/first.js",
    "frame/frame.js",
    "frame/frame.css",
    "demo/index.html",
    "console/index.html",
    "console/console.css",
    "status/index.html",
    "status/status.css",
    "status/status.js",
];

#[cfg(test)]
mod tests {
    use super::{Assets, Treatment};

    fn assets() -> Assets {
        let mut assets = Assets {
            esbuild: "esbuild".into(),
            www: "www".into(),
            out: "out".into(),
            urls: std::collections::BTreeMap::new(),
            texts: std::collections::BTreeMap::new(),
            written: std::collections::BTreeSet::new(),
            widget: "widget.js".into(),
        };
        assets.texts.insert("english:send".to_owned(), "Send".to_owned());
        assets.urls.insert("frame/frame.js".to_owned(), "/frame/frame-1a2b3c4d.js".to_owned());
        assets
    }

    #[test]
    fn names_in_a_page_become_urls() {
        let filled = assets().fill(b"<script src={{asset:frame/frame.js}}></script>");
        assert_eq!(filled, Ok(b"<script src=/frame/frame-1a2b3c4d.js></script>".to_vec()));
    }

    #[test]
    fn a_name_that_nothing_makes_is_told() {
        assert_eq!(assets().fill(b"{{asset:frame/frame.css}}"), Err("asset:frame/frame.css".to_owned()));
        assert_eq!(assets().fill(b"{{english:sned}}"), Err("english:sned".to_owned()));
    }

    #[test]
    fn a_sentence_is_put_in_and_a_scripts_own_braces_stay() {
        let filled = assets().fill(b"if(a){{say('{{english:send}}')}}");
        assert_eq!(filled, Ok(b"if(a){{say('Send')}}".to_vec()));
    }

    #[test]
    fn an_inlined_file_is_put_in_as_it_is() {
        let mut assets = assets();
        assets.texts.insert("inline:frame/frame.js".to_owned(), "a='{{english:send}}'".to_owned());
        let filled = assets.fill(b"<script nonce={{nonce}}>{{inline:frame/frame.js}}</script>");
        assert_eq!(filled, Ok(b"<script nonce={{nonce}}>a='{{english:send}}'</script>".to_vec()));
    }

    #[test]
    fn bytes_that_are_no_text_stay_as_they_are() {
        assert_eq!(assets().fill(&[0xff, 0xfe, b'{']), Ok(vec![0xff, 0xfe, b'{']));
    }

    #[test]
    fn only_scripts_and_styles_of_the_apps_are_named_after_their_content() {
        for (name, treatment) in [
            ("loader.js", Treatment::Loader),
            ("host.js", Treatment::Host),
            ("store.js", Treatment::Hashed),
            ("frame/first.js", Treatment::Inlined),
            ("frame/frame.js", Treatment::Inlined),
            ("frame/frame.css", Treatment::Both),
            ("frame/link.js", Treatment::Part),
            ("frame/chat.css", Treatment::Part),
            ("console/console.css", Treatment::Hashed),
            ("console/login.css", Treatment::Part),
            ("frame/language.js", Treatment::Hashed),
            ("status/status.js", Treatment::Hashed),
            ("frame/index.html", Treatment::Copied),
            ("demo/demo.js", Treatment::Copied),
            ("words/de.json", Treatment::Words),
            ("words/README.md", Treatment::Words),
            ("released/seawall-1a2b3c4d.js", Treatment::Released),
            ("released/README.md", Treatment::Part),
            ("demo/replay/worker.js", Treatment::Hashed),
            ("shared/icon.svg", Treatment::Copied),
        ] {
            assert!(Treatment::of(name) == treatment, "{name}");
        }
    }
}
