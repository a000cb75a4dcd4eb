//! What weighs in a wasm: its functions by crate and module, and what is not code.

use std::collections::BTreeMap;

use anyhow::Result;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::shrink::without_hashes;

/// Functions that are told one by one.
const LARGEST: usize = 40;

pub(crate) fn print(wasm: &[u8]) -> Result<()> {
    let profile = Profile::of(wasm)?;
    let total: usize = profile.functions.iter().map(|(bytes, _)| bytes).sum();
    println!("{:>8}  code, {} functions", total, profile.functions.len());
    for (section, bytes) in &profile.sections {
        println!("{bytes:>8}  {section}");
    }
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    for (bytes, name) in &profile.functions {
        *groups.entry(group(name)).or_default() += bytes;
    }
    println!("\nBy crate and module:");
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    for (name, bytes) in groups {
        println!("{bytes:>8}  {:>4.1} %  {name}", 100.0 * bytes as f64 / total as f64);
    }
    println!("\nThe largest functions:");
    for (bytes, name) in profile.functions.iter().take(LARGEST) {
        println!("{bytes:>8}  {name}");
    }
    Ok(())
}

struct Profile {
    /// Largest first.
    functions: Vec<(usize, String)>,
    sections: Vec<(&'static str, usize)>,
}

impl Profile {
    fn of(wasm: &[u8]) -> Result<Profile> {
        let (mut bodies, mut names, mut imported) = (Vec::new(), BTreeMap::new(), 0_u32);
        let mut sections = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(reader) => {
                    sections.push(("imports", reader.range().len()));
                    for import in reader.into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::DataSection(reader) => sections.push(("data", reader.range().len())),
                Payload::ElementSection(reader) => {
                    sections.push(("table of functions", reader.range().len()));
                }
                Payload::TypeSection(reader) => sections.push(("types", reader.range().len())),
                Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
                Payload::CustomSection(section) => {
                    let KnownCustom::Name(reader) = section.as_known() else { continue };
                    for name in reader {
                        let Name::Function(functions) = name? else { continue };
                        for naming in functions {
                            let naming = naming?;
                            names.insert(naming.index, without_hashes(naming.name));
                        }
                    }
                }
                _ => {}
            }
        }
        let named = (imported..).zip(bodies);
        let mut functions: Vec<_> =
            named.map(|(index, bytes)| (bytes, names.remove(&index).unwrap_or_default())).collect();
        functions.sort_by(|one, other| other.cmp(one));
        Ok(Profile { functions, sections })
    }
}

/// `<yew::virtual_dom::vlist::VList as …>::f` belongs to `yew::virtual_dom`.
fn group(name: &str) -> String {
    let path = name.trim_start_matches(['<', '&', '[', '(', '*']).trim_start_matches("mut ");
    let end = path.find(|letter: char| !letter.is_alphanumeric() && !"_:".contains(letter));
    let path = &path[..end.unwrap_or(path.len())];
    let mut segments = path.split("::").filter(|segment| !segment.is_empty());
    match (segments.next(), segments.next()) {
        (Some(first), Some(second)) => format!("{first}::{second}"),
        (Some(only), None) => only.to_owned(),
        _ => "(without a name)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::group;

    #[test]
    fn a_function_belongs_to_the_module_of_its_type() {
        for (name, module) in [
            ("<yew::virtual_dom::vlist::VList as core::clone::Clone>::clone", "yew::virtual_dom"),
            ("shared::codec::encode", "shared::codec"),
            ("<&mut alloc::vec::Vec<u8>>::push", "alloc::vec"),
            ("memcpy", "memcpy"),
            ("", "(without a name)"),
        ] {
            assert_eq!(group(name), module, "{name}");
        }
    }
}
