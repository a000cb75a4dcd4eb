//! Skips work whose inputs have not changed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::{self, files, hash};

/// What the outputs in a folder were made from.
pub(crate) struct Stamp {
    path: PathBuf,
    text: String,
}

impl Stamp {
    pub(crate) fn new(folder: &Path, name: &str, inputs: &[&[u8]]) -> Stamp {
        // The steps and the tools' versions are inputs as well.
        let recipe = [
            include_str!("build.rs"),
            include_str!("glue.rs"),
            include_str!("shim.js"),
            include_str!("shrink/mod.rs"),
            include_str!("shrink/cut.rs"),
            include_str!("shrink/never_reached.rs"),
            include_str!("shrink/short_names.rs"),
            include_str!("toolchain.rs"),
            include_str!("worker.rs"),
            include_str!("../tools/package.json"),
        ];
        let inputs = inputs.iter().copied().chain(recipe.map(str::as_bytes));
        Stamp {
            path: folder.join(format!("{name}.stamp")),
            text: inputs.map(|input| hash(input, 16)).collect::<Vec<_>>().join("\n"),
        }
    }

    /// Whether the outputs were made from these inputs.
    pub(crate) fn holds(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|text| text == self.text)
    }

    /// The outputs are complete.
    pub(crate) fn set(&self) -> Result<()> {
        Ok(fs::write(&self.path, &self.text)?)
    }
}

/// Names and content of everything that a crate is compiled from, the project's other crates included.
pub(crate) fn sources(package: &str) -> Result<Vec<u8>> {
    let root = workspace::root();
    let own = CRATES.iter().find(|(name, _)| *name == package);
    let mut folders = vec![own.map_or(package, |(_, folder)| *folder)];
    let mut next = 0;
    while let Some(&folder) = folders.get(next) {
        next += 1;
        let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml"))
            .with_context(|| format!("{folder}/Cargo.toml"))?;
        for (member, folder) in CRATES {
            if !folders.contains(&folder) && depends_on(&manifest, member) {
                folders.push(folder);
            }
        }
    }
    let mut paths = vec![root.join("Cargo.toml"), root.join("Cargo.lock")];
    for folder in folders {
        paths.extend(files(&root.join(folder))?);
    }
    let mut listing = String::new();
    for path in paths {
        listing.push_str(&format!("{} {}\n", path.display(), hash(&fs::read(&path)?, 16)));
    }
    Ok(listing.into_bytes())
}

/// Either `shared.workspace = true` or `shared = { … }`.
fn depends_on(manifest: &str, member: &str) -> bool {
    manifest
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix(member))
        .any(|rest| rest.starts_with(['.', ' ', '=']))
}

/// The crates that become wasm, and their folders.
const CRATES: [(&str, &str); 6] = [
    ("shared", "shared"),
    ("edge", "edge"),
    ("widget", "widget"),
    ("console", "console"),
    ("replay", "replay"),
    ("replay-page", "replay/page"),
];

#[cfg(test)]
mod tests {
    use super::{depends_on, sources};

    #[test]
    fn a_crate_of_the_project_is_found_among_the_dependencies() {
        assert!(depends_on("[dependencies]\nshared.workspace = true\n", "shared"));
        assert!(depends_on("shared = { workspace = true, features = [\"serde\"] }\n", "shared"));
        assert!(!depends_on("name = \"widget\"\nshared-memory = \"1\"\n", "shared"));
    }

    #[test]
    fn what_the_replays_page_is_made_from_are_the_machines_too() {
        let sources = String::from_utf8(sources("replay-page").expect("readable")).expect("text");
        for part in
            ["/replay/page/src/lib.rs", "/replay/src/arm.rs", "/edge/src/lib.rs", "/shared/src/lib.rs"]
        {
            assert!(sources.contains(part), "{part}");
        }
    }
}
