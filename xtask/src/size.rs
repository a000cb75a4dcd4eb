//! What a visitor downloads, in bytes after brotli 11, as an edge network would send it.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use crate::progress::Step;
use crate::{build, profile, workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// For scripts
    #[arg(long)]
    json: bool,
    /// What weighs most in the widget's wasm: bytes before compression, by crate and by function
    #[arg(long)]
    profile: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.profile {
        return profile::print(&fs::read(build::widget_with_names()?)?);
    }
    build::build()?;
    let sizes = Sizes::measure()?;
    if options.json {
        let Sizes { loader, opened_chat, language, everything, parts, .. } = &sizes;
        println!(
            "{}",
            json!({"loader": loader, "page_view": sizes.page_view(), "opened_chat": opened_chat, "language": language, "everything": everything, "parts": parts})
        );
    } else {
        for (name, bytes) in &sizes.parts {
            println!("{bytes:>8}  {name}");
        }
        println!(
            "{:>8}  = a page view (the loader)\n{:>8}  = opening the chat\n{:>8}  more in another language than English\n{:>8}  = everything there is, in another language",
            sizes.page_view(),
            sizes.opened_chat,
            sizes.language,
            sizes.everything
        );
    }
    Ok(())
}

/// Bytes after brotli.
pub(crate) struct Sizes {
    loader: usize,
    host: usize,
    opened_chat: usize,
    /// What another language than English adds, at most.
    language: usize,
    /// What a visitor downloads who uses everything there is, in another language.
    everything: usize,
    parts: BTreeMap<String, usize>,
}

impl Sizes {
    /// Of what was built last.
    pub(crate) fn measure() -> Result<Sizes> {
        let step = Step::begin("compress what a visitor downloads");
        let names = fs::read(workspace::output().join("assets.json")).context("nothing is built yet")?;
        let urls: BTreeMap<String, String> = serde_json::from_slice(&names)?;
        let mut parts = BTreeMap::new();
        let mut measure = |name: &str| -> Result<usize> {
            // Pages may still be missing; the wasm is always there.
            let Some(url) = urls.get(name) else { return Ok(0) };
            let bytes =
                brotli(&fs::read(workspace::dist().join("assets").join(url.trim_start_matches('/')))?)?;
            parts.insert(name.to_owned(), bytes);
            Ok(bytes)
        };
        let loader = measure("seawall.js")?;
        let host = measure("host.js")?;
        // In place of the loader, for pages that pin it.
        measure("pinned.js")?;
        let mut opened_chat = 0;
        for name in OPENED_CHAT {
            opened_chat += measure(name)?;
        }
        let mut language = 0;
        for name in urls.keys().filter(|name| name.starts_with("words/")) {
            language = language.max(measure(name)?);
        }
        language += measure("frame/language.js")?;
        let mut everything = loader + opened_chat + language;
        for name in urls.keys().filter(|name| is_fetched_on_need(name)) {
            everything += measure(name)?;
        }
        step.done();
        Ok(Sizes { loader, host, opened_chat, language, everything, parts })
    }

    /// What every page pays, whether or not anybody chats.
    fn page_view(&self) -> usize {
        self.loader
    }

    /// Refuses growth beyond what we promise.
    pub(crate) fn require_small(&self) -> Result<()> {
        for (what, bytes, most) in [
            ("the loader", self.loader, MOST_LOADER),
            ("a page view", self.page_view(), MOST_LOADER),
            ("the second file on the page", self.host, MOST_HOST),
            ("opening the chat", self.opened_chat, MOST_OPENED_CHAT),
            ("another language", self.language, MOST_LANGUAGE),
            ("everything there is", self.everything, MOST_EVERYTHING),
        ] {
            if bytes > most {
                bail!("{what} costs {bytes} bytes after brotli, more than {most}: see `cargo xtask size`");
            }
        }
        Ok(())
    }
}

fn brotli(mut content: &[u8]) -> Result<usize> {
    let mut compressed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut content, &mut compressed, &parameters)?;
    Ok(compressed.len())
}

/// What the first click on the launcher adds to a page view.
const OPENED_CHAT: [&str; 3] = [
    "host.js",
    // With its style and script in it.
    "frame/index.html",
    "widget/widget_bg.wasm",
];

/// A script of the customer's page or of the frame that only some visitors download.
fn is_fetched_on_need(name: &str) -> bool {
    let of_the_chat = !name.contains('/') || name.starts_with("frame/");
    of_the_chat
        && name.ends_with(".js")
        && !["seawall.js", "host.js", "pinned.js", "frame/language.js"].contains(&name)
}

const MOST_LOADER: usize = 1_000;
const MOST_HOST: usize = 4_000;
const MOST_OPENED_CHAT: usize = 69_000;
const MOST_LANGUAGE: usize = 2_000;
/// deep-chat 2.4.2 weighs 91,852 (docs/widget.md).
const MOST_EVERYTHING: usize = 91_851;
