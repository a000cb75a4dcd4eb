//! All that runs on a customer's page in one file, which is named after its content and never changes: for pages that
//! pin it (`integrity`). A browser checks what a tag names, not what that imports later, so nothing is imported.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha384};

/// What the loader and its second file fetch, and what stands in that place here.
const IMPORTS: [(&str, &str, &str); 4] = [
    ("loader.js", r#"import(url("/host.js?" + tries++))"#, "Promise.resolve(whole)"),
    ("host.js", r#"import("{{asset:keep.js}}?" + failed)"#, r#"import("./keep.js")"#),
    ("host.js", r#"import("{{asset:visit.js}}?" + failed)"#, r#"import("./visit.js")"#),
    ("host.js", r#"import("{{asset:apart.js}}?" + failed)"#, r#"import("./apart.js")"#),
];

const FILES: [&str; 9] = [
    "loader.js",
    "host.js",
    "visit.js",
    "person.js",
    "keep.js",
    "apart.js",
    "dress.js",
    "notify.js",
    "phone.js",
];

/// Writes the sources beside each other; what comes back is where to begin.
pub(crate) fn sources(www: &Path, work: &Path) -> Result<PathBuf> {
    fs::create_dir_all(work)?;
    for name in FILES {
        let mut text = fs::read_to_string(www.join(name)).with_context(|| format!("www/{name}"))?;
        for (_, import, here) in IMPORTS.iter().filter(|(file, ..)| *file == name) {
            ensure!(text.matches(import).count() == 1, "www/{name} has no {import}: see xtask/src/pinned.rs");
            text = text.replace(import, here);
        }
        let fetches = text.contains("{{asset:") || (name != "host.js" && text.contains("import("));
        ensure!(!fetches, "www/{name} fetches another file: see xtask/src/pinned.rs");
        if name == "loader.js" {
            text.insert_str(0, "import * as whole from \"./host.js\";\n");
        }
        fs::write(work.join(name), text)?;
    }
    Ok(work.join("loader.js"))
}

/// The value of a tag's `integrity`.
pub(crate) fn integrity(content: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(content)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn nothing_that_the_pinned_file_needs_is_fetched_by_it() {
        let work = std::env::temp_dir().join(format!("seawall-pinned-{}", std::process::id()));
        let entry = sources(&workspace::root().join("www"), &work);
        let all: Vec<String> = ["loader.js", "host.js"]
            .into_iter()
            .filter_map(|name| fs::read_to_string(work.join(name)).ok())
            .collect();
        fs::remove_dir_all(&work).expect("it was made");
        entry.expect("all imports are known");
        assert!(all.len() == 2 && !all.concat().contains("{{asset:"));
    }

    #[test]
    fn a_files_integrity_is_what_browsers_compare() {
        let empty = "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb";
        assert_eq!(integrity(b""), empty);
    }
}
